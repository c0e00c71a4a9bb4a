//! Messages of the session's log: one by its name, or a chat's, newest first.
//!
//! Reading changes nothing and is not kept for a repeated call: that one may see more.

use waspnest_core::clock::UnixMs;
use waspnest_core::event::Position;
use waspnest_core::log::Place;
use waspnest_core::message::{Message, MessageKey};

use super::jid;
use crate::bindings::waspnest::plugin::messaging::Page;
use crate::bindings::waspnest::plugin::types::{Error, Message as WitMessage, MessageKey as WitKey};
use crate::capability::{Answer, granted, invalid, spend};
use crate::convert::{FileOf, ToGuest};
use crate::host::Recorded;
use crate::limits::{HISTORY_PAGE, HISTORY_PAGE_BYTES};
use crate::manifest::Capability;
use crate::state::Call;

/// About what a message weighs beside its text and its thumbnail.
const FRAME_BYTES: usize = 1 << 10;

impl Call {
    pub(super) async fn get_message(&mut self, key: &WitKey) -> Answer<WitMessage> {
        let key = granted!(self.key("key", key));
        granted!(self.may(Capability::MessagesHistory, &key.chat));
        granted!(spend(&mut self.looks)?);
        granted!(self.rate(Capability::MessagesHistory));
        Ok(match self.recorded(&key).await? {
            Some(recorded) => {
                self.crossing.count(weight(&recorded.message))?;
                Ok(self.shown(&recorded))
            }
            None => Err(Error::NotFound),
        })
    }

    pub(super) async fn history(
        &mut self,
        chat: &str,
        before: Option<u64>,
        limit: u32,
        cursor: Option<String>,
    ) -> Answer<Page> {
        let chat = granted!(jid("chat", chat));
        granted!(self.may(Capability::MessagesHistory, &chat));
        granted!(spend(&mut self.looks)?);
        if !(1..=HISTORY_PAGE).contains(&limit) {
            return Ok(Err(invalid("limit", format!("must be 1 to {HISTORY_PAGE}"))));
        }
        let mut from = before.map_or(Place::END, |at| Place::before(UnixMs(at)));
        if let Some(cursor) = cursor {
            let place = read(&cursor).ok_or_else(|| invalid("cursor", "is none that this function gave"));
            from = from.min(granted!(place));
        }
        granted!(self.rate(Capability::MessagesHistory));
        let limit = limit as usize;
        let found = self.host.history(&chat, from, limit).await?;
        let mut more = found.len() == limit;
        let mut items = Vec::with_capacity(found.len());
        let mut bytes = 0;
        let mut last = None;
        for recorded in &found {
            if bytes >= HISTORY_PAGE_BYTES {
                more = true;
                break;
            }
            bytes += weight(&recorded.message);
            last = Some(Place {
                at: recorded.message.timestamp,
                position: recorded.position,
            });
            items.push(self.shown(recorded));
        }
        self.crossing.count(bytes)?;
        Ok(Ok(Page {
            items,
            cursor: last.filter(|_| more).map(written),
        }))
    }

    /// A message that the host has, with where: the event's own, or one of the log.
    pub(super) async fn recorded(&self, key: &MessageKey) -> wasmtime::Result<Option<Recorded>> {
        match &self.scene.message {
            Some(message) if message.key == *key => Ok(Some(Recorded {
                event: self.event,
                position: self.position,
                message: message.as_ref().clone(),
            })),
            Some(_) | None => Ok(self.host.message(key).await?),
        }
    }

    fn shown(&self, recorded: &Recorded) -> WitMessage {
        let to_guest = ToGuest {
            session: self.session.as_str(),
            file: FileOf {
                event: recorded.event,
                position: recorded.position,
            },
        };
        to_guest.message(&recorded.message)
    }
}

fn weight(message: &Message) -> usize {
    let thumbnail = message.content.file().and_then(|file| file.thumbnail.as_ref());
    FRAME_BYTES + message.plain_text().map_or(0, str::len) + thumbnail.map_or(0, Vec::len)
}

fn written(place: Place) -> String {
    format!("{:x}.{:x}", place.at.0, place.position.0)
}

fn read(cursor: &str) -> Option<Place> {
    let (at, position) = cursor.split_once('.')?;
    Some(Place {
        at: UnixMs(u64::from_str_radix(at, 16).ok()?),
        position: Position(u64::from_str_radix(position, 16).ok()?),
    })
}
