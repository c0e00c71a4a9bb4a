//! One session: its log, its outbox, what plugins keep, its mailbox.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{Checker, Remedy, Report};
use crate::clock::UnixMs;
use crate::codec;
use crate::draft::KvEntry;
use crate::event::{EventKind, Position};
use crate::id::SessionId;
use crate::kv::Usage;
use crate::log::EventRecord;
use crate::mailbox;
use crate::message::Message;
use crate::outbox::{EffectRecord, Place, Settled, StateRecord, place_key};
use crate::retention::Trimmed;
use crate::schema::{self, session, trailing_number};
use crate::store::{Op, Space, StoreError};

/// What was seen of a session, and must agree.
#[derive(Default)]
struct Seen {
    /// The first and the last position of the log.
    first: Option<u64>,
    last: u64,
    /// How far the log was let go.
    trimmed: u64,
    /// Messages that no index was seen of yet.
    not_filed: BTreeSet<u64>,
    messages: BTreeSet<u64>,
    /// Messages that the index of chats knows.
    in_chats: BTreeSet<u64>,
    /// Sequences of effects, by the row that finds them.
    effects: BTreeMap<Bytes, (u64, Bytes)>,
    sequences: BTreeSet<u64>,
    settled: u64,
    /// Effects that are over.
    over: BTreeSet<u64>,
    /// What installations keep, by the row that counts it.
    kept: BTreeMap<Bytes, Usage>,
}

pub(super) async fn check(checker: &Checker, id: SessionId, report: &mut Report) -> Result<(), StoreError> {
    let space = Space::Session(id);
    let mut seen = Seen::default();
    let mut shown = mailbox::Consistency::default();
    checker
        .rows(space, report, |key, value, report| {
            shown.see(key, value);
            seen.see(space, key, value, report);
        })
        .await?;
    for mismatch in shown.end() {
        report.note(space, mismatch.key, mismatch.what, Remedy::Mend(mismatch.mend));
    }
    for position in std::mem::take(&mut seen.not_filed) {
        let mend = match message_at(checker, space, position).await? {
            Some(message) => {
                let row = checker.log.filed_under(id, &message).await?;
                vec![Op::Put(row, Bytes::copy_from_slice(&position.to_be_bytes()))]
            }
            None => continue,
        };
        let what = format!("the message at {position} is not found by its id");
        report.note(space, None, &what, Remedy::Mend(mend));
    }
    // Written since the first program that has the index: earlier ones are not in it.
    let first = seen.in_chats.first().copied().unwrap_or(u64::MAX);
    for position in seen
        .messages
        .range(first..)
        .filter(|position| !seen.in_chats.contains(position))
    {
        if let Some(message) = message_at(checker, space, *position).await? {
            let mend = vec![crate::log::history_row(&message, Position(*position))];
            let what = format!("the message at {position} is not found by its chat");
            report.note(space, None, &what, Remedy::Mend(mend));
        }
    }
    seen.end(space, report);
    Ok(())
}

async fn message_at(checker: &Checker, space: Space, position: u64) -> Result<Option<Message>, StoreError> {
    let key = schema::at(session::EVENT, Position(position));
    let Some(value) = checker.store.get(space, &key).await? else {
        return Ok(None);
    };
    let value = crate::long_record::get(&*checker.store, space, &key, value).await?;
    let record: EventRecord = codec::decode(&key, &value)?;
    let EventKind::Message(message) = record.kind else {
        return Ok(None);
    };
    Ok(Some(*message))
}

