//! A guest that says in a chat what happened there, one line for each event, for tests.
//!
//! A message `ping` is answered with `pong`; other messages are not. What belongs to no chat is said to the address in the
//! configuration's `tell`.

use waspnest_plugin::types::{
    Address, Call, ChatEvent, ContactEvent, EventContext, GroupEvent, HandlerError, Message, Outcome, Presence,
    Receipt, SessionEvent,
};
use waspnest_plugin::{
    CallHandler, ChatHandler, ContactHandler, GroupHandler, MessageHandler, PresenceHandler, ReceiptHandler,
    SessionHandler, config_value, messaging,
};

/// The plugin.
#[derive(Debug)]
pub struct Witness;

impl MessageHandler for Witness {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        if msg.text() == Some("ping") {
            messaging::send_text(msg.chat(), "pong")?;
        }
        Ok(Outcome::next())
    }
}

impl ReceiptHandler for Witness {
    fn on_receipt(_: &EventContext, receipt: &Receipt) -> Result<Outcome, HandlerError> {
        let keys = &receipt.keys;
        let line = format!(
            "receipt {:?} of {} by {} at {} code {:?} reason {:?}",
            receipt.status,
            keys.iter().map(|key| key.id.as_str()).collect::<Vec<_>>().join(","),
            maybe(receipt.by.as_ref()),
            receipt.at,
            receipt.code,
            receipt.reason,
        );
        say(keys.first().map(|key| key.chat.as_str()), line)
    }
}

impl GroupHandler for Witness {
    fn on_group(_: &EventContext, ev: &GroupEvent) -> Result<Outcome, HandlerError> {
        let targets: Vec<_> = ev.targets.iter().map(name).collect();
        let attrs: Vec<_> = ev
            .attrs
            .iter()
            .map(|attr| format!("{}={}", attr.name, attr.value))
            .collect();
        let line = format!(
            "group {:?} by {} to [{}] value {:?} attrs [{}]",
            ev.change,
            maybe(ev.actor.as_ref()),
            targets.join(","),
            ev.value,
            attrs.join(","),
        );
        say(Some(&ev.group), line)
    }
}

impl PresenceHandler for Witness {
    fn on_presence(_: &EventContext, ev: &Presence) -> Result<Outcome, HandlerError> {
        let line = format!("presence {:?} of {} seen {:?}", ev.state, name(&ev.who), ev.last_seen);
        say(Some(&ev.chat), line)
    }
}

impl ContactHandler for Witness {
    fn on_contact(_: &EventContext, ev: &ContactEvent) -> Result<Outcome, HandlerError> {
        let line = format!("contact {:?} of {} value {:?}", ev.change, name(&ev.who), ev.value);
        say(Some(&ev.who.jid), line)
    }
}

impl ChatHandler for Witness {
    fn on_chat(_: &EventContext, ev: &ChatEvent) -> Result<Outcome, HandlerError> {
        let line = format!(
            "chat {:?} {} message {:?} until {:?} label {:?} {:?}",
            ev.change,
            if ev.on { "on" } else { "off" },
            ev.message.as_ref().map(|key| &key.id),
            ev.until,
            ev.label,
            ev.label_name,
        );
        say(ev.chat.as_deref(), line)
    }
}

impl CallHandler for Witness {
    fn on_call(_: &EventContext, call: &Call) -> Result<Outcome, HandlerError> {
        let line = format!("call {:?} of {} video {:?}", call.state, name(&call.caller), call.video);
        say(Some(call.group.as_ref().unwrap_or(&call.caller.jid)), line)
    }
}

impl SessionHandler for Witness {
    fn on_session(_: &EventContext, ev: &SessionEvent) -> Result<Outcome, HandlerError> {
        say(
            None,
            format!("session {:?} until {:?} because {:?}", ev.state, ev.until, ev.reason),
        )
    }
}

fn say(chat: Option<&str>, line: String) -> Result<Outcome, HandlerError> {
    let tell: Option<String> = config_value("/tell")?;
    if let Some(chat) = chat.map(str::to_owned).or(tell) {
        messaging::send_text(&chat, line)?;
    }
    Ok(Outcome::next())
}

/// A person by the digits of their phone number, where it is known.
fn name(who: &Address) -> String {
    let phone = [Some(&who.jid), who.alt.as_ref()]
        .into_iter()
        .flatten()
        .find_map(|jid| jid.strip_suffix("@s.whatsapp.net"));
    phone.unwrap_or(&who.jid).to_owned()
}

fn maybe(who: Option<&Address>) -> String {
    who.map_or_else(|| "nobody".to_owned(), name)
}

waspnest_plugin::export!(
    Witness: MessageHandler,
    ReceiptHandler,
    GroupHandler,
    PresenceHandler,
    ContactHandler,
    ChatHandler,
    CallHandler,
    SessionHandler,
);
