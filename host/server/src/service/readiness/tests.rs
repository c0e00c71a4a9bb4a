use ulid::Ulid;
use waspnest_core::clock::{ManualClock, SeededIds, UnixMs};
use waspnest_core::event::{EventKind, SessionEvent, SessionState};
use waspnest_core::store::{HeldStore, MemoryStore};

use super::*;

struct Host {
    store: Arc<HeldStore>,
    log: Log,
    clock: Arc<ManualClock>,
    phase: watch::Sender<Phase>,
    routers: router::Meters,
    readiness: Readiness,
    _dir: tempfile::TempDir,
}

fn host(min_free: u64) -> Host {
    let clock = Arc::new(ManualClock::at(UnixMs(1_000_000)));
    let store = HeldStore::new(MemoryStore::new());
    let log = Log::new(store.clone(), clock.clone(), Arc::new(SeededIds::new(1)));
    let (phase, phases) = watch::channel(Phase::Ready);
    let routers = router::Meters::default();
    let dir = tempfile::tempdir().expect("a directory");
    let readiness = Readiness::new(ReadinessParts {
        phase: phases,
        store: store.clone(),
        dir: dir.path().to_owned(),
        min_free,
        routers: routers.clone(),
        log: log.clone(),
        clock: clock.clone(),
    });
    Host {
        store,
        log,
        clock,
        phase,
        routers,
        readiness,
        _dir: dir,
    }
}

const SESSION: SessionId = SessionId::new(Ulid(7));

async fn happens(host: &Host) {
    let kind = EventKind::Session(SessionEvent {
        state: SessionState::Connected,
        reason: None,
    });
    host.log
        .append(SESSION, vec![kind.into()])
        .await
        .expect("it is recorded");
}

#[tokio::test]
async fn a_host_that_can_work_lacks_nothing() {
    let host = host(1);
    assert_eq!(host.readiness.lacks().await, []);
    host.phase.send_replace(Phase::Stopping);
    assert_eq!(host.readiness.lacks().await, [Lack::Phase(Phase::Stopping)]);
}

#[tokio::test]
async fn a_store_that_makes_nothing_durable_is_waited_for_and_told() {
    let host = host(1);
    host.store.hold();
    let (lacks, ()) = tokio::join!(host.readiness.lacks(), async {
        host.store.until_held(1).await;
        host.clock.advance(WRITE);
    });
    assert_eq!(lacks, [Lack::Store]);
    host.store.release().await;
    assert_eq!(
        host.readiness.lacks().await,
        [Lack::Store],
        "it is believed for a second"
    );
    host.clock.advance(BELIEVED);
    assert_eq!(host.readiness.lacks().await, []);
}

#[tokio::test]
async fn asking_often_writes_once() {
    let host = host(1);
    host.store.hold();
    let asked = async { tokio::join!(host.readiness.lacks(), host.readiness.lacks(), host.readiness.lacks()) };
    let (all, ()) = tokio::join!(asked, async {
        host.store.until_held(1).await;
        host.store.release().await;
    });
    assert_eq!(all, (vec![], vec![], vec![]));
    host.store.hold();
    assert_eq!(host.readiness.lacks().await, [], "or this would wait");
}

#[tokio::test]
async fn a_disk_without_room_is_told() {
    let host = host(u64::MAX);
    let lacks = host.readiness.lacks().await;
    assert!(matches!(lacks[..], [Lack::Disk { wanted: u64::MAX, .. }]), "{lacks:?}");
}

#[tokio::test]
async fn a_router_that_stands_still_is_told_and_one_that_moves_is_not() {
    let host = host(1);
    let view = host.routers.watch(SESSION);
    happens(&host).await;
    happens(&host).await;
    assert_eq!(host.readiness.lacks().await, [], "it may be about to read");
    host.clock.advance(STILL - BELIEVED);
    assert_eq!(host.readiness.lacks().await, []);
    host.clock.advance(BELIEVED);
    assert_eq!(host.readiness.lacks().await, [Lack::Routers(1)]);
    view.read_to(Position(1));
    host.clock.advance(STILL);
    assert_eq!(host.readiness.lacks().await, [], "it has moved, however slowly");
    view.read_to(Position(2));
    host.clock.advance(STILL);
    assert_eq!(host.readiness.lacks().await, [], "it has read everything");
}
