//! `waspnest plugin …` against a running host: what it sends, and what it says of the answers.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use waspnest::cli::{self, Exit, Output};
use waspnest::service::versions::Arrival;
use waspnest_whatsapp::State;

use crate::plugins::installed;
use crate::runs::{RUN, record};
use crate::support::{SECRET, TestApi};

fn package(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/plugins")
        .join(name)
}

pub(crate) fn environment(api: &TestApi) -> Vec<(String, String)> {
    let url = format!("http://{}/", api.address);
    [("WASPNEST_URL", url), ("WASPNEST_SECRET", SECRET.to_owned())]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

/// Runs a command to its end, where it may wait for answers, and gives how it ended and what it printed to either side.
async fn run(env: Vec<(String, String)>, arguments: &[&str]) -> (Exit, String, String) {
    let all = ["plugin"].iter().chain(arguments).copied().collect::<Vec<_>>();
    run_any(env, &all).await
}

/// The same for any command.
pub(crate) async fn run_any(env: Vec<(String, String)>, arguments: &[&str]) -> (Exit, String, String) {
    let all = ["waspnest"].iter().chain(arguments).map(OsString::from);
    let all: Vec<_> = all.collect();
    let ran = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let output = Output {
            out: &mut out,
            err: &mut err,
        };
        let exit = cli::run(all.into_iter(), env.into_iter(), output);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (exit, text(out), text(err))
    });
    ran.await.expect("it does not panic")
}

async fn done(api: &TestApi, arguments: &[&str]) -> String {
    let (exit, out, err) = run(environment(api), arguments).await;
    assert_eq!(exit, Exit::Success, "{arguments:?}: {out}{err}");
    out
}

async fn refused(api: &TestApi, arguments: &[&str]) -> String {
    let (exit, out, err) = run(environment(api), arguments).await;
    assert_eq!((exit, out.as_str()), (Exit::Failure, ""), "{arguments:?}: {err}");
    err
}

