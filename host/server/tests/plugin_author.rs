//! From nothing to a plugin that works, as an author comes there: `new`, `build`, `check`, `test` with the program itself, what is said
//! when that does not go well, and the world that is made of a manifest.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use waspnest_author::{Language, Project, World};
use waspnest_engine::Manifest;
use wit_component::DecodedWasm;
use wit_parser::{Resolve, WorldKey};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A command in a directory, which fetches nothing, and whose build is kept for the next run.
fn command(program: &Path, dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).args(arguments);
    // What cargo told the test about its own package is not about the plugin.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name.to_string_lossy().starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
    let target = Path::new(env!("CARGO_BIN_EXE_waspnest")).with_file_name("author");
    command.env("CARGO_TARGET_DIR", target).env("CARGO_NET_OFFLINE", "true");
    command
}

fn waspnest(dir: &Path, arguments: &[&str]) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_waspnest"));
    let arguments = [&["plugin"], arguments].concat();
    command(program, dir, &arguments).output().expect("the program starts")
}

/// What it said, all together.
fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned()
}

fn done(dir: &Path, arguments: &[&str]) -> String {
    let output = waspnest(dir, arguments);
    let said = words(&output);
    assert!(output.status.success(), "waspnest plugin {arguments:?}: {said}");
    said
}

fn refused(dir: &Path, arguments: &[&str]) -> String {
    let output = waspnest(dir, arguments);
    let said = words(&output);
    assert!(!output.status.success(), "waspnest plugin {arguments:?}: {said}");
    said
}

#[test]
fn a_new_plugin_in_rust_is_built_checked_and_tested() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path();
    let said = done(home, &["new", "--lang", "rust", "my-bot"]);
    assert!(said.contains("waspnest plugin build my-bot"), "{said}");
    let said = done(home, &["new", "--lang", "c", "other-bot", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&said).expect("an object");
    let expected = serde_json::json!({
        "dir": "other-bot", "name": "other-bot", "language": "c", "id": "org.example.other-bot", "component": "other-bot/other-bot.wasm",
    });
    assert_eq!(told, expected);
    let dir = home.join("my-bot");
    // The versions of the checkout, which are on this machine.
    std::fs::copy(root().join("Cargo.lock"), dir.join("Cargo.lock")).expect("copied");

    let said = done(&dir, &["build", "--json"]);
    let told: serde_json::Value =
        serde_json::from_str(said.lines().find(|line| line.starts_with('{')).expect(&said)).expect("an object");
    assert_eq!(told["warnings"], serde_json::json!([]), "{said}");
    let size = std::fs::metadata(dir.join("my-bot.wasm")).expect("a component").len();
    assert_eq!(told["bytes"], size);
    let checked = done(&dir, &["check"]);
    assert!(checked.contains("My bot 0.1.0 (org.example.my-bot)"), "{checked}");
    assert!(
        checked.contains("hears the command greet") && checked.contains("it can be put to work"),
        "{checked}"
    );
    let tested = done(&dir, &["test"]);
    assert!(tested.contains("1 scenarios, 0 failed"), "{tested}");
    let cargo = command(Path::new("cargo"), &dir, &["test", "--release"])
        .output()
        .expect("cargo starts");
    assert!(cargo.status.success(), "{}", words(&cargo));

    // Nothing is overwritten, neither by `new` nor by a build that fails.
    let said = refused(home, &["new", "--lang", "rust", "my-bot"]);
    assert!(said.contains("my-bot is there already"), "{said}");
    let source = dir.join("src/lib.rs");
    let good = std::fs::read_to_string(&source).expect("the source");
    std::fs::write(&source, good.replace("Outcome::next()", "Outcome::nxet()")).expect("written");
    let said = refused(&dir, &["build"]);
    assert!(said.contains("nxet") && said.contains("cargo build"), "{said}");
    assert_eq!(
        std::fs::metadata(dir.join("my-bot.wasm")).expect("it stays").len(),
        size
    );
    std::fs::write(&source, good).expect("written");
    let manifest = dir.join("plugin.toml");
    let asks = std::fs::read_to_string(&manifest).expect("the manifest");
    let asks_for_nothing: Vec<&str> = asks
        .lines()
        .filter(|line| !line.starts_with("\"messages.send\""))
        .collect();
    std::fs::write(&manifest, asks_for_nothing.join("\n")).expect("written");
    let said = refused(&dir, &["build"]);
    assert!(said.contains("waspnest:plugin/messaging"), "{said}");
    assert_eq!(
        std::fs::metadata(dir.join("my-bot.wasm")).expect("it stays").len(),
        size
    );
    std::fs::write(&manifest, asks).expect("written");
    is_tested_while_it_is_written(&dir);
    is_loaded_while_it_is_written(&dir);
}

