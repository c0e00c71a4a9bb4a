//! What a guest can put into a message: words, places, files the host has, messages passed on, and what the guest encoded itself.

use waspnest_core::address::Jid;
use waspnest_core::effect::{Action, Marked, Raw, Send};
use waspnest_core::message::{Content, Media, Message, Origin};

use super::Checked;
use crate::bindings::waspnest::plugin::messaging::{Outgoing, Upload};
use crate::bindings::waspnest::plugin::types::{Error, MessageKey as WitKey};
use crate::capability::{Answer, granted, invalid, unsupported};
use crate::convert;
use crate::limits::{FILE_NAME_BYTES, RAW_BYTES, TEXT_BYTES};
use crate::state::Call;

/// From so many times on WhatsApp counts no further and says "forwarded many times"; then this is the score.
const OFTEN: u32 = 5;
const FORWARDED_OFTEN: u32 = 127;

impl Call {
    /// What can be sent. Of files, only one that is on WhatsApp's servers already.
    pub(super) fn content(&self, what: Outgoing) -> Result<Content, Error> {
        match what {
            Outgoing::Text(text) if text.body.len() > TEXT_BYTES => Err(Error::TooLarge(TEXT_BYTES as u64)),
            Outgoing::Text(text) if text.body.is_empty() => Err(invalid("text", "is empty")),
            Outgoing::Text(text) => Ok(Content::Text(convert::text_from_guest(text))),
            Outgoing::Location(geo) => convert::geo_from_guest(geo)
                .map(Content::Location)
                .map_err(|problem| invalid("location", problem)),
            Outgoing::Contacts(cards) => convert::contacts_from_guest(cards)
                .map(Content::Contacts)
                .map_err(|problem| invalid("contacts", problem)),
            Outgoing::Poll(poll) => convert::poll_from_guest(poll)
                .map(Content::Poll)
                .map_err(|problem| invalid("poll", problem)),
            Outgoing::Event(event) => convert::event_from_guest(event)
                .map(Content::Event)
                .map_err(|problem| invalid("event", problem)),
            Outgoing::Image(upload) => self.file(Content::Image, upload),
            Outgoing::Video(upload) => self.file(Content::Video, upload),
            Outgoing::VideoNote(upload) => self.file(Content::VideoNote, upload),
            Outgoing::Audio(upload) => self.file(Content::Audio, upload),
            Outgoing::Voice(upload) => self.file(Content::Voice, upload),
            Outgoing::Document(upload) => self.file(Content::Document, upload),
            Outgoing::Sticker(upload) => self.file(Content::Sticker, upload),
            Outgoing::Interactive(_) => Err(unsupported(
                "interactive: WhatsApp shows it only from business accounts",
            )),
            Outgoing::Forward(_) | Outgoing::Raw(_) => Err(unsupported("a message within a message")),
        }
    }

    /// The file of the event's message, to be sent again: the receivers fetch the same bytes from WhatsApp's servers.
    fn file(&self, kind: fn(Media) -> Content, upload: Upload) -> Result<Content, Error> {
        let held = self
            .scene
            .message
            .as_ref()
            .filter(|_| upload.handle == self.event.to_string())
            .map(|message| &message.content)
            .ok_or(Error::NotFound)?;
        let file = held.file().ok_or(Error::NotFound)?;
        if upload.view_once {
            return Err(unsupported(
                "upload.view-once: a file that was sent before is not sent to be seen once",
            ));
        }
        if file.source.media_key.is_none() {
            return Err(unsupported("upload.handle: files of newsletters are not passed on"));
        }
        let line = |argument, text: Option<String>, limit: usize| match text {
            Some(text) if text.len() > limit => Err(invalid(argument, format!("at most {limit} bytes"))),
            text => Ok(text.map(Into::into)),
        };
        let sent = kind(Media {
            caption: line("upload.caption", upload.caption, TEXT_BYTES)?,
            file_name: line("upload.file-name", upload.file_name, FILE_NAME_BYTES)?.or_else(|| file.file_name.clone()),
            gif: upload.gif,
            ..file.clone()
        });
        if sent.kind() != held.kind() {
            let problem = format!(
                "is of kind {} and cannot be sent as {}: files are encrypted for their kind",
                held.kind(),
                sent.kind()
            );
            return Err(invalid("upload.handle", problem));
        }
        Ok(sent)
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
        if !self.scene.is_chat(&key.chat) {
            return Ok(Err(Error::Denied(
                "messages.send: only messages of the chat of the event are passed on".to_owned(),
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
