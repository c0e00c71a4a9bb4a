//! One commit for everything a plugin call, or a REST request, asks for.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::queue::Locked;
use super::{Call, CommitError, Committed, EffectRecord, Migration, Outbox, Place, StateRecord, place_key};
use crate::clock::UnixMs;
use crate::codec;
use crate::data_version::{self, DataVersion};
use crate::draft::{Draft, KvEntry, KvKey, KvRead, KvWrite, Pot, Publication, TimerChange, TimerOrigin};
use crate::effect::{Action, Cause, Effect};
use crate::event::{Event, EventKind, TopicEvent};
use crate::id::{EffectId, EventId, InstallationId, SessionId};
use crate::journal::{self, Asker};
use crate::kv::{KvView, Quota, Usage, is_expired};
use crate::long_record;
use crate::progress::{self, Round};
use crate::schema::{self, Shelf, session};
use crate::store::{Applied, Commit, Expect, KeyRange, MAX_SCAN, Op, Order, Space, StoreError};
use crate::timer::Timers;

pub(super) async fn draft(
    outbox: &Outbox,
    session: SessionId,
    call: Call<'_>,
    draft: Draft,
) -> Result<Committed, CommitError> {
    let Call {
        event,
        installation,
        quota,
        dialogue_quota,
        round,
        also_done,
    } = call;
    let queue = outbox.queues.of(session);
    let mut queue = queue.lock(outbox, session).await?;
    let now = outbox.clock.now();
    let mut commit =
        Commit::durable(Space::Session(session)).delete(progress::attempt_key(installation, event.position));
    commit = match round {
        Round::First => {
            let done = progress::done_key(installation, event.position);
            commit
                .put(done.clone(), progress::done_mark())
                .expect(Expect::Absent(done))
        }
        Round::Replay => {
            let wanted = progress::replay_key(installation, event.position);
            commit
                .delete(wanted.clone())
                .expect(Expect::Equals(wanted, progress::replay_mark()))
        }
    };
    for other in also_done {
        commit = commit
            .put(progress::done_key(other, event.position), progress::done_mark())
            .delete(progress::attempt_key(other, event.position));
    }
    let cause = Cause::Plugin {
        event: event.id,
        position: event.position,
        installation: installation.clone(),
    };
    let effects = effects(&mut queue, session, event.id, installation, &cause, draft.effects, now);
    write_effects(&mut commit, &effects)?;
    outbox
        .name_sent(session, installation, &draft.sent_keys, &mut commit.ops)
        .await?;
    if draft.questions > 0 {
        let asker = Asker {
            session,
            installation,
            position: event.position,
        };
        commit.ops.extend(journal::forgetting(&*outbox.store, asker).await?);
    }
    let values = |shelf| Values {
        outbox,
        session,
        installation,
        shelf,
        now,
        rows: BTreeMap::new(),
    };
    let mut usages = Vec::new();
    for (shelf, reads, writes, quota) in [
        (Shelf::Values, draft.kv_reads, draft.kv, quota),
        (Shelf::Dialogues, draft.dialogue_reads, draft.dialogues, dialogue_quota),
    ] {
        let mut values = values(shelf);
        values.check(&reads).await?;
        usages.extend(values.write(&mut queue, writes, quota, &mut commit.ops).await?);
    }
    commit.ops.extend(Timers::writes(installation, &draft.timers));
    let topics = topics(event, installation, draft.topics);
    let applied = if topics.is_empty() {
        make(outbox, &mut queue, (session, installation), &draft.timers, commit).await?
    } else {
        let recorded = outbox.log.publish(session, topics, async |rows| {
            commit.ops.extend(rows);
            make(outbox, &mut queue, (session, installation), &draft.timers, commit).await
        });
        recorded.await?.0
    };
    for (key, usage) in usages {
        queue.set_usage(key, usage);
    }
    queue.add(&effects);
    outbox.meters.asked(&effects);
    Ok(Committed { effects, applied })
}

