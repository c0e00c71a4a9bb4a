//! Sessions that do what the test says.

use waspnest::live::Follower;

use super::*;

pub(super) struct Played {
    followed: CancellationToken,
    status: watch::Sender<Status>,
    qr: watch::Sender<Option<Qr>>,
}

/// Sessions that do what the test says.
pub(crate) struct Script {
    pub(super) live: Live,
    pub(super) shutdown: Shutdown,
    pub(super) played: Mutex<HashMap<SessionId, Played>>,
    pub(super) outbox: Outbox,
    pub(super) clock: Arc<ManualClock>,
    pub(super) proxies: Mutex<HashMap<SessionId, Proxy>>,
    /// What accounts answer, unless they answer everything.
    pub(super) refusal: Mutex<Option<Refusal>>,
    /// Notified whenever somebody looks at a session.
    pub(crate) looked: Notify,
}

impl Script {
    pub(crate) fn state(&self, id: SessionId, state: State) {
        let since = self.clock.now();
        let played = self.played.lock().expect("no test panics in here");
        played[&id]
            .status
            .send_modify(|status| (status.state, status.since) = (state, since));
    }

    pub(crate) fn show_qr(&self, id: SessionId, code: &str) {
        let qr = Qr {
            code: code.into(),
            valid_until: UnixMs(START.0 + 20_000),
        };
        self.played.lock().expect("no test panics in here")[&id]
            .qr
            .send_replace(Some(qr));
    }

    pub(crate) fn refuse(&self, refusal: Option<Refusal>) {
        *self.refusal.lock().expect("no test panics in here") = refusal;
    }

    fn told(&self, id: SessionId, state: State) -> Result<(), ControlError> {
        if self.connection(id).is_none() {
            return Err(ControlError::NotRunning);
        }
        self.state(id, state);
        Ok(())
    }
}

#[async_trait]
impl Control for Script {
    fn connection(&self, id: SessionId) -> Option<Connection> {
        self.looked.notify_one();
        let played = self.played.lock().expect("no test panics in here");
        played.get(&id).map(|played| Connection {
            status: played.status.subscribe(),
            qr: played.qr.subscribe(),
        })
    }

    async fn start(&self, record: &SessionRecord) -> Result<(), ControlError> {
        let status = Status {
            state: State::New,
            since: self.clock.now(),
            reason: None,
            me: None,
            last_round_trip: None,
        };
        let played = Played {
            followed: CancellationToken::new(),
            status: watch::Sender::new(status),
            qr: watch::Sender::new(None),
        };
        let follower = Follower::new(self.live.clone(), record.id, played.qr.subscribe(), self.clock.clone());
        let stop = played.followed.clone();
        self.shutdown.spawn_finite(
            "follower",
            async move { follower.run(stop).await.expect("it is followed") },
        );
        self.played
            .lock()
            .expect("no test panics in here")
            .insert(record.id, played);
        Ok(())
    }

    async fn stop(&self, id: SessionId) {
        let played = self.played.lock().expect("no test panics in here").remove(&id);
        if let Some(played) = played {
            played.followed.cancel();
        }
    }

    async fn connect(&self, id: SessionId) -> Result<(), ControlError> {
        self.told(id, State::Pairing)
    }

    async fn disconnect(&self, id: SessionId) -> Result<(), ControlError> {
        self.told(id, State::Disconnected)
    }

    async fn log_out(&self, id: SessionId) -> Result<(), ControlError> {
        self.told(id, State::LoggedOut)
    }

    async fn restart(&self, id: SessionId) -> Result<(), ControlError> {
        self.told(id, State::Connecting)
    }

    fn restart_all(&self, ids: &[SessionId]) {
        for id in ids {
            self.state(*id, State::Connecting);
        }
    }

    fn account(&self, _: SessionId) -> Option<Arc<dyn Affairs>> {
        let refusal = self.refusal.lock().expect("no test panics in here").clone();
        Some(Arc::new(PlayedAccount(refusal)))
    }

    async fn busy(&self, _: SessionId) -> Option<Busy> {
        Some(busy())
    }

    async fn pair_code(&self, _: SessionId, _: &Jid, custom: Option<&str>) -> Result<PairCode, ControlError> {
        Ok(PairCode {
            code: custom.unwrap_or("ABCD1234").into(),
            valid_until: UnixMs(START.0 + 180_000),
        })
    }

    fn passkey(&self, _: SessionId) -> Result<Option<Passkey>, ControlError> {
        Ok(Some(Passkey::Asked {
            options: r#"{"challenge":"AAAA","rpId":"web.whatsapp.com"}"#.into(),
        }))
    }

    async fn show_passkey(&self, _: SessionId, _: ShownPasskey) -> Result<(), ControlError> {
        Ok(())
    }

    async fn confirm_passkey(&self, _: SessionId) -> Result<(), ControlError> {
        Ok(())
    }

    async fn proxy(&self, id: SessionId) -> Result<Option<Proxy>, ControlError> {
        Ok(self.proxies.lock().expect("no test panics in here").get(&id).cloned())
    }

    async fn set_proxy(&self, id: SessionId, proxy: Option<&Proxy>) -> Result<(), ControlError> {
        let mut proxies = self.proxies.lock().expect("no test panics in here");
        match proxy {
            Some(proxy) => proxies.insert(id, proxy.clone()),
            None => proxies.remove(&id),
        };
        Ok(())
    }

    async fn submit(&self, id: SessionId, request: EventId, actions: Vec<Action>) -> Result<Vec<Effect>, CommitError> {
        let committed = self.outbox.submit(id, request, actions).await?;
        committed.applied.durable().await?;
        Ok(committed.effects)
    }

    async fn resubmit(&self, failed: Effect, request: EventId) -> Result<Effect, CommitError> {
        let Effect {
            session, cause, action, ..
        } = failed;
        let id = EffectId::derive(request, &"again".parse().expect("an id"), 0);
        let committed = self.outbox.at_once(session, cause, id, action).await?;
        Ok(committed.effects[0].clone())
    }

    async fn cancel(&self, id: SessionId, effect: EffectId) -> Result<Canceled, StoreError> {
        let reason = "it was called off".into();
        self.outbox
            .progress(id, effect, EffectProgress::Failed { reason, code: None })
            .await?;
        Ok(Canceled::Yes)
    }
}
