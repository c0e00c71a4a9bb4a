//! `messaging`: effects of the draft.
//!
//! The id of a message is fixed when it is put into the draft: it derives from the event, the installation and the effect's place,
//! so a repeated call that does the same gets the same ids.

mod change;
mod content;
mod past;

use std::time::Duration;

use waspnest_core::address::Jid;
use waspnest_core::codec::{self, Record};
use waspnest_core::draft::SentKey;
use waspnest_core::effect::{Action, QuoteOf, Send, Typing};
use waspnest_core::id::{EffectId, MessageId};
use waspnest_core::message::{Message, MessageKey, Origin};

use super::{Answer, denied, granted, invalid, spend};
use crate::bindings::waspnest::plugin::messaging::{Host, Options, Outgoing, Page, When};
use crate::bindings::waspnest::plugin::types::{Error, Message as WitMessage, MessageKey as WitKey};
use crate::convert;
use crate::installation::Lane;
use crate::limits::{EMOJI_BYTES, MENTIONS, READ_KEYS, SENT_KEY_BYTES, TYPING_MS};
use crate::manifest::{Capability, Rule};
use crate::state::{Call, CallState};

impl Host for CallState {
    async fn send(&mut self, to: String, what: Outgoing, opts: Option<Options>) -> Answer<String> {
        let call = &mut self.call;
        let to = granted!(jid("to", &to));
        let capability = match &what {
            Outgoing::Raw(_) => Capability::MessagesRaw,
            _ => Capability::MessagesSend,
        };
        granted!(call.may(capability, &to));
        granted!(spend(&mut call.effects)?);
        let options = granted!(call.options(&to, opts));
        let (when, key) = (options.when, options.key.clone());
        if let Some(key) = &key
            && let Some(sent) = call.sent_under(key).await?
        {
            return Ok(Ok(sent.as_str().to_owned()));
        }
        let action = match what {
            Outgoing::Raw(message) => granted!(call.raw(to.clone(), message, options)),
            Outgoing::Forward(key) => granted!(call.forward(to.clone(), &key, options).await?),
            what => {
                let looks = content::looks(&what);
                let content = granted!(call.content(what).await?);
                granted!(looks.suit(&content));
                let quote = match options.quote {
                    Some(key) => Some(call.quote(key).await?),
                    None => None,
                };
                let send = Send {
                    to: to.clone(),
                    content,
                    quote,
                    mentions: options.mentions,
                    ephemeral_s: options.ephemeral_s,
                    typing_ms: options.typing_ms,
                };
                looks.action(send)
            }
        };
        let id = match when {
            When::OnCommit => {
                granted!(call.rate_send(capability, to));
                call.put(action, key)
            }
            When::Now => granted!(call.leave(Leaves::Message(capability, to), action).await?).message_id(),
        };
        Ok(Ok(id.as_str().to_owned()))
    }

    async fn edit(&mut self, target: WitKey, what: Outgoing) -> Answer<()> {
        self.call.edit(&target, what, When::OnCommit).await
    }

    async fn edit_now(&mut self, target: WitKey, what: Outgoing) -> Answer<()> {
        self.call.edit(&target, what, When::Now).await
    }

    async fn revoke(&mut self, target: WitKey) -> Answer<()> {
        self.call.revoke(&target).await
    }

    async fn vote(&mut self, poll: WitKey, options: Vec<String>) -> Answer<()> {
        self.call.vote(&poll, options).await
    }

    async fn pin(&mut self, target: WitKey, seconds: Option<u32>) -> Answer<()> {
        self.call.pin(&target, seconds).await
    }

    async fn star(&mut self, target: WitKey, on: bool) -> Answer<()> {
        self.call.star(&target, on).await
    }

    async fn get_message(&mut self, key: WitKey) -> Answer<WitMessage> {
        self.call.get_message(&key).await
    }

    async fn history(&mut self, chat: String, before: Option<u64>, limit: u32, cursor: Option<String>) -> Answer<Page> {
        self.call.history(&chat, before, limit, cursor).await
    }

    async fn react(&mut self, target: WitKey, emoji: Option<String>) -> Answer<()> {
        let call = &mut self.call;
        let target = granted!(call.key("target", &target));
        granted!(call.may(Capability::MessagesReact, &target.chat));
        granted!(spend(&mut call.effects)?);
        if emoji
            .as_ref()
            .is_some_and(|emoji| emoji.is_empty() || emoji.len() > EMOJI_BYTES)
        {
            return Ok(Err(invalid(
                "emoji",
                format!("must have 1 to {EMOJI_BYTES} bytes; none takes a reaction back"),
            )));
        }
        granted!(call.rate(Capability::MessagesReact));
        call.draft.effects.push(Action::React {
            target,
            emoji: emoji.map(Into::into),
        });
        Ok(Ok(()))
    }

