//! What is done to messages that exist, and to chats while somebody writes: effects like messages, in the same order.

use waspnest_core::address::Jid;
use waspnest_core::effect::{Action, Change, Effect, Marked, Send, Typing};
use waspnest_core::message::{Content, Message, MessageKey, Origin, Text};
use waspnest_core::session::SessionRecord;

use super::error::Error;
use super::messages::{Messages, Repeat};
use super::outgoing::Named;

/// From so many times on WhatsApp counts no further and says "forwarded many times"; then this is the score.
const OFTEN: u32 = 5;
const FORWARDED_OFTEN: u32 = 127;
/// For how long a message can be pinned, in seconds, as WhatsApp's apps offer it.
pub const PIN_SECONDS: [u64; 3] = [86_400, 604_800, 2_592_000];

/// Names a message, perhaps without its chat: of what the host sent itself it is known.
#[derive(Debug, Clone)]
pub struct Target {
    /// The chat it is in.
    pub chat: Option<Jid>,
    /// The message.
    pub named: Named,
}

/// What is done to a message.
#[derive(Clone)]
pub enum Deed {
    /// Other words for a text of one's own.
    Edit(Box<str>),
    /// Taken back for everybody.
    Revoke,
    /// An emoji put on it; none takes it back.
    React(Option<Box<str>>),
    /// Told its author that it was read.
    Read,
    /// Told its author that it was played: voice messages and videos.
    Played,
    /// Removed from the account's own devices.
    DeleteForMe,
    /// A star put on or taken off, for the account alone.
    Star(Mark),
    /// Put at the top of its chat for so many seconds; none takes it down.
    Pin(Option<u32>),
}

/// Put on, or taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Put on.
    On,
    /// Taken off.
    Off,
}

impl Messages {
    /// Has something done to a message; durable when this returns.
    ///
    /// # Errors
    /// [`Error::UnknownMessage`] when its chat is neither said nor known, [`Error::NotPossible`], [`Error::Store`].
    pub async fn act(
        &self,
        session: &SessionRecord,
        target: &Target,
        deed: Deed,
        repeat: Repeat<'_>,
    ) -> Result<Effect, Error> {
        let key = self.target(session, target).await?;
        let refused = |why: &str| Err(Error::NotPossible { why: why.into() });
        let action = match deed {
            Deed::Edit(_) if key.from == Origin::Them => {
                return refused("only the account's own messages can be edited");
            }
            Deed::Edit(body) => Action::Change(Change::Edit {
                target: key,
                content: Box::new(Content::Text(Text { body, preview: None })),
            }),
            Deed::Revoke if key.from == Origin::Them && !matches!(key.chat, Jid::Group(_)) => {
                return refused("what others wrote can be taken back in groups only");
            }
            Deed::Revoke => Action::Change(Change::Revoke {
                target: self.as_on_the_wire(session, key).await?,
            }),
            Deed::React(emoji) => Action::React { target: key, emoji },
            Deed::Read | Deed::Played if key.from == Origin::Me => {
                return refused("the account's own messages cannot be marked as read or played");
            }
            Deed::Read => Action::MarkRead { targets: vec![key] },
            Deed::Played => Action::MarkPlayed { targets: vec![key] },
            Deed::DeleteForMe => Action::Change(Change::DeleteForMe {
                target: self.as_on_the_wire(session, key).await?,
            }),
            Deed::Star(mark) => Action::Change(Change::Star {
                target: self.as_on_the_wire(session, key).await?,
                starred: mark == Mark::On,
            }),
            Deed::Pin(seconds) => Action::Change(Change::Pin {
                target: self.as_on_the_wire(session, key).await?,
                seconds,
            }),
        };
        first(self.submit(session, vec![action], repeat).await?)
    }

    /// Passes a message on, as WhatsApp's apps do; one effect for each recipient.
    ///
    /// # Errors
    /// [`Error::UnknownMessage`], [`Error::NotSupported`], [`Error::Store`].
    pub async fn forward(
        &self,
        session: &SessionRecord,
        target: &Target,
        to: &[Jid],
        repeat: Repeat<'_>,
    ) -> Result<Vec<Effect>, Error> {
        let key = self.target(session, target).await?;
        // As it reads now: it may have been edited or taken back.
        let known = match self.mailbox.find(session.id, &key).await? {
            Some(mail) => Some(mail.message),
            None => self.recorded(session.id, &key).await?,
        };
        let Some(message) = known else {
            return Err(Error::UnknownMessage { id: key.id });
        };
        let content = passed_on(&message)?;
        let forwarded_score = score(&message);
        let marked = |to: &Jid| {
            Action::SendMarked(Box::new(Marked {
                send: Send {
                    to: to.clone(),
                    content: content.clone(),
                    quote: None,
                    mentions: Vec::new(),
                    ephemeral_s: None,
                    typing_ms: None,
                },
                forwarded_score,
                view_once: false,
            }))
        };
        self.submit(session, to.iter().map(marked).collect(), repeat).await
    }

