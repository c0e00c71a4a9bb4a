//! What can go wrong between a plugin and its host, and what a handler answers then.

use crate::types;
use core::fmt;

/// A call of the host that did not work.
///
/// In a handler, `?` turns it into a [`types::HandlerError`]: a refusal that may pass (the session is offline, a limit for
/// the moment, a conflict) asks for a retry, one that will not pass (no grant, a wrong argument) rejects the event.
#[derive(Debug)]
pub enum Error {
    /// The host refused the call.
    Refused {
        /// Which function, such as `messaging.send`.
        call: &'static str,
        /// Why.
        cause: types::Error,
    },
    /// Stored or configured data do not have the form the plugin expects.
    Form {
        /// What was read or written, such as `configuration` or `key "count"`.
        what: String,
        /// How they differ.
        source: serde_json::Error,
    },
    /// The manifest declares something otherwise than the plugin has it: a fault of the plugin.
    Undeclared {
        /// What, in words.
        what: String,
    },
}

impl Error {
    /// Whether the host refused for want of a grant: the plugin may go on without that capability.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                cause: types::Error::Denied(_),
                ..
            }
        )
    }

    /// Whether somebody else wrote first: read again and repeat.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                cause: types::Error::Conflict,
                ..
            }
        )
    }

    /// Names the call that was refused.
    pub(crate) fn refused(call: &'static str) -> impl FnOnce(types::Error) -> Self {
        move |cause| Self::Refused { call, cause }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { call, cause } => {
                write!(f, "the host refused {call}: ")?;
                describe(cause, f)
            }
            Self::Form { what, .. } => write!(f, "{what} is not of the expected form"),
            Self::Undeclared { what } => write!(f, "plugin.toml and the plugin do not agree on {what}"),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Refused { .. } | Self::Undeclared { .. } => None,
            Self::Form { source, .. } => Some(source),
        }
    }
}

/// The refusal in words.
fn describe(cause: &types::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match cause {
        types::Error::Denied(grant) => write!(f, "not granted: {grant}"),
        types::Error::NotFound => f.write_str("not found"),
        types::Error::Invalid(what) => write!(f, "invalid: {what}"),
        types::Error::Conflict => f.write_str("somebody else wrote first"),
        types::Error::TooLarge(limit) => write!(f, "larger than {limit} bytes"),
        types::Error::Quota(what) => write!(f, "used up: {what}"),
        types::Error::RateLimited(Some(ms)) => write!(f, "too fast, wait {ms} ms"),
        types::Error::RateLimited(None) => f.write_str("too fast"),
        types::Error::Offline => f.write_str("the session is not connected"),
        types::Error::Timeout => f.write_str("it took too long"),
        types::Error::Unsupported(what) => write!(f, "not in this version: {what}"),
        types::Error::Upstream((code, words)) => write!(f, "the other side answered {code}: {words}"),
        types::Error::Internal(what) => write!(f, "a fault of the host: {what}"),
    }
}

impl From<Error> for types::HandlerError {
    fn from(error: Error) -> Self {
        let reason = match core::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        };
        match &error {
            Error::Form { .. } | Error::Undeclared { .. } => Self::Reject(reason),
            Error::Refused { cause, .. } => match cause {
                types::Error::RateLimited(wait) => Self::Retry((reason, *wait)),
                // A refusal that holds is kept with the event: the same call would meet it again.
                types::Error::Upstream((400..=407 | 409..=424 | 426..=428 | 430..=499, _)) => Self::Reject(reason),
                types::Error::Conflict
                | types::Error::Offline
                | types::Error::Timeout
                | types::Error::Upstream(_)
                | types::Error::Internal(_) => Self::Retry((reason, None)),
                // A quota is per call or granted: the same call would meet it again.
                types::Error::Denied(_)
                | types::Error::NotFound
                | types::Error::Invalid(_)
                | types::Error::TooLarge(_)
                | types::Error::Quota(_)
                | types::Error::Unsupported(_) => Self::Reject(reason),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::HandlerError;

    #[test]
    fn what_may_pass_is_retried_and_the_rest_rejected() {
        let wait = Error::Refused {
            call: "messaging.send",
            cause: types::Error::RateLimited(Some(1500)),
        };
        assert_eq!(
            HandlerError::from(wait),
            HandlerError::Retry((
                "the host refused messaging.send: too fast, wait 1500 ms".into(),
                Some(1500)
            ))
        );
        let denied = Error::Refused {
            call: "kv.open",
            cause: types::Error::Denied("kv".into()),
        };
        assert!(denied.is_denied());
        assert_eq!(
            HandlerError::from(denied),
            HandlerError::Reject("the host refused kv.open: not granted: kv".into())
        );
    }

    #[test]
    fn a_form_error_says_what_and_how() {
        let source = serde_json::from_str::<u32>("\"x\"").expect_err("a string is no number");
        let HandlerError::Reject(reason) = Error::Form {
            what: "configuration".into(),
            source,
        }
        .into() else {
            panic!("a wrong form does not pass by itself");
        };
        assert!(
            reason.starts_with("configuration is not of the expected form: invalid type"),
            "{reason}"
        );
    }
}
