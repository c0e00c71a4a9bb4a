//! Looks at earlier messages, at the right and the wrong ones.

use waspnest_plugin::types::{Message, MessageKey};
use waspnest_plugin::{Error, messaging};

/// Does what the word says, and answers what was seen.
pub(crate) fn look(word: &str, rest: &str, msg: &Message) -> String {
    let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
    let key = |chat: &str, id: &str| MessageKey {
        chat: chat.into(),
        id: id.into(),
        ..msg.key.clone()
    };
    let seen = match word {
        "get" => get(&key(msg.chat(), rest)),
        "get-from" => get(&key(first, second)),
        "history-of" => page(rest, 10, None),
        "get-flood" => flood(msg),
        _ => page(
            msg.chat(),
            first.parse().unwrap_or_default(),
            Some(second).filter(|cursor| !cursor.is_empty()),
        ),
    };
    seen.unwrap_or_else(|error| error.to_string())
}

fn get(key: &MessageKey) -> Result<String, Error> {
    Ok(match messaging::get(key)? {
        Some(message) => format!("{} by {}", words(&message), message.sender.jid),
        None => "nothing".into(),
    })
}

/// The words of a page, and its cursor.
fn page(chat: &str, limit: u32, cursor: Option<&str>) -> Result<String, Error> {
    let page = messaging::history(chat, None, limit, cursor)?;
    let words: Vec<&str> = page.items.iter().map(words).collect();
    Ok(format!(
        "{} then {}",
        words.join("|"),
        page.cursor.as_deref().unwrap_or("nothing")
    ))
}

/// How many looks there are in one call.
fn flood(msg: &Message) -> Result<String, Error> {
    for count in 0_u32..1000 {
        if let Err(error) = messaging::get(&msg.key) {
            return Ok(format!("{count}: {error}"));
        }
    }
    Ok("no end".into())
}

fn words(message: &Message) -> &str {
    message.plain_text.as_deref().unwrap_or_default()
}