    /// Shows or stops showing in a chat that somebody writes.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn show_typing(
        &self,
        session: &SessionRecord,
        chat: Jid,
        state: Typing,
        repeat: Repeat<'_>,
    ) -> Result<Effect, Error> {
        first(
            self.submit(session, vec![Action::SetTyping { chat, state }], repeat)
                .await?,
        )
    }

    /// The message that is meant.
    ///
    /// # Errors
    /// [`Error::UnknownMessage`] when its chat is neither said nor known.
    pub async fn target(&self, session: &SessionRecord, target: &Target) -> Result<MessageKey, Error> {
        let Target { chat, named } = target;
        self.mailbox.settle(session.id).await?;
        let key = match (self.known(session, target).await?, chat) {
            (Some(known), chat) => MessageKey {
                chat: chat.clone().unwrap_or(known.chat),
                participant: named.participant.clone().or(known.participant),
                ..known
            },
            (None, Some(chat)) => self.key(session, chat, named).await?,
            (None, None) => return Err(Error::UnknownMessage { id: named.id.clone() }),
        };
        if key.from == Origin::Them && matches!(key.chat, Jid::Group(_)) && key.participant.is_none() {
            return Err(Error::NotPossible {
                why: "in a group it has to be said who wrote the message (participant)".into(),
            });
        }
        Ok(key)
    }

    /// The name of the newest message here that can be the one that is meant.
    async fn known(&self, session: &SessionRecord, target: &Target) -> Result<Option<MessageKey>, Error> {
        let Target { chat, named } = target;
        let chat = match chat {
            Some(chat) => match self.mailbox.chat(session.id, chat).await? {
                Some(chat) => Some(chat.jid),
                None => return Ok(None),
            },
            None => None,
        };
        let all = self.mailbox.named(session.id, &named.id).await?;
        let mut keys = all.into_iter().map(|mail| mail.message.key);
        Ok(keys.find(|key| {
            chat.as_ref().is_none_or(|chat| key.chat == *chat) && named.from.is_none_or(|from| key.from == from)
        }))
    }

    /// The key with its author by the address WhatsApp used, where the host has the message: phones compare addresses as they are.
    async fn as_on_the_wire(&self, session: &SessionRecord, key: MessageKey) -> Result<MessageKey, Error> {
        if key.participant.is_none() {
            return Ok(key);
        }
        Ok(match self.recorded(session.id, &key).await? {
            Some(message) => MessageKey {
                participant: Some(message.sender.jid),
                ..key
            },
            None => key,
        })
    }
}

fn first(effects: Vec<Effect>) -> Result<Effect, Error> {
    let first = effects.into_iter().next();
    first.ok_or_else(|| Error::Internal("a request with one action made no effect".into()))
}

/// How often a message will have been passed on: once more than before, unless the account itself wrote it.
fn score(message: &Message) -> u32 {
    let score = match message.key.from {
        Origin::Me => message.forwarded_score,
        Origin::Them => message.forwarded_score.saturating_add(1),
    };
    if score >= OFTEN { FORWARDED_OFTEN } else { score }
}

fn passed_on(message: &Message) -> Result<Content, Error> {
    if message.view_once {
        return Err(Error::NotSupported {
            why: "what may be seen once is not passed on".into(),
        });
    }
    content_passed_on(&message.content)
}

/// What of a message can be passed on.
fn content_passed_on(content: &Content) -> Result<Content, Error> {
    let refused = |why: String| Err(Error::NotSupported { why: why.into() });
    match content.file() {
        Some(file) if !file.source.is_nowhere() && file.source.media_key.is_none() => {
            return refused("files of newsletters are not passed on".to_owned());
        }
        Some(_) | None => {}
    }
    match content {
        Content::Text(_)
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
        | Content::NewsletterInvite(_) => Ok(content.clone()),
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
        | Content::Other(_) => refused(format!("a message of kind {} is not passed on", content.kind())),
    }
}
