//! The command line, as far as it ends by itself: `check`, `version`, and being asked wrongly.

use std::path::Path;

use waspnest::cli::{self, Exit, Output};

/// Runs a command; answers how it ended and what it printed to either side.
fn run(arguments: &[&str], env: &[(&str, &str)]) -> (Exit, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = std::iter::once("waspnest")
        .chain(arguments.iter().copied())
        .map(Into::into);
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let exit = cli::run(
        arguments,
        env,
        Output {
            out: &mut out,
            err: &mut err,
        },
    );
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (exit, text(out), text(err))
}

fn written(dir: &Path, text: &str) -> String {
    let path = dir.join("config.toml");
    std::fs::write(&path, text).expect("writable");
    path.to_str().expect("a plain path").to_owned()
}

#[test]
fn version_is_one_line() {
    let (exit, out, err) = run(&["version"], &[]);
    assert_eq!(
        (exit, out, err),
        (
            Exit::Success,
            format!("waspnest {}\n", env!("CARGO_PKG_VERSION")),
            String::new()
        )
    );
}

#[test]
fn every_shell_can_complete_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let (exit, out, err) = run(&["completions", shell], &[]);
        assert_eq!((exit, err.as_str()), (Exit::Success, ""), "{shell}");
        for word in ["serve", "rollback", "--installation"] {
            assert!(
                out.contains(word.trim_start_matches("--")),
                "{shell} does not know {word}"
            );
        }
    }
    assert_eq!(run(&["completions", "dos"], &[]).0, Exit::Usage);
}

#[test]
fn the_schema_of_a_manifest_is_the_one_for_editors() {
    let (exit, out, err) = run(&["schema", "plugin"], &[]);
    assert_eq!((exit, err.as_str()), (Exit::Success, ""));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugin-sdk/plugin.schema.json");
    assert_eq!(out, std::fs::read_to_string(file).expect("the schema"));
}

#[test]
fn check_tells_what_of_a_plugins_configuration_cannot_be_used() {
    let dir = tempfile::tempdir().expect("a directory");
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let text = "[[plugin]]\nid = \"bot\"\nsource = \"tuner\"\ngrants = { \"messages.send\" = true }\n[plugin.config]\ngreting = \"hi\"\n\
                [plugin.session.main]\nconfig = { hours = { until = \"late\" } }\n\
                [[plugin.chat]]\nchats = [\"49*\"]\nconfig = { mood = \"cross\" }\n";
    let path = written(dir.path(), text);
    let env = [("WASPNEST__PLUGINS__DIR", plugins.to_str().expect("a plain path"))];
    let (exit, out, _) = run(&["check", "--config", &path], &env);
    assert_eq!(exit, Exit::Failure);
    for part in [
        "bot: installation bot: its configuration cannot be used",
        "[plugin.config]: /greting: unknown key \"greting\"; did you mean \"greeting\"?",
        "[plugin.session.main]: /hours/until: expected a whole number, found a text",
        "[[plugin.chat]] number 1: /mood: is not allowed; expected one of \"calm\", \"merry\"",
    ] {
        assert!(out.contains(part), "{out} does not say {part:?}");
    }
    let good = written(
        dir.path(),
        &text
            .replace("greting", "greeting")
            .replace("\"late\"", "20")
            .replace("cross", "calm"),
    );
    let (exit, out, _) = run(&["check", "--config", &good], &env);
    assert_eq!(exit, Exit::Success, "{out}");
}

#[test]
fn check_tells_which_schedules_call_a_plugin_and_which_cannot() {
    let dir = tempfile::tempdir().expect("a directory");
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let env = [("WASPNEST__PLUGINS__DIR", plugins.to_str().expect("a plain path"))];
    let plugin = "[[plugin]]\nid = \"bot\"\nsource = \"tuner\"\ngrants = { \"messages.send\" = true }\n";
    let check = |rest: &str| {
        let path = written(dir.path(), &format!("{plugin}{rest}"));
        run(&["check", "--config", &path], &env)
    };
    let own = "[[schedule]]\nplugin = \"bot\"\nid = \"pulse\"\nevery = \"1h\"\n";
    let (exit, out, _) = check(&format!("[plugin.schedule.weekly]\nenabled = false\n{own}"));
    assert_eq!(exit, Exit::Success, "{out}");
    let called = |id: &str| out.contains(&format!("  is called by schedule {id:?}\n"));
    assert!(called("morning") && called("pulse") && !called("weekly"), "{out}");
    for (rest, says) in [
        (
            "[plugin.schedule.mornin]\nenabled = false\n",
            "[plugin.schedule.mornin]: the manifest has no schedule of this name; did you mean \"morning\"?",
        ),
        (
            "[[schedule]]\nplugin = \"bot\"\nid = \"morning\"\nevery = \"1h\"\n",
            "schedule \"morning\" is one of the manifest's; change it under [plugin.schedule.morning]",
        ),
        (
            "[plugin.config]\nzone = \"Berlin\"\n",
            "/zone: must be an IANA time zone such as \"Europe/Berlin\": the schedule \"morning\" is read in it",
        ),
        (
            "[[plugin]]\nid = \"deaf\"\nsource = \"echo\"\ngrants = { \"messages.send\" = true }\n[[schedule]]\nplugin = \"deaf\"\nid = \"pulse\"\nevery = \"1h\"\n",
            "schedule \"pulse\": the plugin has no schedule-handler",
        ),
    ] {
        let (exit, out, _) = check(rest);
        assert_eq!(exit, Exit::Failure, "{out}");
        assert!(out.contains(says), "{out} does not say {says:?}");
    }
}

