//! The past that a phone tells: how far it has come, and asking for more of a chat.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::mailbox::{Progress, Round};

use crate::http::address::{Address, Moment};
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::integer;
use crate::http::operation::MaybeJson;
use crate::http::reply::{Accepted, Shown};

/// Messages a phone is asked for if nothing is said, and at most.
const USUAL: u64 = 50;
const MOST: u64 = 500;

/// How far the telling of the past has come.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "History")]
pub(in crate::http) struct ShownPast {
    /// What the phone told last: `none`, `start` (the chats, with a few messages each), `recent`, `full`, `asked` or `other`.
    round: &'static str,
    /// How much of it was told, in percent, where the phone says so.
    percent: Option<u32>,
    /// Pieces that were taken.
    pieces: u64,
    /// Chats in them.
    chats: u64,
    /// Messages in them that were new.
    messages: u64,
    /// Pieces that could not be read.
    failed: u64,
    /// When the last piece was taken.
    last_at: Option<Moment>,
    /// Chats of which older messages were asked for and have not come.
    waiting: Vec<ShownQuestion>,
}

/// A chat of which older messages were asked for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HistoryQuestion")]
pub(in crate::http) struct ShownQuestion {
    /// The chat.
    chat: Address,
    /// When.
    asked_at: Moment,
}

const fn round(round: Round) -> &'static str {
    match round {
        Round::None => "none",
        Round::Start => "start",
        Round::Recent => "recent",
        Round::Full => "full",
        Round::Asked => "asked",
        Round::Other => "other",
    }
}

fn shown(progress: &Progress) -> ShownPast {
    ShownPast {
        round: round(progress.round),
        percent: progress.percent,
        pieces: progress.pieces,
        chats: progress.chats,
        messages: progress.messages,
        failed: progress.failed,
        last_at: progress.last_at.map(Moment),
        waiting: progress
            .asked
            .iter()
            .map(|(chat, at)| ShownQuestion {
                chat: Address::from(chat),
                asked_at: Moment(*at),
            })
            .collect(),
    }
}

/// How much is asked for.
pub(in crate::http) struct Question(u32);

impl FromFields for Question {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "How many messages to ask for; 50 if nothing is said. The phone may tell fewer.";
        let count = fields.optional("count", integer(1, MOST), says);
        Some(Self(u32::try_from(count.unwrap_or(USUAL)).unwrap_or(u32::MAX)))
    }
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownPast>, ApiError> {
    let session = ctx.session().await?;
    let progress = ctx.parts.mailbox.progress(session.id).await;
    Ok(Shown(shown(&progress?)))
}

/// The phone is asked, and tells when it is online; what it tells is found among the messages of the chat.
pub(in crate::http) async fn ask(
    ctx: Ctx,
    MaybeJson(Question(count)): MaybeJson<Question>,
) -> Result<Accepted<ShownPast>, ApiError> {
    let session = ctx.session().await?;
    let chat = super::chats::of_path(&ctx, &session).await?;
    let mailbox = &ctx.parts.mailbox;
    ctx.unless_stopped(async { Ok(mailbox.ask_past(session.id, &chat.jid, count).await?) })
        .await?;
    let progress = mailbox.progress(session.id).await;
    Ok(Accepted(shown(&progress?)))
}
