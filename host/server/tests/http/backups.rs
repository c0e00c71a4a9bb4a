//! Backups: taken, told, restored and compared.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use waspnest::config::backup::Backup as BackupConfig;
use waspnest::service::backups::Backups;
use waspnest::shutdown::Shutdown;
use waspnest_core::backup::Taker;
use waspnest_core::clock::{Ids, ManualClock};
use waspnest_core::master_key::MasterKey;
use waspnest_core::store::{KeyRange, MAX_SCAN, Order, SledOptions, SledStore, Space, Store};

use crate::command_line::{environment, run_any};
use crate::support::TestApi;
use waspnest::cli::Exit;

/// How many the host of a test keeps.
const KEPT: usize = 2;

/// What the host of a test takes backups with.
pub(crate) fn over(
    store: &Arc<dyn Store>,
    data: &Path,
    tasks: &Shutdown,
    clock: &Arc<ManualClock>,
    ids: &Arc<dyn Ids>,
) -> Backups {
    let config = BackupConfig {
        dir: data.join("backups"),
        keep: Some(KEPT),
    };
    let taker = Taker {
        store: Arc::clone(store),
        data: data.to_owned(),
        key: MasterKey::from_bytes([7; 32]),
        clock: clock.clone(),
        host_version: "0.1.0",
    };
    Backups::new(config, taker, tasks.clone(), clock.clone(), Arc::clone(ids))
}

pub(crate) fn examples() -> Vec<(&'static str, &'static str, &'static str, Option<Value>)> {
    vec![
        ("POST", "/v1/backups", "/v1/backups", None),
        ("GET", "/v1/backups", "/v1/backups", None),
        ("GET", "/v1/backups/{b}", "/v1/backups/{b}", None),
        ("DELETE", "/v1/backups/{b}", "/v1/backups/{b}", None),
    ]
}

fn text(told: &Value, key: &str) -> String {
    told[key].as_str().expect("a text").to_owned()
}

/// Has one taken, and answers its id.
pub(crate) async fn taken(api: &TestApi) -> String {
    let begun = api.request("POST", "/v1/backups").send().await;
    assert_eq!(begun.status, 202, "{}", begun.shown());
    let id = text(&begun.json(), "id");
    let told = api.get(&format!("/v1/backups/{id}?wait=60")).await.json();
    assert_eq!(told["state"], "taken", "{told}");
    id
}

/// An answer without what differs from run to run.
pub(crate) fn without_chance(shown: String) -> String {
    let mut lines: Vec<String> = shown.lines().map(str::to_owned).collect();
    for line in &mut lines {
        for (key, stands_for) in [("\"file\": \"", "[path]\","), ("  \"bytes\": ", "[bytes],")] {
            // Only the size of the whole is by chance, since it is compressed.
            if let Some(at) = line.find(key) {
                line.truncate(at + key.len());
                line.push_str(stands_for);
            }
        }
    }
    lines.join("\n")
}

async fn rows(store: &dyn Store, space: Space) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut range = KeyRange::prefix(&[]);
    let mut rows = Vec::new();
    loop {
        let page = store
            .scan(space, range.clone(), Order::Ascending, MAX_SCAN)
            .await
            .expect("it scans");
        let Some((last, _)) = page.last() else { return rows };
        range = range.after(last);
        rows.extend(page.into_iter().map(|(key, value)| (key.to_vec(), value.to_vec())));
    }
}

