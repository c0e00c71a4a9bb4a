//! The effects of a session, newest first, for those who look.

use super::{EffectRecord, Outbox, StateRecord};
use crate::codec;
use crate::effect::Effect;
use crate::event::Position;
use crate::id::SessionId;
use crate::long_record;
use crate::schema::{self, session};
use crate::store::{KeyRange, Order, Space, StoreError};

/// Effects that are looked at for one page, however few of them fit.
const LOOKED_AT: usize = 2000;
/// Effects read at a time.
const RUN: usize = 100;

/// A page of effects.
#[derive(Debug)]
pub struct Listed {
    /// Those that fit, newest first.
    pub effects: Vec<Effect>,
    /// Where to go on; none when there is nothing older. A page may hold less than it could and still have a next one.
    pub next: Option<Position>,
}

impl Outbox {
    /// Effects older than `before` (none: from the newest on) that `fits`, at most `limit` of them.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(
        &self,
        session: SessionId,
        before: Option<Position>,
        limit: usize,
        fits: impl Fn(&Effect) -> bool,
    ) -> Result<Listed, StoreError> {
        let space = Space::Session(session);
        let mut range = KeyRange::prefix(&[session::EFFECT]);
        if let Some(before) = before {
            range.end = Some(schema::at(session::EFFECT, before));
        }
        let mut effects = Vec::new();
        let mut looked_at = 0;
        loop {
            let run = self.store.scan(space, range.clone(), Order::Descending, RUN).await?;
            let full = run.len() == RUN;
            for (key, value) in run {
                let sequence = Position(schema::trailing_number(&key).unwrap_or_default());
                let value = long_record::get(&*self.store, space, &key, value).await?;
                let record: EffectRecord = codec::decode(&key, &value)?;
                let StateRecord { state, attempts } = self.state(session, sequence).await?;
                let effect = Effect {
                    state,
                    attempts,
                    ..record.at(session, sequence)
                };
                looked_at += 1;
                if fits(&effect) {
                    effects.push(effect);
                }
                if effects.len() >= limit || looked_at >= LOOKED_AT {
                    let next = Some(sequence);
                    return Ok(Listed { effects, next });
                }
                range.end = Some(key);
            }
            if !full {
                return Ok(Listed { effects, next: None });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::effect::Progress;
    use crate::fixture::{SESSION, World, on_every_engine, send};
    use crate::id::EventId;

    const ADA: &str = "4915100000001@s.whatsapp.net";

    on_every_engine! {
        async fn effects_are_listed_newest_first_and_page_by_page(world: &mut World) {
            let mut made = Vec::new();
            for number in 1..=5 {
                let request = EventId::new(ulid::Ulid(number));
                let committed = world.outbox.submit(SESSION, request, vec![send(ADA, "hi")]).await.expect("it submits");
                made.push(committed.effects[0].id);
            }
            for id in [made[1], made[3]] {
                world.outbox.progress(SESSION, id, Progress::Sent).await.expect("it notes");
            }
            made.reverse();
            let mut listed = Vec::new();
            let mut before = None;
            loop {
                let page = world.outbox.list(SESSION, before, 2, |_| true).await.expect("it lists");
                listed.extend(page.effects.iter().map(|effect| effect.id));
                before = page.next;
                if before.is_none() {
                    break;
                }
            }
            assert_eq!(listed, made);
            let sent = world.outbox.list(SESSION, None, 10, |effect| !effect.state.is_pending()).await.expect("it lists");
            let sent: Vec<_> = sent.effects.iter().map(|effect| effect.id).collect();
            assert_eq!(sent, [made[1], made[3]]);
        }
    }
}