#[test]
fn help_is_what_it_was_asked_for_and_nonsense_is_not() {
    let (exit, out, err) = run(&["--help"], &[]);
    assert_eq!((exit, err.as_str()), (Exit::Success, ""));
    for command in ["serve", "check", "version"] {
        assert!(out.contains(command), "{out}");
    }
    let (exit, out, err) = run(&["srve"], &[]);
    assert_eq!((exit, out.as_str()), (Exit::Usage, ""));
    assert!(err.contains("srve") && err.contains("serve"), "{err}");
}

#[test]
fn check_tells_every_problem_of_the_configuration() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = written(dir.path(), "[server]\nlisen = \"x\"\n");
    let (exit, out, err) = run(&["check", "--config", &path], &[("WASPNEST__LOG__LEVEL", "loud")]);
    assert_eq!((exit, out.as_str()), (Exit::Failure, ""));
    for part in [
        path.as_str(),
        "2 problems",
        "line 2: server.lisen",
        "did you mean \"listen\"?",
        "WASPNEST__LOG__LEVEL: log.level",
    ] {
        assert!(err.contains(part), "{err} does not say {part:?}");
    }
    assert!(!dir.path().join("data").exists(), "a check writes nothing");
}

#[test]
fn check_tells_of_every_plugin_that_cannot_be_loaded() {
    let dir = tempfile::tempdir().expect("a directory");
    let text = "[[plugin]]\nid = \"a\"\nsource = \"nowhere\"\n[[plugin]]\nid = \"b\"\nsource = \"file:elsewhere/plugin.toml\"\n";
    let (exit, out, err) = run(&["check", "--config", &written(dir.path(), text)], &[]);
    assert_eq!((exit, err.as_str()), (Exit::Failure, ""));
    for part in [
        "the configuration cannot be used:",
        "a: ",
        "plugins/nowhere",
        "b: ",
        "elsewhere/plugin.toml",
    ] {
        assert!(out.contains(part), "{out} does not say {part:?}");
    }
    assert!(!dir.path().join("data").exists(), "a check writes nothing");
}

#[test]
fn check_is_content_with_nothing_to_do() {
    let dir = tempfile::tempdir().expect("a directory");
    let (exit, out, err) = run(&["check", "--config", &written(dir.path(), "")], &[]);
    assert_eq!((exit, err.as_str()), (Exit::Success, ""), "{out}");
    assert!(out.contains("can be used: 0 plugins, 0 sessions"), "{out}");
}

#[test]
fn a_file_that_is_missing_is_named() {
    let (exit, _, err) = run(&["check", "--config", "/nowhere/config.toml"], &[]);
    assert_eq!(exit, Exit::Failure);
    assert!(
        err.contains("/nowhere/config.toml") && err.contains("No such file"),
        "{err}"
    );
}

#[test]
fn check_tells_of_an_authority_that_is_none() {
    let dir = tempfile::tempdir().expect("a directory");
    let text = "[whatsapp]\nauthority-file = \"nowhere.pem\"\n";
    let (exit, out, _) = run(&["check", "--config", &written(dir.path(), text)], &[]);
    assert_eq!(exit, Exit::Failure);
    assert!(
        out.contains("whatsapp.authority-file") && out.contains("nowhere.pem"),
        "{out}"
    );
}

