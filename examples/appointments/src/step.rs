//! The conversation, as an enum: each step knows what was said before it, what it asks, and what an answer leads to. It is stored while an
//! answer is waited for; changing it changes what is stored.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::calendar::{self, Slot};

/// What is being asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Step {
    Service,
    Day {
        service: String,
    },
    Time {
        service: String,
        #[serde(with = "calendar::text")]
        day: NaiveDate,
    },
    Confirm {
        service: String,
        #[serde(with = "calendar::text")]
        slot: Slot,
    },
}

/// What can be chosen at a step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choices {
    Services(Vec<String>),
    Days(Vec<NaiveDate>),
    Times(Vec<Slot>),
    YesOrNo,
}

/// What an answer leads to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Ask(Step),
    Book {
        service: String,
        slot: Slot,
    },
    Stop,
    /// The answer was none of the choices.
    Again,
}

/// Words that end the conversation at every step.
const STOP: [&str; 4] = ["stop", "cancel", "no", "nein"];
const YES: [&str; 4] = ["yes", "y", "ok", "ja"];

impl Step {
    /// What is asked.
    pub(crate) fn question(&self, choices: &Choices) -> String {
        let (asked, options): (String, Vec<String>) = match choices {
            Choices::Services(services) => ("What would you like?".into(), services.clone()),
            Choices::Days(days) => {
                let days = days.iter().map(|day| day.format("%A, %-d %B").to_string());
                ("Which day?".into(), days.collect())
            }
            Choices::Times(times) => {
                let times = times.iter().map(|slot| slot.time());
                ("What time?".into(), times.collect())
            }
            Choices::YesOrNo => {
                let Self::Confirm { service, slot } = self else {
                    return "Is that right? (yes or no)".into();
                };
                return format!("{service} on {}: is that right? (yes or no)", slot.in_words());
            }
        };
        let lines = (1..).zip(options).map(|(nth, option)| format!("{nth}. {option}"));
        let lines = std::iter::once(asked).chain(lines).collect::<Vec<_>>();
        lines.join("\n") + "\n(a number, or stop)"
    }

    /// Takes an answer.
    pub(crate) fn answered(self, answer: &str, choices: &Choices) -> Next {
        let answer = answer.trim().to_lowercase();
        if STOP.contains(&answer.as_str()) {
            return Next::Stop;
        }
        match (self, choices) {
            (Self::Service, Choices::Services(services)) => match chosen(&answer, services, String::clone) {
                Some(service) => Next::Ask(Self::Day { service }),
                None => Next::Again,
            },
            (Self::Day { service }, Choices::Days(days)) => {
                match chosen(&answer, days, |day| day.format("%A").to_string()) {
                    Some(day) => Next::Ask(Self::Time { service, day }),
                    None => Next::Again,
                }
            }
            (Self::Time { service, .. }, Choices::Times(times)) => match chosen(&answer, times, |slot| slot.time()) {
                Some(slot) => Next::Ask(Self::Confirm { service, slot }),
                None => Next::Again,
            },
            (Self::Confirm { service, slot }, Choices::YesOrNo) if YES.contains(&answer.as_str()) => {
                Next::Book { service, slot }
            }
            _ => Next::Again,
        }
    }
}

/// A choice by its number, or by its name.
fn chosen<T: Clone>(answer: &str, choices: &[T], name: impl Fn(&T) -> String) -> Option<T> {
    let by_number = answer
        .parse::<usize>()
        .ok()
        .and_then(|number| choices.get(number.checked_sub(1)?));
    by_number
        .or_else(|| choices.iter().find(|choice| name(choice).to_lowercase() == answer))
        .cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_number_or_a_name() {
        let services = Choices::Services(vec!["Haircut".into(), "Colour".into()]);
        let colour = || {
            Next::Ask(Step::Day {
                service: "Colour".into(),
            })
        };
        assert_eq!(Step::Service.answered("2", &services), colour());
        assert_eq!(Step::Service.answered(" colour ", &services), colour());
        for wrong in ["0", "3", "a beard", ""] {
            assert_eq!(Step::Service.answered(wrong, &services), Next::Again, "{wrong}");
        }
        assert_eq!(Step::Service.answered("Stop", &services), Next::Stop);
    }
}
