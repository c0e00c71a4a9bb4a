//! What whatsapp-rust's errors mean to whoever asked.

use std::error::Error;
use std::time::Duration;

use waspnest_core::live::Refusal;
use whatsapp_rust::request::IqError;
use whatsapp_rust::{
    AppStateError, BlockingError, ClientError, CommunityError, ContactError, GroupError, MexError, NewsletterError,
    PresenceError, ProfileError, SendError,
};

/// A failure of the client itself, which may not happen the next time.
pub(crate) fn failed(reason: impl ToString) -> Refusal {
    Refusal::Refused {
        code: 0,
        words: reason.to_string().into(),
    }
}

fn invalid(reason: impl ToString) -> Refusal {
    Refusal::Invalid(reason.to_string().into())
}

pub(crate) fn of_query(error: IqError) -> Refusal {
    match error {
        IqError::Timeout => Refusal::TimedOut,
        IqError::NotConnected
        | IqError::Disconnected(_)
        | IqError::InternalChannelClosed
        | IqError::Socket(_)
        | IqError::EncryptSend(_) => Refusal::Offline,
        IqError::ClientState(error) => of_client(*error),
        IqError::ServerError { code: 404, .. } => Refusal::NotFound,
        IqError::ServerError { code: 429, backoff, .. } => Refusal::TooFast {
            wait: backoff.map(|seconds| Duration::from_secs(seconds.into())),
        },
        IqError::ServerError { code, text, .. } => Refusal::Refused {
            code: code.into(),
            words: text.into(),
        },
        error => failed(describe(&error)),
    }
}

pub(crate) fn of_client(error: ClientError) -> Refusal {
    match error {
        ClientError::NotConnected | ClientError::NotLoggedIn | ClientError::Socket(_) | ClientError::EncryptSend(_) => {
            Refusal::Offline
        }
        ClientError::Iq(error) => of_query(error),
        error => failed(describe(&error)),
    }
}

pub(crate) fn of_send(error: SendError) -> Refusal {
    match error {
        SendError::NotLoggedIn => Refusal::Offline,
        SendError::Client(error) => of_client(error),
        SendError::Iq(error) => of_query(error),
        SendError::InvalidRequest(reason) => invalid(reason),
        error => failed(describe(&error)),
    }
}

pub(crate) fn of_group(error: GroupError) -> Refusal {
    match error {
        GroupError::Iq(error) => of_query(error),
        GroupError::Mex(error) => of_mex(error),
        GroupError::InvalidRequest(reason) => invalid(reason),
        // Another device was faster; asked again, the new description is replaced.
        GroupError::DescriptionConflict => failed(error),
        GroupError::Internal(error) => of_any(error),
        error => failed(describe(&error)),
    }
}

pub(crate) fn of_community(error: CommunityError) -> Refusal {
    match error {
        CommunityError::Iq(error) => of_query(error),
        CommunityError::Mex(error) => of_mex(error),
        CommunityError::Group(error) => of_group(error),
        CommunityError::InvalidRequest(reason) => invalid(reason),
        error => failed(describe(&error)),
    }
}

pub(crate) fn of_contact(error: ContactError) -> Refusal {
    match error {
        ContactError::Iq(error) => of_query(error),
        ContactError::InvalidJid(reason) => invalid(reason),
        error => failed(describe(&error)),
    }
}

pub(crate) fn of_blocking(error: BlockingError) -> Refusal {
    match error {
        BlockingError::Iq(error) => of_query(error),
        BlockingError::InvalidJid(reason) => invalid(reason),
        BlockingError::Internal(error) => of_any(error),
        error => failed(describe(&error)),
    }
}

pub(crate) fn of_app_state(error: AppStateError) -> Refusal {
    match error {
        AppStateError::Internal(error) => of_any(error),
        // What is asked for is in form already: what is left is that the phone has not sent its keys yet.
        error => failed(describe(&error)),
    }
}

pub(crate) fn of_newsletter(error: NewsletterError) -> Refusal {
    match error {
        NewsletterError::Mex(error) => of_mex(error),
        NewsletterError::Iq(error) => of_query(error),
        NewsletterError::Client(error) => of_client(error),
        // All that is asked for is in form already: what is left are answers without the newsletter that was asked about.
        NewsletterError::InvalidRequest(_) => Refusal::NotFound,
        NewsletterError::Internal(error) => of_any(error),
        error => failed(describe(&error)),
    }
}