#[tokio::test]
async fn backups_are_listed_kept_so_many_and_removed() {
    let api = TestApi::start().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        api.clock.advance(std::time::Duration::from_secs(1));
        ids.push(taken(&api).await);
    }
    let listed = |told: &Value| -> Vec<String> {
        let items = told["items"].as_array().expect("a list").iter();
        items.map(|backup| text(backup, "id")).collect()
    };
    let told = api.get("/v1/backups").await.json();
    assert_eq!(
        listed(&told),
        [ids[2].clone(), ids[1].clone()],
        "the latest two, the latest first"
    );
    let page = api.get("/v1/backups?limit=1").await.json();
    let next = text(&page, "next");
    let page = api.get(&format!("/v1/backups?limit=1&cursor={next}")).await.json();
    assert_eq!(listed(&page), [ids[1].clone()]);

    let path = format!("/v1/backups/{}", ids[2]);
    let file = text(&api.get(&path).await.json()["contents"], "file");
    assert_eq!(api.request("DELETE", &path).send().await.status, 204);
    assert!(!Path::new(&file).exists());
    api.get(&path).await.problem(404, "unknown_backup");
    api.request("DELETE", &path).send().await.problem(404, "unknown_backup");
    api.get("/v1/backups/nonsense").await.problem(404, "unknown_backup");

    // What cannot be read says so, and can be removed.
    let path = format!("/v1/backups/{}", ids[1]);
    let file = text(&api.get(&path).await.json()["contents"], "file");
    let whole = std::fs::read(&file).expect("it is there");
    std::fs::write(&file, &whole[..whole.len() - 1]).expect("it is written");
    let told = api.get(&path).await.json();
    assert_eq!(told["state"], "failed");
    assert!(text(&told, "reason").contains("cut short"), "{told}");
    assert_eq!(api.request("DELETE", &path).send().await.status, 204);
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_says_why() {
    let api = TestApi::start().await;
    let (file, id) = {
        let id = taken(&api).await;
        let told = api.get(&format!("/v1/backups/{id}")).await.json();
        (text(&told["contents"], "file"), id)
    };
    // Where the directory was is a file.
    let dir = Path::new(&file).parent().expect("a directory");
    std::fs::remove_dir_all(dir).expect("it is removed");
    std::fs::write(dir, "").expect("it is written");
    api.request("GET", &format!("/v1/backups/{id}"))
        .send()
        .await
        .problem(404, "unknown_backup");
    let begun = api.request("POST", "/v1/backups").send().await.json();
    let path = format!("/v1/backups/{}?wait=60", text(&begun, "id"));
    let told = api.get(&path).await.json();
    assert_eq!(told["state"], "failed", "{told}");
    assert!(text(&told, "reason").contains("could not be"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_takes_checks_and_restores() {
    let api = TestApi::start().await;
    let run = async |arguments: &[&str]| {
        let mut env = environment(&api);
        env.push(("WASPNEST__KEYS__MASTER_KEY".into(), "07".repeat(32)));
        run_any(env, arguments).await
    };
    let (exit, out, err) = run(&["backup", "create", "--wait"]).await;
    assert_eq!(exit, Exit::Success, "{out}{err}");
    let lines: Vec<&str> = out.lines().collect();
    let [line, file] = lines[..] else { panic!("{out}") };
    assert!(
        line.contains("  taken  2026-01-01T00:00:0") && line.contains("1 sessions, "),
        "{line}"
    );
    let (exit, out, err) = run(&["backup", "list"]).await;
    assert_eq!((exit, out.trim_end()), (Exit::Success, line), "{err}");

    let place = tempfile::tempdir().expect("a directory");
    let config = place.path().join("config.toml");
    std::fs::write(&config, "").expect("it is written");
    let config = config.to_str().expect("a text");
    let (exit, out, err) = run(&["restore", file, "--config", config, "--check"]).await;
    assert_eq!(exit, Exit::Success, "{out}{err}");
    assert!(
        out.ends_with("the backup is whole\n") && out.contains("  main: "),
        "{out}"
    );
    assert!(!place.path().join("data").exists(), "nothing is written");

    let (exit, out, err) = run(&["restore", file, "--config", config]).await;
    assert_eq!(exit, Exit::Success, "{out}{err}");
    assert!(out.contains("under the ids it had"), "{out}");
    let store = SledStore::open(&place.path().join("data"), SledOptions::default()).expect("it opens");
    for space in [Space::Sessions, Space::Session(api.main)] {
        assert_eq!(rows(&*store, space).await, rows(&*api.store, space).await, "{space:?}");
    }
    drop(store);
    let (exit, _, err) = run(&["restore", file, "--config", config]).await;
    assert_eq!(exit, Exit::Failure);
    assert!(err.contains("is not empty"), "{err}");

    let mut env = environment(&api);
    env.push(("WASPNEST__KEYS__MASTER_KEY".into(), "08".repeat(32)));
    let (exit, _, err) = run_any(env, &["restore", file, "--config", config, "--check"]).await;
    assert_eq!(exit, Exit::Failure);
    assert!(err.contains("another master key"), "{err}");
    let (exit, _, err) = run_any(environment(&api), &["restore", file, "--config", config]).await;
    assert_eq!(exit, Exit::Failure);
    assert!(err.contains("there is no master key"), "{err}");
}
