//! What is told to servers.

use waspnest_plugin::types::Error as Refusal;
use waspnest_plugin::{Error, webhooks};

/// Tells `endpoint event json`, or too much.
pub(crate) fn tell(word: &str, rest: &str) -> String {
    let told = match word {
        "tell" => {
            let mut words = rest.splitn(3, ' ');
            let (endpoint, event) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            webhooks::emit_json(endpoint, event, words.next().unwrap_or_default())
        }
        _ => webhooks::emit("crm", "much", &"x".repeat(256 << 10)),
    };
    match told {
        Ok(id) => id[..4].into(),
        // The words about JSON are those of a library.
        Err(Error::Refused {
            cause: Refusal::Invalid(words),
            ..
        }) => format!("invalid {}", words.split(':').next().unwrap_or_default()),
        Err(error) => error.to_string(),
    }
}

/// Tells until it is refused, and says why it was.
pub(crate) fn flood() -> String {
    loop {
        if let Err(error) = webhooks::emit("crm", "flood", "x") {
            break error.to_string();
        }
    }
}
