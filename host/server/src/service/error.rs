//! Why the host did not do what it was asked, free of any transport.
//!
//! The words of the variant are for the caller; what the source says is for the log.

use std::time::Duration;

use waspnest_core::caller::Scope;
use waspnest_core::config_layer::MAX_LAYER;
use waspnest_core::id::{
    BackupId, EffectId, InstallationId, MessageId, RunId, ScheduleId, ScheduledMessageId, SecretName, SessionName,
};
use waspnest_core::live::Refusal;
use waspnest_core::log::LogError;
use waspnest_core::media_store::MediaError;
use waspnest_core::outbox::CommitError;
use waspnest_core::secret::SecretError;
use waspnest_core::session::SessionError;
use waspnest_core::store::StoreError;
use waspnest_core::webhook::WebhookError;
use waspnest_engine::configuration::HIDDEN;

use super::caller::{Busy as TooOften, WeakPassword};
use super::control::ControlError;
use crate::config::send_policy::InvalidPolicy;
use crate::delivery::ChangeError;
use crate::rollout::RolloutError;
use crate::send_policies::SetError;
use crate::settings::Findings;

/// Why a use case failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No session of that id or name.
    #[error("there is no session {given:?}")]
    UnknownSession {
        /// What was asked for.
        given: Box<str>,
    },
    /// The name is taken.
    #[error("there is a session named {name} already")]
    NameTaken {
        /// The name.
        name: SessionName,
    },
    /// No effect of that id in this session.
    #[error("there is no effect {id} in this session")]
    UnknownEffect {
        /// What was asked for.
        id: EffectId,
    },
    /// No backup of that id.
    #[error("there is no backup {id}")]
    UnknownBackup {
        /// What was asked for.
        id: BackupId,
    },
    /// No installation of that id.
    #[error("there is no installation {id}")]
    UnknownInstallation {
        /// What was asked for.
        id: InstallationId,
    },
    /// No stored secret of that name.
    #[error("there is no stored secret {name}")]
    UnknownSecret {
        /// What was asked for.
        name: SecretName,
    },
    /// A configuration that would come about cannot be used.
    #[error("the plugin cannot be configured so; see errors")]
    UnusableConfig {
        /// What is wrong with it.
        findings: Findings,
    },
    /// The mark of a hidden value stands where no value is that it could stand for.
    #[error(
        "{HIDDEN:?} stands for a value that is not shown, and there is none: write the value, or leave the key out"
    )]
    HiddenValue,
    /// What was to be set is too large.
    #[error("the configuration has {bytes} bytes; at most {MAX_LAYER} can be set")]
    LayerTooLarge {
        /// Its size.
        bytes: usize,
    },
    /// No schedule of that name fires there.
    #[error("installation {installation} has no schedule {:?} that fires in session {session}", id.as_str())]
    UnknownSchedule {
        /// The session.
        session: SessionName,
        /// The installation.
        installation: InstallationId,
        /// What was asked for.
        id: ScheduleId,
    },
    /// No record of that id.
    #[error("there is no run {id}")]
    UnknownRun {
        /// What was asked for.
        id: RunId,
    },
    /// A record from which no call can be made.
    #[error("the run cannot be replayed: {why}")]
    NotReplayable {
        /// Why.
        why: Box<str>,
    },
    /// No message of that id, as far as the host knows.
    #[error("there is no message {id} that is known here; name its chat, and who wrote it")]
    UnknownMessage {
        /// What was asked for.
        id: MessageId,
    },
    /// No scheduled message of that id.
    #[error("there is no scheduled message {id} in this session")]
    UnknownScheduledMessage {
        /// What was asked for.
        id: ScheduledMessageId,
    },
    /// No media of that id in this session.
    #[error("there are no such media in this session")]
    UnknownMedia,
    /// Media without a byte.
    #[error("the file is empty")]
    EmptyMedia,
    /// Media could not be kept or read.
    #[error("{0}")]
    Media(MediaError),
    /// What is on a server did not come from there.
    #[error("the file could not be fetched: {why}")]
    NotFetched {
        /// Why.
        why: Box<str>,
    },
    /// It cannot be done to this.
    #[error("{why}")]
    NotPossible {
        /// Why.
        why: Box<str>,
    },
    /// WhatsApp, or the way to it, does not do it.
    #[error("not supported: {why}")]
    NotSupported {
        /// Why.
        why: Box<str>,
    },
    /// A send policy that cannot be.
    #[error(transparent)]
    Policy(#[from] InvalidPolicy),
    /// The quoted message is not in this session's log.
    #[error("the message to quote is not known in this chat")]
    UnknownQuote,
    /// The key was used before, for something else.
    #[error("this idempotency key was used for another message before")]
    KeyReused,
    /// There is no QR code, and the session's state says why.
    #[error("there is no QR code: the session is {state}")]
    NoQr {
        /// The session's state.
        state: &'static str,
    },
    /// The session did not do it.
    #[error("the session did not do it")]
    Control(#[from] ControlError),
    /// The account was asked, and it came to nothing.
    #[error("{0}")]
    Refused(Refusal),
    /// A status nobody would get.
    #[error("nobody is known by number yet; name the people it is for in `to`")]
    NoRecipients,
    /// A version was not brought in, or not put to work.
    #[error(transparent)]
    Rollout(#[from] RolloutError),
    /// No tenant of that id or name that the caller sees.
    #[error("there is no tenant {given:?}")]
    UnknownTenant {
        /// What was asked for.
        given: Box<str>,
    },
    /// No user of that id that the caller sees.
    #[error("there is no user {given:?}")]
    UnknownUser {
        /// What was asked for.
        given: Box<str>,
    },
    /// No API key of that id that the caller sees.
    #[error("there is no API key {given:?}")]
    UnknownApiKey {
        /// What was asked for.
        given: Box<str>,
    },
    /// The name of a tenant or a user is taken.
    #[error("the name {name} is taken")]
    CallerNameTaken {
        /// The name.
        name: Box<str>,
    },
    /// A tenant still has sessions.
    #[error("the tenant has {sessions} sessions; remove them first")]
    TenantInUse {
        /// How many.
        sessions: usize,
    },
    /// The default tenant cannot be removed.
    #[error("the default tenant stays")]
    DefaultTenant,
    /// The tenant has as many sessions as it may.
    #[error("the tenant may have {most} sessions, and has them")]
    TooManySessions {
        /// How many it may have.
        most: u32,
    },
    /// The tenant has sent as many messages as it may.
    #[error("the tenant may send {most} messages an hour; try again in {} s", retry_after.as_secs())]
    TenantBusy {
        /// How many it may send.
        most: u32,
        /// When there is room again.
        retry_after: Duration,
    },
    /// A caller would give what it does not have.
    #[error("you cannot give {scope}, which you do not have")]
    BeyondCaller {
        /// What.
        scope: Scope,
    },
    /// A caller who is held to some sessions makes what it could not see.
    #[error("you are held to some sessions, and can make nothing beside them")]
    HeldToSessions,
    /// What is held to sessions would open more.
    #[error("{scope} opens more than sessions, so it cannot be given to what is held to some")]
    BeyondSessions {
        /// What.
        scope: Scope,
    },
    /// It was tried too often.
    #[error(transparent)]
    TooOften(#[from] TooOften),
    /// A text is no password.
    #[error(transparent)]
    WeakPassword(#[from] WeakPassword),
    /// The password of who wants another one.
    #[error("the current password is another one")]
    WrongPassword,
    /// Something shall end before it begins.
    #[error("it would end before it begins")]
    InThePast,
    /// No webhook of that id that the caller sees.
    #[error("there is no webhook {given:?}")]
    UnknownWebhook {
        /// What was asked for.
        given: Box<str>,
    },
    /// A webhook that was not told of that event, or not lately.
    #[error("there is no such delivery of this webhook")]
    UnknownDelivery,
    /// A URL that no webhook can have.
    #[error("the webhook cannot be at this URL: {why}")]
    UnusableUrl {
        /// Why.
        why: Box<str>,
    },
    /// A caller would have told, or changes, what is told more than they may see.
    #[error("the webhook is told of more than you may see")]
    TellsTooMuch,
    /// The format of a webhook has nothing to say of what it is to be told of.
    #[error("in the format {} nothing is told of such events; it tells of {told}", format.name())]
    TellsNothing {
        /// The format.
        format: waspnest_core::webhook::Format,
        /// What it tells of.
        told: String,
    },
    /// The tenant has as many webhooks as it may.
    #[error("the tenant may have {most} webhooks, and has them")]
    TooManyWebhooks {
        /// How many it may have.
        most: usize,
    },
    /// Too many passwords are being hashed.
    #[error("too many passwords are being checked; try again")]
    Busy,
    /// The store failed.
    #[error("the store is not available")]
    Store(#[from] StoreError),
    /// Text could not be made into a QR code, a record into JSON, and the like.
    #[error("the host made a mistake")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NameTaken { name } => Self::NameTaken { name },
            SessionError::Unknown { id } => Self::UnknownSession {
                given: id.to_string().into(),
            },
            SessionError::Store(error) => Self::Store(error),
        }
    }
}

impl From<ChangeError> for Error {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::TooMany { most } => Self::TooManyWebhooks { most },
            ChangeError::Unknown { id } => Self::UnknownWebhook {
                given: id.to_string().into(),
            },
            ChangeError::Register(WebhookError::Store(error)) => Self::Store(error),
            ChangeError::Register(error @ WebhookError::Unreadable { .. }) => Self::Internal(error.into()),
        }
    }
}

impl From<MediaError> for Error {
    fn from(error: MediaError) -> Self {
        Self::Media(error)
    }
}

impl From<SetError> for Error {
    fn from(error: SetError) -> Self {
        match error {
            SetError::Invalid(error) => Self::Policy(error),
            SetError::Store(error) => Self::Store(error),
        }
    }
}

impl From<SecretError> for Error {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Store(error) => Self::Store(error),
            error @ SecretError::Unreadable { .. } => Self::Internal(error.into()),
        }
    }
}

impl From<LogError> for Error {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Store(error) => Self::Store(error),
            error @ LogError::Conflict => Self::Internal(error.into()),
        }
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => Self::Store(error),
            error @ (CommitError::Conflict | CommitError::AlreadyDone | CommitError::KvQuota { .. }) => {
                Self::Internal(error.into())
            }
        }
    }
}
