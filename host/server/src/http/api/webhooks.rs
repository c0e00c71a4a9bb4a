//! Webhooks of tenants. What they are signed with is shown once, when it is made.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use url::Url;
use waspnest_core::address::ChatKind;
use waspnest_core::id::{SessionId, WebhookId};
use waspnest_core::webhook::{Format, Own, Standing};

use crate::config::webhooks::OWN;
use crate::delivery::{Counts, Endpoint};
use crate::http::address::Moment;
use crate::http::body::{Fields, FromFields};
use crate::http::chat_kind::{KINDS, word};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, Form, Text, integer, kind, list as list_of, one_of, parsed, text_of};
use crate::http::operation::{Json, MaybeJson, Query};
use crate::http::page::{Listed, Plain};
use crate::http::reply::{Created, NoContent, Shown};
use crate::http::webhook_format::FORMATS;
use crate::public_event::{EventType, TypeSet};
use crate::service::webhooks::{NewWebhook, Resume, Statistics, WebhookChange};
use crate::webhook::Undelivered;

/// The longest that deliveries are signed with a replaced secret as well, in seconds.
const LONGEST_OVERLAP: u64 = 30 * 24 * 60 * 60;
/// How long they are if nothing is said.
const USUAL_OVERLAP: u64 = 24 * 60 * 60;
/// Headers of one webhook, and bytes of all their values.
const MOST_HEADERS: usize = 20;
const MOST_HEADER_BYTES: usize = 8 << 10;
/// Sessions that one webhook can name.
const MOST_SESSIONS: usize = 500;

/// A webhook, without what it is signed with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Webhook")]
pub(in crate::http) struct ShownWebhook {
    /// Its id.
    id: String,
    /// Its tenant's id.
    tenant: String,
    /// What people call it.
    name: Box<str>,
    /// Where it is.
    url: Box<str>,
    /// Types of events, and families of them, that it is told of; all that its maker may see when there are none.
    events: Vec<Box<str>>,
    /// The only sessions it is told of; none for all of the tenant's.
    sessions: Option<Vec<String>>,
    /// The only kinds of chats; all when there are none.
    chats: Vec<&'static str>,
    /// Whether it is told what the account itself wrote on its other devices.
    own_messages: bool,
    /// What bodies look like: `native`, or as another gateway has them.
    format: &'static str,
    /// Names of headers that go with each delivery; their values are not shown.
    headers: Vec<Box<str>>,
    /// `active`, `paused` as somebody wants it, or `gone` when it answered with 410.
    state: &'static str,
    /// Since when it is gone.
    gone_since: Option<Moment>,
    /// Until when deliveries are signed with the secret before as well.
    previous_secret_until: Option<Moment>,
    /// When it was made.
    created_at: Moment,
    /// When it was changed last.
    changed_at: Moment,
}

/// A webhook with what it is signed with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookWithSecret")]
pub(in crate::http) struct FreshWebhook {
    /// What deliveries are signed with. It is never shown again.
    secret: String,
    #[serde(flatten)]
    shown: ShownWebhook,
}

/// What came of trying a webhook.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookTest")]
pub(in crate::http) struct ShownTest {
    /// The id it was told under.
    id: String,
    /// Whether the server took it.
    delivered: bool,
    /// The status it answered with, where it did.
    status: Option<u16>,
    /// Why it did not take it.
    error: Option<String>,
    /// How long that took, in milliseconds.
    duration_ms: u64,
}

/// How a webhook is doing.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WebhookStatistics")]
pub(in crate::http) struct ShownStatistics {
    /// Events that were taken since the host started.
    delivered: u64,
    /// Attempts that failed since then.
    failed: u64,
    /// Events that were given up since then.
    given_up: u64,
    /// How long attempts took that were taken, in milliseconds on average.
    mean_ms: Option<u64>,
    /// When the last event was taken, since the host started.
    last_success: Option<Moment>,
    /// When the last attempt failed, since then.
    last_failure: Option<Moment>,
    /// Why it did.
    last_error: Option<Box<str>>,
    /// Until when the server is left alone, because it kept failing.
    resting_until: Option<Moment>,
    /// Events of logs that it has not come to yet, wanted or not.
    behind: u64,
    /// Dead letters; of each session at most 1000 are counted.
    dead_letters: usize,
}

