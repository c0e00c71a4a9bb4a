//! The session's send policy at work: lets a message leave, or holds it back until it may.
//!
//! It stands before the connection, in the one place that everything passes, whoever asked for it. It never fails a message and never
//! changes their order in a chat: what is held back keeps its place in its lane. While the policy is off it looks at nothing and remembers
//! nothing.

mod standing;
mod windows;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::{Clock, Ids, UnixMs};
use waspnest_core::effect::{Action, Change, Effect, Progress, Send};
use waspnest_core::event::Position;
use waspnest_core::id::{EffectId, SessionId};
use waspnest_core::log::Log;
use waspnest_core::outbox::Outbox;
use waspnest_core::send_ledger::{Departure, Linked, SendLedger, Standing};
use waspnest_core::store::{Store, StoreError};

use crate::config::send_policy::{Activity, SendPolicy};
use crate::rfc3339::rfc3339;
use windows::{Because, Windows};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A held message that could not leave when that was expected is told of again, when it will be so much later.
const RETOLD_AFTER: Duration = Duration::from_secs(60);

/// What the policy of a session is made of.
#[derive(Debug, Clone)]
pub(crate) struct PolicyParts {
    pub session: SessionId,
    /// What holds now.
    pub policy: watch::Receiver<Arc<SendPolicy>>,
    /// Who the session is.
    pub me: watch::Receiver<Option<Party>>,
    pub log: Log,
    pub outbox: Outbox,
    pub ledger: SendLedger,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
}

impl PolicyParts {
    /// A policy that holds nothing back.
    pub(crate) fn off(
        session: SessionId,
        log: &Log,
        outbox: &Outbox,
        store: &Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self {
            session,
            policy: watch::Sender::new(Arc::default()).subscribe(),
            me: watch::Sender::new(None).subscribe(),
            log: log.clone(),
            outbox: outbox.clone(),
            ledger: SendLedger::new(Arc::clone(store)),
            clock,
            ids,
        }
    }
}

/// A message that is held back.
#[derive(Debug)]
struct Held {
    effect: Effect,
    standing: Standing,
    /// What was told of when it may leave.
    until: UnixMs,
}

/// What happened that the sink should look at.
#[derive(Debug)]
pub(super) enum Happened {
    /// It is known how a message stands to its chat.
    Judged(Box<Effect>, Standing),
    /// Something that is held back may be free to leave.
    Moment,
}

/// The policy of one session at work.
#[derive(Debug)]
pub(super) struct Policy {
    parts: PolicyParts,
    /// The policy whose state is loaded; none while it is off.
    active: Option<Arc<SendPolicy>>,
    windows: Windows,
    linked_since: UnixMs,
    held: BTreeMap<Position, Held>,
    by_chat: HashMap<Jid, Position>,
    judging: JoinSet<Result<(Effect, Standing), StoreError>>,
    moment: JoinSet<()>,
    /// The next moment that is waited for.
    wakes_at: Option<UnixMs>,
}

impl Policy {
    pub(super) fn new(mut parts: PolicyParts) -> Self {
        parts.policy.mark_changed();
        Self {
            parts,
            active: None,
            windows: Windows::default(),
            linked_since: UnixMs(0),
            held: BTreeMap::new(),
            by_chat: HashMap::new(),
            judging: JoinSet::new(),
            moment: JoinSet::new(),
            wakes_at: None,
        }
    }

    /// Whether a message may leave unseen: the policy is off, it is none, or it has been let go before.
    pub(super) fn passes(&self, effect: &Effect) -> bool {
        self.active.is_none() || self.windows.knows(effect.id) || !is_judged(&effect.action)
    }

    /// Finds out how a message stands to its chat; [`Happened::Judged`] tells.
    pub(super) fn judge(&mut self, effect: Effect) {
        let (parts, active) = (self.parts.clone(), self.active.clone());
        self.judging.spawn(async move {
            let window = active.map_or(DAY, |policy| policy.answer_window);
            let standing = standing::of(&parts, &effect, window).await?;
            Ok((effect, standing))
        });
    }

    /// The next thing that happens. May be dropped and called again.
    ///
    /// # Errors
    /// When the store is lost.
    pub(super) async fn happens(&mut self) -> Result<Happened, StoreError> {
        loop {
            tokio::select! {
                biased;
                Ok(()) = self.parts.policy.changed() => {
                    return Ok(Happened::Moment);
                }
                Some(judged) = self.judging.join_next(), if !self.judging.is_empty() => {
                    // A task that was cut off is one of a host that ends.
                    if let Ok(judged) = judged {
                        let (effect, standing) = judged?;
                        return Ok(Happened::Judged(Box::new(effect), standing));
                    }
                }
                Some(_) = self.moment.join_next(), if !self.moment.is_empty() => {
                    self.wakes_at = None;
                    return Ok(Happened::Moment);
                }
                else => std::future::pending().await,
            }
        }
    }

