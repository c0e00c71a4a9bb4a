//! The JSON Schema of `plugin.toml`, for authors' editors.
//!
//! It says what can be said without the plugin: keys, types, words. A test holds it to the parser: it knows exactly the keys that are
//! read. Where both speak, the parser has the last word.

use serde_json::{Map, Value, json};
use waspnest_core::address::ChatKind;
use waspnest_core::event::{
    CallState, ChatChange, ContactChange, GroupChange, PresenceState, ReceiptStatus, SessionState,
};
use waspnest_core::message::Content;

use super::API;
use super::build::{HANDLERS, LANGUAGES};
use super::capability::Capability;
use super::command::{KINDS, MOST_ARGS};
use super::http_terms::METHODS;
use super::schedule::{FAN_OUT, MISSED, OVERLAP};
use super::subscribe::{CHATS, EVENTS, RAW};

/// The schema.
#[must_use]
pub fn schema() -> Value {
    let mut whole = object(
        &["manifest", "plugin"],
        json!({
            "manifest": { "const": 1, "description": "Version of the manifest's form." },
            "plugin": plugin(),
            "subscribe": { "type": "array", "items": subscribe(), "description": "Which events the plugin is called for." },
            "command": { "type": "array", "items": command(), "description": "What people may type; see command-handler." },
            "schedule": {
                "type": "array",
                "items": schedule(),
                "description": "Points in time at which the plugin is called. The operator may change them or turn them off."
            },
            "capabilities": capabilities(),
            "limits": limits(),
            "config": config(),
            "build": build(),
            "test": { "type": "object", "description": "For the author's tools; the host does not read it." },
            "tool": { "type": "object", "description": "For the author's tools; the host does not read it." },
        }),
    );
    whole["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    whole["title"] = "plugin.toml of a Waspnest plugin".into();
    whole
}

/// A table with these keys, those of the author's own (`x-…`), and no others.
fn object(required: &[&str], properties: Value) -> Value {
    let mut object = json!({
        "type": "object",
        "additionalProperties": false,
        "patternProperties": { "^x-": {} },
    });
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object["properties"] = properties;
    object
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

fn whole(least: u64, description: &str) -> Value {
    json!({ "type": "integer", "minimum": least, "description": description })
}

fn bytes(description: &str) -> Value {
    let text = json!({ "type": "string", "pattern": "^[0-9]+ ?(B|KiB|MiB|GiB)?$" });
    json!({ "anyOf": [{ "type": "integer", "minimum": 0 }, text], "description": description })
}

fn span(description: &str) -> Value {
    json!({ "type": "string", "pattern": "^[0-9]", "examples": ["5s", "1m 30s"], "description": description })
}

fn one_of<'a>(words: impl IntoIterator<Item = &'a str>, description: &str) -> Value {
    json!({ "enum": words.into_iter().collect::<Vec<_>>(), "description": description })
}

fn some_of<'a>(words: impl IntoIterator<Item = &'a str>, description: &str) -> Value {
    json!({ "type": "array", "items": { "enum": words.into_iter().collect::<Vec<_>>() }, "description": description })
}

fn name_in_a_command() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 32 })
}

fn plugin() -> Value {
    object(
        &["id", "name", "version", "component", "api"],
        json!({
            "id": text("The author's name of the plugin, in reverse DNS: org.example.appointments. It stays."),
            "name": text("Name shown to people."),
            "version": { "type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+([-+].*)?$", "description": "Such as 1.4.0." },
            "description": text("One sentence about it."),
            "license": text("SPDX expression."),
            "homepage": text("A page about it."),
            "component": text("The component, below the manifest's directory."),
            "api": { "const": API, "description": "Track of the plugin contract it is built for." },
            "data-version": whole(1, "Form of the data it keeps; a higher one is migrated to before it is used."),
        }),
    )
}

