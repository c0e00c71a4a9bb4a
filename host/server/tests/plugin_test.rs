//! `waspnest plugin` as an author runs it: what is said of a plugin, scenarios of the plugins that ship, differences that are shown, and
//! scenarios that cannot be played.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use waspnest::cli::{self, Exit, Output};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn test(arguments: &[&str]) -> (Exit, String) {
    plugin(&[&["test"], arguments].concat())
}

/// Runs the command, and gives how it ended and what it printed.
fn plugin(arguments: &[&str]) -> (Exit, String) {
    let all = ["waspnest", "plugin"].iter().chain(arguments).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let output = Output {
        out: &mut out,
        err: &mut err,
    };
    let exit = cli::run(all, std::iter::empty(), output);
    out.extend(err);
    (exit, String::from_utf8(out).expect("text"))
}

/// A directory with these files in `tests/`.
fn scenarios(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(dir.path().join("tests")).expect("made");
    for (name, text) in files {
        std::fs::write(dir.path().join("tests").join(name), text).expect("written");
    }
    dir
}

fn package(plugin: &str) -> String {
    let dir = root().join("target/plugins").join(plugin);
    assert!(dir.exists(), "{} is missing: run `cargo xtask plugins`", dir.display());
    dir.to_str().expect("text").to_owned()
}

#[test]
fn what_a_plugin_asks_for_is_said_in_words_and_for_machines() {
    let reminders = package("reminders");
    let (exit, said) = plugin(&["check", &reminders]);
    assert_eq!(exit, Exit::Success, "{said}");
    let (fixed, changing): (Vec<&str>, Vec<&str>) = said
        .lines()
        .partition(|line| !line.contains("KiB") && !line.contains("sha256:"));
    assert_eq!(changing.len(), 2, "size and digest: {said}");
    insta::assert_snapshot!("checked", fixed.join("\n"));
    let (exit, said) = plugin(&["check", "--json", &reminders]);
    assert_eq!(exit, Exit::Success, "{said}");
    let told: serde_json::Value = serde_json::from_str(&said).expect("one object");
    assert_eq!(
        (&told["id"], &told["warnings"]),
        (&"org.waspnest.reminders".into(), &serde_json::json!([]))
    );
    assert_eq!(told["requests"][0]["capability"], "messages.send");
}

#[test]
fn what_is_no_plugin_is_told_by_what_is_missing() {
    let dir = tempfile::tempdir().expect("a directory");
    let place = dir.path().to_str().expect("text");
    let (exit, said) = plugin(&["check", place]);
    assert_eq!(exit, Exit::Failure);
    assert!(said.contains("plugin.toml"), "{said}");
    let manifest = std::fs::read_to_string(root().join("plugins/echo/plugin.toml")).expect("a manifest");
    std::fs::write(dir.path().join("plugin.toml"), manifest.replace("kinds", "kindz")).expect("written");
    let (exit, said) = plugin(&["check", place]);
    assert_eq!(exit, Exit::Failure);
    assert!(said.contains("kindz"), "{said}");
}

#[test]
fn the_plugins_that_ship_and_the_examples_do_what_their_scenarios_say() {
    let mut tried = 0;
    for shelf in ["plugins", "examples"] {
        for entry in std::fs::read_dir(root().join(shelf)).expect("the plugins") {
            let dir = entry.expect("an entry").path();
            // Those in Rust; the others are built by tools of their own.
            if !dir.join("Cargo.toml").exists() {
                continue;
            }
            let name = dir.file_name().expect("a name").to_str().expect("text").to_owned();
            let (exit, said) = test(&[dir.to_str().expect("text"), "--package", &package(&name)]);
            assert_eq!(exit, Exit::Success, "{name}: {said}");
            tried += 1;
        }
    }
    assert!(tried >= 9, "{tried}");
}

#[test]
fn everything_a_scenario_can_tell_reaches_a_plugin() {
    let dir = root().join("host/server/tests/scenarios");
    let (exit, said) = test(&[dir.to_str().expect("text"), "--package", &package("recorder")]);
    assert_eq!(exit, Exit::Success, "{said}");
}

#[test]
fn a_step_about_a_message_that_is_not_there_says_so() {
    let texts = r#"
[[step]]
who = "ana"
votes = ["Sea"]
"#;
    let dir = scenarios(&[("votes.toml", texts)]);
    let (exit, said) = test(&[dir.path().to_str().expect("text"), "--package", &package("recorder")]);
    assert_eq!(exit, Exit::Failure);
    assert!(
        said.contains("step 1: there is no poll of the plugin in this chat"),
        "{said}"
    );
}

