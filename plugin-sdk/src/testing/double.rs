//! The host's functions, with the signatures that wit-bindgen gives them, on the in-memory state.
//!
//! The capability modules of this crate call these natively, and must not notice a difference.

use super::state::State;
use std::cell::RefCell;

thread_local! {
    /// The state of the call that runs on this thread; none outside a call.
    static CURRENT: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// Runs a handler with a state and gives the changed state back.
pub(super) fn with_state<R>(state: State, handler: impl FnOnce() -> R) -> (State, R) {
    /// Ends the call even when the handler panics, so that the next test on this thread starts clean.
    struct Ended;
    impl Drop for Ended {
        fn drop(&mut self) {
            CURRENT.with_borrow_mut(|current| *current = None);
        }
    }
    CURRENT.with_borrow_mut(|current| *current = Some(state));
    let _ended = Ended;
    let answer = handler();
    let after = CURRENT.with_borrow_mut(Option::take).unwrap_or_default();
    (after, answer)
}

/// The running call's state, or `otherwise` outside a call.
fn call_or<R>(otherwise: R, work: impl FnOnce(&mut State) -> R) -> R {
    CURRENT.with_borrow_mut(|current| match current {
        Some(state) => work(state),
        None => otherwise,
    })
}

/// Like `call_or`, for functions that can be refused and need a grant.
fn granted<R>(
    capability: &str,
    work: impl FnOnce(&mut State) -> Result<R, crate::types::Error>,
) -> Result<R, crate::types::Error> {
    let outside = crate::types::Error::Internal("no host: run the handler through testing::Host".into());
    call_or(Err(outside), |state| {
        if state.denies(capability) {
            return Err(crate::types::Error::Denied(capability.into()));
        }
        work(state)
    })
}

pub(crate) mod account;
pub(crate) mod bus;
pub(crate) mod dialogue;
pub(crate) mod http;

pub(crate) mod media_store;

pub(crate) mod messaging;
pub(crate) mod secrets;
pub(crate) mod webhooks;

pub(crate) use account::{chats, contacts, groups};

pub(crate) mod kv {
    //! Values in a map, by scope and key.
    use super::{call_or, granted};
    use crate::bindings::imports::waspnest::plugin::kv::{Entry, Page, PutOptions};
    use crate::kv::{Scope, Usage};
    use crate::testing::state::State;
    use crate::types::Error;

    const KEY_BYTES: usize = 512;
    const VALUE_BYTES: usize = 60 * 1024;

    /// An open store: the name of its scope.
    #[derive(Debug)]
    pub(crate) struct Store(String);

    impl Store {
        pub(crate) fn open(scope: &Scope) -> Result<Self, Error> {
            granted("kv", |state| {
                let chat = state
                    .chat
                    .as_deref()
                    .ok_or_else(|| Error::Invalid("the event has no chat".into()));
                let name = match scope {
                    Scope::Instance => return Err(Error::Unsupported("kv scope instance".into())),
                    Scope::Shared(name) => format!("shared {name}"),
                    Scope::Session => "session".into(),
                    Scope::Chat => format!("chat {}", chat?),
                    Scope::Sender => {
                        let sender = state.sender.as_deref();
                        let sender = sender.ok_or_else(|| Error::Invalid("the event has no sender".into()))?;
                        format!("sender {} {sender}", chat?)
                    }
                };
                Ok(Self(name))
            })
        }

        pub(crate) fn get(&self, key: &str) -> Result<Option<Entry>, Error> {
            self.with_key(key, |state, at| Ok(live(state, &at).cloned()))
        }

        pub(crate) fn put(&self, key: &str, value: &[u8], options: Option<PutOptions>) -> Result<u64, Error> {
            self.with_key(key, |state, at| {
                if value.len() > VALUE_BYTES {
                    return Err(Error::TooLarge(VALUE_BYTES as u64));
                }
                expect_revision(state, &at, options.and_then(|options| options.if_revision))?;
                let expires_at = options
                    .and_then(|options| options.ttl_ms)
                    .map(|ttl| state.now.saturating_add(ttl));
                state.revision += 1;
                let revision = state.revision;
                state.values.insert(
                    at,
                    Entry {
                        value: value.to_vec(),
                        revision,
                        expires_at,
                    },
                );
                Ok(revision)
            })
        }

        pub(crate) fn delete(&self, key: &str, if_revision: Option<u64>) -> Result<bool, Error> {
            self.with_key(key, |state, at| {
                expect_revision(state, &at, if_revision)?;
                let found = live(state, &at).is_some();
                state.values.remove(&at);
                Ok(found)
            })
        }

        pub(crate) fn increment(&self, key: &str, delta: i64, ttl_ms_if_new: Option<u64>) -> Result<i64, Error> {
            let found = self.get(key)?;
            let before: i64 = match &found {
                None => 0,
                Some(entry) => core::str::from_utf8(&entry.value)
                    .ok()
                    .and_then(|text| text.parse().ok())
                    .ok_or_else(|| Error::Invalid("the value is no whole number".into()))?,
            };
            let after = before
                .checked_add(delta)
                .ok_or_else(|| Error::Invalid("the sum overflows".into()))?;
            let now = call_or(0, |state| state.now);
            let ttl_ms = match found {
                None => ttl_ms_if_new,
                Some(entry) => entry.expires_at.map(|at| at.saturating_sub(now)),
            };
            self.put(
                key,
                after.to_string().as_bytes(),
                Some(PutOptions {
                    ttl_ms,
                    if_revision: None,
                }),
            )?;
            Ok(after)
        }

        pub(crate) fn scan(&self, prefix: &str, limit: u32, cursor: Option<&str>) -> Result<Page, Error> {
            granted("kv", |state| {
                if !(1..=1000).contains(&limit) {
                    return Err(Error::Invalid("the limit of a scan is 1 to 1000".into()));
                }
                let mut rest = state
                    .values
                    .iter()
                    .filter(|((scope, key), entry)| *scope == self.0 && key.starts_with(prefix) && fresh(state, entry))
                    .filter(|((_, key), _)| cursor.is_none_or(|after| key.as_str() > after))
                    .map(|((_, key), entry)| (key.clone(), entry.clone()));
                let items: Vec<(String, Entry)> = rest.by_ref().take(limit as usize).collect();
                let more = rest.next().is_some();
                let cursor = items.last().filter(|_| more).map(|(key, _)| key.clone());
                Ok(Page { items, cursor })
            })
        }

        pub(crate) fn usage(&self) -> Result<Usage, Error> {
            granted("kv", |state| {
                let sizes = state
                    .values
                    .iter()
                    .map(|((_, key), entry)| (key.len() + entry.value.len()) as u64);
                Ok(Usage {
                    keys: state.values.len() as u64,
                    bytes: sizes.sum(),
                    max_keys: u64::MAX,
                    max_bytes: u64::MAX,
                })
            })
        }

        fn with_key<R>(
            &self,
            key: &str,
            work: impl FnOnce(&mut State, (String, String)) -> Result<R, Error>,
        ) -> Result<R, Error> {
            granted("kv", |state| {
                if key.is_empty() || key.len() > KEY_BYTES {
                    return Err(Error::Invalid("a key has 1 to 512 bytes".into()));
                }
                work(state, (self.0.clone(), key.into()))
            })
        }
    }

    fn fresh(state: &State, entry: &Entry) -> bool {
        entry.expires_at.is_none_or(|at| at > state.now)
    }

    fn live<'a>(state: &'a State, at: &(String, String)) -> Option<&'a Entry> {
        state.values.get(at).filter(|entry| fresh(state, entry))
    }

    fn expect_revision(state: &State, at: &(String, String), expected: Option<u64>) -> Result<(), Error> {
        let found = live(state, at).map_or(0, |entry| entry.revision);
        match expected {
            Some(expected) if expected != found => Err(Error::Conflict),
            Some(_) | None => Ok(()),
        }
    }
}

