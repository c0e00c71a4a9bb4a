//! How long ago commands were used.
//!
//! In memory: a cooldown is a matter of seconds, and after a restart everybody may begin again. What is counted is the time at which
//! messages were received, so that a call that is repeated for the same event finds the same.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{Event, Position};
use waspnest_core::message::Message;
use waspnest_engine::manifest::{CommandSpec, Cooldown, CooldownScope};

/// Uses that are remembered; when there are more, those whose time is over are forgotten.
const MOST_USES: usize = 10_000;

/// Whether a command may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Now.
    Free,
    /// In a while.
    Wait(Duration),
    /// In a while, and who asked was told before.
    WaitAndWasTold,
}

/// By session's chat and person: a command's name, the chat, and the person where each has their own time.
type Who = (String, waspnest_core::id::SessionId, Jid, Option<Jid>);

/// The last uses of an installation's commands.
#[derive(Debug, Default)]
pub(super) struct Cooldowns(Mutex<BTreeMap<Who, Use>>);

#[derive(Debug)]
struct Use {
    at: UnixMs,
    by: Position,
    over: UnixMs,
    /// The event whose author was told to wait.
    told: Option<Position>,
}

impl Cooldowns {
    /// Whether an event may use a command. Whoever may not is told once.
    pub(super) fn turn(&self, spec: &CommandSpec, cooldown: Cooldown, event: &Event, message: &Message) -> Turn {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(last) = uses.get_mut(&who(spec, cooldown, event, message)) else {
            return Turn::Free;
        };
        let left = cooldown.every.saturating_sub(event.received_at.since(last.at));
        if left.is_zero() || last.by == event.position || event.received_at < last.at {
            return Turn::Free;
        }
        match last.told {
            Some(told) if told != event.position => Turn::WaitAndWasTold,
            Some(_) | None => {
                last.told = Some(event.position);
                Turn::Wait(left)
            }
        }
    }

    /// Notes that an event used a command.
    pub(super) fn used(&self, spec: &CommandSpec, cooldown: Cooldown, event: &Event, message: &Message) {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() >= MOST_USES {
            uses.retain(|_, used| used.over > event.received_at);
        }
        let used = Use {
            at: event.received_at,
            by: event.position,
            over: event.received_at.plus(cooldown.every),
            told: None,
        };
        uses.insert(who(spec, cooldown, event, message), used);
    }
}

fn who(spec: &CommandSpec, cooldown: Cooldown, event: &Event, message: &Message) -> Who {
    let person = match cooldown.per {
        CooldownScope::Sender => Some(message.sender.canonical().clone()),
        CooldownScope::Chat => None,
    };
    (spec.full_name(), event.session, message.key.chat.clone(), person)
}
