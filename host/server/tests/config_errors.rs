//! What is wrong with a configuration is said with line, key, value and what is allowed, all at once.

use waspnest::config::Config;
use waspnest::config::problem::ConfigError;

fn problems(text: &str, env: &[(&str, &str)]) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("config.toml");
    std::fs::write(&path, text).expect("writable");
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    match Config::load(Some(&path), env) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Problems { problems, .. }) => problems.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
    }
}

/// One problem, which says all of these.
#[track_caller]
fn one(text: &str, parts: &[&str]) {
    let found = problems(text, &[]);
    let [problem] = &found[..] else {
        panic!("expected one problem in {text:?}, found {found:#?}")
    };
    for part in parts {
        assert!(problem.contains(part), "{problem:?} does not say {part:?}");
    }
}

const ECHO: &str = "[[plugin]]\nid = \"echo\"\nsource = \"echo\"\n";

#[test]
fn every_mistake_names_its_key_and_what_is_allowed() {
    let cases: &[(&str, &[&str])] = &[
        (
            "[server]\nlisen = \"x\"",
            &["line 2", "server.lisen", "unknown key", "did you mean \"listen\"?"],
        ),
        ("[sever]\n", &["line 1", "sever", "unknown key", "\"server\""]),
        (
            "[server]\nbody_limit = \"1MiB\"",
            &["server.body_limit", "did you mean \"body-limit\"?"],
        ),
        ("[server]\ncolour = 1", &["server.colour", "known here: ", "listen"]),
        (
            "[server]\nlisten = \"localhost\"",
            &["server.listen", "\"localhost\"", "127.0.0.1:8080"],
        ),
        (
            "[server]\nlisten = 8080",
            &["server.listen", "expected a text, found an integer"],
        ),
        ("[server]\nbody-limit = \"1\"", &["server.body-limit", "\"1\"", "64MiB"]),
        (
            "[server]\nbody-limit = \"1GiB\"",
            &["server.body-limit", "out of range", "1KiB to 256MiB"],
        ),
        ("[server]\ngrace = \"soon\"", &["server.grace", "\"soon\"", "\"10s\""]),
        ("[server]\ngrace = 10", &["server.grace", "found an integer"]),
        (
            "[server]\nadmin-secret = \"short\"",
            &["server.admin-secret", "at least 16"],
        ),
        (
            "[server]\nadmin-secret = \"0123456789abcdef\"\nadmin-secret-file = \"x\"",
            &["server.admin-secret", "keep one"],
        ),
        (
            "server = 1",
            &["line 1", "server", "expected a table, found an integer"],
        ),
        ("[storage]\ndir = \"\"", &["storage.dir", "must not be empty"]),
        ("[storage]\ncache = \"1KiB\"", &["storage.cache", "1MiB"]),
        ("[keys]\nmaster-key = \"abc\"", &["keys.master-key", "32 bytes"]),
        (
            "[whatsapp]\nendpoint = \"http://x\"",
            &["whatsapp.endpoint", "\"http://x\"", "wss://"],
        ),
        (
            "[whatsapp]\nendpoint = \"ws://10.0.0.1/\"",
            &["whatsapp.endpoint", "loopback"],
        ),
        (
            "[whatsapp]\nversion = \"new\"",
            &["whatsapp.version", "\"new\"", "\"current\""],
        ),
        (
            "[whatsapp]\nprekeys = 0",
            &["whatsapp.prekeys", "0 is out of range", "1 to 812"],
        ),
        ("[plugins.caps]\nmemory = \"1GiB\"", &["plugins.caps.memory", "256MiB"]),
        (
            "[plugins.caps]\nconcurrency = 0",
            &["plugins.caps.concurrency", "1 to 1000"],
        ),
        (
            "[plugins.retry]\nmax-attempts = -1",
            &["plugins.retry.max-attempts", "-1", "1 to 1000"],
        ),
        (
            "[plugins.retry]\nbackoff = { factor = 0.5 }",
            &["plugins.retry.backoff.factor", "0.5", "1 to 100"],
        ),
        (
            "[plugins.retry]\nbackoff = { jitter = true }",
            &["plugins.retry.backoff.jitter", "found true or false"],
        ),
        (
            "[plugins.retry]\nbackoff = { first = \"1h\" }",
            &["plugins.retry.backoff.first", "longer than max"],
        ),
        (
            "[log]\nformat = \"jsn\"",
            &["log.format", "\"jsn\"", "\"text\", \"json\"", "did you mean \"json\"?"],
        ),
        (
            "[log]\nlevel = \"inof\"",
            &["log.level", "\"inof\"", "did you mean \"info\"?"],
        ),
        ("[log]\nlevel = \"waspnest=loud\"", &["log.level", "waspnest=loud"]),
        ("[[session]]\nconnect = true", &["session[0].name", "is missing"]),
        ("[[session]]\nname = \"Main\"", &["session[0].name", "\"Main\"", "a-z"]),
        (
            "[[session]]\nname = \"a\"\nconnect = \"yes\"",
            &["line 3", "session[0].connect", "expected true or false, found a text"],
        ),
        (
            "[[session]]\nname = \"a\"\n[[session]]\nname = \"a\"",
            &["session", "\"a\" is used twice"],
        ),
        ("[session]\nname = \"a\"", &["session", "[[session]]"]),
        ("[[plugin]]\nid = \"echo\"", &["plugin[0].source", "is missing"]),
        (
            "[[plugin]]\nid = \"echo\"\nsource = \"oci://x\"",
            &["plugin[0].source", "\"oci://x\"", "file:"],
        ),
        (
            "[[plugin]]\nid = \"echo\"\nsource = \"echo\"\nlane = \"chats\"",
            &["plugin[0].lane", "\"chats\"", "did you mean \"chat\"?"],
        ),
        (
            "[[plugin]]\nid = \"echo\"\nsource = \"echo\"\nlimits = { memry = \"1MiB\" }",
            &["plugin[0].limits.memry", "did you mean \"memory\"?"],
        ),
        (
            "[[plugin]]\nid = \"echo\"\nsource = \"echo\"\n[plugin.grants]\n\"messages.sned\" = true",
            &["plugin[0].grants", "messages.sned"],
        ),
        (
            "[[plugin]]\nid = \"echo\"\nsource = \"echo\"\n[plugin.session.main]\nconfg = {}",
            &["plugin[0].session.main.confg", "did you mean \"config\"?"],
        ),
        (
            "[[bind]]\nid = \"x\"\nplugin = \"echo\"",
            &["bind \"x\"", "no [[plugin]]", "\"echo\""],
        ),
        (
            "[[schedule]]\nid = \"x\"\nplugin = \"echo\"\nevery = \"1h\"",
            &["schedule \"x\"", "no [[plugin]]", "\"echo\""],
        ),
        ("a = ", &["line 1", "not TOML"]),
        (
            "[server]\nlisten = \"a\"\nlisten = \"b\"",
            &["line 3", "not TOML", "duplicate"],
        ),
    ];
    for (text, parts) in cases {
        one(text, parts);
    }
}

