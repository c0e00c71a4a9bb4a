use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tempfile::TempDir;

use super::restore::{DeviceState, RestoreError, check, restore};
use super::{BackupError, Extent, Manifest, Progress, Reader, Taker};
use crate::clock::ManualClock;
use crate::codec;
use crate::files::FileName;
use crate::fixture::NOON;
use crate::id::{SessionId, TenantId};
use crate::master_key::MasterKey;
use crate::media_store::MediaStore;
use crate::schema::{Key, session};
use crate::session::{Desired, SessionRecord, Sessions};
use crate::store::{Commit, KeyRange, MAX_SCAN, OpenError, Order, RESTORING, SledOptions, SledStore, Space, Store};
use crate::upload::{Upload, Uploads};

/// A data directory with a store that is in use, and a directory for backups.
struct Source {
    data: TempDir,
    backups: TempDir,
    store: Arc<dyn Store>,
    register: Sessions,
    clock: Arc<ManualClock>,
    key: MasterKey,
}

fn open(dir: &Path) -> Result<Arc<dyn Store>, OpenError> {
    Ok(SledStore::open(dir, SledOptions::default())?)
}

impl Source {
    async fn new() -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let store = open(data.path()).expect("it opens");
        Self {
            register: Sessions::open(Arc::clone(&store)).await.expect("it opens"),
            data,
            backups: tempfile::tempdir().expect("a directory"),
            store,
            clock: Arc::new(ManualClock::at(NOON)),
            key: MasterKey::from_bytes([7; 32]),
        }
    }

    async fn session(&self, name: &str, tenant: TenantId) -> SessionRecord {
        let name = name.parse().expect("a name");
        // Ids go by time.
        self.clock.advance(std::time::Duration::from_secs(1));
        let ids = crate::clock::SeededIds::new(1);
        let made = self
            .register
            .create_for(tenant, name, Desired::Connected, &*self.clock, &ids)
            .await;
        made.expect("it is new")
    }

    /// Writes so many events into a session, and a record of its device.
    async fn live(&self, id: SessionId, events: u64) {
        let mut commit = Commit::lazy(Space::Session(id)).put(vec![session::DEVICE], "keys");
        for position in 1..=events {
            let key = Key::table(session::EVENT).number(position);
            commit = commit.put(key, format!("event {position}"));
        }
        self.store.commit(commit).await.expect("it commits");
    }

    fn taker(&self) -> Taker {
        Taker {
            store: Arc::clone(&self.store),
            data: self.data.path().to_owned(),
            key: self.key.clone(),
            clock: self.clock.clone(),
            host_version: "0.1.0",
        }
    }

    fn file(&self) -> PathBuf {
        self.backups.path().join("one.waspnest")
    }

    async fn take(&self) -> Manifest {
        let unfinished = self.backups.path().join("one.unfinished");
        let taken = self
            .taker()
            .take(&self.file(), &unfinished, Arc::new(Progress::default()))
            .await;
        assert!(!unfinished.exists(), "nothing half written is left");
        taken.expect("it is taken")
    }

    fn read(&self) -> Reader {
        Reader::open(&self.file(), &self.key).expect("it opens")
    }
}

async fn rows(store: &dyn Store, space: Space) -> Vec<(Bytes, Bytes)> {
    let mut range = KeyRange {
        start: Bytes::new(),
        end: None,
    };
    let mut rows = Vec::new();
    loop {
        let page = store
            .scan(space, range.clone(), Order::Ascending, MAX_SCAN)
            .await
            .expect("it scans");
        let Some((last, _)) = page.last() else { return rows };
        range = range.after(last);
        rows.extend(page);
    }
}

