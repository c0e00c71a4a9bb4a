//! Away: outside of business hours, tells who writes when somebody is there again; once for each chat and absence.
//!
//! The host gives moments without zones, so the plugin brings the zones along. What was told is kept until the opening that was
//! named: nothing has to be tidied up, and a restart repeats nothing.

mod calendar;
mod settings;
mod words;

use calendar::Calendar;
use core::time::Duration;
use settings::{Chats, Settings};
use waspnest_plugin::types::{EventContext, HandlerError, Issue, Message, Outcome, UnixMs};
use waspnest_plugin::{ConfigCheck, MessageHandler, config, kv, messaging};

/// The plugin.
#[derive(Debug)]
pub struct Away;

/// Key, in the store of a chat, of the opening that was named last.
const NAMED: &str = "named";

impl MessageHandler for Away {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        // An operator's rule can widen what comes here. Nobody waits for an answer to what is old, corrected or the account's own.
        if msg.key.from_me || msg.history || msg.edit_of.is_some() {
            return Ok(Outcome::next());
        }
        let settings: Settings = config()?;
        match settings.chats {
            Chats::Direct if !msg.is_direct() => return Ok(Outcome::next()),
            Chats::Direct | Chats::Any => {}
        }
        let calendar = Calendar::read(&settings).map_err(|issues| unusable(&issues))?;
        // When it came counts, not when it was written: the answer is about now.
        let Some(now) = calendar.clock(ctx.received_at) else {
            return Ok(Outcome::next());
        };
        if calendar.is_open(&now) {
            return Ok(Outcome::next());
        }
        let store = kv::chat()?;
        if store.get::<UnixMs>(NAMED)?.is_some_and(|named| named > ctx.received_at) {
            return Ok(Outcome::next().with_note("has been told"));
        }
        let Some(opening) = calendar.next_opening(&now) else {
            return Ok(Outcome::next().with_note("there is no opening to name"));
        };
        let opens = u64::try_from(opening.timestamp_millis()).unwrap_or(UnixMs::MAX);
        let absence = Duration::from_millis(opens.saturating_sub(ctx.received_at));
        store.put_for(NAMED, &opens, absence)?;
        messaging::reply(msg, words::filled(&settings.answer, &now, &opening))?;
        Ok(Outcome::next())
    }
}

impl ConfigCheck for Away {
    type Config = Settings;

    fn validate_config(settings: &Settings) -> Vec<Issue> {
        let mut issues = Calendar::read(settings).err().unwrap_or_default();
        if settings.answer.trim().is_empty() {
            issues.push(Issue::fatal("/answer", "is empty; write a text"));
        }
        issues
    }
}

waspnest_plugin::export!(Away: MessageHandler, ConfigCheck);

/// The check has refused such a configuration before it came here.
fn unusable(issues: &[Issue]) -> HandlerError {
    let lines = issues.iter().map(|issue| format!("{}: {}", issue.path, issue.message));
    HandlerError::reject(format!("configuration: {}", lines.collect::<Vec<_>>().join("; ")))
}

#[cfg(test)]
mod tests;
