//! A guest that tells what it is configured to be, and checks it, for tests.
//!
//! | text | what it does |
//! |---|---|
//! | `config` | replies the whole configuration |
//! | `get POINTER` | replies one value of it, or `nothing` |
//! | `retry N` | asks for a retry before attempt N, and then replies the greeting |
//!
//! A tick is told to the address `tell` of the configuration, if there is one.
//!
//! Its check wants `hours.from` to be less than `hours.until`. `check` in the configuration makes it misbehave: `trap`, `loop`, `flood`
//! (with issues), `send` (tries what it may not), `warn`, `tell` (the token).

use serde::Deserialize;
use waspnest_plugin::types::{EventContext, HandlerError, Issue, Message, Outcome, Tick};
use waspnest_plugin::{ConfigCheck, MessageHandler, ScheduleHandler, config, config_value, info, kv, messaging};

/// The plugin.
#[derive(Debug)]
pub struct Tuner;

/// What it is configured to be.
#[derive(Debug, Deserialize)]
pub struct Settings {
    greeting: String,
    hours: Hours,
    check: Option<String>,
    token: Option<String>,
}

/// From when until when.
#[derive(Debug, Deserialize)]
struct Hours {
    from: u32,
    until: u32,
}

impl MessageHandler for Tuner {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let answer = match msg.text().unwrap_or_default().split_once(' ') {
            Some(("get", pointer)) => {
                let value: Option<serde_json::Value> = config_value(pointer)?;
                value.map_or_else(|| "nothing".into(), |value| value.to_string())
            }
            Some(("retry", attempts)) if attempts.parse().is_ok_and(|attempts: u32| ctx.attempt < attempts) => {
                return Err(HandlerError::retry("told to"));
            }
            Some(("retry", _)) => config::<Settings>()?.greeting,
            _ => config::<serde_json::Value>()?.to_string(),
        };
        messaging::reply(msg, answer)?;
        Ok(Outcome::next())
    }
}

impl ScheduleHandler for Tuner {
    fn on_tick(_: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError> {
        if let Some(tell) = config_value::<String>("/tell")? {
            messaging::send_text(&tell, format!("{} {:?}", tick.id, tick.cause))?;
        }
        Ok(Outcome::next())
    }
}

impl ConfigCheck for Tuner {
    type Config = Settings;

    fn validate_config(settings: &Settings) -> Vec<Issue> {
        info!("checks its configuration");
        match settings.check.as_deref() {
            Some("trap") => panic!("told to"),
            Some("loop") => loop {
                core::hint::black_box(settings);
            },
            Some("flood") => (0..1000)
                .map(|n| Issue::fatal(format!("/{n}"), "x".repeat(5000)))
                .collect(),
            Some("send") => {
                let sent = messaging::send_text("4915112345678", "hello").err();
                let kept = kv::session().and_then(|store| store.put("a", "b")).err();
                vec![Issue::fatal("", format!("{sent:?} {kept:?}"))]
            }
            Some("warn") => vec![Issue::warning("/greeting", "is a little short")],
            Some("tell") => vec![Issue::warning("/token", format!("it is {:?}", settings.token))],
            _ if settings.hours.from >= settings.hours.until => {
                vec![Issue::fatal("/hours/until", "must be later than hours.from")]
            }
            _ => Vec::new(),
        }
    }
}

waspnest_plugin::export!(Tuner: MessageHandler, ScheduleHandler, ConfigCheck);