#[test]
fn a_plugin_that_should_be_refused_and_is_not_fails() {
    let dir = scenarios(&[("refused.toml", "refused = true")]);
    let (exit, said) = test(&[dir.path().to_str().expect("text"), "--package", &package("echo")]);
    assert_eq!(exit, Exit::Failure);
    assert!(said.contains("was to be refused, and it was put to work"), "{said}");
}

const GREETS: &str = r#"
about = "greets"
[plugin.config]
prefix = "hello "
[[step]]
who = "ana"
says = "ana"
"#;

#[test]
fn what_is_not_as_before_is_shown_and_can_be_kept() {
    let dir = scenarios(&[("greets.toml", GREETS)]);
    let run = |more: &[&str]| {
        let package = package("echo");
        let arguments = [&[dir.path().to_str().expect("text"), "--package", &package], more].concat();
        test(&arguments)
    };
    let (exit, said) = run(&[]);
    assert_eq!(exit, Exit::Failure);
    assert!(said.contains("keep it with --update"), "{said}");
    let (exit, said) = run(&["--update"]);
    assert_eq!(
        (exit, said.as_str()),
        (Exit::Success, "kept    greets: greets\n1 scenarios, 0 failed\n")
    );
    let (exit, said) = run(&[]);
    assert_eq!(
        (exit, said.as_str()),
        (Exit::Success, "ok      greets: greets\n1 scenarios, 0 failed\n")
    );

    std::fs::write(dir.path().join("tests/greets.toml"), GREETS.replace("hello ", "hallo ")).expect("written");
    let (exit, said) = run(&[]);
    assert_eq!(exit, Exit::Failure);
    insta::assert_snapshot!("a_difference", said);
    let (_, said) = run(&["--json"]);
    let told: serde_json::Value = serde_json::from_str(&said).expect("one object");
    assert_eq!(
        (&told["scenario"], &told["result"]),
        (&"greets".into(), &"failed".into())
    );
    assert_eq!(told["lines"][0], "step 1: ana: ana");
}

#[test]
fn a_server_that_is_not_there_is_one_nobody_spoke_of() {
    let texts = r#"
[[answer]]
url = "http://127.0.0.1:8080/count"
body = "1"
times = 1
[[step]]
who = "ana"
says = "fetch http://127.0.0.1:8080/count"
[[step]]
who = "ana"
says = "fetch http://127.0.0.1:8080/count"
"#;
    let dir = scenarios(&[("asks.toml", texts)]);
    let place = dir.path().to_str().expect("text");
    let (exit, said) = test(&[place, "--package", &package("hostile"), "--update"]);
    assert_eq!(exit, Exit::Success, "{said}");
    let golden = std::fs::read_to_string(dir.path().join("tests/asks.golden.json")).expect("kept");
    assert!(golden.contains("200 1"), "{golden}");
    assert!(
        golden.contains("the scenario has no [[answer]] for GET http://127.0.0.1:8080/count"),
        "{golden}"
    );
}

#[test]
fn scenarios_that_cannot_be_played_say_why() {
    let dir = scenarios(&[]);
    let place = dir.path().to_str().expect("text");
    let (exit, said) = test(&[place, "--package", &package("echo")]);
    assert_eq!(exit, Exit::Failure);
    assert!(said.contains("there is no scenario to play"), "{said}");
    let wrong = r#"
abuot = "greets"
[plugin]
confg = {}
[groups.family]
[[step]]
says = "hello"
[[step]]
who = "ana"
in = "famly"
says = "hello"
passes = "1h"
[[step]]
who = "ana"
[[step]]
who = "me"
says = "where?"
[[step]]
who = "ana"
reacts = "👍"
on = "nothing"
[[step]]
who = "ana"
sends = { kind = "image" }
[[step]]
who = "ana"
adds = ["ben"]
[[step]]
passes = "1h"
as = "hour"
[[answer]]
url = "https://example.com/"
body = "all"
pieces = ["a", "ll"]
pause = "2h"
"#;
    std::fs::write(dir.path().join("tests/wrong.toml"), wrong).expect("written");
    let (exit, said) = test(&[place, "--package", &package("echo")]);
    assert_eq!(exit, Exit::Failure);
    insta::assert_snapshot!("problems", said.replace(place, "DIR"));
}