/// A program under way, and the lines it prints.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn of(dir: &Path, arguments: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_waspnest"));
        let mut command = command(program, dir, arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { child, lines }
    }

    fn until(&mut self, part: &str) {
        let mut lines = self.lines.by_ref().map(|line| line.expect("text"));
        assert!(lines.any(|line| line.contains(part)), "it ended without {part:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It goes on until it is interrupted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn change(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("it is there");
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replace(from, to)).expect("written");
}

fn is_tested_while_it_is_written(dir: &Path) {
    let mut test = Running::of(dir, &["plugin", "test", "--watch"]);
    test.until("1 scenarios, 0 failed");
    test.until("waiting for a change");
    change(&dir.join("src/lib.rs"), "\"Hello!\"", "\"Hullo!\"");
    test.until("+                 \"body\": \"Hullo!\"");
    test.until("waiting for a change");
    change(&dir.join("src/lib.rs"), "\"Hullo!\"", "\"Hello!\"");
    test.until("1 scenarios, 0 failed");
}

fn is_loaded_while_it_is_written(dir: &Path) {
    let mut chat = Running::of(dir, &["plugin", "run", "--build"]);
    let mut typed = chat.child.stdin.take().expect("a pipe");
    writeln!(typed, "hi").expect("it reads");
    chat.until("bot: Hello!");
    change(&dir.join("src/lib.rs"), "\"Hello!\"", "\"Hullo!\"");
    chat.until("loaded what was built");
    writeln!(typed, "hi").expect("it reads");
    chat.until("bot: Hullo!");
}

#[test]
fn what_cannot_be_built_is_told_with_what_to_do() {
    let home = tempfile::tempdir().expect("a directory");
    let home = home.path();
    let said = refused(home, &["new", "--lang", "cobol", "my-bot"]);
    assert!(said.contains("there are: rust"), "{said}");
    let said = refused(home, &["new", "--lang", "rust", "My Bot"]);
    assert!(said.contains("such as my-bot"), "{said}");
    let said = refused(home, &["build"]);
    assert!(said.contains("plugin.toml"), "{said}");
    let manifest = std::fs::read_to_string(root().join("plugins/echo/plugin.toml")).expect("a manifest");
    std::fs::write(home.join("plugin.toml"), &manifest).expect("written");
    let said = refused(home, &["build"]);
    assert!(said.contains("add `[build]` with a `language`: rust"), "{said}");
    let built = format!("{manifest}\n[build]\nlanguage = \"rust\"\nsource = \"code\"\n");
    std::fs::write(home.join("plugin.toml"), built).expect("written");
    let said = refused(home, &["build"]);
    assert!(said.contains("code") && said.contains("`source` in [build]"), "{said}");
    let mut without = command(Path::new(env!("CARGO_BIN_EXE_waspnest")), home, &["plugin", "build"]);
    let output = without.env("PATH", "/nonexistent").output().expect("it starts");
    let said = words(&output);
    assert!(
        said.contains("cargo is needed") && said.contains("https://rustup.rs"),
        "{said}"
    );
}

#[test]
fn every_language_names_the_tool_that_is_missing() {
    let home = tempfile::tempdir().expect("a directory");
    for language in Language::ALL {
        done(
            home.path(),
            &["new", "--lang", language.word(), &format!("in-{language}")],
        );
        let place = home.path().join(format!("in-{language}"));
        let mut build = command(Path::new(env!("CARGO_BIN_EXE_waspnest")), &place, &["plugin", "build"]);
        let output = build.env("PATH", "/nonexistent").output().expect("it starts");
        let said = words(&output);
        assert!(
            said.contains("is needed and is not on the path; to get it: "),
            "{language}: {said}"
        );
    }
}

