//! A guest that does with groups, people and chats what the text of a message says, and replies what came of it, for tests.
//!
//! | text | what it does |
//! |---|---|
//! | `groups`, `info G`, `requests G`, `link G`, `behind LINK` | asks about groups |
//! | `create SUBJECT WHO…`, `create-in COMMUNITY SUBJECT WHO…`, `join LINK`, `leave G` | does that |
//! | `set G NAME VALUE` | changes a group: `announce`, `locked`, `approval`, `member-add`, `ephemeral`, `subject`, `description`, `no-picture` |
//! | `add G WHO…`, `remove`, `promote`, `demote`, `approve`, `reject` | changes its people |
//! | `new-link G`, `affiliate COMMUNITY G…`, `separate COMMUNITY G…` | does that |
//! | `resolve PHONE…`, `get WHO`, `people`, `picture WHO`, `small-picture WHO` | asks about people |
//! | `block WHO`, `unblock WHO` | does that |
//! | `chat CHAT NAME VALUE` | changes a chat: `archive`, `pin`, `mute-until`, `unmute`, `read`, `ephemeral`, `label`, `unlabel`, `clear`, `delete` |
//! | `times N …` | does the rest N times and replies what came of the last |
//! | `until N …` | does the rest and, before attempt N, answers `retry` |
//! | anything else | nothing |
//!
//! `here` stands for the chat of the message, and a value that is left out for none.

mod groups;
mod others;

use waspnest_plugin::types::{EventContext, HandlerError, Message, Outcome};
use waspnest_plugin::{Error, MessageHandler, messaging};

/// The plugin.
#[derive(Debug)]
pub struct Clerk;

impl MessageHandler for Clerk {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let words: Vec<&str> = msg.text().unwrap_or_default().split(' ').collect();
        let words: Vec<&str> = words
            .into_iter()
            .map(|word| if word == "here" { msg.chat() } else { word })
            .collect();
        let (times, until, words) = match words.as_slice() {
            ["times", times, rest @ ..] => (number(times)?, 1, rest),
            ["until", until, rest @ ..] => (1, number(until)?, rest),
            words => (1, 1, words),
        };
        let mut said = None;
        for _ in 0..times {
            said = groups::done(words).or_else(|| others::done(words));
        }
        if u64::from(ctx.attempt) < until {
            return Err(HandlerError::retry("told to retry"));
        }
        if let Some(said) = said {
            messaging::reply(msg, said.unwrap_or_else(|error| error.to_string()))?;
        }
        Ok(Outcome::next())
    }
}

waspnest_plugin::export!(Clerk: MessageHandler);

/// What came of a call, in words; none for words that say nothing.
type Said = Option<Result<String, Error>>;

fn good(answer: Result<(), Error>) -> Said {
    Some(answer.map(|()| "done".into()))
}

fn number(text: &str) -> Result<u64, HandlerError> {
    text.parse()
        .map_err(|_| HandlerError::reject(format!("{text:?} is no number")))
}
