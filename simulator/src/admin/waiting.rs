//! Calls that wait: for how long, for whose doing, and never beyond the end of the interface.

use std::time::Duration;

use super::problem::Problem;
use super::state::State;
use crate::human::{self, HumanError};

/// How long a wait lasts when the call does not say.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);
/// How long a wait lasts at most.
const MAX_WAIT: Duration = Duration::from_secs(300);

/// How long to wait, given what the call says.
pub(crate) fn patience(timeout_ms: Option<u64>) -> Duration {
    timeout_ms.map_or(DEFAULT_WAIT, Duration::from_millis).min(MAX_WAIT)
}

/// Somebody a call asks for, by every address the wire may have for them; anybody when it does not ask.
pub(crate) struct Whom(Option<Vec<String>>);

impl Whom {
    /// Reads a phone number or JID. An account is known by its number and by its LID.
    pub(crate) fn of(state: &State, given: Option<&str>) -> Result<Self, Problem> {
        let Some(given) = given else { return Ok(Self(None)) };
        let address = human::canonical_address(given)?;
        let accounts = state.simulator.accounts();
        let account = accounts
            .iter()
            .find(|account| [account.jid(), account.lid_jid()].contains(&address));
        Ok(Self(Some(match account {
            Some(account) => vec![account.jid(), account.lid_jid()],
            None => vec![address],
        })))
    }

    /// Whether this is them.
    pub(crate) fn is(&self, jid: &str) -> bool {
        self.0
            .as_ref()
            .is_none_or(|addresses| addresses.iter().any(|address| address == jid))
    }
}

impl State {
    /// The outcome of a wait, unless the interface closes first.
    pub(crate) async fn waited<T>(&self, wait: impl Future<Output = Result<T, HumanError>>) -> Result<T, Problem> {
        tokio::select! {
            waited = wait => Ok(waited?),
            () = self.shutdown.cancelled() => Err(Problem::shutting_down()),
        }
    }
}
