//! Looking at the wire: the stanzas that passed, and those that pass now.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use crate::server::Shared;
use crate::simulator::Simulator;
use crate::stanza_log::{StanzaFilter, StanzaRecord};
use crate::unknown::UnknownStanza;

/// Records rendered at a time.
const PAGE: usize = 256;

impl Simulator {
    /// Up to `limit` stanzas after position `after` of the log, oldest first. Stanzas the ring has dropped are missing.
    pub fn stanzas(&self, after: u64, limit: usize) -> Vec<StanzaRecord> {
        records(&self.inner.shared, after, limit)
    }

    /// Waits for the first stanza after position `after` that `pred` accepts; `None` when `wait` passes without one.
    pub async fn wait_stanza(
        &self,
        after: u64,
        pred: impl Fn(&StanzaRecord) -> bool + Send,
        wait: Duration,
    ) -> Option<StanzaRecord> {
        let mut follow = self.follow(after, StanzaFilter::default());
        let first = async {
            loop {
                match follow.next().await {
                    Some(record) if pred(&record) => return Some(record),
                    Some(_) => {}
                    None => return None,
                }
            }
        };
        timeout(wait, first).await.ok().flatten()
    }

    /// What clients sent that the server has no meaning for, by kind. Empty when it knew everything.
    pub fn unknown_stanzas(&self) -> Vec<UnknownStanza> {
        self.inner.shared.world().unknown.list()
    }

    /// The bytes of all stanzas in the log that came from clients.
    #[cfg(test)]
    pub(crate) fn received_bytes(&self) -> Vec<Vec<u8>> {
        self.inner.shared.world().log.received()
    }

    /// Position of the latest stanza; 0 before the first.
    pub fn latest_stanza(&self) -> u64 {
        self.inner.shared.world().log.latest()
    }

    /// Follows the log from position `after` on; 0 is its beginning.
    pub fn follow(&self, after: u64, filter: StanzaFilter) -> Follow {
        Follow {
            shared: Arc::clone(&self.inner.shared),
            filter,
            after,
            page: VecDeque::new(),
            missed: 0,
        }
    }
}

/// Somebody who watches the log. It does not keep the server running.
pub struct Follow {
    shared: Arc<Shared>,
    filter: StanzaFilter,
    after: u64,
    page: VecDeque<StanzaRecord>,
    missed: u64,
}

impl Follow {
    /// The next stanza that fits; `None` once the server has stopped and everything was seen. Nothing is lost when it is dropped half-way.
    pub async fn next(&mut self) -> Option<StanzaRecord> {
        let grew = self.shared.world().log.grew();
        loop {
            while let Some(record) = self.page.pop_front() {
                self.missed += record.seq - self.after - 1;
                self.after = record.seq;
                if self.filter.fits(&record) {
                    return Some(record);
                }
            }
            let mut more = std::pin::pin!(grew.notified());
            more.as_mut().enable();
            let stopped = self.shared.stop.is_cancelled();
            self.page = records(&self.shared, self.after, PAGE).into();
            if !self.page.is_empty() {
                continue;
            }
            if stopped {
                return None;
            }
            tokio::select! {
                () = more => {}
                () = self.shared.stop.cancelled() => {}
            }
        }
    }

    /// How many stanzas the ring had dropped before they could be seen.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

impl std::fmt::Debug for Follow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follow")
            .field("after", &self.after)
            .field("filter", &self.filter)
            .finish_non_exhaustive()
    }
}

fn records(shared: &Shared, after: u64, limit: usize) -> Vec<StanzaRecord> {
    let (logged, phones) = {
        let world = shared.world();
        let logged = world.log.after(after, limit);
        let phones: Vec<Option<String>> = logged
            .iter()
            .map(|logged| {
                // An account of a world that was replaced since is not there any more.
                let peer = logged.peer?;
                let account = world.accounts.get(peer.account.0)?;
                Some(account.phone.to_string())
            })
            .collect();
        (logged, phones)
    };
    logged
        .iter()
        .zip(phones)
        .map(|(logged, phone)| logged.render(phone))
        .collect()
}
