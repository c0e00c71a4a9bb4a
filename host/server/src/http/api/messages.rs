//! Sending: a message is accepted durably, and leaves when its session is connected. And what is done to messages that exist.

use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::Jid;
use waspnest_core::effect::{Effect, Typing};
use waspnest_core::id::SessionId;
use waspnest_core::message::Origin;

use super::effects::{ShownEffect, shown};
use super::outgoing::LONGEST_TEXT;
use super::outgoing::kinds::emoji;
use super::scheduled_messages::{self, ShownScheduled};
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, Form, integer, list, one_of, parsed, text_of};
use crate::http::idempotency::key_of;
use crate::http::operation::{Json, MaybeJson, Query};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{Accepted, Either, Shown};
use crate::service::deeds::{Deed, Mark, PIN_SECONDS, Target};
use crate::service::messages::{Far, Repeat};
use crate::service::outgoing::{Named, Outgoing};

/// How long `?wait` waits.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// Chats that a message is passed on to at once.
const MOST_FORWARDS: usize = 100;

/// How long to wait.
pub(in crate::http) struct Wait(Option<Far>);

impl FromQuery for Wait {
    fn from_query(params: &mut Params) -> Option<Self> {
        let says = "How far the message shall have come before the answer: `sent` to WhatsApp, or `delivered` to a device. For at most 15 seconds, and not for several recipients.";
        let forms = one_of(&[("sent", Far::Sent), ("delivered", Far::Delivered)]);
        Some(Self(params.optional("wait", forms, says)))
    }
}

/// What became of the wish to send something.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Taken")]
pub(in crate::http) enum Taken {
    /// It goes to one chat.
    One(Box<ShownEffect>),
    /// It goes to several.
    Several {
        /// For each recipient, in their order.
        items: Vec<ShownEffect>,
    },
    /// It is to be sent later.
    Later {
        /// For each recipient, in their order.
        scheduled: Vec<ShownScheduled>,
    },
}

/// 202 with the effect, which holds the id of the message it will be. With `?wait`: 200 once it has come so far or failed, or 202 when that
/// takes longer than a caller may wait.
pub(in crate::http) async fn send(
    ctx: Ctx,
    Query(Wait(wait)): Query<Wait>,
    Json(outgoing): Json<Outgoing>,
) -> Result<Either<Accepted<Taken>, Shown<Taken>>, ApiError> {
    let key = key_of(&ctx.headers)?;
    let (session, tenant) = ctx.owned_session().await?;
    ctx.parts.callers.meter.take(tenant, recipients(&outgoing.to)).await?;
    if let Some(due) = outgoing.send_at {
        let scheduled = ctx.parts.messages.send_later(&session, &outgoing, due).await?;
        let scheduled = scheduled.iter().map(scheduled_messages::shown).collect();
        return Ok(Either::First(Accepted(Taken::Later { scheduled })));
    }
    let repeat = key.as_deref().map_or(Repeat::New, Repeat::Key);
    let mut effects = ctx.parts.messages.send(&session, &outgoing, repeat).await?;
    match (effects.pop(), wait) {
        (Some(effect), Some(far)) if effects.is_empty() => {
            let effect = waited(&ctx, session.id, effect, far).await?;
            let is_so_far = far.is_reached(&effect.state);
            let taken = Taken::One(Box::new(shown(&effect)));
            Ok(match is_so_far {
                true => Either::Second(Shown(taken)),
                false => Either::First(Accepted(taken)),
            })
        }
        (Some(effect), None) if effects.is_empty() => Ok(Either::First(Accepted(Taken::One(Box::new(shown(&effect)))))),
        (last, _) => {
            let items = effects.iter().chain(&last).map(shown).collect();
            Ok(Either::First(Accepted(Taken::Several { items })))
        }
    }
}

/// How many messages come of a request.
fn recipients(to: &[Jid]) -> u32 {
    u32::try_from(to.len()).unwrap_or(u32::MAX)
}

