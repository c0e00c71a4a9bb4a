use serde_json::{Value, json};

use super::*;

fn schema(schema: &Value) -> Result<ConfigSchema, String> {
    ConfigSchema::parse(&schema.to_string()).map_err(|error| error.to_string())
}

fn layers(layers: &[Value]) -> Value {
    let layers = layers.iter().filter_map(Value::as_object);
    Configuration::of_layers(layers).value().clone()
}

#[test]
fn objects_are_merged_and_everything_else_replaces() {
    let merged = layers(&[
        json!({ "a": { "b": 1, "c": [1, 2] }, "d": "x", "e": { "f": 1 } }),
        json!({ "a": { "c": [3], "g": true }, "e": 7 }),
        json!({ "d": null, "a": { "b": { "h": 1 } } }),
    ]);
    assert_eq!(
        merged,
        json!({ "a": { "b": { "h": 1 }, "c": [3], "g": true }, "d": null, "e": 7 })
    );
    let configuration = Configuration::of_layers([json!({ "a/b": { "c": [10, 20] } }).as_object().expect("an object")]);
    assert_eq!(configuration.get("/a~1b/c/1"), Some(&json!(20)));
    assert_eq!(configuration.get("/missing"), None);
    assert_eq!(format!("{configuration:?}"), "Configuration(21 bytes)");
}

/// What is wrong with a value, each as `pointer: problem`.
fn wrong(of: &Value, value: &Value) -> Vec<String> {
    let schema = schema(of).expect("a good schema");
    schema.judge(value).iter().map(ToString::to_string).collect()
}

#[test]
fn every_mistake_says_where_it_is_and_what_is_allowed() {
    let of = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
            "name": { "type": "string", "minLength": 2, "maxLength": 4 },
            "count": { "type": "integer", "minimum": 1, "exclusiveMaximum": 10, "multipleOf": 2 },
            "mood": { "enum": ["calm", "merry"] },
            "mail": { "format": "email" },
            "code": { "pattern": "^[a-z]+$" },
            "list": { "type": "array", "items": { "type": ["string", "null"] }, "uniqueItems": true, "maxItems": 2 },
            "either": { "anyOf": [{ "type": "boolean" }, { "const": 7 }] },
            "inner": { "$ref": "#/$defs/inner" }
        },
        "$defs": { "inner": { "additionalProperties": false, "properties": { "length": {} } } }
    });
    assert_eq!(wrong(&of, &json!({ "name": "abc" })), [""; 0]);
    for (value, says) in [
        (json!({}), "the key \"name\" is missing"),
        (json!({ "name": 7 }), "/name: expected a text, found a number"),
        (
            json!({ "name": "a" }),
            "/name: is too short; at least 2 characters are allowed",
        ),
        (
            json!({ "name": "abcde" }),
            "/name: is too long; at most 4 characters are allowed",
        ),
        (
            json!({ "name": "abc", "count": 0 }),
            "/count: is too small; at least 1 is allowed",
        ),
        (
            json!({ "name": "abc", "count": 10 }),
            "/count: is too large; less than 10 is allowed",
        ),
        (json!({ "name": "abc", "count": 3 }), "/count: must be a multiple of 2"),
        (
            json!({ "name": "abc", "count": 2.5 }),
            "/count: expected a whole number, found a number",
        ),
        (
            json!({ "name": "abc", "mood": "cross" }),
            "/mood: is not allowed; expected one of \"calm\", \"merry\"",
        ),
        (
            json!({ "name": "abc", "mail": "nobody" }),
            "/mail: is not of the format \"email\"",
        ),
        (
            json!({ "name": "abc", "code": "A" }),
            "/code: does not fit the pattern \"^[a-z]+$\"",
        ),
        (
            json!({ "name": "abc", "list": [1] }),
            "/list/0: expected null or a text, found a number",
        ),
        (
            json!({ "name": "abc", "list": ["a", "a"] }),
            "/list: has an element twice",
        ),
        (
            json!({ "name": "abc", "list": ["a", "b", "c"] }),
            "/list: has too many elements; at most 2 are allowed",
        ),
        (
            json!({ "name": "abc", "either": 8 }),
            "/either: fits none of the 2 allowed forms: expected true or false, found a number, or is not allowed; expected 7",
        ),
        (
            json!({ "name": "abc", "lenght": 1 }),
            "/lenght: unknown key \"lenght\"; there are: ",
        ),
        (
            json!({ "name": "abc", "cuont": 1 }),
            "/cuont: unknown key \"cuont\"; did you mean \"count\"?",
        ),
        (
            json!({ "name": "abc", "inner": { "lenght": 1 } }),
            "/inner/lenght: unknown key \"lenght\"; did you mean \"length\"?",
        ),
    ] {
        let said = wrong(&of, &value);
        assert!(
            said.iter().any(|said| said.starts_with(says)),
            "{value}: {said:?}, not {says:?}"
        );
    }
}