/// A type of events, or a family, as it was written.
fn event_name() -> impl Form<Out = Box<str>> {
    let schema = json!({ "maxLength": 64, "examples": ["message.received", "receipt"] });
    Text.checked(schema, |name: String| {
        let types: TypeSet = name.parse().map_err(|error| format!("{error}"))?;
        match types.and(TypeSet::recorded()).is_empty() {
            true => Err(format!(
                "{name} is only told while it happens, to who listens to a stream"
            )),
            false => Ok(name.into()),
        }
    })
}

fn events(fields: &mut Fields) -> Option<Vec<Box<str>>> {
    let says = "Only these types: names such as `message.received`, and families such as `message`. All that the caller may see if there are none.";
    fields.optional("events", list_of(event_name(), EventType::names().count()), says)
}

fn sessions(fields: &mut Fields) -> Option<Vec<SessionId>> {
    let says = "Only these sessions, by id; all of the tenant's, those to come too, if there are none.";
    fields.optional("sessions", list_of(parsed(), MOST_SESSIONS), says)
}

fn chats(fields: &mut Fields) -> Option<Vec<ChatKind>> {
    let says = "Only what happens in these kinds of chats, and in none; everything if there are none.";
    fields.optional("chats", list_of(one_of(KINDS), KINDS.len()), says)
}

fn own(fields: &mut Fields) -> Option<Own> {
    let says = "Whether it is told what the account itself wrote on its other devices; false if nothing is said.";
    let own = fields.optional("own_messages", Flag, says);
    own.map(|own| if own { Own::Told } else { Own::LeftOut })
}

fn format(fields: &mut Fields) -> Option<Format> {
    let says = "What bodies look like, so that what was written for another gateway goes on; `native` if nothing is said. `docs/webhooks.md` shows them.";
    fields.optional("format", one_of(FORMATS), says)
}

fn secret(fields: &mut Fields) -> Option<Box<str>> {
    let says =
        "What deliveries are signed with: base64 behind `whsec_`, or any other text. One is made if nothing is said.";
    let form = text_of(16, 256).checked(
        json!({ "writeOnly": true, "pattern": "^[!-~]+$" }),
        |text: String| match text.chars().all(|letter| letter.is_ascii_graphic()) {
            true => Ok(text.into()),
            false => Err("may only have printable ASCII characters, without spaces".to_owned()),
        },
    );
    fields.optional("secret", form, says)
}

fn headers(fields: &mut Fields) -> Option<Vec<(Box<str>, Box<str>)>> {
    let says = "Headers that go with each delivery, such as `{ \"authorization\": \"Bearer …\" }`. Their values are not shown again.";
    fields.optional("headers", Headers, says)
}

/// Headers by their names.
#[derive(Clone, Copy)]
struct Headers;

impl Form for Headers {
    type Out = Vec<(Box<str>, Box<str>)>;

    fn read(&self, value: Value) -> Result<Self::Out, String> {
        let Value::Object(object) = value else {
            return Err(format!("expected an object, found {}", kind(&value)));
        };
        if object.len() > MOST_HEADERS {
            return Err(format!(
                "has {} headers; at most {MOST_HEADERS} are allowed",
                object.len()
            ));
        }
        let read = object.into_iter().map(|(name, value)| header(&name, value));
        let headers: Vec<_> = read.collect::<Result<_, _>>()?;
        let bytes: usize = headers.iter().map(|(_, value)| value.len()).sum();
        match bytes <= MOST_HEADER_BYTES {
            true => Ok(headers),
            false => Err(format!(
                "has {bytes} bytes of values; at most {MOST_HEADER_BYTES} are allowed"
            )),
        }
    }

    fn schema(&self) -> Value {
        json!({ "type": "object", "additionalProperties": { "type": "string" }, "maxProperties": MOST_HEADERS })
    }
}

fn header(name: &str, value: Value) -> Result<(Box<str>, Box<str>), String> {
    let given = waspnest_core::given::Given::of(name);
    let header: HeaderName = name
        .parse()
        .map_err(|_| format!("{given:?} is not the name of a header"))?;
    if OWN.contains(&header.as_str()) {
        return Err(format!("{header} is the host's own"));
    }
    let text = Text.read(value).map_err(|detail| format!("{header}: {detail}"))?;
    HeaderValue::from_str(&text).map_err(|_| format!("{header}: has characters that no header can have"))?;
    Ok((header.as_str().into(), text.into()))
}

/// What is not said is not narrowed.
fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// A webhook to be made.
pub(in crate::http) struct New {
    tenant: Option<String>,
    name: Option<String>,
    url: Url,
    events: Vec<Box<str>>,
    sessions: Vec<SessionId>,
    chats: Vec<ChatKind>,
    own: Own,
    format: Format,
    headers: Vec<(Box<str>, Box<str>)>,
    secret: Option<Box<str>>,
    standing: Standing,
}