#[test]
fn every_mistake_of_commands_names_its_key() {
    for (rest, parts) in [
        ("mode = \"watch\"", &["plugin[0].mode", "\"active\", \"observe\""][..]),
        (
            "commands = { prefix = [] }",
            &["plugin[0].commands.prefix", "at least one"],
        ),
        (
            "commands = { prefix = [\"a b\"] }",
            &["plugin[0].commands.prefix", "without white space"],
        ),
        (
            "commands = { rename = { a = \"b c\" } }",
            &["plugin[0].commands.rename", "cannot be the name of a command"],
        ),
        (
            "commands = { rename = { a = 1 } }",
            &["plugin[0].commands.rename", "expected a text"],
        ),
        (
            "commands = { zone = \"Berlin\" }",
            &["plugin[0].commands.zone", "is not a time zone"],
        ),
        (
            "commands = { prefx = [\"/\"] }",
            &["plugin[0].commands.prefx", "did you mean \"prefix\"?"],
        ),
    ] {
        one(&format!("{ECHO}{rest}\n"), parts);
    }
    one(
        "[plugins.loop-guard]\nreplies = -1\n",
        &["plugins.loop-guard.replies", "out of range"],
    );
}

#[test]
fn every_mistake_of_a_bind_names_its_key() {
    let cases: &[(&str, &[&str])] = &[
        (
            "plugin = \"echoo\"",
            &["bind \"x\"", "\"echoo\"", "did you mean \"echo\"?"],
        ),
        (
            "plugin = \"echo\"\nsessions = \"*\"",
            &["bind[0].sessions", "expected a list, found a text"],
        ),
        (
            "plugin = \"echo\"\nsessions = [\"a\", \"\"]",
            &["bind[0].sessions", "element 2", "must not be empty"],
        ),
        (
            "plugin = \"echo\"\nevents = [\"mesage\"]",
            &["bind[0].events", "element 1", "did you mean \"message\"?"],
        ),
        (
            "plugin = \"echo\"\nkinds = [\"text\", \"picture\"]",
            &["bind[0].kinds", "element 2", "\"picture\"", "\"image\""],
        ),
        (
            "plugin = \"echo\"\nchats = { kind = [\"private\"] }",
            &["bind[0].chats.kind", "\"private\"", "\"direct\""],
        ),
        (
            "plugin = \"echo\"\nchats = { alow = [] }",
            &["bind[0].chats.alow", "did you mean \"allow\"?"],
        ),
        ("plugin = \"echo\"\nfrom-me = 1", &["bind[0].from-me", "true or false"]),
        (
            "plugin = \"echo\"\nwhen = { hours = \"Mo 7-8\" }",
            &["bind[0].when.hours", "\"Mo\" is no day", "Mon-Fri 07:00-20:00"],
        ),
        (
            "plugin = \"echo\"\nwhen = { hours = \"07:00-08:00\", zone = \"Berlin\" }",
            &["bind[0].when.zone", "\"Berlin\" is not a time zone"],
        ),
        (
            "plugin = \"echo\"\nwhen = { zone = \"UTC\" }",
            &["bind[0].when.zone", "without hours"],
        ),
        (
            "plugin = \"echo\"\noffline = \"max-age soon\"",
            &["bind[0].offline", "\"all\", \"none\" or \"max-age 30m\""],
        ),
        (
            "plugin = \"echo\"\ncan-stop = \"yes\"",
            &["bind[0].can-stop", "true or false"],
        ),
        (
            "plugin = \"echo\"\ncommands = [\"\"]",
            &["bind[0].commands", "element 1", "must not be empty"],
        ),
        (
            "plugin = \"echo\"\nfrm-me = true",
            &["line 7", "bind[0].frm-me", "did you mean \"from-me\"?"],
        ),
    ];
    for (rest, parts) in cases {
        one(&format!("{ECHO}[[bind]]\nid = \"x\"\n{rest}"), parts);
    }
}