fn digest(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// The files of an archive.
fn files(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut tar = tar::Archive::new(GzDecoder::new(archive));
    let entries = tar.entries().expect("an archive").map(|entry| {
        let mut entry = entry.expect("an entry");
        let name = entry.path().expect("a name").to_str().expect("text").to_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("its content");
        (name, content)
    });
    entries.collect()
}

#[tokio::test]
async fn a_directory_is_packed_brought_and_put_to_work() {
    let api = TestApi::start().await;
    let dir = tempfile::tempdir().expect("a directory");
    for file in ["plugin.toml", "echo.wasm", "config.schema.json"] {
        std::fs::copy(package("echo").join(file), dir.path().join(file)).expect("a copy");
    }
    let signature = "untrusted comment: …";
    std::fs::write(dir.path().join("plugin.minisig"), signature).expect("written");
    std::fs::write(dir.path().join("notes.txt"), "not part of it").expect("written");
    let place = dir.path().to_str().expect("text");

    // The last part of its id is the installation's.
    let said = done(&api, &["install", place]).await;
    assert_eq!(said, format!("echo is at work with {}\n", digest('4')));
    let said = done(&api, &["install", place, "--hold", "--json"]).await;
    let told: Value = serde_json::from_str(&said).expect("one object");
    assert_eq!((&told["installation"], &told["active"]), (&json!("echo"), &json!(null)));
    assert_eq!(told["version"]["digest"], digest('4'));

    let archive = {
        let arrived = api.versions.arrived.lock().expect("no test panics in here");
        let (Arrival::Archive(first), Arrival::Archive(second)) = (&arrived[0].arrival, &arrived[1].arrival) else {
            panic!("an archive was sent");
        };
        assert_eq!(first, second, "the same files make the same archive");
        first.clone()
    };
    let sent = files(&archive);
    assert_eq!(
        sent.keys().map(String::as_str).collect::<Vec<_>>(),
        ["config.schema.json", "echo.wasm", "plugin.minisig", "plugin.toml"]
    );
    assert_eq!(sent["plugin.minisig"], signature.as_bytes());

    let file = dir.path().join("echo.tar.gz");
    std::fs::write(&file, &archive).expect("written");
    let file = file.to_str().expect("text");
    done(&api, &["install", file, "--installation", "echo"]).await;
    let url = "https://plugins.example/echo.tar.gz";
    done(
        &api,
        &["install", url, "--digest", &digest('5'), "--installation", "echo"],
    )
    .await;
    let arrived = api.versions.arrived.lock().expect("no test panics in here");
    assert_eq!(arrived[2].arrival, Arrival::Archive(archive));
    let by_url = Arrival::Url {
        url: url.parse().expect("a URL"),
        digest: digest('5').parse().expect("a digest"),
    };
    assert_eq!(arrived[3].arrival, by_url);
}

#[tokio::test]
async fn what_cannot_be_brought_is_told() {
    let api = TestApi::start().await;
    let echo = package("echo");
    let echo = echo.to_str().expect("text");
    for (arguments, says) in [
        (
            vec!["install", "https://plugins.example/echo.tar.gz"],
            "--digest sha256:",
        ),
        (
            vec!["install", "/nowhere/echo.tar.gz"],
            "cannot read /nowhere/echo.tar.gz",
        ),
        (
            vec!["install", "/nowhere", "--installation", "echo"],
            "cannot read /nowhere",
        ),
        (
            vec!["install", echo, "--installation", "nobody"],
            "(404 unknown_installation)",
        ),
        (vec!["activate", "echo", "11"], "at least 6 digits"),
        (vec!["activate", "echo", "99999999"], "has no version 99999999"),
        (vec!["tick", "echo", "weekly"], "echo has no schedule weekly"),
        (vec!["logs", "nobody"], "(404 unknown_installation)"),
    ] {
        let said = refused(&api, &arguments).await;
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    let with = |name: &str, value: &str| -> Vec<(String, String)> {
        let mut env: BTreeMap<_, _> = environment(&api).into_iter().collect();
        env.insert(name.to_owned(), value.to_owned());
        env.into_iter().collect()
    };
    let nobody = [("WASPNEST_URL".to_owned(), format!("http://{}", api.address))];
    for (env, says) in [
        (
            with("WASPNEST_SECRET", "somebody else's secret"),
            "(401 unauthenticated)",
        ),
        (nobody.into(), "set WASPNEST_SECRET, or name a file with --secret-file"),
        (
            with("WASPNEST_URL", "http://127.0.0.1:1"),
            "the host at http://127.0.0.1:1/ does not answer",
        ),
        (with("WASPNEST_URL", "ftp://127.0.0.1"), "is not the address of a host"),
    ] {
        let (exit, _, err) = run(env, &["rollback", "echo"]).await;
        assert_eq!(exit, Exit::Failure);
        assert!(err.contains(says), "{err}");
        assert!(
            !err.contains("secret of the operator") && !err.contains("somebody else"),
            "{err}"
        );
    }
}

#[tokio::test]
async fn versions_are_put_to_work_and_taken_back() {
    let api = TestApi::start().await;
    let said = refused(&api, &["activate", "echo", &digest('3')]).await;
    assert!(
        said.contains("(409 version_not_approved)") && said.contains("it asks for \"kv\""),
        "{said}"
    );
    let said = done(&api, &["activate", "echo", "333333", "--approve"]).await;
    assert_eq!(said, format!("echo is at work with {}\n", digest('3')));
    let said = refused(&api, &["rollback", "echo"]).await;
    assert!(said.contains("(409 data_of_a_later_form)"), "{said}");
    // The secret may stand in a file too.
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), format!("{SECRET}\n")).expect("written");
    let url = format!("http://{}", api.address);
    let place = file.path().to_str().expect("text");
    let arguments = [
        "rollback",
        "echo",
        "--force",
        "--json",
        "--url",
        &url,
        "--secret-file",
        place,
    ];
    let (exit, out, err) = run(Vec::new(), &arguments).await;
    assert_eq!(exit, Exit::Success, "{err}");
    let told: Value = serde_json::from_str(&out).expect("one object");
    assert_eq!(
        (&told["active"], &told["previous"]),
        (&json!(digest('1')), &json!(digest('3')))
    );
}

#[tokio::test]
async fn a_schedule_is_fired_in_the_session_that_has_it() {
    let config = "[[plugin]]\nid = \"timer\"\nsource = \"tuner\"\ngrants = { \"messages.send\" = true }\n";
    let api = TestApi::start_over(installed(config).await).await;
    let said = done(&api, &["tick", "timer", "morning"]).await;
    assert!(said.starts_with("fired morning of timer in main: evt_"), "{said}");
    let said = done(&api, &["tick", "timer", "morning", "--session", "main", "--json"]).await;
    let told: Value = serde_json::from_str(&said).expect("one object");
    assert_eq!(
        (&told["session"], &told["schedule"]),
        (&json!("main"), &json!("morning"))
    );
    let said = refused(&api, &["tick", "timer", "morning", "--session", "nowhere"]).await;
    assert!(said.contains("(404 unknown_session)"), "{said}");
}

