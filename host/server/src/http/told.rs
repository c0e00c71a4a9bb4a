//! What the document tells of texts that have a type: their JSON Schemas, beside the parsers they have of their own.

use serde_json::{Value, json};
use url::Url;
use waspnest_core::address::Jid;
use waspnest_core::caller::{Network, Scope};
use waspnest_core::id::{
    EffectId, EventId, InstallationId, MessageId, RunId, ScheduleId, ScheduledMessageId, SecretName, SessionId,
    SessionName, TenantName, UserName, WebhookId,
};
use waspnest_core::package::PackageDigest;
use waspnest_core::secret::SecretText;

use crate::rollout::Reference;

/// A text with a type, as others may know it.
pub(super) trait Told {
    /// Its JSON Schema.
    fn told() -> Value;
}

/// Letters of names that operators give.
const SLUG: &str = "^[a-z0-9._-]+$";

fn slug(most: usize, example: &str) -> Value {
    json!({ "type": "string", "pattern": SLUG, "maxLength": most, "examples": [example] })
}

/// An id with 26 characters behind its prefix.
fn ulid(prefix: &str) -> Value {
    json!({
        "type": "string",
        "pattern": format!("^{prefix}[0-7][0-9A-HJKMNP-TV-Z]{{25}}$"),
        "examples": [format!("{prefix}01JGFJJZ00B5KQFA4Z8H0N3N6A")],
    })
}

macro_rules! told {
    ($($name:ty => $schema:expr;)+) => {$(
        impl Told for $name {
            fn told() -> Value {
                $schema
            }
        }
    )+};
}

told! {
    SessionName => slug(64, "sales-de");
    InstallationId => slug(64, "appointments-berlin");
    SecretName => slug(64, "calendar-token");
    TenantName => slug(64, "acme");
    UserName => json!({ "type": "string", "pattern": "^[a-z0-9._@+-]+$", "maxLength": 64, "examples": ["ada@example.com"] });
    Scope => json!({ "type": "string", "enum": Scope::ALL.iter().map(|scope| scope.name()).collect::<Vec<_>>() });
    Network => json!({ "type": "string", "description": "A network or an address.", "maxLength": 43, "examples": ["192.0.2.0/24", "2001:db8::1"] });
    ScheduleId => json!({ "type": "string", "minLength": 1, "maxLength": 128, "examples": ["morning"] });
    MessageId => json!({ "type": "string", "pattern": "^[!-~]{1,128}$", "examples": ["3EB0C431C26A1916E07A"] });
    SessionId => ulid(SessionId::PREFIX);
    EffectId => ulid(EffectId::PREFIX);
    ScheduledMessageId => ulid(ScheduledMessageId::PREFIX);
    EventId => ulid(EventId::PREFIX);
    RunId => ulid(RunId::PREFIX);
    WebhookId => ulid(WebhookId::PREFIX);
    Jid => json!({
        "type": "string",
        "description": "A WhatsApp address: a phone number with or without `+`, or `…@s.whatsapp.net`, `…@c.us`, `…@lid`, `…@g.us`, `…@newsletter`.",
        "pattern": r"^\+?[0-9]{5,15}$|^([0-9]{5,15}(\.[0-9]{1,5})?(:[0-9]{1,5})?@(s\.whatsapp\.net|c\.us)|[0-9]{1,20}(\.[0-9]{1,5})?(:[0-9]{1,5})?@(lid|newsletter|bot)|[0-9][0-9-]{0,39}(\.[0-9]{1,5})?(:[0-9]{1,5})?@g\.us|(status|[0-9]{1,20})(\.[0-9]{1,5})?(:[0-9]{1,5})?@broadcast)$",
        "examples": ["+4915112345678", "120363001234567890@g.us"],
    });
    SecretText => json!({ "type": "string", "minLength": 10, "maxLength": 2048, "writeOnly": true, "examples": ["open sesame, please"] });
    Url => json!({ "type": "string", "format": "uri", "examples": ["https://example.com/echo.tar.gz"] });
    PackageDigest => json!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" });
    Reference => json!({ "type": "string", "examples": ["registry.example.com/plugins/echo:1.2.0"] });
}
