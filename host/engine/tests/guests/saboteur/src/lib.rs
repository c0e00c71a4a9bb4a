//! A guest that ends in a trap whatever it is told, after it has tried to leave something behind: for tests of the engine.

use waspnest_plugin::types::{
    Call, ChatEvent, ContactEvent, EventContext, GroupEvent, HandlerError, Message, Outcome, Presence, Receipt,
    SessionEvent, Tick,
};
use waspnest_plugin::{
    CallHandler, ChatHandler, ContactHandler, GroupHandler, MessageHandler, PresenceHandler, ReceiptHandler,
    ScheduleHandler, SessionHandler, messaging,
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

waspnest_plugin::export!(
    Saboteur: MessageHandler,
    ScheduleHandler,
    ReceiptHandler,
    GroupHandler,
    PresenceHandler,
    ContactHandler,
    ChatHandler,
    CallHandler,
    SessionHandler,
);