/// The effect as far as it comes while the caller waits. The message is accepted whatever happens now: a host that stops answers with what is
/// known.
async fn waited(ctx: &Ctx, session: SessionId, effect: Effect, far: Far) -> Result<Effect, ApiError> {
    tokio::select! {
        biased;
        settled = ctx.parts.messages.settled(session, effect.id, far, LONGEST_WAIT) => Ok(settled?),
        () = ctx.stop.cancelled() => Ok(effect),
    }
}

/// Which message is meant, beside its id in the path.
pub(in crate::http) struct Where {
    chat: Option<Jid>,
    from: Option<Origin>,
    participant: Option<Jid>,
}

impl FromQuery for Where {
    fn from_query(params: &mut Params) -> Option<Self> {
        let side = one_of(&[("them", Origin::Them), ("me", Origin::Me)]);
        Some(Self {
            chat: params.optional(
                "chat",
                parsed(),
                "The chat it is in; found out if nothing is said, as long as the message is here.",
            ),
            from: params.optional("from", side, "Which side wrote it; found out if nothing is said."),
            participant: params.optional(
                "participant",
                parsed(),
                "Who wrote it, in a group; found out if nothing is said, as long as the message is here.",
            ),
        })
    }
}

impl Where {
    fn target(self, ctx: &Ctx) -> Result<Target, ApiError> {
        let given = ctx.param("m");
        let id = given
            .parse()
            .map_err(|_| ApiError::unknown("unknown_message", format!("there is no message {given:?}")))?;
        let Self {
            chat,
            from,
            participant,
        } = self;
        Ok(Target {
            chat,
            named: Named { id, from, participant },
        })
    }
}

type Done = Result<Accepted<ShownEffect>, ApiError>;

async fn act(ctx: Ctx, place: Where, deed: Deed) -> Done {
    let key = key_of(&ctx.headers)?;
    let session = ctx.session().await?;
    let target = place.target(&ctx)?;
    let repeat = key.as_deref().map_or(Repeat::New, Repeat::Key);
    let effect = ctx.parts.messages.act(&session, &target, deed, repeat).await?;
    Ok(Accepted(shown(&effect)))
}

/// Other words.
pub(in crate::http) struct Edit(Box<str>);

impl FromFields for Edit {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let text = fields.required("text", text_of(1, LONGEST_TEXT), "What it says from now on.");
        Some(Self(text?.into()))
    }
}

pub(in crate::http) async fn edit(ctx: Ctx, Query(place): Query<Where>, Json(Edit(text)): Json<Edit>) -> Done {
    act(ctx, place, Deed::Edit(text)).await
}

/// For whom a message goes.
#[derive(Clone, Copy)]
enum For {
    Everyone,
    Me,
}

/// Which message to take back, and for whom.
pub(in crate::http) struct Revoke(Where, For);

impl FromQuery for Revoke {
    fn from_query(params: &mut Params) -> Option<Self> {
        let place = Where::from_query(params);
        let whom = one_of(&[("everyone", For::Everyone), ("me", For::Me)]);
        let says = "`everyone` takes it back, if nothing is said; `me` removes it from the account's own devices.";
        let whom = params.optional("for", whom, says);
        Some(Self(place?, whom.unwrap_or(For::Everyone)))
    }
}

pub(in crate::http) async fn revoke(ctx: Ctx, Query(Revoke(place, whom)): Query<Revoke>) -> Done {
    let deed = match whom {
        For::Everyone => Deed::Revoke,
        For::Me => Deed::DeleteForMe,
    };
    act(ctx, place, deed).await
}

/// An emoji to put on.
pub(in crate::http) struct Emoji(Option<Box<str>>);

impl FromFields for Emoji {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let emoji = fields.required("emoji", emoji(), "The emoji; an empty text takes it back.");
        Some(Self(emoji?))
    }
}

pub(in crate::http) async fn react(ctx: Ctx, Query(place): Query<Where>, Json(Emoji(emoji)): Json<Emoji>) -> Done {
    act(ctx, place, Deed::React(emoji)).await
}

pub(in crate::http) async fn read(ctx: Ctx, Query(place): Query<Where>) -> Done {
    act(ctx, place, Deed::Read).await
}

pub(in crate::http) async fn played(ctx: Ctx, Query(place): Query<Where>) -> Done {
    act(ctx, place, Deed::Played).await
}

