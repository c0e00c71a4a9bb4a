//! From WhatsApp's decrypted message to the host's: pure, total, and without an opinion on what matters.
//!
//! What a person said becomes a [`Message`]; the protocol's bookkeeping between devices is recognised and set apart, so that it never
//! reaches the log. Nothing that came over the wire makes this panic: a malformed reference is dropped, and a message that cannot do
//! without it is kept as [`Content::Other`] under the name of its protocol buffer field.
//!
//! Comments, encrypted reactions and encrypted edits arrive here decrypted, because whatsapp-rust opens them with the secrets it keeps.
//! Poll votes and answers to events do not: they are `Other` here, until the intake has opened them ([`sealed`]) with the secret of the message
//! they belong to.

mod commerce;
mod context;
pub mod event;
mod frame;
pub mod history;
mod interactive;
mod media;
mod people;
mod place;
mod poll;
mod protocol;
pub mod sealed;
mod text;
mod unknown;
mod wrapper;

use waspnest_core::address::Party;
use waspnest_core::clock::UnixMs;
use waspnest_core::message::{Content, Message, MessageKey, Unavailable, UnavailableReason};
use whatsapp_rust::types::message::{EditAttribute, MessageCategory, MessageInfo};
use whatsapp_rust::waproto::whatsapp as wa;

use frame::Frame;
pub(crate) use frame::has_several;
pub(crate) use interactive::param;
use wrapper::Opened;

/// What a decrypted message turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// Something a person (or a bot, or a business) said or did.
    Message(Box<Message>),
    /// Bookkeeping between devices: keys, history, settings. Not an event.
    Protocol,
    /// It came from an address, or has an id, that the host has no form for, such as WhatsApp's own announcements.
    Unaddressed,
}

/// Reads a decrypted message. `me` is the account of the session, where it is known.
#[must_use]
pub fn message(message: &wa::Message, info: &MessageInfo, me: Option<&Party>) -> Decoded {
    match info.category {
        MessageCategory::Peer => return Decoded::Protocol,
        MessageCategory::Empty | MessageCategory::Other(_) => {}
    }
    let opened = wrapper::open(message);
    if protocol::is_bookkeeping(opened.base) {
        return Decoded::Protocol;
    }
    let Some((frame, mut read)) = frame_and_blank(info, me, opened.destination) else {
        return Decoded::Unaddressed;
    };
    let context = context::of(opened.base);
    let scope = Scope {
        frame: &frame,
        context,
        opened: &opened,
        own: Some(&read.key),
    };
    let edit_of = match opened.edit {
        None => replaced(info, &opened, &frame, &read.key),
        Some(target) => match frame.key(target) {
            Some(key) => Some(key),
            // An edit of nobody knows what must not pass for a new message.
            None => {
                read.content = unknown::of_field("protocolMessage", message);
                return Decoded::Message(Box::new(read));
            }
        },
    };
    let content = match said(&scope) {
        Some(content) => content,
        None if opened.hands_out_keys => return Decoded::Protocol,
        // Every field it had is newer than this version.
        None => Content::Unavailable(Unavailable {
            reason: UnavailableReason::Unsupported,
            retrying: false,
        }),
    };
    read.content = comment(content, info, &frame);
    read.edit_of = edit_of;
    read.view_once = opened.view_once;
    read.spoiler = opened.spoiler;
    read.album_of = opened.album().and_then(|key| frame.key(key));
    read.thread = opened
        .thread()
        .and_then(|key| frame.key(key))
        .or_else(|| thread_of_stanza(info, &frame));
    if let Some(context) = context {
        context::apply(context, &frame, &mut read);
    }
    Decoded::Message(Box::new(read))
}

/// A message whose content did not arrive. `None` when its address or id has no form in the host.
#[must_use]
pub fn unavailable(info: &MessageInfo, me: Option<&Party>, unavailable: Unavailable) -> Option<Message> {
    let (_, mut message) = frame_and_blank(info, me, None)?;
    message.view_once = unavailable.reason == UnavailableReason::ViewOnceOnOtherDevice;
    message.content = Content::Unavailable(unavailable);
    Some(message)
}

/// Where a piece of content stands.
struct Scope<'a> {
    frame: &'a Frame,
    context: Option<&'a wa::ContextInfo>,
    opened: &'a Opened<'a>,
    /// The key of the message itself; none inside a quote.
    own: Option<&'a MessageKey>,
}

