use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use super::{Checker, Finding, Remedy, Repaired, Report};
use crate::fixture::{SESSION, World};
use crate::schema::{session, sessions};
use crate::store::{Commit, KeyRange, Order, Space};
use crate::stored_form::lived;

const SPACE: Space = Space::Session(SESSION);

async fn checked(world: &World) -> Report {
    let checker = Checker::new(Arc::clone(&world.store), world.clock.clone(), world.ids.clone());
    let mut report = checker.check().await.expect("it reads");
    // The session of these tests is made without the register.
    report
        .findings
        .retain(|finding| &*finding.what != "the register knows no such session");
    report
}

async fn repaired(world: &World, findings: Vec<Finding>) -> (Repaired, String) {
    let dir = tempfile::tempdir().expect("a directory");
    let aside = dir.path().join("aside");
    let checker = Checker::new(Arc::clone(&world.store), world.clock.clone(), world.ids.clone());
    let done = checker.repair(findings, &aside).await.expect("it repairs");
    (done, std::fs::read_to_string(aside).unwrap_or_default())
}

/// The rows of a table.
async fn rows(world: &World, space: Space, table: u8) -> Vec<(Bytes, Bytes)> {
    let rows = world
        .store
        .scan(space, KeyRange::prefix(&[table]), Order::Ascending, 1000)
        .await;
    rows.expect("it scans")
}

async fn all(world: &World) -> Vec<(Bytes, Bytes)> {
    let everything = KeyRange {
        start: Bytes::new(),
        end: None,
    };
    let mut all = Vec::new();
    for space in [Space::System, Space::Sessions, SPACE] {
        all.extend(
            world
                .store
                .scan(space, everything.clone(), Order::Ascending, 1000)
                .await
                .expect("it scans"),
        );
    }
    all
}

#[tokio::test]
async fn a_store_in_which_everything_has_happened_is_as_it_should_be() {
    let report = checked(&lived().await).await;
    assert_eq!(report.findings, []);
    assert!(report.read > 50, "{} records were read", report.read);
}

#[tokio::test]
async fn what_follows_from_records_is_made_again() {
    let world = lived().await;
    let before: BTreeSet<_> = all(&world).await.into_iter().collect();
    // Each of these rows is one that something else tells.
    let tables = [
        session::MESSAGE,
        session::EFFECT_ID,
        session::KV_USAGE,
        session::KV_SHARED_USAGE,
        session::MAILBOX_NAMED,
        session::MAILBOX_CHAT_AT,
    ];
    let mut lost = 0;
    for table in tables {
        let (key, _) = rows(&world, SPACE, table)
            .await
            .into_iter()
            .next()
            .expect("there is one");
        let commit = Commit::lazy(SPACE).delete(key);
        world.store.commit(commit).await.expect("it commits");
        lost += 1;
    }
    let (name, _) = rows(&world, Space::Sessions, sessions::NAME).await.remove(0);
    let commit = Commit::lazy(Space::Sessions).delete(name);
    world.store.commit(commit).await.expect("it commits");
    lost += 1;

    let report = checked(&world).await;
    assert_eq!(report.findings.len(), lost, "{:#?}", report.findings);
    let (done, aside) = repaired(&world, report.findings).await;
    assert_eq!(
        (done, aside.as_str()),
        (
            Repaired {
                mended: lost,
                moved: 0,
                left: 0
            },
            ""
        )
    );
    assert_eq!(checked(&world).await.findings, []);
    let after: BTreeSet<_> = all(&world).await.into_iter().collect();
    assert_eq!(after, before, "it is what it was, byte by byte");
}

#[tokio::test]
async fn what_leads_nowhere_or_counts_wrong_is_put_right() {
    let world = lived().await;
    let before: BTreeSet<_> = all(&world).await.into_iter().collect();
    let nowhere = 99_u64.to_be_bytes();
    let (usage, counted) = rows(&world, SPACE, session::KV_USAGE).await.remove(0);
    let mut miscounted = counted.to_vec();
    miscounted[1] += 1;
    let commit = Commit::lazy(SPACE)
        .put([&[session::MESSAGE][..], &[7; 16]].concat(), nowhere.to_vec())
        .put([&[session::CHAT_MESSAGE][..], &[7; 24], &nowhere].concat(), "")
        .put([&[session::MAILBOX_MEDIA][..], &[7; 32], &nowhere].concat(), "")
        .put(usage, miscounted);
    world.store.commit(commit).await.expect("it commits");
    let commit = Commit::lazy(Space::Sessions).put([&[sessions::NAME][..], b"nobody"].concat(), vec![7; 16]);
    world.store.commit(commit).await.expect("it commits");
    let report = checked(&world).await;
    assert_eq!(report.findings.len(), 5, "{:#?}", report.findings);
    let (done, _) = repaired(&world, report.findings).await;
    assert_eq!(done.mended, 5);
    assert_eq!(all(&world).await.into_iter().collect::<BTreeSet<_>>(), before);
}

#[tokio::test]
async fn what_cannot_be_read_is_moved_aside_and_never_lost() {
    let world = lived().await;
    let (event, whole) = rows(&world, SPACE, session::EVENT).await.remove(0);
    let (letter, _) = rows(&world, SPACE, session::DEAD_LETTER).await.remove(0);
    let cut = whole.slice(..whole.len() / 2);
    let later = Bytes::from_static(&[0x7E, 1]);
    let commit = Commit::lazy(SPACE)
        .put(event.clone(), cut.clone())
        .put(letter.clone(), vec![99, 1, 2])
        .put(later.clone(), "of a later version");
    world.store.commit(commit).await.expect("it commits");
    let report = checked(&world).await;
    let of = |key: &Bytes| {
        let found = report.findings.iter().find(|finding| finding.key.as_ref() == Some(key));
        found.expect("it is found").remedy.clone()
    };
    assert_eq!(of(&event), Remedy::MoveAside);
    assert_eq!(of(&letter), Remedy::MoveAside);
    assert_eq!(of(&later), Remedy::None, "a later program may know it");

    let (done, aside) = repaired(&world, report.findings).await;
    assert_eq!(done.moved, 2);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let line = format!("{SESSION} {} = {} # ", hex(&event), hex(&cut));
    assert!(aside.lines().any(|found| found.starts_with(&line)), "{aside}");
    assert_eq!(aside.lines().count(), 2);
    // What is left is told again: the hole in the log, and the row that nobody here knows.
    let left = checked(&world).await.findings;
    assert!(left.iter().all(|finding| finding.remedy == Remedy::None), "{left:#?}");
    assert!(
        left.iter()
            .any(|finding| finding.what.contains("the log goes from 0 to 2")),
        "{left:#?}"
    );
    assert!(left.iter().any(|finding| finding.key.as_ref() == Some(&later)));
}

#[test]
fn a_file_that_is_not_what_it_is_named_by_is_told() {
    let data = tempfile::tempdir().expect("a directory");
    let name = crate::files::FileName::of(b"right").to_string();
    let shelf = data.path().join("media/ses/ab");
    std::fs::create_dir_all(&shelf).expect("it is made");
    std::fs::write(shelf.join(&name), "right").expect("it is written");
    std::fs::write(shelf.join("unfinished"), "half").expect("it is written");
    let (counts, wrong) = super::check_files(data.path()).expect("it reads");
    assert_eq!((counts.count, counts.bytes, wrong.len()), (1, 5, 0));
    std::fs::write(shelf.join(&name), "wrong").expect("it is written");
    let (_, wrong) = super::check_files(data.path()).expect("it reads");
    assert_eq!(wrong, [shelf.join(&name)]);
}
