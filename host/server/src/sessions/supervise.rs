//! The supervising task of one session.

use std::error::Error;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use waspnest_core::address::Party;
use waspnest_core::delivery::Deliveries;
use waspnest_core::event::{Family, Interest, LiveInterest};
use waspnest_core::id::SessionId;
use waspnest_core::send_ledger::Linked;
use waspnest_core::session::SessionRecord;
use waspnest_core::store::StoreError;
use waspnest_whatsapp::SessionHandle;

use super::Shared;
use super::connection::{Follower, SessionCarrier, SessionShelf};
use super::mailbox::MailboxKeeper;
use crate::delivery::{Deliverer, DelivererParts};
use crate::live;
use crate::rollout;
use crate::router::{GroupAdmins, LoopGuard, RouterParts, SessionRouter};
use crate::service::mailbox::Library;
use crate::sink::{
    EffectTraces, Failures, PolicyParts, SessionSink, SinkParts, SinkPort, WebhookSink, WebhookSinkParts,
};
use crate::source::{SessionSchedules, SourceParts};

type Failure = Box<dyn Error + Send + Sync>;

/// The parts of a session, ready to run.
pub(super) struct Supervised {
    handle: SessionHandle,
    follower: Follower,
    schedules: SessionSchedules,
    router: SessionRouter,
    sink: SessionSink,
    webhooks: WebhookSink,
    deliverer: Deliverer,
    live: live::Follower,
    mailbox: MailboxKeeper,
    stop: CancellationToken,
}

/// Which part ended.
enum Part {
    Schedules,
    Router,
    Sink,
    Webhooks,
    Deliverer,
    Live,
    Mailbox,
    Follower,
}

/// Opens a session's parts where they stood.
pub(super) async fn prepare(
    shared: &Arc<Shared>,
    record: &SessionRecord,
    stop: CancellationToken,
) -> Result<(Supervised, SinkPort), Failure> {
    let session = record.id;
    // Lists, streams and the mailbox show these whatever plugins want. Presence comes often, is worth little, and is left to those who want it.
    let shown: Interest = [
        Family::Receipt,
        Family::Group,
        Family::Contact,
        Family::Chat,
        Family::Call,
        Family::Session,
    ]
    .into_iter()
    .collect();
    // The router adds what plugins want, before anything comes in.
    let interest = LiveInterest::from(shown);
    let tenant = shared.register.owner(session).await?;
    let handle = shared.whatsapp.open(session, interest.clone()).await?;
    let connection = watch::Sender::new(None);
    let me = watch::Sender::new(handle.status().borrow().me.clone());
    let carrier = SessionCarrier {
        handle: handle.clone(),
        connection: connection.subscribe(),
    };
    let (sink, port) = SessionSink::new(SinkParts {
        session,
        store: Arc::clone(&shared.store),
        outbox: shared.outbox.clone(),
        carrier: Arc::new(carrier),
        clock: Arc::clone(&shared.clock),
        retry: shared.send_retry.clone(),
        failures: Failures::new(session, shared.log.clone(), interest.clone()),
        traces: traces(shared, session),
        policy: policy(shared, record, me.subscribe()).await?,
    });
    for slot in shared.installations.of(tenant).iter() {
        rollout::settle(&shared.outbox, session, slot).await?;
    }
    let webhooks = WebhookSink::new(
        WebhookSinkParts {
            session,
            name: record.name.clone(),
            outbox: shared.outbox.clone(),
            webhooks: shared.webhooks.clone(),
            traces: traces(shared, session),
            meters: shared.webhook_meters.clone(),
            clock: Arc::clone(&shared.clock),
            ids: Arc::clone(&shared.ids),
        },
        port.webhooks(),
    );
    let router = SessionRouter::resume(RouterParts {
        session,
        name: record.name.clone(),
        me: me.subscribe(),
        tenant,
        installations: shared.installations.clone(),
        interest,
        shown,
        engine: Arc::clone(&shared.engine),
        log: shared.log.clone(),
        progress: shared.progress.clone(),
        journal: shared.journal.clone(),
        loop_guard: LoopGuard::new(shared.loop_guard),
        group_admins: GroupAdmins::default(),
        records: shared.records.clone(),
        meters: shared.router_meters.clone(),
        traces: shared.traces.clone(),
        egress: shared.egress.clone(),
        secrets: shared.secrets.clone(),
        replies: shared.replies.clone(),
        files: shared.files.clone(),
        shelf: Arc::new(SessionShelf(handle.clone())),
        account: Arc::new(handle.clone()),
        outbox: shared.outbox.clone(),
        sink: port.clone(),
        clock: Arc::clone(&shared.clock),
        ids: Arc::clone(&shared.ids),
    })
    .await?;
    let schedules = SessionSchedules::resume(SourceParts {
        session,
        name: record.name.clone(),
        tenant,
        timetable: Arc::clone(&shared.timetable),
        store: Arc::clone(&shared.store),
        log: shared.log.clone(),
        timers: shared.outbox.timers().clone(),
        progress: shared.progress.clone(),
        register: shared.register.clone(),
        clock: Arc::clone(&shared.clock),
        up_since: shared.clock.now(),
    })
    .await?;
    let deliverer = Deliverer::new(DelivererParts {
        session,
        tenant,
        endpoints: shared.endpoints.clone(),
        log: shared.log.clone(),
        progress: shared.progress.clone(),
        deliveries: Deliveries::new(Arc::clone(&shared.store), shared.progress.clone()),
        register: shared.register.clone(),
        egress: shared.egress.clone(),
        meters: shared.webhook_meters.clone(),
        traces: shared.traces.clone(),
        clock: Arc::clone(&shared.clock),
        ids: Arc::clone(&shared.ids),
    });
    let live = live::Follower::new(shared.live.clone(), session, handle.qr(), Arc::clone(&shared.clock));
    let follower = Follower {
        session,
        handle: handle.clone(),
        register: shared.register.clone(),
        connection,
        me,
    };
    let line = Arc::new(handle.clone());
    let mailbox = MailboxKeeper {
        session,
        mailbox: shared.mailbox.clone(),
        library: Library::new(
            shared.mailbox.clone(),
            shared.media.clone(),
            line,
            shared.keeping.media_limit,
        ),
        media: shared.keeping.media,
        clock: Arc::clone(&shared.clock),
    };
    Ok((
        Supervised {
            handle,
            follower,
            schedules,
            router,
            sink,
            webhooks,
            deliverer,
            live,
            mailbox,
            stop,
        },
        port,
    ))
}

