//! Events as `aldinokemal/go-whatsapp-web-multidevice` tells them (`docs/webhook-payload.md` of its version 7.5, 2025-08), which is what the gateway
//! of `LuizFelipeNeves` hands on: messages flat, receipts and members of groups in a `payload`. It signs as `X-Hub-Signature-256`, as the host
//! does anyway.

use serde_json::{Map, Value, json};
use waspnest_core::address::{Jid, Party};
use waspnest_core::event::{ChatChange, ChatEvent, Event, EventKind, GroupChange, GroupEvent, Receipt, ReceiptStatus};
use waspnest_core::message::{Content, Geo, Media, Message, Origin};
use waspnest_core::session::SessionRecord;

use super::named;
use crate::address::Moment;

/// What it tells of.
pub(super) const TYPES: [&str; 16] = [
    "message.received",
    "message.sent",
    "message.edited",
    "message.reaction",
    "message.vote",
    "message.revoked",
    "receipt.delivered",
    "receipt.read",
    "receipt.played",
    "group.joined",
    "group.added",
    "group.left",
    "group.removed",
    "group.promoted",
    "group.demoted",
    "chat.message_deleted",
];

/// What is told of an event.
pub(super) fn body(event: &Event, session: &SessionRecord) -> Option<Value> {
    match &event.kind {
        EventKind::Message(message) => Some(said(message, session)),
        EventKind::Receipt(it) => receipt(it),
        EventKind::Group(it) => members(it),
        EventKind::Chat(it) => deleted(it),
        EventKind::Tick(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => None,
    }
}

fn said(message: &Message, session: &SessionRecord) -> Value {
    let (sender, chat) = (named::sender(message), named::chat(message));
    let text = message.plain_text().unwrap_or_default();
    let mut body = Map::new();
    let mut say = |key: &str, value: Value| {
        body.insert(key.to_owned(), value);
    };
    say("sender_id", sender.user().into());
    say("chat_id", chat.user().into());
    say("from", source(sender, chat).into());
    if let Some(lid) = [Some(&message.sender.jid), message.sender.alt.as_ref()]
        .into_iter()
        .flatten()
        .find(|jid| matches!(jid, Jid::Lid(_)))
    {
        say("from_lid", lid.to_string().into());
    }
    say("timestamp", json!(Moment(message.timestamp)));
    if let Some(name) = &message.sender.push_name {
        say("pushname", (&**name).into());
    }
    let quoted = message.quoted.as_ref();
    say(
        "message",
        json!({
            "text": if message.content.file().is_some() { "" } else { text },
            "id": message.key.id.to_string(),
            "replied_id": quoted.map(|quoted| quoted.key.id.to_string()).unwrap_or_default(),
            "quoted_message": quoted.and_then(|quoted| quoted.text.as_deref()).unwrap_or_default(),
        }),
    );
    if message.view_once {
        say("view_once", true.into());
    }
    if message.forwarded_score > 0 {
        say("forwarded", true.into());
    }
    if message.edit_of.is_some() {
        say("action", "message_edited".into());
        say("edited_text", text.into());
    }
    if let Some((name, media)) = file(&message.content) {
        say(name, shown(media, message, session));
    }
    if let Content::Revoke(target) = &message.content {
        say("action", "message_revoked".into());
        say("revoked_message_id", target.id.to_string().into());
        say("revoked_from_me", (target.from == Origin::Me).into());
        say("revoked_chat", chat.to_string().into());
    }
    if let Content::Reaction(it) = &message.content {
        let emoji = it.emoji.as_deref().unwrap_or_default();
        say("reaction", json!({ "message": emoji, "id": it.target.id.to_string() }));
    }
    if let Content::Location(geo) = &message.content {
        say("location", place(geo));
    }
    if let Content::LiveLocation(live) = &message.content {
        say("live_location", place(&live.point));
    }
    // It knows one card; of several the first is told.
    if let Content::Contacts(cards) = &message.content
        && let Some(card) = cards.first()
    {
        say(
            "contact",
            json!({ "displayName": card.display_name, "vcard": card.vcard }),
        );
    }
    Value::Object(body)
}

/// A person in a chat as whatsmeow writes them (`MessageSource.SourceString`).
fn source(sender: &Jid, chat: &Jid) -> String {
    match sender == chat {
        true => chat.to_string(),
        false => format!("{sender} in {chat}"),
    }
}

/// A file by the name it goes under; none for kinds that it does not know.
fn file(content: &Content) -> Option<(&'static str, &Media)> {
    let name = match content.kind() {
        "image" => "image",
        "video" | "video-note" => "video",
        "audio" | "voice" => "audio",
        "document" => "document",
        "sticker" => "sticker",
        _ => return None,
    };
    content.file().map(|media| (name, media))
}

/// A file: its path is on this server, and wants a credential like everything there.
fn shown(media: &Media, message: &Message, session: &SessionRecord) -> Value {
    json!({
        "media_path": format!("v1/sessions/{}/messages/{}/media", session.id, message.key.id),
        "mime_type": media.mime,
        "caption": media.caption.as_deref().unwrap_or_default(),
    })
}

fn place(geo: &Geo) -> Value {
    json!({
        "degreesLatitude": geo.latitude,
        "degreesLongitude": geo.longitude,
        "name": geo.name.as_deref().unwrap_or_default(),
        "address": geo.address.as_deref().unwrap_or_default(),
    })
}

fn receipt(it: &Receipt) -> Option<Value> {
    let (kind, says) = match it.status {
        ReceiptStatus::Delivered => ("delivered", "the message is on a device of whom it is for"),
        ReceiptStatus::Read => ("read", "whom it is for has opened the chat and seen the message"),
        ReceiptStatus::Played => ("played", "whom it is for has opened what it holds"),
        ReceiptStatus::ServerAck | ReceiptStatus::Failed { .. } => return None,
    };
    let sender = it.by.as_ref().map_or(&it.chat, Party::canonical);
    Some(json!({
        "event": "message.ack",
        "payload": {
            "chat_id": it.chat.to_string(),
            "from": source(sender, &it.chat),
            "ids": it.messages.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "receipt_type": kind,
            "receipt_type_description": says,
            "sender_id": sender.to_string(),
        },
        "timestamp": Moment(it.at),
    }))
}

fn members(it: &GroupEvent) -> Option<Value> {
    let kind = match &it.change {
        GroupChange::Joined | GroupChange::Added => "join",
        GroupChange::Left | GroupChange::Removed => "leave",
        GroupChange::Promoted => "promote",
        GroupChange::Demoted => "demote",
        GroupChange::Created { .. }
        | GroupChange::Subject(_)
        | GroupChange::Description(_)
        | GroupChange::Picture(_)
        | GroupChange::Setting(..)
        | GroupChange::Ephemeral(_)
        | GroupChange::InviteLink(_)
        | GroupChange::JoinRequested
        | GroupChange::JoinRequestRevoked
        | GroupChange::Linked(_)
        | GroupChange::Unlinked(_)
        | GroupChange::NumberChanged
        | GroupChange::Deleted { .. }
        | GroupChange::Other(_) => return None,
    };
    let jids: Vec<String> = it.targets.iter().map(|party| party.canonical().to_string()).collect();
    Some(json!({
        "event": "group.participants",
        "payload": { "chat_id": it.group.to_string(), "type": kind, "jids": jids },
        "timestamp": Moment(it.at),
    }))
}

fn deleted(it: &ChatEvent) -> Option<Value> {
    let ChatChange::MessageDeleted { message } = &it.change else {
        return None;
    };
    let sender = message.participant.as_ref().unwrap_or(&message.chat);
    Some(json!({
        "action": "event.delete_for_me",
        "deleted_message_id": message.id.to_string(),
        "sender_id": sender.user(),
        "from": sender.to_string(),
        "chat_id": message.chat.to_string(),
        "was_from_me": message.from == Origin::Me,
        "timestamp": Moment(it.at),
    }))
}
