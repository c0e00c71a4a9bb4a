//! The one task that owns a session: it starts and stops the client and decides the session's state.
//!
//! States follow what WhatsApp says and what operators ask. The client reconnects by itself with its own back-off. The owner makes a new
//! client while QR codes are wanted, as a client ends when its codes are used up, and for one that is silent or stuck ([`watchdog`]); it
//! never tries again by itself after a terminal state.
//!
//! [`watchdog`]: super::watchdog

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot, watch};
use waspnest_core::event::{EventKind, Family, LiveInterest};
use waspnest_core::id::SessionId;
use whatsapp_rust::Client;
use whatsapp_rust::types::events::Event;

use super::pairing::Passkey;
use super::past::{ToScribe, Told};
use super::settle::Settler;
use super::watchdog::Watchdog;
use super::{Link, Published, Report, Request, RequestError};
use crate::backend::Backend;
use crate::decode;
use crate::host::{Host, Place};
use crate::status::{Qr, State, Status};

/// How often messages without an answer are looked for.
const SWEEP: Duration = Duration::from_secs(15);

/// How long WhatsApp's server may take to acknowledge a message on a living connection.
const UNANSWERED: Duration = Duration::from_secs(60);

/// How long a client may take to end in order.
const ENDING: Duration = Duration::from_secs(30);

/// How many pieces of news are taken at a time.
const BATCH: usize = 256;

/// See the module documentation.
pub(crate) struct Owner {
    pub(crate) session: SessionId,
    pub(crate) host: Arc<Host>,
    /// Given back when the owner ends.
    #[expect(dead_code, reason = "held, not read")]
    pub(crate) place: Place,
    pub(crate) requests: mpsc::Receiver<Request>,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) qr: watch::Sender<Option<Qr>>,
    pub(crate) passkey: watch::Sender<Option<Passkey>>,
    pub(crate) published: Arc<Published>,
    pub(crate) settler: Settler,
    pub(crate) report: Report,
    pub(crate) interest: LiveInterest,
    /// Who takes what is for the mailbox alone.
    pub(crate) scribe: ToScribe,
    pub(crate) link: Option<Link>,
    /// How many more sets of QR codes may be shown.
    pub(crate) rounds: u32,
    pub(crate) wish: Wish,
    pub(crate) watchdog: Watchdog,
    /// A question to the server that is under way.
    pub(crate) asking: Question,
}

