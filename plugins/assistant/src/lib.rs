//! Assistant: answers what is said in a chat by a model behind a chat-completions endpoint.
//!
//! A message is remembered, "typing" shown, and an answer planned for a moment later; each further message moves that moment. Only then is the
//! endpoint asked, with all that is remembered of the chat. So what the person sees changes at once, though nothing leaves before a call ends;
//! a thought in three messages gets one answer; and a message is safe before the slow part begins.

mod completion;
mod limit;
mod settings;
mod talk;

use completion::Failure;
use limit::Room;
use serde::{Deserialize, Serialize};
use settings::Settings;
use talk::{Role, Talk};
use waspnest_plugin::messaging::{self, Typing};
use waspnest_plugin::schedule::{self, Job};
use waspnest_plugin::types::{Command, EventContext, HandlerError, Issue, Message, MessageKey, Outcome, Tick};
use waspnest_plugin::{CommandHandler, ConfigCheck, Error, MessageHandler, ScheduleHandler, config, error, kv};

/// The plugin.
#[derive(Debug)]
pub struct Assistant;

/// Key, in the store of a chat, of what was said.
const TALK: &str = "talk";
/// How often an endpoint may fail before the person is told.
const PATIENCE: u32 = 3;

/// The message that is answered, as its job brings it back.
#[derive(Debug, Serialize, Deserialize)]
struct Answering {
    session: String,
    chat: String,
    id: String,
    /// Who wrote it, where several people talk.
    participant: Option<String>,
}

impl MessageHandler for Assistant {
    fn on_message(ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        // An operator's rule can widen what comes here. Nobody waits for an answer to what is old, corrected or the account's own.
        if msg.key.from_me || msg.history || msg.edit_of.is_some() {
            return Ok(Outcome::next());
        }
        let settings: Settings = config()?;
        let said = said(ctx, msg);
        if said.is_empty() || !settings.wants(msg) {
            return Ok(Outcome::next());
        }
        match limit::count(ctx.received_at, settings.per_hour)? {
            Room::There => {}
            Room::UsedUp => {
                say(msg, &settings.texts.busy)?;
                return Ok(Outcome::stop().with_note("the hour is used up"));
            }
            Room::Still => return Ok(Outcome::stop().with_note("the hour is used up")),
        }
        let mut talk = remembered()?;
        talk.add(Role::User, said, settings.turns, settings.memory_bytes());
        remember(&settings, &talk)?;
        match messaging::set_typing(msg.chat(), Typing::Text) {
            Err(error) if !error.is_denied() => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
        let answering = Answering::of(&msg.key);
        Job::after(job(msg.chat()), settings.wait())
            .payload(&answering)?
            .put()?;
        Ok(Outcome::stop())
    }
}

impl ScheduleHandler for Assistant {
    fn on_tick(ctx: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError> {
        let settings: Settings = config()?;
        let answering: Answering = tick.read_payload()?;
        let mut talk = remembered()?;
        // Forgotten meanwhile.
        if !talk.is_waiting() {
            return Ok(Outcome::next());
        }
        let answer = match completion::of(&settings, &talk) {
            Ok(answer) => answer,
            Err(failure) => return failed(ctx, &settings, talk, answering, failure),
        };
        answering.say(&answer)?;
        talk.add(Role::Assistant, answer, settings.turns, settings.memory_bytes());
        remember(&settings, &talk)?;
        Ok(Outcome::next())
    }
}

impl CommandHandler for Assistant {
    fn on_command(_ctx: &EventContext, _cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError> {
        let settings: Settings = config()?;
        kv::chat()?.delete(TALK)?;
        // There need not be an answer on its way.
        schedule::cancel(&job(msg.chat()))?;
        say(msg, &settings.texts.forgotten)?;
        Ok(Outcome::stop())
    }
}

impl ConfigCheck for Assistant {
    type Config = Settings;

    fn validate_config(settings: &Settings) -> Vec<Issue> {
        settings.issues()
    }
}

waspnest_plugin::export!(Assistant: MessageHandler, ScheduleHandler, CommandHandler, ConfigCheck);

/// What may pass is tried again by the host. For the rest, the operator finds it in the log, and the person gets an apology; what was not
/// answered is forgotten, lest the next question meets the same.
fn failed(
    ctx: &EventContext,
    settings: &Settings,
    mut talk: Talk,
    answering: Answering,
    failure: Failure,
) -> Result<Outcome, HandlerError> {
    let reason = match failure {
        Failure::NotNow(reason, wait) if ctx.attempt < PATIENCE => {
            return Err(match wait {
                Some(wait) => HandlerError::retry_after(reason, wait),
                None => HandlerError::retry(reason),
            });
        }
        Failure::NotNow(reason, _) | Failure::Refused(reason) => reason,
    };
    error!("no answer: {reason}", attempt = ctx.attempt);
    talk.take_back();
    remember(settings, &talk)?;
    if !settings.texts.sorry.is_empty() {
        answering.say(&settings.texts.sorry)?;
    }
    Ok(Outcome::next().with_note(reason))
}

/// What a message says, with who says it where several people talk, and without the mention of the account.
fn said(ctx: &EventContext, msg: &Message) -> String {
    let mut text = msg.text().unwrap_or_default().to_owned();
    for me in ctx.me.iter().flat_map(|me| [Some(&me.jid), me.alt.as_ref()]).flatten() {
        text = text.replace(&messaging::mention(me), "");
    }
    let text = text.trim();
    match &msg.sender.push_name {
        Some(name) if !msg.is_direct() && !text.is_empty() => format!("{name}: {text}"),
        Some(_) | None => text.to_owned(),
    }
}

fn remembered() -> Result<Talk, Error> {
    Ok(kv::chat()?.get(TALK)?.unwrap_or_default())
}

fn remember(settings: &Settings, talk: &Talk) -> Result<(), Error> {
    kv::chat()?.put_for(TALK, talk, settings.memory_life()).map(drop)
}

/// Jobs belong to a session, answers to a chat.
fn job(chat: &str) -> String {
    format!("answer/{chat}")
}

fn say(msg: &Message, text: &str) -> Result<(), Error> {
    match text.is_empty() {
        true => Ok(()),
        false => messaging::reply(msg, text).map(drop),
    }
}

impl Answering {
    fn of(key: &MessageKey) -> Self {
        Self {
            session: key.session.clone(),
            chat: key.chat.clone(),
            id: key.id.clone(),
            participant: key.participant.clone(),
        }
    }

    /// Answers, with a quote where several people talk.
    fn say(&self, text: &str) -> Result<(), Error> {
        let text = &text[..text.floor_char_boundary(messaging::TEXT_BYTES)];
        match &self.participant {
            None => messaging::send_text(&self.chat, text).map(drop),
            Some(participant) => {
                let key = MessageKey {
                    session: self.session.clone(),
                    chat: self.chat.clone(),
                    id: self.id.clone(),
                    from_me: false,
                    participant: Some(participant.clone()),
                };
                messaging::quote_key(&key, text).map(drop)
            }
        }
    }
}

#[cfg(test)]
mod tests;
