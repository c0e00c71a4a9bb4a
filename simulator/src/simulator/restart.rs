//! The server goes down and comes up again on the same port.

use crate::error::RestartError;
use crate::server::{self, Era};
use crate::simulator::Simulator;

/// What a server still knows after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Everything but connections: accounts, devices, queues.
    State,
    /// Nothing but its own keys: clients are told that they are logged out, and there are no accounts.
    Nothing,
}

impl Simulator {
    /// Ends all connections without a word, then listens on the same port again. Between the two, clients are refused.
    ///
    /// Phones, which live in this process, run on if there is state. Faults, the stanza log, the clock and the counters stay in any case.
    pub async fn restart(&self, keep: Keep) -> Result<(), RestartError> {
        let shared = &self.inner.shared;
        let change = async {
            match keep {
                Keep::State => {}
                Keep::Nothing => {
                    self.end_phones().await;
                    let until = shared.stop.child_token();
                    shared.world().forget_all(&shared.config, until);
                }
            }
        };
        self.while_down(change).await
    }

    /// Does something while no client is connected and none can be.
    pub(super) async fn while_down(&self, change: impl Future<Output = ()>) -> Result<(), RestartError> {
        let address = self.inner.address;
        let mut era = self.inner.era.lock().await;
        let port = match era.take() {
            Some(era) => era.end(address).await,
            None => server::reserve(address),
        };
        change.await;
        let listener = port
            .and_then(server::listen)
            .map_err(|source| RestartError { address, source })?;
        *era = Some(Era::begin(&self.inner.shared, listener));
        Ok(())
    }

    /// Ends the phones: they must not wake up in a world that does not know their account.
    pub(super) async fn end_phones(&self) {
        let shared = &self.inner.shared;
        let until = shared.world().until.clone();
        until.cancel();
        shared.phones_on.close();
        shared.phones_on.wait().await;
        shared.phones_on.reopen();
    }
}
