//! What is in queries and bodies, and what comes with files and pages.

use std::path::Path;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Taken, Target, fuzz};
use crate::config::send_policy::PolicyLayer;
use crate::http::api::{
    api_keys, audit, chat_changes, dead_letters, effects, groups, mail, pairing, routes, runs, schedules, sessions,
    statuses,
};
use crate::http::body::{Fields, FromFields};
use crate::http::error::ApiError;
use crate::http::multipart::{Multipart, Piece};
use crate::http::query::{FromQuery, Params};
use crate::link_page;
use crate::rollout::unpack;
use crate::service::outgoing::Outgoing;

/// What an error becomes on the wire, which grows no faster than what it speaks of.
fn answered(error: ApiError, input: &[u8]) -> (Value, Taken) {
    let words = error.chain();
    let reply = error.into_reply("test");
    let body = reply.whole().expect("problems are whole").clone();
    assert!(
        body.len() <= (32 << 10) + 6 * input.len(),
        "{} bytes for {}",
        body.len(),
        input.len()
    );
    let problem = serde_json::from_slice(&body).expect("it is JSON");
    (problem, Taken::Refused(words))
}

/// Values that fit a schema, at least as far as it goes: one for each form that it has.
fn samples(schema: &Value) -> Vec<Value> {
    if let Some(forms) = schema["oneOf"].as_array() {
        return forms.iter().flat_map(samples).collect();
    }
    if let Some(found) = schema["examples"][0].as_str() {
        return vec![json!(found)];
    }
    let first = |key: &str| schema[key].get(0).cloned();
    let known = schema.get("const").cloned().or_else(|| first("enum"));
    if let Some(known) = known {
        return vec![known];
    }
    if let Some(one) = first("anyOf") {
        return samples(&one);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    vec![match kind {
        Some("object") => {
            let fields = schema["properties"].as_object();
            let sample = |(key, field): (&String, &Value)| Some((key.clone(), samples(field).into_iter().next()?));
            Value::Object(fields.into_iter().flatten().filter_map(sample).collect())
        }
        Some("array") => samples(&schema["items"]).into_iter().take(1).collect(),
        Some("integer" | "number") => schema["minimum"].clone(),
        Some("boolean") => json!(true),
        _ if !schema["contentEncoding"].is_null() => json!("aGk="),
        _ => json!("tea"),
    }]
}

/// The words that a schema knows.
fn words(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(object) => {
            for key in ["enum", "examples", "required"] {
                found.extend(object.get(key).map(|words| json!(words).to_string()));
            }
            let fields = object.get("properties").and_then(Value::as_object);
            found.extend(fields.into_iter().flat_map(Map::keys).map(|key| format!("\"{key}\":")));
            object.values().for_each(|value| words(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| words(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A body: what is taken fits the schema that is told of it, and what is wrong is said of a place that there is.
fn body<T: FromFields + 'static>(name: &'static str) -> Target {
    let schema = Fields::schema_of(T::from_fields);
    let fits = jsonschema::validator_for(&schema).expect("a schema");
    let mut seeds: Vec<String> = samples(&schema).iter().map(Value::to_string).collect();
    seeds.push("{}".to_owned());
    let mut pieces: Vec<String> = [
        "{", "}", "[", "]", "\":", "null", "true", "-0.0", "1e400", "\\ud800", "\\u0000", "[[[[[[[[",
    ]
    .map(str::to_owned)
    .into();
    words(&schema, &mut pieces);
    let target = Target::new(name, move |bytes| {
        let read = Fields::parse(bytes).and_then(|mut fields| {
            let found = T::from_fields(&mut fields);
            fields.finish(found)
        });
        let Err(error) = read else {
            let value: Value = serde_json::from_slice(bytes).expect("it was read");
            if let Some(error) = fits.iter_errors(&value).next() {
                panic!(
                    "{value} was taken, and the document says of {}: {error}",
                    error.instance_path()
                );
            }
            return Taken::Read;
        };
        let (problem, taken) = answered(error, bytes);
        let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
        for fault in problem["errors"].as_array().into_iter().flatten() {
            let pointer = fault["pointer"].as_str().expect("a pointer");
            let around = pointer.rsplit_once('/').map_or("", |(around, _)| around);
            let missing = fault["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("missing"));
            let there = value.pointer(pointer).is_some() || missing && value.pointer(around).is_some();
            assert!(
                there || fault["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
                "{fault}"
            );
        }
        taken
    });
    target.seeds(seeds).pieces(pieces)
}

/// A query, as warp reads it and then we do.
fn query<T: FromQuery + 'static>(name: &'static str, seeds: &[&str]) -> Target {
    let told = Params::told_by(T::from_query);
    let names: Vec<String> = told
        .iter()
        .filter_map(|told| told["name"].as_str())
        .map(|name| format!("&{name}="))
        .collect();
    let all: Vec<String> = told
        .iter()
        .map(|told| {
            let sample = samples(&told["schema"]).swap_remove(0);
            let text = sample.as_str().map_or_else(|| sample.to_string(), str::to_owned);
            format!("{}={text}", told["name"].as_str().unwrap_or_default())
        })
        .collect();
    let target = Target::new(name, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let pairs = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        let mut params = Params::new(pairs);
        let found = T::from_query(&mut params);
        match params.result(found).and_then(|_| params.finish()) {
            Ok(()) => Taken::Read,
            Err(error) => answered(error, bytes).1,
        }
    });
    target
        .seeds(seeds)
        .seeds(all.clone())
        .seeds([all.join("&")])
        .pieces(names)
        .pieces(["&", "=", "%3D", "limit=", "cursor="])
}

/// Messages that can be sent: samples say too much at once.
const MESSAGES: [&str; 6] = [
    r#"{"type":"text","to":"+4915112345678","text":"hello","mentions":["+4915112345678"],"send_at":"2030-01-01T00:00:00Z"}"#,
    r#"{"type":"text","to":["+4915112345678","120363001234567890@g.us"],"text":"a","quote":{"id":"3EB0","from":"me"}}"#,
    r#"{"type":"image","to":"4915112345678@c.us","media":{"url":"https://example.com/a.jpg","caption":"tea"},"view_once":true}"#,
    r#"{"type":"document","to":"1234567@lid","media":{"base64":"data:text/plain;base64,aGk=","filename":"a.txt"}}"#,
    r#"{"type":"poll","to":"+4915112345678","question":"tea?","options":["yes","no"]}"#,
    r#"{"type":"location","to":"+4915112345678","latitude":52.5,"longitude":13.4,"name":"Berlin"}"#,
];

#[test]
fn bodies_are_read_or_every_fault_is_told() {
    fuzz(&[
        body::<Outgoing>("messages to send").seeds(MESSAGES),
        body::<PolicyLayer>("send policies"),
        body::<api_keys::NewApiKey>("new keys"),
        body::<groups::NewGroup>("new groups"),
        body::<chat_changes::Changes>("changes of chats"),
        body::<statuses::NewPost>("status posts"),
        body::<pairing::Step>("steps of a passkey"),
    ]);
}

#[test]
fn queries_are_read_or_refused() {
    fuzz(&[
        query::<effects::Wanted>("queries of effects", &["state=pending&limit=5&cursor=17"]),
        query::<dead_letters::LettersWanted>(
            "queries of dead letters",
            &["limit=1&cursor=ses_01JGFJJZ00B5KQFA4Z8H0N3N6A:17"],
        ),
        query::<schedules::Wanted>(
            "queries of schedules",
            &["session=main&cursor=ses_01JGFJJZ00B5KQFA4Z8H0N3N6A:echo:morning"],
        ),
        query::<sessions::Wanted>("queries of sessions", &["limit=200"]),
        query::<mail::messages::Wanted>(
            "queries of messages",
            &["q=%22due+on%22+pay*&sender=me&type=text,image&media=false&from=2026-07-01T00:00:00Z&cursor=17"],
        ),
        query::<audit::Wanted>("queries of the audit log", &["outcome=changed"]),
        query::<runs::Wanted>("queries of runs", &["session=main"]),
        query::<routes::Asked>(
            "questions about routes",
            &["session=main&chat=4915112345678&text=hello+you%21"],
        ),
    ]);
}

const FORM: &str = "--x\r\nContent-Disposition: form-data; name=\"mimetype\"\r\n\r\nimage/png\r\n\
    --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/x\r\n\r\nab\r\n--\r\nc\r\n--x--\r\n";

/// A whole form that comes in parts of so many bytes.
fn form(bytes: &[u8], part: usize) -> Result<Vec<Piece>, String> {
    let mut multipart = Multipart::new("x");
    let (mut pieces, mut parts) = (Vec::new(), 0);
    for part in bytes.chunks(part) {
        pieces.extend(multipart.take(part).map_err(|error| error.to_string())?);
        parts += 1;
    }
    // A step takes in bytes, or ends a part of the form, of which there are few.
    assert!(
        multipart.steps() <= 2 * parts + 64,
        "{} steps for {parts} parts",
        multipart.steps()
    );
    multipart.finish().map_err(|error| error.to_string())?;
    Ok(pieces)
}

/// The same with the bytes of a file in one piece.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (all.last_mut(), piece) {
            (Some(Piece::Bytes(before)), Piece::Bytes(more)) => *before = [before.clone(), more].concat().into(),
            (_, piece) => all.push(piece),
        }
    }
    all
}

#[test]
fn forms_archives_and_pages_are_read_or_refused() {
    let forms = Target::new("multipart forms", |bytes| {
        let whole = form(bytes, bytes.len().max(1)).map(joined);
        // However it comes in, it says the same.
        let part = 1 + bytes.len() % 7;
        let parts = form(bytes, part).map(joined);
        assert_eq!(
            whole.is_ok(),
            parts.is_ok(),
            "{whole:?} at once, {parts:?} in parts of {part}"
        );
        match (whole, parts) {
            (Ok(whole), Ok(parts)) => {
                assert_eq!(whole, parts, "in parts of {part}");
                Taken::Read
            }
            (Err(words), _) | (_, Err(words)) => Taken::Refused(words),
        }
    });
    let archives = Target::new("archives", |bytes| {
        match unpack(&Bytes::copy_from_slice(bytes), Path::new("archive")) {
            Ok(_) => Taken::Read,
            Err(error) => {
                // All that is wrong with a manifest, which is the operator's own.
                let words = error.to_string();
                assert!(words.len() <= (16 << 10) + 6 * bytes.len(), "{} bytes", words.len());
                Taken::Refused(words.chars().take(100).collect())
            }
        }
    });
    let pages = Target::new("pages of links", |bytes| {
        let told = link_page::told(&String::from_utf8_lossy(bytes));
        for text in [&told.title, &told.description].into_iter().flatten() {
            assert!((1..=300).contains(&text.chars().count()));
            assert!(!text.contains(char::is_control));
        }
        match told == link_page::Told::default() {
            false => Taken::Read,
            true => Taken::PassedOver,
        }
    });
    fuzz(&[
        forms.seeds([FORM]).pieces([
            "--x",
            "--x--",
            "--x\r\n",
            "\r\n\r\n",
            "\r\n--x\r\n",
            "Content-Disposition: form-data; name=\"a\"\r\n\r\n",
            "; filename=",
            "; filename=\"\"",
            "Content-Type:",
        ]),
        archives.seeds(archived()).pieces([&b"ustar"[..], b"plugin.toml", b"../", b"0000777", &[0x1f, 0x8b]]),
        pages
            .seeds([
                "<html><head><title>Tea</title><meta property=\"og:description\" content=\"Tea &amp; cake\"></head><body>",
                "<meta name='description' content='first'><meta content='Shop' property='og:title'>",
            ])
            .pieces(["<meta ", "<title>", "content=", "property=\"og:title\"", "</", ">", "<body", "&amp;", "&#39;"]),
    ]);
}

/// A package as tar and gzip make it.
fn archived() -> [Vec<u8>; 2] {
    use std::io::Write as _;
    let mut tar = tar::Builder::new(Vec::new());
    let manifest = include_bytes!("../../../../../plugins/echo/plugin.toml");
    let schema = include_bytes!("../../../../../plugins/echo/config.schema.json");
    for (name, content) in [
        ("plugin.toml", &manifest[..]),
        ("config.schema.json", schema),
        ("echo.wasm", b"\0asm"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, name, content).expect("in memory");
    }
    let plain = tar.into_inner().expect("in memory");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).expect("in memory");
    [plain, gzip.finish().expect("in memory")]
}
