//! What webhooks were told, and telling them again.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::delivery::DeliveryOutcome;
use waspnest_core::event::Position;
use waspnest_core::id::SessionId;

use super::dead_letters::{Chosen, Discarded, LettersWanted, Place, Replayed, ShownLetter, shown_letter};
use crate::http::address::Moment;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{LARGEST, Text, integer};
use crate::http::operation::{Json, MaybeJson, Query};
use crate::http::page::Listed;
use crate::http::reply::{Accepted, Shown};
use crate::public_event::PublicEvent;
use crate::service::dead_letters::{Letters, Settlement};
use crate::service::webhooks::Delivered;

/// One event that a webhook was told, or was to be told.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
pub(in crate::http) struct ShownDelivery {
    /// The session.
    session: String,
    /// The event's position in the session's log.
    position: u64,
    /// The event, which is also the id of the delivery.
    event: String,
    /// Its type.
    r#type: Box<str>,
    /// `delivered`, `waiting` for another attempt, or `given_up`.
    outcome: &'static str,
    /// The status that the server answered with, when it took it.
    status: Option<u16>,
    /// Why the last attempt failed.
    error: Option<Box<str>>,
    /// When the next attempt is made.
    next_attempt: Option<Moment>,
    /// Attempts made.
    attempts: u32,
    /// When the first began.
    first_at: Moment,
    /// When the last ended.
    last_at: Moment,
    /// How long the last took, in milliseconds.
    duration_ms: u64,
}

/// One delivery with what was told.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DeliveryDetail")]
pub(in crate::http) struct ShownDetail {
    #[serde(flatten)]
    delivery: ShownDelivery,
    /// The event, as the host itself tells it now; none when the log does not have it any more.
    body: Option<PublicEvent>,
}

/// What is told again.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ToldAgain")]
pub(in crate::http) struct ToldAgain {
    /// The session.
    session: String,
    /// The first position of its log.
    from: u64,
    /// The last.
    to: u64,
}

/// Which events are told again.
pub(in crate::http) struct Range {
    session: String,
    from: Option<Position>,
    to: Option<Position>,
}

impl FromFields for Range {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let session = fields.required("session", Text, "The session, by its id, its name or its phone number.");
        let says = "The first position of its log; the beginning if nothing is said.";
        let from = fields.optional("from", integer(1, LARGEST), says);
        let says = "The last position; the end of the log as it is now if nothing is said.";
        let to = fields.optional("to", integer(1, LARGEST), says);
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            fields.fault("to", "is before from");
        }
        Some(Self {
            session: session?,
            from: from.map(Position),
            to: to.map(Position),
        })
    }
}

/// The session that a caller names, if it names one.
async fn only(ctx: &Ctx, session: Option<&str>) -> Result<Option<SessionId>, ApiError> {
    match session {
        Some(given) => Ok(Some(ctx.parts.sessions.find(&ctx.caller, given).await?.0.id)),
        None => Ok(None),
    }
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(LettersWanted { page, session }): Query<LettersWanted>,
) -> Result<Shown<Listed<ShownDelivery>>, ApiError> {
    let only = only(&ctx, session.as_deref()).await?;
    let after = page.after.map(|Place(session, position)| (session, position));
    let webhooks = &ctx.parts.webhooks;
    let found = webhooks
        .deliveries(&ctx.caller, ctx.param("w"), only, after, page.look_ahead())
        .await?;
    Ok(Shown(page.answer(
        found,
        |delivered| Place(delivered.session, delivered.position),
        |delivered| shown(&delivered),
    )))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownDetail>, ApiError> {
    let (record, _) = ctx.parts.sessions.find(&ctx.caller, ctx.param("s")).await?;
    let position = ctx.param("position").parse().map(Position);
    let position = position.map_err(|_| crate::service::error::Error::UnknownDelivery)?;
    let webhooks = &ctx.parts.webhooks;
    let (delivered, body) = webhooks
        .delivery(&ctx.caller, ctx.param("w"), record.id, position)
        .await?;
    let delivery = shown(&delivered);
    Ok(Shown(ShownDetail { delivery, body }))
}

pub(in crate::http) async fn tell_again(
    ctx: Ctx,
    Json(Range { session, from, to }): Json<Range>,
) -> Result<Accepted<ToldAgain>, ApiError> {
    let (record, _) = ctx.parts.sessions.find(&ctx.caller, &session).await?;
    let webhooks = &ctx.parts.webhooks;
    let range = webhooks
        .tell_again(&ctx.caller, ctx.param("w"), record.id, from, to)
        .await?;
    Ok(Accepted(ToldAgain {
        session: record.id.to_string(),
        from: range.next.0,
        to: range.to.0,
    }))
}

pub(in crate::http) async fn dead_letters(
    ctx: Ctx,
    Query(LettersWanted { page, session }): Query<LettersWanted>,
) -> Result<Shown<Listed<ShownLetter>>, ApiError> {
    let only = only(&ctx, session.as_deref()).await?;
    let after = page.after.map(|Place(session, position)| (session, position));
    let webhooks = &ctx.parts.webhooks;
    let found = webhooks
        .dead_letters(&ctx.caller, ctx.param("w"), only, after, page.look_ahead())
        .await?;
    Ok(Shown(page.answer(
        found,
        |parked| Place(parked.session, parked.position),
        |parked| shown_letter(&parked),
    )))
}

pub(in crate::http) async fn replay(
    ctx: Ctx,
    MaybeJson(chosen): MaybeJson<Chosen>,
) -> Result<Accepted<Replayed>, ApiError> {
    let replayed = settle(&ctx, chosen, Settlement::Replay).await?;
    Ok(Accepted(Replayed { replayed }))
}

pub(in crate::http) async fn discard(
    ctx: Ctx,
    MaybeJson(chosen): MaybeJson<Chosen>,
) -> Result<Shown<Discarded>, ApiError> {
    let discarded = settle(&ctx, chosen, Settlement::Discard).await?;
    Ok(Shown(Discarded { discarded }))
}

async fn settle(ctx: &Ctx, Chosen { session, position }: Chosen, how: Settlement) -> Result<u64, ApiError> {
    let session = only(ctx, session.as_deref()).await?;
    let which = Letters::named(session, position.map(Position));
    let webhooks = &ctx.parts.webhooks;
    Ok(webhooks.settle(&ctx.caller, ctx.param("w"), which, how).await?)
}

fn shown(delivered: &Delivered) -> ShownDelivery {
    let delivery = &delivered.delivery;
    let (outcome, status, error, next) = match &delivery.outcome {
        DeliveryOutcome::Delivered { status } => ("delivered", Some(*status), None, None),
        DeliveryOutcome::Waiting { error, next } => ("waiting", None, Some(error.clone()), Some(Moment(*next))),
        DeliveryOutcome::GivenUp { error } => ("given_up", None, Some(error.clone()), None),
    };
    ShownDelivery {
        session: delivered.session.to_string(),
        position: delivered.position.0,
        event: delivery.event.to_string(),
        r#type: delivery.kind.clone(),
        outcome,
        status,
        error,
        next_attempt: next,
        attempts: delivery.attempts,
        first_at: Moment(delivery.first_at),
        last_at: Moment(delivery.last_at),
        duration_ms: delivery.duration_ms,
    }
}
