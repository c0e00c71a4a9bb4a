//! Appointments: `/book` asks what, when and whether that is right, one question after another; `/mine` lists, `/cancel` takes one back.
//!
//! What to look at when you write a longer conversation: [`step`](crate) holds it as an enum that is stored while an answer is waited for, so
//! a restart in the middle changes nothing; what can be chosen is computed anew at each step, so that a slot that somebody else took meanwhile
//! is not offered; and the last step commits slot, confirmation and reminder together or not at all.

mod booking;
mod calendar;
mod settings;
mod step;

use booking::{Booked, Booking};
use calendar::Calendar;
use core::time::Duration;
use settings::Settings;
use step::{Choices, Next, Step};
use waspnest_plugin::dialogue::{self, State};
use waspnest_plugin::schedule::{self, Job};
use waspnest_plugin::types::{Command, EventContext, HandlerError, Issue, Message, Outcome, Pending, Tick, UnixMs};
use waspnest_plugin::{CommandHandler, Commands, ConfigCheck, Error, ReplyHandler, ScheduleHandler, config, messaging};

/// The plugin.
#[derive(Debug)]
pub struct Appointments;

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Days that are offered at once.
const DAYS: usize = 5;

/// What people ask for; `plugin.toml` declares the same.
#[derive(Debug, Commands)]
enum Wish {
    Book,
    Mine,
    Cancel { number: Option<i64> },
}

impl CommandHandler for Appointments {
    fn on_command(ctx: &EventContext, cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError> {
        let settings: Settings = config()?;
        match Wish::read(cmd)? {
            Wish::Book => ask(&settings, ctx.received_at, msg, Step::Service, "")?,
            Wish::Mine => say(msg, list(&upcoming(&settings, ctx.received_at)?))?,
            Wish::Cancel { number } => cancel(&settings, ctx.received_at, msg, number)?,
        }
        Ok(Outcome::stop())
    }
}

impl ReplyHandler for Appointments {
    fn on_reply(ctx: &EventContext, pending: &Pending, msg: Option<&Message>) -> Result<Outcome, HandlerError> {
        // Nothing has come in time: nobody is bothered, and nothing is booked.
        let Some(msg) = msg else {
            return Ok(Outcome::next().with_note("no answer"));
        };
        let settings: Settings = config()?;
        let now = ctx.received_at;
        let step: Step = pending.read()?;
        let choices = choices(&settings, now, &step)?;
        match step.clone().answered(msg.text().unwrap_or_default(), &choices) {
            Next::Ask(step) => ask(&settings, now, msg, step, "")?,
            Next::Again => ask(&settings, now, msg, step, "I did not understand that. ")?,
            Next::Stop => say(msg, "All right, nothing is booked. /book starts anew.")?,
            Next::Book { service, slot } => {
                let chat = msg.chat().to_owned();
                book(&settings, now, msg, Booking { service, slot, chat })?;
            }
        }
        Ok(Outcome::stop())
    }
}

impl ScheduleHandler for Appointments {
    fn on_tick(_ctx: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError> {
        let booking: Booking = tick.read_payload()?;
        let when = booking.slot.in_words();
        messaging::send_text(
            &booking.chat,
            format!("A reminder: {} on {when}. /cancel takes it back.", booking.service),
        )?;
        Ok(Outcome::next())
    }
}

impl ConfigCheck for Appointments {
    type Config = Settings;

