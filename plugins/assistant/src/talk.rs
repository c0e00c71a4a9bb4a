//! What was said in a chat lately, as it is remembered and as the model is told. Changing these fields changes what is stored: add with a
//! default only.

use serde::{Deserialize, Serialize};

/// The turns of a chat, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Talk(Vec<Turn>);

/// What one side said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) role: Role,
    pub(crate) content: String,
}

/// Who said it, by the names that endpoints have for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    System,
    User,
    Assistant,
}

impl Talk {
    /// Adds a turn, and forgets the oldest ones beyond what may be remembered. A turn that is too long alone is cut.
    pub(crate) fn add(&mut self, role: Role, mut content: String, turns: usize, bytes: usize) {
        if content.len() > bytes {
            content.truncate(content.floor_char_boundary(bytes));
        }
        self.0.push(Turn { role, content });
        let all: usize = self.0.iter().map(|turn| turn.content.len()).sum();
        let mut over = all.saturating_sub(bytes);
        let mut gone = self.0.len().saturating_sub(turns);
        for (nth, turn) in self.0.iter().enumerate() {
            if nth >= gone && over == 0 {
                break;
            }
            gone = gone.max(nth + 1);
            over = over.saturating_sub(turn.content.len());
        }
        self.0.drain(..gone.min(self.0.len() - 1));
    }

    /// Whether somebody waits for an answer.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.last().is_some_and(|turn| turn.role == Role::User)
    }

    /// Takes back what was not answered.
    pub(crate) fn take_back(&mut self) {
        while self.is_waiting() {
            self.0.pop();
        }
    }

    /// All turns, the oldest first.
    pub(crate) fn turns(&self) -> &[Turn] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(talk: &Talk) -> Vec<&str> {
        talk.turns().iter().map(|turn| turn.content.as_str()).collect()
    }

    #[test]
    fn the_oldest_turns_are_forgotten_by_number_and_by_length() {
        let mut talk = Talk::default();
        for text in ["one", "two", "three"] {
            talk.add(Role::User, text.into(), 2, 100);
        }
        assert_eq!(said(&talk), ["two", "three"]);
        talk.add(Role::User, "sixteen letters!".into(), 10, 22);
        assert_eq!(said(&talk), ["three", "sixteen letters!"]);
        talk.add(Role::User, "x".repeat(30), 10, 22);
        assert_eq!(said(&talk), ["x".repeat(22)]);
        let mut talk = Talk::default();
        talk.add(Role::User, "ääää".into(), 10, 5);
        assert_eq!(said(&talk), ["ää"], "cut between letters");
    }

    #[test]
    fn what_was_not_answered_can_be_taken_back() {
        let mut talk = Talk::default();
        talk.add(Role::User, "one".into(), 10, 100);
        talk.add(Role::Assistant, "two".into(), 10, 100);
        assert!(!talk.is_waiting());
        talk.add(Role::User, "three".into(), 10, 100);
        talk.add(Role::User, "four".into(), 10, 100);
        assert!(talk.is_waiting());
        talk.take_back();
        assert_eq!(said(&talk), ["one", "two"]);
    }
}