/// Where attempts to carry effects of a session out are told.
fn traces(shared: &Shared, session: SessionId) -> EffectTraces {
    EffectTraces::new(session, shared.log.clone(), shared.traces.clone())
}

/// The send policy of a session. An account that was linked before that was noted is as old as its session.
async fn policy(
    shared: &Shared,
    record: &SessionRecord,
    me: watch::Receiver<Option<Party>>,
) -> Result<PolicyParts, StoreError> {
    let ledger = shared.policies.ledger().clone();
    if let Some(account) = record.jid.clone().or_else(|| record.lid.clone())
        && ledger.linked(record.id).await?.is_none()
    {
        let since = record.created_at;
        ledger.link(record.id, &Linked { account, since }).await?;
    }
    Ok(PolicyParts {
        session: record.id,
        policy: shared.policies.follow(record).await?,
        me,
        log: shared.log.clone(),
        outbox: shared.outbox.clone(),
        ledger,
        clock: Arc::clone(&shared.clock),
        ids: Arc::clone(&shared.ids),
    })
}

impl Supervised {
    /// Its WhatsApp side.
    pub(super) const fn handle(&self) -> &SessionHandle {
        &self.handle
    }

    /// Runs until it is told to stop. Comes back early only when the store is lost, which ends the process.
    pub(super) async fn run(self) {
        let Self {
            handle,
            follower,
            schedules,
            router,
            sink,
            webhooks,
            deliverer,
            live,
            mailbox,
            stop,
        } = self;
        let session = handle.id();
        let sink_stop = CancellationToken::new();
        let follower_stop = CancellationToken::new();
        let mut tasks: JoinSet<Result<Part, Failure>> = JoinSet::new();
        let (schedules_stop, router_stop) = (stop.clone(), stop);
        tasks.spawn(async move { Ok(schedules.run(schedules_stop).await.map(|()| Part::Schedules)?) });
        tasks.spawn(async move { Ok(router.run(router_stop).await.map(|()| Part::Router)?) });
        tasks.spawn({
            let stop = sink_stop.clone();
            async move { Ok(sink.run(stop).await.map(|()| Part::Sink)?) }
        });
        tasks.spawn({
            let stop = sink_stop.clone();
            async move { Ok(webhooks.run(stop).await.map(|()| Part::Webhooks)?) }
        });
        tasks.spawn({
            let stop = sink_stop.clone();
            async move { Ok(deliverer.run(stop).await.map(|()| Part::Deliverer)?) }
        });
        tasks.spawn({
            let stop = follower_stop.clone();
            async move { Ok(live.run(stop).await.map(|()| Part::Live)?) }
        });
        tasks.spawn({
            let stop = follower_stop.clone();
            async move { Ok(mailbox.run(stop).await.map(|()| Part::Mailbox)?) }
        });
        tasks.spawn({
            let stop = follower_stop.clone();
            async move { Ok(follower.run(stop).await.map(|()| Part::Follower)?) }
        });
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok(Ok(
                    Part::Schedules | Part::Follower | Part::Webhooks | Part::Deliverer | Part::Live | Part::Mailbox,
                )) => {}
                Ok(Ok(Part::Router)) => sink_stop.cancel(),
                Ok(Ok(Part::Sink)) => {
                    if let Err(error) = handle.close().await {
                        tracing::warn!(session.id = %session, %error, "the session did not close in order");
                    }
                    follower_stop.cancel();
                }
                Ok(Err(error)) => {
                    tracing::error!(session.id = %session, error = &*error as &dyn Error, "a session cannot go on");
                    return;
                }
                Err(error) => {
                    tracing::error!(session.id = %session, %error, "a part of a session died");
                    return;
                }
            }
        }
    }
}