    /// Takes up the policy that holds now, with what is remembered for it.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn take_up(&mut self) -> Result<(), StoreError> {
        let policy = Arc::clone(&self.parts.policy.borrow_and_update());
        match policy.activity {
            Activity::Off => {
                self.active = None;
                self.windows = Windows::default();
            }
            Activity::On => {
                if self.active.is_none() {
                    let since = UnixMs(self.now().0.saturating_sub(ms(DAY)));
                    let departures = self.parts.ledger.departures(self.parts.session, since).await?;
                    self.windows = Windows::of(departures);
                    let linked = self.parts.ledger.linked(self.parts.session).await?;
                    self.linked_since = linked.map_or_else(|| self.now(), |linked| linked.since);
                }
                self.active = Some(policy);
            }
        }
        Ok(())
    }

    /// Notes which account is linked, where it is another one than before.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn connected(&mut self) -> Result<(), StoreError> {
        let account = self.parts.me.borrow().as_ref().map(|me| me.canonical().clone());
        let Some(account) = account else { return Ok(()) };
        let known = self.parts.ledger.linked(self.parts.session).await?;
        self.linked_since = match known {
            Some(linked) if linked.account == account => linked.since,
            Some(_) | None => {
                let since = self.now();
                let linked = Linked { account, since };
                self.parts.ledger.link(self.parts.session, &linked).await?;
                since
            }
        };
        Ok(())
    }

    /// Decides on a message whose turn it is: gives it back if it leaves now, and keeps it if it has to wait.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn weigh(&mut self, effect: Effect, standing: Standing) -> Result<Option<Effect>, StoreError> {
        let Some((policy, chat)) = self.active.clone().zip(effect.action.chat().cloned()) else {
            return Ok(Some(effect));
        };
        let now = self.now();
        self.windows.set_back(now);
        let (free, because) = self
            .windows
            .earliest(&policy, self.part(&policy), (&chat, standing), now);
        let Some(because) = because.filter(|_| free > now) else {
            return self.let_go(effect, chat, standing).await.map(Some);
        };
        let ahead = self
            .held
            .values()
            .filter(|held| held.standing != Standing::Answer)
            .count();
        let until = match standing {
            Standing::Answer => free,
            Standing::Known | Standing::New => free.plus(policy.pace() * u32::try_from(ahead).unwrap_or(u32::MAX)),
        };
        self.tell(effect.id, until, because).await?;
        self.by_chat.insert(chat, effect.sequence);
        self.held.insert(
            effect.sequence,
            Held {
                effect,
                standing,
                until,
            },
        );
        self.wait_until(free);
        Ok(None)
    }

    /// What is held back and may leave now, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn release(&mut self) -> Result<Vec<Effect>, StoreError> {
        self.take_up().await?;
        let Some(policy) = self.active.clone() else {
            self.by_chat.clear();
            return Ok(std::mem::take(&mut self.held)
                .into_values()
                .map(|held| held.effect)
                .collect());
        };
        let now = self.now();
        self.windows.set_back(now);
        let mut next: Option<UnixMs> = None;
        let mut leaving = Vec::new();
        let (mut late, mut ahead) = (Vec::new(), 0);
        for (sequence, held) in &self.held {
            let Some(chat) = held.effect.action.chat() else {
                continue;
            };
            let of = (chat, held.standing);
            let (free, because) = self.windows.earliest(&policy, self.part(&policy), of, now);
            match because.filter(|_| free > now) {
                None => {
                    // The next one is weighed with this one gone.
                    self.windows.add(&departure(now, &held.effect, chat, held.standing));
                    leaving.push(*sequence);
                }
                Some(because) => {
                    next = Some(next.map_or(free, |next| next.min(free)));
                    let expected = free.plus(policy.pace() * ahead);
                    if expected > held.until.plus(RETOLD_AFTER) && held.until <= now {
                        late.push((*sequence, expected, because));
                    }
                    ahead += 1;
                }
            }
        }
        for (sequence, until, because) in late {
            if let Some(held) = self.held.get_mut(&sequence) {
                held.until = until;
                let id = held.effect.id;
                self.tell(id, until, because).await?;
            }
        }
        let mut gone = Vec::with_capacity(leaving.len());
        for sequence in leaving {
            if let Some(Held { effect, standing, .. }) = self.held.remove(&sequence)
                && let Some(chat) = effect.action.chat().cloned()
            {
                self.by_chat.remove(&chat);
                gone.push(self.note(effect, chat, standing).await?);
            }
        }
        if let Some(next) = next {
            self.wait_until(next);
        }
        Ok(gone)
    }

    /// The message of a chat that is held back, to be judged anew: something new is behind it.
    pub(super) fn look_again(&mut self, chat: Option<&Jid>) {
        if let Some(sequence) = chat.and_then(|chat| self.by_chat.remove(chat))
            && let Some(held) = self.held.remove(&sequence)
        {
            self.judge(held.effect);
        }
    }

    /// Gives up a message that is held back; none when none of that name is.
    pub(super) fn give_up(&mut self, id: EffectId) -> Option<Effect> {
        let found = self.held.iter().find(|(_, held)| held.effect.id == id);
        let sequence = found.map(|(sequence, _)| *sequence)?;
        let held = self.held.remove(&sequence)?;
        if let Some(chat) = held.effect.action.chat() {
            self.by_chat.remove(chat);
        }
        Some(held.effect)
    }

    /// Takes back that a message was let go: there was no connection for it.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn take_back(&mut self, effect: &Effect) -> Result<(), StoreError> {
        match self.windows.remove(effect.id) {
            Some(departure) => self.parts.ledger.take_back(self.parts.session, &departure).await,
            None => Ok(()),
        }
    }

    async fn let_go(&mut self, effect: Effect, chat: Jid, standing: Standing) -> Result<Effect, StoreError> {
        self.windows.add(&departure(self.now(), &effect, &chat, standing));
        self.note(effect, chat, standing).await
    }

    /// Remembers that a message leaves, and lets it be written as people write.
    async fn note(&mut self, mut effect: Effect, chat: Jid, standing: Standing) -> Result<Effect, StoreError> {
        let now = self.now();
        let old = UnixMs(now.0.saturating_sub(ms(DAY)));
        let departure = departure(now, &effect, &chat, standing);
        self.parts.ledger.note(self.parts.session, &departure, old).await?;
        if let Some(policy) = &self.active {
            write_like_people(&mut effect.action, policy, self.parts.ids.seed());
        }
        Ok(effect)
    }

    async fn tell(&self, id: EffectId, until: UnixMs, because: Because) -> Result<(), StoreError> {
        let because = format!(
            "the send policy holds it back until about {}: {because}",
            rfc3339(until)
        )
        .into();
        let held = Progress::Held { until, because };
        self.parts.outbox.progress(self.parts.session, id, held).await.map(drop)
    }

    fn wait_until(&mut self, at: UnixMs) {
        if self.wakes_at.is_none_or(|wakes_at| at < wakes_at) {
            self.wakes_at = Some(at);
            self.moment.spawn(self.parts.clock.sleep_until(at));
        }
    }

    /// The part of its rates that an account has that was linked so long ago.
    fn part(&self, policy: &SendPolicy) -> f64 {
        let days = self.now().since(self.linked_since).as_secs_f64() / DAY.as_secs_f64();
        let whole = f64::from(policy.warm_up_days);
        if days >= whole {
            return 1.0;
        }
        policy.warm_up_start + (1.0 - policy.warm_up_start) * days / whole
    }

    fn now(&self) -> UnixMs {
        self.parts.clock.now()
    }
}

