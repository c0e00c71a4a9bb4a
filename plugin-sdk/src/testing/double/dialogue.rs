//! States and waits in maps, by the name of the chat or of the person in it.

use super::granted;
use crate::dialogue::{State as Stage, Who};
use crate::testing::state::{Awaited, State};
use crate::types::{Error, UnixMs};

const NAME_BYTES: usize = 128;
const DATA_BYTES: usize = 16 * 1024;
const SHORTEST_MS: u64 = 1_000;
const LONGEST_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

pub(crate) fn get(of: Who) -> Result<Option<Stage>, Error> {
    granted("dialogue", |state| {
        let now = state.now;
        let stage = state.stages.get(&whose(state, of)?);
        Ok(stage
            .filter(|(_, until)| until.is_none_or(|until| until > now))
            .map(|(stage, _)| stage.clone()))
    })
}

pub(crate) fn set(of: Who, stage: Option<&Stage>, ttl_ms: Option<u64>) -> Result<(), Error> {
    granted("dialogue", |state| {
        let whose = whose(state, of)?;
        let until: Option<UnixMs> = ttl_ms.map(|ttl| state.now.saturating_add(ttl));
        match stage {
            Some(stage) => {
                check(&stage.name, &stage.data)?;
                state.stages.insert(whose, (stage.clone(), until));
            }
            None => drop(state.stages.remove(&whose)),
        }
        Ok(())
    })
}

pub(crate) fn expect(of: Who, name: &str, data: &[u8], version: u32, ttl_ms: u64) -> Result<(), Error> {
    granted("dialogue", |state| {
        let whose = whose(state, of)?;
        check(name, data)?;
        if !(SHORTEST_MS..=LONGEST_MS).contains(&ttl_ms) {
            return Err(Error::Invalid("ttl-ms: a second to 30 days".into()));
        }
        let awaited = Awaited {
            stage: Stage {
                name: name.into(),
                data: data.to_vec(),
                version,
            },
            until: state.now.saturating_add(ttl_ms),
        };
        state.awaited.insert(whose, awaited);
        Ok(())
    })
}

pub(crate) fn cancel(of: Who) -> Result<bool, Error> {
    granted("dialogue", |state| {
        let whose = whose(state, of)?;
        Ok(state.awaited.remove(&whose).is_some())
    })
}

/// The chat, and the person in it.
fn whose(state: &State, of: Who) -> Result<(String, Option<String>), Error> {
    let chat = state.chat.clone();
    let chat = chat.ok_or_else(|| Error::Invalid("of: the event has no chat".into()))?;
    match of {
        Who::Chat => Ok((chat, None)),
        Who::Sender => match state.sender.clone() {
            Some(sender) => Ok((chat, Some(sender))),
            None => Err(Error::Invalid("of: nobody made the event".into())),
        },
    }
}

fn check(name: &str, data: &[u8]) -> Result<(), Error> {
    if name.is_empty() || name.len() > NAME_BYTES {
        return Err(Error::Invalid("name: 1 to 128 bytes".into()));
    }
    if data.len() > DATA_BYTES {
        return Err(Error::TooLarge(DATA_BYTES as u64));
    }
    Ok(())
}
