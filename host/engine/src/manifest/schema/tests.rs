use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::*;
use crate::manifest::Manifest;
use crate::manifest::section::asked;

/// Where authors' editors find it.
const FILE: &str = "plugin-sdk/plugin.schema.json";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_file_for_editors_is_what_is_made_here() {
    let found = std::fs::read_to_string(top().join(FILE)).unwrap_or_default();
    assert_eq!(
        found,
        format!("{:#}\n", schema()),
        "run `waspnest schema plugin > {FILE}`"
    );
}

/// Keys with the place of their table, such as `subscribe[].kinds`.
fn keys_of(schema: &Value, at: &str, keys: &mut BTreeSet<String>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, below) in properties.into_iter().flatten() {
        let place = match at {
            "" => key.clone(),
            at => format!("{at}.{key}"),
        };
        keys_of(below, &place, keys);
        keys.insert(place);
    }
    if let Some(items) = schema.get("items") {
        keys_of(items, &format!("{at}[]"), keys);
    }
    for form in schema.get("anyOf").and_then(Value::as_array).into_iter().flatten() {
        keys_of(form, at, keys);
    }
}

/// A manifest with everything in it, so that every key is asked for.
fn everything() -> String {
    let mut text = "manifest = 1\n[plugin]\nid = \"a.b\"\nname = \"A\"\nversion = \"1.0.0\"\ncomponent = \"a.wasm\"\napi = \"0.1\"\n[test]\n[tool]\n[limits]\n[config]\n[build]\nlanguage = \"rust\"\n".to_owned();
    for (event, _) in EVENTS {
        let needed = match *event {
            "presence" => "states = [\"typing\"]\n",
            "topic" => "topics = [\"a\"]\n",
            _ => "",
        };
        text += &format!("[[subscribe]]\nevent = \"{event}\"\n{needed}");
    }
    text += "[[subscribe]]\nevent = \"raw\"\n[[schedule]]\nid = \"a\"\nevery = \"1h\"\n[[command]]\nname = \"a\"\ncooldown = { every = \"1s\" }\n";
    for (number, kind) in KINDS.iter().enumerate() {
        let choices = if *kind == "choice" { "choices = [\"x\"]" } else { "" };
        text += &format!(
            "[[command]]\nname = \"c{number}\"\n[[command.args]]\nname = \"a\"\ntype = \"{kind}\"\n{choices}\n"
        );
    }
    text += "[capabilities]\n";
    for capability in Capability::ALL {
        let terms = match capability {
            Capability::Secrets => "{ names = [\"a\"] }",
            Capability::Webhooks => "{ endpoints = [\"a\"] }",
            Capability::Bus => "{ topics = [\"a\"] }",
            Capability::Http => "{ allow = [\"https://example.com\"] }",
            capability if terms(capability).get("scope").is_some() => "{ scope = { chats = [\"4915112345678\"] } }",
            _ => "{}",
        };
        text += &format!("\"{capability}\" = {terms}\n");
    }
    text
}

#[test]
fn it_knows_exactly_the_keys_that_are_read() {
    let text = everything();
    let (_, read) = asked::during(|| Manifest::parse(Path::new("plugin.toml"), &text).expect("a good manifest"));
    let mut said = BTreeSet::new();
    keys_of(&schema(), "", &mut said);
    assert_eq!(
        said, read,
        "a key is in one of both only: the schema is on the left, the parser on the right"
    );
}

fn as_json(manifest: &str) -> Value {
    let table: toml::Table = toml::from_str(manifest).expect("TOML");
    serde_json::to_value(table).expect("a form in JSON")
}

#[test]
fn it_takes_every_manifest_that_ships_and_refuses_what_the_parser_refuses() {
    let validator = jsonschema::validator_for(&schema()).expect("a good schema");
    let mut count = 0;
    for below in ["plugins", "host/engine/tests/guests"] {
        for entry in std::fs::read_dir(top().join(below)).expect("a directory") {
            let file = entry.expect("an entry").path().join("plugin.toml");
            let Ok(text) = std::fs::read_to_string(&file) else {
                continue;
            };
            let wrong: Vec<String> = validator
                .iter_errors(&as_json(&text))
                .map(|error| format!("{} {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{}: {wrong:#?}", file.display());
            Manifest::parse(&file, &text).expect("the parser takes it too");
            count += 1;
        }
    }
    assert!(count >= 9, "only {count} manifests were found");
    let whole = as_json(&everything());
    assert!(validator.is_valid(&whole));
    for (pointer, key, value) in [
        ("/plugin", "version", json!("1.4")),
        ("/plugin", "autor", json!("me")),
        ("/subscribe/0", "event", json!("mesage")),
        ("/command/0", "role", json!("king")),
        ("/build", "language", json!("cobol")),
        ("/schedule/0", "missed", json!("never")),
        ("/limits", "memory", json!("lots")),
        ("/capabilities", "messages.sned", json!(true)),
        ("/capabilities/kv", "max-keys", json!("many")),
        ("/capabilities/messages.send", "rate", json!("often")),
    ] {
        let mut wrong = whole.clone();
        wrong.pointer_mut(pointer).expect("a table")[key] = value.clone();
        assert!(!validator.is_valid(&wrong), "{pointer}/{key} = {value}");
    }
}
