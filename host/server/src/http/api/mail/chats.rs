//! Chats, the one with the latest message first.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::Party;
use waspnest_core::clock::UnixMs;
use waspnest_core::given::Given;
use waspnest_core::mailbox::Chat;
use waspnest_core::session::SessionRecord;

use super::shown::{Account, ShownMessage, message};
use crate::http::address::{Address, Moment};
use crate::http::chat_kind::word;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::operation::Query;
use crate::http::page::{Listed, Plain};
use crate::http::reply::Shown;

/// A chat.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Chat")]
pub(in crate::http) struct ShownChat {
    /// Its address, and of a person every address that is known.
    #[serde(flatten)]
    address: Address,
    /// What kind it is.
    kind: &'static str,
    /// Its name: the subject of a group, the name of a person.
    name: Option<Box<str>>,
    /// When its last message was.
    last_at: Moment,
    /// Messages of others that nobody has read.
    unread: u32,
    /// Whether the account marked it as unread.
    marked_unread: bool,
    /// Whether it is in the archive.
    archived: bool,
    /// Since when it is at the top.
    pinned_at: Option<Moment>,
    /// Whether it makes no sound.
    muted: bool,
    /// Until when it makes none; none for ever.
    muted_until: Option<Moment>,
    /// Seconds after which messages in it disappear.
    disappearing_s: Option<u32>,
    /// WhatsApp's ids of its labels.
    labels: Vec<Box<str>>,
    /// Whether the phone has nothing older of it than what is here.
    complete: bool,
    /// Its last message.
    last_message: Option<ShownMessage>,
}

/// Where a list of chats goes on.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Place(UnixMs, u32);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0.0, self.1)
    }
}

impl FromStr for Place {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (at, chat) = text.split_once('.').unwrap_or((text, ""));
        Ok(Self(UnixMs(at.parse()?), chat.parse()?))
    }
}

pub(super) fn shown(chat: Chat, account: &Account) -> ShownChat {
    let address = Party {
        jid: chat.jid,
        alt: chat.other,
        push_name: None,
    };
    ShownChat {
        address: Address::from(&address),
        kind: word(chat.kind),
        name: chat.name,
        last_at: Moment(chat.last_at),
        unread: chat.unread,
        marked_unread: chat.marked_unread,
        archived: chat.archived,
        pinned_at: chat.pinned_at.map(Moment),
        muted: chat.muted.is_some(),
        muted_until: chat.muted.and_then(|muted| muted.until).map(Moment),
        disappearing_s: chat.ephemeral_s,
        labels: chat.labels,
        complete: chat.complete,
        last_message: chat.last.map(|last| message(&last, account)),
    }
}

/// The chat of the path.
pub(super) async fn of_path(ctx: &Ctx, session: &SessionRecord) -> Result<Chat, ApiError> {
    let given = ctx.param("chat");
    let unknown = || {
        ApiError::unknown(
            "unknown_chat",
            format!("there is no chat {:?} in this session", Given::of(given)),
        )
    };
    let jid = given.parse().map_err(|_| unknown())?;
    let chat = ctx.parts.mailbox.chat(session.id, &jid).await;
    chat?.ok_or_else(unknown)
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<Place>>,
) -> Result<Shown<Listed<ShownChat>>, ApiError> {
    let session = ctx.session().await?;
    let after = page.after.map(|Place(at, chat)| (at, chat));
    let chats = ctx.parts.mailbox.chats(session.id, after, page.look_ahead()).await;
    let account = Account::of(&session);
    let cursor = |chat: &Chat| Place(chat.place.0, chat.place.1);
    Ok(Shown(page.answer(chats?, cursor, |chat| shown(chat, &account))))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownChat>, ApiError> {
    let session = ctx.session().await?;
    let chat = of_path(&ctx, &session).await?;
    Ok(Shown(shown(chat, &Account::of(&session))))
}
