//! What the harness has of the world beside WhatsApp: secrets, servers that are told, requests, and looks at what is stored.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use waspnest_core::clock::{ManualClock, SeededIds};
use waspnest_core::effect::Effect;
use waspnest_core::event::{EventKind, Position};
use waspnest_core::id::{EffectId, EventId, SessionId};
use waspnest_core::log::Log;
use waspnest_core::master_key::MasterKey;
use waspnest_core::outbox::Outbox;
use waspnest_core::seal::Sealer;
use waspnest_core::secret::StoredSecrets;
use waspnest_core::store::Store;
use waspnest_egress::Egress;

use super::{Harness, Install, install};
use crate::config::secrets::{Declared, Source};
use crate::router::LoopGuard;
use crate::secrets::Secrets;
use crate::sink::{EffectTraces, WebhookSink, WebhookSinkParts};
use crate::test_server::Server;
use crate::webhook::Webhooks;

/// One secret, `token`, for a server on this machine.
pub(super) fn secrets(store: &Arc<dyn Store>) -> Secrets {
    let stored = StoredSecrets::new(Arc::clone(store), Sealer::new(&MasterKey::from_bytes([7; 32])));
    let declared = Declared {
        from: Source::Environment("swordfish".parse().expect("a secret")),
        hosts: Arc::new(["127.0.0.1".parse().expect("a host")]),
    };
    Secrets::new([("token".parse().expect("a name"), declared)].into(), stored)
}

/// Nobody is answered more than twice where machines answer each other.
pub(super) fn loop_guard() -> LoopGuard {
    LoopGuard::new(crate::config::plugins::LoopGuard {
        replies: 2,
        ..Default::default()
    })
}

/// What tells servers of a session.
pub(super) fn webhooks(
    (session, wake): (SessionId, Arc<Notify>),
    installs: &[Install],
    (outbox, log, egress): (&Outbox, &Log, &Egress),
    store: &Arc<dyn Store>,
    (clock, ids): (&Arc<ManualClock>, &Arc<SeededIds>),
) -> WebhookSink {
    let webhooks = Webhooks::new(
        install::endpoints(installs),
        egress.clone(),
        secrets(store),
        clock.clone(),
    );
    let parts = WebhookSinkParts {
        session,
        name: "test".parse().expect("a valid name"),
        outbox: outbox.clone(),
        webhooks,
        traces: EffectTraces::new(session, log.clone(), Default::default()),
        meters: Default::default(),
        clock: clock.clone(),
        ids: ids.clone(),
    };
    WebhookSink::new(parts, wake)
}

impl Harness {
    /// Something happens that is no message; answers its event.
    pub(in super::super) async fn takes(&self, kind: EventKind) -> EventId {
        let appended = self.log.append(self.session, vec![kind.into()]).await;
        appended.expect("the log takes it").events[0].id
    }

    /// The position of the newest event.
    pub(in super::super) async fn head(&self) -> Position {
        self.log.head(self.session).await.expect("the store works")
    }

    /// An effect by its id.
    pub(in super::super) async fn effect(&self, id: EffectId) -> Effect {
        let effect = self.scripted.outbox.get(self.session, id).await;
        effect.expect("the store works").expect("it is there")
    }

    pub(in super::super) const fn session(&self) -> SessionId {
        self.session
    }

    /// Waits, while the clock stands still, until a server was asked so often.
    pub(in super::super) async fn until_heard(&self, server: &Server, count: usize) {
        self.until(async || server.heard().len() >= count, Duration::ZERO).await;
    }

    /// The id of an event.
    pub(in super::super) async fn event(&self, position: Position) -> EventId {
        let event = self.log.get(self.session, position).await;
        event.expect("the store works").expect("it is there").id
    }
}
