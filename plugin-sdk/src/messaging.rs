//! Messages out. Each function needs the capability of its name, such as `messages.send` or `messages.edit`.
//!
//! Nothing but what says `now` leaves while the handler runs: `Ok` means "accepted into the draft", and the host sends after the commit.

use crate::types::{Content, Jid, Media, MediaRef, Message, MessageId, MessageKey, Text, UnixMs};
use crate::{Error, host};

pub use crate::bindings::imports::waspnest::plugin::messaging::{Options, Outgoing, Page, Upload, When};

impl Default for Options {
    fn default() -> Self {
        Self {
            session: None,
            quote: None,
            mentions: Vec::new(),
            ephemeral_s: None,
            when: When::OnCommit,
            idempotency_key: None,
            typing_ms: None,
            attrs: Vec::new(),
        }
    }
}

/// Answers a message in its chat with a text. Where several people talk, the answer quotes the message.
///
/// # Errors
/// When the host refuses, as [`send`].
pub fn reply(msg: &Message, text: impl Into<String>) -> Result<MessageId, Error> {
    if msg.is_direct() {
        send_text(msg.chat(), text)
    } else {
        quote(msg, text)
    }
}

/// Answers a message in its chat with a text that quotes it, wherever that is.
///
/// # Errors
/// When the host refuses, as [`send`].
pub fn quote(msg: &Message, text: impl Into<String>) -> Result<MessageId, Error> {
    quote_key(&msg.key, text)
}

/// Answers a message that is known by its key only, such as one remembered from an earlier call.
///
/// # Errors
/// When the host refuses, as [`send`].
pub fn quote_key(key: &MessageKey, text: impl Into<String>) -> Result<MessageId, Error> {
    send(
        &key.chat,
        &outgoing_text(text),
        &Options {
            quote: Some(key.clone()),
            ..Options::default()
        },
    )
}

/// Answers a message that is a file (a picture, a video, a sound, a document, a sticker) in its chat with the same file; none when it is
/// not one. The receivers fetch the bytes that are on WhatsApp's servers already. Where several people talk, the answer quotes the message.
///
/// # Errors
/// When the host refuses, as [`send`].
pub fn reply_with_file(msg: &Message, caption: Option<String>) -> Result<Option<MessageId>, Error> {
    let Some((kind, media)) = file_of(&msg.content) else {
        return Ok(None);
    };
    let again = kind(Upload {
        handle: media.handle.clone(),
        caption,
        file_name: None,
        view_once: false,
        gif: media.gif,
    });
    let options = Options {
        quote: (!msg.is_direct()).then(|| msg.key.clone()),
        ..Options::default()
    };
    send(msg.chat(), &again, &options).map(Some)
}

/// Sends a picture that [`media`](crate::media) made.
///
/// # Errors
/// When the host refuses, as [`send`].
pub fn send_image(to: &str, file: MediaRef, caption: Option<String>) -> Result<MessageId, Error> {
    let upload = Upload {
        caption,
        ..uploaded(file)
    };
    send(to, &Outgoing::Image(upload), &Options::default())
}

/// Sends a document that [`media`](crate::media) made.
///
/// # Errors
/// When the host refuses, as [`send`].
pub fn send_document(to: &str, file: MediaRef, name: impl Into<String>) -> Result<MessageId, Error> {
    let upload = Upload {
        file_name: Some(name.into()),
        ..uploaded(file)
    };
    send(to, &Outgoing::Document(upload), &Options::default())
}

/// A file to send, with nothing beside it.
#[must_use]
pub fn uploaded(file: MediaRef) -> Upload {
    Upload {
        handle: file,
        caption: None,
        file_name: None,
        view_once: false,
        gif: false,
    }
}

/// Sends a text to a chat.
///
/// # Errors
/// When the host refuses, as [`send`].
pub fn send_text(to: &str, text: impl Into<String>) -> Result<MessageId, Error> {
    send(to, &outgoing_text(text), &Options::default())
}

/// Sends a message to a chat and answers the id it will have.
///
/// # Errors
/// When it is not granted, the address or text is malformed, the text too long, the call sent too much already, or this
/// version cannot send that kind.
pub fn send(to: &str, what: &Outgoing, options: &Options) -> Result<MessageId, Error> {
    host::messaging::send(to, what, Some(options)).map_err(Error::refused("messaging.send"))
}

/// Passes a message of the event's chat on, as people do: marked as forwarded, without what it quoted.
///
/// # Errors
/// When the host refuses, as [`send`], or does not have the message.
pub fn forward(key: &MessageKey, to: &str) -> Result<MessageId, Error> {
    send(to, &Outgoing::Forward(key.clone()), &Options::default())
}

