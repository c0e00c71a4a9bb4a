//! Linking a device other than by a QR code alone: a code that is typed into the phone, and the passkey WhatsApp may want to see.
//!
//! Both are said on the connection that shows the QR codes, whichever comes first wins.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::live::Refusal;
use whatsapp_rust::Client;
use whatsapp_rust::pair_code::{PairCodeError, PairCodeOptions, PairCodeRejection, PairError};
use whatsapp_rust::passkey::{Assertion, PasskeyError};
use whatsapp_rust::wacore::pair_code::PairCodeUtils;

use super::{Request, RequestError, SessionHandle};
use crate::live::refusal::{failed, of_query};

/// How long a connection may take to show its first code.
const PATIENCE: Duration = Duration::from_secs(30);

/// A code to be typed into the phone ("link with phone number instead").
#[derive(Clone, PartialEq, Eq)]
pub struct PairCode {
    /// Eight characters. Whoever types them links this session to their account.
    pub code: Box<str>,
    /// When it stops to work.
    pub valid_until: UnixMs,
}

impl fmt::Debug for PairCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairCode")
            .field("valid_until", &self.valid_until)
            .finish_non_exhaustive()
    }
}

/// How far the showing of a passkey has come, once WhatsApp has asked for one.
#[derive(Clone, PartialEq, Eq)]
pub enum Passkey {
    /// It is asked for.
    Asked {
        /// What an authenticator is asked for, as JSON: `PublicKeyCredentialRequestOptions` of WebAuthn.
        options: Box<str>,
    },
    /// It was shown. The phone shows the same code, and the person who holds it has to compare both.
    Compare {
        /// The code.
        code: Box<str>,
    },
    /// It came to nothing.
    Failed {
        /// Why.
        reason: Box<str>,
    },
}

impl fmt::Debug for Passkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked { .. } => "Asked",
            Self::Compare { .. } => "Compare",
            Self::Failed { .. } => "Failed",
        })
    }
}

/// Why a device was not linked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PairingError {
    /// There is one already.
    #[error("a device is linked already; log the session out to link another")]
    Linked,
    /// The session did not do it.
    #[error(transparent)]
    Session(#[from] RequestError),
    /// WhatsApp, or the client, refused it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It is not the time for it.
    #[error("{0}")]
    NotNow(Box<str>),
}

impl SessionHandle {
    /// A code to type into the phone of this number. An earlier one leads nowhere from then on. `custom` chooses the code.
    ///
    /// # Errors
    /// [`PairingError`].
    pub async fn pair_code(&self, phone: &Jid, custom: Option<&str>) -> Result<PairCode, PairingError> {
        let client = self.pairing().await?;
        // A connection that shows its first QR code can be asked for the other kind.
        let mut qr = self.qr();
        tokio::select! {
            shown = qr.wait_for(Option::is_some) => drop(shown.map_err(|_| RequestError::Closed)?),
            () = self.published.clock.sleep(PATIENCE) => return Err(Refusal::Offline.into()),
        }
        client.cancel_pair_code().await;
        let options = PairCodeOptions {
            phone_number: phone.user().to_owned(),
            custom_code: custom.map(str::to_owned),
            ..PairCodeOptions::default()
        };
        let asked = self.published.clock.now();
        let code = client.pair_with_code(options).await.map_err(of_code)?;
        Ok(PairCode {
            code: code.into(),
            valid_until: asked.plus(PairCodeUtils::code_validity()),
        })
    }

    /// How far the showing of a passkey has come; none while WhatsApp asks for none.
    #[must_use]
    pub fn passkey(&self) -> tokio::sync::watch::Receiver<Option<Passkey>> {
        self.passkey.clone()
    }

    /// Hands over what the authenticator said: WhatsApp's form of a WebAuthn assertion, as JSON, and the id of the credential.
    ///
    /// # Errors
    /// [`PairingError::NotNow`] when WhatsApp did not ask for it.
    pub async fn show_passkey(&self, assertion: Vec<u8>, credential: Vec<u8>) -> Result<(), PairingError> {
        match &*self.passkey.borrow() {
            Some(Passkey::Asked { .. }) => {}
            Some(Passkey::Compare { .. } | Passkey::Failed { .. }) | None => {
                return Err(PairingError::NotNow("WhatsApp does not ask for a passkey now".into()));
            }
        }
        let client = self.pairing().await?;
        let assertion = Assertion {
            assertion_json: assertion,
            credential_id: credential,
        };
        client.send_passkey_response(assertion).await.map_err(of_passkey)
    }

    /// Says that the phone shows the same code.
    ///
    /// # Errors
    /// [`PairingError::NotNow`] when there is no code to compare.
    pub async fn confirm_passkey(&self) -> Result<(), PairingError> {
        match &*self.passkey.borrow() {
            Some(Passkey::Compare { .. }) => {}
            Some(Passkey::Asked { .. } | Passkey::Failed { .. }) | None => {
                return Err(PairingError::NotNow("there is no code to compare now".into()));
            }
        }
        let client = self.pairing().await?;
        client.send_passkey_confirmation().await.map_err(of_passkey)
    }

    /// The client that pairs; it is started when there is none.
    async fn pairing(&self) -> Result<Arc<Client>, PairingError> {
        let (reply, answer) = oneshot::channel();
        let asked = self.requests.send(Request::Pair(reply)).await;
        asked.map_err(|_| RequestError::Closed)?;
        let client = answer.await.unwrap_or(Err(RequestError::Closed))?;
        client.ok_or(PairingError::Linked)
    }
}

fn of_code(error: PairError) -> PairingError {
    let (rejection, backoff) = (error.rejection(), error.backoff());
    PairingError::Refused(match error {
        PairError::PairCode(
            error @ (PairCodeError::PhoneNumberRequired
            | PairCodeError::PhoneNumberTooShort
            | PairCodeError::PhoneNumberNotInternational
            | PairCodeError::InvalidCustomCode),
        ) => Refusal::Invalid(error.to_string().into()),
        PairError::PairCode(error) => failed(error),
        // WhatsApp says "bad request" to who asks too often, as well.
        PairError::RequestFailed(error) => match rejection {
            Some(PairCodeRejection::RateOverlimit) => Refusal::TooFast { wait: backoff },
            Some(_) | None => of_query(error),
        },
        error => failed(error),
    })
}

fn of_passkey(error: PasskeyError) -> PairingError {
    PairingError::Refused(match error {
        error @ (PasskeyError::NoCredential | PasskeyError::Cancelled | PasskeyError::InvalidOptions(_)) => {
            Refusal::Invalid(error.to_string().into())
        }
        error => failed(error),
    })
}
