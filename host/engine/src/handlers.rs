//! The handlers of a component: where they are in it, and how an event of each family gets to its own.
//!
//! They are looked up once, at load; a call only follows an index.

use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};
use waspnest_core::dialogue::Pending;
use waspnest_core::event::{EventKind, Family, RequestEvent};
use waspnest_core::message::Message;

use crate::bindings::exports::waspnest::plugin::{
    call_handler, chat_handler, command_handler, contact_handler, group_handler, message_handler, presence_handler,
    raw_handler, receipt_handler, reply_handler, request_handler, schedule_handler, session_handler, topic_handler,
};
use crate::bindings::waspnest::plugin::types::{EventContext, HandlerError, Outcome};
use crate::command::Command;
use crate::convert::json::SCHEMA;
use crate::convert::{self, ToGuest};
use crate::state::CallState;

/// What a handler answers.
pub(crate) type Handled = Result<Outcome, HandlerError>;

/// Which handlers a component exports, and where.
#[derive(Default, Clone)]
pub struct Handlers {
    message: Option<message_handler::GuestIndices>,
    schedule: Option<schedule_handler::GuestIndices>,
    receipt: Option<receipt_handler::GuestIndices>,
    group: Option<group_handler::GuestIndices>,
    presence: Option<presence_handler::GuestIndices>,
    contact: Option<contact_handler::GuestIndices>,
    chat: Option<chat_handler::GuestIndices>,
    call: Option<call_handler::GuestIndices>,
    session: Option<session_handler::GuestIndices>,
    topic: Option<topic_handler::GuestIndices>,
    request: Option<request_handler::GuestIndices>,
    raw: Option<raw_handler::GuestIndices>,
    reply: Option<reply_handler::GuestIndices>,
    command: Option<command_handler::GuestIndices>,
}

/// A handler a component may export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handler {
    /// The one of a family.
    Of(Family),
    /// The one of any event as JSON.
    Raw,
    /// The one of what was waited for.
    Reply,
    /// The one of commands.
    Command,
}

impl Handler {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        Family::ALL
            .into_iter()
            .map(Self::Of)
            .chain([Self::Raw, Self::Reply, Self::Command])
    }

    /// Its interface.
    pub(crate) const fn interface(self) -> &'static str {
        match self {
            Self::Of(family) => interface(family),
            Self::Raw => "raw-handler",
            Self::Reply => "reply-handler",
            Self::Command => "command-handler",
        }
    }

    /// What a manifest calls what it handles.
    pub(crate) const fn topic(self) -> &'static str {
        match self {
            Self::Of(family) => family.name(),
            Self::Raw => "raw",
            Self::Reply => "reply",
            Self::Command => "command",
        }
    }
}

/// The interface that handles a family.
const fn interface(family: Family) -> &'static str {
    match family {
        Family::Message => "message-handler",
        Family::Schedule => "schedule-handler",
        Family::Receipt => "receipt-handler",
        Family::Group => "group-handler",
        Family::Presence => "presence-handler",
        Family::Contact => "contact-handler",
        Family::Chat => "chat-handler",
        Family::Call => "call-handler",
        Family::Session => "session-handler",
        Family::Topic => "topic-handler",
        Family::Request => "request-handler",
    }
}

impl Handlers {
    /// Finds the handlers that a component exports.
    pub(crate) fn find(pre: &InstancePre<CallState>, exported: &[Handler]) -> wasmtime::Result<Self> {
        let mut found = Self::default();
        for handler in exported {
            let family = match handler {
                Handler::Of(family) => family,
                Handler::Raw => {
                    found.raw = Some(raw_handler::GuestIndices::new(pre)?);
                    continue;
                }
                Handler::Reply => {
                    found.reply = Some(reply_handler::GuestIndices::new(pre)?);
                    continue;
                }
                Handler::Command => {
                    found.command = Some(command_handler::GuestIndices::new(pre)?);
                    continue;
                }
            };
            match family {
                Family::Message => found.message = Some(message_handler::GuestIndices::new(pre)?),
                Family::Schedule => found.schedule = Some(schedule_handler::GuestIndices::new(pre)?),
                Family::Receipt => found.receipt = Some(receipt_handler::GuestIndices::new(pre)?),
                Family::Group => found.group = Some(group_handler::GuestIndices::new(pre)?),
                Family::Presence => found.presence = Some(presence_handler::GuestIndices::new(pre)?),
                Family::Contact => found.contact = Some(contact_handler::GuestIndices::new(pre)?),
                Family::Chat => found.chat = Some(chat_handler::GuestIndices::new(pre)?),
                Family::Call => found.call = Some(call_handler::GuestIndices::new(pre)?),
                Family::Session => found.session = Some(session_handler::GuestIndices::new(pre)?),
                Family::Topic => found.topic = Some(topic_handler::GuestIndices::new(pre)?),
                Family::Request => found.request = Some(request_handler::GuestIndices::new(pre)?),
            }
        }
        Ok(found)
    }

    /// Whether there is one for any event as JSON.
    #[must_use]
    pub const fn has_raw(&self) -> bool {
        self.raw.is_some()
    }

    /// Whether there is one for what was waited for.
    #[must_use]
    pub const fn has_reply(&self) -> bool {
        self.reply.is_some()
    }

