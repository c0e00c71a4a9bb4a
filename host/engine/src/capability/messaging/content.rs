//! What a guest can put into a message: words, places, files the host has, messages passed on, and what the guest encoded itself.

use waspnest_core::address::Jid;
use waspnest_core::effect::{Action, Marked, Raw, Send};
use waspnest_core::message::{Content, Media, Message, Origin};

use super::Checked;
use crate::bindings::waspnest::plugin::messaging::{Outgoing, Upload};
use crate::bindings::waspnest::plugin::types::{Error, MessageKey as WitKey};
use crate::capability::media::Held;
use crate::capability::{Answer, granted, invalid, unsupported};
use crate::convert;
use crate::limits::{FILE_NAME_BYTES, RAW_BYTES, TEXT_BYTES};
use crate::manifest::Capability;
use crate::state::Call;

/// From so many times on WhatsApp counts no further and says "forwarded many times"; then this is the score.
const OFTEN: u32 = 5;
const FORWARDED_OFTEN: u32 = 127;

impl Call {
    /// What can be sent. Of files, only those the host can find.
    pub(super) async fn content(&self, what: Outgoing) -> Answer<Content> {
        let named = |name: &'static str| move |problem: String| invalid(name, problem);
        let (kind, upload): (fn(Media) -> Content, Upload) = match what {
            Outgoing::Text(text) if text.body.len() > TEXT_BYTES => {
                return Ok(Err(Error::TooLarge(TEXT_BYTES as u64)));
            }
            Outgoing::Text(text) if text.body.is_empty() => return Ok(Err(invalid("text", "is empty"))),
            Outgoing::Text(text) => return Ok(Ok(Content::Text(convert::text_from_guest(text)))),
            Outgoing::Location(geo) => {
                let geo = convert::geo_from_guest(geo).map(Content::Location);
                return Ok(geo.map_err(named("location")));
            }
            Outgoing::Contacts(cards) => {
                let cards = convert::contacts_from_guest(cards).map(Content::Contacts);
                return Ok(cards.map_err(named("contacts")));
            }
            Outgoing::Poll(poll) => {
                let poll = convert::poll_from_guest(poll).map(Content::Poll);
                return Ok(poll.map_err(named("poll")));
            }
            Outgoing::Event(event) => {
                let event = convert::event_from_guest(event).map(Content::Event);
                return Ok(event.map_err(named("event")));
            }
            Outgoing::Interactive(_) => {
                return Ok(Err(unsupported(
                    "interactive: WhatsApp shows it only from business accounts",
                )));
            }
            Outgoing::Forward(_) | Outgoing::Raw(_) => return Ok(Err(unsupported("a message within a message"))),
            Outgoing::Image(upload) => (Content::Image, upload),
            Outgoing::Video(upload) => (Content::Video, upload),
            Outgoing::VideoNote(upload) => (Content::VideoNote, upload),
            Outgoing::Audio(upload) => (Content::Audio, upload),
            Outgoing::Voice(upload) => (Content::Voice, upload),
            Outgoing::Document(upload) => (Content::Document, upload),
            Outgoing::Sticker(upload) => (Content::Sticker, upload),
        };
        let held = granted!(self.held(&upload.handle).await?);
        Ok(sent(kind, held, upload))
    }

    /// A message that the guest encoded. Whether it is one the host says, who sends it.
    pub(super) fn raw(&self, to: Jid, message: Vec<u8>, options: Checked) -> Result<Action, Error> {
        if message.len() > RAW_BYTES {
            return Err(Error::TooLarge(RAW_BYTES as u64));
        }
        if options.quote.is_some() || !options.mentions.is_empty() || options.ephemeral_s.is_some() {
            return Err(invalid("options", "an encoded message says by itself what it says"));
        }
        self.host
            .judge_raw(&message)
            .map_err(|problem| invalid("raw", problem))?;
        Ok(Action::SendRaw(Box::new(Raw {
            to,
            message,
            typing_ms: options.typing_ms,
        })))
    }

    /// A message that the host has, passed on as WhatsApp's apps do.
    pub(super) async fn forward(&self, to: Jid, key: &WitKey, options: Checked) -> Answer<Action> {
        let key = granted!(self.key("forward", key));
        if !self.scene.is_chat(&key.chat) && self.may(Capability::MessagesHistory, &key.chat).is_err() {
            return Ok(Err(Error::Denied(
                "messages.send: a message that is passed on must be of the chat of the event, or one that messages.history reaches"
                    .to_owned(),
            )));
        }
        if options.quote.is_some() || !options.mentions.is_empty() {
            return Ok(Err(invalid(
                "options",
                "a message that is passed on answers nothing and mentions nobody",
            )));
        }
        let Some(message) = self.find(&key).await? else {
            return Ok(Err(Error::NotFound));
        };
        let content = granted!(passed_on(&message));
        Ok(Ok(Action::SendMarked(Box::new(Marked {
            send: Send {
                to,
                content,
                quote: None,
                mentions: Vec::new(),
                ephemeral_s: options.ephemeral_s,
                typing_ms: options.typing_ms,
            },
            forwarded_score: score(&message),
            view_once: false,
        }))))
    }
}

