//! What a webhook is told, as it leaves: body, headers, signatures.

use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use serde_json::json;
use waspnest_core::clock::UnixMs;
use waspnest_core::id::{EventId, WebhookId};
use waspnest_core::webhook::{Format, WebhookSecrets};

use super::endpoint::Endpoint;
use crate::address::Moment;
use crate::public_event::PublicEvent;
use crate::webhook::{
    HUB_SIGNATURE, ID, Letter, Message, SIGNATURE, TIMESTAMP, hub_signature, standard_signature, usual_headers,
};

/// The type of what is told to try a webhook.
const TEST: &str = "webhook.test";

/// What is told to try a webhook: it happened in no session.
#[derive(Debug, Clone, Copy)]
pub struct Ping {
    /// Its id.
    pub id: EventId,
    /// The webhook.
    pub webhook: WebhookId,
    /// When it is told.
    pub at: UnixMs,
}

impl Ping {
    fn body(self) -> serde_json::Value {
        json!({
            "id": self.id.to_string(),
            "type": TEST,
            "session": null,
            "position": null,
            "time": Moment(self.at),
            "data": { "webhook": self.webhook.to_string() },
        })
    }
}

impl Endpoint {
    /// An event as it leaves now; none when its URL cannot be read.
    pub(super) fn tells(
        &self,
        id: EventId,
        event: &PublicEvent,
        now: UnixMs,
        timeout: std::time::Duration,
    ) -> Option<Letter> {
        match self.webhook.format {
            Format::Native => self.letter(id, event, now, timeout),
        }
    }

    /// What is told to try it; none when its URL cannot be read.
    #[must_use]
    pub fn pings(&self, ping: Ping, timeout: std::time::Duration) -> Option<Letter> {
        match self.webhook.format {
            Format::Native => self.letter(ping.id, &ping.body(), ping.at, timeout),
        }
    }

    fn letter(&self, id: EventId, body: &impl Serialize, now: UnixMs, timeout: std::time::Duration) -> Option<Letter> {
        let message = Message {
            id: id.to_string(),
            // Nothing of an event has keys that are not texts, or numbers that are none.
            body: serde_json::to_vec(body).unwrap_or_default().into(),
        };
        let mut headers = usual_headers();
        headers.extend(self.headers.clone());
        sign(&mut headers, &self.webhook.secrets, &message, now);
        Some(Letter {
            url: self.url.clone()?,
            headers,
            body: message.body,
            timeout,
        })
    }
}

/// Signs as Standard Webhooks has it, with the secret before as well while that holds, and as GitHub and Meta do.
fn sign(headers: &mut HeaderMap, secrets: &WebhookSecrets, message: &Message, now: UnixMs) {
    let seconds = now.0 / 1000;
    let previous = secrets.previous.as_ref().filter(|previous| now < previous.until);
    let all = std::iter::once(&secrets.signing).chain(previous.map(|previous| &previous.text));
    let signatures: Vec<String> = all.map(|secret| standard_signature(secret, seconds, message)).collect();
    headers.insert(TIMESTAMP, seconds.into());
    let texts = [
        (ID, message.id.clone()),
        (SIGNATURE, signatures.join(" ")),
        (HUB_SIGNATURE, hub_signature(&secrets.signing, &message.body)),
    ];
    for (name, text) in texts {
        // Ids and codes are plain ASCII.
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}
