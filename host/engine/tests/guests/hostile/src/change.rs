//! What can be done to messages, done to the right and the wrong ones.

use crate::host_call::said;
use waspnest_plugin::messaging::{self, Options, Outgoing, PinTime};
use waspnest_plugin::types::{EventContext, HandlerError, Message, MessageKey, Outcome};

/// A chat that no event of these tests is of.
const ELSEWHERE: &str = "4915187654321@s.whatsapp.net";

/// Does what the word says, and answers what came back.
pub(crate) fn change(word: &str, rest: &str, msg: &Message) -> String {
    let own = |id: &str| messaging::sent_key(&msg.key, id.into());
    let done = match word {
        "edit" => messaging::edit(&own(rest), "other words"),
        "edit-now" => messaging::edit_now(&own(rest), "other words"),
        "edit-now-theirs" => messaging::edit_now(&msg.key, "other words"),
        "edit-theirs" => messaging::edit(&msg.key, "other words"),
        "revoke" => messaging::revoke(&own(rest)),
        "revoke-theirs" => messaging::revoke(&msg.key),
        "pin" => messaging::pin(&own(rest), PinTime::Week),
        "pin-theirs" => return pin_for(&msg.key, rest),
        "unpin" => messaging::unpin(&msg.key),
        "pass-on" => messaging::forward(&msg.key, msg.chat()).map(drop),
        "say-edit" | "say-pin" | "say-revoke" => return say_and(word, msg),
        "star" => messaging::star(&own(rest)),
        "star-theirs" => messaging::star(&msg.key),
        "unstar" => messaging::unstar(&msg.key),
        "vote" => {
            let (id, options) = rest.split_once(' ').unwrap_or((rest, ""));
            let options: Vec<&str> = options.split(',').filter(|option| !option.is_empty()).collect();
            messaging::vote(&theirs(msg, id), &options)
        }
        "forward" => messaging::forward(&theirs(msg, rest), msg.chat()).map(drop),
        "forward-from" => {
            let (chat, id) = rest.split_once(' ').unwrap_or((rest, ""));
            let key = MessageKey {
                chat: chat.into(),
                ..theirs(msg, id)
            };
            messaging::forward(&key, msg.chat()).map(drop)
        }
        "raw" => messaging::send(msg.chat(), &Outgoing::Raw(rest.into()), &Options::default()).map(drop),
        _ => return elsewhere(rest, msg),
    };
    said(done.map(|()| "done"))
}

/// Says something and changes it in the same call.
fn say_and(word: &str, msg: &Message) -> String {
    let done = messaging::reply(msg, format!("{word}: first")).and_then(|id| {
        let key = messaging::sent_key(&msg.key, id);
        match word {
            "say-edit" => messaging::edit(&key, "other words"),
            "say-pin" => messaging::pin(&key, PinTime::Day),
            _ => messaging::revoke(&key),
        }
    });
    said(done.map(|()| "done"))
}

/// A message that grows while it is made, and is finished at that attempt.
pub(crate) fn grow(ctx: &EventContext, last: u64, msg: &Message) -> Result<Outcome, HandlerError> {
    let key = messaging::sent_key(&msg.key, messaging::send_text_now(msg.chat(), "first")?);
    messaging::edit_now(&key, "first and")?;
    messaging::edit_now(&key, format!("attempt {}", ctx.attempt))?;
    if u64::from(ctx.attempt) < last {
        return Err(HandlerError::retry("told to retry"));
    }
    messaging::edit(&key, "whole")?;
    Ok(Outcome::next())
}

fn theirs(msg: &Message, id: &str) -> MessageKey {
    MessageKey {
        id: id.into(),
        ..msg.key.clone()
    }
}

/// Pins for so many seconds, which WhatsApp may not know.
fn pin_for(key: &MessageKey, seconds: &str) -> String {
    use waspnest_plugin::bindings::imports::waspnest::plugin::messaging as host;
    match host::pin(key, seconds.parse().ok()) {
        Ok(()) => "done".into(),
        Err(error) => format!("{error:?}"),
    }
}

fn elsewhere(word: &str, msg: &Message) -> String {
    let theirs = MessageKey {
        chat: ELSEWHERE.into(),
        ..msg.key.clone()
    };
    let own = messaging::sent_key(&theirs, "3EB0".into());
    let done = match word {
        "edit" => messaging::edit(&own, "other words"),
        "edit-now" => messaging::edit_now(&own, "other words"),
        "revoke" => messaging::revoke(&own),
        "moderate" => messaging::revoke(&theirs),
        "vote" => messaging::vote::<&str>(&theirs, &[]),
        "pin" => messaging::pin(&own, PinTime::Day),
        "star" => messaging::star(&own),
        "raw" => messaging::send(ELSEWHERE, &Outgoing::Raw(b"R".into()), &Options::default()).map(drop),
        _ => return format!("{word} is not a word for elsewhere"),
    };
    said(done.map(|()| "done"))
}
