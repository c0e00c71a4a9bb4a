//! `waspnest plugin run` as somebody uses it who chats with a plugin: lines in, lines out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn package(plugin: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/plugins")
        .join(plugin);
    assert!(dir.exists(), "{} is missing: run `cargo xtask plugins`", dir.display());
    dir
}

/// Types lines, and gives what was printed.
fn chat(dir: &Path, arguments: &[&str], lines: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_waspnest"));
    program.args(["plugin", "run"]).arg(dir).args(arguments);
    let mut program = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("it starts");
    let mut typed = program.stdin.take().expect("a pipe");
    for line in lines {
        writeln!(typed, "{line}").expect("it reads");
    }
    drop(typed);
    let ended = program.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{ended:?}");
    String::from_utf8(ended.stdout).expect("text")
}

#[test]
fn a_plugin_is_chatted_with() {
    let said = chat(
        &package("reminders"),
        &[],
        &[
            "remind me in 2 hours to call mum",
            ":pass 3h",
            ":as ben",
            "remind me in 1 minute to go",
            ":dance",
            ":in family",
            ":quit",
            "nobody hears this",
        ],
    );
    let told: Vec<&str> = said.lines().collect();
    assert_eq!(
        told,
        [
            "you are you; :help says what can be typed",
            "  sets the timer 4915100000001@s.whatsapp.net/1",
            "bot: I will remind you in 2 hours: call mum (number 1)",
            "bot: Reminder: call mum",
            "  sets the timer 4915100000002@s.whatsapp.net/1",
            "bot: I will remind you in 1 minute: go (number 1)",
            "  there is no :dance; :help says what there is",
            "  there is no group family; there is none; write them into a scenario and name it with --after",
        ],
    );
}

#[test]
fn a_scenario_sets_the_scene_and_its_groups_stay() {
    let dir = tempfile::tempdir().expect("a directory");
    let scene = dir.path().join("scene.toml");
    let text = "[groups.family]\nmembers = [\"ana\", \"you\"]\n\n[[step]]\nwho = \"ana\"\nin = \"family\"\nsays = \"remind me in 1 hour to eat\"\n";
    std::fs::write(&scene, text).expect("written");
    let scene = scene.to_str().expect("text");
    let said = chat(&package("reminders"), &["--after", scene], &[":restart", ":pass 2h"]);
    assert!(said.contains("> ana in family: remind me in 1 hour to eat"), "{said}");
    assert!(said.contains("bot in family: Reminder: eat"), "{said}");
}

#[test]
fn people_vote_and_react() {
    let said = chat(
        &package("poll"),
        &[],
        &[
            "/poll Lunch? | Soup | Pie",
            ":vote Pie",
            "/tally",
            ":react \u{1f44d}",
            ":vote Bread",
        ],
    );
    assert!(
        said.contains("bot: [poll] Lunch?\n     ( ) Soup\n     ( ) Pie"),
        "{said}"
    );
    assert!(said.contains("1 (100 %)"), "{said}");
}

#[test]
fn what_is_built_anew_is_loaded_at_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let copy = |from: &str, name: &str, to: &str| {
        let text = std::fs::read(package(from).join(name)).expect("it is built");
        // Written aside and renamed, as the builder does.
        std::fs::write(dir.path().join("aside"), text).expect("written");
        std::fs::rename(dir.path().join("aside"), dir.path().join(to)).expect("renamed");
    };
    for name in ["plugin.toml", "config.schema.json", "echo.wasm"] {
        copy("echo", name, name);
    }
    let mut program = Command::new(env!("CARGO_BIN_EXE_waspnest"))
        .args(["plugin", "run"])
        .arg(dir.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut typed = program.stdin.take().expect("a pipe");
    let mut told = std::io::BufRead::lines(std::io::BufReader::new(program.stdout.take().expect("a pipe")));
    let mut until = |part: &str| {
        let found = told
            .by_ref()
            .map(|line| line.expect("text"))
            .find(|line| line.contains(part));
        found.unwrap_or_else(|| panic!("it ended without {part:?}"))
    };
    until("you are you");
    let manifest = std::fs::read_to_string(dir.path().join("plugin.toml")).expect("a manifest");
    std::fs::write(
        dir.path().join("plugin.toml"),
        manifest.replace("manifest = 1", "manifest = 99"),
    )
    .expect("written");
    until("the old build goes on");
    std::fs::write(dir.path().join("plugin.toml"), manifest).expect("written");
    until("loaded what was built");
    writeln!(typed, "still there?").expect("it reads");
    until("bot: still there?");
    drop(typed);
    assert!(program.wait().expect("it ends").success());
}
