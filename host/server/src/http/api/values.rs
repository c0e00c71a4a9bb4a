//! What installations keep: how much, what, and taking it away.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::Jid;
use waspnest_core::draft::{KvEntry, KvKey, KvScope};
use waspnest_core::id::{InstallationId, SessionId};
use waspnest_core::kv::{Quota, Usage};

use super::installations::id;
use crate::http::address::Moment;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Text, parsed, text_of};
use crate::http::operation::Query;
use crate::http::page::{Listed, Page, Plain};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::Shown;
use crate::service::values::Kept;

/// Bytes of the longest key there can be.
const LONGEST_KEY: usize = 1024;

/// What an installation keeps in one session.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "InstallationUsage")]
pub(in crate::http) struct ShownKept {
    /// The session.
    session: String,
    /// Its name.
    name: String,
    /// Values it keeps for itself.
    values: ShownUsage,
    /// States and waits of its dialogues.
    dialogues: ShownUsage,
    /// Timers it has set.
    timers: usize,
    /// Events it could not handle; 1000 are 1000 or more.
    dead_letters: usize,
    /// Everything up to this position of the session's log is done.
    done_up_to: u64,
}

/// How much there is, and how much may be.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "KeptUsage")]
struct ShownUsage {
    /// Keys; expired ones count until their room is needed.
    keys: u64,
    /// Bytes of keys and values.
    bytes: u64,
    /// Keys there may be; none where it is not at work, or nothing limits it.
    max_keys: Option<u64>,
    /// Bytes there may be; none where it is not at work, or nothing limits it.
    max_bytes: Option<u64>,
}

impl ShownUsage {
    fn of(usage: Usage, quota: Option<Quota>) -> Self {
        let limit = |limit: u64| (limit != u64::MAX).then_some(limit);
        Self {
            keys: usage.keys,
            bytes: usage.bytes,
            max_keys: quota.and_then(|quota| limit(quota.keys)),
            max_bytes: quota.and_then(|quota| limit(quota.bytes)),
        }
    }
}

pub(in crate::http) async fn usage(
    ctx: Ctx,
    Query(Plain(page)): Query<Plain<SessionId>>,
) -> Result<Shown<Listed<ShownKept>>, ApiError> {
    let id = id(&ctx)?;
    let tenant = ctx.parts.installations.get(&id)?.tenant;
    let found = ctx
        .parts
        .values
        .usage((&id, tenant), page.after, page.look_ahead())
        .await?;
    let quotas = ctx.parts.made.slots().get(&id).map(|slot| slot.active().quotas());
    Ok(Shown(page.answer(
        found,
        |kept| kept.session,
        |kept| {
            let Kept {
                session,
                name,
                values,
                dialogues,
                timers,
                dead_letters,
                done_up_to,
            } = kept;
            ShownKept {
                session: session.to_string(),
                name: name.to_string(),
                values: ShownUsage::of(values, quotas.map(|(values, _)| values)),
                dialogues: ShownUsage::of(dialogues, quotas.map(|(_, dialogues)| dialogues)),
                timers,
                dead_letters,
                done_up_to: done_up_to.0,
            }
        },
    )))
}

/// A scope in which values are.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ValueScope")]
pub(in crate::http) struct ShownScope {
    /// The chat; none for values of the whole session.
    chat: Option<String>,
    /// The person in the chat; none for values of the whole chat.
    sender: Option<String>,
}

/// All scopes of a session.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ValueScopes")]
pub(in crate::http) struct ShownScopes {
    /// In the order of their addresses.
    items: Vec<ShownScope>,
}

/// Which session.
pub(in crate::http) struct Session(String);

impl FromQuery for Session {
    fn from_query(params: &mut Params) -> Option<Self> {
        params.required("session", Text, "The session.").map(Self)
    }
}

pub(in crate::http) async fn scopes(ctx: Ctx, Query(session): Query<Session>) -> Result<Shown<ShownScopes>, ApiError> {
    let (session, id) = place(&ctx, &session).await?;
    let found = ctx.parts.values.scopes((session, &id)).await?;
    let scope = |scope: KvScope| match scope {
        KvScope::Session | KvScope::Shared(_) => ShownScope {
            chat: None,
            sender: None,
        },
        KvScope::Chat(chat) => ShownScope {
            chat: Some(chat.to_string()),
            sender: None,
        },
        KvScope::Sender { chat, sender } => ShownScope {
            chat: Some(chat.to_string()),
            sender: Some(sender.to_string()),
        },
    };
    Ok(Shown(ShownScopes {
        items: found.into_iter().map(scope).collect(),
    }))
}

