//! What there is to tell of an event, family by family.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use waspnest_core::event::{
    CallEvent, CallMedia, EventKind, Presence, Receipt, ReceiptStatus, RequestEvent, SessionEvent, SessionState, Tick,
    TickCause, TopicEvent,
};
use waspnest_core::runs::Run;
use waspnest_whatsapp::Qr;

use super::change::Change;
use super::message::MessageData;
use crate::address::{Address, Moment};
use crate::http::qr_image;

/// What there is to tell of an event.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "EventData")]
pub(super) enum Data {
    Message(Box<MessageData>),
    Receipt(ReceiptData),
    Change(Box<Change>),
    Call(CallData),
    Presence(PresenceData),
    Session(SessionData),
    Schedule(TickData),
    Topic(TopicData),
    Request(RequestData),
    Qr(QrData),
    Line(LineData),
    Run(RunData),
}

/// How far messages of the account have come: `receipt.…`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReceiptEvent")]
pub(super) struct ReceiptData {
    /// The chat they are in.
    chat: Address,
    /// WhatsApp's ids of them.
    messages: Vec<String>,
    /// `server_ack`: WhatsApp has it. `delivered`, `read`, `played`: somebody has. `failed`: it was given up.
    status: String,
    /// Who received or read them; none when the server or the host says it.
    by: Option<Address>,
    /// When, as WhatsApp says.
    time: Moment,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Box<str>>,
    /// WhatsApp's code, where it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u32>,
}

/// News of a call: `call.…`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CallEvent")]
pub(super) struct CallData {
    /// WhatsApp's id of the call: the same in all news of it.
    call: Box<str>,
    /// Who calls.
    caller: Address,
    /// The group that is called; none for a call between two.
    group: Option<Address>,
    /// Whether with picture; only an offer says so.
    video: Option<bool>,
    /// When, as WhatsApp says.
    time: Moment,
}

/// What somebody does right now: `presence.…`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PresenceEvent")]
pub(super) struct PresenceData {
    /// The chat somebody types in, or the person's own.
    chat: Address,
    /// Who.
    who: Address,
    /// When they were last online, where WhatsApp says so.
    last_seen: Option<Moment>,
}

/// The session is in another state: `session.…`.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SessionEvent")]
pub(super) struct SessionData {
    /// Which.
    state: String,
    /// Why, in words for people.
    reason: Option<Box<str>>,
    /// When a ban ends, where WhatsApp said so.
    until: Option<Moment>,
}

/// A schedule of an installation fired.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ScheduleEvent")]
pub(super) struct TickData {
    /// The installation it is for.
    installation: String,
    /// Which of its schedules.
    schedule: String,
    /// Why it fires now: `recurring`, `once`, `manual`, `catch_up` or `expired`.
    cause: &'static str,
    /// When it should have fired.
    scheduled_for: Moment,
    /// How many earlier moments were missed.
    missed: u32,
}

/// An installation published something.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TopicEvent")]
pub(super) struct TopicData {
    /// Under which name.
    topic: String,
    /// Who did.
    publisher: String,
    #[serde(flatten)]
    body: Bytes,
}

/// Somebody called an installation's hook.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RequestEvent")]
pub(super) struct RequestData {
    /// The installation it is for.
    installation: String,
    /// Such as `POST`.
    method: Box<str>,
    /// What follows the installation in the path.
    path: Box<str>,
    #[serde(flatten)]
    body: Bytes,
}

/// A code that links a phone: `pairing.qr`. The next one takes its place.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QrEvent")]
pub(super) struct QrData {
    /// What the code says.
    text: Box<str>,
    /// The code as a picture: a data URL.
    png: Option<String>,
    /// Until when it can be scanned.
    valid_until: Moment,
}

/// A call of a plugin has ended; `/v1/runs/{r}` has the rest of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RunEvent")]
pub(super) struct RunData {
    /// The id of its record.
    run: String,
    /// Whose call.
    installation: String,
    /// The event it was made for.
    event: String,
    /// What kind of event that is.
    kind: Box<str>,
    /// The version of the plugin.
    version: Box<str>,
    /// 1 at the first call for this event.
    attempt: u32,
    /// How long it took, in microseconds.
    duration_us: u64,
    /// `committed`, `conflict`, `already_done`, `kv_quota`, or the class of its error.
    outcome: Box<str>,
    /// How many effects its draft had.
    effects: u32,
}

/// A plugin wrote a line into its log. It is told when the call has ended, and hides what the call's record hides.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LineEvent")]
pub(super) struct LineData {
    /// The id of the call's record.
    run: String,
    /// Whose line.
    installation: String,
    /// How important it is: `trace`, `debug`, `info`, `warn` or `error`.
    level: String,
    /// The line.
    message: String,
    /// Its fields as `name=value`.
    fields: String,
}

/// Bytes that may be text.
#[derive(Serialize, JsonSchema)]
struct Bytes {
    /// What was told, where that is text.
    text: Option<String>,
    /// What was told, where it is not.
    base64: Option<String>,
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self {
                text: Some(text.to_owned()),
                base64: None,
            },
            Err(_) => Self {
                text: None,
                base64: Some(STANDARD.encode(bytes)),
            },
        }
    }
}