/// Whether a star is on.
pub(in crate::http) struct Star(Mark);

impl FromFields for Star {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let starred = fields.optional("starred", Flag, "Put on, or taken off; put on if nothing is said.");
        Some(Self(match starred.unwrap_or(true) {
            true => Mark::On,
            false => Mark::Off,
        }))
    }
}

pub(in crate::http) async fn star(
    ctx: Ctx,
    Query(place): Query<Where>,
    MaybeJson(Star(mark)): MaybeJson<Star>,
) -> Done {
    act(ctx, place, Deed::Star(mark)).await
}

/// For how long a message is pinned.
pub(in crate::http) struct Pinned(Option<u32>);

impl FromFields for Pinned {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let seconds = integer(0, PIN_SECONDS[2]).checked(
            serde_json::json!({ "enum": [0, PIN_SECONDS[0], PIN_SECONDS[1], PIN_SECONDS[2]] }),
            |seconds| match seconds {
                0 => Ok(None),
                seconds if PIN_SECONDS.contains(&seconds) => Ok(u32::try_from(seconds).ok()),
                _ => Err(format!("expected 0 or one of {PIN_SECONDS:?}")),
            },
        );
        let says = "For how long: a day, a week or 30 days; 0 takes it down; a week if nothing is said.";
        let seconds = fields.optional("seconds", seconds, says);
        Some(Self(seconds.unwrap_or(u32::try_from(PIN_SECONDS[1]).ok())))
    }
}

pub(in crate::http) async fn pin(
    ctx: Ctx,
    Query(place): Query<Where>,
    MaybeJson(Pinned(seconds)): MaybeJson<Pinned>,
) -> Done {
    act(ctx, place, Deed::Pin(seconds)).await
}

/// To whom a message is passed on.
pub(in crate::http) struct Forward(Vec<Jid>);

impl FromFields for Forward {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let to = fields.required(
            "to",
            list(parsed(), MOST_FORWARDS),
            "To whom; each gets a message of their own.",
        )?;
        if to.is_empty() {
            fields.fault("to", "must not be empty");
            return None;
        }
        Some(Self(to))
    }
}

/// The messages that a message was passed on as.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Forwarded")]
pub(in crate::http) struct ShownForwards {
    /// For each recipient, in their order.
    items: Vec<ShownEffect>,
}

pub(in crate::http) async fn forward(
    ctx: Ctx,
    Query(place): Query<Where>,
    Json(Forward(to)): Json<Forward>,
) -> Result<Accepted<ShownForwards>, ApiError> {
    let key = key_of(&ctx.headers)?;
    let (session, tenant) = ctx.owned_session().await?;
    ctx.parts.callers.meter.take(tenant, recipients(&to)).await?;
    let target = place.target(&ctx)?;
    let repeat = key.as_deref().map_or(Repeat::New, Repeat::Key);
    let effects = ctx.parts.messages.forward(&session, &target, &to, repeat).await?;
    let items = effects.iter().map(shown).collect();
    Ok(Accepted(ShownForwards { items }))
}

/// What a chat shows.
pub(in crate::http) struct Showing(Typing);

impl FromFields for Showing {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let states = one_of(&[
            ("composing", Typing::Composing),
            ("recording", Typing::Recording),
            ("paused", Typing::Paused),
        ]);
        let says = "`composing` shows \"typing\", `recording` that a voice message is recorded, `paused` neither.";
        fields.required("state", states, says).map(Self)
    }
}

pub(in crate::http) async fn show_typing(ctx: Ctx, Json(Showing(state)): Json<Showing>) -> Done {
    let key = key_of(&ctx.headers)?;
    let session = ctx.session().await?;
    let given = ctx.param("chat");
    let chat = given
        .parse()
        .map_err(|error: waspnest_core::address::InvalidJid| ApiError::unknown("unknown_chat", error.to_string()))?;
    let repeat = key.as_deref().map_or(Repeat::New, Repeat::Key);
    let effect = ctx.parts.messages.show_typing(&session, chat, state, repeat).await?;
    Ok(Accepted(shown(&effect)))
}