#[test]
fn every_mistake_of_a_schedule_names_its_key() {
    let cases: &[(&str, &[&str])] = &[
        (
            "zone = \"UTC\"",
            &["schedule[0]", "exactly one of cron, every and at", "found 0"],
        ),
        (
            "cron = \"0 8 * * *\"\nevery = \"1h\"",
            &["schedule[0]", "exactly one", "found 2"],
        ),
        (
            "every = \"1h\"\nzone = \"Europe/Berln\"",
            &[
                "schedule[0].zone",
                "\"Europe/Berln\"",
                "did you mean \"Europe/Berlin\"?",
            ],
        ),
        (
            "every = \"1h\"\nmissed = \"never\"",
            &["schedule[0].missed", "\"skip\", \"once\", \"all\""],
        ),
        (
            "every = \"1h\"\npayload = 1",
            &["schedule[0].payload", "a text or a table"],
        ),
        (
            "every = \"1h\"\nmax-lateness = \"x\"",
            &["schedule[0].max-lateness", "\"x\""],
        ),
        (
            "every = \"1h\"\njitter = \"2days\"",
            &["schedule[0].jitter", "out of range", "1day"],
        ),
        (
            "every = \"1h\"\noverlap = \"cancel\"",
            &["schedule[0].overlap", "\"queue\", \"skip\""],
        ),
        (
            "every = \"1h\"\nfan-out = \"all\"",
            &["schedule[0].fan-out", "\"session\", \"once\""],
        ),
        (
            "every = \"1h\"\nzone = \"config:zone\"",
            &["schedule[0].zone", "\"zone\" is not a JSON pointer", "config:/zone"],
        ),
    ];
    for (rest, parts) in cases {
        one(
            &format!("{ECHO}[[schedule]]\nid = \"x\"\nplugin = \"echo\"\n{rest}"),
            parts,
        );
    }
    // A rule that cannot be read is one problem of its own, and another because there is no rule then.
    for (rest, parts) in [
        ("cron = \"0 8 * *\"", ["schedule[0].cron", "\"0 8 * *\"", "5 fields"]),
        ("every = \"0s\"", ["schedule[0].every", "out of range", "1s"]),
        ("at = \"tomorrow\"", ["schedule[0].at", "\"tomorrow\"", "2026-12-24"]),
        (
            "at = 2026-03-29T02:30:00\nzone = \"Europe/Berlin\"",
            ["schedule[0].at", "does not exist", "Europe/Berlin"],
        ),
    ] {
        let found = problems(
            &format!("{ECHO}[[schedule]]\nid = \"x\"\nplugin = \"echo\"\n{rest}"),
            &[],
        )
        .join("\n");
        for part in parts {
            assert!(found.contains(part), "{found:?} does not say {part:?}");
        }
    }
}

