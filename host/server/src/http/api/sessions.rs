//! Sessions: make, see, connect, remove.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::id::{SessionId, SessionName};
use waspnest_core::session::Desired;
use waspnest_whatsapp::{State, Status};

use crate::http::address::{Address, Moment};
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Flag, parsed, text_of};
use crate::http::operation::{Json, Query};
use crate::http::page::{Listed, Page};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{Accepted, Created, NoContent, Shown};
use crate::service::sessions::Session;

/// A session to be made.
pub(in crate::http) struct NewSession {
    tenant: Option<String>,
    name: SessionName,
    desired: Desired,
}

impl FromFields for NewSession {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", parsed(), "The name it is called by; unique in its tenant.");
        let connect = fields.optional(
            "connect",
            Flag,
            "Whether to connect it at once; it is unless told not to.",
        );
        let tenant = fields.optional(
            "tenant",
            text_of(1, 64),
            "Whose it is, by id or name; the caller's own tenant, or `default`, if nothing is said.",
        );
        Some(Self {
            tenant,
            name: name?,
            desired: match connect {
                Some(true) | None => Desired::Connected,
                Some(false) => Desired::Disconnected,
            },
        })
    }
}

/// A session.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Session")]
pub(in crate::http) struct ShownSession {
    /// Its id.
    id: String,
    /// The operator's name for it.
    name: String,
    /// When it was made.
    created_at: Moment,
    /// Whether it is wanted connected.
    connect: bool,
    /// The account's own address, once it is known.
    account: Option<Address>,
    /// The account's display name, once it is known.
    push_name: Option<String>,
    status: ShownStatus,
}

/// What a session is doing.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "SessionStatus")]
pub(in crate::http) enum ShownStatus {
    /// It is not at work in this process.
    Stopped {
        /// `stopped`.
        state: &'static str,
    },
    /// It is at work.
    AtWork {
        /// Such as `pairing`, `connecting`, `connected`, `logged_out`.
        state: &'static str,
        /// Since when it is in that state.
        since: Moment,
        /// What led there, where that is known.
        reason: Option<String>,
        /// The account, once it is known.
        me: Option<Box<Address>>,
        /// When WhatsApp last answered.
        last_round_trip: Option<Moment>,
        /// When a message last came, since the host was started.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_message_received: Option<Moment>,
        /// When WhatsApp's server last took a message, since the host was started.
        #[serde(skip_serializing_if = "Option::is_none")]
        last_message_sent: Option<Moment>,
        /// How busy it is, where that was asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        activity: Option<Box<ShownActivity>>,
        /// Until when the account may not be used, where WhatsApp says so.
        #[serde(skip_serializing_if = "Option::is_none")]
        banned_until: Option<Option<Moment>>,
    },
}

/// How busy a session is, counted since its client was started.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SessionActivity")]
pub(in crate::http) struct ShownActivity {
    /// Bytes written to WhatsApp, sealed.
    bytes_sent: u64,
    /// Bytes read from WhatsApp, sealed.
    bytes_received: u64,
    /// Messages that were sent, or tried to be.
    messages_sent: u64,
    /// Messages that came and could be read.
    messages_received: u64,
    /// How often the connection was made anew.
    reconnects: u64,
    /// Bytes the client estimates for what it keeps in memory.
    memory_bytes: u64,
}

/// How many sessions are concerned.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SessionCount")]
pub(in crate::http) struct Count {
    sessions: usize,
}

/// What is to be different about a session.
pub(in crate::http) struct Changes {
    connect: Option<bool>,
}

impl FromFields for Changes {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "Whether it is wanted connected, now and after restarts.";
        let connect = fields.optional("connect", Flag, says);
        Some(Self { connect })
    }
}

pub(in crate::http) async fn create(ctx: Ctx, Json(new): Json<NewSession>) -> Result<Created<ShownSession>, ApiError> {
    let tenant = ctx.parts.callers.tenants.of(&ctx.caller, new.tenant.as_deref()).await?;
    let session = ctx.parts.sessions.create(&tenant, new.name, new.desired).await?;
    let path = format!("/v1/sessions/{}", session.record.id);
    Ok(Created::at(path, shown(&session)))
}

/// Some of the sessions.
pub(in crate::http) struct Wanted {
    page: Page<SessionId>,
    tenant: Option<String>,
}

impl FromQuery for Wanted {
    fn from_query(params: &mut Params) -> Option<Self> {
        let page = Page::read(params);
        let tenant = params.optional("tenant", text_of(1, 64), "Only those of one tenant, by id or name.");
        Some(Self { page: page?, tenant })
    }
}