#[test]
fn a_schema_is_bounded_before_it_is_compiled() {
    let nested = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({ "not": inner }));
    let doubling = |levels: usize| {
        let mut defs = serde_json::Map::new();
        defs.insert("d0".into(), json!({ "type": "integer" }));
        for level in 1..=levels {
            let below = json!({ "$ref": format!("#/$defs/d{}", level - 1) });
            defs.insert(format!("d{level}"), json!({ "allOf": [below.clone(), below] }));
        }
        json!({ "$ref": format!("#/$defs/d{levels}"), "$defs": defs })
    };
    assert!(schema(&nested(30)).is_ok());
    assert!(schema(&doubling(5)).is_ok());
    for (of, says) in [
        (json!([]), "must be a JSON object"),
        (json!({ "type": "objekt" }), "is not a JSON Schema: /type"),
        (
            json!({ "properties": { "a": { "pattern": "(" } } }),
            "/properties/a: \"(\" is not a \"regex\"",
        ),
        (
            json!({ "properties": { "a": { "pattern": "(a{1000}){1000}" } } }),
            "is not a JSON Schema",
        ),
        (
            json!({ "$schema": "https://example.com/mine" }),
            "/$schema: this draft is not known",
        ),
        (
            json!({ "$id": "https://example.com/mine" }),
            "$id is not for schemas of configurations",
        ),
        (
            json!({ "properties": { "a": { "$ref": "https://example.com/a" } } }),
            "/properties/a: $ref must point within the file",
        ),
        (
            json!({ "properties": { "a": { "$ref": "file:///etc/passwd" } } }),
            "$ref must point within the file",
        ),
        (
            json!({ "properties": { "a": { "$ref": "#/$defs/gone" } } }),
            "$ref points to \"/$defs/gone\", where nothing is",
        ),
        (json!({ "$ref": "#" }), "a $ref leads back to itself"),
        (
            json!({ "$defs": { "a": { "items": { "$ref": "#/$defs/a" } } } }),
            "a $ref leads back to itself",
        ),
        (
            json!({ "$dynamicRef": "#a" }),
            "$dynamicRef is not for schemas of configurations",
        ),
        (nested(40), "more than 32 deep"),
        (doubling(12), "more than 4096 schemas"),
        (doubling(400), "/$defs"),
        (
            json!({ "description": "x".repeat(70_000) }),
            "at most 65536 are allowed",
        ),
    ] {
        let error = schema(&of).expect_err("it must be refused");
        assert!(error.contains(says), "{error}, not {says:?}");
    }
    // What only looks like a keyword is a name.
    let names = json!({ "properties": { "$id": { "type": "string" }, "$ref": { "type": "string" } } });
    assert!(schema(&names).is_ok());
}

#[test]
fn secrets_are_hidden_wherever_the_schema_says() {
    let of = json!({
        "properties": {
            "token": { "x-secret": true },
            "inner": { "$ref": "#/$defs/inner" },
            "list": { "items": { "properties": { "password": { "writeOnly": true } } } },
            "named": { "additionalProperties": { "x-secret": true } },
            "either": { "anyOf": [{ "type": "integer" }, { "type": "string", "x-secret": true }] }
        },
        "$defs": { "inner": { "properties": { "key": { "type": "object", "x-secret": true } } } }
    });
    let schema = schema(&of).expect("a good schema");
    let value = json!({
        "token": "abcdef", "plain": "shown",
        "inner": { "key": { "a": 1 }, "other": 2 },
        "list": [{ "password": "hunter22", "user": "ada" }],
        "named": { "one": "first", "two": 2 },
        "either": "perhaps"
    });
    assert_eq!(
        schema.hide(&value),
        json!({
            "token": HIDDEN, "plain": "shown",
            "inner": { "key": HIDDEN, "other": 2 },
            "list": [{ "password": HIDDEN, "user": "ada" }],
            "named": { "one": HIDDEN, "two": HIDDEN },
            "either": HIDDEN
        })
    );
    assert_eq!(
        &*schema.without_secrets(&value, "abcdef and hunter22, shown"),
        "[hidden] and [hidden], shown"
    );

    // What was read can be written back: the mark stands for what is there.
    let whole = |value: Value| value.as_object().cloned().expect("an object");
    let again = schema.reveal(&whole(schema.hide(&value)), Some(&value));
    assert_eq!(again, Some(whole(value.clone())));
    assert_eq!(
        schema.reveal(&whole(json!({ "token": HIDDEN })), None),
        None,
        "there is nothing it could stand for"
    );
    assert_eq!(
        schema.reveal(&whole(json!({ "plain": HIDDEN })), Some(&value)),
        None,
        "it stands for secrets alone"
    );
}