    async fn mark_read(&mut self, targets: Vec<WitKey>) -> Answer<()> {
        let call = &mut self.call;
        if targets.len() > READ_KEYS {
            return Ok(Err(invalid(
                "targets",
                format!("{} keys; at most {READ_KEYS} at a time", targets.len()),
            )));
        }
        // One effect is of one chat and one author, as WhatsApp's receipts are.
        let mut authors: Vec<(Option<Jid>, Vec<MessageKey>)> = Vec::new();
        for target in &targets {
            let key = granted!(call.key("targets", target));
            if key.from == Origin::Me {
                return Ok(Err(invalid(
                    "targets",
                    "the account's own messages cannot be marked as read",
                )));
            }
            match authors.iter_mut().find(|(author, _)| *author == key.participant) {
                Some((_, keys)) => keys.push(key),
                None => authors.push((key.participant.clone(), vec![key])),
            }
        }
        let Some(chat) = authors
            .first()
            .and_then(|(_, keys)| keys.first())
            .map(|key| key.chat.clone())
        else {
            return Ok(Ok(()));
        };
        if authors.iter().flat_map(|(_, keys)| keys).any(|key| key.chat != chat) {
            return Ok(Err(invalid("targets", "are of more than one chat")));
        }
        granted!(call.may(Capability::MessagesRead, &chat));
        if authors.len() as u64 > u64::from(call.effects.left()) {
            return Ok(Err(Error::Quota(call.effects.spent())));
        }
        granted!(call.rate(Capability::MessagesRead));
        for (_, targets) in authors {
            granted!(spend(&mut call.effects)?);
            call.draft.effects.push(Action::MarkRead { targets });
        }
        Ok(Ok(()))
    }

    async fn set_typing(&mut self, chat: String, on: bool, voice: bool) -> Answer<()> {
        let call = &mut self.call;
        let chat = granted!(jid("chat", &chat));
        granted!(call.may(Capability::MessagesTyping, &chat));
        granted!(spend(&mut call.effects)?);
        granted!(call.rate(Capability::MessagesTyping));
        let state = match (on, voice) {
            (false, _) => Typing::Paused,
            (true, false) => Typing::Composing,
            (true, true) => Typing::Recording,
        };
        call.draft.effects.push(Action::SetTyping { chat, state });
        Ok(Ok(()))
    }
}

/// Options of a send, checked.
struct Checked {
    quote: Option<MessageKey>,
    mentions: Vec<Jid>,
    ephemeral_s: Option<u32>,
    typing_ms: Option<u32>,
    when: When,
    key: Option<Box<str>>,
}

impl Checked {
    const NONE: Self = Self {
        quote: None,
        mentions: Vec::new(),
        ephemeral_s: None,
        typing_ms: None,
        when: When::OnCommit,
        key: None,
    };
}