/// A name of the vocabulary as the API spells names.
pub(super) fn spelled(name: &str) -> String {
    name.replace('-', "_")
}

impl Data {
    pub(super) fn qr(code: &Qr) -> Self {
        let png = qr_image::png(&code.code).ok();
        Self::Qr(QrData {
            text: code.code.clone(),
            png: png.map(|png| format!("data:image/png;base64,{}", STANDARD.encode(png))),
            valid_until: Moment(code.valid_until),
        })
    }

    pub(super) fn run(run: &Run) -> Self {
        Self::Run(RunData {
            run: run.id.to_string(),
            installation: run.installation.to_string(),
            event: run.event.to_string(),
            kind: run.kind.clone(),
            version: run.version.clone(),
            attempt: run.attempt,
            duration_us: run.duration_us,
            outcome: run.outcome.clone(),
            effects: run.effects,
        })
    }

    pub(super) fn line(run: &Run, line: &Value) -> Self {
        let text = |field: &str| line[field].as_str().unwrap_or_default().to_owned();
        Self::Line(LineData {
            run: run.id.to_string(),
            installation: run.installation.to_string(),
            level: text("level"),
            message: text("message"),
            fields: text("fields"),
        })
    }

    pub(super) fn of(kind: &EventKind) -> Self {
        match kind {
            EventKind::Message(message) => Self::Message(Box::new(MessageData::of(message))),
            EventKind::Receipt(it) => Self::Receipt(receipt(it)),
            EventKind::Group(it) => Self::Change(Box::new(Change::group(it))),
            EventKind::Contact(it) => Self::Change(Box::new(Change::contact(it))),
            EventKind::Chat(it) => Self::Change(Box::new(Change::chat(it))),
            EventKind::Presence(it) => Self::Presence(presence(it)),
            EventKind::Call(it) => Self::Call(call(it)),
            EventKind::Session(it) => Self::Session(session(it)),
            EventKind::Tick(it) => Self::Schedule(tick(it)),
            EventKind::Topic(it) => Self::Topic(topic(it)),
            EventKind::Request(it) => Self::Request(request(it)),
        }
    }
}

fn receipt(it: &Receipt) -> ReceiptData {
    let (reason, code) = match &it.status {
        ReceiptStatus::Failed { reason, code } => (Some(reason.clone()), *code),
        ReceiptStatus::ServerAck | ReceiptStatus::Delivered | ReceiptStatus::Read | ReceiptStatus::Played => {
            (None, None)
        }
    };
    ReceiptData {
        chat: Address::from(&it.chat),
        messages: it.messages.iter().map(ToString::to_string).collect(),
        status: spelled(it.status.name()),
        by: it.by.as_ref().map(Address::from),
        time: Moment(it.at),
        reason,
        code,
    }
}

fn presence(it: &Presence) -> PresenceData {
    PresenceData {
        chat: Address::from(&it.chat),
        who: Address::from(&it.who),
        last_seen: it.last_seen.map(Moment),
    }
}

fn call(it: &CallEvent) -> CallData {
    CallData {
        call: it.id.clone(),
        caller: Address::from(&it.caller),
        group: it.group.as_ref().map(Address::from),
        video: it.media.map(|media| match media {
            CallMedia::Audio => false,
            CallMedia::Video => true,
        }),
        time: Moment(it.at),
    }
}

fn session(it: &SessionEvent) -> SessionData {
    let until = match it.state {
        SessionState::Banned { until } => until,
        SessionState::Unlinked
        | SessionState::Pairing
        | SessionState::Connecting
        | SessionState::Connected
        | SessionState::Disconnected
        | SessionState::LoggedOut
        | SessionState::Replaced
        | SessionState::Outdated => None,
    };
    SessionData {
        state: spelled(it.state.name()),
        reason: it.reason.clone(),
        until: until.map(Moment),
    }
}

fn tick(it: &Tick) -> TickData {
    TickData {
        installation: it.installation.to_string(),
        schedule: it.schedule.as_str().to_owned(),
        cause: match it.cause {
            TickCause::Recurring => "recurring",
            TickCause::Once => "once",
            TickCause::Manual => "manual",
            TickCause::CatchUp => "catch_up",
            TickCause::Expired => "expired",
        },
        scheduled_for: Moment(it.scheduled_for),
        missed: it.missed,
    }
}

fn topic(it: &TopicEvent) -> TopicData {
    TopicData {
        topic: it.topic.as_str().to_owned(),
        publisher: it.publisher.to_string(),
        body: Bytes::from(&it.body[..]),
    }
}

/// Headers stay out: some are credentials.
fn request(it: &RequestEvent) -> RequestData {
    RequestData {
        installation: it.installation.to_string(),
        method: it.method.clone(),
        path: it.path.clone(),
        body: Bytes::from(&it.body[..]),
    }
}
