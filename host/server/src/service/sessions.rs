//! Sessions as an operator sees them: the register, and what each is doing.

use std::sync::Arc;
use std::time::Duration;

use waspnest_core::address::Jid;
use waspnest_core::caller::Tenant;
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::id::{SessionId, SessionName, TenantId};
use waspnest_core::session::{Desired, SessionError, SessionRecord, Sessions as Register};
use waspnest_whatsapp::{PairCode, Passkey, Proxy, Qr, State, Status};

use super::caller::Caller;
use super::control::{Busy, Connection, Control, ControlError, ShownPasskey};
use super::error::Error;

/// A session with what it is doing; none when it is not at work in this process.
#[derive(Debug, Clone)]
pub struct Session {
    /// What is stored of it.
    pub record: SessionRecord,
    /// What it is doing.
    pub status: Option<Status>,
}

/// The use cases of sessions. Clones are the same.
#[derive(Clone)]
pub struct Sessions {
    register: Register,
    control: Arc<dyn Control>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Sessions {
    /// Over the register and the sessions at work.
    #[must_use]
    pub fn new(register: Register, control: Arc<dyn Control>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            register,
            control,
            clock,
            ids,
        }
    }

    /// Creates a session of a tenant and puts it to work. With [`Desired::Connected`] it starts to show QR codes at once.
    ///
    /// # Errors
    /// [`Error::NameTaken`], [`Error::TooManySessions`], [`Error::Control`], [`Error::Store`].
    pub async fn create(&self, tenant: &Tenant, name: SessionName, desired: Desired) -> Result<Session, Error> {
        let created = self
            .register
            .create_for(tenant.id, name, desired, &*self.clock, &*self.ids);
        let record = created.await?;
        if let Some(most) = tenant.limits.sessions {
            // Counted when it is there: of two that are made at the same time both see the other, and the later one goes.
            let all = self.register.list_owned().await?;
            let before = all
                .iter()
                .filter(|(other, owner)| *owner == tenant.id && other.id < record.id);
            if before.count() >= usize::try_from(most).unwrap_or(usize::MAX) {
                self.register.remove(record.id).await?;
                return Err(Error::TooManySessions { most });
            }
        }
        self.control.start(&record).await?;
        if record.desired == Desired::Connected {
            self.control.connect(record.id).await?;
        }
        Ok(self.seen(record))
    }

