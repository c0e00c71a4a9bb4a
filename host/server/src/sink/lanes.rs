//! The order in which effects of one session leave: one at a time in each chat, many chats at once.

use std::collections::{HashMap, HashSet, VecDeque};

use waspnest_core::address::Jid;
use waspnest_core::effect::Effect;
use waspnest_core::id::EffectId;

/// Effects waiting for their turn, by chat.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<Option<Jid>, Lane>,
    known: HashSet<EffectId>,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Effect>,
    busy: bool,
}

impl Lanes {
    /// Adds an effect behind those of its chat; one that is already here is left where it is. Gives back the effect that may
    /// leave now, if that made one free to.
    pub(super) fn push(&mut self, effect: Effect) -> Option<Effect> {
        if !self.known.insert(effect.id) {
            return None;
        }
        let lane = self.lanes.entry(effect.action.chat().cloned()).or_default();
        lane.waiting.push_back(effect);
        if lane.busy { None } else { lane.start() }
    }

    /// Notes that an effect has left its lane, and gives the next one that may leave.
    pub(super) fn finish(&mut self, effect: &Effect) -> Option<Effect> {
        self.known.remove(&effect.id);
        let chat = effect.action.chat().cloned();
        let lane = self.lanes.get_mut(&chat)?;
        lane.busy = false;
        let next = lane.start();
        if next.is_none() {
            self.lanes.remove(&chat);
        }
        next
    }

    /// Forgets an effect that could not leave; its chat stands still until everything that waits is pushed anew.
    pub(super) fn release(&mut self, effect: &Effect) {
        self.known.remove(&effect.id);
        if let Some(lane) = self.lanes.get_mut(&effect.action.chat().cloned()) {
            lane.busy = false;
        }
    }

    /// Forgets an effect that waits for its turn, and says whether there was one.
    pub(super) fn remove(&mut self, id: EffectId) -> bool {
        for lane in self.lanes.values_mut() {
            if let Some(place) = lane.waiting.iter().position(|effect| effect.id == id) {
                lane.waiting.remove(place);
                return self.known.remove(&id);
            }
        }
        false
    }

    /// Whether an effect is here: waiting, or under way.
    pub(super) fn knows(&self, id: EffectId) -> bool {
        self.known.contains(&id)
    }

    /// Forgets everything that waits. Effects under way stay known until they finish.
    pub(super) fn clear_waiting(&mut self) {
        for lane in self.lanes.values_mut() {
            for effect in lane.waiting.drain(..) {
                self.known.remove(&effect.id);
            }
        }
        self.lanes.retain(|_, lane| lane.busy);
    }
}

impl Lane {
    fn start(&mut self) -> Option<Effect> {
        let next = self.waiting.pop_front();
        self.busy = next.is_some();
        next
    }
}

#[cfg(test)]
mod tests {
    use waspnest_core::clock::{Ids, SeededIds, UnixMs};
    use waspnest_core::effect::{Action, Cause, EffectState, Typing};
    use waspnest_core::event::Position;
    use waspnest_core::id::{EventId, SessionId};

    use super::*;

    fn effect(index: u64, chat: &str) -> Effect {
        let ids = SeededIds::new(index);
        let ulid = ids.ulid(UnixMs(1));
        Effect {
            id: EffectId::new(ulid),
            session: SessionId::new(ulid),
            sequence: Position(index),
            cause: Cause::Request {
                request: EventId::new(ulid),
            },
            action: Action::SetTyping {
                chat: chat.parse().expect("a valid address"),
                state: Typing::Composing,
            },
            created_at: UnixMs(1),
            state: EffectState::Pending {
                not_before: UnixMs(0),
                last_error: None,
            },
            attempts: 0,
        }
    }

    #[test]
    fn one_chat_leaves_in_order_while_another_is_free() {
        let mut lanes = Lanes::default();
        let [a1, a2, b1] = [
            effect(1, "4915100001"),
            effect(2, "4915100001"),
            effect(3, "4915100002"),
        ];
        assert_eq!(lanes.push(a1.clone()), Some(a1.clone()));
        assert_eq!(lanes.push(a2.clone()), None, "the first of its chat is still under way");
        assert_eq!(lanes.push(b1.clone()), Some(b1.clone()), "another chat does not wait");
        assert_eq!(lanes.finish(&a1), Some(a2.clone()));
        assert_eq!(lanes.finish(&a2), None);
        assert_eq!(lanes.finish(&b1), None);
        assert!(lanes.lanes.is_empty() && lanes.known.is_empty());
    }

    #[test]
    fn an_effect_is_taken_once() {
        let mut lanes = Lanes::default();
        let a1 = effect(1, "4915100001");
        assert!(lanes.push(a1.clone()).is_some());
        assert_eq!(lanes.push(a1.clone()), None);
        assert_eq!(lanes.finish(&a1), None);
    }

    #[test]
    fn forgetting_keeps_what_is_under_way() {
        let mut lanes = Lanes::default();
        let [a1, a2] = [effect(1, "4915100001"), effect(2, "4915100001")];
        lanes.push(a1.clone());
        lanes.push(a2.clone());
        lanes.clear_waiting();
        assert_eq!(lanes.push(a1.clone()), None, "still under way");
        assert_eq!(lanes.push(a2.clone()), None, "waits behind the one under way");
        assert_eq!(lanes.finish(&a1), Some(a2));
    }
}
