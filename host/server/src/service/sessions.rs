//! Sessions as an operator sees them: the register, and what each is doing.

use std::sync::Arc;
use std::time::Duration;

use waspnest_core::address::Jid;
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::id::{SessionId, SessionName};
use waspnest_core::session::{Desired, SessionRecord, Sessions as Register};
use waspnest_whatsapp::{Qr, State, Status};

use super::control::{Connection, Control, ControlError};
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

    /// Creates a session and puts it to work. With [`Desired::Connected`] it starts to show QR codes at once.
    ///
    /// # Errors
    /// [`Error::NameTaken`], [`Error::Control`], [`Error::Store`].
    pub async fn create(&self, name: SessionName, desired: Desired) -> Result<Session, Error> {
        let record = self.register.create(name, desired, &*self.clock, &*self.ids).await?;
        self.control.start(&record).await?;
        if record.desired == Desired::Connected {
            self.control.connect(record.id).await?;
        }
        Ok(self.seen(record))
    }

    /// Up to `limit` sessions behind `after`, oldest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(&self, after: Option<SessionId>, limit: usize) -> Result<Vec<Session>, Error> {
        let all = self.register.list().await?;
        let behind = all
            .into_iter()
            .filter(|record| after.is_none_or(|after| record.id > after));
        Ok(behind.take(limit).map(|record| self.seen(record)).collect())
    }

    /// One session, by id or name.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::Store`].
    pub async fn get(&self, given: &str) -> Result<Session, Error> {
        self.record(given).await.map(|record| self.seen(record))
    }

    /// What is stored of one session, by id, name or phone number with its `+`.
    pub(crate) async fn record(&self, given: &str) -> Result<SessionRecord, Error> {
        let record = match (given.parse::<SessionId>(), given.parse::<SessionName>()) {
            (Ok(id), _) => self.register.get(id).await?,
            (Err(_), Ok(name)) => self.register.by_name(&name).await?,
            (Err(_), Err(_)) => match given.strip_prefix('+').map(|_| given.parse::<Jid>()) {
                Some(Ok(phone)) => {
                    let all = self.register.list().await?;
                    all.into_iter().find(|record| record.jid.as_ref() == Some(&phone))
                }
                Some(Err(_)) | None => None,
            },
        };
        record.ok_or_else(|| Error::UnknownSession { given: given.into() })
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
            Err(error @ ControlError::Failed(_)) => Err(error.into()),
        }
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
