//! How fast a session sends: what holds, and what was set over the file.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::config::send_policy::{Activity, PolicyLayer, SendPolicy};
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, Form, LARGEST, Text, integer};
use crate::http::operation::Json;
use crate::http::reply::Shown;
use crate::http::values::Number;

/// How fast a session sends.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SendPolicy")]
pub(in crate::http) struct ShownPolicy {
    /// Whether anything of this holds.
    enabled: bool,
    /// Messages that answer nobody, in a minute; 0 for any number.
    per_minute: u32,
    /// In an hour.
    per_hour: u32,
    /// In 24 hours.
    per_day: u32,
    /// First messages to people who never wrote, in 24 hours; 0 for any number.
    new_contacts_per_day: u32,
    /// The least time between messages to different chats.
    distance_ms: u64,
    /// How long after somebody wrote a message to that chat is an answer.
    answer_window_s: u64,
    /// Answers have the rates so many times over, and wait for nothing else.
    answer_factor: u32,
    /// Days over which a newly linked account comes to the whole of its rates.
    warm_up_days: u32,
    /// The part of them it starts with.
    warm_up_start: f64,
    /// Hours in which only answers leave; empty for none. As it was written.
    quiet_hours: String,
    /// The time zone of these.
    zone: &'static str,
    /// How long "typing" is shown before a text, for each character.
    typing_per_character_ms: u64,
    /// How long at most.
    typing_max_ms: u64,
    /// The part of that which is drawn by lot.
    typing_jitter: f64,
    /// Which of these were set over the file.
    set: Vec<String>,
}

fn shown(policy: &SendPolicy, set: Option<&PolicyLayer>) -> ShownPolicy {
    let ms = |span: std::time::Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let set = set.and_then(|set| serde_json::to_value(set).ok());
    let set = set.and_then(|set| Some(set.as_object()?.keys().cloned().collect()));
    ShownPolicy {
        enabled: policy.activity == Activity::On,
        per_minute: policy.per_minute,
        per_hour: policy.per_hour,
        per_day: policy.per_day,
        new_contacts_per_day: policy.new_contacts_per_day,
        distance_ms: ms(policy.distance),
        answer_window_s: policy.answer_window.as_secs(),
        answer_factor: policy.answer_factor,
        warm_up_days: policy.warm_up_days,
        warm_up_start: policy.warm_up_start,
        quiet_hours: policy.quiet_hours.as_ref().map(ToString::to_string).unwrap_or_default(),
        zone: policy.zone.name(),
        typing_per_character_ms: ms(policy.typing_per_character),
        typing_max_ms: ms(policy.typing_max),
        typing_jitter: policy.typing_jitter,
        set: set.unwrap_or_default(),
    }
}

impl FromFields for PolicyLayer {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let rate = || count(0, 100_000);
        let part = Number { from: 0.0, to: 1.0 };
        Some(Self {
            enabled: fields.optional("enabled", Flag, "Whether anything of this holds."),
            per_minute: fields.optional(
                "per_minute",
                rate(),
                "Messages that answer nobody, in a minute; 0 for any number.",
            ),
            per_hour: fields.optional("per_hour", rate(), "In an hour."),
            per_day: fields.optional("per_day", rate(), "In 24 hours."),
            new_contacts_per_day: fields.optional(
                "new_contacts_per_day",
                rate(),
                "First messages to people who never wrote, in 24 hours; 0 for any number.",
            ),
            distance_ms: fields.optional(
                "distance_ms",
                integer(0, 86_400_000),
                "The least time between messages to different chats.",
            ),
            answer_window_s: fields.optional(
                "answer_window_s",
                integer(0, 31_536_000),
                "How long after somebody wrote a message to that chat is an answer.",
            ),
            answer_factor: fields.optional(
                "answer_factor",
                count(1, 1000),
                "Answers have the rates so many times over.",
            ),
            warm_up_days: fields.optional(
                "warm_up_days",
                count(0, 365),
                "Days over which a newly linked account comes to the whole of its rates.",
            ),
            warm_up_start: fields.optional("warm_up_start", part, "The part of them it starts with."),
            quiet_hours: fields
                .optional(
                    "quiet_hours",
                    Text,
                    "Hours in which only answers leave, such as `22:00-07:00`; empty for none.",
                )
                .map(Into::into),
            zone: fields
                .optional("zone", Text, "The IANA time zone of these.")
                .map(Into::into),
            typing_per_character_ms: fields.optional(
                "typing_per_character_ms",
                integer(0, 1000),
                "How long \"typing\" is shown before a text, for each character.",
            ),
            typing_max_ms: fields.optional("typing_max_ms", integer(0, 60_000), "How long at most."),
            typing_jitter: fields.optional("typing_jitter", part, "The part of that which is drawn by lot."),
        })
    }
}

fn count(from: u32, to: u32) -> impl Form<Out = u32> {
    integer(from.into(), u64::from(to).min(LARGEST)).checked(json!({}), |number| {
        u32::try_from(number).map_err(|_| "is too large".to_owned())
    })
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownPolicy>, ApiError> {
    let session = ctx.session().await?;
    let policies = &ctx.parts.policies;
    let set = policies
        .set_of(session.id)
        .await
        .map_err(crate::service::error::Error::from)?;
    let policy = policies
        .holds(&session)
        .await
        .map_err(crate::service::error::Error::from)?;
    Ok(Shown(shown(&policy, set.as_ref())))
}

pub(in crate::http) async fn set(ctx: Ctx, Json(layer): Json<PolicyLayer>) -> Result<Shown<ShownPolicy>, ApiError> {
    let session = ctx.session().await?;
    let set = ctx.parts.policies.set(&session, Some(&layer)).await;
    let policy = set.map_err(crate::service::error::Error::from)?;
    Ok(Shown(shown(&policy, Some(&layer))))
}

pub(in crate::http) async fn reset(ctx: Ctx) -> Result<Shown<ShownPolicy>, ApiError> {
    let session = ctx.session().await?;
    let set = ctx.parts.policies.set(&session, None).await;
    let policy = set.map_err(crate::service::error::Error::from)?;
    Ok(Shown(shown(&policy, None)))
}
