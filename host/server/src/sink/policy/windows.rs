//! What left in the last day, and when the next one may.
//!
//! Pure arithmetic: time is told, nothing is stored.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use waspnest_core::address::Jid;
use waspnest_core::clock::UnixMs;
use waspnest_core::id::EffectId;
use waspnest_core::send_ledger::{Departure, Standing};

use super::{DAY, ms};
use crate::config::send_policy::SendPolicy;

/// What holds a message back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Because {
    /// Only answers leave at this hour.
    QuietHours,
    /// Another chat was written to a moment ago.
    Distance,
    /// So many have left in this span.
    Rate(u32, Span),
    /// So many strangers were written to in a day.
    NewContacts(u32),
}

/// A span that messages are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    Minute,
    Hour,
    Day,
}

impl Span {
    const fn long(self) -> Duration {
        match self {
            Self::Minute => Duration::from_secs(60),
            Self::Hour => Duration::from_secs(3600),
            Self::Day => DAY,
        }
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::QuietHours => f.write_str("these are quiet hours, in which only answers leave"),
            Self::Distance => f.write_str("another chat was written to a moment ago"),
            Self::Rate(count, span) => {
                let span = match span {
                    Span::Minute => "minute",
                    Span::Hour => "hour",
                    Span::Day => "day",
                };
                write!(f, "{count} messages in a {span} are allowed now")
            }
            Self::NewContacts(count) => {
                write!(
                    f,
                    "{count} first messages in a day to people who never wrote are allowed now"
                )
            }
        }
    }
}

/// What left, oldest first.
#[derive(Debug, Default)]
pub(super) struct Windows {
    answers: VecDeque<(UnixMs, EffectId)>,
    others: VecDeque<(UnixMs, EffectId)>,
    strangers: VecDeque<(UnixMs, EffectId)>,
    known: HashMap<EffectId, Departure>,
    last: Option<(UnixMs, Jid)>,
}

impl Windows {
    pub(super) fn of(departures: Vec<Departure>) -> Self {
        let mut windows = Self::default();
        for departure in &departures {
            windows.add(departure);
        }
        windows
    }

    /// Whether it was let go before.
    pub(super) fn knows(&self, id: EffectId) -> bool {
        self.known.contains_key(&id)
    }

    pub(super) fn add(&mut self, departure: &Departure) {
        self.forget(UnixMs(departure.at.0.saturating_sub(ms(DAY))));
        let entry = (departure.at, departure.effect);
        match departure.standing {
            Standing::Answer => self.answers.push_back(entry),
            Standing::Known => self.others.push_back(entry),
            Standing::New => {
                self.others.push_back(entry);
                self.strangers.push_back(entry);
            }
        }
        self.last = Some((departure.at, departure.chat.clone()));
        self.known.insert(departure.effect, departure.clone());
    }

    pub(super) fn remove(&mut self, id: EffectId) -> Option<Departure> {
        for line in [&mut self.answers, &mut self.others, &mut self.strangers] {
            line.retain(|(_, there)| *there != id);
        }
        self.known.remove(&id)
    }

    /// Takes it that nothing left later than `now`: what seems to have was before the clock was set back, and would hold others up until
    /// the clock is there again.
    pub(super) fn set_back(&mut self, now: UnixMs) {
        for line in [&mut self.answers, &mut self.others, &mut self.strangers] {
            for (at, _) in line {
                *at = now.min(*at);
            }
        }
        if let Some((at, _)) = &mut self.last {
            *at = now.min(*at);
        }
    }

    fn forget(&mut self, old: UnixMs) {
        for line in [&mut self.answers, &mut self.others, &mut self.strangers] {
            while line.front().is_some_and(|(at, _)| *at < old) {
                if let Some((_, id)) = line.pop_front() {
                    self.known.remove(&id);
                }
            }
        }
    }

    /// When a message to a chat may leave, from `now` on, and what holds it back until then. `part` of the rates is allowed now.
    pub(super) fn earliest(
        &self,
        policy: &SendPolicy,
        part: f64,
        (chat, standing): (&Jid, Standing),
        now: UnixMs,
    ) -> (UnixMs, Option<Because>) {
        let mut latest = (now, None);
        let mut not_before = |at: UnixMs, because: Because| {
            if at > latest.0 {
                latest = (at, Some(because));
            }
        };
        let rates = [
            (policy.per_minute, Span::Minute),
            (policy.per_hour, Span::Hour),
            (policy.per_day, Span::Day),
        ];
        let line = match standing {
            Standing::Answer => &self.answers,
            Standing::Known | Standing::New => &self.others,
        };
        for (count, span) in rates.into_iter().filter(|(count, _)| *count > 0) {
            let count = match standing {
                Standing::Answer => count.saturating_mul(policy.answer_factor),
                Standing::Known | Standing::New => of_part(count, part),
            };
            not_before(free(line, count, span.long(), now), Because::Rate(count, span));
        }
        match standing {
            Standing::Answer => return latest,
            Standing::Known => {}
            Standing::New if policy.new_contacts_per_day == 0 => {}
            Standing::New => {
                let count = of_part(policy.new_contacts_per_day, part);
                not_before(free(&self.strangers, count, DAY, now), Because::NewContacts(count));
            }
        }
        if let Some((at, last)) = &self.last
            && last != chat
        {
            not_before(at.plus(policy.distance), Because::Distance);
        }
        if let Some(hours) = &policy.quiet_hours
            && let Some(end) = hours.end_after(latest.0, policy.zone)
            && end > latest.0
        {
            latest = (end, Some(Because::QuietHours));
        }
        latest
    }
}

