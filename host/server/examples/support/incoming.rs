//! Messages that come in without anybody at the other side: appended to a session's log as if they had come from WhatsApp.

use anyhow::Result;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::event::EventKind;
use waspnest_core::log::Incoming;
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};

/// Milliseconds since 1970, as far as anybody asks.
const BEGIN: u64 = 1_700_000_000_000;

/// Message `number` of all, which goes to one of so many chats in turn.
pub(crate) fn message(number: u64, chats: u64) -> Result<Incoming> {
    let chat: Jid = format!("49151{:08}@s.whatsapp.net", number % chats).parse()?;
    let key = MessageKey {
        chat: chat.clone(),
        id: format!("3EB0{number:016X}").parse()?,
        from: Origin::Them,
        participant: None,
    };
    let content = Content::Text(Text {
        body: format!("This is message {number}, about as long as people write them.").into(),
        preview: None,
    });
    let at = UnixMs(BEGIN + number);
    let message = Message::new(key, chat.chat_kind(), Party::known_as(chat), at, content);
    Ok(Incoming::from(EventKind::Message(Box::new(message))))
}
