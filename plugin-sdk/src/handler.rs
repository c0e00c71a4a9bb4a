//! Handlers: what a plugin implements, and the macro that makes a component of it.
//!
//! The macro exports the handlers it is told and nothing else. It does nothing when the plugin is built for another machine
//! than WebAssembly, except to check that the handlers are implemented; that is how a plugin's logic is tested natively.

use crate::bindings;
use crate::types::{
    Call, ChatEvent, Command, ContactEvent, EventContext, GroupEvent, HandlerError, Issue, Message, Outcome, Pending,
    Place, Presence, Receipt, Request, Response, SessionEvent, Tick,
};
use core::marker::PhantomData;
use serde::de::DeserializeOwned;

/// Handles messages. Subscribed to by `[[subscribe]] event = "message"` in the manifest.
pub trait MessageHandler {
    /// Handles one message. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// [`HandlerError::Retry`] makes the host call again later, [`HandlerError::Reject`] parks the event. An
    /// [`Error`](crate::Error) turns into one of them by `?`.
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError>;
}

/// Handles commands that people type: those of `[[command]]` in the manifest. The host has read their arguments.
pub trait CommandHandler {
    /// Handles one command; `msg` is the message it came in. What it changed is committed when it answers `Ok`, and dropped
    /// otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_command(ctx: &EventContext, cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError>;
}

/// Handles what was waited for through [`dialogue`](crate::dialogue). For plugins whose manifest asks for the capability `dialogue`.
pub trait ReplyHandler {
    /// Handles the message that was waited for; `msg` is none when none came in time. What it changed is committed when it answers
    /// `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_reply(ctx: &EventContext, pending: &Pending, msg: Option<&Message>) -> Result<Outcome, HandlerError>;
}

/// Handles points in time: schedules of the configuration, and jobs set through [`schedule`](crate::schedule).
pub trait ScheduleHandler {
    /// Handles one tick. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_tick(ctx: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError>;
}

/// Handles receipts: how far messages of the account have come. Subscribed to by `[[subscribe]] event = "receipt"` in the manifest.
pub trait ReceiptHandler {
    /// Handles one receipt. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_receipt(ctx: &EventContext, receipt: &Receipt) -> Result<Outcome, HandlerError>;
}

/// Handles changes of groups. Subscribed to by `[[subscribe]] event = "group"` in the manifest.
pub trait GroupHandler {
    /// Handles one change. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_group(ctx: &EventContext, ev: &GroupEvent) -> Result<Outcome, HandlerError>;
}

/// Handles who is online and who types. Subscribed to by `[[subscribe]] event = "presence"` in the manifest. Its `states` must be named.
pub trait PresenceHandler {
    /// Handles one presence. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_presence(ctx: &EventContext, ev: &Presence) -> Result<Outcome, HandlerError>;
}

/// Handles changes of people. Subscribed to by `[[subscribe]] event = "contact"` in the manifest.
pub trait ContactHandler {
    /// Handles one change. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_contact(ctx: &EventContext, ev: &ContactEvent) -> Result<Outcome, HandlerError>;
}

/// Handles what the account did with its chats on another device. Subscribed to by `[[subscribe]] event = "chat"` in the manifest.
pub trait ChatHandler {
    /// Handles one change. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_chat(ctx: &EventContext, ev: &ChatEvent) -> Result<Outcome, HandlerError>;
}

/// Handles calls. Subscribed to by `[[subscribe]] event = "call"` in the manifest.
pub trait CallHandler {
    /// Handles one piece of news of a call. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_call(ctx: &EventContext, call: &Call) -> Result<Outcome, HandlerError>;
}

/// Handles states of the session. Subscribed to by `[[subscribe]] event = "session"` in the manifest.
pub trait SessionHandler {
    /// Handles one new state. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_session(ctx: &EventContext, ev: &SessionEvent) -> Result<Outcome, HandlerError>;
}

/// Handles what other plugins publish. Subscribed to by `[[subscribe]] event = "topic"` in the manifest, whose `topics` name what is listened to.
pub trait TopicHandler {
    /// Handles one publication. What it changed is committed when it answers `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_topic(ctx: &EventContext, topic: &str, publisher: &str, body: &[u8]) -> Result<Outcome, HandlerError>;
}

/// Answers requests from outside. Subscribed to by `[[subscribe]] event = "request"` in the manifest.
pub trait RequestHandler {
    /// Answers one request. What it changed is committed when it answers `Ok`, and dropped otherwise; the caller gets the answer after the
    /// commit.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_request(ctx: &EventContext, req: &Request) -> Result<Response, HandlerError>;
}