#[cfg(unix)]
#[test]
fn c_is_built_by_the_clang_of_the_system_where_there_is_no_zig() {
    use std::os::unix::fs::PermissionsExt;

    let home = tempfile::tempdir().expect("a directory");
    let home = home.path();
    done(home, &["new", "--lang", "c", "bot"]);
    let clang = home.join("bin/clang");
    let begins = home.join("sysroot/lib/wasm32-wasi/crt1-reactor.o");
    for (path, text) in [(&clang, "#!/bin/sh\nexit 7\n"), (&begins, "")] {
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    std::fs::set_permissions(&clang, std::fs::Permissions::from_mode(0o755)).expect("set");
    let mut build = command(
        Path::new(env!("CARGO_BIN_EXE_waspnest")),
        &home.join("bot"),
        &["plugin", "build"],
    );
    let output = build
        .env("PATH", home.join("bin"))
        .env("WASI_SYSROOT", home.join("sysroot"))
        .env_remove("WASI_SDK_PATH")
        .output()
        .expect("it starts");
    let said = words(&output);
    let expected = format!("--target=wasm32-wasi --sysroot={}", home.join("sysroot").display());
    assert!(said.contains(&expected) && said.contains("plugin.c"), "{said}");
}

#[test]
fn the_languages_of_manifests_are_those_that_can_be_built() {
    assert_eq!(waspnest_engine::manifest::LANGUAGES, Language::ALL.map(Language::word));
}

/// Handlers that a component may have without a word in the manifest, unless `waspnest plugin build` makes it.
const UNTOLD: [&str; 3] = ["schedule-handler", "lifecycle", "config-check"];

/// The interfaces of the contract among these.
fn of_the_contract<'a>(resolve: &Resolve, keys: impl Iterator<Item = &'a WorldKey>) -> BTreeSet<String> {
    let names = keys.map(|key| resolve.name_world_key(key));
    let interface = |name: String| Some(name.strip_prefix("waspnest:plugin/")?.split('@').next()?.to_owned());
    names.filter_map(interface).collect()
}

#[test]
fn the_world_of_a_manifest_covers_the_component_and_resolves() {
    let mut tried = 0;
    for entry in std::fs::read_dir(root().join("target/plugins")).expect("run `cargo xtask plugins`") {
        let dir = entry.expect("an entry").path();
        let name = dir.file_name().expect("a name").to_string_lossy().into_owned();
        // Asks for too little, so that the engine's tests can see it refused.
        if name == "unasked" {
            continue;
        }
        let manifest = Manifest::read(&dir.join("plugin.toml")).expect("a manifest");
        let place = tempfile::tempdir().expect("a directory");
        let project = Project::new(place.path(), Language::Rust, None).expect("a project");
        let named = |interfaces: Vec<&str>| interfaces.into_iter().map(Into::into).collect();
        let (imports, exports) = (named(manifest.imports()), named(manifest.exports()));
        project.generate(&World { imports, exports }).expect("written");
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(project.wit()).expect(&name);
        let world = &resolve.worlds[resolve.select_world(&[package], Some(World::NAME)).expect(&name)];

        let wasm = std::fs::read(dir.join(&manifest.component)).expect("a component");
        let Ok(DecodedWasm::Component(component, found)) = wit_component::decode(&wasm) else {
            panic!("{name} is no component");
        };
        let found = &component.worlds[found];
        let (asked, used) = (
            of_the_contract(&resolve, world.imports.keys()),
            of_the_contract(&component, found.imports.keys()),
        );
        assert!(used.is_subset(&asked), "{name} imports {used:?} and asks for {asked:?}");
        let told = |handlers: BTreeSet<String>| -> BTreeSet<String> {
            let told = handlers
                .into_iter()
                .filter(|handler| !UNTOLD.contains(&handler.as_str()));
            told.collect()
        };
        assert_eq!(
            told(of_the_contract(&resolve, world.exports.keys())),
            told(of_the_contract(&component, found.exports.keys())),
            "{name}"
        );
        tried += 1;
    }
    assert!(tried >= 10);
}