pub(super) async fn migration(
    outbox: &Outbox,
    session: SessionId,
    installation: &InstallationId,
    quota: Quota,
    migration: Migration,
) -> Result<Applied, CommitError> {
    let Migration {
        writes,
        reads,
        data_version,
    } = migration;
    let queue = outbox.queues.of(session);
    let mut queue = queue.lock(outbox, session).await?;
    let mut commit = Commit::durable(Space::Session(session)).put(
        data_version::key(installation),
        codec::encode(&DataVersion(data_version)),
    );
    let mut values = Values {
        outbox,
        session,
        installation,
        shelf: Shelf::Values,
        now: outbox.clock.now(),
        rows: BTreeMap::new(),
    };
    values.check(&reads).await?;
    let usages = values.write(&mut queue, writes, quota, &mut commit.ops).await?;
    let applied = queue.committing(outbox.store.commit(commit)).await?;
    for (key, usage) in usages {
        queue.set_usage(key, usage);
    }
    Ok(applied)
}

/// Makes the commit of a draft, whose timers are seen as soon as it is applied.
async fn make(
    outbox: &Outbox,
    queue: &mut Locked<'_>,
    (session, installation): (SessionId, &InstallationId),
    timers: &[TimerChange],
    commit: Commit,
) -> Result<Applied, CommitError> {
    let applied = if timers.is_empty() {
        queue.committing(outbox.store.commit(commit)).await
    } else {
        let commit = outbox
            .timers
            .changing(session, installation, timers, outbox.store.commit(commit));
        queue.committing(commit).await
    };
    applied.map_err(already_done)
}

/// What a draft tells other installations, as events. They are of the chat that was being served.
fn topics(event: &Event, publisher: &InstallationId, publications: Vec<Publication>) -> Vec<EventKind> {
    let sender = match &event.kind {
        EventKind::Tick(tick) => tick.origin.as_ref().and_then(|origin| origin.sender.clone()),
        EventKind::Topic(topic) => topic.origin.as_ref().and_then(|origin| origin.sender.clone()),
        EventKind::Message(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Request(_) => event.kind.person().map(|person| person.canonical().clone()),
    };
    let origin = event.kind.chat().map(|chat| TimerOrigin {
        chat: chat.clone(),
        sender,
    });
    let topic = |publication| {
        let Publication { topic, body, hops } = publication;
        EventKind::Topic(Box::new(TopicEvent {
            topic,
            publisher: publisher.clone(),
            body,
            hops,
            origin: origin.clone(),
        }))
    };
    publications.into_iter().map(topic).collect()
}

pub(super) async fn at_once(
    outbox: &Outbox,
    session: SessionId,
    cause: Cause,
    id: EffectId,
    action: Action,
) -> Result<Committed, CommitError> {
    let queue = outbox.queues.of(session);
    let mut queue = queue.lock(outbox, session).await?;
    let StateRecord { state, attempts } = StateRecord::untried();
    let effects = vec![Effect {
        id,
        session,
        sequence: queue.last().next(),
        cause,
        action,
        created_at: outbox.clock.now(),
        state,
        attempts,
    }];
    put_in(outbox, &mut queue, session, effects).await
}

pub(super) async fn request(
    outbox: &Outbox,
    session: SessionId,
    request: EventId,
    actions: Vec<Action>,
) -> Result<Committed, CommitError> {
    let queue = outbox.queues.of(session);
    let mut queue = queue.lock(outbox, session).await?;
    let effects = effects(
        &mut queue,
        session,
        request,
        &by_request(),
        &Cause::Request { request },
        actions,
        outbox.clock.now(),
    );
    put_in(outbox, &mut queue, session, effects).await
}

/// Commits effects that are not of a draft, unless they were committed before.
async fn put_in(
    outbox: &Outbox,
    queue: &mut Locked<'_>,
    session: SessionId,
    effects: Vec<Effect>,
) -> Result<Committed, CommitError> {
    let mut commit = Commit::durable(Space::Session(session));
    write_effects(&mut commit, &effects)?;
    commit.expect.extend(
        effects
            .iter()
            .map(|effect| Expect::Absent(place_key(&effect.id.message_id()))),
    );
    let applied = queue
        .committing(outbox.store.commit(commit))
        .await
        .map_err(already_done)?;
    queue.add(&effects);
    outbox.meters.asked(&effects);
    Ok(Committed { effects, applied })
}

/// Whose effects those of requests are; their ids differ by the request.
#[expect(clippy::expect_used, reason = "a constant that is a valid id")]
fn by_request() -> InstallationId {
    "rest".parse().expect("a slug is an installation id")
}

/// The only expectation of these commits is that the call was not committed before.
fn already_done(error: StoreError) -> CommitError {
    match error {
        StoreError::Conflict => CommitError::AlreadyDone,
        error @ (StoreError::TooLarge { .. }
        | StoreError::Read { .. }
        | StoreError::Lost { .. }
        | StoreError::Damaged { .. }) => CommitError::Store(error),
    }
}

fn effects(
    queue: &mut Locked<'_>,
    session: SessionId,
    event: EventId,
    installation: &InstallationId,
    cause: &Cause,
    actions: Vec<Action>,
    now: UnixMs,
) -> Vec<Effect> {
    let mut sequence = queue.last();
    let StateRecord { state, attempts } = StateRecord::untried();
    let effect = |(index, action): (u32, Action)| {
        sequence = sequence.next();
        let id = EffectId::derive(event, installation, index);
        Effect {
            id,
            session,
            sequence,
            cause: cause.clone(),
            action,
            created_at: now,
            state: state.clone(),
            attempts,
        }
    };
    (0..).zip(actions).map(effect).collect()
}

fn write_effects(commit: &mut Commit, effects: &[Effect]) -> Result<(), StoreError> {
    for effect in effects {
        let record = EffectRecord {
            id: effect.id,
            cause: effect.cause.clone(),
            action: effect.action.clone(),
            created_at: effect.created_at,
        };
        long_record::put(
            &mut commit.ops,
            schema::at(session::EFFECT, effect.sequence),
            codec::encode(&record),
        )?;
        let place = Place {
            sequence: effect.sequence,
            id: effect.id,
        };
        commit
            .ops
            .push(Op::Put(place_key(&effect.id.message_id()), codec::encode(&place)));
    }
    Ok(())
}

/// The values one draft reads and writes, as they are now.
pub(super) struct Values<'a> {
    pub(super) outbox: &'a Outbox,
    pub(super) session: SessionId,
    pub(super) installation: &'a InstallationId,
    pub(super) shelf: Shelf,
    pub(super) now: UnixMs,
    /// What is stored, expired or not; none for absent keys.
    pub(super) rows: BTreeMap<KvKey, Option<KvEntry>>,
}