/// Handles any event as JSON. Subscribed to by `[[subscribe]] event = "raw"` in the manifest, whose `kinds` name the families.
pub trait RawHandler {
    /// Handles one event: `schema` names the form of `json`, `kind` the family. What it changed is committed when it answers
    /// `Ok`, and dropped otherwise.
    ///
    /// # Errors
    /// As for [`MessageHandler::on_message`].
    fn on_event(ctx: &EventContext, schema: &str, kind: &str, json: &str) -> Result<Outcome, HandlerError>;
}

/// Brings what an earlier version kept into the form of this one, and hears of its end. Nothing in the manifest announces it.
pub trait Lifecycle {
    /// Brings the values of one store into the form `to`, this version's `data-version`: the store that [`kv`](crate::kv) opens for
    /// `place`, and no other. What is written counts only if this answers `Ok` for every store of every session.
    ///
    /// # Errors
    /// Why that cannot be done, for the operator; the version before goes on.
    fn migrate(place: &Place, from: u32, to: u32) -> Result<(), String>;

    /// Another version has taken over. Only [`log`](crate::log) works, and nothing comes of it.
    fn retire(_reason: &str) {}
}

impl<P: Lifecycle> bindings::lifecycle::exports::waspnest::plugin::lifecycle::Guest for Adapter<P> {
    fn migrate(place: Place, from: u32, to: u32) -> Result<(), String> {
        P::migrate(&place, from, to)
    }

    fn retire(reason: String) {
        P::retire(&reason);
    }
}

/// Checks a configuration for what a JSON Schema cannot say. Nothing in the manifest announces it.
pub trait ConfigCheck {
    /// The configuration, in the plugin's own form.
    type Config: DeserializeOwned;

    /// Says what is wrong with a configuration that fits the schema; nothing, when it can be used. No event is handled, and
    /// every capability answers `denied`. Secrets do not belong into the words.
    ///
    /// A configuration that is not of the form of `Self::Config` is an issue by itself, and this is not asked.
    fn validate_config(config: &Self::Config) -> Vec<Issue>;
}

/// Stands between the generated traits and ours. Only [`export!`](crate::export) names it.
#[derive(Debug)]
pub struct Adapter<P>(PhantomData<P>);

/// Leads the generated trait of one handler to ours.
macro_rules! adapter {
    ($handler:ident, $module:ident, $interface:ident, $function:ident, $event:ty) => {
        impl<P: $handler> bindings::$module::exports::waspnest::plugin::$interface::Guest for Adapter<P> {
            fn $function(ctx: EventContext, event: $event) -> Result<Outcome, HandlerError> {
                P::$function(&ctx, &event)
            }
        }
    };
}

adapter!(MessageHandler, message, message_handler, on_message, Message);
adapter!(ScheduleHandler, schedule, schedule_handler, on_tick, Tick);
adapter!(ReceiptHandler, receipt, receipt_handler, on_receipt, Receipt);
adapter!(GroupHandler, group, group_handler, on_group, GroupEvent);
adapter!(PresenceHandler, presence, presence_handler, on_presence, Presence);
adapter!(ContactHandler, contact, contact_handler, on_contact, ContactEvent);
adapter!(ChatHandler, chat, chat_handler, on_chat, ChatEvent);
adapter!(CallHandler, call, call_handler, on_call, Call);
adapter!(SessionHandler, session, session_handler, on_session, SessionEvent);

impl<P: CommandHandler> bindings::command::exports::waspnest::plugin::command_handler::Guest for Adapter<P> {
    fn on_command(ctx: EventContext, cmd: Command, msg: Message) -> Result<Outcome, HandlerError> {
        P::on_command(&ctx, &cmd, &msg)
    }
}

impl<P: ReplyHandler> bindings::reply::exports::waspnest::plugin::reply_handler::Guest for Adapter<P> {
    fn on_reply(ctx: EventContext, pending: Pending, msg: Option<Message>) -> Result<Outcome, HandlerError> {
        P::on_reply(&ctx, &pending, msg.as_ref())
    }
}

impl<P: TopicHandler> bindings::topic::exports::waspnest::plugin::topic_handler::Guest for Adapter<P> {
    fn on_topic(ctx: EventContext, topic: String, publisher: String, body: Vec<u8>) -> Result<Outcome, HandlerError> {
        P::on_topic(&ctx, &topic, &publisher, &body)
    }
}

impl<P: RequestHandler> bindings::request::exports::waspnest::plugin::request_handler::Guest for Adapter<P> {
    fn on_request(ctx: EventContext, req: Request) -> Result<Response, HandlerError> {
        P::on_request(&ctx, &req)
    }
}

