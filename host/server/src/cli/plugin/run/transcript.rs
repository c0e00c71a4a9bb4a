//! What a plugin does, as somebody sees it who chats with it.

use std::fmt::Write;

use serde_json::Value;
use waspnest_core::address::Jid;
use waspnest_core::effect::{Action, Change, Effect, Typing};
use waspnest_core::message::{Content, Media};

use crate::stage::Call;

/// What chats are called.
pub(super) trait Names {
    /// The name of a chat; none for the one that is looked at.
    fn of(&self, chat: &Jid) -> Option<String>;
}

/// The line for something that left; none for what nobody sees.
pub(super) fn effect(effect: &Effect, names: &impl Names) -> Option<String> {
    let what = match &effect.action {
        Action::Send(send) => said(&send.content),
        Action::SendMarked(marked) => said(&marked.send.content),
        Action::SendRaw(raw) => format!("[a message of {} bytes]", raw.message.len()),
        Action::React { emoji: Some(emoji), .. } => format!("[reacts with {emoji}]"),
        Action::React { emoji: None, .. } => "[takes a reaction back]".to_owned(),
        Action::SetTyping { state, .. } => match state {
            Typing::Composing => "[is typing]".to_owned(),
            Typing::Recording => "[is recording]".to_owned(),
            Typing::Paused => return None,
        },
        Action::MarkRead { .. } => "[has read it]".to_owned(),
        Action::MarkPlayed { .. } => "[has played it]".to_owned(),
        Action::Change(change) => changed(change),
        Action::Webhook(webhook) => {
            return Some(format!(
                "  tells {}: {} {}",
                webhook.endpoint, webhook.event, webhook.data
            ));
        }
    };
    let place = effect.action.chat().and_then(|chat| names.of(chat));
    Some(match place {
        Some(place) => format!("bot in {place}: {what}"),
        None => format!("bot: {what}"),
    })
}

fn changed(change: &Change) -> String {
    match change {
        Change::Edit { content, .. } => format!("[writes instead] {}", said(content)),
        Change::Revoke { .. } => "[takes a message back]".to_owned(),
        Change::Vote(vote) => format!("[votes for {}]", vote.selected.join(", ")),
        Change::Pin { seconds: Some(_), .. } => "[pins a message]".to_owned(),
        Change::Pin { seconds: None, .. } => "[unpins a message]".to_owned(),
        Change::Star { starred: true, .. } => "[stars a message]".to_owned(),
        Change::DeleteForMe { .. } => "[removes a message for itself]".to_owned(),
        Change::Star { starred: false, .. } => "[takes a star off a message]".to_owned(),
    }
}

/// A message in words.
fn said(content: &Content) -> String {
    match content {
        Content::Text(text) => text.body.to_string(),
        Content::Image(media)
        | Content::Video(media)
        | Content::VideoNote(media)
        | Content::Audio(media)
        | Content::Voice(media)
        | Content::Document(media)
        | Content::Sticker(media) => attached(content.kind(), media),
        Content::Location(place) => {
            let name = place.name.as_deref().unwrap_or("a place");
            format!("[location: {name}, {} {}]", place.latitude, place.longitude)
        }
        Content::Contacts(cards) => {
            let names: Vec<&str> = cards.iter().map(|card| &*card.display_name).collect();
            format!("[contacts: {}]", names.join(", "))
        }
        Content::Poll(poll) => {
            let mut text = format!("[poll] {}", poll.name);
            for option in &poll.options {
                // Writing to a string does not fail.
                let _ = write!(text, "\n     ( ) {option}");
            }
            text
        }
        Content::Event(event) => format!("[event: {}]", event.name),
        other => format!("[{}]", other.kind()),
    }
}

fn attached(kind: &str, media: &Media) -> String {
    let mut text = format!("[{kind}");
    if let Some(name) = &media.file_name {
        text.push(' ');
        text.push_str(name);
    }
    // Writing to a string does not fail.
    let _ = write!(text, ", {}, {} bytes]", media.mime, media.size);
    if let Some(caption) = &media.caption {
        text.push(' ');
        text.push_str(caption);
    }
    text
}

/// The lines for a call: what it logged, the timers it set, and how it failed.
pub(super) fn call(call: Call) -> Vec<String> {
    let Call { run, detail } = call;
    let shown = detail.shown();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = Vec::new();
    for line in list(&shown["lines"]) {
        let written = format!(
            "  {} {} {}",
            text(&line["level"]),
            text(&line["message"]),
            text(&line["fields"])
        );
        lines.push(written.trim_end().to_owned());
    }
    for timer in list(&shown["draft"]["timers"]) {
        match (&timer["set"]["id"], &timer["cancel"]) {
            (Value::String(id), _) => lines.push(format!("  sets the timer {id}")),
            (_, Value::String(id)) => lines.push(format!("  cancels the timer {id}")),
            (_, _) => {}
        }
    }
    if let Some(error) = shown["error"].as_str() {
        lines.push(format!("  {}: {error}", run.outcome));
    }
    lines
}
