//! The order in which effects of a chat leave while connections come and go.

mod policy;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use waspnest_core::address::Party;
use waspnest_core::clock::{Clock, Ids, ManualClock, SeededIds, UnixMs};
use waspnest_core::effect::{Action, Effect, Typing};
use waspnest_core::event::LiveInterest;
use waspnest_core::id::{EventId, SessionId};
use waspnest_core::log::Log;
use waspnest_core::outbox::{Committed, Outbox};
use waspnest_core::send_ledger::SendLedger;
use waspnest_core::store::{MemoryStore, Store};

use super::{SessionSink, SinkParts, SinkPort};
use crate::config::plugins::{Backoff, Retry};
use crate::config::send_policy::SendPolicy;
use crate::sink::{Carried, Carrier, CarryError, EffectTraces, Failures, PolicyParts};
use crate::traces::Traces;

const CHAT: &str = "4915100001";
/// Turns after which a sink has done what it can do.
const TURNS: usize = 200;

/// Carries everything out, except as it is told.
#[derive(Debug)]
struct Told {
    connection: watch::Sender<Option<u64>>,
    /// How the next attempts end, when they are let go on.
    next: Mutex<VecDeque<oneshot::Receiver<CarryError>>>,
    carried: Mutex<Vec<Typing>>,
    /// Messages, with how long "typing" is shown before.
    sent: Mutex<Vec<(String, Option<u32>)>>,
}

#[async_trait]
impl Carrier for Told {
    async fn carry_out(&self, effect: &Effect) -> Result<Carried, CarryError> {
        let next = self.next.lock().expect("no test panics with this lock").pop_front();
        if let Some(ends) = next {
            return Err(ends.await.expect("the test says how it ends"));
        }
        match &effect.action {
            Action::SetTyping { state, .. } => {
                self.carried.lock().expect("no test panics with this lock").push(*state);
            }
            Action::Send(send) => {
                let text = send.content.plain_text().unwrap_or_default().to_owned();
                let mut sent = self.sent.lock().expect("no test panics with this lock");
                sent.push((text, send.typing_ms));
            }
            other => panic!("{} is not sent here", other.name()),
        }
        Ok(Carried::Done)
    }

    fn connection(&self) -> watch::Receiver<Option<u64>> {
        self.connection.subscribe()
    }
}

/// A sink at work.
struct Rig {
    session: SessionId,
    clock: Arc<ManualClock>,
    ids: Arc<SeededIds>,
    store: Arc<dyn Store>,
    log: Log,
    outbox: Outbox,
    policy: watch::Sender<Arc<SendPolicy>>,
    carrier: Arc<Told>,
    port: SinkPort,
    stop: CancellationToken,
    task: JoinSet<()>,
}

impl Rig {
    fn new(connection: Option<u64>) -> Self {
        let clock = Arc::new(ManualClock::at(UnixMs(1_750_000_000_000)));
        Self::over(MemoryStore::new(), clock, SendPolicy::default(), connection)
    }

    fn over(store: Arc<dyn Store>, clock: Arc<ManualClock>, policy: SendPolicy, connection: Option<u64>) -> Self {
        let ids = Arc::new(SeededIds::new(clock.now().0));
        let session = SessionId::new(ulid::Ulid(7));
        let policy = watch::Sender::new(Arc::new(policy));
        let me = Party::known_as("4915100009".parse().expect("an address"));
        let log = Log::new(Arc::clone(&store), clock.clone(), Arc::new(SeededIds::new(8)));
        let outbox = Outbox::new(Arc::clone(&store), clock.clone(), log.clone());
        let carrier = Arc::new(Told {
            connection: watch::Sender::new(connection),
            next: Mutex::default(),
            carried: Mutex::default(),
            sent: Mutex::default(),
        });
        let backoff = Backoff {
            first: Duration::from_secs(1),
            factor: 1.0,
            max: Duration::from_secs(1),
            jitter: 0.0,
        };
        let (sink, port) = SessionSink::new(SinkParts {
            session,
            store: Arc::clone(&store),
            outbox: outbox.clone(),
            carrier: carrier.clone(),
            clock: clock.clone(),
            retry: Retry {
                max_attempts: 3,
                backoff,
            },
            failures: Failures::new(session, log.clone(), LiveInterest::default()),
            traces: EffectTraces::new(session, log.clone(), Traces::default()),
            policy: PolicyParts {
                session,
                policy: policy.subscribe(),
                me: watch::Sender::new(Some(me)).subscribe(),
                log: log.clone(),
                outbox: outbox.clone(),
                ledger: SendLedger::new(Arc::clone(&store)),
                clock: clock.clone(),
                ids: ids.clone(),
            },
        });
        let stop = CancellationToken::new();
        let ends = stop.clone();
        let mut task = JoinSet::new();
        task.spawn(async move { sink.run(ends).await.expect("the store works") });
        Self {
            session,
            clock,
            ids,
            store,
            log,
            outbox,
            policy,
            carrier,
            port,
            stop,
            task,
        }
    }