/// How a message looks, beside what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    /// Like any other.
    Plain,
    /// It can be opened once.
    Once,
}

/// How what the guest wants to send shall look.
pub(super) const fn looks(what: &Outgoing) -> Looks {
    match what {
        Outgoing::Image(upload)
        | Outgoing::Video(upload)
        | Outgoing::VideoNote(upload)
        | Outgoing::Audio(upload)
        | Outgoing::Voice(upload)
        | Outgoing::Document(upload)
        | Outgoing::Sticker(upload)
            if upload.view_once =>
        {
            Looks::Once
        }
        _ => Looks::Plain,
    }
}

impl Looks {
    /// Whether content can look like this.
    pub(super) fn suit(self, content: &Content) -> Result<(), Error> {
        let once = matches!(
            content,
            Content::Image(_) | Content::Video(_) | Content::Audio(_) | Content::Voice(_)
        );
        match self {
            Self::Plain => Ok(()),
            Self::Once if once => Ok(()),
            Self::Once => Err(invalid(
                "upload.view-once",
                "only pictures, videos and sounds can be for one look",
            )),
        }
    }

    /// What sends a message that looks like this.
    pub(super) fn action(self, send: Send) -> Action {
        match self {
            Self::Plain => Action::Send(Box::new(send)),
            Self::Once => Action::SendMarked(Box::new(Marked {
                send,
                forwarded_score: 0,
                view_once: true,
            })),
        }
    }
}

/// A file as it shall be sent: under a caption and a name of its own.
fn sent(kind: fn(Media) -> Content, held: Held, upload: Upload) -> Result<Content, Error> {
    let line = |argument, text: Option<String>, limit: usize| match text {
        Some(text) if text.len() > limit => Err(invalid(argument, format!("at most {limit} bytes"))),
        text => Ok(text.map(Into::into)),
    };
    let (file, was) = match held {
        Held::Message { file, kind } if file.source.media_key.is_none() => {
            return Err(unsupported(&format!(
                "upload.handle: files of newsletters are not passed on, and this {kind} is one"
            )));
        }
        Held::Message { file, kind } => (file, Some(kind)),
        Held::Made(file) => (file, None),
    };
    let sent = kind(Media {
        caption: line("upload.caption", upload.caption, TEXT_BYTES)?,
        file_name: line("upload.file-name", upload.file_name, FILE_NAME_BYTES)?.or_else(|| file.file_name.clone()),
        gif: upload.gif,
        ..file
    });
    match was {
        Some(was) if was != sent.kind() => {
            let problem = format!(
                "is of kind {was} and cannot be sent as {}: files are encrypted for their kind",
                sent.kind()
            );
            Err(invalid("upload.handle", problem))
        }
        Some(_) | None => Ok(sent),
    }
}

/// How often a message will have been passed on: once more than before, unless the account itself wrote it.
fn score(message: &Message) -> u32 {
    let score = match message.key.from {
        Origin::Me => message.forwarded_score,
        Origin::Them => message.forwarded_score.saturating_add(1),
    };
    if score >= OFTEN { FORWARDED_OFTEN } else { score }
}

/// What of a message can be passed on.
fn passed_on(message: &Message) -> Result<Content, Error> {
    let refused = |why: &str| Err(unsupported(&format!("forward: {why}")));
    if message.view_once {
        return refused("what may be seen once is not passed on");
    }
    if message
        .content
        .file()
        .is_some_and(|file| file.source.media_key.is_none())
    {
        return refused("files of newsletters are not passed on");
    }
    match &message.content {
        content @ (Content::Text(_)
        | Content::Image(_)
        | Content::Video(_)
        | Content::VideoNote(_)
        | Content::Audio(_)
        | Content::Voice(_)
        | Content::Document(_)
        | Content::Sticker(_)
        | Content::Location(_)
        | Content::Contacts(_)
        | Content::GroupInvite(_)
        | Content::NewsletterInvite(_)) => Ok(content.clone()),
        Content::StickerPack(_)
        | Content::Album(_)
        | Content::LiveLocation(_)
        | Content::Poll(_)
        | Content::PollVote(_)
        | Content::PollTally(_)
        | Content::PollOptionAdded(_)
        | Content::Reaction(_)
        | Content::Event(_)
        | Content::EventResponse(_)
        | Content::Comment(_)
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
        | Content::Other(_) => refused(&format!(
            "a message of kind {} is not passed on",
            message.content.kind()
        )),
    }
}
