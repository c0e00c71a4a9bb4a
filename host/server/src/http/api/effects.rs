//! What became of something that was asked for.

use std::num::ParseIntError;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::effect::{Cause, Effect, EffectState, message_id};
use waspnest_core::event::Position;
use waspnest_core::id::EffectId;

use crate::http::address::{Address, Moment};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::one_of;
use crate::http::operation::Query;
use crate::http::page::{Listed, Page};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{Accepted, Shown};

/// Something that was asked for, without what it says: the caller of a send knows, and nobody else needs to.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Effect")]
pub(in crate::http) struct ShownEffect {
    /// Its id.
    id: String,
    /// The session it leaves through.
    session: String,
    /// What is done, such as `send` or `react`.
    action: &'static str,
    /// The chat it is done in.
    chat: Option<Address>,
    /// The id of the message it is or will be.
    message_id: Option<String>,
    /// The kind of the message it is or will be.
    kind: Option<&'static str>,
    cause: ShownCause,
    /// When it was asked for.
    created_at: Moment,
    /// Attempts begun so far.
    attempts: u32,
    /// `pending`, `sent`, `delivered`, `read` or `failed`.
    state: &'static str,
    state_detail: ShownState,
}

/// Who asked for an effect.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "EffectCause")]
enum ShownCause {
    /// A plugin, answering an event.
    Plugin {
        /// The event.
        event: String,
        /// The installation.
        installation: String,
    },
    /// A call of this API.
    Request {
        /// The id the request was given.
        request: String,
    },
}

/// What there is to say about the state of an effect.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "EffectState")]
enum ShownState {
    /// It is pending.
    Pending {
        /// The earliest moment of the next attempt; none means at once.
        not_before: Option<Moment>,
        /// Why it has not left yet.
        last_error: Option<Box<str>>,
    },
    /// It is pending, and the send policy holds it back.
    Held {
        /// When it may leave, as far as can be told.
        held_until: Moment,
        /// What holds it back.
        held_because: Box<str>,
    },
    /// It failed for good.
    Failed {
        /// When.
        at: Moment,
        /// Why.
        reason: Box<str>,
        /// WhatsApp's code, where it gave one.
        code: Option<u32>,
    },
    /// It has left.
    Left {
        /// When it came into this state.
        at: Moment,
    },
}

/// Which effects are wanted.
pub(in crate::http) struct Wanted {
    page: Page<Cursor>,
    state: Option<&'static str>,
}

/// A place in a session's outbox.
pub(in crate::http) struct Cursor(Position);

impl FromStr for Cursor {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Position).map(Self)
    }
}

impl FromQuery for Wanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let states = one_of(&[
            ("pending", "pending"),
            ("sent", "sent"),
            ("delivered", "delivered"),
            ("read", "read"),
            ("failed", "failed"),
        ]);
        let state = params.optional("state", states, "Only those in this state.");
        Some(Self {
            page: Page::read(params)?,
            state,
        })
    }
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Wanted { page, state }): Query<Wanted>,
) -> Result<Shown<Listed<ShownEffect>>, ApiError> {
    let session = ctx.session().await?;
    let before = page.after.map(|Cursor(before)| before);
    let found = ctx
        .parts
        .messages
        .effects(session.id, before, page.limit, state)
        .await?;
    let items = found.effects.iter().map(shown).collect();
    let next = found.next.map(|next| next.0.to_string());
    Ok(Shown(Listed { items, next }))
}

pub(in crate::http) async fn cancel(ctx: Ctx) -> Result<Shown<ShownEffect>, ApiError> {
    let session = ctx.session().await?;
    let effect = ctx.parts.messages.cancel(session.id, id(&ctx)?).await?;
    Ok(Shown(shown(&effect)))
}

pub(in crate::http) async fn retry(ctx: Ctx) -> Result<Accepted<ShownEffect>, ApiError> {
    let session = ctx.session().await?;
    let effect = ctx.parts.messages.retry(session.id, id(&ctx)?).await?;
    Ok(Accepted(shown(&effect)))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownEffect>, ApiError> {
    let session = ctx.session().await?;
    Ok(Shown(shown(&ctx.parts.messages.effect(session.id, id(&ctx)?).await?)))
}

fn id(ctx: &Ctx) -> Result<EffectId, ApiError> {
    let given = ctx.param("e");
    given.parse().map_err(|_| {
        ApiError::unknown(
            "unknown_effect",
            format!("there is no effect {given:?} in this session"),
        )
    })
}

pub(super) fn shown(effect: &Effect) -> ShownEffect {
    ShownEffect {
        id: effect.id.to_string(),
        session: effect.session.to_string(),
        action: effect.action.name(),
        chat: effect.action.chat().map(Address::from),
        message_id: message_id(effect).map(|id| id.to_string()),
        kind: effect.action.sent().map(|send| send.content.kind()),
        cause: cause(&effect.cause),
        created_at: Moment(effect.created_at),
        attempts: effect.attempts,
        state: effect.state.name(),
        state_detail: state(&effect.state),
    }
}

fn cause(cause: &Cause) -> ShownCause {
    match cause {
        Cause::Plugin {
            event, installation, ..
        } => ShownCause::Plugin {
            event: event.to_string(),
            installation: installation.to_string(),
        },
        Cause::Request { request } => ShownCause::Request {
            request: request.to_string(),
        },
    }
}

fn state(state: &EffectState) -> ShownState {
    match state {
        EffectState::Pending { not_before, last_error } => ShownState::Pending {
            // The beginning of time means "at once".
            not_before: (not_before.0 > 0).then_some(Moment(*not_before)),
            last_error: last_error.clone(),
        },
        EffectState::Held { until, because } => ShownState::Held {
            held_until: Moment(*until),
            held_because: because.clone(),
        },
        EffectState::Sent { at } | EffectState::Delivered { at } | EffectState::Read { at } => {
            ShownState::Left { at: Moment(*at) }
        }
        EffectState::Failed { at, reason, code } => ShownState::Failed {
            at: Moment(*at),
            reason: reason.clone(),
            code: *code,
        },
    }
}