impl Values<'_> {
    fn view(&self) -> &KvView {
        match self.shelf {
            Shelf::Values => &self.outbox.kv,
            Shelf::Dialogues => &self.outbox.dialogues,
        }
    }

    async fn stored(&mut self, key: &KvKey) -> Result<Option<&KvEntry>, StoreError> {
        if !self.rows.contains_key(key) {
            let row = schema::kv(self.shelf, self.installation, key);
            let value = self.outbox.store.get(Space::Session(self.session), &row).await?;
            let entry = value.map(|value| codec::decode(&row, &value)).transpose()?;
            self.rows.insert(key.clone(), entry);
        }
        Ok(self.rows.get(key).and_then(Option::as_ref))
    }

    /// Refuses when something was written since the call read it.
    async fn check(&mut self, reads: &[KvRead]) -> Result<(), CommitError> {
        let now = self.now;
        for read in reads {
            let entry = self.stored(&read.key).await?;
            if entry
                .filter(|entry| !is_expired(entry, now))
                .map(|entry| entry.revision)
                != read.revision
            {
                return Err(CommitError::Conflict);
            }
        }
        Ok(())
    }

    /// Adds the writes and the usage they lead to; answers that usage, for all that is counted together, with its key. The quota holds for
    /// each.
    pub(super) async fn write(
        &mut self,
        queue: &mut Locked<'_>,
        writes: Vec<KvWrite>,
        quota: Quota,
        ops: &mut Vec<Op>,
    ) -> Result<Vec<(Bytes, Usage)>, CommitError> {
        let mut pots: BTreeMap<Pot, Vec<KvWrite>> = BTreeMap::new();
        for write in writes {
            pots.entry(write.key.scope.pot()).or_default().push(write);
        }
        let mut usages = Vec::with_capacity(pots.len());
        for (pot, writes) in pots {
            let key = schema::kv_usage(self.shelf, self.installation, &pot);
            let before = match queue.usage(&key) {
                Some(usage) => usage,
                None => self.view().usage(self.session, self.installation, &pot).await?,
            };
            let usage = self.write_into(&pot, before, writes, quota, ops).await?;
            ops.push(Op::Put(key.clone(), codec::encode(&usage)));
            usages.push((key, usage));
        }
        Ok(usages)
    }

    async fn write_into(
        &mut self,
        pot: &Pot,
        before: Usage,
        writes: Vec<KvWrite>,
        quota: Quota,
        ops: &mut Vec<Op>,
    ) -> Result<Usage, CommitError> {
        let mut usage = before;
        for KvWrite { key, entry } in writes {
            if let Some(old) = self.stored(&key).await? {
                usage.bytes = usage.bytes.saturating_sub(size(&key, old));
                usage.keys = usage.keys.saturating_sub(1);
            }
            let row = schema::kv(self.shelf, self.installation, &key);
            match &entry {
                None => ops.push(Op::Delete(row)),
                Some(entry) => {
                    usage.bytes += size(&key, entry);
                    usage.keys += 1;
                    usage.earliest_expiry = earlier(usage.earliest_expiry, entry.expires_at);
                    ops.push(Op::Put(row, codec::encode(entry)));
                }
            }
            self.rows.insert(key, entry);
        }
        let grows = usage.bytes > before.bytes || usage.keys > before.keys;
        if grows && !usage.fits(quota) && usage.earliest_expiry.is_some_and(|at| at <= self.now) {
            usage = self.sweep(pot, usage, ops).await?;
        }
        // Whoever is over a quota that was lowered may still shrink.
        if grows && !usage.fits(quota) {
            return Err(CommitError::KvQuota {
                bytes: usage.bytes,
                keys: usage.keys,
                quota,
            });
        }
        Ok(usage)
    }

    /// Removes what has expired, but for what this draft writes anyway; answers the usage without it.
    async fn sweep(&self, pot: &Pot, usage: Usage, ops: &mut Vec<Op>) -> Result<Usage, StoreError> {
        let written: std::collections::HashSet<_> = self
            .rows
            .keys()
            .map(|key| schema::kv(self.shelf, self.installation, key))
            .collect();
        let prefix = schema::kv_pot(self.shelf, self.installation, pot);
        let mut swept = Usage {
            earliest_expiry: None,
            ..usage
        };
        for (key, entry) in self.rows.iter().filter(|(key, _)| key.scope.pot() == *pot) {
            if let Some(entry) = entry {
                if is_expired(entry, self.now) {
                    // Only read by this draft, or written by it as expired already: it goes, and an earlier write in `ops` with it.
                    ops.push(Op::Delete(schema::kv(self.shelf, self.installation, key)));
                    swept.bytes = swept.bytes.saturating_sub(size(key, entry));
                    swept.keys = swept.keys.saturating_sub(1);
                } else {
                    swept.earliest_expiry = earlier(swept.earliest_expiry, entry.expires_at);
                }
            }
        }
        let mut range = KeyRange::prefix(prefix.as_slice());
        loop {
            let page = self
                .outbox
                .store
                .scan(Space::Session(self.session), range.clone(), Order::Ascending, MAX_SCAN)
                .await?;
            let Some((last, _)) = page.last() else { return Ok(swept) };
            range = range.after(last);
            for (row, value) in page {
                if written.contains(&row) {
                    continue;
                }
                let entry: KvEntry = codec::decode(&row, &value)?;
                if is_expired(&entry, self.now) {
                    swept.bytes = swept.bytes.saturating_sub(row_size(&row, &prefix, &entry));
                    swept.keys = swept.keys.saturating_sub(1);
                    ops.push(Op::Delete(row));
                } else {
                    swept.earliest_expiry = earlier(swept.earliest_expiry, entry.expires_at);
                }
            }
        }
    }
}

/// What a value counts: its key and its bytes.
fn size(key: &KvKey, entry: &KvEntry) -> u64 {
    (key.key.len() + entry.value.len()) as u64
}

/// The same, from the row it is stored in.
fn row_size(row: &[u8], pot: &schema::Key, entry: &KvEntry) -> u64 {
    let key = schema::kv_key_in(row.get(pot.as_slice().len()..).unwrap_or_default());
    (key.len() + entry.value.len()) as u64
}

fn earlier(one: Option<UnixMs>, two: Option<UnixMs>) -> Option<UnixMs> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}