/// A value.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "KeptValue")]
pub(in crate::http) struct ShownValue {
    /// Its key.
    key: Box<str>,
    /// Bytes of it.
    bytes: usize,
    /// It, where it is a text.
    text: Option<String>,
    /// It in base64, where it is none.
    base64: Option<String>,
    /// Grows with each change.
    revision: u64,
    /// When it goes by itself.
    expires_at: Option<Moment>,
}

/// Where values are within a session: everywhere, in a chat, or of a person in it.
fn scope(params: &mut Params) -> Option<KvScope> {
    let chat = params.optional(
        "chat",
        parsed::<Jid>(),
        "Of one chat; of the session itself if nothing is said.",
    );
    let sender = params.optional("sender", parsed::<Jid>(), "Of one person in that chat.");
    match (chat, sender) {
        (None, None) => Some(KvScope::Session),
        (Some(chat), None) => Some(KvScope::Chat(chat)),
        (Some(chat), Some(sender)) => Some(KvScope::Sender { chat, sender }),
        (None, Some(_)) => {
            params.fault("chat", "is missing; a person is meant in one chat");
            None
        }
    }
}

/// Which values.
pub(in crate::http) struct Wanted {
    page: Page<String>,
    session: Session,
    scope: KvScope,
    prefix: String,
}

impl FromQuery for Wanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let page = Page::read(params);
        let session = Session::from_query(params);
        let scope = scope(params);
        let prefix = params.optional("prefix", text_of(0, LONGEST_KEY), "Only those whose keys begin so.");
        Some(Self {
            page: page?,
            session: session?,
            scope: scope?,
            prefix: prefix.unwrap_or_default(),
        })
    }
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(wanted): Query<Wanted>,
) -> Result<Shown<Listed<ShownValue>>, ApiError> {
    let Wanted {
        page,
        session,
        scope,
        prefix,
    } = wanted;
    let (session, id) = place(&ctx, &session).await?;
    let behind = (&*prefix, page.after.as_deref());
    let values = &ctx.parts.values;
    let found = values.list((session, &id), &scope, behind, page.look_ahead()).await?;
    Ok(Shown(page.answer(found, |(key, _)| key.clone(), shown)))
}

/// Which values go: one, or those whose keys begin alike.
pub(in crate::http) struct Unwanted {
    session: Session,
    scope: KvScope,
    which: Which,
}

enum Which {
    One(Box<str>),
    All(String),
}

impl FromQuery for Unwanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let session = Session::from_query(params);
        let scope = scope(params);
        let key = params.optional("key", text_of(0, LONGEST_KEY), "The one under this key.");
        let prefix = params.optional(
            "prefix",
            text_of(0, LONGEST_KEY),
            "All whose keys begin so; an empty one is every one of the scope.",
        );
        let which = match (key, prefix) {
            (Some(key), None) => Some(Which::One(key.into())),
            (None, Some(prefix)) => Some(Which::All(prefix)),
            (None, None) | (Some(_), Some(_)) => {
                params.fault("key", "or prefix must be there, and one of them alone");
                None
            }
        };
        Some(Self {
            session: session?,
            scope: scope?,
            which: which?,
        })
    }
}

/// How many values were taken away.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RemovedValues")]
pub(in crate::http) struct Removed {
    /// How many.
    removed: u64,
}

pub(in crate::http) async fn remove(ctx: Ctx, Query(unwanted): Query<Unwanted>) -> Result<Shown<Removed>, ApiError> {
    let Unwanted { session, scope, which } = unwanted;
    let (session, id) = place(&ctx, &session).await?;
    let values = &ctx.parts.values;
    let removed = match which {
        Which::One(key) => values.remove((session, &id), KvKey { scope, key }).await?,
        Which::All(prefix) => values.remove_all((session, &id), &scope, &prefix).await?,
    };
    Ok(Shown(Removed { removed }))
}

async fn place(ctx: &Ctx, Session(given): &Session) -> Result<(SessionId, InstallationId), ApiError> {
    let id = id(ctx)?;
    ctx.parts.installations.get(&id)?;
    Ok((ctx.parts.installations.session(given).await?, id))
}

fn shown((key, entry): (Box<str>, KvEntry)) -> ShownValue {
    let bytes = entry.value.len();
    let (text, base64) = match String::from_utf8(entry.value) {
        Ok(text) => (Some(text), None),
        Err(other) => (None, Some(STANDARD.encode(other.as_bytes()))),
    };
    ShownValue {
        key,
        bytes,
        text,
        base64,
        revision: entry.revision,
        expires_at: entry.expires_at.map(Moment),
    }
}
