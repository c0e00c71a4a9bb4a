use tempfile::TempDir;

use super::*;
use crate::clock::ManualClock;
use crate::fixture::{NOON, installation};

const LIMIT: u64 = 100;

struct Bench {
    dir: TempDir,
    clock: Arc<ManualClock>,
    files: Files,
    bot: InstallationId,
    other: InstallationId,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(ManualClock::at(NOON));
        let files = Files::open(&dir.path().join("files"), clock.clone()).expect("it opens");
        Self {
            dir,
            clock,
            files,
            bot: installation("bot"),
            other: installation("other"),
        }
    }

    async fn put(&self, bytes: &'static [u8]) -> FileName {
        let kept = self.files.put(&self.bot, Bytes::from_static(bytes), LIMIT).await;
        kept.expect("it is kept")
    }

    async fn has(&self, name: &FileName) -> bool {
        self.files.get(&self.bot, name).await.expect("it reads").is_some()
    }
}

#[tokio::test]
async fn a_file_is_found_by_its_content_and_by_its_owner_alone() {
    let bench = Bench::new();
    let name = bench.put(b"picture").await;
    assert_eq!(name, FileName::of(b"picture"));
    assert_eq!(name.to_string().parse(), Ok(name));
    let read = bench.files.get(&bench.bot, &name).await.expect("it reads");
    assert_eq!(read.as_deref(), Some(&b"picture"[..]));
    assert_eq!(bench.files.get(&bench.other, &name).await.expect("it reads"), None);
    assert_eq!(bench.files.touch(&bench.other, &name).await.expect("it looks"), None);
    assert_eq!(bench.files.touch(&bench.bot, &name).await.expect("it looks"), Some(7));
    // Another process finds it too.
    let again = Files::open(&bench.dir.path().join("files"), bench.clock.clone()).expect("it opens");
    assert!(again.get(&bench.bot, &name).await.expect("it reads").is_some());
}

#[tokio::test]
async fn an_installation_keeps_no_more_than_it_may() {
    let bench = Bench::new();
    bench.put(&[1; 60]).await;
    bench.put(&[1; 60]).await;
    bench.put(&[2; 40]).await;
    let refused = bench.files.put(&bench.bot, Bytes::from_static(b"x"), LIMIT).await;
    assert!(
        matches!(
            refused,
            Err(FileError::Quota {
                bytes: 101,
                limit: LIMIT
            })
        ),
        "{refused:?}"
    );
    let others = bench.files.put(&bench.other, Bytes::from_static(b"x"), LIMIT).await;
    others.expect("others have their own");
    let again = Files::open(&bench.dir.path().join("files"), bench.clock.clone()).expect("it opens");
    let refused = again.put(&bench.bot, Bytes::from_static(b"x"), LIMIT).await;
    assert!(
        matches!(refused, Err(FileError::Quota { bytes: 101, .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn what_nobody_asks_for_and_nothing_needs_is_swept() {
    let bench = Bench::new();
    let [old, needed, asked] = [
        bench.put(b"old").await,
        bench.put(b"needed").await,
        bench.put(b"asked").await,
    ];
    let wanted = HashSet::from([(bench.bot.clone(), needed)]);
    assert_eq!(bench.files.sweep(&wanted).await.expect("it sweeps"), 0);
    bench.clock.advance(LIFE);
    bench.files.touch(&bench.bot, &asked).await.expect("it touches");
    let fresh = bench.put(b"fresh").await;
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.files.sweep(&wanted).await.expect("it sweeps"), 1);
    assert!(!bench.has(&old).await);
    for kept in [needed, asked, fresh] {
        assert!(bench.has(&kept).await);
    }
    assert_eq!(
        bench.files.sweep(&HashSet::new()).await.expect("it sweeps"),
        1,
        "sent by now"
    );
}

#[test]
fn a_name_is_64_digits() {
    let name = FileName::of(b"").to_string();
    for wrong in ["", "zz", &name[1..], &format!("{name}0"), &name.replace('e', "x")] {
        assert_eq!(wrong.parse::<FileName>(), Err(InvalidName), "{wrong}");
    }
}
