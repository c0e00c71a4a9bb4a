//! [`Control`] over the sessions of this process.

use std::sync::Arc;

use async_trait::async_trait;
use waspnest_core::address::Jid;
use waspnest_core::affairs::Affairs;
use waspnest_core::effect::{Action, Effect};
use waspnest_core::id::{EffectId, EventId, SessionId};
use waspnest_core::outbox::CommitError;
use waspnest_core::session::SessionRecord;
use waspnest_core::store::StoreError;
use waspnest_whatsapp::{PairCode, Passkey, Proxy, SessionHandle};

use super::control::{Busy, Canceled, Connection, Control, ControlError, ShownPasskey};
use crate::sessions::RunningSessions;

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> ControlError {
    ControlError::Failed(Box::new(error))
}

impl RunningSessions {
    fn handle(&self, id: SessionId) -> Result<SessionHandle, ControlError> {
        self.get(id)
            .map(|running| running.handle)
            .ok_or(ControlError::NotRunning)
    }
}

#[async_trait]
impl Control for RunningSessions {
    fn connection(&self, id: SessionId) -> Option<Connection> {
        let handle = self.get(id)?.handle;
        Some(Connection {
            status: handle.status(),
            qr: handle.qr(),
        })
    }

    async fn start(&self, record: &SessionRecord) -> Result<(), ControlError> {
        Self::start(self, record).await.map(drop).map_err(failed)
    }

    async fn stop(&self, id: SessionId) {
        Self::stop(self, id).await;
    }

    async fn connect(&self, id: SessionId) -> Result<(), ControlError> {
        self.handle(id)?.connect().await.map_err(failed)
    }

    async fn disconnect(&self, id: SessionId) -> Result<(), ControlError> {
        self.handle(id)?.disconnect().await.map_err(failed)
    }

    async fn log_out(&self, id: SessionId) -> Result<(), ControlError> {
        self.handle(id)?.log_out().await.map_err(failed)
    }

    async fn restart(&self, id: SessionId) -> Result<(), ControlError> {
        self.handle(id)?.restart().await.map_err(failed)
    }

    fn restart_all(&self, ids: &[SessionId]) {
        let handles = ids.iter().filter_map(|id| Some(self.get(*id)?.handle));
        Self::restart_all(self, handles.collect());
    }

    fn account(&self, id: SessionId) -> Option<Arc<dyn Affairs>> {
        let running = self.get(id)?;
        Some(Arc::new(running.handle))
    }

    async fn busy(&self, id: SessionId) -> Option<Busy> {
        let handle = self.get(id)?.handle;
        Some(Busy {
            activity: handle.activity().await,
            messages: handle.last_messages(),
        })
    }

    async fn pair_code(&self, id: SessionId, phone: &Jid, custom: Option<&str>) -> Result<PairCode, ControlError> {
        let code = self.handle(id)?.pair_code(phone, custom).await;
        code.map_err(ControlError::Pairing)
    }

    fn passkey(&self, id: SessionId) -> Result<Option<Passkey>, ControlError> {
        Ok(self.handle(id)?.passkey().borrow().clone())
    }

    async fn show_passkey(&self, id: SessionId, shown: ShownPasskey) -> Result<(), ControlError> {
        let ShownPasskey { assertion, credential } = shown;
        let shown = self.handle(id)?.show_passkey(assertion, credential).await;
        shown.map_err(ControlError::Pairing)
    }

    async fn confirm_passkey(&self, id: SessionId) -> Result<(), ControlError> {
        let confirmed = self.handle(id)?.confirm_passkey().await;
        confirmed.map_err(ControlError::Pairing)
    }

    async fn proxy(&self, id: SessionId) -> Result<Option<Proxy>, ControlError> {
        self.shared().whatsapp.proxy(id).await.map_err(ControlError::Proxy)
    }

    async fn set_proxy(&self, id: SessionId, proxy: Option<&Proxy>) -> Result<(), ControlError> {
        let set = self.shared().whatsapp.set_proxy(id, proxy).await;
        set.map_err(ControlError::Proxy)
    }

    async fn submit(&self, id: SessionId, request: EventId, actions: Vec<Action>) -> Result<Vec<Effect>, CommitError> {
        Self::submit(self, id, request, actions).await
    }

    async fn resubmit(&self, failed: Effect, request: EventId) -> Result<Effect, CommitError> {
        Self::resubmit(self, failed, request).await
    }

    async fn cancel(&self, id: SessionId, effect: EffectId) -> Result<Canceled, StoreError> {
        let canceled = Self::cancel(self, id, effect).await?;
        Ok(if canceled { Canceled::Yes } else { Canceled::No })
    }
}
