//! An answer that is shown while it is made: a message that is sent at once, edited as more is known, and finished by the draft.
//!
//! What leaves before the end leaves whatever becomes of the call, so it must be found again by a call that is made once more. The message
//! begins with words that never change, whatever the endpoint says and the operator sets meanwhile: so every attempt at an event has the
//! same message, and none makes a second one. The last edit is one of the draft. As long as calls are repeated, it comes in the end, and
//! says the whole: what earlier attempts showed is written over.

use core::time::Duration;
use waspnest_plugin::types::MessageKey;
use waspnest_plugin::{Error, messaging, meta};

use crate::Answering;

/// What the message says before it says anything.
const BEGINNING: &str = "…";
/// Effects that are left for the end of the call.
const KEPT_FOR_THE_END: u32 = 3;
/// Edits after which the next ones come half as often, and so on.
const EAGER: u32 = 6;
/// The longest time between two edits.
const SLOWEST: Duration = Duration::from_secs(10);

/// The message, if there is one yet.
#[derive(Debug)]
pub(crate) struct Growing<'a> {
    answering: &'a Answering,
    shown: Option<Shown>,
    edits: u32,
}

#[derive(Debug)]
struct Shown {
    key: MessageKey,
    text: String,
}

impl<'a> Growing<'a> {
    pub(crate) const fn of(answering: &'a Answering) -> Self {
        Self {
            answering,
            shown: None,
            edits: 0,
        }
    }

    /// How long to gather before the next edit.
    pub(crate) fn pause(&self, every: Duration) -> Duration {
        every.saturating_mul(1 + self.edits / EAGER).min(SLOWEST)
    }

    /// Shows what is known by now, as long as the call may have more done.
    pub(crate) fn show(&mut self, text: &str) -> Result<(), Error> {
        let known = self.shown.as_ref().map_or("", |shown| &shown.text);
        if text.is_empty() || text == known || meta::budget().sends_left <= KEPT_FOR_THE_END {
            return Ok(());
        }
        let key = match &self.shown {
            Some(shown) => shown.key.clone(),
            None => self.answering.sent(self.answering.say_now(BEGINNING)?),
        };
        messaging::edit_now(&key, cut(text))?;
        self.edits += 1;
        self.shown = Some(Shown { key, text: text.into() });
        Ok(())
    }

    /// Says the last word, in the message that is there or in the first one.
    pub(crate) fn finish(&self, text: &str) -> Result<(), Error> {
        match &self.shown {
            Some(shown) => messaging::edit(&shown.key, cut(text)),
            None => self.answering.say(cut(text)),
        }
    }

    /// What is to be seen.
    pub(crate) fn shown(&self) -> Option<&str> {
        self.shown.as_ref().map(|shown| shown.text.as_str())
    }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(messaging::TEXT_BYTES)]
}
