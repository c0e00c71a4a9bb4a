//! A guest that does, for every message, everything that a crash could lose or double, for crash tests.
//!
//! The text of a message names a task. It is counted in a store of all chats and noted in the store of its own, told to the server at
//! `url` (configuration), given a group of its own, and answered with
//!
//! ```text
//! TASK COUNT PREVIOUS GROUP ANSWER
//! ```
//!
//! where PREVIOUS is the task before in the same chat, or `-`, and ANSWER what the server said.

use serde::Deserialize;
use waspnest_plugin::http::Request;
use waspnest_plugin::types::{EventContext, HandlerError, Message, Outcome};
use waspnest_plugin::{MessageHandler, config, groups, kv, messaging};

/// The plugin.
#[derive(Debug)]
pub struct Worker;

#[derive(Deserialize)]
struct Settings {
    url: String,
}

impl MessageHandler for Worker {
    fn on_message(_ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let task = msg.text().unwrap_or_default();
        let Settings { url } = config()?;
        let count = kv::session()?.increment("done", 1)?;
        let chat = kv::chat()?;
        let previous: Option<String> = chat.get("previous")?;
        chat.put("previous", task)?;
        let answer = Request::post(url).body(task).send()?.ok()?;
        let group = groups::create(task, &[] as &[&str])?.id;
        let previous = previous.as_deref().unwrap_or("-");
        messaging::reply(msg, format!("{task} {count} {previous} {group} {}", answer.text()))?;
        Ok(Outcome::next())
    }
}

waspnest_plugin::export!(Worker: MessageHandler);
