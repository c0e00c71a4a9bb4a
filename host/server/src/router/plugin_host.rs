//! What one plugin call may read of the host, and have done while it runs: the state of its installation in the event's session,
//! messages for quotes, requests to servers and to the session's account, and the answers that earlier attempts at the event got.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::draft::{KvEntry, KvKey, KvScope, Pot, Timer, TimerRule};
use waspnest_core::effect::{Action, Cause};
use waspnest_core::event::{Event, EventKind, Position};
use waspnest_core::files::{FileError, FileName};
use waspnest_core::id::{EffectId, EventId, InstallationId, MessageId, SecretName};
use waspnest_core::journal::{Asker, Question};
use waspnest_core::kv::Quota;
use waspnest_core::live;
use waspnest_core::log::Place;
use waspnest_core::message::{Content, MessageKey};
use waspnest_core::outbox::CommitError;
use waspnest_egress::{Body, EgressError, Inbound, Opened, Outbound, Rest};
use waspnest_engine::record::Rules;
use waspnest_engine::{
    BoundSecret, FetchFailure, Host, HostError, HttpAnswer, HttpBody, HttpFailure, HttpIncoming, HttpRequest,
    InvalidMessage, InvalidRule, KeepFailure, KvUsage, Recorded,
};

use super::RouterParts;
use super::installed::Installed;
use crate::source::Recurrence;
use crate::telemetry::span;
use crate::traces::{Parent, Role, Traced, Work};

/// The host as one call sees it. It cannot reach another session, another installation or another event.
#[derive(Debug)]
pub(super) struct PluginHost {
    parts: Arc<RouterParts>,
    installation: InstallationId,
    event: EventId,
    position: Position,
    dialogue_quota: Quota,
    traced: Traced,
    /// Requests that it has made.
    requests: AtomicU32,
}

impl PluginHost {
    pub(super) fn new(parts: &Arc<RouterParts>, installed: &Installed, event: &Event, traced: Traced) -> Self {
        Self {
            parts: Arc::clone(parts),
            installation: installed.installation.id().clone(),
            event: event.id,
            position: event.position,
            dialogue_quota: installed.dialogue_quota(),
            traced,
            requests: AtomicU32::new(0),
        }
    }

    /// A request as it leaves. Where it belongs is said here, below what is kept of it: a later attempt asks the same, and is another call.
    fn outbound(&self, request: HttpRequest) -> (Outbound, Traced) {
        let mut outbound = outbound(request);
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let traced = self.traced.request(&self.parts.traces, number);
        traced.put(&mut outbound.headers);
        (outbound, traced)
    }

