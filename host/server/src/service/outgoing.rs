//! What a caller wants to send, and how it becomes what the outbox takes: files are put where they can be sent from, messages that are named
//! are found.

use bytes::Bytes;
use url::Url;
use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::effect::{Action, Change, Marked, QuoteOf, Send, Vote};
use waspnest_core::event::EventKind;
use waspnest_core::files::FileName;
use waspnest_core::id::{MessageId, SessionId};
use waspnest_core::message::{Content, Media, MediaSource, Message, MessageKey, Origin, Text};
use waspnest_core::session::SessionRecord;

use super::error::Error;
use super::messages::Messages;

/// Something to send, to everybody who is named.
#[derive(Clone)]
pub struct Outgoing {
    /// To whom; each gets a message of their own.
    pub to: Vec<Jid>,
    /// What.
    pub what: What,
    /// What is told beside it.
    pub beside: Beside,
    /// When; none for now.
    pub send_at: Option<UnixMs>,
}

/// What a message says about itself beside its content.
#[derive(Clone, Default)]
pub struct Beside {
    /// The message it answers.
    pub quote: Option<Named>,
    /// Who is mentioned.
    pub mentions: Vec<Jid>,
    /// Seconds until it disappears.
    pub ephemeral_s: Option<u32>,
    /// Milliseconds to show "typing" first.
    pub typing_ms: Option<u32>,
    /// How it can be looked at.
    pub looks: Looks,
    /// How often it was passed on; 0 for an original.
    pub forwarded_score: u32,
}

/// How a message can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Looks {
    /// As often as somebody likes.
    #[default]
    Often,
    /// Once.
    Once,
}

/// What is sent.
#[derive(Clone)]
pub enum What {
    /// Words and what else needs no file.
    Content(Box<Content>),
    /// A text with what is found of a link in it.
    TextWithPreview(Box<str>, Url),
    /// A file.
    File(Box<FileToSend>),
    /// An emoji on a message; none takes it back.
    Reaction(Named, Option<Box<str>>),
    /// A choice in a poll.
    Vote(Named, Vec<Box<str>>),
    /// Something that is known and not sent, and why.
    Unsupported(&'static str),
}

/// A file to send.
#[derive(Clone)]
pub struct FileToSend {
    /// What it is sent as.
    pub kind: fn(Media) -> Content,
    /// Where it comes from.
    pub source: FileSource,
    /// What is told of it. Its source, size and digest are not looked at; an empty type is found out.
    pub about: Media,
}

/// Where a file comes from.
#[derive(Clone)]
pub enum FileSource {
    /// It was put here before.
    Media(FileName),
    /// A server has it.
    Url(Url),
    /// It is this.
    Bytes(Bytes),
}

/// Names a message of a chat.
#[derive(Debug, Clone)]
pub struct Named {
    /// WhatsApp's id.
    pub id: MessageId,
    /// Which side it came from; found out where nothing is said.
    pub from: Option<Origin>,
    /// Who wrote it, in a group.
    pub participant: Option<Jid>,
}

/// A file about which nothing is known.
#[must_use]
pub fn some_file() -> Media {
    Media {
        source: MediaSource::default(),
        mime: "".into(),
        size: 0,
        sha256: None,
        caption: None,
        file_name: None,
        width: None,
        height: None,
        duration_ms: None,
        pages: None,
        waveform: None,
        animated: false,
        gif: false,
        thumbnail: None,
    }
}

impl Messages {
    /// What is to be done for each recipient, in their order.
    pub(super) async fn actions(&self, session: &SessionRecord, outgoing: &Outgoing) -> Result<Vec<Action>, Error> {
        let content = match &outgoing.what {
            What::Content(content) => Some(content.as_ref().clone()),
            What::TextWithPreview(body, url) => Some(Content::Text(Text {
                body: body.clone(),
                preview: Some(self.media.preview(url).await?),
            })),
            What::File(file) => Some(self.file(session.id, file).await?),
            What::Reaction(..) | What::Vote(..) => None,
            What::Unsupported(why) => return Err(Error::NotSupported { why: (*why).into() }),
        };
        let mut actions = Vec::with_capacity(outgoing.to.len());
        for to in &outgoing.to {
            actions.push(match (&outgoing.what, &content) {
                (What::Reaction(target, emoji), _) => Action::React {
                    target: self.key(session, to, target).await?,
                    emoji: emoji.clone(),
                },
                (What::Vote(poll, selected), _) => self.vote(session, to, poll, selected).await?,
                (What::Content(_) | What::TextWithPreview(..) | What::File(_), Some(content)) => {
                    self.send_to(session, to, content.clone(), &outgoing.beside).await?
                }
                (What::Content(_) | What::TextWithPreview(..) | What::File(_), None) | (What::Unsupported(_), _) => {
                    return Err(Error::Internal("content that is none".into()));
                }
            });
        }
        Ok(actions)
    }

