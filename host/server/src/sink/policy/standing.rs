//! How a message stands to the chat it goes to: an answer, one among people who know each other, or the first to a stranger.

use std::time::Duration;

use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::effect::Effect;
use waspnest_core::event::EventKind;
use waspnest_core::log::{LogError, Place};
use waspnest_core::message::{Message, Origin};
use waspnest_core::send_ledger::Standing;
use waspnest_core::store::StoreError;

use super::PolicyParts;

/// The newest messages of a chat among which one of somebody else's is looked for. What the host itself sends is not among them.
const LOOKED_AT: usize = 20;

pub(super) async fn of(parts: &PolicyParts, effect: &Effect, window: Duration) -> Result<Standing, StoreError> {
    let Some(chat) = effect.action.chat() else {
        return Ok(Standing::Known);
    };
    let now = parts.clock.now();
    let heard = heard(parts, chat).await?;
    Ok(match heard {
        Some(at) if now.since(at) <= window => Standing::Answer,
        Some(_) => Standing::Known,
        None if !chat.is_person() => Standing::Known,
        None if has_written_to(parts, chat).await? => Standing::Known,
        None => Standing::New,
    })
}

/// Whether the session wrote to a person before, by either address.
async fn has_written_to(parts: &PolicyParts, person: &Jid) -> Result<bool, StoreError> {
    let known = parts.log.contacts().resolve(parts.session, person, None).await?;
    for address in std::iter::once(&known.canonical).chain(&known.other) {
        if parts.ledger.has_written_to(parts.session, address).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// When somebody else last wrote in a chat.
async fn heard(parts: &PolicyParts, chat: &Jid) -> Result<Option<UnixMs>, StoreError> {
    let events = parts.log.history(parts.session, chat, Place::END, LOOKED_AT).await;
    let events = events.map_err(|error| match error {
        LogError::Store(error) => error,
        LogError::Conflict => StoreError::Conflict,
    })?;
    let theirs = |message: &Message| message.key.from == Origin::Them;
    Ok(events.iter().find_map(|event| match &event.kind {
        EventKind::Message(message) => theirs(message).then_some(message.timestamp),
        EventKind::Tick(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => None,
    }))
}