/// The key of a message that the account sends into the chat of another one: what [`edit`], [`revoke`] and [`pin`] take.
#[must_use]
pub fn sent_key(beside: &MessageKey, id: MessageId) -> MessageKey {
    MessageKey {
        id,
        from_me: true,
        participant: None,
        ..beside.clone()
    }
}

/// Gives a message of the account another text.
///
/// # Errors
/// When it is not granted, somebody else wrote it, or the text is empty or too long.
pub fn edit(target: &MessageKey, text: impl Into<String>) -> Result<(), Error> {
    host::messaging::edit(target, &outgoing_text(text)).map_err(Error::refused("messaging.edit"))
}

/// Gives a message of the account another text at once, whatever becomes of the handler: for a message that was sent with [`When::Now`] and
/// grows. A repeated call of the handler that makes the same edits makes them once; [`edit`] makes the last one, which counts.
///
/// # Errors
/// As [`edit`].
pub fn edit_now(target: &MessageKey, text: impl Into<String>) -> Result<(), Error> {
    host::messaging::edit_now(target, &outgoing_text(text)).map_err(Error::refused("messaging.edit-now"))
}

/// Takes a message back for everybody: the account's own, or another's in a group the account administrates.
///
/// # Errors
/// When it is not granted: `messages.revoke` for own messages, `messages.moderate` for others'.
pub fn revoke(target: &MessageKey) -> Result<(), Error> {
    host::messaging::revoke(target).map_err(Error::refused("messaging.revoke"))
}

/// Chooses in a poll that the host received; no options take a vote back.
///
/// # Errors
/// When it is not granted, the host does not have the poll, or the poll does not allow the choice.
pub fn vote<T: AsRef<str>>(poll: &MessageKey, options: &[T]) -> Result<(), Error> {
    let options: Vec<String> = options.iter().map(|option| option.as_ref().to_owned()).collect();
    host::messaging::vote(poll, &options).map_err(Error::refused("messaging.vote"))
}

/// For how long a message is pinned; WhatsApp knows no other times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PinTime {
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// 30 days.
    Month,
}

/// Puts a message at the top of its chat, for everybody.
///
/// # Errors
/// When it is not granted.
pub fn pin(target: &MessageKey, time: PinTime) -> Result<(), Error> {
    let seconds = match time {
        PinTime::Day => 86_400,
        PinTime::Week => 604_800,
        PinTime::Month => 2_592_000,
    };
    host::messaging::pin(target, Some(seconds)).map_err(Error::refused("messaging.pin"))
}

/// Takes a pinned message down.
///
/// # Errors
/// When it is not granted.
pub fn unpin(target: &MessageKey) -> Result<(), Error> {
    host::messaging::pin(target, None).map_err(Error::refused("messaging.pin"))
}

/// Puts a star on a message, which the account's own devices show.
///
/// # Errors
/// When it is not granted.
pub fn star(target: &MessageKey) -> Result<(), Error> {
    host::messaging::star(target, true).map_err(Error::refused("messaging.star"))
}

/// Takes the star off a message.
///
/// # Errors
/// When it is not granted.
pub fn unstar(target: &MessageKey) -> Result<(), Error> {
    host::messaging::star(target, false).map_err(Error::refused("messaging.star"))
}

/// Sends a text at once, whatever becomes of the handler. A repeated call of the handler that sends the same sends nothing more.
///
/// # Errors
/// When the host refuses, as [`send`].
pub fn send_text_now(to: &str, text: impl Into<String>) -> Result<MessageId, Error> {
    let options = Options {
        when: When::Now,
        ..Options::default()
    };
    send(to, &outgoing_text(text), &options)
}

/// Sends a text unless one was sent under the same key within 24 hours; answers the id of whichever was first.
///
/// # Errors
/// When the host refuses, as [`send`].
pub fn send_text_once(to: &str, text: impl Into<String>, key: impl Into<String>) -> Result<MessageId, Error> {
    let options = Options {
        idempotency_key: Some(key.into()),
        ..Options::default()
    };
    send(to, &outgoing_text(text), &options)
}

/// Reacts to a message with an emoji.
///
/// # Errors
/// When it is not granted, or `emoji` is none.
pub fn react(msg: &Message, emoji: &str) -> Result<(), Error> {
    host::messaging::react(&msg.key, Some(emoji)).map_err(Error::refused("messaging.react"))
}

/// Takes the account's own reaction to a message back.
///
/// # Errors
/// When it is not granted.
pub fn unreact(msg: &Message) -> Result<(), Error> {
    host::messaging::react(&msg.key, None).map_err(Error::refused("messaging.react"))
}

