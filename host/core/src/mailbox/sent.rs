//! What leaves through the outbox: messages of the account from the moment they are asked for, and what it does to messages once that is
//! done.
//!
//! How far a message has come is read from the outbox when it is shown. A change (an edit, a reaction) counts when WhatsApp has it: until
//! then its effect waits in a list of its own.

use super::about::At;
use super::record::{Author, key};
use super::writing::{Way, Writing};
use crate::address::Party;
use crate::clock::UnixMs;
use crate::effect::{Action, Change, Effect, EffectState, QuoteOf, Send};
use crate::event::Position;
use crate::message::{Content, Message, MessageKey, Origin, Quoted, Unknown};
use crate::outbox::Outbox;
use crate::schema::{session, trailing_number};
use crate::store::{KeyRange, MAX_SCAN, Order, Store, StoreError};
use bytes::Bytes;

impl Writing<'_> {
    pub(super) async fn take_effect(&mut self, effect: Effect) -> Result<(), StoreError> {
        match &effect.action {
            Action::Send(send) => self.sending(&effect, send.as_ref().clone(), 0, false).await,
            Action::SendMarked(marked) => {
                let send = marked.send.clone();
                self.sending(&effect, send, marked.forwarded_score, marked.view_once)
                    .await
            }
            Action::SendRaw(raw) => {
                let send = Send {
                    to: raw.to.clone(),
                    content: Content::Other(Unknown {
                        kind: "raw".into(),
                        text: None,
                        json: None,
                        raw: None,
                    }),
                    quote: None,
                    mentions: Vec::new(),
                    ephemeral_s: None,
                    typing_ms: None,
                };
                self.sending(&effect, send, 0, false).await
            }
            Action::React { .. } | Action::MarkRead { .. } | Action::MarkPlayed { .. } | Action::Change(_) => {
                match effect.state {
                    EffectState::Pending { .. } | EffectState::Held { .. } => {
                        self.batch.put(key::waiting(effect.sequence), Bytes::new());
                        Ok(())
                    }
                    EffectState::Failed { .. } => Ok(()),
                    EffectState::Sent { .. } | EffectState::Delivered { .. } | EffectState::Read { .. } => {
                        self.done(effect.action).await
                    }
                }
            }
            Action::SetTyping { .. } | Action::Webhook(_) => Ok(()),
        }
    }

    /// Takes note of what has become of changes that were pending.
    pub(super) async fn take_settled(&mut self, outbox: &Outbox) -> Result<(), StoreError> {
        let rows = KeyRange::prefix(&[session::MAILBOX_WAITING]);
        let waiting = self.batch.scan(self.space, rows, Order::Ascending, MAX_SCAN).await?;
        for (row, _) in waiting {
            let sequence = Position(trailing_number(&row).unwrap_or_default());
            let effect = outbox.at(self.session, sequence).await?;
            match effect {
                Some(effect) if effect.state.is_pending() => continue,
                Some(effect) => self.take_effect(effect).await?,
                None => {}
            }
            self.batch.delete(row);
        }
        Ok(())
    }

    async fn sending(
        &mut self,
        effect: &Effect,
        send: Send,
        forwarded_score: u32,
        view_once: bool,
    ) -> Result<(), StoreError> {
        let chat = self.canonical(&send.to).await?;
        let name = MessageKey {
            chat: chat.clone(),
            id: effect.id.message_id(),
            from: Origin::Me,
            participant: None,
        };
        let sender = self.me.clone().unwrap_or_else(|| Party::known_as(chat.clone()));
        let kind = chat.chat_kind();
        let mut message = Message::new(name, kind, sender, effect.created_at, send.content);
        message.quoted = send.quote.map(|QuoteOf { key, sender, content }| Quoted {
            key,
            sender,
            kind: content.as_ref().map_or("other", |content| content.kind()).into(),
            text: content.and_then(|content| content.plain_text().map(Into::into)),
        });
        message.mentions = send.mentions;
        message.ephemeral_s = send.ephemeral_s.filter(|seconds| *seconds > 0);
        message.forwarded_score = forwarded_score;
        message.view_once = view_once;
        self.add(message, &Way::Sent(effect.id)).await.map(drop)
    }

    /// Does to messages what WhatsApp has done.
    async fn done(&mut self, action: Action) -> Result<(), StoreError> {
        let at: UnixMs = self.now;
        match action {
            Action::React { target, emoji } => self.react(&target, &Author::Me, emoji, at).await,
            Action::MarkRead { targets } | Action::MarkPlayed { targets } => {
                for target in targets {
                    if let Some((number, _)) = self.find(&target).await? {
                        self.read_up_to(&target.chat, number).await?;
                    }
                }
                Ok(())
            }
            Action::Change(Change::Edit { target, content }) => self.edit(&target, &Author::Me, *content, at).await,
            Action::Change(Change::Revoke { target }) => self.revoke(&target, &Author::Me, at).await,
            Action::Change(Change::Vote(vote)) => self.vote(&vote.poll, &Author::Me, vote.selected, at).await,
            Action::Change(Change::Pin { target, seconds }) => self.pin(&target, seconds.map(Some), at).await,
            Action::Change(Change::Star { target, starred }) => self.star(&target, starred).await,
            Action::Change(Change::DeleteForMe { target, .. }) => self.remove_named(&target).await,
            Action::Send(_)
            | Action::SendMarked(_)
            | Action::SendRaw(_)
            | Action::SetTyping { .. }
            | Action::Webhook(_) => Ok(()),
        }
    }

    /// A mark of somebody else or of the account, as a phone tells of it.
    pub(super) async fn tell(
        &self,
        number: super::record::Number,
        author: &Author,
        mark: At,
    ) -> Result<(), StoreError> {
        self.mark(number, author, mark).await
    }
}
