//! An in-memory host, to test a plugin's handlers on the build machine. Not there in a component.
//!
//! [`Host`] runs a handler the way the real host does: what it changes is kept when it answers `Ok` and dropped otherwise.
//! It knows the contract's refusals, but none of the operator's rules except grants that a test takes away, and it does not
//! evaluate cron expressions: a test says when they are due.
//!
//! ```
//! use waspnest_plugin::testing::{Host, direct_text};
//! # use waspnest_plugin::{MessageHandler, messaging, types::*};
//! # struct Echo;
//! # impl MessageHandler for Echo {
//! #     fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
//! #         messaging::reply(msg, msg.text().unwrap_or_default())?;
//! #         Ok(Outcome::next())
//! #     }
//! # }
//! let mut host = Host::new();
//! host.message::<Echo>(&direct_text("hello")).expect("echo always answers");
//! assert_eq!(host.texts(), ["hello"]);
//! ```

mod account;
mod configuration;
pub(crate) mod double;
mod fixture;
mod state;

pub use fixture::{context, direct_image, direct_text, group_image, group_text};
pub use state::{Effect, LogLine, SentRequest};

use crate::chats::Change;
use crate::contacts::Contact;
use crate::groups::GroupInfo;
use crate::handler::{
    CallHandler, ChatHandler, CommandHandler, ContactHandler, GroupHandler, Lifecycle, MessageHandler, PresenceHandler,
    RawHandler, ReceiptHandler, ReplyHandler, RequestHandler, ScheduleHandler, SessionHandler, TopicHandler,
};
use crate::schedule::Rule;
use crate::types::{
    Address, Call, Cause, ChatEvent, Command, ContactEvent, EventContext, GroupEvent, HandlerError, Jid, Message,
    Outcome, Pending, Place, Presence, Receipt, Request, Response, SessionEvent, Tick, UnixMs,
};
use state::{Awaited, Planned, State, Web};

/// An in-memory host with one installation and one session.
#[derive(Debug, Clone, Default)]
pub struct Host {
    state: State,
    calls: u64,
}