pub(crate) fn of_profile(error: ProfileError) -> Refusal {
    match error {
        ProfileError::Iq(error) => of_query(error),
        ProfileError::Client(error) => of_client(error),
        ProfileError::InvalidArgument(reason) => invalid(reason),
        ProfileError::Internal(error) => of_any(error),
        error => failed(describe(&error)),
    }
}

pub(crate) fn of_presence(error: PresenceError) -> Refusal {
    match error {
        PresenceError::PushNameEmpty => {
            invalid("presence: the account has no name yet, and WhatsApp wants one shown with it; set its name first")
        }
        PresenceError::Client(error) => of_client(error),
        PresenceError::Other(error) => of_any(error),
        error => failed(describe(&error)),
    }
}

fn of_mex(error: MexError) -> Refusal {
    match error {
        MexError::Request(IqError::ParseError(error)) => match in_document(&error.to_string()) {
            Some((code, words)) => of_document(code, words),
            None => failed(format!("{error:#}")),
        },
        MexError::Request(error) => of_query(error),
        MexError::ExtensionError { code, message } => of_document(u32::try_from(code).unwrap_or(0), &message),
        error => failed(describe(&error)),
    }
}

/// What a document of JSON says that was refused.
fn of_document(code: u32, words: &str) -> Refusal {
    match code {
        404 => Refusal::NotFound,
        429 => Refusal::TooFast { wait: None },
        code => Refusal::Refused {
            code,
            words: words.into(),
        },
    }
}

/// The code and the words of a refused document: whatsapp-rust has them in the text of its error alone.
fn in_document(text: &str) -> Option<(u32, &str)> {
    let (_, refused) = text.split_once("MEX fatal error")?;
    let (_, code) = refused.split_once("code=")?;
    let (code, words) = code.split_once("): ")?;
    Some((code.parse().ok()?, words))
}

/// An error of any kind, in which a query's may be hidden.
pub(crate) fn of_any(error: whatsapp_rust::anyhow::Error) -> Refusal {
    match error.downcast::<IqError>() {
        Ok(error) => of_query(error),
        Err(error) => failed(format!("{error:#}")),
    }
}

/// An error with its causes.
fn describe(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(code: u16, backoff: Option<u32>) -> IqError {
        IqError::ServerError {
            code,
            text: "words".to_owned(),
            error_type: None,
            backoff,
        }
    }

    #[test]
    fn answers_of_the_server_keep_their_meaning() {
        assert_eq!(of_query(answered(404, None)), Refusal::NotFound);
        assert_eq!(
            of_query(answered(429, Some(7))),
            Refusal::TooFast {
                wait: Some(Duration::from_secs(7))
            }
        );
        let refused = of_group(GroupError::Iq(answered(403, None)));
        assert!(
            matches!(&refused, Refusal::Refused { code: 403, words } if &**words == "words"),
            "{refused:?}"
        );
        assert!(refused.is_final());
        assert!(!of_query(answered(503, None)).is_final());
        assert_eq!(of_client(ClientError::NotLoggedIn), Refusal::Offline);
    }

    #[test]
    fn a_refused_document_keeps_its_code() {
        let said = "MEX fatal error (query=WAWebMexFetchNewsletterJobQuery, code=404): Not Found";
        assert_eq!(in_document(said), Some((404, "Not Found")));
        assert_eq!(in_document("something else"), None);
        assert_eq!(of_document(404, "Not Found"), Refusal::NotFound);
    }

    #[test]
    fn a_query_is_found_below_other_errors() {
        let hidden = whatsapp_rust::anyhow::Error::new(IqError::NotConnected).context("sending the patch");
        assert_eq!(of_app_state(AppStateError::Internal(hidden)), Refusal::Offline);
        let early = of_app_state(AppStateError::InvalidRequest(
            "no app state sync key available".to_owned(),
        ));
        assert!(!early.is_final(), "{early:?}");
    }
}
