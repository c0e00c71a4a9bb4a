//! Does what every language must be able to do; the scenario in ../tests says what that is.

use core::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;
use waspnest_plugin::dialogue::State;
use waspnest_plugin::http::Request as Ask;
use waspnest_plugin::schedule::Job;
use waspnest_plugin::types::{Command, EventContext, HandlerError, Message, Outcome, Pending, Request, Response, Tick};
use waspnest_plugin::{
    CommandHandler, Error, MessageHandler, ReplyHandler, RequestHandler, ScheduleHandler, bus, chats, config, contacts,
    dialogue, groups, info, kv, media, messaging, meta, response, secrets, webhooks,
};

/// The plugin.
pub struct Plugin;

#[derive(Deserialize)]
struct Settings {
    greeting: String,
}

#[derive(Serialize, Deserialize)]
struct Remembered {
    text: String,
}

#[derive(Serialize, Deserialize)]
struct Order {
    what: String,
}

#[derive(Serialize, Deserialize)]
struct Reminder {
    chat: String,
    text: String,
}

#[derive(Deserialize)]
struct Rates {
    usd: f64,
}

#[derive(Serialize)]
struct Asked<'a> {
    bytes: usize,
    paid: bool,
    path: &'a str,
}

impl MessageHandler for Plugin {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let text = msg.plain_text.as_deref().unwrap_or_default();
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match word {
            "echo" => drop(messaging::reply(msg, rest)?),
            "long" => drop(messaging::reply(msg, "añ🐝".repeat(rest.parse().unwrap_or_default()))?),
            "greet" => {
                let settings: Settings = config()?;
                let who = msg.sender.push_name.as_deref().unwrap_or_default();
                info!("greets", who = who);
                messaging::reply(msg, format!("{}, {who}", settings.greeting))?;
            }
            "count" => drop(messaging::reply(msg, kv::chat()?.increment("count", 1)?.to_string())?),
            "remember" => drop(kv::chat()?.put("remembered", &Remembered { text: rest.into() })?),
            "recall" => {
                let found: Option<Remembered> = kv::chat()?.get("remembered")?;
                messaging::reply(msg, found.map_or_else(|| "nothing".into(), |found| found.text))?;
            }
            "churn" => {
                let sum = churn(rest.parse().unwrap_or_default())?;
                messaging::reply(msg, format!("{sum} characters"))?;
            }
            "order" => {
                messaging::reply(msg, "Which size?")?;
                let order = State::new("size").with(&Order { what: rest.into() })?;
                dialogue::sender().expect(order, Duration::from_secs(600))?;
            }
            "remind" => {
                let reminder = Reminder {
                    chat: msg.chat().into(),
                    text: "The tea is ready.".into(),
                };
                Job::after("tea", Duration::from_secs(240)).payload(&reminder)?.put()?;
            }
            "rate" => {
                let url = format!("https://rates.example.com/{rest}");
                let rates: Rates = Ask::get(url).send()?.ok()?.json()?;
                messaging::reply(msg, format!("1 {rest} is {} usd", rates.usd))?;
            }
            "watch" => watch(msg, rest)?,
            "later" => {
                messaging::reply(msg, format!("attempt {}", ctx.attempt))?;
                if ctx.attempt == 1 {
                    return Err(HandlerError::Retry(("not yet".into(), Some(1000))));
                }
            }
            "never" => {
                messaging::reply(msg, "nobody reads this")?;
                return Err(HandlerError::Reject("it was asked to".into()));
            }
            "stop" => return Ok(Outcome::stop().with_note("stopped")),
            "tell" => drop(messaging::send_text("4915100000099@s.whatsapp.net", "psst")?),
            "like" => messaging::react(msg, "👍")?,
            "note" => {
                let file = media::make("text/plain", rest.as_bytes())?;
                messaging::send_document(msg.chat(), file, "note.txt")?;
            }
            "members" => {
                let group = groups::info(msg.chat())?;
                messaging::reply(msg, format!("{}: {} members", group.subject, group.participants.len()))?;
            }
            "known" => {
                let known = contacts::resolve(rest)?.is_some();
                messaging::reply(msg, if known { "at WhatsApp" } else { "not at WhatsApp" })?;
            }
            "mute" => chats::update(msg.chat(), &chats::Change::MuteUntil(None))?,
            "tell-shop" => drop(webhooks::emit("shop", "note.written", &json!({ "text": rest }))?),
            "publish" => bus::publish("notes.written", &json!({ "text": rest }))?,
            "sign" => {
                let code = secrets::hmac_sha256("signing-key", rest.as_bytes())?;
                messaging::reply(msg, code.map(|byte| format!("{byte:02x}")).concat())?;
            }
            "granted" => drop(messaging::reply(msg, if meta::granted(rest) { "yes" } else { "no" })?),
            _ => {}
        }
        Ok(Outcome::next())
    }
}

