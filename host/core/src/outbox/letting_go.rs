//! Effects that are over, with everything that finds them.

use super::queue::Settled;
use super::{EffectRecord, Outbox, StateRecord, place_key};
use crate::clock::UnixMs;
use crate::codec;
use crate::effect::EffectState;
use crate::event::Position;
use crate::id::SessionId;
use crate::long_record;
use crate::schema::{self, session};
use crate::store::{Commit, KeyRange, Op, Order, Space, StoreError};

/// Effects that are looked at at a time.
const PAGE: usize = 200;

impl Outbox {
    /// Removes effects up to a sequence and from before `since` that have left and not failed. Answers how many.
    ///
    /// # Errors
    /// Those of the store; what was removed before stays removed.
    pub(crate) async fn let_go(&self, session: SessionId, upto: Position, since: UnixMs) -> Result<usize, StoreError> {
        let space = Space::Session(session);
        let settled_key = schema::Key::table(session::SETTLED).finish();
        // What the memory of a running outbox begins with is at or behind this mark.
        let Some(settled) = self.store.get(space, &settled_key).await? else {
            return Ok(0);
        };
        let Settled(settled) = codec::decode(&settled_key, &settled)?;
        let mut range = KeyRange {
            end: Some(schema::at(session::EFFECT, settled.min(upto).next())),
            ..KeyRange::prefix(&[session::EFFECT])
        };
        let mut gone = 0;
        loop {
            let page = self.store.scan(space, range.clone(), Order::Ascending, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(gone) };
            range = range.after(last);
            let mut commit = Commit::lazy(space);
            for (key, value) in page {
                let whole = long_record::get(&*self.store, space, &key, value.clone()).await?;
                let record: EffectRecord = codec::decode(&key, &whole)?;
                if record.created_at >= since {
                    self.store.commit(commit).await?;
                    return Ok(gone);
                }
                let sequence = Position(schema::trailing_number(&key).unwrap_or_default());
                let StateRecord { state, .. } = self.state(session, sequence).await?;
                match state {
                    EffectState::Sent { .. } | EffectState::Delivered { .. } | EffectState::Read { .. } => {}
                    EffectState::Pending { .. } | EffectState::Held { .. } | EffectState::Failed { .. } => continue,
                }
                commit.ops.push(Op::Delete(place_key(&record.id.message_id())));
                commit.ops.push(Op::Delete(schema::at(session::EFFECT_STATE, sequence)));
                long_record::delete(&mut commit.ops, key, &value);
                gone += 1;
            }
            self.store.commit(commit).await?;
            tokio::task::yield_now().await;
        }
    }
}
