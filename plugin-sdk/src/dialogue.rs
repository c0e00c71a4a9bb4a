//! Conversations over several messages: where one stands, and whose next message is waited for. Needs `dialogue`.
//!
//! What was waited for arrives at the plugin's [`ReplyHandler`](crate::ReplyHandler), and so does the news that nothing came in
//! time. Changes commit with the event or not at all.
//!
//! ```
//! # use core::time::Duration;
//! # use waspnest_plugin::{Error, dialogue, dialogue::State, messaging, types::Message};
//! # fn ask(msg: &Message) -> Result<(), Error> {
//! messaging::reply(msg, "Which size: small or large?")?;
//! let order = State::new("size").with(&"a coffee")?;
//! dialogue::sender().expect(order, Duration::from_secs(600))?;
//! # Ok(())
//! # }
//! ```

use crate::bindings::imports::waspnest::plugin::dialogue as contract;
use crate::types::Pending;
use crate::{Error, host};
use core::time::Duration;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::bindings::imports::waspnest::plugin::dialogue::{State, Who};

/// The dialogue with the chat of the event, whoever writes there.
#[must_use]
pub fn chat() -> Dialogue {
    Dialogue(Who::Chat)
}

/// The dialogue with the person who made the event, in its chat.
#[must_use]
pub fn sender() -> Dialogue {
    Dialogue(Who::Sender)
}

/// A dialogue of the event's chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialogue(contract::Who);

impl Dialogue {
    /// Where it stands.
    ///
    /// # Errors
    /// When `dialogue` is not granted, or the event has no such chat or person.
    pub fn get(self) -> Result<Option<State>, Error> {
        host::dialogue::get(self.0).map_err(Error::refused("dialogue.get"))
    }

    /// Notes where it stands, until that is changed.
    ///
    /// # Errors
    /// As [`get`](Self::get), and when the data are too large or too many dialogues are open.
    pub fn set(self, state: State) -> Result<(), Error> {
        self.write(Some(state), None)
    }

    /// Notes where it stands, for as long as `lifetime`.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn set_for(self, state: State, lifetime: Duration) -> Result<(), Error> {
        self.write(Some(state), Some(millis(lifetime)))
    }

    /// Forgets where it stood.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn clear(self) -> Result<(), Error> {
        self.write(None, None)
    }

    /// Waits for the next message, for as long as `lifetime` (a second to 30 days). `state` comes back with it.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn expect(self, state: State, lifetime: Duration) -> Result<(), Error> {
        let State { name, data, version } = state;
        host::dialogue::expect(self.0, &name, &data, version, millis(lifetime))
            .map_err(Error::refused("dialogue.expect"))
    }

    /// Waits no longer, and answers whether it did.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn cancel(self) -> Result<bool, Error> {
        host::dialogue::cancel(self.0).map_err(Error::refused("dialogue.cancel"))
    }

    fn write(self, state: Option<State>, ttl_ms: Option<u64>) -> Result<(), Error> {
        host::dialogue::set(self.0, state.as_ref(), ttl_ms).map_err(Error::refused("dialogue.set"))
    }
}

impl State {
    /// A state without data, of version 0.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            data: Vec::new(),
            version: 0,
        }
    }

    /// A step of a conversation that is written as an enum: the state is called like the variant, and the whole value is its data. It comes
    /// back by [`read`](Self::read) and [`Pending::read`].
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use waspnest_plugin::{Error, dialogue, dialogue::State, types::Pending};
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// enum Booking {
    ///     Day,
    ///     Hour { day: String },
    /// }
    /// # fn ask() -> Result<(), Error> {
    /// let next = Booking::Hour { day: "monday".into() };
    /// dialogue::sender().expect(State::step(&next)?, Duration::from_secs(600))?;
    /// # Ok(())
    /// # }
    /// # fn answered(pending: &Pending) -> Result<(), Error> {
    /// match pending.read()? {
    ///     Booking::Day => { /* the answer is a day */ }
    ///     Booking::Hour { day } => { /* the answer is an hour of that day */ }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When it cannot be written as JSON, or is no enum of serde's usual form.
    pub fn step<T: Serialize>(step: &T) -> Result<Self, Error> {
        let form = |source| Error::Form {
            what: "a step of a dialogue".to_owned(),
            source,
        };
        let name = match serde_json::to_value(step).map_err(form)? {
            serde_json::Value::String(variant) => Some(variant),
            serde_json::Value::Object(fields) if fields.len() == 1 => {
                fields.into_iter().next().map(|(variant, _)| variant)
            }
            _ => None,
        };
        let name = name.ok_or_else(|| {
            form(serde::ser::Error::custom(
                "it is not an enum with its variant as the tag",
            ))
        })?;
        Self::new(name).with(step)
    }

    /// Adds data, as JSON; at most 16 KiB.
    ///
    /// # Errors
    /// When they cannot be written as JSON.
    pub fn with<T: Serialize + ?Sized>(mut self, data: &T) -> Result<Self, Error> {
        self.data = serde_json::to_vec(data).map_err(|source| Error::Form {
            what: format!("data of the dialogue {:?}", self.name),
            source,
        })?;
        Ok(self)
    }

    /// Names the form of the data, for later versions of the plugin.
    #[must_use]
    pub fn of_version(self, version: u32) -> Self {
        Self { version, ..self }
    }

    /// Its data.
    ///
    /// # Errors
    /// When they are no `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.name, &self.data)
    }
}

impl Pending {
    /// What was given to come back.
    ///
    /// # Errors
    /// When that is no `T`.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        read(&self.name, &self.data)
    }
}

fn read<T: DeserializeOwned>(name: &str, data: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(data).map_err(|source| Error::Form {
        what: format!("data of the dialogue {name:?}"),
        source,
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
