//! Who is online, and who types.

use waspnest_core::event::{Presence, PresenceState};
use whatsapp_rust::types::events::{ChatPresenceUpdate, PresenceUpdate};
use whatsapp_rust::types::presence::{ChatPresence, ChatPresenceMedia};

use super::moment;
use crate::jid;

pub(super) fn typing(told: &ChatPresenceUpdate) -> Option<Presence> {
    let state = match (told.state, told.media) {
        (ChatPresence::Composing, ChatPresenceMedia::Text) => PresenceState::Typing,
        (ChatPresence::Composing, ChatPresenceMedia::Audio) => PresenceState::Recording,
        (ChatPresence::Paused, _) => PresenceState::Paused,
    };
    Some(Presence {
        chat: jid::from_wire(&told.source.chat)?,
        who: jid::party(&told.source.sender, told.source.sender_alt.as_ref())?,
        state,
        last_seen: None,
    })
}

pub(super) fn online(told: &PresenceUpdate) -> Option<Presence> {
    let who = jid::party(&told.from, None)?;
    let state = if told.unavailable {
        PresenceState::Offline
    } else {
        PresenceState::Online
    };
    Some(Presence {
        chat: who.jid.clone(),
        who,
        state,
        last_seen: told.last_seen.as_ref().map(moment),
    })
}