impl SendPolicy {
    /// The time between messages that the tightest of its rates comes to.
    fn pace(&self) -> Duration {
        let rate = |count: u32, span: Duration| if count == 0 { Duration::ZERO } else { span / count };
        let rates = [
            rate(self.per_minute, Duration::from_secs(60)),
            rate(self.per_hour, Duration::from_secs(3600)),
            rate(self.per_day, DAY),
            self.distance,
        ];
        rates.into_iter().max().unwrap_or_default()
    }
}

fn departure(at: UnixMs, effect: &Effect, chat: &Jid, standing: Standing) -> Departure {
    Departure {
        at,
        effect: effect.id,
        chat: chat.clone(),
        standing,
    }
}

fn ms(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// What WhatsApp sees as a message. Taking one back is never held up.
fn is_judged(action: &Action) -> bool {
    match action {
        Action::Send(_) | Action::SendMarked(_) | Action::SendRaw(_) | Action::React { .. } => true,
        Action::Change(Change::Edit { .. } | Change::Vote(_) | Change::Pin { .. }) => true,
        Action::Change(Change::Revoke { .. } | Change::Star { .. } | Change::DeleteForMe { .. })
        | Action::MarkPlayed { .. }
        | Action::MarkRead { .. }
        | Action::SetTyping { .. }
        | Action::Webhook(_) => false,
    }
}

/// Shows "typing" before a text as long as somebody might have written it, where whoever asked for it said nothing of that.
fn write_like_people(action: &mut Action, policy: &SendPolicy, seed: u64) {
    let send = match action {
        Action::Send(send) => send.as_mut(),
        Action::SendMarked(marked) => &mut marked.send,
        Action::React { .. }
        | Action::MarkPlayed { .. }
        | Action::MarkRead { .. }
        | Action::SetTyping { .. }
        | Action::Change(_)
        | Action::SendRaw(_)
        | Action::Webhook(_) => return,
    };
    let Send { content, typing_ms, .. } = send;
    if typing_ms.is_some() {
        return;
    }
    let characters = content.plain_text().map_or(0, |text| text.chars().count());
    let span = policy.typing_per_character * u32::try_from(characters).unwrap_or(u32::MAX);
    let span = ms(span.min(policy.typing_max));
    let lot = (seed as f64 / u64::MAX as f64 * 2.0 - 1.0) * policy.typing_jitter;
    let span = (span as f64 * (1.0 + lot)).min(ms(policy.typing_max) as f64) as u32;
    *typing_ms = (span > 0).then_some(span);
}