    /// Whether there is one for a family.
    #[must_use]
    pub const fn has(&self, family: Family) -> bool {
        match family {
            Family::Message => self.message.is_some(),
            Family::Schedule => self.schedule.is_some(),
            Family::Receipt => self.receipt.is_some(),
            Family::Group => self.group.is_some(),
            Family::Presence => self.presence.is_some(),
            Family::Contact => self.contact.is_some(),
            Family::Chat => self.chat.is_some(),
            Family::Call => self.call.is_some(),
            Family::Session => self.session.is_some(),
            Family::Topic => self.topic.is_some(),
            Family::Request => self.request.is_some(),
        }
    }

    /// The families there are handlers for.
    #[must_use]
    pub fn families(&self) -> Vec<Family> {
        Family::ALL.into_iter().filter(|family| self.has(*family)).collect()
    }

    /// Calls the handler of an event; none when there is no such handler.
    pub(crate) async fn call(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
        ctx: &EventContext,
        to_guest: &ToGuest<'_>,
        event: &EventKind,
    ) -> Option<wasmtime::Result<Handled>> {
        /// Loads a guest and calls it: `guest!(handler.function(argument))`.
        macro_rules! guest {
            ($handler:ident.$function:ident($argument:expr)) => {{
                let indices = self.$handler.as_ref()?;
                match indices.load(&mut *store, instance) {
                    Ok(guest) => guest.$function(&mut *store, ctx, &$argument).await,
                    Err(error) => Err(error),
                }
            }};
        }
        Some(match event {
            EventKind::Message(message) => guest!(message.call_on_message(to_guest.message(message))),
            EventKind::Tick(tick) => guest!(schedule.call_on_tick(convert::tick(tick))),
            EventKind::Receipt(receipt) => guest!(receipt.call_on_receipt(to_guest.receipt(receipt))),
            EventKind::Group(event) => guest!(group.call_on_group(convert::group(event))),
            EventKind::Presence(presence) => guest!(presence.call_on_presence(convert::presence(presence))),
            EventKind::Contact(event) => guest!(contact.call_on_contact(convert::contact(event))),
            EventKind::Chat(event) => guest!(chat.call_on_chat(to_guest.chat(event))),
            EventKind::Call(call) => guest!(call.call_on_call(convert::call(call))),
            EventKind::Session(event) => guest!(session.call_on_session(convert::session(event))),
            EventKind::Topic(event) => {
                let indices = self.topic.as_ref()?;
                let (topic, publisher) = (event.topic.as_str(), event.publisher.as_str());
                match indices.load(&mut *store, instance) {
                    Ok(guest) => {
                        let told = guest.call_on_topic(&mut *store, ctx, topic, publisher, &event.body);
                        told.await
                    }
                    Err(error) => Err(error),
                }
            }
            // Answered with a response and not with an outcome: see `call_request`.
            EventKind::Request(_) => return None,
        })
    }
}

impl Handlers {
    /// Calls the handler of requests from outside; none when there is no such handler.
    pub(crate) async fn call_request(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
        ctx: &EventContext,
        event: &RequestEvent,
    ) -> Option<wasmtime::Result<Result<request_handler::Response, HandlerError>>> {
        let indices = self.request.as_ref()?;
        Some(match indices.load(&mut *store, instance) {
            Ok(guest) => {
                let request = convert::request(event);
                guest.call_on_request(&mut *store, ctx, &request).await
            }
            Err(error) => Err(error),
        })
    }
}

impl Handlers {
    /// Calls the handler of any event; none when there is no such handler.
    pub(crate) async fn call_raw(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
        ctx: &EventContext,
        kind: &'static str,
        json: &str,
    ) -> Option<wasmtime::Result<Handled>> {
        let indices = self.raw.as_ref()?;
        Some(match indices.load(&mut *store, instance) {
            Ok(guest) => guest.call_on_event(&mut *store, ctx, SCHEMA, kind, json).await,
            Err(error) => Err(error),
        })
    }
}

impl Handlers {
    /// Calls the handler of what was waited for; none when there is no such handler.
    pub(crate) async fn call_reply(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
        ctx: &EventContext,
        to_guest: &ToGuest<'_>,
        (pending, event): (&Pending, &EventKind),
    ) -> Option<wasmtime::Result<Handled>> {
        let indices = self.reply.as_ref()?;
        let message = message_of(event).map(|message| to_guest.message(message));
        Some(match indices.load(&mut *store, instance) {
            Ok(guest) => {
                let pending = convert::pending(pending);
                guest.call_on_reply(&mut *store, ctx, &pending, message.as_ref()).await
            }
            Err(error) => Err(error),
        })
    }
}

impl Handlers {
    /// Calls the handler of commands; none when there is no such handler, or the event is no message.
    pub(crate) async fn call_command(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
        ctx: &EventContext,
        to_guest: &ToGuest<'_>,
        (command, event): (&Command, &EventKind),
    ) -> Option<wasmtime::Result<Handled>> {
        let indices = self.command.as_ref()?;
        let message = message_of(event).map(|message| to_guest.message(message))?;
        Some(match indices.load(&mut *store, instance) {
            Ok(guest) => {
                let command = convert::command(command);
                guest.call_on_command(&mut *store, ctx, &command, &message).await
            }
            Err(error) => Err(error),
        })
    }
}

const fn message_of(event: &EventKind) -> Option<&Message> {
    match event {
        EventKind::Message(message) => Some(message),
        EventKind::Tick(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => None,
    }
}

impl std::fmt::Debug for Handlers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handlers")
            .field("families", &self.families())
            .field("raw", &self.has_raw())
            .field("reply", &self.has_reply())
            .field("command", &self.command.is_some())
            .finish()
    }
}