impl<P: RawHandler> bindings::raw::exports::waspnest::plugin::raw_handler::Guest for Adapter<P> {
    fn on_event(ctx: EventContext, schema: String, kind: String, json: String) -> Result<Outcome, HandlerError> {
        P::on_event(&ctx, &schema, &kind, &json)
    }
}

impl<P: ConfigCheck> bindings::config_check::exports::waspnest::plugin::config_check::Guest for Adapter<P> {
    fn validate_config(config_json: String) -> Vec<Issue> {
        issues::<P>(&config_json)
    }
}

/// What a plugin says of a configuration.
pub(crate) fn issues<P: ConfigCheck>(json: &str) -> Vec<Issue> {
    match serde_json::from_str(json) {
        Ok(config) => P::validate_config(&config),
        Err(error) => vec![Issue::fatal(
            "",
            format!("is not of the form the plugin reads: {error}"),
        )],
    }
}

impl Issue {
    /// The configuration cannot be used: where (a JSON pointer such as `/hours/from`), and why.
    #[must_use]
    pub fn fatal(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            message: message.into(),
            fatal: true,
        }
    }

    /// The configuration looks wrong and can be used.
    #[must_use]
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            fatal: false,
            ..Self::fatal(path, message)
        }
    }
}

/// Makes a component of a type: `export!(Plugin: MessageHandler)`, `export!(Plugin: MessageHandler, ScheduleHandler)`.
///
/// Say it once, at the top level of the crate. The component exports the interfaces of the handlers named here, and imports
/// what the plugin really calls.
#[macro_export]
macro_rules! export {
    (@one $plugin:ident MessageHandler) => {
        $crate::export!(@with $plugin MessageHandler message);
    };
    (@one $plugin:ident ScheduleHandler) => {
        $crate::export!(@with $plugin ScheduleHandler schedule);
    };
    (@one $plugin:ident ReceiptHandler) => {
        $crate::export!(@with $plugin ReceiptHandler receipt);
    };
    (@one $plugin:ident GroupHandler) => {
        $crate::export!(@with $plugin GroupHandler group);
    };
    (@one $plugin:ident PresenceHandler) => {
        $crate::export!(@with $plugin PresenceHandler presence);
    };
    (@one $plugin:ident ContactHandler) => {
        $crate::export!(@with $plugin ContactHandler contact);
    };
    (@one $plugin:ident ChatHandler) => {
        $crate::export!(@with $plugin ChatHandler chat);
    };
    (@one $plugin:ident CallHandler) => {
        $crate::export!(@with $plugin CallHandler call);
    };
    (@one $plugin:ident SessionHandler) => {
        $crate::export!(@with $plugin SessionHandler session);
    };
    (@one $plugin:ident CommandHandler) => {
        $crate::export!(@with $plugin CommandHandler command);
    };
    (@one $plugin:ident ReplyHandler) => {
        $crate::export!(@with $plugin ReplyHandler reply);
    };
    (@one $plugin:ident Lifecycle) => {
        $crate::export!(@with $plugin Lifecycle lifecycle);
    };
    (@one $plugin:ident TopicHandler) => {
        $crate::export!(@with $plugin TopicHandler topic);
    };
    (@one $plugin:ident RequestHandler) => {
        $crate::export!(@with $plugin RequestHandler request);
    };
    (@one $plugin:ident RawHandler) => {
        $crate::export!(@with $plugin RawHandler raw);
    };
    (@one $plugin:ident ConfigCheck) => {
        $crate::export!(@with $plugin ConfigCheck config_check);
    };
    (@one $plugin:ident $other:ident) => {
        compile_error!(concat!(
            "no handler `", stringify!($other), "`: the handlers are MessageHandler, CommandHandler, ReplyHandler, ScheduleHandler, ReceiptHandler, GroupHandler, PresenceHandler, ",
            "ContactHandler, ChatHandler, CallHandler, SessionHandler, TopicHandler, RequestHandler, RawHandler, Lifecycle and ConfigCheck"
        ));
    };
    (@with $plugin:ident $handler:ident $module:ident) => {
        const _: () = {
            fn handles<P: $crate::$handler>() {}
            let _ = handles::<$plugin>;
        };
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::Adapter<$plugin>;
            $crate::bindings::$module::export!(Exported with_types_in $crate::bindings::$module);
        };
    };
    ($plugin:ident: $($handler:ident),+ $(,)?) => {
        $( $crate::export!(@one $plugin $handler); )+
    };
}