#[test]
fn what_is_changed_about_a_schedule_of_a_manifest_is_read_alike() {
    for (rest, parts) in [
        (
            "cron = \"0 8 * * *\"\nevery = \"1h\"",
            ["plugin[0].schedule.morning", "at most one of cron, every and at"],
        ),
        ("enabled = 1", ["plugin[0].schedule.morning.enabled", "true or false"]),
        ("id = \"evening\"", ["plugin[0].schedule.morning.id", "unknown key"]),
    ] {
        one(&format!("{ECHO}[plugin.schedule.morning]\n{rest}"), &parts);
    }
}

#[test]
fn all_problems_are_told_together() {
    let found = problems(
        "[server]\nlisen = 1\ngrace = 1\n[log]\nformat = \"x\"\n[[session]]\n[[bind]]\nid = \"b\"\nplugin = \"p\"\n",
        &[("WASPNEST__STORAGE__CASH", "1")],
    );
    assert_eq!(found.len(), 6, "{found:#?}");
}

#[test]
fn a_secret_is_never_told() {
    let found = problems(
        "[server]\nadmin-secret = \"hunter2\"\n[keys]\nmaster-key = \"letmein\"",
        &[],
    )
    .join("\n");
    assert!(!found.contains("hunter2") && !found.contains("letmein"), "{found}");
    let given = Config::load(
        None,
        [(
            "WASPNEST__SERVER__ADMIN_SECRET".to_owned(),
            "correct horse battery".to_owned(),
        )]
        .into_iter(),
    );
    let shown = format!("{:?}", given.expect("valid"));
    assert!(!shown.contains("horse"), "{shown}");
}

#[test]
fn a_file_that_is_missing_is_named() {
    let error = Config::load(Some("/nowhere/config.toml".as_ref()), std::iter::empty()).expect_err("there is none");
    assert!(error.to_string().contains("/nowhere/config.toml"), "{error}");
}