pub(crate) mod schedule {
    //! Jobs in a map.
    use super::granted;
    use crate::bindings::imports::waspnest::plugin::schedule::Job;
    use crate::schedule::Rule;
    use crate::testing::state::Planned;
    use crate::types::{Error, UnixMs};

    const ID_BYTES: usize = 128;
    const PAYLOAD_BYTES: usize = 16 * 1024;

    pub(crate) fn put(job: &Job) -> Result<UnixMs, Error> {
        granted("schedule", |state| {
            if job.id.is_empty() || job.id.len() > ID_BYTES {
                return Err(Error::Invalid("a job's id has 1 to 128 bytes".into()));
            }
            if job.payload.len() > PAYLOAD_BYTES {
                return Err(Error::TooLarge(PAYLOAD_BYTES as u64));
            }
            let due = match &job.rule {
                Rule::At(time) => *time,
                Rule::AfterMs(delay) | Rule::EveryMs(delay) => state.now.saturating_add(*delay),
                Rule::Cron(_) => {
                    let hint = "cron in a test: say Host::with_cron_due_at";
                    state.cron_due_at.ok_or_else(|| Error::Unsupported(hint.into()))?
                }
            };
            state.jobs.insert(
                job.id.clone(),
                Planned {
                    job: job.clone(),
                    due,
                    chat: state.chat.clone(),
                },
            );
            Ok(due)
        })
    }

    pub(crate) fn cancel(id: &str) -> Result<bool, Error> {
        granted("schedule", |state| Ok(state.jobs.remove(id).is_some()))
    }

    pub(crate) fn list() -> Result<Vec<Job>, Error> {
        granted("schedule", |state| {
            let with_next = |planned: &Planned| Job {
                next: Some(planned.due),
                ..planned.job.clone()
            };
            Ok(state.jobs.values().map(with_next).collect())
        })
    }
}

pub(crate) mod config {
    //! The JSON the test gave.
    use super::call_or;

    pub(crate) fn all() -> String {
        call_or("{}".into(), |state| state.config.clone())
    }

    pub(crate) fn get(pointer: &str) -> Option<String> {
        let value: serde_json::Value = serde_json::from_str(&all()).ok()?;
        value.pointer(pointer).map(ToString::to_string)
    }
}

pub(crate) mod log {
    //! Lines in a list; figures are not kept.
    use super::call_or;
    use crate::log::Level;
    use crate::testing::state::LogLine;

    pub(crate) fn emit(level: Level, message: &str, fields: &[(String, String)]) {
        call_or((), |state| {
            state.log.push(LogLine {
                level,
                message: message.into(),
                fields: fields.to_vec(),
            })
        });
    }

    pub(crate) fn counter(_name: &str, _delta: u64, _labels: &[(String, String)]) {}

    pub(crate) fn histogram(_name: &str, _value: f64, _labels: &[(String, String)]) {}
}

pub(crate) mod meta {
    //! A host of this crate's version, with room for everything.
    use super::call_or;
    use crate::meta::Remaining;

    pub(crate) fn host_version() -> String {
        env!("CARGO_PKG_VERSION").into()
    }

    pub(crate) fn granted(capability: &str) -> bool {
        call_or(false, |state| !state.denies(capability))
    }

    pub(crate) fn budget() -> Remaining {
        Remaining {
            fuel_left: u64::MAX,
            memory_left: u64::MAX,
            http_left: 0,
            live_left: u32::MAX,
            sends_left: u32::MAX,
            ms_left: u64::MAX,
        }
    }

    pub(crate) fn yield_() {}
}
