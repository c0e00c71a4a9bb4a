//! From the host's content to WhatsApp's message: pure; nothing here sends, uploads or draws randomness.
//!
//! Reading what is written gives the same content again ([`crate::decode`]), except where the wire is coarser: lengths of media and the
//! times of events and polls are whole seconds there, and a sticker or a document has fewer parts than media in general. What only
//! WhatsApp's servers or another person can send is refused as [`EncodeError::NotSendable`].

mod commerce;
mod context;
mod interactive;
mod media;
mod people;
mod place;
mod poll;
mod protocol;
pub mod sealed;
mod text;

use std::fmt;

use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::effect::{Marked, QuoteOf, Send};
use waspnest_core::message::{Content, MessageKey};
use whatsapp_rust::buffa::MessageField;
use whatsapp_rust::waproto::{codec, whatsapp as wa};

pub use protocol::{edit, reaction};

/// Why content has no form that could be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// No client sends this.
    #[error("messages of kind {kind} cannot be sent: {why}")]
    NotSendable {
        /// See [`Content::kind`].
        kind: &'static str,
        /// In words for the operator.
        why: &'static str,
    },
    /// Its media is not on WhatsApp's servers.
    #[error("the file of the {kind} was not uploaded")]
    NotUploaded {
        /// See [`Content::kind`].
        kind: &'static str,
    },
    /// It would be refused or not shown.
    #[error("the {kind} is not valid: {why}")]
    Invalid {
        /// See [`Content::kind`].
        kind: &'static str,
        /// In words for the operator.
        why: &'static str,
    },
    /// The kind has no place for a quote, a mention or a mark.
    #[error("a message of kind {kind} can neither answer another one nor mention anybody")]
    NoContext {
        /// See [`Content::kind`].
        kind: &'static str,
    },
}

/// Where a message goes, and what it is made with.
#[derive(Clone, Copy)]
pub struct Envelope<'a> {
    /// The chat.
    pub to: &'a Jid,
    /// The account that sends, where it is known.
    pub me: Option<&'a Party>,
    /// When it is sent.
    pub now: UnixMs,
    /// 32 unpredictable bytes, the same on every attempt: what votes and answers to this message will be sealed with. Used by polls
    /// and events only.
    pub secret: [u8; 32],
}

/// Whoever knows the secret can forge votes, so it is never shown.
impl fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("to", &self.to)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// What a message says beside its content.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Extras<'a> {
    /// The message it answers.
    pub quote: Option<&'a QuoteOf>,
    /// Who is mentioned.
    pub mentions: &'a [Jid],
    /// Everybody in the group is mentioned.
    pub mentions_all: bool,
    /// Seconds until it disappears.
    pub ephemeral_s: Option<u32>,
    /// How often it was forwarded.
    pub forwarded_score: u32,
    /// May be looked at once.
    pub view_once: bool,
    /// Hidden until tapped.
    pub spoiler: bool,
    /// The album it is part of.
    pub album_of: Option<&'a MessageKey>,
    /// The message whose thread it is in.
    pub thread: Option<&'a MessageKey>,
}

/// What an effect asks to send.
///
/// # Errors
/// [`EncodeError`]; none of them passes with time.
pub fn message(send: &Send, envelope: &Envelope<'_>) -> Result<wa::Message, EncodeError> {
    with_extras(&send.content, &extras(send), envelope)
}

/// What an effect asks to send, with marks.
///
/// # Errors
/// [`EncodeError`]; none of them passes with time.
pub fn marked(marked: &Marked, envelope: &Envelope<'_>) -> Result<wa::Message, EncodeError> {
    let extras = Extras {
        forwarded_score: marked.forwarded_score,
        view_once: marked.view_once,
        ..extras(&marked.send)
    };
    with_extras(&marked.send.content, &extras, envelope)
}

/// A message that was encoded by somebody else.
///
/// # Errors
/// [`EncodeError::Invalid`] when it is none, or says nothing.
pub fn raw(bytes: &[u8]) -> Result<wa::Message, EncodeError> {
    let invalid = |why| EncodeError::Invalid { kind: "raw", why };
    let message = codec::message_decode(bytes).map_err(|_| invalid("it is not an encoded message"))?;
    if message == wa::Message::default() {
        return Err(invalid("it has no part that this version knows"));
    }
    Ok(message)
}

fn extras(send: &Send) -> Extras<'_> {
    Extras {
        quote: send.quote.as_ref(),
        mentions: &send.mentions,
        ephemeral_s: send.ephemeral_s,
        ..Extras::default()
    }
}