pub(in crate::http) async fn list(
    ctx: Ctx,
    Query(Wanted { page, tenant }): Query<Wanted>,
) -> Result<Shown<Listed<ShownSession>>, ApiError> {
    let tenant = match tenant {
        Some(named) => Some(ctx.parts.callers.tenants.of(&ctx.caller, Some(&named)).await?.id),
        None => None,
    };
    let sessions = &ctx.parts.sessions;
    let found = sessions
        .list(&ctx.caller, tenant, page.after, page.look_ahead())
        .await?;
    Ok(Shown(page.answer(
        found,
        |session| session.record.id,
        |session| shown(&session),
    )))
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownSession>, ApiError> {
    let record = ctx.session().await?;
    Ok(Shown(shown(&ctx.parts.sessions.seen(record))))
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<NoContent, ApiError> {
    let record = ctx.session().await?;
    ctx.parts.sessions.remove(record.id).await?;
    Ok(NoContent)
}

/// Without what is stored of it.
pub(in crate::http) async fn status(ctx: Ctx) -> Result<Shown<ShownStatus>, ApiError> {
    let record = ctx.session().await?;
    let busy = ctx.parts.sessions.busy(record.id).await;
    let session = ctx.parts.sessions.seen(record);
    let mut shown = shown_status(session.status.as_ref());
    if let (
        ShownStatus::AtWork {
            last_message_received,
            last_message_sent,
            activity,
            ..
        },
        Some(busy),
    ) = (&mut shown, busy)
    {
        *last_message_received = busy.messages.received_at.map(Moment);
        *last_message_sent = busy.messages.sent_at.map(Moment);
        let counted = busy.activity.map(|counted| ShownActivity {
            bytes_sent: counted.bytes_sent,
            bytes_received: counted.bytes_received,
            messages_sent: counted.messages_sent,
            messages_received: counted.messages_received,
            reconnects: counted.reconnects,
            memory_bytes: counted.memory_bytes,
        });
        *activity = counted.map(Box::new);
    }
    Ok(Shown(shown))
}

pub(in crate::http) async fn update(
    ctx: Ctx,
    Json(Changes { connect }): Json<Changes>,
) -> Result<Shown<ShownSession>, ApiError> {
    let record = ctx.session().await?;
    let sessions = &ctx.parts.sessions;
    let session = match connect {
        Some(true) => sessions.connect(record.id).await?,
        Some(false) => sessions.disconnect(record.id).await?,
        None => sessions.seen(record),
    };
    Ok(Shown(shown(&session)))
}

pub(in crate::http) async fn restart(ctx: Ctx) -> Result<Accepted<ShownSession>, ApiError> {
    let record = ctx.session().await?;
    Ok(Accepted(shown(&ctx.parts.sessions.restart(record.id).await?)))
}

/// They begin one after another, as many a second as the configuration says.
pub(in crate::http) async fn reconnect_all(ctx: Ctx) -> Result<Accepted<Count>, ApiError> {
    let sessions = ctx.parts.sessions.reconnect_all().await?;
    Ok(Accepted(Count { sessions }))
}

pub(in crate::http) async fn connect(ctx: Ctx) -> Result<Accepted<ShownSession>, ApiError> {
    let record = ctx.session().await?;
    Ok(Accepted(shown(&ctx.parts.sessions.connect(record.id).await?)))
}

pub(in crate::http) async fn disconnect(ctx: Ctx) -> Result<Shown<ShownSession>, ApiError> {
    let record = ctx.session().await?;
    Ok(Shown(shown(&ctx.parts.sessions.disconnect(record.id).await?)))
}

pub(in crate::http) async fn log_out(ctx: Ctx) -> Result<Shown<ShownSession>, ApiError> {
    let record = ctx.session().await?;
    Ok(Shown(shown(&ctx.parts.sessions.log_out(record.id).await?)))
}

fn shown(session: &Session) -> ShownSession {
    let record = &session.record;
    ShownSession {
        id: record.id.to_string(),
        name: record.name.to_string(),
        created_at: Moment(record.created_at),
        connect: record.desired == Desired::Connected,
        account: record.jid.as_ref().or(record.lid.as_ref()).map(Address::from),
        push_name: record.push_name.as_deref().map(str::to_owned),
        status: shown_status(session.status.as_ref()),
    }
}

/// A session that is not at work in this process is `stopped`.
fn shown_status(status: Option<&Status>) -> ShownStatus {
    let Some(status) = status else {
        return ShownStatus::Stopped { state: "stopped" };
    };
    ShownStatus::AtWork {
        state: status.state.name(),
        since: Moment(status.since),
        reason: status.reason.as_deref().map(str::to_owned),
        me: status.me.as_ref().map(|me| Box::new(Address::from(me))),
        last_round_trip: status.last_round_trip.map(Moment),
        last_message_received: None,
        last_message_sent: None,
        activity: None,
        banned_until: match status.state {
            State::Banned { until } => Some(until.map(Moment)),
            _ => None,
        },
    }
}