fn churn(times: usize) -> Result<usize, Error> {
    let store = kv::chat()?;
    store.put("large", &"x".repeat(40_000))?;
    let mut sum = 0;
    for _ in 0..times {
        let large: Option<String> = store.get("large")?;
        sum += large.map_or(0, |large| large.len());
    }
    store.delete("large")?;
    Ok(sum)
}

fn watch(msg: &Message, currency: &str) -> Result<(), Error> {
    let mut rates = Ask::get(format!("https://rates.example.com/watch/{currency}")).open()?;
    let shown = messaging::sent_key(&msg.key, messaging::send_text_now(msg.chat(), "…")?);
    let mut last = "nothing".to_owned();
    while let Some(piece) = rates.next(Duration::from_millis(500))? {
        last = String::from_utf8_lossy(&piece).trim().to_owned();
        messaging::edit_now(&shown, last.as_str())?;
    }
    messaging::edit(&shown, format!("{last} in the end"))
}

impl CommandHandler for Plugin {
    fn on_command(_ctx: &EventContext, cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError> {
        match cmd.words()[..] {
            ["typed"] => drop(messaging::reply(msg, typed(cmd))?),
            ["list", "add"] => {
                let things = cmd.items("things");
                messaging::reply(msg, format!("{}: {}", things.len(), things.join(", ")))?;
            }
            _ => {}
        }
        Ok(Outcome::next())
    }
}

fn typed(cmd: &Command) -> String {
    let dash = || "-".to_owned();
    let text = |name| cmd.text(name).map_or_else(dash, ToOwned::to_owned);
    [
        text("word"),
        cmd.integer("whole").map_or_else(dash, |whole| whole.to_string()),
        cmd.number("number").map_or_else(dash, |number| number.to_string()),
        cmd.flag("flag").map_or_else(dash, |flag| if flag { "yes" } else { "no" }.into()),
        cmd.duration("span").map_or_else(dash, |span| span.as_millis().to_string()),
        text("size"),
        text("rest"),
    ]
    .join("|")
}

impl ReplyHandler for Plugin {
    fn on_reply(_ctx: &EventContext, pending: &Pending, msg: Option<&Message>) -> Result<Outcome, HandlerError> {
        let Order { what } = pending.read()?;
        // Who ordered and went away is not told.
        let Some(msg) = msg else {
            return Ok(Outcome::next().with_note(format!("nobody wants {what}")));
        };
        messaging::reply(msg, format!("One {} {what}.", msg.text().unwrap_or_default()))?;
        Ok(Outcome::next())
    }
}

impl ScheduleHandler for Plugin {
    fn on_tick(_ctx: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError> {
        let Reminder { chat, text } = tick.read_payload()?;
        messaging::send_text(&chat, text)?;
        Ok(Outcome::next())
    }
}

impl RequestHandler for Plugin {
    fn on_request(_ctx: &EventContext, req: &Request) -> Result<Response, HandlerError> {
        let asked = Asked {
            bytes: req.body.len(),
            paid: req.query.as_deref() == Some("paid=1"),
            path: &req.path,
        };
        let body = serde_json::to_vec(&asked).map_err(|source| Error::Form {
            what: "the answer".into(),
            source,
        })?;
        Ok(response(201, "application/json", body))
    }
}

waspnest_plugin::export!(Plugin: MessageHandler, CommandHandler, ReplyHandler, ScheduleHandler, RequestHandler);