/// A question that is under way, if there is one. Alone in here; only the lock lets others look at the owner meanwhile.
#[derive(Default)]
pub(crate) struct Question(Mutex<Option<BoxFuture<'static, ()>>>);

impl Question {
    pub(super) fn ask(&mut self, question: impl Future<Output = ()> + Send + 'static) {
        let asked = self.asked();
        if asked.is_none() {
            *asked = Some(Box::pin(question));
        }
    }

    fn forget(&mut self) {
        *self.asked() = None;
    }

    /// Resolves when it is answered; never while nothing is asked.
    async fn answered(&mut self) {
        let asked = self.asked();
        match asked.as_mut() {
            Some(question) => question.await,
            None => std::future::pending().await,
        }
        *asked = None;
    }

    fn asked(&mut self) -> &mut Option<BoxFuture<'static, ()>> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the session is to be, until WhatsApp decides otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    Online,
    Offline,
}

enum Next {
    Asked(Option<Request>),
    Told(Vec<Arc<Event>>),
    Failed(Box<str>),
    Ended,
    Answered,
    Sweep,
}

/// Why a client must end.
pub(super) struct Verdict {
    pub(super) state: State,
    pub(super) reason: Box<str>,
}

type Reply = oneshot::Sender<Result<(), RequestError>>;

impl Owner {
    /// Runs until the session is closed.
    pub(crate) async fn run(mut self) {
        let mut sweep = self.host.clock.sleep(SWEEP);
        loop {
            match self.next(&mut sweep).await {
                Next::Asked(None) => {
                    self.stop().await;
                    return;
                }
                Next::Asked(Some(Request::Close(reply))) => {
                    self.stop().await;
                    return self.leave(reply);
                }
                Next::Asked(Some(Request::Kill(reply))) => {
                    self.published.publish(None);
                    self.link = None;
                    return self.leave(reply);
                }
                Next::Asked(Some(Request::Connect(reply))) => answer(reply, self.connect().await),
                Next::Asked(Some(Request::Restart(reply))) => answer(reply, self.restart().await),
                Next::Asked(Some(Request::Pair(reply))) => {
                    let client = self.pair().await;
                    // The asker may have gone away.
                    let _ = reply.send(client);
                }
                Next::Asked(Some(Request::Disconnect(reply))) => {
                    self.disconnect().await;
                    answer(reply, Ok(()));
                }
                Next::Asked(Some(Request::LogOut(reply))) => answer(reply, self.log_out().await),
                Next::Told(events) => self.listen(events).await,
                Next::Ended => self.ended().await,
                Next::Failed(reason) => self.note(reason),
                Next::Answered => self.show_round_trip(),
                Next::Sweep => {
                    sweep = self.host.clock.sleep(SWEEP);
                    self.look_after().await;
                    let late = self
                        .published
                        .in_flight
                        .take_older(self.host.clock.monotonic(), UNANSWERED);
                    self.settler.lost(late, &*self.host.clock).await;
                }
            }
            self.report.write().await;
        }
    }

    async fn next(&mut self, sweep: &mut BoxFuture<'static, ()>) -> Next {
        let Self {
            link, asking, requests, ..
        } = self;
        let Some(link) = link else {
            return match self.wish {
                Wish::Offline => Next::Asked(requests.recv().await),
                Wish::Online => tokio::select! {
                    biased;
                    request = requests.recv() => Next::Asked(request),
                    () = sweep => Next::Sweep,
                },
            };
        };
        let mut events = Vec::new();
        // News before the end: what the client said last decides what its end means.
        tokio::select! {
            biased;
            request = requests.recv() => Next::Asked(request),
            taken = link.news.recv_many(&mut events, BATCH) => if taken == 0 { Next::Ended } else { Next::Told(events) },
            () = &mut link.bot => Next::Ended,
            Some(reason) = link.troubles.recv() => Next::Failed(reason),
            () = asking.answered() => Next::Answered,
            () = sweep => Next::Sweep,
        }
    }

    fn leave(self, reply: Reply) {
        // The place is free before the caller hears of it, so that it can open the session again.
        drop(self);
        answer(reply, Ok(()));
    }

    async fn connect(&mut self) -> Result<(), RequestError> {
        self.wish = Wish::Online;
        if self.link.is_some() {
            return Ok(());
        }
        self.watchdog.start_over();
        self.rounds = self.host.profile.pairing_rounds;
        self.start().await
    }

    async fn restart(&mut self) -> Result<(), RequestError> {
        self.stop().await;
        self.connect().await
    }

    async fn pair(&mut self) -> Result<Option<Arc<Client>>, RequestError> {
        if self.status.borrow().me.is_some() {
            return Ok(None);
        }
        self.connect().await?;
        Ok(self.link.as_ref().map(|link| Arc::clone(&link.client)))
    }

    pub(super) async fn start(&mut self) -> Result<(), RequestError> {
        let (interest, scribe) = (self.interest.clone(), self.scribe.clone());
        match Link::start(&self.host, self.session, &self.published, interest, scribe).await {
            Ok(link) => {
                let linked = link.client.pn().is_some();
                self.link = Some(link);
                self.become_(if linked { State::Connecting } else { State::Pairing }, None);
                Ok(())
            }
            Err(error) => {
                let reason = describe(&error);
                let resting = self.resting();
                self.become_(resting, Some(reason.clone()));
                Err(RequestError::Start { reason })
            }
        }
    }

    async fn disconnect(&mut self) {
        self.wish = Wish::Offline;
        self.stop().await;
        if !self.status.borrow().state.is_terminal() {
            let resting = self.resting();
            self.become_(resting, None);
        }
    }

    async fn log_out(&mut self) -> Result<(), RequestError> {
        self.wish = Wish::Offline;
        let told = match &self.link {
            Some(link) if link.client.is_logged_in() => {
                link.client.logout().await;
                true
            }
            Some(_) | None => false,
        };
        self.stop().await;
        let reason = if told {
            "logged out"
        } else {
            "logged out here; WhatsApp could not be told, remove the device on the phone"
        };
        self.forget_device(reason.into()).await
    }

    /// Removes the keys, which is what being logged out means.
    async fn forget_device(&mut self, reason: Box<str>) -> Result<(), RequestError> {
        let wiped = Backend::wipe(&*self.host.store, self.session).await;
        // In one step, so that nobody sees a logged-out session with an account.
        let since = self.host.clock.now();
        self.report.state(State::LoggedOut, Some(&reason));
        self.status.send_modify(|status| {
            *status = Status {
                state: State::LoggedOut,
                since,
                reason: Some(reason),
                me: None,
                last_round_trip: status.last_round_trip,
            };
        });
        tracing::info!(session = %self.session, state = State::LoggedOut.name(), "session");
        wiped.map_err(|error| RequestError::Wipe {
            reason: error.to_string().into(),
        })
    }

    /// Ends the client in order. What was on its way is due again.
    pub(super) async fn stop(&mut self) {
        self.published.publish(None);
        self.asking.forget();
        self.qr.send_replace(None);
        self.passkey.send_replace(None);
        if let Some(mut link) = self.link.take() {
            // Acknowledgements that are here already count.
            let mut events = Vec::new();
            while link.news.try_recv().map(|event| events.push(event)).is_ok() {}
            for event in &events {
                match self.hear_settlement(event).await {
                    Some(kind) => self.report.take(kind),
                    None => self.report(event),
                }
            }
            // A client that does not end is dropped, which ends it the hard way.
            tokio::select! {
                () = link.shut_down() => {}
                () = self.host.clock.sleep(ENDING) => {
                    tracing::warn!(session = %self.session, "the client did not end in time");
                }
            }
        }
        self.report.write().await;
        self.settler
            .lost(self.published.in_flight.take_all(), &*self.host.clock)
            .await;
    }

    /// The client's run loop has ended by itself, and it had said nothing that explains it.
    async fn ended(&mut self) {
        let pairing = self.status.borrow().state == State::Pairing;
        self.stop().await;
        if pairing && self.rounds > 1 {
            self.rounds -= 1;
            if self.start().await.is_err() {
                tracing::warn!(session = %self.session, "pairing could not go on");
            }
            return;
        }
        let reason = if pairing {
            // Nobody is there: codes are shown again when somebody asks.
            self.wish = Wish::Offline;
            "no phone scanned the QR code in time"
        } else {
            "the client stopped"
        };
        let resting = self.resting();
        self.become_(resting, Some(reason.into()));
    }

    async fn listen(&mut self, events: Vec<Arc<Event>>) {
        let mut settling = Vec::new();
        for event in events {
            match &*event {
                Event::ServerAck(_) | Event::Receipt(_) => settling.push(event),
                _ => {
                    self.hear_all(std::mem::take(&mut settling)).await;
                    if let Some(verdict) = self.hear(&event).await {
                        return self.execute(verdict).await;
                    }
                    if self.report.is_full() {
                        self.report.write().await;
                    }
                }
            }
        }
        self.hear_all(settling).await;
        let overflow = self.link.as_ref().map(|link| Arc::clone(&link.overflow));
        let dropped = overflow.as_ref().map_or(0, |overflow| overflow.take_reports());
        if dropped > 0 {
            tracing::warn!(session = %self.session, dropped, "more was told than could be taken in; plugins do not learn of it");
        }
        if overflow.is_some_and(|overflow| overflow.take_settlements()) {
            tracing::warn!(session = %self.session, "acknowledgements were dropped, what was on its way is sent again");
            self.settler
                .lost(self.published.in_flight.take_all(), &*self.host.clock)
                .await;
        }
        self.show_round_trip();
    }

    fn show_round_trip(&self) {
        let heard = self.published.last_round_trip();
        self.status.send_if_modified(|status| {
            status.last_round_trip = heard;
            false
        });
    }

    async fn hear_all(&mut self, events: Vec<Arc<Event>>) {
        let heard = futures::future::join_all(events.iter().map(|event| self.hear_settlement(event))).await;
        for kind in heard.into_iter().flatten() {
            self.report.take(kind);
        }
    }

    /// Tells the outbox, and answers what plugins learn of it.
    async fn hear_settlement(&self, event: &Event) -> Option<EventKind> {
        let wanted = self.report.wants(Family::Receipt);
        match event {
            Event::ServerAck(ack) => {
                let progress = self
                    .settler
                    .acknowledged(ack, &self.published.in_flight, &*self.host.clock)
                    .await?;
                let now = self.host.clock.now();
                let receipt = wanted.then(|| decode::event::receipt::acknowledged(ack, &progress, now));
                receipt.flatten().map(EventKind::Receipt)
            }
            Event::Receipt(receipt) => {
                if let Some(told) = Told::by(receipt) {
                    if self.scribe.tell(told).is_err() {
                        tracing::warn!(session = %self.session, "what was read elsewhere stays unread here: too much waits to be taken");
                    }
                    return None;
                }
                self.settler.received(receipt).await;
                let status = wanted.then(|| self.status.borrow().clone())?;
                decode::event::event(event, status.me.as_ref(), self.host.clock.now())
            }
            _ => None,
        }
    }

    async fn execute(&mut self, verdict: Verdict) {
        tracing::warn!(session = %self.session, state = verdict.state.name(), reason = %verdict.reason, "WhatsApp ended the session");
        self.wish = Wish::Offline;
        self.stop().await;
        match verdict.state {
            State::LoggedOut => {
                if let Err(error) = self.forget_device(verdict.reason).await {
                    tracing::error!(session = %self.session, %error, "a logged-out session keeps its keys");
                }
            }
            state => self.become_(state, Some(verdict.reason)),
        }
    }
}

fn answer(reply: Reply, result: Result<(), RequestError>) {
    // The asker may have gone away.
    let _ = reply.send(result);
}

fn describe(error: &dyn std::error::Error) -> Box<str> {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text.into()
}
