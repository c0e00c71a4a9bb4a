//! Linking from the phone's side: what the person with the phone in hand can do.

use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::address::AccountId;
use crate::error::{CodeError, ScanError};
use crate::pairing::link_code::{CodeRequest, typed};
use crate::pairing::{LinkedDevice, Outcome, Passkey, QrCode};
use crate::simulator::Simulator;

/// How long a client may take to answer the phone.
const PAIRING_TIMEOUT: Duration = Duration::from_secs(20);

impl Simulator {
    /// The phone of `phone` scans a client's pairing code, checks everything in it, and links the client.
    ///
    /// Resolves when the client has signed and is registered; it logs in on its own after that.
    pub async fn scan_qr(&self, phone: &str, qr: &str) -> Result<LinkedDevice, ScanError> {
        let code = QrCode::parse(qr)?;
        let outcome = self.inner.shared.world().scan(phone, &code)?;
        linked(outcome).await
    }

    /// The client that asks to be linked to `phone` by a code, if one does: what the phone's screen shows.
    pub fn code_request(&self, phone: &str) -> Result<Option<CodeRequest>, CodeError> {
        let account = self.owner(phone)?;
        Ok(self.inner.shared.world().code_request(account))
    }

    /// Somebody types the eight characters a client shows into the phone of `phone`, with or without the dash.
    ///
    /// Resolves when the client has signed and is registered. A wrong code is found out only by the client's answer to it, and uses up
    /// one of three tries; after the third the client is told to ask for another code.
    pub async fn enter_code(&self, phone: &str, code: &str) -> Result<LinkedDevice, CodeError> {
        let account = self.owner(phone)?;
        let code = typed(code)?;
        let (entry, reference) = self.inner.shared.world().begin_entry(account)?;
        let entered = spawn_blocking(move || entry.derive(&code))
            .await
            .map_err(|_| CodeError::Unanswered)?;
        let answered = self.inner.shared.world().enter(account, &reference, entered)?;
        let offered = timeout(PAIRING_TIMEOUT, answered)
            .await
            .map_err(|_| CodeError::Unanswered)?
            .map_err(|_| CodeError::Unanswered)??;
        Ok(linked(offered).await?)
    }

    /// From now on, clients are linked to this account only after they have shown this passkey; without one, none is asked for.
    ///
    /// [`Self::scan_qr`] and [`Self::enter_code`] then resolve once the client has shown it and its user has confirmed the code.
    pub fn require_passkey(&self, phone: &str, passkey: Option<Passkey>) -> Result<(), CodeError> {
        let account = self.owner(phone)?;
        self.inner.shared.world().account_mut(account).passkey = passkey;
        Ok(())
    }

    /// The code on the phone's screen while a client is being linked with a passkey: the client shows the same one, in two groups.
    pub fn passkey_code(&self, phone: &str) -> Result<Option<String>, CodeError> {
        let account = self.owner(phone)?;
        Ok(self.inner.shared.world().passkey_code(account))
    }

    fn owner(&self, phone: &str) -> Result<AccountId, CodeError> {
        self.inner
            .shared
            .world()
            .by_phone(phone)
            .ok_or_else(|| CodeError::UnknownAccount(phone.to_owned()))
    }
}

async fn linked(outcome: Outcome) -> Result<LinkedDevice, ScanError> {
    match timeout(PAIRING_TIMEOUT, outcome).await {
        Ok(Ok(linked)) => linked,
        Ok(Err(_)) => Err(ScanError::ClientGone),
        Err(_) => Err(ScanError::Timeout),
    }
}