impl Seen {
    /// Takes note of a row, which can be read. Rows come by key, so records come before most of their indexes.
    fn see(&mut self, space: Space, key: &Bytes, value: &Bytes, report: &mut Report) {
        let delete = || Remedy::Mend(vec![Op::Delete(key.clone())]);
        let number = trailing_number(key).unwrap_or_default();
        match key.first().copied().unwrap_or_default() {
            session::EVENT => {
                if self.first.is_some() && number != self.last + 1 {
                    let what = format!("the log goes from {} to {number}", self.last);
                    report.note(space, None, &what, Remedy::None);
                }
                self.first.get_or_insert(number);
                self.last = number;
                let record = codec::decode::<EventRecord>(key, value);
                if let Ok(EventKind::Message(_)) = record.map(|record| record.kind) {
                    self.not_filed.insert(number);
                    self.messages.insert(number);
                }
            }
            session::MESSAGE => {
                let position = value.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
                self.not_filed.remove(&position);
                if !self.messages.contains(&position) {
                    let what = format!("it leads to {position}, where no message is");
                    report.note(space, Some(key.clone()), &what, delete());
                }
            }
            session::CHAT_MESSAGE => {
                self.in_chats.insert(number);
                if !self.messages.contains(&number) {
                    let what = format!("it leads to {number}, where no message is");
                    report.note(space, Some(key.clone()), &what, delete());
                }
            }
            session::EFFECT => {
                if let Ok(record) = codec::decode::<EffectRecord>(key, value) {
                    let sequence = Position(number);
                    let place = codec::encode(&Place {
                        sequence,
                        id: record.id,
                    });
                    self.effects.insert(place_key(&record.id.message_id()), (number, place));
                }
                self.sequences.insert(number);
            }
            session::EFFECT_STATE => {
                if !self.sequences.contains(&number) {
                    let what = format!("it is the state of effect {number}, which is not there");
                    report.note(space, Some(key.clone()), &what, delete());
                }
                let state = codec::decode::<StateRecord>(key, value);
                if state.is_ok_and(|state| !state.is_pending()) {
                    self.over.insert(number);
                }
            }
            session::EFFECT_ID => match self.effects.remove(key) {
                Some((_, place)) if place == *value => {}
                Some((sequence, place)) => {
                    let what = format!("it leads elsewhere than to effect {sequence}");
                    let put = Remedy::Mend(vec![Op::Put(key.clone(), place)]);
                    report.note(space, Some(key.clone()), &what, put);
                }
                None => report.note(space, Some(key.clone()), "it leads to no effect", delete()),
            },
            session::TRIMMED => {
                if let Ok(Trimmed(Position(trimmed))) = codec::decode(key, value) {
                    self.trimmed = trimmed;
                }
            }
            session::SETTLED => {
                if let Ok(Settled(Position(settled))) = codec::decode(key, value) {
                    self.settled = settled;
                }
            }
            session::KV => self.keep(session::KV_USAGE, key, value),
            session::KV_SHARED => self.keep(session::KV_SHARED_USAGE, key, value),
            session::DIALOGUE => self.keep(session::DIALOGUE_USAGE, key, value),
            session::KV_USAGE | session::KV_SHARED_USAGE | session::DIALOGUE_USAGE => {
                let kept = self.kept.remove(key).unwrap_or_default();
                let Ok(counted) = codec::decode::<Usage>(key, value) else {
                    return;
                };
                if (counted.bytes, counted.keys) != (kept.bytes, kept.keys) {
                    let what = format!(
                        "it counts {} values of {} bytes, there are {} of {}",
                        counted.keys, counted.bytes, kept.keys, kept.bytes
                    );
                    let put = Remedy::Mend(vec![Op::Put(key.clone(), codec::encode(&kept))]);
                    report.note(space, Some(key.clone()), &what, put);
                }
            }
            _ => {}
        }
    }

    /// Counts a value as the outbox does. A key is its table, whose it is up to a zero byte, the scope and the name.
    fn keep(&mut self, usage: u8, key: &Bytes, value: &Bytes) {
        let Ok(entry) = codec::decode::<KvEntry>(key, value) else {
            return;
        };
        let Some(end) = key.iter().position(|byte| *byte == 0) else {
            return;
        };
        let mut row = vec![usage];
        // The name of a shared store ends with its key, that of an installation with a zero byte.
        let whose = if usage == session::KV_SHARED_USAGE {
            1..end
        } else {
            1..end + 1
        };
        row.extend_from_slice(&key[whose]);
        let name = schema::kv_key_in(&key[end + 1..]);
        let kept = self.kept.entry(row.into()).or_default();
        kept.keys += 1;
        kept.bytes += (name.len() + entry.value.len()) as u64;
        let expires: Option<UnixMs> = entry.expires_at;
        kept.earliest_expiry = match (kept.earliest_expiry, expires) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
    }

    /// What is left when every row was seen.
    fn end(self, space: Space, report: &mut Report) {
        if let Some(first) = self.first.filter(|first| *first != self.trimmed + 1) {
            let what = format!("the log goes from {} to {first}", self.trimmed);
            report.note(space, None, &what, Remedy::None);
        }
        for (key, (sequence, place)) in self.effects {
            let what = format!("effect {sequence} is not found by its id");
            report.note(space, None, &what, Remedy::Mend(vec![Op::Put(key, place)]));
        }
        let pending = self.sequences.iter().find(|sequence| !self.over.contains(sequence));
        if let Some(pending) = pending.filter(|pending| **pending <= self.settled) {
            let what = format!(
                "everything to {} counts as settled, effect {pending} is pending",
                self.settled
            );
            let key = schema::Key::table(session::SETTLED).finish();
            let settled = codec::encode(&Settled(Position(pending.saturating_sub(1))));
            report.note(
                space,
                Some(key.clone()),
                &what,
                Remedy::Mend(vec![Op::Put(key, settled)]),
            );
        }
        for (key, kept) in self.kept {
            let what = format!("{} values of {} bytes are not counted", kept.keys, kept.bytes);
            report.note(
                space,
                None,
                &what,
                Remedy::Mend(vec![Op::Put(key, codec::encode(&kept))]),
            );
        }
    }
}