    /// Something to be sent is in the outbox.
    async fn submits(&self, state: Typing) -> Committed {
        let request = EventId::new(self.ids.ulid(self.clock.now()));
        let action = Action::SetTyping {
            chat: CHAT.parse().expect("a chat"),
            state,
        };
        let committed = self.outbox.submit(self.session, request, vec![action]).await;
        committed.expect("the store works")
    }

    /// The same, and the sink is offered it.
    async fn offers(&self, state: Typing) {
        self.port.offer(self.submits(state).await).await;
    }

    /// The next attempt waits, and then ends without a connection.
    fn holds_next(&self) -> oneshot::Sender<CarryError> {
        let (ends, waits) = oneshot::channel();
        self.carrier
            .next
            .lock()
            .expect("no test panics with this lock")
            .push_back(waits);
        ends
    }

    fn connects(&self, connection: Option<u64>) {
        self.carrier.connection.send_replace(connection);
    }

    async fn turns(&self) {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
    }

    /// The sink ends in order.
    async fn ends(&mut self) {
        self.turns().await;
        self.stop.cancel();
        self.task
            .join_next()
            .await
            .expect("one task")
            .expect("the sink ends in order");
    }

    async fn carried(mut self) -> Vec<Typing> {
        self.ends().await;
        self.carrier
            .carried
            .lock()
            .expect("no test panics with this lock")
            .clone()
    }
}

#[tokio::test]
async fn what_is_offered_does_not_overtake_what_waited_for_the_connection() {
    // Which of two things a task finds first is left to chance.
    for _ in 0..50 {
        let rig = Rig::new(None);
        rig.turns().await;
        drop(rig.submits(Typing::Composing).await);
        let fresh = rig.submits(Typing::Paused).await;
        rig.connects(Some(1));
        rig.port.offer(fresh).await;
        assert_eq!(rig.carried().await, [Typing::Composing, Typing::Paused]);
    }
}

#[tokio::test]
async fn what_met_the_end_of_a_connection_leaves_first_over_the_next() {
    let rig = Rig::new(Some(1));
    let ends = rig.holds_next();
    rig.offers(Typing::Composing).await;
    rig.turns().await;
    rig.offers(Typing::Paused).await;
    rig.connects(Some(2));
    rig.turns().await;
    ends.send(CarryError::NotConnected).expect("it is under way");
    assert_eq!(rig.carried().await, [Typing::Composing, Typing::Paused]);
}

#[tokio::test]
async fn what_met_no_connection_where_there_should_be_one_is_tried_again() {
    let rig = Rig::new(Some(1));
    let ends = rig.holds_next();
    rig.offers(Typing::Composing).await;
    rig.turns().await;
    ends.send(CarryError::NotConnected).expect("it is under way");
    rig.turns().await;
    rig.offers(Typing::Paused).await;
    rig.turns().await;
    assert_eq!(
        rig.carrier.carried.lock().expect("no test panics with this lock").len(),
        0
    );
    rig.clock.advance(super::RECHECK);
    assert_eq!(rig.carried().await, [Typing::Composing, Typing::Paused]);
}
