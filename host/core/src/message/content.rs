//! The kinds a message can be.
//!
//! A closed enum on purpose: a new kind makes the compiler list every place that has to know it. Until then it arrives as
//! [`Content::Other`].

use std::fmt;

use serde::{Deserialize, Serialize};

use super::MessageKey;
use super::body::*;
use super::media::Media;

/// What a message says.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each case is documented at the type it carries")]
pub enum Content {
    Text(Text),
    Image(Media),
    Video(Media),
    VideoNote(Media),
    Audio(Media),
    Voice(Media),
    Document(Media),
    Sticker(Media),
    StickerPack(StickerPack),
    Album(Album),
    Location(Geo),
    LiveLocation(LiveGeo),
    Contacts(Vec<ContactCard>),
    Poll(Poll),
    PollVote(PollVote),
    PollTally(PollTally),
    PollOptionAdded(PollOptionAdded),
    Reaction(Reaction),
    Event(CalendarEvent),
    EventResponse(EventResponse),
    Comment(Comment),
    GroupInvite(Invite),
    NewsletterInvite(Invite),
    Product(Product),
    Order(Order),
    Payment(Payment),
    Interactive(Interactive),
    InteractiveReply(InteractiveReply),
    CallLog(CallLog),
    ScheduledCall(ScheduledCall),
    Question(Question),
    Revoke(MessageKey),
    Pin(Pin),
    Keep(Keep),
    ChatTimer(ChatTimer),
    PhoneShare(PhoneShare),
    StatusMention(StatusMention),
    BotOutput(BotOutput),
    Unavailable(Unavailable),
    Other(Unknown),
}

impl Content {
    /// Its stable name, as the plugin contract and configuration spell it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Image(_) => "image",
            Self::Video(_) => "video",
            Self::VideoNote(_) => "video-note",
            Self::Audio(_) => "audio",
            Self::Voice(_) => "voice",
            Self::Document(_) => "document",
            Self::Sticker(_) => "sticker",
            Self::StickerPack(_) => "sticker-pack",
            Self::Album(_) => "album",
            Self::Location(_) => "location",
            Self::LiveLocation(_) => "live-location",
            Self::Contacts(_) => "contacts",
            Self::Poll(_) => "poll",
            Self::PollVote(_) => "poll-vote",
            Self::PollTally(_) => "poll-tally",
            Self::PollOptionAdded(_) => "poll-option-added",
            Self::Reaction(_) => "reaction",
            Self::Event(_) => "event",
            Self::EventResponse(_) => "event-response",
            Self::Comment(_) => "comment",
            Self::GroupInvite(_) => "group-invite",
            Self::NewsletterInvite(_) => "newsletter-invite",
            Self::Product(_) => "product",
            Self::Order(_) => "order",
            Self::Payment(_) => "payment",
            Self::Interactive(_) => "interactive",
            Self::InteractiveReply(_) => "interactive-reply",
            Self::CallLog(_) => "call-log",
            Self::ScheduledCall(_) => "scheduled-call",
            Self::Question(_) => "question",
            Self::Revoke(_) => "revoke",
            Self::Pin(_) => "pin",
            Self::Keep(_) => "keep",
            Self::ChatTimer(_) => "chat-timer",
            Self::PhoneShare(_) => "phone-share",
            Self::StatusMention(_) => "status-mention",
            Self::BotOutput(_) => "bot-output",
            Self::Unavailable(_) => "unavailable",
            Self::Other(_) => "other",
        }
    }

    /// Every name [`Content::kind`] can give, for checking configuration.
    pub const KINDS: &'static [&'static str] = &[
        "text",
        "image",
        "video",
        "video-note",
        "audio",
        "voice",
        "document",
        "sticker",
        "sticker-pack",
        "album",
        "location",
        "live-location",
        "contacts",
        "poll",
        "poll-vote",
        "poll-tally",
        "poll-option-added",
        "reaction",
        "event",
        "event-response",
        "comment",
        "group-invite",
        "newsletter-invite",
        "product",
        "order",
        "payment",
        "interactive",
        "interactive-reply",
        "call-log",
        "scheduled-call",
        "question",
        "revoke",
        "pin",
        "keep",
        "chat-timer",
        "phone-share",
        "status-mention",
        "bot-output",
        "unavailable",
        "other",
    ];

    /// The file, where the message is one.
    #[must_use]
    pub fn file(&self) -> Option<&Media> {
        match self {
            Self::Image(media)
            | Self::Video(media)
            | Self::VideoNote(media)
            | Self::Audio(media)
            | Self::Voice(media)
            | Self::Document(media)
            | Self::Sticker(media) => Some(media),
            Self::Text(_)
            | Self::StickerPack(_)
            | Self::Album(_)
            | Self::Location(_)
            | Self::LiveLocation(_)
            | Self::Contacts(_)
            | Self::Poll(_)
            | Self::PollVote(_)
            | Self::PollTally(_)
            | Self::PollOptionAdded(_)
            | Self::Reaction(_)
            | Self::Event(_)
            | Self::EventResponse(_)
            | Self::Comment(_)
            | Self::GroupInvite(_)
            | Self::NewsletterInvite(_)
            | Self::Product(_)
            | Self::Order(_)
            | Self::Payment(_)
            | Self::Interactive(_)
            | Self::InteractiveReply(_)
            | Self::CallLog(_)
            | Self::ScheduledCall(_)
            | Self::Question(_)
            | Self::Revoke(_)
            | Self::Pin(_)
            | Self::Keep(_)
            | Self::ChatTimer(_)
            | Self::PhoneShare(_)
            | Self::StatusMention(_)
            | Self::BotOutput(_)
            | Self::Unavailable(_)
            | Self::Other(_) => None,
        }
    }

    /// What a command or a pattern is matched on: the body, the caption or the chosen title.
    #[must_use]
    pub fn plain_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.body),
            Self::Image(media)
            | Self::Video(media)
            | Self::VideoNote(media)
            | Self::Audio(media)
            | Self::Voice(media)
            | Self::Document(media)
            | Self::Sticker(media) => media.caption.as_deref(),
            Self::LiveLocation(live) => live.caption.as_deref(),
            Self::Poll(poll) => Some(&poll.name),
            Self::Event(event) => Some(&event.name),
            Self::Comment(comment) => Some(&comment.body),
            Self::GroupInvite(invite) | Self::NewsletterInvite(invite) => invite.caption.as_deref(),
            Self::Interactive(interactive) => Some(&interactive.body),
            Self::InteractiveReply(reply) => reply.title.as_deref().or(Some(&reply.id)),
            Self::Question(question) => Some(&question.body),
            Self::Payment(payment) => payment.note.as_deref(),
            Self::BotOutput(output) => output.text.as_deref(),
            Self::Other(unknown) => unknown.text.as_deref(),
            Self::StickerPack(_)
            | Self::Album(_)
            | Self::Location(_)
            | Self::Contacts(_)
            | Self::PollVote(_)
            | Self::PollTally(_)
            | Self::PollOptionAdded(_)
            | Self::Reaction(_)
            | Self::EventResponse(_)
            | Self::Product(_)
            | Self::Order(_)
            | Self::CallLog(_)
            | Self::ScheduledCall(_)
            | Self::Revoke(_)
            | Self::Pin(_)
            | Self::Keep(_)
            | Self::ChatTimer(_)
            | Self::PhoneShare(_)
            | Self::StatusMention(_)
            | Self::Unavailable(_) => None,
        }
    }
}

/// Shows the kind, never the words.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({})", self.kind())
    }
}