/// Content with everything a message can say about itself.
///
/// # Errors
/// [`EncodeError`]; none of them passes with time.
pub fn with_extras(
    content: &Content,
    extras: &Extras<'_>,
    envelope: &Envelope<'_>,
) -> Result<wa::Message, EncodeError> {
    let message = self::content(content, envelope)?;
    context::put(message, content.kind(), extras, envelope)
}

/// Content alone.
///
/// # Errors
/// [`EncodeError`]; none of them passes with time.
pub fn content(content: &Content, envelope: &Envelope<'_>) -> Result<wa::Message, EncodeError> {
    let kind = content.kind();
    let refuse = |why| Err(EncodeError::NotSendable { kind, why });
    match content {
        Content::Text(text) => Ok(text::text(text)),
        Content::Comment(comment) => Ok(text::comment(comment)),
        Content::Question(question) => Ok(text::question(question)),
        Content::Image(media) => media::image_message(media, kind),
        Content::Video(media) => media::video_message(media, kind),
        Content::VideoNote(media) => media::video_note(media, kind),
        Content::Audio(media) => media::audio_message(media, kind, media::Sound::File),
        Content::Voice(media) => media::audio_message(media, kind, media::Sound::Voice),
        Content::Document(media) => media::document_message(media, kind),
        Content::Sticker(media) => media::sticker_message(media, kind),
        Content::Album(album) => Ok(media::album(album)),
        Content::Location(geo) => Ok(place::location(geo)),
        Content::LiveLocation(live) => Ok(place::live_location(live)),
        Content::Event(event) => Ok(place::event(event, envelope)),
        Content::Contacts(cards) => people::contacts(cards),
        Content::GroupInvite(invite) => Ok(people::group_invite(invite)),
        Content::NewsletterInvite(invite) => Ok(people::newsletter_invite(invite)),
        Content::ScheduledCall(call) => people::scheduled_call(call),
        Content::Poll(poll) => poll::poll(poll, envelope),
        Content::Reaction(part) => Ok(reaction(&part.target, part.emoji.as_deref(), envelope.now)),
        Content::Revoke(target) => Ok(protocol::revoke(target)),
        Content::Pin(pin) => Ok(protocol::pin(pin, envelope)),
        Content::Keep(keep) => Ok(protocol::keep(keep, envelope)),
        Content::ChatTimer(timer) => Ok(protocol::chat_timer(timer)),
        Content::PhoneShare(share) => Ok(protocol::phone_share(share)),
        Content::StatusMention(mention) => protocol::status_mention(mention),
        Content::Product(product) => commerce::product(product),
        Content::Order(order) => Ok(commerce::order(order)),
        Content::Payment(payment) => commerce::payment(payment),
        Content::Interactive(interactive) => interactive::interactive(interactive),
        Content::InteractiveReply(reply) => interactive::reply(reply, envelope),
        Content::PollVote(_) | Content::EventResponse(_) => {
            refuse("it has to be sealed with the secret of what it answers")
        }
        Content::PollOptionAdded(_) => refuse("it has to be sealed with the secret of its poll"),
        Content::StickerPack(_) => refuse("the pack's stickers are not part of it"),
        Content::PollTally(_) => refuse("only WhatsApp counts votes"),
        Content::CallLog(_) => refuse("only WhatsApp writes down calls"),
        Content::BotOutput(_) => refuse("only WhatsApp's bots write it"),
        Content::Unavailable(_) => refuse("there is nothing in it"),
        Content::Other(_) => refuse("this version does not know what it is"),
    }
}

/// A key as the account writes it.
fn key(key: &MessageKey) -> wa::MessageKey {
    protocol::key(key)
}

/// A sub-message that is there.
fn some<T: Default>(part: T) -> MessageField<T> {
    MessageField::some(part)
}

fn text_of(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn maybe(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// A true mark; false is left out, as clients do.
fn mark(mark: bool) -> Option<bool> {
    mark.then_some(true)
}

fn seconds(at: UnixMs) -> i64 {
    i64::try_from(at.0 / 1000).unwrap_or(i64::MAX)
}

fn milliseconds(at: UnixMs) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// The information beside a message that others will seal their answers for.
fn sealable(envelope: &Envelope<'_>) -> MessageField<wa::MessageContextInfo> {
    some(wa::MessageContextInfo {
        message_secret: Some(envelope.secret.to_vec()),
        ..Default::default()
    })
}

/// An inner message in an envelope.
fn wrapped(inner: wa::Message) -> MessageField<wa::message::FutureProofMessage> {
    some(wa::message::FutureProofMessage { message: some(inner) })
}