impl Call {
    /// Whether a capability reaches a chat.
    pub(super) fn may(&self, capability: Capability, chat: &Jid) -> Result<(), Error> {
        let scope = self.effective.scope(capability).ok_or_else(|| denied(capability))?;
        for rule in &scope.0 {
            match rule {
                Rule::ReplyOnly if self.scene.is_chat(chat) => {}
                Rule::ReplyOnly => {
                    return Err(Error::Denied(format!(
                        "{capability}: only the chat of the event (scope reply-only)"
                    )));
                }
                Rule::Chats(chats) if chats.contains(chat) => {}
                Rule::Chats(_) => {
                    return Err(Error::Denied(format!(
                        "{capability}: the chat is not among those granted"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Takes a place in the capability's rates.
    pub(super) fn rate(&mut self, capability: Capability) -> Result<(), Error> {
        self.taken.take([Lane::Of(capability)], self.now).map_err(too_fast)
    }

    /// The same for a message, which also counts for the installation and for the chat.
    fn rate_send(&mut self, capability: Capability, to: Jid) -> Result<(), Error> {
        // A person's two addresses are one chat, where that is known.
        let chat = match &self.scene.chat {
            Some(chat) if self.scene.is_chat(&to) => chat.clone(),
            Some(_) | None => to,
        };
        let lanes = [
            Lane::Of(capability),
            Lane::Sends,
            Lane::Chat(self.session.clone(), chat),
        ];
        self.taken.take(lanes, self.now).map_err(too_fast)
    }

    /// Puts an effect that is a message into the draft, under a name if it has one.
    fn put(&mut self, action: Action, key: Option<Box<str>>) -> MessageId {
        // The budget keeps the number of effects far below what an index holds.
        let index = u32::try_from(self.draft.effects.len()).unwrap_or(u32::MAX);
        let message = EffectId::derive(self.event, &self.installation, index).message_id();
        self.draft.effects.push(action);
        self.draft.sent_keys.extend(key.map(|key| SentKey {
            key,
            message: message.clone(),
        }));
        message
    }

    /// Lets an effect leave while the call runs. Its id is that of what is asked for, so that a repeated call that asks for the same
    /// lets nothing leave a second time, and pays for it once.
    async fn leave(&mut self, what: Leaves, action: Action) -> Answer<EffectId> {
        let question = self.question("messaging.send-now", &codec::encode_as(1, &action));
        let id = EffectId::derive_at_once(self.event, &self.installation, question.bytes());
        if let Some(Left) = self.kept(&question).await? {
            return Ok(Ok(id));
        }
        granted!(match what {
            Leaves::Message(capability, to) => self.rate_send(capability, to),
            Leaves::Edit => self.rate(Capability::MessagesEdit),
        });
        self.host.leave(id, action).await?;
        self.taken.keep_last();
        self.keep(&question, &Left).await?;
        Ok(Ok(id))
    }

    /// The message that was sent under a name, in this call or another one of the last day.
    async fn sent_under(&self, key: &str) -> wasmtime::Result<Option<MessageId>> {
        let here = self.draft.sent_keys.iter().find(|sent| &*sent.key == key);
        match here {
            Some(sent) => Ok(Some(sent.message.clone())),
            None => Ok(self.host.sent_under(key).await?),
        }
    }

    fn key(&self, argument: &str, key: &WitKey) -> Result<MessageKey, Error> {
        if key.session != self.session.as_str() {
            return Err(Error::Denied(format!(
                "{argument}: is of another session than the event"
            )));
        }
        convert::key_from_guest(key).map_err(|problem| invalid(argument, problem))
    }

    fn options(&self, to: &Jid, options: Option<Options>) -> Result<Checked, Error> {
        let Some(options) = options else {
            return Ok(Checked::NONE);
        };
        if options.session.is_some_and(|session| session != self.session.as_str()) {
            return Err(Error::Denied(
                "messages.send: another session than the event's".to_owned(),
            ));
        }
        if let Some(key) = &options.idempotency_key {
            if key.is_empty() || key.len() > SENT_KEY_BYTES {
                return Err(invalid(
                    "options.idempotency-key",
                    format!("must have 1 to {SENT_KEY_BYTES} bytes"),
                ));
            }
            if options.when == When::Now {
                return Err(invalid(
                    "options.idempotency-key",
                    "is kept with the draft and cannot be of a message that leaves at once",
                ));
            }
        }
        if let Some(attr) = options.attrs.first() {
            return Err(invalid("options.attrs", format!("{:?} is not known", attr.name)));
        }
        if let Some(ms) = options.typing_ms {
            self.may(Capability::MessagesTyping, to)?;
            if ms > TYPING_MS {
                return Err(invalid("options.typing-ms", format!("at most {TYPING_MS}")));
            }
        }
        if options.mentions.len() > MENTIONS {
            return Err(invalid("options.mentions", format!("at most {MENTIONS} addresses")));
        }
        let mentions = options
            .mentions
            .iter()
            .map(|text| jid("options.mentions", text))
            .collect::<Result<_, _>>()?;
        let quote = options.quote.map(|key| self.key("options.quote", &key)).transpose()?;
        if quote
            .as_ref()
            .is_some_and(|key| key.chat != *to && !(self.scene.is_chat(&key.chat) && self.scene.is_chat(to)))
        {
            return Err(invalid("options.quote", "is of another chat than the message"));
        }
        Ok(Checked {
            quote,
            mentions,
            ephemeral_s: options.ephemeral_s,
            typing_ms: options.typing_ms,
            when: options.when,
            key: options.idempotency_key.map(Into::into),
        })
    }

    /// A message that the host has: the event's own, or one of the log.
    async fn find(&self, key: &MessageKey) -> wasmtime::Result<Option<Message>> {
        Ok(self.recorded(key).await?.map(|recorded| recorded.message))
    }

    /// What a quotation shows: who wrote it, and what it said where the host still has it.
    async fn quote(&self, key: MessageKey) -> wasmtime::Result<QuoteOf> {
        let found = self.find(&key).await?;
        Ok(match found {
            Some(message) => QuoteOf {
                key,
                sender: message.sender.jid,
                content: Some(Box::new(message.content)),
            },
            // Without the message, the best that is known of its author is what the key says.
            None => {
                let said = key
                    .participant
                    .clone()
                    .or_else(|| self.me.clone().filter(|_| key.from == Origin::Me));
                QuoteOf {
                    sender: said.unwrap_or_else(|| key.chat.clone()),
                    key,
                    content: None,
                }
            }
        })
    }
}

/// What leaves at once, by how it is paid for.
enum Leaves {
    Message(Capability, Jid),
    Edit,
}

/// A note that something left at once.
#[derive(serde::Serialize, serde::Deserialize)]
struct Left;

impl Record for Left {
    const VERSION: u8 = 1;
}

fn too_fast(wait: Duration) -> Error {
    Error::RateLimited(Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)))
}

fn jid(argument: &str, text: &str) -> Result<Jid, Error> {
    text.parse().map_err(|error| invalid(argument, error))
}
