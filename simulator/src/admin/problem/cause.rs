//! Which status and code each error of the simulator and its people becomes, and nowhere else.

use std::error::Error;

use http::StatusCode;

use super::{Code, Problem};
use crate::human::persona::PersonaError;
use crate::human::{CastError, HumanError};
use crate::{
    AccountError, ActionError, CallError, CodeError, FaultError, GroupError, HistoryError, MediaError, NewsletterError,
    PictureError, PrivacyError, PrivacyValue, RestartError, ScanError, UnlinkError, WorldFileError,
};

impl From<HumanError> for Problem {
    fn from(error: HumanError) -> Self {
        let (status, code) = match error {
            HumanError::Account(error) => return error.into(),
            HumanError::Scan(error) => return error.into(),
            HumanError::Code(error) => return error.into(),
            HumanError::Build { .. } => (StatusCode::INTERNAL_SERVER_ERROR, Code::ClientFailed),
            HumanError::NoPairingCode | HumanError::NotConnected => (StatusCode::GATEWAY_TIMEOUT, Code::NotConnected),
            HumanError::Away => (StatusCode::CONFLICT, Code::Offline),
            HumanError::Ended { .. } => (StatusCode::CONFLICT, Code::SessionEnded),
            HumanError::Address { .. } => (StatusCode::UNPROCESSABLE_ENTITY, Code::BadAddress),
            HumanError::Send { .. } => (StatusCode::BAD_GATEWAY, Code::SendFailed),
            HumanError::Media { .. } => (StatusCode::BAD_GATEWAY, Code::MediaFailed),
            HumanError::NoMedia { .. } => (StatusCode::CONFLICT, Code::NoMedia),
            HumanError::Refused { .. } => (StatusCode::BAD_GATEWAY, Code::RefusedByServer),
            HumanError::NotAcknowledged { .. } => (StatusCode::GATEWAY_TIMEOUT, Code::NotAcknowledged),
            HumanError::UnknownMessage { .. } => (StatusCode::NOT_FOUND, Code::UnknownMessage),
            HumanError::RequestRefused { .. } => (StatusCode::BAD_GATEWAY, Code::RefusedByServer),
            HumanError::Unreadable { .. } => (StatusCode::BAD_GATEWAY, Code::Unreadable),
            HumanError::Request { .. } => (StatusCode::BAD_GATEWAY, Code::RequestFailed),
            HumanError::NotSeen { .. } => (StatusCode::NOT_FOUND, Code::NothingHeard),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<PersonaError> for Problem {
    fn from(error: PersonaError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::BadPersona, told(&error))
    }
}

impl From<CastError> for Problem {
    fn from(error: CastError) -> Self {
        let code = match error {
            CastError::Persona(error) => return error.into(),
            CastError::Join(error) => return error.into(),
            CastError::Account { source, .. } => return source.into(),
            CastError::UnknownPersona { .. }
            | CastError::TooMany(_)
            | CastError::BadFirstPhone(_)
            | CastError::Toml(_)
            | CastError::Json(_) => Code::BadCast,
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, told(&error))
    }
}

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        let (status, code) = match error {
            AccountError::BadPhone(_) => (StatusCode::UNPROCESSABLE_ENTITY, Code::BadPhone),
            AccountError::Taken(_) => (StatusCode::CONFLICT, Code::PhoneTaken),
            AccountError::Unknown(_) => (StatusCode::NOT_FOUND, Code::Unknown),
            AccountError::Keys(_) => (StatusCode::INTERNAL_SERVER_ERROR, Code::KeysFailed),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<ScanError> for Problem {
    fn from(error: ScanError) -> Self {
        let (status, code) = match error {
            ScanError::UnknownAccount(_) => (StatusCode::NOT_FOUND, Code::Unknown),
            ScanError::BadCode(_) => (StatusCode::UNPROCESSABLE_ENTITY, Code::BadPairingCode),
            ScanError::UnknownRef | ScanError::Expired | ScanError::KeyMismatch(_) => {
                (StatusCode::CONFLICT, Code::StalePairingCode)
            }
            ScanError::TooManyDevices(_) => (StatusCode::CONFLICT, Code::TooManyDevices),
            ScanError::Signing(_) => (StatusCode::INTERNAL_SERVER_ERROR, Code::SigningFailed),
            ScanError::RefusedByClient(_) | ScanError::BadDeviceSignature(_) | ScanError::Passkey(_) => {
                (StatusCode::BAD_GATEWAY, Code::ClientRefused)
            }
            ScanError::ClientGone | ScanError::Timeout => (StatusCode::GATEWAY_TIMEOUT, Code::ClientSilent),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<CodeError> for Problem {
    fn from(error: CodeError) -> Self {
        let (status, code) = match error {
            CodeError::Linking(error) => return error.into(),
            CodeError::UnknownAccount(_) => (StatusCode::NOT_FOUND, Code::Unknown),
            CodeError::BadCode => (StatusCode::UNPROCESSABLE_ENTITY, Code::BadPairingCode),
            CodeError::NobodyWaits | CodeError::Expired => (StatusCode::CONFLICT, Code::StalePairingCode),
            CodeError::WrongCode { .. } => (StatusCode::CONFLICT, Code::WrongPairingCode),
            CodeError::BadBundle(_) => (StatusCode::BAD_GATEWAY, Code::ClientRefused),
            CodeError::Unanswered => (StatusCode::GATEWAY_TIMEOUT, Code::ClientSilent),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<ActionError> for Problem {
    fn from(error: ActionError) -> Self {
        let (status, code) = match error {
            ActionError::UnknownAccount(_) => (StatusCode::NOT_FOUND, Code::Unknown),
            ActionError::BadAddress(_) => (StatusCode::UNPROCESSABLE_ENTITY, Code::BadAddress),
            ActionError::Refused(_) => (StatusCode::CONFLICT, Code::RefusedByServer),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<GroupError> for Problem {
    fn from(error: GroupError) -> Self {
        let (status, code) = match error {
            GroupError::Unknown(_) | GroupError::UnknownAccount(_) => (StatusCode::NOT_FOUND, Code::Unknown),
            GroupError::Subject => (StatusCode::UNPROCESSABLE_ENTITY, Code::BadSubject),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<PrivacyError> for Problem {
    fn from(error: PrivacyError) -> Self {
        match error {
            PrivacyError::Account(error) => error.into(),
            PrivacyError::NotPossible { category, .. } => {
                let possible = PrivacyValue::ALL.into_iter().filter(|value| category.accepts(*value));
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::BadPrivacy, told(&error))
                    .allowing(possible.map(PrivacyValue::name))
            }
        }
    }
}

impl From<NewsletterError> for Problem {
    fn from(error: NewsletterError) -> Self {
        let code = match error {
            NewsletterError::UnknownAccount(_)
            | NewsletterError::UnknownNewsletter(_)
            | NewsletterError::UnknownPost(_) => Code::Unknown,
        };
        Self::new(StatusCode::NOT_FOUND, code, told(&error))
    }
}

impl From<FaultError> for Problem {
    fn from(error: FaultError) -> Self {
        let (status, code) = match error {
            FaultError::Account(error) => return error.into(),
            FaultError::Probability(_) | FaultError::OutOfBounds { .. } | FaultError::Direction { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, Code::BadFault)
            }
            FaultError::TooMany(_) => (StatusCode::CONFLICT, Code::TooManyFaults),
            FaultError::Unknown(_) => (StatusCode::NOT_FOUND, Code::Unknown),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<CallError> for Problem {
    fn from(error: CallError) -> Self {
        let (status, code) = match error {
            CallError::Unknown(_) => (StatusCode::NOT_FOUND, Code::Unknown),
            CallError::NotUnderWay(_) => (StatusCode::CONFLICT, Code::CallOver),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<PictureError> for Problem {
    fn from(error: PictureError) -> Self {
        match error {
            PictureError::Account(error) => error.into(),
            PictureError::Size(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::BadPicture, told(&error)),
        }
    }
}

impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Account(error) => error.into(),
            HistoryError::TooMuch => Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::TooMuchHistory, told(&error)),
        }
    }
}

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        let code = match error {
            MediaError::Unknown(_) => Code::Unknown,
        };
        Self::new(StatusCode::NOT_FOUND, code, told(&error))
    }
}

impl From<RestartError> for Problem {
    fn from(error: RestartError) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::RestartFailed, told(&error))
    }
}

impl From<WorldFileError> for Problem {
    fn from(error: WorldFileError) -> Self {
        let (status, code) = match error {
            WorldFileError::Restart(error) => return error.into(),
            WorldFileError::Read { .. } | WorldFileError::Write { .. } => (StatusCode::CONFLICT, Code::FileFailed),
            WorldFileError::Truncated { .. }
            | WorldFileError::Format { .. }
            | WorldFileError::Version { .. }
            | WorldFileError::Malformed { .. }
            | WorldFileError::Unsound { .. } => (StatusCode::UNPROCESSABLE_ENTITY, Code::BadWorldFile),
        };
        Self::new(status, code, told(&error))
    }
}

impl From<UnlinkError> for Problem {
    fn from(error: UnlinkError) -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::Unknown, told(&error))
    }
}

/// The error with its causes, in one line.
fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        told.push_str(": ");
        told.push_str(&source.to_string());
        cause = source.source();
    }
    told
}
