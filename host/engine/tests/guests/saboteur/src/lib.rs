//! A guest that ends in a trap whatever it is told, after it has tried to leave something behind: for tests of the engine.

use waspnest_plugin::types::{
    Call, ChatEvent, Command, ContactEvent, EventContext, GroupEvent, HandlerError, Issue, Message, Outcome, Pending,
    Place, Presence, Receipt, Request, Response, SessionEvent, Tick,
};
use waspnest_plugin::{
    CallHandler, ChatHandler, CommandHandler, ConfigCheck, ContactHandler, GroupHandler, Lifecycle, MessageHandler,
    PresenceHandler, ReceiptHandler, ReplyHandler, RequestHandler, ScheduleHandler, SessionHandler, TopicHandler,
    messaging,
};

/// The plugin.
#[derive(Debug)]
pub struct Saboteur;

/// Sends something that must never leave, and stops on an instruction that cannot be executed.
fn sabotage() -> ! {
    let _ = messaging::send_text("4915112345678@s.whatsapp.net", "must not be seen");
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}

macro_rules! handlers {
    ($($handler:ident::$function:ident($event:ty);)+) => {
        $(impl $handler for Saboteur {
            fn $function(_: &EventContext, _: &$event) -> Result<Outcome, HandlerError> {
                sabotage()
            }
        })+
    };
}

handlers! {
    MessageHandler::on_message(Message);
    ScheduleHandler::on_tick(Tick);
    ReceiptHandler::on_receipt(Receipt);
    GroupHandler::on_group(GroupEvent);
    PresenceHandler::on_presence(Presence);
    ContactHandler::on_contact(ContactEvent);
    ChatHandler::on_chat(ChatEvent);
    CallHandler::on_call(Call);
    SessionHandler::on_session(SessionEvent);
}

impl CommandHandler for Saboteur {
    fn on_command(_: &EventContext, _: &Command, _: &Message) -> Result<Outcome, HandlerError> {
        sabotage()
    }
}

impl ReplyHandler for Saboteur {
    fn on_reply(_: &EventContext, _: &Pending, _: Option<&Message>) -> Result<Outcome, HandlerError> {
        sabotage()
    }
}

impl TopicHandler for Saboteur {
    fn on_topic(_: &EventContext, _: &str, _: &str, _: &[u8]) -> Result<Outcome, HandlerError> {
        sabotage()
    }
}

impl RequestHandler for Saboteur {
    fn on_request(_: &EventContext, _: &Request) -> Result<Response, HandlerError> {
        sabotage()
    }
}

impl Lifecycle for Saboteur {
    fn migrate(_: &Place, _: u32, _: u32) -> Result<(), String> {
        sabotage()
    }
}

impl ConfigCheck for Saboteur {
    type Config = serde_json::Value;

    fn validate_config(_: &serde_json::Value) -> Vec<Issue> {
        sabotage()
    }
}

waspnest_plugin::export!(
    Saboteur: MessageHandler,
    CommandHandler,
    ReplyHandler,
    TopicHandler,
    RequestHandler,

    Lifecycle,
    ConfigCheck,
    ScheduleHandler,
    ReceiptHandler,
    GroupHandler,
    PresenceHandler,
    ContactHandler,
    ChatHandler,
    CallHandler,
    SessionHandler,
);