/// Marks a message as read, which its sender sees.
///
/// # Errors
/// When it is not granted.
pub fn mark_read(msg: &Message) -> Result<(), Error> {
    host::messaging::mark_read(core::slice::from_ref(&msg.key)).map_err(Error::refused("messaging.mark-read"))
}

/// What a chat shows while the plugin works on an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    /// "typing".
    Text,
    /// "recording".
    Voice,
    /// Nothing (any more).
    Off,
}

/// Shows in a chat that an answer is being made. Carried out after the commit, like everything here; to show it before one
/// message, set [`Options::typing_ms`] instead.
///
/// # Errors
/// When it is not granted.
pub fn set_typing(chat: &str, typing: Typing) -> Result<(), Error> {
    let (on, voice) = match typing {
        Typing::Text => (true, false),
        Typing::Voice => (true, true),
        Typing::Off => (false, false),
    };
    host::messaging::set_typing(chat, on, voice).map_err(Error::refused("messaging.set-typing"))
}

/// Whether a text is no longer than WhatsApp takes: 65,536 bytes.
#[must_use]
pub fn fits(text: &str) -> bool {
    text.len() <= TEXT_BYTES
}

/// Longest text in bytes of UTF-8.
pub const TEXT_BYTES: usize = 65_536;

/// Mentions people: a text needs `@` and the user part of each address where the name is to be shown.
#[must_use]
pub fn mention(who: &Jid) -> String {
    format!("@{}", who.split('@').next().unwrap_or(who))
}

/// A message that the host received before; none when it does not have it.
///
/// # Errors
/// When `messages.history` is not granted or does not reach the chat.
pub fn get(key: &MessageKey) -> Result<Option<Message>, Error> {
    match host::messaging::get_message(key) {
        Ok(message) => Ok(Some(message)),
        Err(crate::types::Error::NotFound) => Ok(None),
        Err(cause) => Err(Error::refused("messaging.get-message")(cause)),
    }
}

/// The newest messages of a chat, the newest first, at most `limit` (1 to 100).
///
/// # Errors
/// When `messages.history` is not granted or does not reach the chat.
pub fn latest(chat: &str, limit: u32) -> Result<Vec<Message>, Error> {
    Ok(history(chat, None, limit, None)?.items)
}

/// One step back through a chat's messages, newest first: those before a point in time and behind the cursor of the step before.
///
/// # Errors
/// When `messages.history` is not granted or does not reach the chat.
pub fn history(chat: &str, before: Option<UnixMs>, limit: u32, cursor: Option<&str>) -> Result<Page, Error> {
    host::messaging::history(chat, before, limit, cursor).map_err(Error::refused("messaging.history"))
}

/// A case of [`Outgoing`] that is a file.
type FileCase = fn(Upload) -> Outgoing;

/// The file of a message, and the case that sends it again.
pub(crate) fn file_of(content: &Content) -> Option<(FileCase, &Media)> {
    let (kind, media): (FileCase, &Media) = match content {
        Content::Image(media) => (Outgoing::Image, media),
        Content::Video(media) => (Outgoing::Video, media),
        Content::VideoNote(media) => (Outgoing::VideoNote, media),
        Content::Audio(media) => (Outgoing::Audio, media),
        Content::Voice(media) => (Outgoing::Voice, media),
        Content::Document(media) => (Outgoing::Document, media),
        Content::Sticker(media) => (Outgoing::Sticker, media),
        Content::Text(_)
        | Content::StickerPack(_)
        | Content::Album(_)
        | Content::Location(_)
        | Content::LiveLocation(_)
        | Content::Contacts(_)
        | Content::Poll(_)
        | Content::PollVote(_)
        | Content::PollTally(_)
        | Content::PollOptionAdded(_)
        | Content::Reaction(_)
        | Content::Event(_)
        | Content::EventResponse(_)
        | Content::Comment(_)
        | Content::GroupInvite(_)
        | Content::NewsletterInvite(_)
        | Content::Product(_)
        | Content::Order(_)
        | Content::Payment(_)
        | Content::Interactive(_)
        | Content::InteractiveReply(_)
        | Content::CallLog(_)
        | Content::ScheduledCall(_)
        | Content::Question(_)
        | Content::Revoke(_)
        | Content::Pin(_)
        | Content::Keep(_)
        | Content::ChatTimer(_)
        | Content::PhoneShare(_)
        | Content::StatusMention(_)
        | Content::BotOutput(_)
        | Content::Unavailable(_)
        | Content::Other(_) => return None,
    };
    Some((kind, media))
}

fn outgoing_text(body: impl Into<String>) -> Outgoing {
    Outgoing::Text(Text {
        body: body.into(),
        preview: None,
    })
}