impl FromFields for New {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "Whose it is, by id or name; the caller's own tenant, or `default`, if nothing is said.";
        let tenant = fields.optional("tenant", text_of(1, 64), says);
        let name = fields.optional(
            "name",
            text_of(1, 100),
            "What people call it; its host if nothing is said.",
        );
        let url = fields.required("url", url(), "Where it is: `http` or `https`, on the public internet.");
        let (events, sessions, chats) = (events(fields), sessions(fields), chats(fields));
        let (own, format) = (own(fields), format(fields));
        let (headers, secret) = (headers(fields), secret(fields));
        let enabled = fields.optional("enabled", Flag, "Whether it is told anything; true if nothing is said.");
        Some(Self {
            tenant,
            name,
            url: url?,
            events: events.unwrap_or_default(),
            sessions: sessions.unwrap_or_default(),
            chats: chats.unwrap_or_default(),
            own: own.unwrap_or(Own::LeftOut),
            format: format.unwrap_or(Format::Native),
            headers: headers.unwrap_or_default(),
            secret,
            standing: match enabled {
                Some(false) => Standing::Paused,
                Some(true) | None => Standing::Active,
            },
        })
    }
}

fn url() -> impl Form<Out = Url> {
    parsed::<Url>().checked(json!({ "maxLength": 2048 }), |url: Url| {
        match url.as_str().len() <= 2048 && url.has_host() {
            true => Ok(url),
            false => Err("is not a URL with a host and of at most 2048 bytes".to_owned()),
        }
    })
}

/// What is to be different.
pub(in crate::http) struct Changed(WebhookChange);

impl FromFields for Changed {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.optional("name", text_of(1, 100), "What people call it.");
        let url = fields.optional("url", url(), "Where it is: `http` or `https`, on the public internet.");
        let (events, sessions, chats) = (events(fields), sessions(fields), chats(fields));
        let (own, format, headers) = (own(fields), format(fields), headers(fields));
        let says = "Whether it is told anything. What happens while it is not waits for it.";
        let enabled = fields.optional("enabled", Flag, says);
        let says = "What becomes of what waits when it is told again: `deliver` if nothing is said, or `skip`.";
        let words = one_of(&[("deliver", Resume::Here), ("skip", Resume::Now)]);
        let backlog = fields.optional("backlog", words, says);
        if backlog.is_some() && enabled != Some(true) {
            fields.fault("backlog", "goes with \"enabled\": true");
        }
        let resume = match enabled {
            Some(true) => Some(backlog.unwrap_or(Resume::Here)),
            Some(false) => Some(Resume::Pause),
            None => None,
        };
        Some(Self(WebhookChange {
            name: name.map(Into::into),
            url,
            events: events.map(some),
            sessions: sessions.map(some),
            chats: chats.map(some),
            own,
            format,
            headers,
            resume,
        }))
    }
}

/// How the secret of a webhook is replaced.
pub(in crate::http) struct Rotation {
    secret: Option<Box<str>>,
    overlap: Duration,
}

impl FromFields for Rotation {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let secret = secret(fields);
        let says = "Seconds for which deliveries are signed with the secret before as well; a day if nothing is said, 0 for not at all.";
        let overlap = fields.optional("overlap_seconds", integer(0, LONGEST_OVERLAP), says);
        Some(Self {
            secret,
            overlap: Duration::from_secs(overlap.unwrap_or(USUAL_OVERLAP)),
        })
    }
}