async fn restored(source: &Source, dir: &Path, state: DeviceState) -> Result<super::restore::Restored, RestoreError> {
    restore(&source.read(), dir, &[], state, SledOptions::default()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_there_at_one_moment_comes_back_record_by_record() {
    let source = Source::new().await;
    let (one, two) = (
        source.session("one", TenantId::DEFAULT).await,
        source.session("two", TenantId::new(ulid::Ulid(9))).await,
    );
    source.live(one.id, 5000).await;
    source.live(two.id, 3).await;
    let media = MediaStore::open(&source.data.path().join("media"), source.clock.clone()).expect("it opens");
    let kept = media
        .put(one.id, Bytes::from_static(b"a picture"), 100)
        .await
        .expect("it is kept");
    let upload = |size| Upload {
        mime: "image/png".into(),
        file_name: None,
        size,
        created_at: NOON,
    };
    let uploads = Uploads::new(Arc::clone(&source.store));
    uploads.put(one.id, &kept.name, &upload(9)).await.expect("it is known");
    uploads
        .put(one.id, &FileName::of(b"gone"), &upload(4))
        .await
        .expect("it is known");

    // Somebody goes on writing: each event together with a count of them.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let (started, begun) = tokio::sync::oneshot::channel::<()>();
    let writer = tokio::task::spawn_blocking({
        let (store, space) = (Arc::clone(&source.store), Space::Session(one.id));
        let runtime = tokio::runtime::Handle::current();
        move || {
            let (mut stopped, mut started) = (stopped, Some(started));
            let mut position = 5000;
            while stopped.try_recv().is_err() {
                position += 1;
                let key = Key::table(session::EVENT).number(position);
                let commit = Commit::lazy(space)
                    .put(key, format!("event {position}"))
                    .put(vec![session::MAILBOX], position.to_be_bytes().to_vec());
                runtime.block_on(store.commit(commit)).expect("it commits");
                started.take().map(|started| started.send(()));
            }
            position
        }
    });
    begun.await.expect("it writes");
    let manifest = source.take().await;
    stop.send(()).expect("it still writes");
    let written = writer.await.expect("it ended");

    let part = &manifest.sessions[0];
    assert_eq!((part.id, &*part.name, part.extent), (one.id, "one", Extent::Whole));
    assert_eq!(manifest.sessions[1].tenant, TenantId::new(ulid::Ulid(9)));
    assert!(part.last_event > 5000 && part.last_event <= written);
    assert_eq!(manifest.files.count, 1);
    let gone = FileName::of(b"gone").to_string();
    assert_eq!(
        manifest.missing,
        [format!("media/{}/{}/{gone}", one.id, &gone[..2]).into()]
    );
    assert_eq!(source.read().manifest(), &manifest);
    check(&source.read()).expect("it is whole");

    let fresh = tempfile::tempdir().expect("a directory");
    let told = restored(&source, fresh.path(), DeviceState::Taken)
        .await
        .expect("it is restored");
    assert_eq!(told.records, manifest.records().count);
    let store = open(fresh.path()).expect("it opens");
    for space in [Space::System, Space::Sessions, Space::Session(two.id)] {
        assert_eq!(
            rows(&*store, space).await,
            rows(&*source.store, space).await,
            "{space:?}"
        );
    }
    // The session that was written to is as it was behind some commit: its events are the first of the source's, and the count is theirs.
    let is_event = |(key, _): &(Bytes, Bytes)| key[0] == session::EVENT;
    let count_key = Bytes::from_static(&[session::MAILBOX]);
    let (then, now) = (
        rows(&*store, Space::Session(one.id)).await,
        rows(&*source.store, Space::Session(one.id)).await,
    );
    let events =
        |rows: &[(Bytes, Bytes)]| -> Vec<(Bytes, Bytes)> { rows.iter().filter(|row| is_event(row)).cloned().collect() };
    let (then_events, now_events) = (events(&then), events(&now));
    assert_eq!(then_events.len() as u64, part.last_event);
    assert_eq!(then_events[..], now_events[..then_events.len()]);
    let count = then.iter().find(|(key, _)| *key == count_key).expect("it is counted");
    assert_eq!(count.1, Bytes::copy_from_slice(&part.last_event.to_be_bytes()));
    let others = |rows: &[(Bytes, Bytes)]| -> Vec<(Bytes, Bytes)> {
        rows.iter()
            .filter(|row| !is_event(row) && row.0 != count_key)
            .cloned()
            .collect()
    };
    assert_eq!(others(&then), others(&now));
    let media = MediaStore::open(&fresh.path().join("media"), source.clock.clone()).expect("it opens");
    assert_eq!(media.size(one.id).await.expect("it is there"), 9);
}

#[tokio::test]
async fn a_device_comes_back_only_when_it_is_asked_for() {
    let source = Source::new().await;
    let one = source.session("one", TenantId::DEFAULT).await;
    source.live(one.id, 3).await;
    let space = Space::Session(one.id);
    for (key, value) in [(session::SIGNAL, "ratchet"), (session::PROXY, "proxy")] {
        let commit = Commit::lazy(space).put(vec![key, 1], value);
        source.store.commit(commit).await.expect("it commits");
    }
    source.take().await;
    for (state, left_out) in [(DeviceState::Left, 2), (DeviceState::Taken, 0)] {
        let fresh = tempfile::tempdir().expect("a directory");
        let told = restored(&source, fresh.path(), state).await.expect("it is restored");
        assert_eq!((told.left_out, told.linked), (left_out, vec![one.id]));
        let store = open(fresh.path()).expect("it opens");
        let wanted: Vec<_> = rows(&*source.store, space)
            .await
            .into_iter()
            .filter(|(key, _)| state == DeviceState::Taken || ![session::DEVICE, session::SIGNAL].contains(&key[0]))
            .collect();
        assert_eq!(rows(&*store, space).await, wanted);
    }
}

#[tokio::test]
async fn nothing_is_restored_over_something_and_a_restore_that_died_is_begun_again() {
    let source = Source::new().await;
    let one = source.session("one", TenantId::DEFAULT).await;
    source.live(one.id, 3).await;
    source.take().await;
    let fresh = tempfile::tempdir().expect("a directory");
    let occupied = fresh.path().join("db");
    fs::write(&occupied, "").expect("it is written");
    let refused = restored(&source, fresh.path(), DeviceState::Left)
        .await
        .expect_err("there is something");
    assert!(
        matches!(&refused, RestoreError::NotEmpty { found, .. } if found == "db"),
        "{refused}"
    );

    // It died while it moved up what it had written.
    fs::create_dir(fresh.path().join(RESTORING)).expect("it is made");
    assert!(matches!(open(fresh.path()), Err(OpenError::Unfinished { .. })));
    restored(&source, fresh.path(), DeviceState::Left)
        .await
        .expect("it begins again");
    let store = open(fresh.path()).expect("it opens");
    assert_eq!(rows(&*store, Space::Session(one.id)).await.len(), 3);
    drop(store);

    let used = restore(
        &source.read(),
        source.data.path(),
        &[],
        DeviceState::Left,
        SledOptions::default(),
    )
    .await;
    assert!(matches!(used, Err(RestoreError::Open(OpenError::Locked { .. }))));
}

#[tokio::test]
async fn a_session_that_was_removed_meanwhile_is_removed_again() {
    let source = Source::new().await;
    let (one, two) = (
        source.session("one", TenantId::DEFAULT).await,
        source.session("two", TenantId::DEFAULT).await,
    );
    source.live(one.id, 3).await;
    source.live(two.id, 3).await;
    // As it is when the removal falls between the register and the session: the register names it, and there is no end.
    let removed = Manifest {
        sessions: Vec::new(),
        ..source.take().await
    };
    assert_eq!(removed.records().count, removed.register.count + removed.system.count);
    let path = source.backups.path().join("two.waspnest");
    let mut writer = super::file::Writer::create(&path, &source.key, NOON, "0.1.0").expect("it is made");
    let mut manifest = source.read().manifest().clone();
    let mut entries = source.read().entries().expect("it opens");
    let mut within = None;
    while let Some(entry) = entries.read().expect("it reads") {
        match &entry {
            super::Entry::Space(space, _) => within = Some(*space),
            super::Entry::SpaceEnd(_) if within == Some(Space::Session(two.id)) => {
                writer.write(&super::Entry::SpaceRemoved).expect("it is written");
                continue;
            }
            super::Entry::End => break,
            _ => {}
        }
        writer.write(&entry).expect("it is written");
    }
    for part in &mut manifest.sessions {
        if part.id == two.id {
            part.extent = Extent::Removed;
        }
    }
    writer.finish(&manifest).expect("it is finished");
    let fresh = tempfile::tempdir().expect("a directory");
    let backup = Reader::open(&path, &source.key).expect("it opens");
    restore(&backup, fresh.path(), &[], DeviceState::Left, SledOptions::default())
        .await
        .expect("it is restored");
    let store = open(fresh.path()).expect("it opens");
    let register = Sessions::open(Arc::clone(&store)).await.expect("it opens");
    let left: Vec<_> = register
        .list()
        .await
        .expect("it lists")
        .into_iter()
        .map(|record| record.id)
        .collect();
    assert_eq!(left, [one.id]);
    assert!(register.by_name(&two.name).await.expect("it reads").is_none());
    assert!(rows(&*store, Space::Session(two.id)).await.is_empty());
}

#[tokio::test]
async fn a_damaged_backup_is_known_and_restores_nothing() {
    let source = Source::new().await;
    let one = source.session("one", TenantId::DEFAULT).await;
    source.live(one.id, 20_000).await;
    source.take().await;
    let whole = fs::read(source.file()).expect("it reads");
    let looks_whole = |bytes: &[u8]| {
        fs::write(source.file(), bytes).expect("it is written");
        Reader::open(&source.file(), &source.key).and_then(|backup| check(&backup).map(|()| backup))
    };
    for length in (0..whole.len()).step_by(97).chain(whole.len() - 50..whole.len()) {
        assert!(looks_whole(&whole[..length]).is_err(), "cut at {length}");
    }
    for at in (0..whole.len()).step_by(131).chain(whole.len() - 50..whole.len()) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        assert!(looks_whole(&changed).is_err(), "changed at {at}");
    }
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    fs::write(source.file(), &changed).expect("it is written");
    let fresh = tempfile::tempdir().expect("a directory");
    let refused = restored(&source, fresh.path(), DeviceState::Left)
        .await
        .expect_err("it is damaged");
    assert!(
        matches!(refused, RestoreError::Backup(BackupError::Damaged { .. })),
        "{refused}"
    );
    assert!(!fresh.path().join(RESTORING).exists() && !fresh.path().join("db").exists());
    assert!(looks_whole(&whole).is_ok());

    let other = Reader::open(&source.file(), &MasterKey::from_bytes([8; 32])).expect_err("another key");
    assert!(matches!(other, BackupError::WrongKey { .. }), "{other}");
    fs::write(source.file(), "some other file, which is long enough").expect("it is written");
    let other = Reader::open(&source.file(), &source.key).expect_err("another file");
    assert!(matches!(other, BackupError::NotABackup { .. }), "{other}");
}

#[tokio::test]
async fn a_backup_that_is_given_up_leaves_nothing() {
    let source = Source::new().await;
    let one = source.session("one", TenantId::DEFAULT).await;
    source.live(one.id, 3).await;
    let (taker, file) = (source.taker(), source.file());
    let unfinished = source.backups.path().join("one.unfinished");
    {
        let mut taking = std::pin::pin!(taker.take(&file, &unfinished, Arc::new(Progress::default())));
        let polled = std::future::poll_fn(|context| std::task::Poll::Ready(taking.as_mut().poll(context))).await;
        assert!(polled.is_pending() && unfinished.exists());
    }
    assert!(!unfinished.exists() && !source.file().exists());
}

#[test]
fn bytes_of_the_header_and_the_manifest_are_these() {
    let header = super::Header {
        schema: 1,
        begun_at: NOON,
        host_version: "0.1.0".into(),
        salt: [1; 32],
        key_check: [2; 16],
    };
    let counts = |count| super::Counts {
        count,
        bytes: count * 10,
    };
    let manifest = Manifest {
        finished_at: NOON,
        sessions: vec![super::SessionPart {
            id: crate::fixture::SESSION,
            name: "one".into(),
            tenant: TenantId::DEFAULT,
            at: NOON,
            records: counts(3),
            last_event: 2,
            extent: Extent::Removed,
        }],
        register: counts(1),
        system: counts(2),
        files: counts(4),
        missing: vec!["media/a".into()],
        longest_pause_us: 5,
    };
    let hex = |bytes: Bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let told = format!("{}\n{}\n", hex(codec::encode(&header)), hex(codec::encode(&manifest)));
    assert_eq!(told, include_str!("stored_form.txt"));
}
