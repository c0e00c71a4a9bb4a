//! A guest that holds conversations on command, for tests. The text of a message says how.
//!
//! | text | what it does |
//! |---|---|
//! | `ask NAME MS`, `ask-chat NAME MS` | waits for the sender's or anybody's next message, and replies `asked NAME` |
//! | `ask-large N` | the same, with N bytes of data |
//! | `ask-fail NAME` | waits, replies, and then rejects: nothing of it may be seen |
//! | `cancel`, `cancel-chat` | waits no longer, and replies whether it did |
//! | `note NAME`, `note-chat NAME`, `note-for NAME MS` | sets the state |
//! | `noted`, `noted-chat` | replies the state |
//! | `forget` | removes the state |
//! | `flood-dialogue` | asks for the state without end |
//! | `reserved` | sets a job under a name of the host's, and replies what came back |
//! | `jobs` | replies how many jobs there are |
//! | `tick MS` | sets a job whose tick tries both dialogues, and replies what came back |
//! | `halt`, `discard` | replies that, and says that the event shall go no further |
//! | `retry N`, `reject` | asks for a retry before attempt N; rejects |
//! | anything else | replies `ok: ` and the text |
//!
//! An answer is replied to with `NAME got ` and its text, and the end of a wait with `NAME got nothing`. These answers do more: `again`
//! waits again, `fail` rejects, `retry N` asks for a retry before attempt N, `cancel` replies whether the wait is still there.
//!
//! A command is replied to with its names and arguments. `/order fail` rejects, `/order retry` asks twice for a retry, `/order ask`
//! waits for the sender's next message under the name `size`.

use core::time::Duration;
use waspnest_plugin::dialogue::{self, Dialogue, State};
use waspnest_plugin::schedule::Job;
use waspnest_plugin::types::{Command, EventContext, HandlerError, Message, Outcome, Pending, Tick};
use waspnest_plugin::{CommandHandler, Error, MessageHandler, ReplyHandler, ScheduleHandler, messaging};

/// The plugin.
#[derive(Debug)]
pub struct Talker;

impl MessageHandler for Talker {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let text = msg.text().unwrap_or_default();
        let words: Vec<&str> = text.split(' ').collect();
        let answer = match *words.as_slice() {
            ["ask", name, ms] => ask(dialogue::sender(), name, ms, msg),
            ["ask-chat", name, ms] => ask(dialogue::chat(), name, ms, msg),
            ["ask-large", bytes] => {
                let large = State {
                    data: vec![b'x'; usize::try_from(number(bytes)).unwrap_or(usize::MAX)],
                    ..State::new("large")
                };
                said(
                    dialogue::sender()
                        .expect(large, Duration::from_secs(60))
                        .map(|()| "asked".into()),
                )
            }
            ["ask-fail", name] => {
                messaging::reply(msg, ask(dialogue::sender(), name, "60000", msg))?;
                return Err(HandlerError::reject("told to stop half-way"));
            }
            ["cancel"] => said(dialogue::sender().cancel().map(|there| there.to_string())),
            ["cancel-chat"] => said(dialogue::chat().cancel().map(|there| there.to_string())),
            ["note", name] => said(
                dialogue::sender()
                    .set(State::new(name).of_version(7))
                    .map(|()| "noted".into()),
            ),
            ["note-chat", name] => said(
                dialogue::chat()
                    .set(State::new(name).of_version(7))
                    .map(|()| "noted".into()),
            ),
            ["note-for", name, ms] => {
                let lifetime = Duration::from_millis(number(ms));
                said(
                    dialogue::sender()
                        .set_for(State::new(name), lifetime)
                        .map(|()| "noted".into()),
                )
            }
            ["noted"] => noted(dialogue::sender()),
            ["noted-chat"] => noted(dialogue::chat()),
            ["forget"] => said(dialogue::sender().clear().map(|()| "forgotten".into())),
            ["flood-dialogue"] => loop {
                let _ = core::hint::black_box(dialogue::sender().get());
            },
            ["tick", ms] => {
                let job = Job::after("tick", Duration::from_millis(number(ms))).payload(msg.chat())?;
                said(job.put().map(|_| "set".into()))
            }
            ["reserved"] => said(
                Job::after("waspnest:wait", Duration::from_secs(5))
                    .put()
                    .map(|_| "set".into()),
            ),
            ["jobs"] => said(waspnest_plugin::schedule::list().map(|jobs| jobs.len().to_string())),
            ["halt" | "discard"] => text.to_owned(),
            ["retry", attempt] if u64::from(ctx.attempt) < number(attempt) => {
                return Err(HandlerError::retry("told to retry"));
            }
            ["reject"] => return Err(HandlerError::reject("told to reject")),
            _ => format!("ok: {text}"),
        };
        messaging::reply(msg, answer)?;
        Ok(match text {
            "halt" => Outcome::stop(),
            "discard" => Outcome::drop_event(),
            _ => Outcome::next(),
        })
    }
}