#[test]
fn route_explain_tells_who_would_get_a_message() {
    let dir = tempfile::tempdir().expect("a directory");
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins");
    let plugins = plugins.to_str().expect("a plain path");
    let text = "[[plugin]]\nid = \"bot\"\nsource = \"talker\"\ngrants = { \"messages.send\" = true }\n[[bind]]\nid = \"all\"\nplugin = \"bot\"\n\
                [[plugin]]\nid = \"other\"\nsource = \"talker\"\ngrants = { \"messages.send\" = true }\n[[bind]]\nid = \"none\"\nplugin = \"other\"\nsenders = { deny = [\"49*\"] }\n";
    let path = written(dir.path(), text);
    let env = [("WASPNEST__PLUGINS__DIR", plugins)];
    let ask = [
        "route",
        "explain",
        "--config",
        &path,
        "--session",
        "main",
        "--chat",
        "4915112345678",
        "--text",
        "/order",
    ];
    let (exit, out, err) = run(&ask, &env);
    assert_eq!((exit, err.as_str()), (Exit::Success, ""));
    for part in [
        "bot (priority 100)\n  gets it by bind \"all\" in host\n  the host answers: what is missing",
        "other (priority 100)\n  does not get it\n  bind \"none\": senders: not this one",
    ] {
        assert!(out.contains(part), "{out} does not say {part:?}");
    }
    let (exit, _, err) = run(
        &[
            "route",
            "explain",
            "--config",
            &path,
            "--session",
            "main",
            "--chat",
            "120363000000000001@g.us",
        ],
        &env,
    );
    assert_eq!(exit, Exit::Failure);
    assert!(err.contains("--sender is missing"), "{err}");

    let (exit, out, _) = run(&["check", "--config", &path], &env);
    assert_eq!(exit, Exit::Success);
    assert!(
        out.contains("hears /order, /buy") && out.contains("warning: bot and other both hear /order, /buy"),
        "{out}"
    );
    let wrong = written(
        dir.path(),
        &format!("{text}[[bind]]\nid = \"x\"\nplugin = \"bot\"\ncommands = [\"ordr\"]\n"),
    );
    let (exit, out, _) = run(&["check", "--config", &wrong], &env);
    assert_eq!(exit, Exit::Failure);
    assert!(
        out.contains("bind.commands: the plugin has no command \"ordr\""),
        "{out}"
    );
}

/// What `doctor --json` finds: how it ended, and each check with its state.
fn doctor(config: &str) -> (Exit, Vec<(String, String)>, String) {
    let (exit, out, err) = run(&["doctor", "--offline", "--json", "--config", config], &[]);
    assert_eq!(err, "");
    let found: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let checks = found["checks"].as_array().expect("a list").iter();
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let checks = checks.map(|check| (text(&check["check"]), text(&check["state"])));
    (exit, checks.collect(), out)
}

fn state<'a>(checks: &'a [(String, String)], of: &str) -> Vec<&'a str> {
    let of_it = checks.iter().filter(|(check, _)| check == of);
    of_it.map(|(_, state)| state.as_str()).collect()
}

#[test]
fn a_doctor_finds_nothing_wrong_before_the_first_start() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = written(
        dir.path(),
        "[server]\nlisten = \"127.0.0.1:0\"\n[storage]\nmin-free = \"0B\"\n",
    );
    let (exit, out, err) = run(&["doctor", "--offline", "--config", &config], &[]);
    assert_eq!((exit, err.as_str()), (Exit::Success, ""), "{out}");
    assert!(out.ends_with("nothing is wrong\n"), "{out}");
    assert_eq!(
        std::fs::read_dir(dir.path()).expect("readable").count(),
        1,
        "and makes nothing"
    );
}

#[test]
fn a_doctor_names_what_is_wrong_and_what_to_do() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().expect("a directory");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let listen = taken.local_addr().expect("bound");
    let config = written(
        dir.path(),
        &format!(
            r#"
server = {{ listen = "{listen}", admin-secret-file = "missing" }}
storage = {{ min-free = "1099511627776B" }}
[[plugin]]
id = "lost"
source = "file:nowhere"
"#
        ),
    );
    let data = dir.path().join("data");
    std::fs::create_dir(&data).expect("made");
    std::fs::write(data.join("db"), "").expect("written");
    let (exit, checks, out) = doctor(&config);
    assert_eq!(exit, Exit::Failure);
    for (of, expected) in [
        ("configuration", "ok"),
        ("in use", "ok"),
        ("disk", "failed"),
        ("master key", "failed"),
        ("admin secret", "failed"),
        ("plugin", "failed"),
        ("port", "failed"),
        ("clock", "ok"),
    ] {
        assert_eq!(state(&checks, of), [expected], "{of}: {out}");
    }

    // A key that others can read, in a directory that is open to everybody.
    std::fs::write(data.join("master.key"), "00".repeat(32)).expect("written");
    std::fs::set_permissions(data.join("master.key"), PermissionsExt::from_mode(0o644)).expect("set");
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o755)).expect("set");
    let (_, checks, out) = doctor(&config);
    assert_eq!(state(&checks, "master key"), ["failed"], "{out}");
    assert_eq!(state(&checks, "data"), ["warning"], "{out}");
    assert!(out.contains("chmod 600"), "{out}");
    std::fs::set_permissions(data.join("master.key"), PermissionsExt::from_mode(0o600)).expect("set");
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o750)).expect("set");
    let (_, checks, out) = doctor(&config);
    assert_eq!(state(&checks, "master key"), ["ok"], "{out}");
    assert_eq!(state(&checks, "data"), ["ok"], "{out}");
}

#[test]
fn a_doctor_reads_what_is_wrong_with_a_configuration() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = written(dir.path(), "[server]\nlisen = \"127.0.0.1:0\"\n");
    let (exit, out, _) = run(&["doctor", "--offline", "--config", &config], &[]);
    assert_eq!(exit, Exit::Failure);
    assert!(
        out.starts_with("failed   configuration") && out.contains("listen"),
        "{out}"
    );
}
