//! `config.toml` at the top of the repository is the reference: it parses, says every key, and its values are the defaults.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use waspnest::config::Config;
use waspnest::config::bind::Bind;
use waspnest::config::installation::Installation;

fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the repository")
        .join("config.toml")
}

fn load(path: Option<&Path>) -> Config {
    Config::load(path, std::iter::empty()).expect("a valid configuration")
}

/// Every key of the file, those in comments included, as [`Config::keys`] spells them.
fn said(text: &str) -> BTreeSet<String> {
    let mut section = String::new();
    let mut keys = BTreeSet::new();
    for line in text.lines() {
        let line = line.trim().trim_start_matches("# ");
        if let Some(header) = line.strip_prefix("[[").and_then(|rest| rest.split_once("]]")) {
            // A list of tables within `[[plugin]]`.
            let header = header.0.replace("plugin.", "plugin[].");
            section = format!("{header}[].");
            keys.insert(header);
        } else if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let header = header
                .0
                .replace("plugin.session.main", "plugin[].session.*")
                .replace("plugin.schedule.morning", "plugin[].schedule.*")
                .replace("secrets.calendar-token", "secrets.*")
                .replace("webhooks.booking-events", "webhooks.*");
            let header = if let Some(inner) = header.strip_prefix("plugin.") {
                format!("plugin[].{inner}")
            } else {
                header
            };
            keys.insert(header.clone());
            section = format!("{header}.");
        } else if let Some((key, value)) = line.split_once(" = ") {
            keys.insert(format!("{section}{key}"));
            // The keys of a table on one line.
            if let Some(inner) = value.strip_prefix('{') {
                for part in inner.split('}').next().unwrap_or_default().split(", ") {
                    if let Some((inner, _)) = part.split_once(" = ") {
                        keys.insert(format!("{section}{key}.{}", inner.trim()));
                    }
                }
            }
        }
    }
    keys
}

#[test]
fn it_says_every_key() {
    let text = std::fs::read_to_string(reference()).expect("the reference file");
    let said = said(&text);
    // `session` is the list [[session]] and, in [[plugin]], a table of tables.
    let missing: Vec<_> = Config::keys()
        .into_iter()
        .filter(|key| {
            !said.contains(key)
                && !["plugin[].session", "plugin[].schedule", "secrets", "webhooks"].contains(&key.as_str())
        })
        .collect();
    assert_eq!(missing, Vec::<String>::new(), "config.toml does not say these keys");
}

#[test]
fn its_values_are_the_defaults() {
    let reference = reference();
    let said = load(Some(&reference));
    // An empty file beside it, so that relative paths start at the same place.
    let mut default = Config::load(None, std::iter::empty()).expect("defaults");
    let base = reference.parent().expect("a directory");
    default.storage.dir = base.join(&default.storage.dir);
    default.plugins.dir = base.join(&default.plugins.dir);
    default.plugins.cache = base.join(&default.plugins.cache);
    assert_eq!(said.server, default.server);
    assert_eq!(said.callers, default.callers);
    assert_eq!(said.storage, default.storage);
    assert_eq!(said.whatsapp, default.whatsapp);
    assert_eq!(said.plugins, default.plugins);
    assert_eq!(said.log, default.log);
    assert_eq!(
        format!("{:?}", said.keys),
        format!("File({:?})", base.join("data/master.key"))
    );
}

#[test]
fn the_defaults_of_lists_are_what_it_says() {
    let said = load(Some(&reference()));
    let short = "[[plugin]]\nid = \"echo\"\nsource = \"echo\"\n[plugin.grants]\n\"messages.send\" = { scope = \"reply-only\" }\n[plugin.config]\nprefix = \"\"\n\
                 [[bind]]\nid = \"echo-all\"\nplugin = \"echo\"\nchats = { kind = [\"direct\"] }\n";
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("config.toml");
    std::fs::write(&path, short).expect("writable");
    let short = load(Some(&path));
    let [ref echo, ..] = said.installations[..] else {
        panic!("the reference installs echo")
    };
    let [ref short_echo] = short.installations[..] else {
        panic!("one installation")
    };
    assert_eq!(
        *echo,
        Installation {
            source: echo.source.clone(),
            ..short_echo.clone()
        }
    );
    let [ref bind, ..] = said.binds[..] else {
        panic!("the reference binds echo")
    };
    let [ref short_bind]: [Bind] = short.binds[..] else {
        panic!("one bind")
    };
    assert_eq!(bind, short_bind);
}

#[test]
fn what_is_commented_out_is_valid_too() {
    let text = std::fs::read_to_string(reference()).expect("the reference file");
    // The schedule: the three rules exclude each other, so each is tried alone.
    for rule in ["cron", "every", "at"] {
        let lines = text
            .lines()
            .skip_while(|line| *line != "# [[schedule]]")
            .map(|line| line.trim_start_matches("# "));
        let lines = lines.filter(|line| {
            !["cron = ", "every = ", "at = "]
                .iter()
                .any(|other| line.starts_with(other))
                || line.starts_with(&format!("{rule} = "))
        });
        let schedule = lines.collect::<Vec<_>>().join("\n");
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("config.toml");
        std::fs::write(&path, format!("{text}\n{schedule}")).expect("writable");
        assert_eq!(load(Some(&path)).schedules.len(), 1, "{rule}");
    }
}

#[test]
fn the_defaults_are_these() {
    insta::assert_debug_snapshot!(load(None));
}