fn subscribe() -> Value {
    let events = EVENTS.iter().map(|(name, _)| *name).chain([RAW]);
    let chats = CHATS.iter().map(|(name, _)| *name);
    let details = [GroupChange::NAMES.as_slice(), &ContactChange::NAMES, &ChatChange::NAMES].concat();
    let states = [PresenceState::NAMES.as_slice(), &CallState::NAMES, &SessionState::NAMES].concat();
    let kinds = Content::KINDS
        .iter()
        .copied()
        .chain(EVENTS.iter().map(|(name, _)| *name));
    object(
        &["event"],
        json!({
            "event": one_of(events, "The family of events; raw for several as JSON."),
            "kinds": some_of(kinds, "Of messages: kinds of content. Of raw: families."),
            "chats": some_of(chats, "Kinds of chats, of messages, receipts, presence and changes of chats."),
            "from-me": flag("Whether messages the account sent from another device are wanted; of messages and raw."),
            "status": some_of(ReceiptStatus::NAMES, "Of receipts."),
            "changes": some_of(distinct(&details), "Of groups, contacts and chats: what happened."),
            "states": some_of(distinct(&states), "Of presence, calls and sessions."),
            "topics": { "type": "array", "items": { "type": "string" }, "description": "Of topics: names, or patterns such as orders.*." },
        }),
    )
}

fn distinct<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut distinct = words.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct
}

fn command() -> Value {
    let chats = [ChatKind::Direct, ChatKind::Group].map(|kind| match kind {
        ChatKind::Direct => "direct",
        _ => "group",
    });
    let bound = json!({ "description": "Of numbers and spans of time; of characters of texts; of how many items." });
    let arg = object(
        &["name", "type"],
        json!({
            "name": name_in_a_command(),
            "type": one_of(KINDS.iter().copied(), "What it must be; rest and items only at the end."),
            "required": flag("Whether the command is not understood without it."),
            "default": { "type": ["string", "number", "boolean"], "description": "What the plugin gets without it." },
            "min": bound,
            "max": bound,
            "choices": { "type": "array", "items": { "type": "string" }, "description": "Of the type choice: the words." },
        }),
    );
    let cooldown = object(
        &["every"],
        json!({
            "per": one_of(["sender", "chat"], "Whose time it is."),
            "every": span("How far apart it may be used, at most a day."),
        }),
    );
    let names = || json!({ "type": "array", "items": name_in_a_command() });
    object(
        &["name"],
        json!({
            "name": name_in_a_command(),
            "path": names(),
            "aliases": names(),
            "summary": {
                "anyOf": [{ "type": "string" }, { "type": "object", "additionalProperties": { "type": "string" } }],
                "description": "One line about it, or one for each language."
            },
            "args": { "type": "array", "maxItems": MOST_ARGS, "items": arg },
            "chats": some_of(chats, "Kinds of chats it works in; all without it."),
            "role": one_of(super::command::ROLES.iter().map(|(name, _)| *name), "Who may use it."),
            "cooldown": cooldown,
            "urgent": flag("Whether it does not wait for what came before it in its chat."),
        }),
    )
}

fn schedule() -> Value {
    object(
        &["id"],
        json!({
            "id": text("Its name, which the plugin is told."),
            "cron": text("minute hour day month weekday, or with seconds in front."),
            "every": span("Again and again, this far apart; at least one second."),
            "at": { "description": "Once: a date and time, in the zone if it has no offset." },
            "zone": text("IANA time zone of cron and at, or config: and a JSON pointer into the configuration; UTC without it."),
            "missed": one_of(MISSED.iter().map(|(name, _)| *name), "What happens to moments at which the host was down."),
            "max-lateness": span("Moments longer ago are never made up for."),
            "fan-out": one_of(FAN_OUT.iter().map(|(name, _)| *name), "In each session, or in one of them."),
            "jitter": span("How far its moments are spread, at most a day."),
            "overlap": one_of(OVERLAP.iter().map(|(name, _)| *name), "What happens while the former tick is not done."),
            "payload": { "type": ["string", "object"], "description": "Handed to the plugin; a table becomes JSON." },
        }),
    )
}

fn capabilities() -> Value {
    let each = Capability::ALL.map(|capability| (capability.name().to_owned(), request(capability)));
    let mut all = object(&[], Value::Object(each.into_iter().collect()));
    all["description"] = "What the plugin asks for. The operator grants it, or less.".into();
    all
}

fn request(capability: Capability) -> Value {
    let mut properties = Map::new();
    properties.insert("optional".into(), flag("Whether the plugin can do without it."));
    properties.insert("reason".into(), text("Why, in words for the operator."));
    if let Value::Object(terms) = terms(capability) {
        properties.extend(terms);
    }
    json!({ "description": capability.words(), "anyOf": [{ "const": true }, object(&[], Value::Object(properties))] })
}

