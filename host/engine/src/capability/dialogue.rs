//! `dialogue`: states and waits of the draft.
//!
//! Works as `kv` does: a call reads what the host has with its own changes on top, and the draft says what it relied on. A wait also
//! sets a timer, or takes it back when it is called off.

use std::time::Duration;

use waspnest_core::clock::UnixMs;
use waspnest_core::dialogue::{self, Pending, State, Wait};
use waspnest_core::draft::{KvEntry, KvKey, KvRead, KvScope, KvWrite, Pot, TimerChange};
use waspnest_core::event::Position;

use super::kv::Overlay;
use super::{Answer, denied, granted, invalid, spend};
use crate::bindings::waspnest::plugin::dialogue::{Host, State as WitState, Who};
use crate::bindings::waspnest::plugin::types::Error;
use crate::call::Occasion;
use crate::host::{HostError, KvUsage};
use crate::limits::{DIALOGUE_BYTES, DIALOGUE_NAME_BYTES, LONGEST_WAIT, SHORTEST_WAIT};
use crate::manifest::Capability;
use crate::state::{Call, CallState};

/// An installation's dialogues as one call sees them.
#[derive(Default)]
pub(crate) struct Dialogues {
    values: Overlay,
    timers: Vec<TimerChange>,
    usage: Option<KvUsage>,
    /// The event of the call.
    by: Position,
}

impl Dialogues {
    /// Those a call begins with: a wait that it is told of is over.
    pub(crate) fn of(by: Position, occasion: Occasion<'_>) -> Self {
        let mut dialogues = Self { by, ..Self::default() };
        match occasion {
            Occasion::Event | Occasion::Command(_) => {}
            Occasion::Reply(Pending { scope, entry, .. }) => {
                let key = dialogue::wait_key(scope.clone());
                dialogues.values.find(key.clone(), Some(entry.clone()));
                dialogues.values.write(key, None);
                dialogues.timers.push(dialogue::no_timer(scope));
            }
        }
        dialogues
    }

    /// What the draft carries: writes, and what they rely on. Timers go to the end of `timers`.
    pub(crate) fn into_draft(self, timers: &mut Vec<TimerChange>) -> (Vec<KvWrite>, Vec<KvRead>) {
        timers.extend(self.timers);
        self.values.into_draft()
    }
}

impl Host for CallState {
    async fn get(&mut self, of: Who) -> Answer<Option<WitState>> {
        let scope = granted!(self.call.dialogue_of(of)?);
        let Some(entry) = self.call.kept_of_dialogue(&dialogue::state_key(scope)).await? else {
            return Ok(Ok(None));
        };
        let State { name, data, version } = dialogue::state_in(&entry).map_err(|error| HostError(error.into()))?;
        Ok(Ok(Some(WitState {
            name: name.into(),
            data,
            version,
        })))
    }

    async fn set(&mut self, of: Who, state: Option<WitState>, ttl_ms: Option<u64>) -> Answer<()> {
        let call = &mut self.call;
        let scope = granted!(call.dialogue_of(of)?);
        if ttl_ms == Some(0) {
            return Ok(Err(invalid("ttl-ms", "must be at least 1")));
        }
        let expires_at = ttl_ms.map(|ttl| call.now.plus(Duration::from_millis(ttl)));
        let state = match state {
            Some(WitState { name, data, version }) => Some(granted!(checked(name, data, version))),
            None => None,
        };
        let by = call.dialogues.by;
        let entry = state.map(|state| dialogue::entry(&state, by, expires_at));
        call.write_dialogue(dialogue::state_key(scope), entry).await
    }

    async fn expect(&mut self, of: Who, name: String, data: Vec<u8>, version: u32, ttl_ms: u64) -> Answer<()> {
        let call = &mut self.call;
        let scope = granted!(call.dialogue_of(of)?);
        let span = Duration::from_millis(ttl_ms);
        if !(SHORTEST_WAIT..=LONGEST_WAIT).contains(&span) {
            return Ok(Err(invalid(
                "ttl-ms",
                format!("must be {} to {}", SHORTEST_WAIT.as_millis(), LONGEST_WAIT.as_millis()),
            )));
        }
        let state = granted!(checked(name, data, version));
        let until: UnixMs = call.now.plus(span);
        let by = call.dialogues.by;
        let entry = dialogue::entry(&Wait { state, until }, by, None);
        granted!(
            call.write_dialogue(dialogue::wait_key(scope.clone()), Some(entry))
                .await?
        );
        call.dialogues.timers.push(dialogue::timer(&scope, by, until));
        Ok(Ok(()))
    }

    async fn cancel(&mut self, of: Who) -> Answer<bool> {
        let call = &mut self.call;
        let scope = granted!(call.dialogue_of(of)?);
        let key = dialogue::wait_key(scope.clone());
        let there = call.kept_of_dialogue(&key).await?.is_some();
        if there {
            call.dialogues.values.write(key, None);
            call.dialogues.timers.push(dialogue::no_timer(&scope));
        }
        Ok(Ok(there))
    }
}

impl Call {
    /// Takes one operation on a dialogue.
    fn dialogue_of(&mut self, of: Who) -> Answer<KvScope> {
        if self.effective.dialogue.is_none() {
            return Ok(Err(denied(Capability::Dialogue)));
        }
        granted!(spend(&mut self.dialogue_operations)?);
        let Some(chat) = self.scene.chat.clone() else {
            return Ok(Err(invalid("of", "the event has no chat")));
        };
        Ok(match of {
            Who::Chat => Ok(KvScope::Chat(chat)),
            Who::Sender => match self.scene.sender.clone() {
                Some(sender) => Ok(KvScope::Sender { chat, sender }),
                None => Err(invalid("of", "nobody is known to have made the event")),
            },
        })
    }

    async fn kept_of_dialogue(&mut self, key: &KvKey) -> wasmtime::Result<Option<KvEntry>> {
        if let Some(known) = self.dialogues.values.known(key) {
            return Ok(known);
        }
        let found = self
            .host
            .dialogue(key)
            .await?
            .filter(|entry| entry.expires_at.is_none_or(|at| at > self.now));
        self.dialogues.values.find(key.clone(), found.clone());
        Ok(found)
    }

    /// Writes a state or a wait, or removes it.
    async fn write_dialogue(&mut self, key: KvKey, entry: Option<KvEntry>) -> Answer<()> {
        let found = self.kept_of_dialogue(&key).await?;
        if let (None, Some(_)) = (&found, &entry) {
            let base = match self.dialogues.usage {
                Some(usage) => usage,
                None => *self.dialogues.usage.insert(self.host.dialogue_usage().await?),
            };
            let most = self.effective.dialogue.map_or(0, |terms| terms.max_open);
            if self.dialogues.values.used(&Pot::Own, base).keys >= most {
                return Ok(Err(Error::Quota(format!("dialogue: {most} open"))));
            }
        }
        if found.is_some() || entry.is_some() {
            self.dialogues.values.write(key, entry);
        }
        Ok(Ok(()))
    }
}

fn checked(name: String, data: Vec<u8>, version: u32) -> Result<State, Error> {
    if name.is_empty() || name.len() > DIALOGUE_NAME_BYTES {
        return Err(invalid("name", format!("must have 1 to {DIALOGUE_NAME_BYTES} bytes")));
    }
    if data.len() > DIALOGUE_BYTES {
        return Err(Error::TooLarge(DIALOGUE_BYTES as u64));
    }
    Ok(State {
        name: name.into(),
        data,
        version,
    })
}
