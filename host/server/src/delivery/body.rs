//! What a webhook is told, as it leaves: body, headers, signatures.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::Event;
use waspnest_core::hmac;
use waspnest_core::id::{EventId, WebhookId};
use waspnest_core::session::SessionRecord;
use waspnest_core::webhook::Webhook;

use super::endpoint::Endpoint;
use super::format::{self, OwnSignature, Telling};
use crate::address::Moment;
use crate::webhook::{
    HUB_SIGNATURE, ID, Letter, Message, SIGNATURE, TIMESTAMP, hub_signature, standard_signature, usual_headers,
};

const OWN_SIGNATURE: HeaderName = HeaderName::from_static("x-webhook-signature");

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
    pub(super) fn telling(self) -> Telling {
        Telling::of(&json!({
            "id": self.id.to_string(),
            "type": TEST,
            "session": null,
            "position": null,
            "time": Moment(self.at),
            "data": { "webhook": self.webhook.to_string() },
        }))
    }
}

impl Endpoint {
    /// An event as it leaves now, one letter after the other; none when its URL cannot be read. Letters of one event have ids of their own,
    /// the same in every attempt.
    pub(super) fn tells(
        &self,
        event: &Event,
        session: &SessionRecord,
        now: UnixMs,
        timeout: Duration,
    ) -> Option<Vec<Letter>> {
        let tellings = format::tellings(self.webhook.format, event, session);
        let several = tellings.len() > 1;
        let letters = tellings.into_iter().zip(1..).map(|(telling, number)| {
            let id = match several {
                true => format!("{}.{number}", event.id),
                false => event.id.to_string(),
            };
            self.letter(id, telling, now, timeout)
        });
        letters.collect()
    }

    /// What is told to try it; none when its URL cannot be read.
    #[must_use]
    pub fn pings(&self, ping: Ping, timeout: Duration) -> Option<Letter> {
        let telling = format::ping(self.webhook.format, ping);
        self.letter(ping.id.to_string(), telling, ping.at, timeout)
    }

    fn letter(&self, id: String, telling: Telling, now: UnixMs, timeout: Duration) -> Option<Letter> {
        let message = Message { id, body: telling.body };
        let mut headers = usual_headers();
        headers.extend(self.headers.clone());
        for (name, text) in telling.headers {
            headers.insert(name, HeaderValue::from_static(text));
        }
        sign(&mut headers, &self.webhook, &message, now);
        Some(Letter {
            url: self.url.clone()?,
            headers,
            body: message.body,
            timeout,
        })
    }
}

/// Signs as Standard Webhooks has it, with the secret before as well while that holds, as GitHub and Meta do, and as its format does.
fn sign(headers: &mut HeaderMap, webhook: &Webhook, message: &Message, now: UnixMs) {
    let seconds = now.0 / 1000;
    let secrets = &webhook.secrets;
    let previous = secrets.previous.as_ref().filter(|previous| now < previous.until);
    let all = std::iter::once(&secrets.signing).chain(previous.map(|previous| &previous.text));
    let signatures: Vec<String> = all.map(|secret| standard_signature(secret, seconds, message)).collect();
    headers.insert(TIMESTAMP, seconds.into());
    let own = match format::own_signature(webhook.format) {
        OwnSignature::None => None,
        OwnSignature::Prefixed => Some(hub_signature(&secrets.signing, &message.body)),
        OwnSignature::Bare => Some(hmac::hex(&hmac::sha256(secrets.signing.as_bytes(), &[&message.body]))),
    };
    let texts = [
        (ID, Some(message.id.clone())),
        (SIGNATURE, Some(signatures.join(" "))),
        (HUB_SIGNATURE, Some(hub_signature(&secrets.signing, &message.body))),
        (OWN_SIGNATURE, own),
    ];
    for (name, text) in texts {
        // Ids and codes are plain ASCII.
        if let Some(Ok(value)) = text.as_deref().map(HeaderValue::from_str) {
            headers.insert(name, value);
        }
    }
}