impl CommandHandler for Talker {
    fn on_command(ctx: &EventContext, cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError> {
        match cmd.text("what") {
            Some("fail") => return Err(HandlerError::reject("told to reject")),
            Some("retry") if ctx.attempt < 3 => return Err(HandlerError::retry("told to retry")),
            Some("ask") => drop(ask(dialogue::sender(), "size", "600000", msg)),
            _ => {}
        }
        let args: Vec<String> = cmd.args.iter().map(|(name, arg)| format!(" {name}={arg:?}")).collect();
        let words = cmd.words().join(" ");
        messaging::reply(msg, format!("{words} as {}:{}", cmd.invoked_as, args.concat()))?;
        Ok(Outcome::next())
    }
}

impl ReplyHandler for Talker {
    fn on_reply(ctx: &EventContext, pending: &Pending, msg: Option<&Message>) -> Result<Outcome, HandlerError> {
        let Some(msg) = msg else {
            assert!(pending.expired, "without a message the time is over");
            let chat: String = pending.read()?;
            messaging::send_text(&chat, format!("{} got nothing", pending.name))?;
            return Ok(Outcome::next());
        };
        let text = msg.text().unwrap_or_default();
        let words: Vec<&str> = text.split(' ').collect();
        match *words.as_slice() {
            ["again"] => drop(ask(dialogue::sender(), &pending.name, "60000", msg)),
            ["fail"] => return Err(HandlerError::reject("told to reject")),
            ["retry", attempt] if u64::from(ctx.attempt) < number(attempt) => {
                return Err(HandlerError::retry("told to retry"));
            }
            ["cancel"] => {
                messaging::reply(msg, said(dialogue::sender().cancel().map(|there| there.to_string())))?;
            }
            _ => {}
        }
        messaging::reply(msg, format!("{} got {text}", pending.name))?;
        Ok(Outcome::stop())
    }
}

impl ScheduleHandler for Talker {
    fn on_tick(_: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError> {
        let both = [noted(dialogue::chat()), noted(dialogue::sender())].join("; ");
        match tick.read_payload::<String>() {
            Ok(chat) => messaging::send_text(&chat, both)?,
            Err(_) => return Err(HandlerError::reject(both)),
        };
        Ok(Outcome::next())
    }
}

waspnest_plugin::export!(Talker: MessageHandler, CommandHandler, ReplyHandler, ScheduleHandler);

/// Waits; the address of the chat comes back.
fn ask(of: Dialogue, name: &str, ms: &str, msg: &Message) -> String {
    let asked = || {
        of.expect(
            State::new(name).with(msg.chat())?.of_version(1),
            Duration::from_millis(number(ms)),
        )
    };
    said(asked().map(|()| format!("asked {name}")))
}

fn noted(of: Dialogue) -> String {
    said(of.get().map(|state| match state {
        Some(State { name, version, .. }) => format!("{name} {version}"),
        None => "nothing".into(),
    }))
}

/// The good word, or the refusal.
fn said(answer: Result<String, Error>) -> String {
    answer.unwrap_or_else(|error| error.to_string())
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or(0)
}
