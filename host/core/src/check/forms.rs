//! Which table holds records of which form.

use crate::audit::AuditEntry;
use crate::caller::{ApiKey, Login, SessionToken, Tenant, User};
use crate::codec::{self, Record};
use crate::config_layer::ConfigLayer;
use crate::data_version::DataVersion;
use crate::delivery::{Again, Delivery};
use crate::draft::{KvEntry, Timer};
use crate::kv::Usage;
use crate::log::EventRecord;
use crate::made_installation::MadeInstallation;
use crate::mailbox;
use crate::migrate::SchemaRecord;
use crate::outbox::{EffectRecord, Place, Sent, Settled, StateRecord};
use crate::progress::{Attempt, DeadLetter, Low};
use crate::retention::Trimmed;
use crate::runs::{Detail, Run};
use crate::schedule_state::{SchedulePause, ScheduleRule, ScheduleRun, ScheduleState};
use crate::scheduled_message::ScheduledMessage;
use crate::schema::{session, sessions, system};
use crate::send_ledger::{DepartureRecord, Linked, PolicyRecord};
use crate::session::{Owner, SessionRecord};
use crate::store::{Space, StoreError};
use crate::upload::Upload;
use crate::uploaded_plugin::UploadedPlugin;
use crate::version::{Canary, Shadow, Versions};
use crate::webhook::WebhookRecord;

/// Says whether a record can be read.
type Read = fn(&[u8], &[u8]) -> Result<(), StoreError>;

/// What a row is.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A record of this program.
    Record(Read),
    /// Sealed, somebody else's, or a part of something.
    Opaque,
    /// What does not fit into the row of a long record.
    Part,
    /// Nothing that is known.
    Unknown,
}

fn read<R: Record>(key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    codec::decode::<R>(key, value).map(drop)
}

/// A number of eight bytes.
fn number(key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    match value.len() {
        8 => Ok(()),
        _ => Err(super::damaged(key, "it is not a position")),
    }
}

/// The id of somebody or something.
fn id(key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    match value.len() {
        16 => Ok(()),
        _ => Err(super::damaged(key, "it is not an id")),
    }
}

fn text(key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    match std::str::from_utf8(value) {
        Ok(_) => Ok(()),
        Err(_) => Err(super::damaged(key, "it is not a text")),
    }
}

fn nothing(key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    match value.is_empty() {
        true => Ok(()),
        false => Err(super::damaged(key, "there is something where nothing should be")),
    }
}

/// Whether a record of the table may go on in other rows.
pub(super) fn may_be_long(space: Space, key: &[u8]) -> bool {
    const LONG: [u8; 5] = [
        session::EVENT,
        session::EFFECT,
        session::RUN_DETAIL,
        session::SCHEDULED_MESSAGE,
        session::MAILBOX_MESSAGE,
    ];
    matches!(space, Space::Session(_)) && key.first().is_some_and(|table| LONG.contains(table))
}

/// What a row is, by its key.
pub(super) fn of(space: Space, key: &[u8]) -> Form {
    let Some(table) = key.first().copied() else {
        return Form::Unknown;
    };
    match space {
        Space::System => of_system(table),
        Space::Sessions => of_sessions(table),
        Space::Session(_) => of_session(table),
    }
}

fn of_system(table: u8) -> Form {
    Form::Record(match table {
        system::SCHEMA => read::<SchemaRecord>,
        system::TENANT => read::<Tenant>,
        system::TENANT_NAME | system::USER_NAME => id,
        system::USER => read::<User>,
        system::API_KEY => read::<ApiKey>,
        system::LOGIN => read::<Login>,
        system::AUDIT => read::<AuditEntry>,
        system::VERSIONS => read::<Versions>,
        system::CANARY => read::<Canary>,
        system::SHADOW => read::<Shadow>,
        system::UPLOADED_PLUGIN => read::<UploadedPlugin>,
        system::MADE_INSTALLATION => read::<MadeInstallation>,
        system::WEBHOOK => read::<WebhookRecord>,
        system::CONFIG_LAYER => read::<ConfigLayer>,
        system::MIGRATION
        | system::MASTER_KEY_CHECK
        | system::ADMIN_SECRET
        | system::SECRET
        | system::DERIVING_KEY
        | system::PROBE
        | system::ANSWERED
        | system::ANSWERED_FREE
        | system::RUNS_KEY => return Form::Opaque,
        _ => return Form::Unknown,
    })
}

fn of_sessions(table: u8) -> Form {
    Form::Record(match table {
        sessions::RECORD => read::<SessionRecord>,
        sessions::NAME | sessions::NAME_OF => id,
        sessions::OWNER => read::<Owner>,
        sessions::TOKEN => read::<SessionToken>,
        sessions::TOMBSTONE => return Form::Opaque,
        _ => return Form::Unknown,
    })
}

fn of_session(table: u8) -> Form {
    Form::Record(match table {
        session::CONTACT => text,
        session::CONTACT_FILED | session::CHAT_MESSAGE => nothing,
        session::EVENT => read::<EventRecord>,
        session::MESSAGE => number,
        session::LOW => read::<Low>,
        session::ATTEMPT => read::<Attempt>,
        session::DEAD_LETTER => read::<DeadLetter>,
        session::DELIVERY => read::<Delivery>,
        session::DELIVERED_AGAIN => read::<Again>,
        session::TRIMMED => read::<Trimmed>,
        session::CONFIG_LAYER => read::<ConfigLayer>,
        session::PART => return Form::Part,
        session::EFFECT => read::<EffectRecord>,
        session::EFFECT_STATE => read::<StateRecord>,
        session::EFFECT_ID => read::<Place>,
        session::SETTLED => read::<Settled>,
        session::SENT_KEY => read::<Sent>,
        session::DATA_VERSION => read::<DataVersion>,
        session::KV | session::KV_SHARED | session::DIALOGUE => read::<KvEntry>,
        session::KV_USAGE | session::KV_SHARED_USAGE | session::DIALOGUE_USAGE => read::<Usage>,
        session::TIMER => read::<Timer>,
        session::SCHEDULE => read::<ScheduleState>,
        session::RUN => read::<Run>,
        session::RUN_DETAIL => read::<Detail>,
        session::DEPARTURE => read::<DepartureRecord>,
        session::LINKED => read::<Linked>,
        session::SEND_POLICY => read::<PolicyRecord>,
        session::SCHEDULED_MESSAGE => read::<ScheduledMessage>,
        session::UPLOAD => read::<Upload>,
        session::SCHEDULE_RUN => read::<ScheduleRun>,
        session::SCHEDULE_PAUSE => read::<SchedulePause>,
        session::SCHEDULE_RULE => read::<ScheduleRule>,
        session::MAILBOX..=session::MAILBOX_EXPIRING => mailbox::readable,
        session::DEVICE
        | session::SIGNAL
        | session::APP_STATE
        | session::PROTOCOL
        | session::PROXY
        | session::DONE
        | session::JOURNAL
        | session::REPLAY
        | session::SENT_KEY_FREE
        | session::WRITTEN_TO
        | session::SCHEDULED_MESSAGE_DUE => return Form::Opaque,
        _ => return Form::Unknown,
    })
}
