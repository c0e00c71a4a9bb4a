//! A guest that talks to other plugins and to callers from outside, for tests.
//!
//! A message `publish TOPIC TEXT` publishes the text and replies what came back; `publish-much TOPIC` publishes too much, `publish-flood`
//! until it is refused, and `publish-reject TOPIC TEXT` rejects after it has published. What it hears it says in the chat it is of, as
//! `heard TOPIC from PUBLISHER: TEXT`; a text under `loop` it publishes again. A request to `/echo` is answered with what was asked, to
//! `/send/JID` sends the body there, to `/status/N` is answered with that status, to `/header/NAME` with that header, and to `/reject`,
//! `/retry-once`, `/trap` and `/large` with what they say.

use waspnest_plugin::types::{EventContext, HandlerError, Message, Outcome, Request, Response};
use waspnest_plugin::{Error, MessageHandler, RequestHandler, TopicHandler, bus, export, kv, messaging, response};

/// The plugin.
#[derive(Debug)]
pub struct Switchboard;

impl MessageHandler for Switchboard {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let mut words = msg.text().unwrap_or_default().splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (deed, topic, text) = (word(), word(), word());
        let published = match deed {
            "publish" | "publish-reject" => bus::publish_bytes(topic, text.as_bytes()),
            "publish-much" => bus::publish_bytes(topic, &vec![0; (256 << 10) + 1]),
            "publish-flood" => loop {
                if let Err(error) = bus::publish_bytes("nobody", b"x") {
                    break Err(error);
                }
            },
            _ => return Ok(Outcome::next()),
        };
        if deed == "publish-reject" {
            return Err(HandlerError::reject("told to"));
        }
        messaging::reply(msg, said(published))?;
        Ok(Outcome::next())
    }
}

impl TopicHandler for Switchboard {
    fn on_topic(ctx: &EventContext, topic: &str, publisher: &str, body: &[u8]) -> Result<Outcome, HandlerError> {
        let text = String::from_utf8_lossy(body);
        let mut line = format!("heard {topic} from {publisher}: {text}");
        if topic == "loop" {
            line = format!("{line}, and {}", said(bus::publish_bytes(topic, body)));
        }
        // The chat of the event is not told; the one of the message is.
        let chat = text.split(' ').next().unwrap_or_default();
        if let Err(error) = messaging::send_text(chat, &line) {
            waspnest_plugin::warn!("{line} could not be said: {error}", event = ctx.event_id);
        }
        Ok(Outcome::next())
    }
}

impl RequestHandler for Switchboard {
    fn on_request(ctx: &EventContext, req: &Request) -> Result<Response, HandlerError> {
        kv::session()?.increment("requests", 1)?;
        let (_, path) = req.path.split_once('/').unwrap_or_default();
        let (deed, rest) = path.split_once('/').unwrap_or((path, ""));
        let body = String::from_utf8_lossy(&req.body);
        Ok(match deed {
            "send" => {
                messaging::send_text(rest, &*body)?;
                response(202, "text/plain", "sent")
            }
            "status" => response(rest.parse().unwrap_or(200), "text/plain", ""),
            "header" => Response {
                headers: vec![(rest.into(), "x".into())],
                ..response(200, "text/plain", "")
            },
            "large" => response(200, "text/plain", "x".repeat((1 << 20) + 1)),
            "reject" => return Err(HandlerError::reject("told to")),
            "retry-once" if ctx.attempt == 1 => return Err(HandlerError::retry("told to")),
            "trap" => panic!("told to"),
            _ => {
                let headers: Vec<_> = req
                    .headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}"))
                    .collect();
                let query = req.query.as_deref().unwrap_or("-");
                let line = format!("{} {} {query} [{}] {body}", req.method, req.path, headers.join(", "));
                response(200, "text/x-echo", line)
            }
        })
    }
}

fn said(published: Result<(), Error>) -> String {
    match published {
        Ok(()) => "published".into(),
        Err(error) => error.to_string(),
    }
}

export!(Switchboard: MessageHandler, TopicHandler, RequestHandler);