/// The terms of a request.
fn terms(capability: Capability) -> Value {
    let rate = || json!({ "type": "string", "pattern": "^[0-9]+ */ *(s|sec|min|h|hour|day)$", "description": "Such as 10/min." });
    let scope = || {
        let chats = json!({ "type": "object", "required": ["chats"], "properties": { "chats": { "type": "array", "items": { "type": "string" } } }, "additionalProperties": false, "patternProperties": { "^x-": {} } });
        json!({ "anyOf": [{ "enum": ["reply-only", "any"] }, chats], "description": "Which chats it reaches: only that of the event, any, or these." })
    };
    match capability {
        Capability::MessagesSend
        | Capability::MessagesReact
        | Capability::MessagesRead
        | Capability::MessagesTyping
        | Capability::MessagesEdit
        | Capability::MessagesRevoke
        | Capability::MessagesModerate
        | Capability::MessagesVote
        | Capability::MessagesPin
        | Capability::MessagesStar
        | Capability::MessagesRaw
        | Capability::MessagesHistory
        | Capability::GroupsRead
        | Capability::GroupsWrite
        | Capability::ContactsRead
        | Capability::ContactsWrite
        | Capability::ChatsWrite => json!({ "scope": scope(), "rate": rate() }),
        Capability::Kv => json!({
            "max-bytes": bytes("Bytes of keys and values in one session."),
            "max-keys": whole(0, "Values in one session."),
            "shared": { "type": "array", "items": { "type": "string" }, "description": "Stores it shares with other plugins, by name." },
        }),
        Capability::Schedule => json!({
            "max-jobs": whole(0, "Jobs at a time in one session."),
            "min-interval": span("How far apart the times of a recurring job must be; at least one second."),
        }),
        Capability::Http => json!({
            "allow": { "type": "array", "items": { "type": "string" }, "description": "Origins such as https://api.example.com." },
            "methods": some_of(METHODS.iter().map(http::Method::as_str), "Methods of requests."),
            "rate": rate(),
        }),
        Capability::Secrets => json!({
            "names": { "type": "array", "items": { "type": "string" }, "description": "Which secrets of the operator." },
            "mode": one_of(["inject", "reveal"], "Whether the host uses them for the plugin, or the plugin may read them."),
        }),
        Capability::Webhooks => json!({
            "endpoints": { "type": "array", "items": { "type": "string" }, "description": "Which servers of the operator's configuration." },
            "rate": rate(),
        }),
        Capability::Bus => json!({
            "topics": { "type": "array", "items": { "type": "string" }, "description": "Under which names it tells other plugins." },
            "rate": rate(),
        }),
        Capability::Dialogue => json!({ "max-open": whole(0, "States and waits together in one session.") }),
        Capability::MediaRead => json!({
            "scope": scope(),
            "rate": rate(),
            "max-bytes": bytes("Bytes in one call, at most 64MiB."),
        }),
        Capability::MediaWrite => json!({
            "max-bytes": bytes("Bytes in one call, at most 64MiB."),
            "max-stored": bytes("Bytes kept at a time, over all sessions."),
            "rate": rate(),
        }),
    }
}

fn limits() -> Value {
    let mut limits = object(
        &[],
        json!({
            "memory": bytes("Memory of one call."),
            "call-timeout": span("Time of one call."),
            "fuel": whole(1, "Instructions of one call. They are counted only where they are limited."),
            "hostcall-bytes": bytes("Bytes that one call hands to the host and gets from it."),
            "concurrency": whole(1, "Calls at the same time."),
            "sends-per-minute": whole(1, "Messages in any minute."),
            "sends-per-chat-per-minute": whole(1, "Messages to one chat in any minute."),
            "log-bytes-per-minute": bytes("Bytes of log lines in any minute."),
        }),
    );
    limits["description"] = "What the plugin wishes for; the operator's limits win.".into();
    limits
}

fn config() -> Value {
    object(
        &[],
        json!({
            "schema": text("A JSON Schema of the configuration, below the manifest's directory."),
            "defaults": { "type": "object", "description": "The configuration where the operator says nothing." },
        }),
    )
}

fn build() -> Value {
    let mut build = object(
        &["language"],
        json!({
            "language": one_of(LANGUAGES, "What it is written in."),
            "source": text("Where its sources begin, a file or directory below the manifest's."),
            "handlers": some_of(
                HANDLERS.iter().map(|(word, _)| *word),
                "Handlers it has that nothing else here tells of."
            ),
        }),
    );
    build["description"] = "For waspnest plugin build; the host does not use it.".into();
    build
}

#[cfg(test)]
mod tests;