impl Host {
    /// A host at 2026-01-01T00:00:00Z, with everything granted and an empty configuration.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::new(),
            calls: 0,
        }
    }

    /// Sets the effective configuration, as JSON.
    #[must_use]
    pub fn with_config(mut self, json: &str) -> Self {
        self.state.config = json.into();
        self
    }

    /// Takes a grant away, such as `messages.send`.
    #[must_use]
    pub fn without_grant(mut self, capability: &str) -> Self {
        self.state.denied.insert(capability.into());
        self
    }

    /// Says when cron expressions put from now on are due; before that they are refused as unsupported.
    #[must_use]
    pub fn with_cron_due_at(mut self, time: UnixMs) -> Self {
        self.state.cron_due_at = Some(time);
        self
    }

    /// Says what servers answer: status and body, or none when nobody is there. Nobody is, unless a test says so.
    #[must_use]
    pub fn with_http(mut self, servers: impl Fn(&SentRequest) -> Option<(u16, String)> + 'static) -> Self {
        self.state.web = Web::of(move |request| servers(request).map(|(status, body)| (status, vec![Some(body)])));
        self
    }

    /// The same with bodies in pieces, for plugins that take them so; a body breaks off at a piece that is none.
    #[must_use]
    pub fn with_http_in_pieces(
        mut self,
        servers: impl Fn(&SentRequest) -> Option<(u16, Vec<Option<String>>)> + 'static,
    ) -> Self {
        self.state.web = Web::of(servers);
        self
    }

    /// Sets a secret of the operator.
    #[must_use]
    pub fn with_secret(mut self, name: &str, text: &str) -> Self {
        self.state.secrets.insert(name.into(), text.into());
        self
    }

    /// Says that the host received a message before.
    #[must_use]
    pub fn with_message(mut self, msg: &Message) -> Self {
        self.state.remember(msg);
        self
    }

    /// Says what is in a file: `media.handle` of a message of the test.
    #[must_use]
    pub fn with_file(mut self, handle: &str, bytes: &[u8]) -> Self {
        self.state.files.insert(handle.into(), bytes.into());
        self
    }

    /// A file that a plugin made, by the handle it was told.
    #[must_use]
    pub fn file(&self, handle: &str) -> Option<&[u8]> {
        self.state.files.get(handle).map(Vec::as_slice)
    }

    /// Puts the account into a group. It may do everything there.
    #[must_use]
    pub fn with_group(mut self, group: GroupInfo) -> Self {
        self.state.account.add_group(group);
        self
    }

    /// Lets somebody ask to join a group of the account.
    ///
    /// # Panics
    /// When there is no such group.
    pub fn request_to_join(&mut self, group: &str, who: Address) {
        let group = self
            .state
            .account
            .groups
            .get_mut(group)
            .expect("the group was put there");
        group.requests.push(who);
    }

    /// Puts somebody at WhatsApp whom a plugin can ask about. Nobody is there, unless a test says so.
    #[must_use]
    pub fn with_contact(mut self, contact: Contact) -> Self {
        self.state.account.add_contact(contact);
        self
    }

    /// Moves the clock.
    pub fn set_now(&mut self, time: UnixMs) {
        self.state.now = time;
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> UnixMs {
        self.state.now
    }

    /// Lets a plugin handle a message, at its first attempt.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn message<P: MessageHandler>(&mut self, msg: &Message) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.message_in::<P>(&ctx, msg)
    }

    /// Lets a plugin handle a message in a context of the test's choice.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn message_in<P: MessageHandler>(
        &mut self,
        ctx: &EventContext,
        msg: &Message,
    ) -> Result<Outcome, HandlerError> {
        self.state.turn_to_message(msg);
        self.run(|| P::on_message(ctx, msg))
    }

    /// Lets a plugin handle one receipt.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn receipt<P: ReceiptHandler>(&mut self, receipt: &Receipt) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.state
            .turn_to(receipt.keys.first().map(|key| &key.chat), receipt.by.as_ref());
        self.run(|| P::on_receipt(&ctx, receipt))
    }

    /// Lets a plugin handle one change.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn group<P: GroupHandler>(&mut self, ev: &GroupEvent) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.state.turn_to(Some(&ev.group), ev.actor.as_ref());
        self.run(|| P::on_group(&ctx, ev))
    }

    /// Lets a plugin handle one presence.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn presence<P: PresenceHandler>(&mut self, ev: &Presence) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.state.turn_to(Some(&ev.chat), Some(&ev.who));
        self.run(|| P::on_presence(&ctx, ev))
    }

    /// Lets a plugin handle one change.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn contact<P: ContactHandler>(&mut self, ev: &ContactEvent) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.state.turn_to(Some(&ev.who.jid), Some(&ev.who));
        self.run(|| P::on_contact(&ctx, ev))
    }

    /// Lets a plugin handle one change.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn chat<P: ChatHandler>(&mut self, ev: &ChatEvent) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.state.turn_to(ev.chat.as_ref(), None);
        self.run(|| P::on_chat(&ctx, ev))
    }

    /// Lets a plugin handle one piece of news of a call.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn call<P: CallHandler>(&mut self, call: &Call) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.state.turn_to(
            Some(call.group.as_ref().unwrap_or(&call.caller.jid)),
            Some(&call.caller),
        );
        self.run(|| P::on_call(&ctx, call))
    }

    /// Lets a plugin handle one new state.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn session<P: SessionHandler>(&mut self, ev: &SessionEvent) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.state.turn_to(None, None);
        self.run(|| P::on_session(&ctx, ev))
    }

    /// Lets a plugin handle what another published. It belongs to no chat here.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn topic<P: TopicHandler>(
        &mut self,
        topic: &str,
        publisher: &str,
        body: &[u8],
    ) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.state.turn_to(None, None);
        self.run(|| P::on_topic(&ctx, topic, publisher, body))
    }

    /// Lets a plugin answer a request from outside.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn request<P: RequestHandler>(&mut self, req: &Request) -> Result<Response, HandlerError> {
        let ctx = self.next_context();
        self.state.turn_to(None, None);
        self.run(|| P::on_request(&ctx, req))
    }

    /// Lets a plugin handle an event as JSON of the schema `waspnest.event/1`. It belongs to no chat here.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn raw<P: RawHandler>(&mut self, kind: &str, json: &str) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.state.turn_to(None, None);
        self.run(|| P::on_event(&ctx, "waspnest.event/1", kind, json))
    }

    /// Lets a plugin bring the values of one store into another form. What it writes is kept if it answers `Ok`.
    ///
    /// # Errors
    /// What the plugin answers.
    pub fn migrate<P: Lifecycle>(&mut self, place: &Place, from: u32, to: u32) -> Result<(), String> {
        let person = |jid: &Jid| Address {
            jid: jid.clone(),
            alt: None,
            push_name: None,
        };
        match place {
            Place::Session => self.state.turn_to(None, None),
            Place::Chat(chat) => self.state.turn_to(Some(chat), None),
            Place::Sender((chat, sender)) => self.state.turn_to(Some(chat), Some(&person(sender))),
        }
        let migrated = || match P::migrate(place, from, to) {
            Ok(()) => Ok(Outcome::next()),
            Err(problem) => Err(HandlerError::Reject(problem)),
        };
        self.run(migrated).map(drop).map_err(|error| match error {
            HandlerError::Reject(problem) => problem,
            HandlerError::Retry(_) => unreachable!("a migration is not repeated"),
        })
    }

    /// Lets a job fall due: moves the clock to its time and lets the plugin handle the tick. None when there is no such job. After an error
    /// the job is still there, so that a test can make the next attempt.
    pub fn tick<P: ScheduleHandler>(&mut self, id: &str) -> Option<Result<Outcome, HandlerError>> {
        self.state.now = self.state.now.max(self.state.jobs.get(id)?.due);
        let ctx = self.next_context();
        self.tick_in::<P>(&ctx, id)
    }

    /// The same in a context of the test's choice.
    pub fn tick_in<P: ScheduleHandler>(
        &mut self,
        ctx: &EventContext,
        id: &str,
    ) -> Option<Result<Outcome, HandlerError>> {
        let Planned { job, due, chat } = self.state.jobs.get(id)?.clone();
        self.state.now = self.state.now.max(due);
        self.state.chat = chat;
        self.state.sender = None;
        self.state.content = None;
        let (cause, again) = match job.rule {
            Rule::At(_) | Rule::AfterMs(_) => (Cause::Once, None),
            Rule::EveryMs(interval) => (Cause::Cron, Some(due + interval)),
            Rule::Cron(_) => (Cause::Cron, Some(self.state.cron_due_at.unwrap_or(due))),
        };
        let tick = Tick {
            id: id.into(),
            cause,
            scheduled_for: due,
            missed: 0,
            previous: None,
            zone: job.zone.unwrap_or_else(|| "UTC".into()),
            payload: job.payload,
        };
        let before = self.state.jobs.clone();
        // As in the host: the tick is on its way, so the job is gone or waits for its next time before the handler runs.
        match again {
            Some(next) => {
                if let Some(planned) = self.state.jobs.get_mut(id) {
                    planned.due = next;
                }
            }
            None => drop(self.state.jobs.remove(id)),
        }
        let answer = self.run(|| P::on_tick(ctx, &tick));
        if answer.is_err() {
            self.state.jobs = before;
        }
        Some(answer)
    }

    /// Lets a plugin handle a command that came in a message. The host reads texts; a test says what came of it.
    ///
    /// # Errors
    /// What the handler answers.
    pub fn command<P: CommandHandler>(&mut self, cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        self.state.turn_to_message(msg);
        self.run(|| P::on_command(&ctx, cmd, msg))
    }

    /// Lets a plugin handle a message that it waits for. None when it does not wait for it: then the message is for
    /// [`message`](Self::message).
    pub fn reply<P: ReplyHandler>(&mut self, msg: &Message) -> Option<Result<Outcome, HandlerError>> {
        let (chat, sender) = (&msg.key.chat, &msg.sender.jid);
        let waits = [(chat.clone(), Some(sender.clone())), (chat.clone(), None)];
        let now = self.state.now;
        let open = |whose| {
            let wait = self.state.awaited.get(&whose).filter(|wait| wait.until > now).cloned();
            wait.map(|wait| (whose, wait))
        };
        let (whose, wait) = waits.into_iter().find_map(open)?;
        self.state.turn_to_message(msg);
        Some(self.end_wait::<P>(whose, wait, Some(msg)))
    }

    /// Lets the wait that ends next run out: moves the clock to its end and tells the plugin. None when it waits for nothing.
    pub fn expire<P: ReplyHandler>(&mut self) -> Option<Result<Outcome, HandlerError>> {
        let (whose, wait) = self.state.awaited.iter().min_by_key(|(_, wait)| wait.until)?;
        let (whose, wait) = (whose.clone(), wait.clone());
        self.state.now = self.state.now.max(wait.until);
        self.state.chat = Some(whose.0.clone());
        self.state.sender = whose.1.clone();
        self.state.content = None;
        Some(self.end_wait::<P>(whose, wait, None))
    }

    fn end_wait<P: ReplyHandler>(
        &mut self,
        whose: (String, Option<String>),
        wait: Awaited,
        msg: Option<&Message>,
    ) -> Result<Outcome, HandlerError> {
        let ctx = self.next_context();
        // The wait is over for the call, and is there again when the call fails.
        self.state.awaited.remove(&whose);
        let pending = Pending {
            name: wait.stage.name.clone(),
            data: wait.stage.data.clone(),
            version: wait.stage.version,
            expired: msg.is_none(),
        };
        let answer = self.run(|| P::on_reply(&ctx, &pending, msg));
        if answer.is_err() {
            self.state.awaited.insert(whose, wait);
        }
        answer
    }

    /// Everything the committed calls want done, in order.
    #[must_use]
    pub fn effects(&self) -> &[Effect] {
        &self.state.effects
    }

    /// The texts that the committed calls send, in order.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        self.state.effects.iter().filter_map(Effect::text).collect()
    }

    /// Forgets the effects so far, so that a test sees those of the next call alone.
    pub fn clear_effects(&mut self) {
        self.state.effects.clear();
    }

    /// Ids of the jobs that are set, in order.
    #[must_use]
    pub fn jobs(&self) -> Vec<&str> {
        self.state.jobs.keys().map(String::as_str).collect()
    }

    /// What all calls logged, the failed ones too.
    #[must_use]
    pub fn log(&self) -> &[LogLine] {
        &self.state.log
    }

    /// The requests that all calls sent, the failed ones too.
    #[must_use]
    pub fn requests(&self) -> &[SentRequest] {
        &self.state.requests
    }

    /// A group of the account, as all calls left it, the failed ones too.
    #[must_use]
    pub fn group_info(&self, group: &str) -> Option<&GroupInfo> {
        self.state.account.groups.get(group).map(|group| &group.info)
    }

    /// The groups of the account, in the order of their addresses.
    #[must_use]
    pub fn groups(&self) -> Vec<&GroupInfo> {
        self.state.account.groups.values().map(|group| &group.info).collect()
    }

    /// Whether the account blocks somebody.
    #[must_use]
    pub fn blocks(&self, who: &str) -> bool {
        self.state
            .account
            .people
            .get(who)
            .is_some_and(|contact| contact.blocked)
    }

    /// What all calls changed about the account's view of its chats, in order, the failed ones too.
    #[must_use]
    pub fn chat_changes(&self) -> &[(Jid, Change)] {
        &self.state.account.chats
    }

    fn next_context(&mut self) -> EventContext {
        self.calls += 1;
        EventContext {
            event_id: format!("evt_{}", self.calls),
            received_at: self.state.now,
            deadline: self.state.now + 5_000,
            ..context()
        }
    }

    /// Runs a handler on a copy of the state and keeps the copy when the handler succeeds.
    fn run<T>(&mut self, handler: impl FnOnce() -> Result<T, HandlerError>) -> Result<T, HandlerError> {
        let (after, answer) = double::with_state(self.state.clone(), handler);
        match answer {
            Ok(outcome) => {
                self.state = after;
                self.state.left.clear();
                Ok(outcome)
            }
            Err(error) => {
                self.state.log = after.log;
                self.state.requests = after.requests;
                // What left at once stays sent, and a repeated call does not send it again.
                let known = self.state.left.len();
                self.state.effects.extend(after.left.iter().skip(known).cloned());
                self.state.left = after.left;
                self.state.sent = after.sent;
                self.state.files = after.files;
                self.state.account = after.account;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests;
