//! Changes of the account's own view of a chat, which its phone and its other devices follow.

use waspnest_core::clock::UnixMs;
use waspnest_core::event::Switch;
use waspnest_core::live::ChatWish;

use super::groups::timer;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, Form, Text, integer, list, text_of};
use crate::http::operation::{Json, Query};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::NoContent;

/// Labels that can be named at a time.
const MOST_LABELS: usize = 20;
/// Characters of WhatsApp's longest id of a label.
const LONGEST_LABEL: usize = 20;

/// Until when a chat is quiet.
#[derive(Clone, Copy)]
enum Muted {
    Off,
    ForEver,
    For(u64),
}

/// `true`, `false`, or a number of seconds.
struct MutedForm;

impl Form for MutedForm {
    type Out = Muted;

    fn read(&self, value: serde_json::Value) -> Result<Muted, String> {
        match value {
            serde_json::Value::Bool(true) => Ok(Muted::ForEver),
            serde_json::Value::Bool(false) => Ok(Muted::Off),
            value => {
                let seconds = integer(1, LONGEST_MUTE).read(value);
                seconds
                    .map(Muted::For)
                    .map_err(|_| format!("expected true, false, or a number of seconds from 1 to {LONGEST_MUTE}"))
            }
        }
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({ "anyOf": [Flag.schema(), integer(1, LONGEST_MUTE).schema()] })
    }
}

/// Ten years.
const LONGEST_MUTE: u64 = 10 * 366 * 24 * 3600;

/// What is to be different. It is done in this order, one after the other.
pub(in crate::http) struct Changes {
    archived: Option<Switch>,
    pinned: Option<Switch>,
    muted: Option<Muted>,
    read: Option<Switch>,
    ephemeral: Option<Option<u32>>,
    add: Vec<String>,
    remove: Vec<String>,
}

impl FromFields for Changes {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let flag = |fields: &mut Fields, key, says| fields.optional(key, Flag, says).map(Switch::from);
        let archived = flag(fields, "archived", "In the archive.");
        let pinned = flag(fields, "pinned", "At the top.");
        let says = "Quiet: for so many seconds, for ever (`true`), or not (`false`).";
        let muted = fields.optional("muted", MutedForm, says);
        let read = flag(fields, "read", "Marked as read, or as unread.");
        let says = "How many seconds new messages stay for everybody; 0 is for ever.";
        let ephemeral = fields.optional("ephemeral_seconds", timer(), says);
        let labels = || list(text_of(1, LONGEST_LABEL), MOST_LABELS);
        let add = fields.optional("add_labels", labels(), "Labels it gets, by WhatsApp's ids of them.");
        let remove = fields.optional("remove_labels", labels(), "Labels it loses.");
        Some(Self {
            archived,
            pinned,
            muted,
            read,
            ephemeral,
            add: add.unwrap_or_default(),
            remove: remove.unwrap_or_default(),
        })
    }
}

impl Changes {
    fn wishes(self, now: UnixMs) -> Vec<ChatWish> {
        let muted = |muted| match muted {
            Muted::Off => ChatWish::Unmuted,
            Muted::ForEver => ChatWish::MutedUntil(None),
            Muted::For(seconds) => ChatWish::MutedUntil(Some(now.plus(std::time::Duration::from_secs(seconds)))),
        };
        let labeled = |on| {
            move |label: String| ChatWish::Labeled {
                on,
                label: label.into(),
            }
        };
        let changes = [
            self.archived.map(ChatWish::Archived),
            self.pinned.map(ChatWish::Pinned),
            self.muted.map(muted),
            self.read.map(ChatWish::Read),
            self.ephemeral.map(ChatWish::Ephemeral),
        ];
        let changes = changes.into_iter().flatten();
        let changes = changes.chain(self.add.into_iter().map(labeled(Switch::On)));
        changes
            .chain(self.remove.into_iter().map(labeled(Switch::Off)))
            .collect()
    }
}

/// Whether the chat itself stays.
pub(in crate::http) struct Keep(ChatWish);

impl FromQuery for Keep {
    fn from_query(params: &mut Params) -> Option<Self> {
        let says = "`messages` leaves the chat, without its messages; without it the chat is gone.";
        match params.optional("only", Text, says).as_deref() {
            None => Some(Self(ChatWish::Deleted)),
            Some("messages") => Some(Self(ChatWish::Cleared)),
            Some(other) => {
                params.fault("only", &format!("{other:?} is not allowed: expected \"messages\""));
                None
            }
        }
    }
}

/// One change after the other; those before one that is refused stay.
pub(in crate::http) async fn update(ctx: Ctx, Json(changes): Json<Changes>) -> Result<NoContent, ApiError> {
    let chat = ctx.address("chat")?;
    let account = ctx.account().await?;
    for wish in changes.wishes(ctx.parts.clock.now()) {
        account.change_chat(&chat, wish).await?;
    }
    Ok(NoContent)
}

pub(in crate::http) async fn remove(ctx: Ctx, Query(Keep(wish)): Query<Keep>) -> Result<NoContent, ApiError> {
    let chat = ctx.address("chat")?;
    ctx.account().await?.change_chat(&chat, wish).await?;
    Ok(NoContent)
}
