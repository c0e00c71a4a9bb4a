//! What a host that ends has left to do: nothing of it is lost, and a person wants to know it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use waspnest_core::id::SessionId;
use waspnest_core::log::Log;
use waspnest_core::progress::{Progress, Started};
use waspnest_core::session::Sessions as Register;

use crate::service::error::Error;
use crate::standing::Standing;

/// Where it is looked.
#[derive(Clone)]
pub(super) struct Ledgers {
    pub(super) standing: Arc<Standing>,
    pub(super) progress: Progress,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Left {
    /// Effects that wait in the outbox: messages to send, most of them.
    pub(super) effects: u64,
    /// Events that installations are not done with; one for each of them.
    pub(super) events: u64,
    /// Events that webhooks are not done with; one for each of them.
    pub(super) deliveries: u64,
}

impl Ledgers {
    /// As it is written down, whoever is at work.
    pub(super) async fn look(&self) -> Result<Left, Error> {
        let standing = &self.standing;
        let mut left = Left {
            effects: standing.outbox.backlog().await.pending as u64,
            ..Left::default()
        };
        let register: &Register = &standing.register;
        for session in register.list().await? {
            let tenant = register.owner(session.id).await?;
            let log: &Log = &standing.log;
            let head = log.head(session.id).await?.0;
            for slot in standing.installations.of(tenant).iter() {
                left.events += self.undone(session.id, slot.id(), head).await?;
            }
            for endpoint in standing.endpoints.list() {
                if endpoint.is_of(tenant, session.id) {
                    left.deliveries += self.undone(session.id, endpoint.id, head).await?;
                }
            }
        }
        Ok(left)
    }

    /// Events before the head of a log that a consumer is not done with.
    async fn undone(
        &self,
        session: SessionId,
        consumer: impl Into<waspnest_core::consumer::Consumer> + Send,
        head: u64,
    ) -> Result<u64, Error> {
        let cursor = self.progress.load(session, consumer).await?;
        Ok(match cursor.started {
            Started::No => 0,
            Started::Yes => head.saturating_sub(cursor.low.0 + cursor.done.len() as u64),
        })
    }
}

/// What was to do when the host was told to end, and what is when it does.
pub(super) struct Ended {
    pub(super) before: Option<Left>,
    pub(super) after: Left,
    pub(super) cut_off: Vec<Arc<str>>,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.before.unwrap_or(self.after);
        let mut each = |what: &str, before: u64, after: u64| match (before, after) {
            (0, 0) => write!(f, "{what}: none; "),
            (before, after) if after < before => write!(f, "{what}: {after} left, {} finished; ", before - after),
            (_, after) => write!(f, "{what}: {after} left; "),
        };
        each("effects to send", before.effects, self.after.effects)?;
        each("events to handle", before.events, self.after.events)?;
        each("events to tell webhooks", before.deliveries, self.after.deliveries)?;
        match counted(&self.cut_off)[..] {
            [] => f.write_str("no task was cut off"),
            ref names => write!(f, "cut off: {}", names.join(", ")),
        }
    }
}

/// Each name once, with how often it is there.
fn counted(names: &[Arc<str>]) -> Vec<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let each = counts.into_iter().map(|(name, count)| match count {
        1 => name.to_owned(),
        count => format!("{name} ({count} times)"),
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_finished_and_what_is_left_is_said_in_one_line() {
        let left = |effects, events, deliveries| Left {
            effects,
            events,
            deliveries,
        };
        let ended = |before, after, cut_off: &[&str]| Ended {
            before: Some(before),
            after,
            cut_off: cut_off.iter().map(|name| (*name).into()).collect(),
        };
        assert_eq!(
            ended(left(5, 0, 2), left(3, 0, 4), &[]).to_string(),
            "effects to send: 3 left, 2 finished; events to handle: none; events to tell webhooks: 4 left; no task was cut off"
        );
        assert_eq!(
            ended(
                left(0, 1, 0),
                left(0, 0, 0),
                &["connection", "session main", "connection"]
            )
            .to_string(),
            "effects to send: none; events to handle: 0 left, 1 finished; events to tell webhooks: none; \
             cut off: connection (2 times), session main"
        );
    }
}