    /// Up to `limit` sessions behind `after` that are a caller's, oldest first; of one tenant alone, if one is named.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(
        &self,
        caller: &Caller,
        tenant: Option<TenantId>,
        after: Option<SessionId>,
        limit: usize,
    ) -> Result<Vec<Session>, Error> {
        let all = self.register.list_owned().await?.into_iter();
        let theirs = all.filter(|(record, owner)| caller.sees(record.id, *owner));
        let wanted = theirs.filter(|(_, owner)| tenant.is_none_or(|tenant| tenant == *owner));
        let behind = wanted.filter(|(record, _)| after.is_none_or(|after| record.id > after));
        Ok(behind.take(limit).map(|(record, _)| self.seen(record)).collect())
    }

    /// What is stored of a session that is a caller's, by id, name or phone number with its `+`, and whose it is. The operator's names are
    /// those of the default tenant, or such as one tenant alone has.
    ///
    /// # Errors
    /// [`Error::UnknownSession`] also when it is another's, [`Error::Store`].
    pub async fn find(&self, caller: &Caller, given: &str) -> Result<(SessionRecord, TenantId), Error> {
        let found = match (given.parse::<SessionId>(), given.parse::<SessionName>()) {
            (Ok(id), _) => match self.register.get(id).await? {
                Some(record) => Some((record, self.register.owner(id).await?)),
                None => None,
            },
            (Err(_), Ok(name)) => {
                let tenant = caller.makes_for();
                match self.register.by_name_of(tenant, &name).await? {
                    Some(record) => Some((record, tenant)),
                    None if caller.is_admin() => self.only(caller, |record| record.name == name).await?,
                    None => None,
                }
            }
            (Err(_), Err(_)) => match given.strip_prefix('+').map(|_| given.parse::<Jid>()) {
                Some(Ok(phone)) => self.only(caller, |record| record.jid.as_ref() == Some(&phone)).await?,
                Some(Err(_)) | None => None,
            },
        };
        found
            .filter(|(record, owner)| caller.sees(record.id, *owner))
            .ok_or_else(|| Error::UnknownSession { given: given.into() })
    }

    /// The only session of a caller that is so.
    async fn only(
        &self,
        caller: &Caller,
        is_so: impl Fn(&SessionRecord) -> bool,
    ) -> Result<Option<(SessionRecord, TenantId)>, Error> {
        let all = self.register.list_owned().await?.into_iter();
        let mut found = all.filter(|(record, owner)| caller.sees(record.id, *owner) && is_so(record));
        match (found.next(), found.next()) {
            (only, None) => Ok(only),
            (_, Some(_)) => Ok(None),
        }
    }

    /// Ends a session and removes everything of it. The device stays linked on the phone unless it is logged out first.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::Store`].
    pub async fn remove(&self, id: SessionId) -> Result<(), Error> {
        self.control.stop(id).await;
        Ok(self.register.remove(id).await?)
    }

    /// Wants a session connected, now and after restarts; pairs when no device is linked.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::Control`], [`Error::Store`].
    pub async fn connect(&self, id: SessionId) -> Result<Session, Error> {
        let record = self.desire(id, Desired::Connected).await?;
        if self.control.connection(record.id).is_none() {
            self.control.start(&record).await?;
        }
        self.control.connect(record.id).await?;
        Ok(self.seen(record))
    }

    /// Wants a session offline, now and after restarts.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::Control`], [`Error::Store`].
    pub async fn disconnect(&self, id: SessionId) -> Result<Session, Error> {
        let record = self.desire(id, Desired::Disconnected).await?;
        match self.control.disconnect(record.id).await {
            // What is not at work is offline already.
            Ok(()) | Err(ControlError::NotRunning) => Ok(self.seen(record)),
            Err(error @ (ControlError::Failed(_) | ControlError::Pairing(_) | ControlError::Proxy(_))) => {
                Err(error.into())
            }
        }
    }

    /// Ends the client of a session and starts another; it is wanted connected from then on.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::Control`], [`Error::Store`].
    pub async fn restart(&self, id: SessionId) -> Result<Session, Error> {
        let record = self.desire(id, Desired::Connected).await?;
        if self.control.connection(id).is_none() {
            self.control.start(&record).await?;
        }
        self.control.restart(id).await?;
        Ok(self.seen(record))
    }

    /// Starts the clients of all sessions anew that are wanted connected, so many a second, and answers how many there are.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn reconnect_all(&self) -> Result<usize, Error> {
        let all = self.register.list().await?.into_iter();
        let wanted: Vec<SessionId> = all
            .filter(|record| record.desired == Desired::Connected)
            .map(|record| record.id)
            .filter(|id| self.control.connection(*id).is_some())
            .collect();
        self.control.restart_all(&wanted);
        Ok(wanted.len())
    }

    /// The proxy a session has of its own.
    ///
    /// # Errors
    /// [`Error::Control`].
    pub async fn proxy(&self, id: SessionId) -> Result<Option<Proxy>, Error> {
        Ok(self.control.proxy(id).await?)
    }

    /// Gives a session a proxy of its own, or takes it away. A session that is wanted connected goes through it at once.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::Control`], [`Error::Store`].
    pub async fn set_proxy(&self, id: SessionId, proxy: Option<&Proxy>) -> Result<(), Error> {
        let record = self.register.get(id).await?.ok_or(SessionError::Unknown { id })?;
        self.control.set_proxy(id, proxy).await?;
        if record.desired == Desired::Connected && self.control.connection(id).is_some() {
            self.control.restart(id).await?;
        }
        Ok(())
    }

    /// How busy a session is; none when it is not at work.
    pub async fn busy(&self, id: SessionId) -> Option<Busy> {
        self.control.busy(id).await
    }

    /// A code to type into the phone of a number, instead of scanning.
    ///
    /// # Errors
    /// [`Error::Control`].
    pub async fn pair_code(&self, id: SessionId, phone: &Jid, custom: Option<&str>) -> Result<PairCode, Error> {
        self.desire(id, Desired::Connected).await?;
        Ok(self.control.pair_code(id, phone, custom).await?)
    }

    /// How far the showing of a passkey has come; none while none is asked for.
    ///
    /// # Errors
    /// [`Error::Control`].
    pub fn passkey(&self, id: SessionId) -> Result<Option<Passkey>, Error> {
        Ok(self.control.passkey(id)?)
    }

    /// Hands over what an authenticator said.
    ///
    /// # Errors
    /// [`Error::Control`].
    pub async fn show_passkey(&self, id: SessionId, shown: ShownPasskey) -> Result<(), Error> {
        Ok(self.control.show_passkey(id, shown).await?)
    }

    /// Says that the phone shows the same code.
    ///
    /// # Errors
    /// [`Error::Control`].
    pub async fn confirm_passkey(&self, id: SessionId) -> Result<(), Error> {
        Ok(self.control.confirm_passkey(id).await?)
    }

    /// Removes the device from the account. The session stays and can be paired again.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::Control`], [`Error::Store`].
    pub async fn log_out(&self, id: SessionId) -> Result<Session, Error> {
        let record = self.desire(id, Desired::Disconnected).await?;
        self.control.log_out(record.id).await?;
        Ok(self.seen(record))
    }

    /// The QR code to scan. Waits up to `wait` for one to appear.
    ///
    /// # Errors
    /// [`Error::NoQr`] when there is none, with the state that says why; [`Error::UnknownSession`], [`Error::Store`].
    pub async fn qr(&self, id: SessionId, wait: Duration) -> Result<Qr, Error> {
        let Connection { mut status, mut qr } = self.control.connection(id).ok_or(ControlError::NotRunning)?;
        let shown = async {
            let appeared = qr.wait_for(Option::is_some).await;
            appeared.ok().and_then(|qr| qr.clone())
        };
        // A device that is linked already, or cannot be, will not show a code: no need to wait out the time.
        let hopeless = status.wait_for(|status| status.state.is_terminal() || status.state == State::Connected);
        let found = tokio::select! {
            biased;
            found = shown => found,
            _ = hopeless => None,
            () = self.clock.sleep(wait) => None,
        };
        let state = self
            .control
            .connection(id)
            .map_or("stopped", |now| now.status.borrow().state.name());
        found.ok_or(Error::NoQr { state })
    }

    /// How many sessions are in each state.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn states(&self) -> Result<Vec<(SessionName, Option<Status>)>, Error> {
        let all = self.register.list().await?;
        Ok(all
            .into_iter()
            .map(|record| self.seen(record))
            .map(|session| (session.record.name, session.status))
            .collect())
    }

    async fn desire(&self, id: SessionId, desired: Desired) -> Result<SessionRecord, Error> {
        Ok(self.register.update(id, |record| record.desired = desired).await?)
    }

    /// A session with what it is doing.
    #[must_use]
    pub fn seen(&self, record: SessionRecord) -> Session {
        let status = self
            .control
            .connection(record.id)
            .map(|connection| connection.status.borrow().clone());
        Session { record, status }
    }
}