/// At least one: an account that may send nothing at all never warms up.
fn of_part(count: u32, part: f64) -> u32 {
    ((f64::from(count) * part) as u32).max(1)
}

/// When one more may leave where `count` may in each `span`.
fn free(line: &VecDeque<(UnixMs, EffectId)>, count: u32, span: Duration, now: UnixMs) -> UnixMs {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    match line.len().checked_sub(count).and_then(|index| line.get(index)) {
        Some((at, _)) => at.plus(span).max(now),
        None => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Tz;

    const NOON: UnixMs = UnixMs(1_780_315_200_000);

    fn chat(number: u8) -> Jid {
        format!("49151000000{number}").parse().expect("an address")
    }

    fn left(number: u128, after: u64, standing: Standing) -> Departure {
        Departure {
            at: UnixMs(NOON.0 + after * 1000),
            effect: EffectId::new(ulid::Ulid(number)),
            chat: chat(1),
            standing,
        }
    }

    fn policy() -> SendPolicy {
        SendPolicy {
            per_minute: 2,
            per_hour: 3,
            per_day: 4,
            new_contacts_per_day: 1,
            distance: Duration::from_secs(5),
            ..SendPolicy::default()
        }
    }

    fn seconds(windows: &Windows, part: f64, standing: Standing, now: u64) -> (u64, Option<Because>) {
        let now = UnixMs(NOON.0 + now * 1000);
        let (at, because) = windows.earliest(&policy(), part, (&chat(1), standing), now);
        ((at.0 - NOON.0) / 1000, because)
    }

    #[test]
    fn each_rate_holds_over_any_span_of_its_length() {
        let mut windows = Windows::default();
        assert_eq!(seconds(&windows, 1.0, Standing::Known, 0), (0, None));
        windows.add(&left(1, 0, Standing::Known));
        windows.add(&left(2, 10, Standing::Known));
        let minute = Some(Because::Rate(2, Span::Minute));
        assert_eq!(seconds(&windows, 1.0, Standing::Known, 20), (60, minute));
        windows.add(&left(3, 60, Standing::Known));
        let hour = Some(Because::Rate(3, Span::Hour));
        assert_eq!(seconds(&windows, 1.0, Standing::Known, 80), (3600, hour));
        windows.add(&left(4, 3600, Standing::Known));
        let day = Some(Because::Rate(4, Span::Day));
        assert_eq!(seconds(&windows, 1.0, Standing::Known, 9000), (86_400, day));
        assert_eq!(seconds(&windows, 1.0, Standing::Known, 86_401), (86_401, None));
    }

    #[test]
    fn answers_have_rates_of_their_own() {
        let mut windows = Windows::default();
        for number in 1..=4 {
            windows.add(&left(number, 0, Standing::Known));
        }
        assert_eq!(seconds(&windows, 1.0, Standing::Answer, 1), (1, None));
        for number in 11..=20 {
            windows.add(&left(number, 0, Standing::Answer));
        }
        let minute = Some(Because::Rate(10, Span::Minute));
        assert_eq!(seconds(&windows, 0.1, Standing::Answer, 1), (60, minute));
    }

    #[test]
    fn strangers_are_counted_and_a_new_account_has_less() {
        let mut windows = Windows::default();
        windows.add(&left(1, 0, Standing::New));
        let strangers = Some(Because::NewContacts(1));
        assert_eq!(seconds(&windows, 1.0, Standing::New, 100), (86_400, strangers));
        assert_eq!(seconds(&windows, 1.0, Standing::Known, 100), (100, None));
        let less = Some(Because::Rate(1, Span::Day));
        assert_eq!(seconds(&windows, 0.3, Standing::Known, 100), (86_400, less));
    }

    #[test]
    fn other_chats_wait_a_moment_and_nobody_is_woken() {
        let mut windows = Windows::default();
        windows.add(&left(1, 0, Standing::Known));
        let now = UnixMs(NOON.0 + 1000);
        let other = windows.earliest(&policy(), 1.0, (&chat(2), Standing::Known), now);
        assert_eq!(other, (UnixMs(NOON.0 + 5000), Some(Because::Distance)));
        // NOON is 12:00 in UTC and 14:00 in Berlin.
        let quiet = SendPolicy {
            quiet_hours: Some("14:00-15:30".parse().expect("good hours")),
            zone: Tz::Europe__Berlin,
            ..policy()
        };
        let held = windows.earliest(&quiet, 1.0, (&chat(1), Standing::Known), now);
        assert_eq!(held, (UnixMs(NOON.0 + 5_400_000), Some(Because::QuietHours)));
        let answer = windows.earliest(&quiet, 1.0, (&chat(2), Standing::Answer), now);
        assert_eq!(answer, (now, None));
    }

    #[test]
    fn what_left_before_the_clock_was_set_back_counts_as_just_now() {
        let hours = 5 * 3600;
        let mut windows = Windows::of(vec![left(1, hours, Standing::Known), left(2, hours, Standing::Known)]);
        let minute = Some(Because::Rate(2, Span::Minute));
        assert_eq!(seconds(&windows, 1.0, Standing::Known, 0), (hours + 60, minute));
        windows.set_back(NOON);
        assert_eq!(seconds(&windows, 1.0, Standing::Known, 0), (60, minute));
        assert_eq!(seconds(&windows, 1.0, Standing::Known, 61), (61, None));
    }

    #[test]
    fn what_is_taken_back_never_left() {
        let mut windows = Windows::of(vec![left(1, 0, Standing::New)]);
        assert!(windows.knows(EffectId::new(ulid::Ulid(1))));
        assert!(windows.remove(EffectId::new(ulid::Ulid(1))).is_some());
        assert_eq!(seconds(&windows, 1.0, Standing::New, 1), (1, None));
    }
}
