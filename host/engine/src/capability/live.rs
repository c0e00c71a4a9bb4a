//! Operations on the account, answered inside the handler: what `groups`, `contacts` and `chats` share.
//!
//! An answer, and a refusal that holds, is kept before the guest sees it, so that a repeated call of the handler does nothing twice.
//! Which operations exist and what carries them out is not known here (see [`waspnest_core::live`]).

use std::time::Duration;

use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::codec::{self, Record};
use waspnest_core::journal::Question;
use waspnest_core::live::{Answer as Told, Ended, Operation, Refusal, Request, Token};

use super::{Answer, denied, granted, invalid};
use crate::bindings::waspnest::plugin::types::Error;
use crate::limits::LIVE_TIMEOUT;
use crate::manifest::{Capability, Rule};
use crate::state::Call;

/// What an operation is about, as far as grants care.
#[derive(Debug, Clone, Copy)]
pub(super) enum About<'a> {
    /// A chat or a group.
    Chat(&'a Jid),
    /// A person: in reach too when they wrote or did what is being handled.
    Person(&'a Jid),
    /// Nothing that is known beforehand.
    Anything,
}

/// Whether an operation is looked for among what is there before it is done once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repetition {
    /// Doing it twice is as good as once.
    Harmless,
    /// Whoever does it must know that an attempt was begun.
    Announced,
}

impl Call {
    /// Whether a capability reaches something.
    pub(super) fn reaches(&self, capability: Capability, about: About<'_>) -> Result<(), Error> {
        let scope = self.effective.scope(capability).ok_or_else(|| denied(capability))?;
        for rule in &scope.0 {
            let within = match (rule, about) {
                (Rule::ReplyOnly, About::Chat(jid)) => self.scene.is_chat(jid),
                (Rule::ReplyOnly, About::Person(jid)) => self.scene.is_chat(jid) || self.scene.is_sender(jid),
                (Rule::Chats(chats), About::Chat(jid) | About::Person(jid)) => chats.contains(jid),
                (Rule::ReplyOnly | Rule::Chats(_), About::Anything) => false,
            };
            if within {
                continue;
            }
            let words = match (rule, about) {
                (_, About::Anything) => "this needs the scope any",
                (Rule::ReplyOnly, About::Chat(_)) => "only the chat of the event (scope reply-only)",
                (Rule::ReplyOnly, About::Person(_)) => "only the chat and the sender of the event (scope reply-only)",
                (Rule::Chats(_), About::Chat(_)) => "the chat is not among those granted",
                (Rule::Chats(_), About::Person(_)) => "the person is not among those granted",
            };
            return Err(Error::Denied(format!("{capability}: {words}")));
        }
        Ok(())
    }

    /// The answer to an operation: the kept one, or the account's.
    pub(super) async fn live(
        &mut self,
        capability: Capability,
        operation: Operation,
        repetition: Repetition,
    ) -> Answer<Told> {
        let text = codec::encode(&operation);
        let question = self.question(operation.name(), &text);
        if let Some(Ended(kept)) = self.kept(&question).await? {
            return Ok(kept.map_err(refused));
        }
        granted!(self.rate(capability));
        // The account is asked now, whatever becomes of the call.
        self.taken.keep_last();
        let begun = match repetition {
            Repetition::Harmless => None,
            Repetition::Announced => self.begin(&question).await?,
        };
        let request = Request {
            operation,
            token: Token(self.token(&question)),
            begun,
        };
        let late = self
            .clock
            .sleep(self.deadline.since(self.clock.now()).min(LIVE_TIMEOUT));
        let ended = tokio::select! {
            biased;
            ended = self.host.ask_account(request) => ended,
            () = late => Err(Refusal::TimedOut),
        };
        if ended.as_ref().err().is_none_or(Refusal::is_final) {
            self.keep(&question, &Ended(ended.clone())).await?;
        }
        Ok(ended.map_err(refused))
    }

    /// Notes for good that something is about to be done; when an earlier attempt noted that already, says when.
    async fn begin(&mut self, question: &Question) -> wasmtime::Result<Option<UnixMs>> {
        let note = self.question("begun", question.bytes());
        if let Some(Begun(at)) = self.kept(&note).await? {
            return Ok(Some(UnixMs(at)));
        }
        self.keep_for_good(&note, &Begun(self.clock.now().0)).await?;
        Ok(None)
    }
}

/// A note that something was begun, and when.
#[derive(serde::Serialize, serde::Deserialize)]
struct Begun(u64);

impl Record for Begun {
    const VERSION: u8 = 1;
}

fn refused(refusal: Refusal) -> Error {
    let ms = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    match refusal {
        Refusal::Offline => Error::Offline,
        Refusal::TimedOut => Error::Timeout,
        Refusal::TooFast { wait } => Error::RateLimited(wait.map(ms)),
        Refusal::NotFound => Error::NotFound,
        Refusal::Invalid(words) => Error::Invalid(words.into()),
        Refusal::Refused { code, words } => Error::Upstream((code, words.into())),
    }
}

/// The answer to an account that answers something else than it was asked.
pub(super) fn beside_the_point(told: &Told) -> Error {
    Error::Internal(format!("the session answered with {told:?}"))
}

/// An address of a guest.
pub(super) fn address(argument: &str, text: &str) -> Result<Jid, Error> {
    text.parse().map_err(|error| invalid(argument, error))
}

/// Takes one kind of answer out, or answers that it is another.
macro_rules! told {
    ($answer:expr, $pattern:pat => $value:expr) => {
        match granted!($answer) {
            $pattern => Ok(Ok($value)),
            other => Ok(Err(beside_the_point(&other))),
        }
    };
}
pub(super) use told;
