//! The echo plugin, written for Extism: a message in, a call of the host's `send`, an outcome out. All of it as JSON, which is how
//! Extism's plugins talk.

use std::collections::BTreeMap;

use extism_pdk::{FnResult, Json, config, host_fn, plugin_fn};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Input {
    context: Context,
    message: Message,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what a plugin is told, whether it looks or not")]
struct Context {
    event_id: String,
    attempt: u32,
    received_at: u64,
    deadline: u64,
    session: String,
    binding: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what a plugin is told, whether it looks or not")]
struct Message {
    key: Key,
    chat_kind: String,
    sender: Address,
    timestamp: u64,
    content: Content,
    plain_text: Option<String>,
    mentions: Vec<String>,
    forwarded_score: u32,
    flags: BTreeMap<String, bool>,
}

#[derive(Deserialize, Serialize)]
struct Key {
    session: String,
    chat: String,
    id: String,
    from_me: bool,
    participant: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "what a plugin is told, whether it looks or not")]
struct Address {
    jid: String,
    alt: Option<String>,
    push_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Content {
    Text { body: String },
}

#[derive(Serialize)]
struct Send<'a> {
    to: &'a str,
    text: String,
    quote: Option<&'a Key>,
}

#[derive(Serialize)]
struct Outcome {
    flow: &'static str,
}

#[host_fn]
extern "ExtismHost" {
    fn send(request: String) -> String;
}

#[plugin_fn]
pub fn on_message(Json(input): Json<Input>) -> FnResult<Json<Outcome>> {
    let _ = &input.context;
    let message = input.message;
    if message.key.from_me {
        return Ok(Json(Outcome { flow: "next" }));
    }
    let prefix = config::get("prefix")?.unwrap_or_default();
    let Content::Text { body } = &message.content;
    let request = Send {
        to: &message.key.chat,
        text: format!("{prefix}{body}"),
        quote: None,
    };
    // SAFETY: the host defines `send` with this signature.
    unsafe { send(serde_json::to_string(&request)?)? };
    Ok(Json(Outcome { flow: "next" }))
}