/// Reads what a message says; `None` when no field is set that this version knows.
fn said(scope: &Scope<'_>) -> Option<Content> {
    let base = scope.opened.base;
    let families = [
        text::decode,
        media::decode,
        protocol::decode,
        place::decode,
        people::decode,
        poll::decode,
        interactive::decode,
        commerce::decode,
    ];
    let content = families
        .iter()
        .find_map(|family| family(base, scope))
        .or_else(|| unknown::decode(base))
        .or_else(|| text::empty(base));
    text::in_wrapper(content, scope)
}

/// A comment in a channel of a community arrives as its bare text, its target beside it.
fn comment(content: Content, info: &MessageInfo, frame: &Frame) -> Content {
    match info.comment_target.as_ref().and_then(|target| frame.key(target)) {
        Some(target) => text::comment(target, &content),
        None => content,
    }
}

/// The message an edit without a key replaces: newsletters send it again under its old id, bots name it on the stanza.
fn replaced(info: &MessageInfo, opened: &Opened<'_>, frame: &Frame, own: &MessageKey) -> Option<MessageKey> {
    if let Some(target) = info.bot_info.as_ref().and_then(|bot| bot.edit_target_id.as_deref()) {
        return Some(MessageKey {
            id: target.parse().ok()?,
            ..own.clone()
        });
    }
    let says_edit = match info.edit {
        EditAttribute::MessageEdit | EditAttribute::AdminEdit => true,
        EditAttribute::Empty
        | EditAttribute::PinInChat
        | EditAttribute::SenderRevoke
        | EditAttribute::AdminRevoke
        | EditAttribute::Unknown(_) => false,
    };
    (opened.edited || (says_edit && frame.is_newsletter())).then(|| own.clone())
}

fn thread_of_stanza(info: &MessageInfo, frame: &Frame) -> Option<MessageKey> {
    let id = info.meta_info.thread_message_id.as_deref()?.parse().ok()?;
    let author = info
        .meta_info
        .thread_message_sender_jid
        .as_ref()
        .and_then(crate::jid::from_wire);
    Some(frame.key_by(id, author))
}

fn frame_and_blank(info: &MessageInfo, me: Option<&Party>, destination: Option<&str>) -> Option<(Frame, Message)> {
    let frame = Frame::of(info, me, destination)?;
    let key = frame.own_key(info.id.parse().ok()?);
    let message = Message {
        chat_kind: key.chat.chat_kind(),
        key,
        chat_name: None,
        sender: frame.sender.clone(),
        timestamp: UnixMs(u64::try_from(info.timestamp.timestamp_millis()).unwrap_or_default()),
        content: Content::Unavailable(Unavailable {
            reason: UnavailableReason::Other,
            retrying: false,
        }),
        quoted: None,
        mentions: Vec::new(),
        mentions_me: false,
        mentions_all: false,
        edit_of: None,
        album_of: None,
        thread: None,
        forwarded_score: 0,
        view_once: false,
        ephemeral_s: info.ephemeral_expiration.filter(|seconds| *seconds > 0),
        spoiler: false,
        offline: info.is_offline,
        history: false,
        device: Some(info.source.sender.device),
    };
    Some((frame, message))
}

/// Whether an address is the account's own.
fn is_me(me: Option<&Party>, jid: &waspnest_core::address::Jid) -> bool {
    me.is_some_and(|me| me.jid == *jid || me.alt.as_ref() == Some(jid))
}

/// A text that says something.
fn filled(text: Option<&str>) -> Option<Box<str>> {
    text.filter(|text| !text.is_empty()).map(Into::into)
}

/// A text that has to be there, if only empty.
fn required(text: Option<&str>) -> Box<str> {
    text.unwrap_or_default().into()
}

/// Bytes, where there are any.
fn bytes(bytes: Option<&Vec<u8>>) -> Option<Vec<u8>> {
    bytes.filter(|bytes| !bytes.is_empty()).cloned()
}

/// A moment of the wire: seconds in most fields, milliseconds in some versions of them. What is past the year 5138 in seconds is
/// taken for milliseconds.
fn moment(value: Option<i64>) -> Option<UnixMs> {
    const MILLISECONDS_FROM: u64 = 100_000_000_000;
    let value = u64::try_from(value?).ok().filter(|value| *value > 0)?;
    Some(UnixMs(if value >= MILLISECONDS_FROM {
        value
    } else {
        value * 1000
    }))
}
