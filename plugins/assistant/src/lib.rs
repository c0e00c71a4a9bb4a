//! Assistant: answers what is said in a chat by a model behind a chat-completions endpoint.
//!
//! A message is remembered, "typing" shown, and an answer planned for a moment later; each further message moves that moment. Only then is the
//! endpoint asked, with all that is remembered of the chat. So what the person sees changes at once, though nothing leaves before a call ends;
//! a thought in three messages gets one answer; and a message is safe before the slow part begins.
//!
//! Where edits are granted and wished for, an answer is shown while the model makes it: see `growing`.

mod completion;
mod growing;
mod limit;
mod settings;
mod stream;
mod talk;

use completion::Failure;
use growing::Growing;
use limit::Room;
use serde::{Deserialize, Serialize};
use settings::Settings;
use talk::{Role, Talk};
use waspnest_plugin::messaging::{self, Options, Outgoing, Typing, When};
use waspnest_plugin::schedule::{self, Job};
use waspnest_plugin::types::{
    Command, EventContext, HandlerError, Issue, Message, MessageId, MessageKey, Outcome, Text, Tick,
};
use waspnest_plugin::{CommandHandler, ConfigCheck, Error, MessageHandler, ScheduleHandler, config, error, kv, meta};

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
        let mut growing = Growing::of(&answering);
        let answer = match ask(ctx, &settings, &talk, &mut growing) {
            Ok(answer) => answer,
            Err(failure) => return failed(ctx, &settings, talk, &growing, failure),
        };
        growing.finish(&answer)?;
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

/// An attempt is told again what the ones before it were told, and where that broke off, asks once more.
fn ask(ctx: &EventContext, settings: &Settings, talk: &Talk, growing: &mut Growing<'_>) -> Result<String, Failure> {
    if !settings.stream || !meta::granted("messages.edit") {
        return completion::whole(settings, talk);
    }
    let mut answer = completion::growing(settings, talk, growing);
    for _ in 1..ctx.attempt.min(PATIENCE) {
        match answer {
            Err(Failure::BrokeOff(..)) => answer = completion::growing(settings, talk, growing),
            Ok(_) | Err(Failure::NotNow(..) | Failure::Refused(_)) => break,
        }
    }
    answer
}

/// What may pass is tried again by the host. For the rest, the operator finds it in the log, and the person gets an apology, or what there
/// is of the answer; what was not answered is forgotten, lest the next question meets the same.
fn failed(
    ctx: &EventContext,
    settings: &Settings,
    mut talk: Talk,
    growing: &Growing<'_>,
    failure: Failure,
) -> Result<Outcome, HandlerError> {
    let (reason, partial) = match failure {
        Failure::NotNow(reason, wait) if ctx.attempt < PATIENCE => {
            return Err(match wait {
                Some(wait) => HandlerError::retry_after(reason, wait),
                None => HandlerError::retry(reason),
            });
        }
        Failure::BrokeOff(reason, _) if ctx.attempt < PATIENCE => return Err(HandlerError::retry(reason)),
        Failure::NotNow(reason, _) | Failure::Refused(reason) => (reason, String::new()),
        Failure::BrokeOff(reason, partial) => (reason, partial),
    };
    error!("no answer: {reason}", attempt = ctx.attempt);
    if partial.is_empty() {
        talk.take_back();
        // What is to be seen of an answer is not left as it is without a word, unless no word is to be said.
        match (settings.texts.sorry.as_str(), growing.shown()) {
            ("", None) => {}
            ("", Some(shown)) => growing.finish(shown)?,
            (sorry, None | Some(_)) => growing.finish(sorry)?,
        }
    } else {
        match settings.texts.cut.as_str() {
            "" => growing.finish(&partial)?,
            cut => growing.finish(&format!("{partial}\n\n{cut}"))?,
        }
        talk.add(Role::Assistant, partial, settings.turns, settings.memory_bytes());
    }
    remember(settings, &talk)?;
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
        self.send(text, When::OnCommit).map(drop)
    }

    /// Answers at once.
    fn say_now(&self, text: &str) -> Result<MessageId, Error> {
        self.send(text, When::Now)
    }

    fn send(&self, text: &str, when: When) -> Result<MessageId, Error> {
        let text = Text {
            body: text.into(),
            preview: None,
        };
        let options = Options {
            quote: self.participant.is_some().then(|| self.key()),
            when,
            ..Options::default()
        };
        messaging::send(&self.chat, &Outgoing::Text(text), &options)
    }

    /// The message that is answered.
    fn key(&self) -> MessageKey {
        MessageKey {
            session: self.session.clone(),
            chat: self.chat.clone(),
            id: self.id.clone(),
            from_me: false,
            participant: self.participant.clone(),
        }
    }

    /// The key of an answer.
    fn sent(&self, id: MessageId) -> MessageKey {
        messaging::sent_key(&self.key(), id)
    }
}

#[cfg(test)]
mod tests;