    fn tell_request(&self, traced: &Traced, asked: &Asked, answered: Result<StatusCode, &EgressError>) {
        self.parts.traces.tell(traced.context, || {
            let mut facts = vec![
                ("session.id", self.parts.session.to_string().into()),
                ("event.id", self.event.to_string().into()),
                ("plugin.id", self.installation.as_str().into()),
                ("http.request.method", asked.method.as_str().into()),
                ("server.address", asked.host.as_str().into()),
            ];
            facts.extend(
                answered
                    .ok()
                    .map(|status| ("http.response.status_code", status.as_u16().into())),
            );
            Work {
                name: span::PLUGIN_REQUEST,
                role: Role::Client,
                parent: self.traced.context.map(|context| Parent::Here(context.span)),
                took: self.parts.clock.monotonic().saturating_sub(asked.began),
                failed: answered.err().map(class),
                facts,
            }
        });
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

    async fn kv_usage(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        let usage = self
            .parts
            .outbox
            .kv()
            .usage(self.parts.session, &self.installation, pot)
            .await
            .map_err(unreadable)?;
        Ok(KvUsage {
            keys: usage.keys,
            bytes: usage.bytes,
        })
    }

    async fn kv_present(&self, pot: &Pot) -> Result<KvUsage, HostError> {
        // No quota is so small that there could be room, so that what has expired is always looked for.
        let none = Quota { bytes: 0, keys: 0 };
        let kv = self.parts.outbox.kv();
        let usage = kv.present(self.parts.session, &self.installation, pot, none).await;
        let usage = usage.map_err(unreadable)?;
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
            .present(self.parts.session, &self.installation, &Pot::Own, self.dialogue_quota)
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

    async fn message(&self, key: &MessageKey) -> Result<Option<Recorded>, HostError> {
        let event = self.parts.log.find_message(self.parts.session, key).await;
        Ok(event.map_err(unreadable)?.and_then(recorded))
    }

    async fn message_at(&self, position: Position) -> Result<Option<Recorded>, HostError> {
        let event = self.parts.log.get(self.parts.session, position).await;
        Ok(event.map_err(unreadable)?.and_then(recorded))
    }

    async fn history(&self, chat: &Jid, before: Place, limit: usize) -> Result<Vec<Recorded>, HostError> {
        let events = self.parts.log.history(self.parts.session, chat, before, limit).await;
        Ok(events.map_err(unreadable)?.into_iter().filter_map(recorded).collect())
    }

    fn next_cron(&self, expression: &str, zone: &str, after: UnixMs) -> Result<UnixMs, InvalidRule> {
        next_cron(expression, zone, after)
    }

    async fn leave(&self, id: EffectId, action: Action) -> Result<(), HostError> {
        let cause = Cause::Plugin {
            event: self.event,
            position: self.position,
            installation: self.installation.clone(),
        };
        match self.parts.outbox.at_once(self.parts.session, cause, id, action).await {
            Ok(committed) => self.parts.sink.offer(committed).await,
            Err(CommitError::AlreadyDone) => {}
            Err(error @ (CommitError::Conflict | CommitError::KvQuota { .. } | CommitError::Store(_))) => {
                return Err(unreadable(error));
            }
        }
        Ok(())
    }

    async fn sent_under(&self, key: &str) -> Result<Option<MessageId>, HostError> {
        let sent = self
            .parts
            .outbox
            .sent_under(self.parts.session, &self.installation, key)
            .await;
        sent.map_err(unreadable)
    }

    async fn fetch(&self, content: &Content, limit: u64) -> Result<Bytes, FetchFailure> {
        self.parts.shelf.fetch(content, limit).await
    }

    async fn keep_file(&self, bytes: Bytes, limit: u64) -> Result<FileName, KeepFailure> {
        match self.parts.files.put(&self.installation, bytes, limit).await {
            Ok(name) => Ok(name),
            Err(FileError::Quota { .. }) => Err(KeepFailure::Full),
            Err(error @ FileError::Io { .. }) => Err(unreadable(error).into()),
        }
    }

    async fn file(&self, name: &FileName) -> Result<Option<Bytes>, HostError> {
        self.parts.files.get(&self.installation, name).await.map_err(unreadable)
    }

    async fn touch_file(&self, name: &FileName) -> Result<Option<u64>, HostError> {
        self.parts
            .files
            .touch(&self.installation, name)
            .await
            .map_err(unreadable)
    }

    fn judge_raw(&self, message: &[u8]) -> Result<(), InvalidMessage> {
        judge_raw(message)
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

    async fn keep_for_good(&self, question: &Question, answer: &[u8]) -> Result<(), HostError> {
        let kept = self.parts.journal.keep_for_good(self.asker(), question, answer).await;
        kept.map_err(unreadable)
    }

    async fn ask_account(&self, request: live::Request) -> Result<live::Answer, live::Refusal> {
        self.parts.account.ask(request).await
    }

    async fn people(&self, after: Option<&Jid>, limit: usize) -> Result<Vec<Party>, HostError> {
        let contacts = self.parts.log.contacts();
        let pairs = contacts
            .list(self.parts.session, after, limit)
            .await
            .map_err(unreadable)?;
        let person = |(phone, lid)| Party {
            alt: Some(lid),
            ..Party::known_as(phone)
        };
        Ok(pairs.into_iter().map(person).collect())
    }

    async fn secret(&self, name: &SecretName) -> Result<Option<BoundSecret>, HostError> {
        self.parts.secrets.bound(name).await.map_err(|error| {
            tracing::error!(plugin.id = %self.installation, secret = %name, error = &error as &dyn std::error::Error, "a secret cannot be used");
            unreadable(error)
        })
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFailure> {
        let asked = Asked::of(&request, &*self.parts.clock);
        let (outbound, traced) = self.outbound(request);
        let answer = self.parts.egress.exchange(outbound).await;
        self.tell_request(&traced, &asked, answer.as_ref().map(|answer| answer.status));
        let Inbound {
            status,
            headers,
            body,
            rest,
        } = answer.map_err(unanswered)?;
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

    async fn open(&self, request: HttpRequest) -> Result<HttpIncoming, HttpFailure> {
        let asked = Asked::of(&request, &*self.parts.clock);
        let (outbound, traced) = self.outbound(request);
        let opened = self.parts.egress.open(outbound).await;
        self.tell_request(&traced, &asked, opened.as_ref().map(|opened| opened.status));
        let Opened { status, headers, body } = opened.map_err(unanswered)?;
        Ok(HttpIncoming {
            status: status.as_u16(),
            headers,
            body: Box::new(ComingBody(body)),
        })
    }
}

/// What is known of a request when it has ended.
struct Asked {
    method: Method,
    host: String,
    began: Duration,
}

impl Asked {
    fn of(request: &HttpRequest, clock: &dyn Clock) -> Self {
        Self {
            method: request.method.clone(),
            host: request.url.host_str().unwrap_or_default().to_owned(),
            began: clock.monotonic(),
        }
    }
}

/// As what a request failed.
const fn class(error: &EgressError) -> &'static str {
    match error {
        EgressError::Forbidden(_) | EgressError::Url => "forbidden",
        EgressError::Unreachable(_) => "unreachable",
        EgressError::TimedOut(_) => "timed_out",
    }
}

/// A body as the engine takes it.
struct ComingBody(Body);

#[async_trait]
impl HttpBody for ComingBody {
    async fn next(&mut self, wait: Duration, gather: Duration) -> Result<Option<Bytes>, HttpFailure> {
        self.0.next(wait, gather).await.map_err(unanswered)
    }
}

fn outbound(request: HttpRequest) -> Outbound {
    let HttpRequest {
        method,
        url,
        headers,
        body,
        timeout,
        max_bytes,
    } = request;
    Outbound {
        method,
        url,
        headers,
        body,
        timeout,
        max_bytes,
    }
}

fn unanswered(error: EgressError) -> HttpFailure {
    match error {
        error @ (EgressError::Forbidden(_) | EgressError::Url) => HttpFailure::Forbidden(error.to_string()),
        EgressError::Unreachable(why) => HttpFailure::Unreachable(why.into()),
        EgressError::TimedOut(_) => HttpFailure::TimedOut,
    }
}

/// What follows from a question alone, whoever asks.
pub(crate) const RULES: Rules = Rules { next_cron, judge_raw };

fn next_cron(expression: &str, zone: &str, after: UnixMs) -> Result<UnixMs, InvalidRule> {
    let rule = TimerRule::Cron(expression.into());
    let recurrence = Recurrence::of_timer(&rule, zone).map_err(|error| InvalidRule(describe(&error)))?;
    recurrence
        .next(after)
        .ok_or_else(|| InvalidRule(format!("{expression:?} names no moment in the future")))
}

fn judge_raw(message: &[u8]) -> Result<(), InvalidMessage> {
    match waspnest_whatsapp::encode::raw(message) {
        Ok(_) => Ok(()),
        Err(error) => Err(InvalidMessage(error.to_string())),
    }
}

/// The message an event recorded.
fn recorded(event: Event) -> Option<Recorded> {
    match event.kind {
        EventKind::Message(message) => Some(Recorded {
            event: event.id,
            position: event.position,
            message: *message,
        }),
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
