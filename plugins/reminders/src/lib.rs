//! Reminders: "remind me in 10 minutes to call mum", "remind me at 18:30 to …", "remind me every day at 8:00 to …",
//! "my reminders", "forget 2".
//!
//! A reminder is a job of the host's, with everything it needs in its payload: nothing is kept in memory, so it survives a
//! restart, and a job that is gone is a reminder that is gone. The key-value store only numbers the reminders of each chat,
//! so that a number is never given twice. Times of day are cron rules in the configured zone: the host knows the zones and
//! their changes of clocks, the plugin does not.

mod reminder;
mod span;
mod wish;

use core::time::Duration;
use reminder::{Recurs, Reminder};
use serde::Deserialize;
use waspnest_plugin::schedule::Job;
use waspnest_plugin::types::{self, Cause, EventContext, HandlerError, Message, Outcome, Tick, UnixMs};
use waspnest_plugin::{Error, MessageHandler, ScheduleHandler, config, error, kv, messaging, schedule};
use wish::{When, Wish};

/// The plugin.
#[derive(Debug)]
pub struct Reminders;

/// What the operator can set; the defaults are in `plugin.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Settings {
    /// IANA time zone of times of day.
    zone: String,
    /// How many reminders a chat may have at a time.
    max_per_chat: usize,
}

impl MessageHandler for Reminders {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        // The confirmations begin with none of our words, but a loop with oneself must not depend on that.
        if msg.key.from_me {
            return Ok(Outcome::next());
        }
        let Some(wish) = msg.text().and_then(wish::parse) else {
            return Ok(Outcome::next());
        };
        let answer = match wish {
            Ok(Wish::Remind { when, text }) => remind(ctx, msg, &when, text)?,
            Ok(Wish::List) => list(ctx, msg)?,
            Ok(Wish::Forget(number)) => forget(msg, number)?,
            Err(misunderstood) => misunderstood.to_string(),
        };
        messaging::reply(msg, answer)?;
        Ok(Outcome::stop())
    }
}

impl ScheduleHandler for Reminders {
    fn on_tick(_ctx: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError> {
        let reminder: Reminder = tick.read_payload()?;
        let late = match tick.cause {
            Cause::CatchUp => " (late, I was not running)",
            Cause::Cron | Cause::Once | Cause::Manual => "",
        };
        messaging::quote_key(&reminder.asked_in.into(), format!("Reminder{late}: {}", reminder.text))?;
        match reminder.recurs {
            Recurs::Daily => {}
            // One time of day is a cron rule that ends with its first tick. The others are gone already; that is no mistake.
            Recurs::No => {
                schedule::cancel(&tick.id)?;
            }
        }
        Ok(Outcome::next())
    }
}

waspnest_plugin::export!(Reminders: MessageHandler, ScheduleHandler);

/// Sets a reminder, and confirms it.
fn remind(ctx: &EventContext, msg: &Message, when: &When, text: String) -> Result<String, HandlerError> {
    let settings: Settings = config()?;
    if of_chat(msg.chat())?.len() >= settings.max_per_chat {
        return Ok(format!(
            "This chat has {} reminders already. Forget one first.",
            settings.max_per_chat
        ));
    }
    let number = kv::chat()?.increment("number", 1)?;
    let id = job_id(msg.chat(), number);
    let job = match when {
        // "In ten minutes" counts from when it was written; the account may have been offline since.
        When::In(span) => Job::at(id, written_at(ctx, msg).saturating_add(millis(*span))),
        When::At(time) | When::Daily(time) => Job::cron(id, time.daily_cron()).zone(&settings.zone),
    };
    let recurs = match when {
        When::In(_) | When::At(_) => Recurs::No,
        When::Daily(_) => Recurs::Daily,
    };
    let reminder = Reminder {
        number,
        text,
        recurs,
        when: when.to_string(),
        asked_in: (&msg.key).into(),
    };
    let due = match job.payload(&reminder)?.put() {
        Ok(due) => due,
        // There is room for no more reminders, in all chats together: the person should know, and nothing is wrong.
        Err(Error::Refused {
            cause: types::Error::Quota(_),
            ..
        }) => {
            return Ok("I have too many reminders already. Try again when one of them is done.".into());
        }
        // Only the zone can be wrong here. Whoever asks cannot mend that, and should not wait for nothing.
        Err(Error::Refused {
            cause: types::Error::Invalid(problem),
            ..
        }) => {
            error!("the zone of the configuration cannot be used: {problem}");
            return Ok("I cannot do that: my time zone is set wrongly. \"in 10 minutes\" works.".into());
        }
        Err(error) => return Err(error.into()),
    };
    let wait = match when {
        When::In(_) => String::new(),
        When::At(_) => format!(", that is {}", span::from_now(ctx.received_at, due)),
        When::Daily(_) => format!(", first {}", span::from_now(ctx.received_at, due)),
    };
    Ok(format!(
        "I will remind you {when}{wait}: {} (number {number})",
        reminder.text
    ))
}

/// All reminders of the chat, in the order of their numbers.
fn list(ctx: &EventContext, msg: &Message) -> Result<String, HandlerError> {
    let mut found = of_chat(msg.chat())?;
    if found.is_empty() {
        return Ok("There are no reminders in this chat.".into());
    }
    found.sort_by_key(|(reminder, _)| reminder.number);
    let lines = found.iter().map(|(reminder, due)| {
        let when = match (reminder.recurs, due) {
            (Recurs::Daily, _) | (Recurs::No, None) => reminder.when.clone(),
            (Recurs::No, Some(due)) => span::from_now(ctx.received_at, *due),
        };
        format!("{}. {}, {when}", reminder.number, reminder.text)
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

fn forget(msg: &Message, number: i64) -> Result<String, HandlerError> {
    Ok(if schedule::cancel(&job_id(msg.chat(), number))? {
        format!("I have forgotten number {number}.")
    } else {
        format!("There is no reminder with the number {number} in this chat. \"my reminders\" lists them.")
    })
}

/// The reminders of a chat, and when each is due.
fn of_chat(chat: &str) -> Result<Vec<(Reminder, Option<UnixMs>)>, HandlerError> {
    let mut found = Vec::new();
    for job in schedule::list()? {
        let reminder: Reminder = job.read_payload()?;
        if reminder.asked_in.chat == chat {
            found.push((reminder, job.next()));
        }
    }
    Ok(found)
}

/// Jobs belong to a session, reminders to a chat.
fn job_id(chat: &str, number: i64) -> String {
    format!("{chat}/{number}")
}

fn written_at(ctx: &EventContext, msg: &Message) -> UnixMs {
    if msg.offline { msg.timestamp } else { ctx.received_at }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