pub(in crate::http) async fn create(ctx: Ctx, Json(new): Json<New>) -> Result<Created<FreshWebhook>, ApiError> {
    let tenant = match new.tenant.as_deref() {
        None => ctx.caller.makes_for(),
        Some(named) => ctx.parts.callers.tenants.of(&ctx.caller, Some(named)).await?.id,
    };
    let name = new.name.as_deref().or(new.url.host_str()).unwrap_or_default();
    let new = NewWebhook {
        tenant,
        name: name.into(),
        url: new.url,
        events: some(new.events),
        sessions: some(new.sessions),
        chats: some(new.chats),
        own: new.own,
        format: new.format,
        headers: new.headers,
        secret: new.secret,
        standing: new.standing,
    };
    let made = ctx.parts.webhooks.create(&ctx.caller, new).await?;
    Ok(Created::at(
        format_args!("/v1/webhooks/{}", made.id),
        fresh(&ctx, &made),
    ))
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<WebhookId>>,
) -> Result<Shown<Listed<ShownWebhook>>, ApiError> {
    let found = ctx.parts.webhooks.list(&ctx.caller, page.after, page.look_ahead());
    Ok(Shown(page.answer(found, |found| found.id, |found| shown(&ctx, &found))))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownWebhook>, ApiError> {
    let found = ctx.parts.webhooks.get(&ctx.caller, ctx.param("w"))?;
    Ok(Shown(shown(&ctx, &found)))
}

pub(in crate::http) async fn change(
    ctx: Ctx,
    Json(Changed(change)): Json<Changed>,
) -> Result<Shown<ShownWebhook>, ApiError> {
    let changed = ctx.parts.webhooks.change(&ctx.caller, ctx.param("w"), change).await?;
    Ok(Shown(shown(&ctx, &changed)))
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<NoContent, ApiError> {
    ctx.parts.webhooks.remove(&ctx.caller, ctx.param("w")).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn rotate(
    ctx: Ctx,
    MaybeJson(Rotation { secret, overlap }): MaybeJson<Rotation>,
) -> Result<Shown<FreshWebhook>, ApiError> {
    let webhooks = &ctx.parts.webhooks;
    let rotated = webhooks.rotate(&ctx.caller, ctx.param("w"), secret, overlap).await?;
    Ok(Shown(fresh(&ctx, &rotated)))
}

pub(in crate::http) async fn test(ctx: Ctx) -> Result<Shown<ShownTest>, ApiError> {
    let tried = ctx.parts.webhooks.test(&ctx.caller, ctx.param("w")).await?;
    let (status, error) = match &tried.told {
        Ok(status) => (Some(*status), None),
        Err(error @ Undelivered::Permanent { status, .. }) => (*status, Some(error.to_string())),
        Err(error @ Undelivered::Transient { .. }) => (None, Some(error.to_string())),
    };
    Ok(Shown(ShownTest {
        id: tried.id.to_string(),
        delivered: tried.told.is_ok(),
        status,
        error,
        duration_ms: u64::try_from(tried.duration.as_millis()).unwrap_or(u64::MAX),
    }))
}

pub(in crate::http) async fn statistics(ctx: Ctx) -> Result<Shown<ShownStatistics>, ApiError> {
    let Statistics {
        counts,
        resting_until,
        behind,
        dead_letters,
    } = ctx.parts.webhooks.statistics(&ctx.caller, ctx.param("w")).await?;
    let Counts {
        delivered,
        failed,
        given_up,
        mean_ms,
        last_success,
        last_failure,
    } = counts;
    Ok(Shown(ShownStatistics {
        delivered,
        failed,
        given_up,
        mean_ms,
        last_success: last_success.map(Moment),
        last_failure: last_failure.as_ref().map(|last| Moment(last.at)),
        last_error: last_failure.map(|last| last.error),
        resting_until: resting_until.map(Moment),
        behind,
        dead_letters,
    }))
}

fn fresh(ctx: &Ctx, endpoint: &Arc<Endpoint>) -> FreshWebhook {
    FreshWebhook {
        secret: endpoint.webhook.secrets.signing.to_string(),
        shown: shown(ctx, endpoint),
    }
}

fn shown(ctx: &Ctx, endpoint: &Endpoint) -> ShownWebhook {
    let (webhook, now) = (&endpoint.webhook, ctx.parts.clock.now());
    let wants = &webhook.wants;
    let ids = |sessions: &Vec<SessionId>| sessions.iter().map(ToString::to_string).collect();
    let (state, gone_since) = match webhook.standing {
        Standing::Active => ("active", None),
        Standing::Paused => ("paused", None),
        Standing::Gone { at } => ("gone", Some(Moment(at))),
    };
    let previous = webhook.secrets.previous.as_ref().map(|previous| previous.until);
    ShownWebhook {
        id: endpoint.id.to_string(),
        tenant: webhook.tenant.to_string(),
        name: webhook.name.clone(),
        url: webhook.url.clone(),
        events: wants.events.clone().unwrap_or_default(),
        sessions: wants.sessions.as_ref().map(ids),
        chats: wants.chats.iter().flatten().copied().map(word).collect(),
        own_messages: wants.own == Own::Told,
        format: webhook.format.name(),
        headers: webhook.secrets.headers.iter().map(|(name, _)| name.clone()).collect(),
        state,
        gone_since,
        previous_secret_until: previous.filter(|until| *until > now).map(Moment),
        created_at: Moment(webhook.created_at),
        changed_at: Moment(webhook.changed_at),
    }
}