    async fn send_to(
        &self,
        session: &SessionRecord,
        to: &Jid,
        content: Content,
        beside: &Beside,
    ) -> Result<Action, Error> {
        let quote = match &beside.quote {
            Some(quote) => Some(self.quoted(session, to, quote).await?),
            None => None,
        };
        let send = Send {
            to: to.clone(),
            content,
            quote,
            mentions: beside.mentions.clone(),
            ephemeral_s: beside.ephemeral_s,
            typing_ms: beside.typing_ms,
        };
        Ok(match (beside.looks, beside.forwarded_score) {
            (Looks::Often, 0) => Action::Send(Box::new(send)),
            (looks, forwarded_score) => Action::SendMarked(Box::new(Marked {
                send,
                forwarded_score,
                view_once: looks == Looks::Once,
            })),
        })
    }

    /// A file where the session that sends it finds it, and what is told of it.
    async fn file(&self, session: SessionId, file: &FileToSend) -> Result<Content, Error> {
        let (name, upload) = self.media.bring_in(session, &file.source).await?;
        let about = file.about.clone();
        let mime = match &*about.mime {
            "" => upload.mime,
            _ => about.mime,
        };
        Ok((file.kind)(Media {
            source: MediaSource::default(),
            mime,
            size: upload.size,
            sha256: Some(name.bytes().to_vec()),
            file_name: about.file_name.or(upload.file_name),
            ..about
        }))
    }

    async fn vote(
        &self,
        session: &SessionRecord,
        chat: &Jid,
        poll: &Named,
        selected: &[Box<str>],
    ) -> Result<Action, Error> {
        let key = self.key(session, chat, poll).await?;
        let Some(message) = self.recorded(session.id, &key).await? else {
            return Err(Error::UnknownMessage { id: key.id });
        };
        let refused = |problem: &str| Err(Error::NotPossible { why: problem.into() });
        let Content::Poll(asked) = &message.content else {
            return refused("the message is no poll");
        };
        if selected.iter().any(|option| !asked.options.contains(option)) {
            return refused("the poll does not have one of the options");
        }
        if asked.max_choices > 0 && selected.len() > asked.max_choices as usize {
            return refused("the poll allows fewer options at once");
        }
        Ok(Action::Change(Change::Vote(Box::new(Vote {
            poll: message.key,
            author: message.sender,
            selected: selected.to_vec(),
        }))))
    }

    /// What is shown of a message that is answered.
    async fn quoted(&self, session: &SessionRecord, chat: &Jid, quote: &Named) -> Result<QuoteOf, Error> {
        let key = self.key(session, chat, quote).await?;
        if let Some(message) = self.recorded(session.id, &key).await? {
            return Ok(QuoteOf {
                key: message.key,
                sender: message.sender.jid,
                content: Some(Box::new(message.content)),
            });
        }
        // What the host has sent itself is in the outbox.
        let sent = self.sent(session.id, &key.id).await?;
        let me = session.jid.clone().or_else(|| session.lid.clone());
        match (sent.as_ref().and_then(|effect| effect.action.sent()), me) {
            (Some(send), Some(sender)) => Ok(QuoteOf {
                key,
                sender,
                content: Some(Box::new(send.content.clone())),
            }),
            _ => Err(Error::UnknownQuote),
        }
    }

    /// The key of a message of a chat. Which side it came from is looked up where nothing is said: what the host sent is its own.
    pub(super) async fn key(&self, session: &SessionRecord, chat: &Jid, named: &Named) -> Result<MessageKey, Error> {
        let from = match named.from {
            Some(from) => from,
            None => match self.outbox.by_message(session.id, &named.id).await? {
                Some(_) => Origin::Me,
                None => Origin::Them,
            },
        };
        Ok(MessageKey {
            chat: chat.clone(),
            id: named.id.clone(),
            from,
            participant: named.participant.clone(),
        })
    }

    /// A message as it came, or as a phone told it of its past.
    pub(super) async fn recorded(&self, session: SessionId, key: &MessageKey) -> Result<Option<Message>, Error> {
        let Some(event) = self.log.find_message(session, key).await? else {
            return Ok(self.mailbox.find(session, key).await?.map(|mail| mail.message));
        };
        Ok(match event.kind {
            EventKind::Message(message) => Some(*message),
            EventKind::Tick(_)
            | EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_)
            | EventKind::Topic(_)
            | EventKind::Request(_) => None,
        })
    }
}