    fn validate_config(settings: &Settings) -> Vec<Issue> {
        Calendar::read(settings).err().unwrap_or_default()
    }
}

waspnest_plugin::export!(Appointments: CommandHandler, ReplyHandler, ScheduleHandler, ConfigCheck);

/// Asks the question of a step, and waits for the answer; goes back a step where nothing is left to choose.
fn ask(settings: &Settings, now: UnixMs, msg: &Message, step: Step, before: &str) -> Result<(), HandlerError> {
    let choices = choices(settings, now, &step)?;
    let nothing = match &choices {
        Choices::Days(days) => days.is_empty(),
        Choices::Times(times) => times.is_empty(),
        Choices::Services(_) | Choices::YesOrNo => false,
    };
    if nothing {
        return Ok(say(
            msg,
            "I am sorry, there is nothing free. Please try again another day.",
        )?);
    }
    say(msg, format!("{before}{}", step.question(&choices)))?;
    dialogue::sender().expect(State::step(&step)?, PATIENCE)?;
    Ok(())
}

/// What can be chosen now.
fn choices(settings: &Settings, now: UnixMs, step: &Step) -> Result<Choices, HandlerError> {
    let calendar = calendar(settings)?;
    Ok(match step {
        Step::Service => Choices::Services(settings.services.clone()),
        Step::Day { .. } => {
            let mut days = Vec::new();
            for day in calendar.days(now) {
                if days.len() < DAYS && !booking::free(calendar.slots(day, now))?.is_empty() {
                    days.push(day);
                }
            }
            Choices::Days(days)
        }
        Step::Time { day, .. } => Choices::Times(booking::free(calendar.slots(*day, now))?),
        Step::Confirm { .. } => Choices::YesOrNo,
    })
}

fn book(settings: &Settings, now: UnixMs, msg: &Message, booking: Booking) -> Result<(), HandlerError> {
    if booking.keep()? == Booked::Taken {
        let step = Step::Day {
            service: booking.service,
        };
        return ask(settings, now, msg, step, "Somebody was faster, I am sorry. ");
    }
    let before = Duration::from_secs(settings.remind_h.saturating_mul(3600));
    let moment = calendar(settings)?.moment(booking.slot);
    let at = moment.map(|moment| moment.saturating_sub(u64::try_from(before.as_millis()).unwrap_or(u64::MAX)));
    // Whoever books for tomorrow morning needs no reminder of yesterday.
    if let Some(at) = at.filter(|at| settings.remind_h > 0 && *at > now) {
        Job::at(booking.job(), at).payload(&booking)?.put()?;
    }
    let when = booking.slot.in_words();
    Ok(say(
        msg,
        format!("Booked: {} on {when}. See you then!", booking.service),
    )?)
}

fn cancel(settings: &Settings, now: UnixMs, msg: &Message, number: Option<i64>) -> Result<(), HandlerError> {
    let bookings = upcoming(settings, now)?;
    let number = match (number, bookings.len()) {
        (None, 1) => Some(0),
        (None, _) => None,
        (Some(number), _) => usize::try_from(number).ok().and_then(|number| number.checked_sub(1)),
    };
    let Some(booking) = number.and_then(|number| bookings.get(number)) else {
        return Ok(say(
            msg,
            format!("{}\nWhich one? Write /cancel and its number.", list(&bookings)),
        )?);
    };
    booking.remove()?;
    // Its reminder may have been sent already; that is no mistake.
    schedule::cancel(&booking.job())?;
    let when = booking.slot.in_words();
    Ok(say(msg, format!("Cancelled: {} on {when}.", booking.service))?)
}

/// The appointments of the chat that are still to come.
fn upcoming(settings: &Settings, now: UnixMs) -> Result<Vec<Booking>, HandlerError> {
    let calendar = calendar(settings)?;
    let mut bookings = booking::of_chat()?;
    bookings.retain(|booking| calendar.moment(booking.slot).is_some_and(|moment| moment > now));
    Ok(bookings)
}

fn list(bookings: &[Booking]) -> String {
    if bookings.is_empty() {
        return "You have no appointments. /book makes one.".into();
    }
    let lines = (1..)
        .zip(bookings)
        .map(|(nth, booking)| format!("{nth}. {} on {}", booking.service, booking.slot.in_words()));
    lines.collect::<Vec<_>>().join("\n")
}

/// The check has refused a configuration without one before it came here.
fn calendar(settings: &Settings) -> Result<Calendar<'_>, HandlerError> {
    Calendar::read(settings).map_err(|issues| {
        let lines = issues.iter().map(|issue| format!("{}: {}", issue.path, issue.message));
        HandlerError::reject(format!("configuration: {}", lines.collect::<Vec<_>>().join("; ")))
    })
}

fn say(msg: &Message, text: impl Into<String>) -> Result<(), Error> {
    messaging::reply(msg, text).map(drop)
}

#[cfg(test)]
mod tests;