/// Hands lines on until it has been given so many, and then takes no more.
struct Few {
    lines: Sender<String>,
    line: Vec<u8>,
    left: usize,
}

impl Write for Few {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = String::from_utf8(std::mem::take(&mut self.line)).map_err(io::Error::other)?;
                    self.left -= 1;
                    self.lines.send(line).map_err(io::Error::other)?;
                }
                byte => self.line.push(*byte),
            }
        }
        match self.left {
            0 => Err(io::ErrorKind::BrokenPipe.into()),
            _ => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn calls_are_told_of_and_followed() {
    let api = TestApi::start().await;
    record(&api, RUN).await;
    let said = done(&api, &["logs", "echo"]).await;
    assert_eq!(said, "2026-01-01T00:00:00.000Z  message: committed, 2 ms\n");
    assert_eq!(done(&api, &["logs", "echo", "--last", "0"]).await, "");

    let (lines, told) = channel();
    let env = environment(&api);
    let following = tokio::task::spawn_blocking(move || {
        let arguments = [
            "waspnest",
            "plugin",
            "logs",
            "echo",
            "--session",
            "main",
            "--follow",
            "--json",
        ];
        let (mut out, mut err) = (
            Few {
                lines,
                line: Vec::new(),
                left: 2,
            },
            Vec::new(),
        );
        let output = Output {
            out: &mut out,
            err: &mut err,
        };
        cli::run(arguments.map(OsString::from).into_iter(), env.into_iter(), output)
    });
    let told = tokio::task::spawn_blocking(move || (told.recv().expect("the first"), told));
    let (first, told) = told.await.expect("it does not panic");
    let later = "run_0000000000000000000000000B";
    record(&api, later).await;
    let second = tokio::task::spawn_blocking(move || told.recv().expect("the second"));
    let second = second.await.expect("it does not panic");
    for (line, id) in [(first, RUN), (second, later)] {
        let told: Value = serde_json::from_str(&line).expect("one object");
        assert_eq!((&told["id"], &told["outcome"]), (&json!(id), &json!("committed")));
    }
    // Whoever does not listen any more ends it.
    assert_eq!(following.await.expect("it does not panic"), Exit::Failure);
}

#[tokio::test]
async fn sessions_are_made_looked_at_linked_and_removed() {
    let api = TestApi::start().await;
    let run = async |arguments: &[&str]| {
        let all: Vec<&str> = ["session"].iter().chain(arguments).copied().collect();
        run_any(environment(&api), &all).await
    };
    let done = async |arguments: &[&str]| {
        let (exit, out, err) = run(arguments).await;
        assert_eq!(exit, Exit::Success, "{arguments:?}: {out}{err}");
        out
    };
    assert_eq!(done(&["list"]).await, "main  new\n");
    assert_eq!(done(&["create", "sales", "--offline"]).await, "sales  new\n");
    assert_eq!(done(&["connect", "sales"]).await, "sales  pairing\n");
    assert_eq!(done(&["disconnect", "sales"]).await, "sales  disconnected\n");
    assert_eq!(done(&["logout", "sales"]).await, "sales  logged_out\n");
    assert_eq!(done(&["list"]).await, "main  new\nsales  logged_out\n");
    assert!(done(&["get", "sales"]).await.contains("\"name\": \"sales\""));
    assert_eq!(done(&["remove", "sales"]).await, "sales is removed\n");
    let (exit, _, err) = run(&["get", "sales"]).await;
    assert_eq!(exit, Exit::Failure);
    assert!(err.contains("unknown_session"), "{err}");

    api.script.show_qr(api.main, "2@code,of,a,pairing");
    let drawn = done(&["qr", "main", "--once"]).await;
    assert!(drawn.contains('▄') && drawn.contains("Linked devices"), "{drawn}");
    assert!(drawn.lines().count() > 10, "{drawn}");
    let code = done(&["pair", "main", "+4915112345678", "--once"]).await;
    assert!(code.starts_with("ABCD-1234\n"), "{code}");
    api.script.state(api.main, State::Connected);
    let code = done(&["pair", "main", "+4915112345678"]).await;
    assert!(code.ends_with("main  connected\n"), "{code}");
    api.script.state(api.main, State::LoggedOut);
    let (exit, _, err) = run(&["pair", "main", "+4915112345678"]).await;
    assert_eq!(exit, Exit::Failure);
    assert!(err.contains("the session is logged_out"), "{err}");
}
