//! Messages that are to be sent later.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::id::ScheduledMessageId;
use waspnest_core::scheduled_message::ScheduledMessage;

use crate::http::address::{Address, Moment};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::operation::Query;
use crate::http::page::{Listed, Plain};
use crate::http::reply::{NoContent, Shown};

/// A message that is to be sent later, without what it says.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ScheduledMessage")]
pub(in crate::http) struct ShownScheduled {
    /// Its id.
    id: String,
    /// What will be done, such as `send`.
    action: &'static str,
    /// The chat it goes to.
    chat: Option<Address>,
    /// The kind of the message.
    kind: Option<&'static str>,
    /// When it is to be sent.
    send_at: Moment,
    /// When it was asked for.
    created_at: Moment,
}

pub(super) fn shown(message: &ScheduledMessage) -> ShownScheduled {
    ShownScheduled {
        id: message.id.to_string(),
        action: message.action.name(),
        chat: message.action.chat().map(Address::from),
        kind: message.action.sent().map(|send| send.content.kind()),
        send_at: Moment(message.due),
        created_at: Moment(message.created_at),
    }
}

fn id(ctx: &Ctx) -> Result<ScheduledMessageId, ApiError> {
    let given = ctx.param("sm");
    given.parse().map_err(|_| {
        let detail = format!("there is no scheduled message {given:?} in this session");
        ApiError::unknown("unknown_scheduled_message", detail)
    })
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<ScheduledMessageId>>,
) -> Result<Shown<Listed<ShownScheduled>>, ApiError> {
    let session = ctx.session().await?;
    let found = ctx
        .parts
        .messages
        .scheduled(session.id, page.after, page.look_ahead())
        .await?;
    Ok(Shown(page.answer(
        found,
        |message| message.id,
        |message| shown(&message),
    )))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownScheduled>, ApiError> {
    let session = ctx.session().await?;
    let message = ctx.parts.messages.scheduled_message(session.id, id(&ctx)?).await?;
    Ok(Shown(shown(&message)))
}

pub(in crate::http) async fn call_off(ctx: Ctx) -> Result<NoContent, ApiError> {
    let session = ctx.session().await?;
    ctx.parts.messages.call_off(session.id, id(&ctx)?).await?;
    Ok(NoContent)
}
