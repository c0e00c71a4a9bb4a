//! A message, and the files it may carry.

use std::fmt::Write as _;

use serde_json::{Value, json};
use waspnest_core::address::{ChatKind, Jid};
use waspnest_core::message::{Media, Message, Quoted};

use super::{address, content, key, maybe_key};
use crate::convert::FileOf;

pub(super) fn message(message: &Message, file: FileOf) -> Value {
    json!({
        "key": key(&message.key),
        "chat_kind": chat_kind(message.chat_kind),
        "chat_name": message.chat_name,
        "sender": address(&message.sender),
        "timestamp": message.timestamp.0,
        "type": message.content.kind(),
        "content": content::content(&message.content, file),
        "plain_text": message.plain_text(),
        "quoted": message.quoted.as_ref().map(quoted),
        "mentions": message.mentions.iter().map(Jid::to_string).collect::<Vec<_>>(),
        "mentions_me": message.mentions_me,
        "mentions_all": message.mentions_all,
        "edit_of": maybe_key(message.edit_of.as_ref()),
        "album_of": maybe_key(message.album_of.as_ref()),
        "thread": maybe_key(message.thread.as_ref()),
        "forwarded_score": message.forwarded_score,
        "view_once": message.view_once,
        "ephemeral_s": message.ephemeral_s,
        "spoiler": message.spoiler,
        "offline": message.offline,
        "history": message.history,
        "device": message.device,
    })
}

fn quoted(quoted: &Quoted) -> Value {
    json!({
        "key": key(&quoted.key),
        "sender": quoted.sender.to_string(),
        "type": quoted.kind,
        "text": quoted.text,
    })
}

/// A file. Keys and addresses of it stay with the host.
pub(super) fn media(media: &Media, file: FileOf) -> Value {
    json!({
        "handle": file.to_string(),
        "mime": media.mime,
        "size": media.size,
        "sha256": media.sha256.as_deref().map(hex),
        "caption": media.caption,
        "file_name": media.file_name,
        "width": media.width,
        "height": media.height,
        "duration_ms": media.duration_ms,
        "pages": media.pages,
        "animated": media.animated,
        "gif": media.gif,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const fn chat_kind(kind: ChatKind) -> &'static str {
    match kind {
        ChatKind::Direct => "direct",
        ChatKind::Group => "group",
        ChatKind::Community => "community",
        ChatKind::Broadcast => "broadcast",
        ChatKind::Status => "status",
        ChatKind::Newsletter => "newsletter",
        ChatKind::Bot => "bot",
        ChatKind::Other => "other",
    }
}
