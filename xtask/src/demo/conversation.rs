//! What the simulated people say, and what they must hear.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::api::{Received, Simulator};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who chats with the session.
#[derive(Clone)]
pub(crate) struct Person {
    simulator: Simulator,
    phone: String,
    bot: String,
}

impl Person {
    pub(super) fn new(simulator: &Simulator, phone: String, bot: &str) -> Self {
        Self {
            simulator: simulator.clone(),
            phone,
            bot: bot.to_owned(),
        }
    }

    pub(crate) fn say(&self, words: &str) -> Result<()> {
        self.simulator.say(&self.phone, &self.bot, words)
    }

    /// The place of the newest message in the inbox.
    pub(crate) fn heard_so_far(&self) -> u64 {
        self.simulator.newest(&self.phone).unwrap_or(0)
    }

    pub(crate) fn next(&self, after: u64) -> Result<Received> {
        self.simulator.next(&self.phone, after, PATIENCE)
    }
}

/// What the conversation came to.
pub(super) struct Report {
    pub(super) messages: usize,
    pub(super) replies: usize,
    pub(super) first_reply: Duration,
    waits: Vec<Duration>,
}

impl Report {
    /// Milliseconds from a message to its reply, HTTP to the simulator included.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let index = (waits.len() * percent).div_ceil(100).clamp(1, waits.len().max(1)) - 1;
        waits
            .get(index)
            .map_or(0.0, |wait| (wait.as_secs_f64() * 100_000.0).round() / 100.0)
    }
}

/// Who speaks, what they say, and what must be in each answer, in whatever order they come.
const SCRIPT: &[(Speaker, &str, &[&str])] = &[
    (Speaker::Ada, "hello", &["hello"]),
    // Away says so, and leaves the rest to others: echo answers too.
    (
        Speaker::Linus,
        "is anybody there?",
        &["Nobody is here", "is anybody there?"],
    ),
    (Speaker::Ada, "grüße aus köln 👋", &["grüße aus köln 👋"]),
    (
        Speaker::Ada,
        "remind me in 2 seconds to water the plants",
        &["I will remind you", "Reminder: water the plants"],
    ),
    (Speaker::Linus, "my reminders", &["There are no reminders"]),
    (
        Speaker::Linus,
        "what are your opening hours?",
        &["from Monday to Friday"],
    ),
    (Speaker::Ada, "Computer, who are you?", &["remember 1 of your messages"]),
    (Speaker::Ada, "Computer, and now?", &["remember 2 of your messages"]),
    (Speaker::Linus, "!flow 17 + 25", &["17 + 25 is 42"]),
    (Speaker::Linus, "thanks!", &["thanks!"]),
];

#[derive(Clone, Copy)]
enum Speaker {
    Ada,
    Linus,
}

/// Plays the script, message by message. The first answer to each counts for the waits.
#[expect(
    clippy::disallowed_methods,
    reason = "how long an answer takes is what the demo reports"
)]
pub(super) fn play(ada: &Person, linus: &Person, started: Instant) -> Result<Report> {
    let mut report = Report {
        messages: 0,
        replies: 0,
        first_reply: Duration::ZERO,
        waits: Vec::new(),
    };
    let mut heard = [0, 0];
    for (speaker, words, answers) in SCRIPT {
        let (person, name, after) = match speaker {
            Speaker::Ada => (ada, "Ada", &mut heard[0]),
            Speaker::Linus => (linus, "Linus", &mut heard[1]),
        };
        eprintln!("{name:>8}: {words}");
        let sent = Instant::now();
        person.say(words)?;
        report.messages += 1;
        let mut expected: Vec<&str> = answers.to_vec();
        while !expected.is_empty() {
            let received = person.next(*after)?;
            *after = received.seq;
            if expected.len() == answers.len() {
                report.waits.push(sent.elapsed());
            }
            if report.replies == 0 {
                report.first_reply = started.elapsed();
            }
            report.replies += 1;
            eprintln!("{:>8}: {}", "bot", received.text.replace('\n', "\n          "));
            match expected.iter().position(|part| received.text.contains(part)) {
                Some(index) => expected.remove(index),
                None => bail!("the answer to {words:?} should hold one of {expected:?}"),
            };
        }
    }
    Ok(report)
}
