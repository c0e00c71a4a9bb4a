//! What one plugin call may read of the host, and have done while it runs: the state of its installation in the event's session,
//! messages for quotes, requests to servers, and the answers that earlier attempts at the event got.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use waspnest_core::clock::UnixMs;
use waspnest_core::draft::{KvEntry, KvKey, KvScope, Timer, TimerRule};
use waspnest_core::event::{EventKind, Position};
use waspnest_core::id::InstallationId;
use waspnest_core::journal::{Asker, Question};
use waspnest_core::kv::Quota;
use waspnest_core::message::{Message, MessageKey};
use waspnest_egress::{EgressError, Inbound, Outbound, Rest};
use waspnest_engine::{Host, HostError, HttpAnswer, HttpFailure, HttpRequest, InvalidMessage, InvalidRule, KvUsage};

use super::RouterParts;
use super::installed::Installed;
use crate::source::Recurrence;

/// The host as one call sees it. It cannot reach another session, another installation or another event.
#[derive(Debug)]
pub(super) struct PluginHost {
    parts: Arc<RouterParts>,
    installation: InstallationId,
    position: Position,
    dialogue_quota: Quota,
}

impl PluginHost {
    pub(super) fn new(parts: &Arc<RouterParts>, installed: &Installed, position: Position) -> Self {
        Self {
            parts: Arc::clone(parts),
            installation: installed.installation.id().clone(),
            position,
            dialogue_quota: installed.dialogue_quota(),
        }
    }

    fn asker(&self) -> Asker<'_> {
        Asker {
            session: self.parts.session,
            installation: &self.installation,
            position: self.position,
        }
    }
}

fn unreadable(error: impl std::error::Error + Send + Sync + 'static) -> HostError {
    HostError(Box::new(error))
}

#[async_trait]
impl Host for PluginHost {
    async fn kv_get(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        self.parts
            .outbox
            .kv()
            .get(self.parts.session, &self.installation, key)
            .await
            .map_err(unreadable)
    }

    async fn kv_scan(
        &self,
        scope: &KvScope,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(Box<str>, KvEntry)>, HostError> {
        let parts = &self.parts;
        parts
            .outbox
            .kv()
            .scan(parts.session, &self.installation, scope, prefix, after, limit)
            .await
            .map_err(unreadable)
    }

    async fn kv_usage(&self) -> Result<KvUsage, HostError> {
        let usage = self
            .parts
            .outbox
            .kv()
            .usage(self.parts.session, &self.installation)
            .await
            .map_err(unreadable)?;
        Ok(KvUsage {
            keys: usage.keys,
            bytes: usage.bytes,
        })
    }

    async fn dialogue(&self, key: &KvKey) -> Result<Option<KvEntry>, HostError> {
        let dialogues = self.parts.outbox.dialogues();
        dialogues
            .get(self.parts.session, &self.installation, key)
            .await
            .map_err(unreadable)
    }

    async fn dialogue_usage(&self) -> Result<KvUsage, HostError> {
        let dialogues = self.parts.outbox.dialogues();
        let usage = dialogues
            .present(self.parts.session, &self.installation, self.dialogue_quota)
            .await;
        let usage = usage.map_err(unreadable)?;
        Ok(KvUsage {
            keys: usage.keys,
            bytes: usage.bytes,
        })
    }

    async fn timers(&self) -> Result<Vec<Timer>, HostError> {
        self.parts
            .outbox
            .timers()
            .list(self.parts.session, &self.installation)
            .await
            .map_err(unreadable)
    }

    async fn message(&self, key: &MessageKey) -> Result<Option<Message>, HostError> {
        let event = self
            .parts
            .log
            .find_message(self.parts.session, key)
            .await
            .map_err(unreadable)?;
        Ok(event.and_then(|event| match event.kind {
            EventKind::Message(message) => Some(*message),
            EventKind::Tick(_)
            | EventKind::Receipt(_)
            | EventKind::Group(_)
            | EventKind::Presence(_)
            | EventKind::Contact(_)
            | EventKind::Chat(_)
            | EventKind::Call(_)
            | EventKind::Session(_) => None,
        }))
    }

    fn next_cron(&self, expression: &str, zone: &str, after: UnixMs) -> Result<UnixMs, InvalidRule> {
        let rule = TimerRule::Cron(expression.into());
        let recurrence = Recurrence::of_timer(&rule, zone).map_err(|error| InvalidRule(describe(&error)))?;
        recurrence
            .next(after)
            .ok_or_else(|| InvalidRule(format!("{expression:?} names no moment in the future")))
    }

    fn judge_raw(&self, message: &[u8]) -> Result<(), InvalidMessage> {
        match waspnest_whatsapp::encode::raw(message) {
            Ok(_) => Ok(()),
            Err(error) => Err(InvalidMessage(error.to_string())),
        }
    }

    async fn kept(&self, question: &Question) -> Result<Option<Bytes>, HostError> {
        self.parts
            .journal
            .answer(self.asker(), question)
            .await
            .map_err(unreadable)
    }

    async fn keep(&self, question: &Question, answer: &[u8]) -> Result<(), HostError> {
        let kept = self.parts.journal.keep(self.asker(), question, answer).await;
        kept.map(drop).map_err(unreadable)
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        let HttpRequest {
            method,
            url,
            headers,
            body,
            timeout,
            max_bytes,
        } = request;
        let outbound = Outbound {
            method,
            url,
            headers,
            body,
            timeout,
            max_bytes,
        };
        let Inbound {
            status,
            headers,
            body,
            rest,
        } = self
            .parts
            .egress
            .exchange(outbound)
            .await
            .map_err(|error| match error {
                error @ (EgressError::Forbidden(_) | EgressError::Url) => HttpFailure::Forbidden(error.to_string()),
                EgressError::Unreachable(why) => HttpFailure::Unreachable(why.into()),
                EgressError::TimedOut(_) => HttpFailure::TimedOut,
            })?;
        Ok(HttpAnswer {
            status: status.as_u16(),
            headers,
            body,
            truncated: match rest {
                Rest::None => false,
                Rest::Left => true,
            },
        })
    }
}

/// An error with its causes, for the plugin's author.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
