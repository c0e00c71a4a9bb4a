//! Poll: `/poll Where do we eat? | At Luigi's | In the park` asks by a WhatsApp poll, `/tally` tells the votes so far, `/close` the result.
//!
//! A poll is a value in the store of its chat for as long as it is open, with its votes. It closes by itself through a job of the host's, so a
//! restart changes nothing. Phones go on showing a closed poll as one that can be voted in; such votes are not counted.

mod ballot;
mod question;
mod result;
mod settings;

use ballot::Ballot;
use core::time::Duration;
use question::Question;
use serde::{Deserialize, Serialize};
use settings::Settings;
use waspnest_plugin::groups::{self, Role};
use waspnest_plugin::messaging::{self, Options, Outgoing};
use waspnest_plugin::schedule::{self, Job};
use waspnest_plugin::types::{
    Command, Content, EventContext, HandlerError, Issue, Message, MessageKey, Outcome, Poll as Asked, PollKind, Tick,
};
use waspnest_plugin::{CommandHandler, Commands, ConfigCheck, Error, MessageHandler, ScheduleHandler, config, kv};

/// The plugin.
#[derive(Debug)]
pub struct Poll;

/// What a job that closes a poll brings back: where the poll's message is.
#[derive(Debug, Serialize, Deserialize)]
struct Closing {
    session: String,
    chat: String,
    id: String,
}

/// What people ask for; `plugin.toml` declares the same.
#[derive(Debug, Commands)]
enum Wish {
    Poll {
        #[arg("for")]
        life: Option<Duration>,
        choice: Option<String>,
        question: Option<String>,
    },
    Tally,
    Close,
}

impl CommandHandler for Poll {
    fn on_command(ctx: &EventContext, cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError> {
        let settings: Settings = config()?;
        match Wish::read(cmd)? {
            Wish::Poll { life, choice, question } => {
                let choices = match choice.as_deref() {
                    Some("multiple") => 0,
                    Some(_) | None => 1,
                };
                match question.as_deref().and_then(Question::read) {
                    Some(question) => ask(ctx, &settings, msg, question, choices, life.or_else(|| settings.life()))?,
                    None => say(msg, &settings.texts.how)?,
                }
            }
            Wish::Tally => match meant(msg)? {
                Some(ballot) => {
                    let so_far = result::filled(&settings.texts.so_far, &ballot, &settings.texts.voters);
                    about(&messaging::sent_key(&msg.key, ballot.id), so_far)?;
                }
                None => say(msg, &settings.texts.none_open)?,
            },
            Wish::Close => match meant(msg)? {
                Some(ballot) if may_close(&ballot, msg)? => {
                    // It may have fired already; that is no mistake.
                    schedule::cancel(&job(msg.chat(), &ballot.id))?;
                    close(&settings, &messaging::sent_key(&msg.key, ballot.id.clone()), &ballot)?;
                }
                Some(_) => say(msg, &settings.texts.not_yours)?,
                None => say(msg, &settings.texts.none_open)?,
            },
        }
        Ok(Outcome::stop())
    }
}

impl MessageHandler for Poll {
    fn on_message(_ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let Content::PollVote(vote) = &msg.content else {
            return Ok(Outcome::next());
        };
        let store = kv::chat()?;
        // Polls of others, and closed ones.
        let Some(mut ballot) = store.get::<Ballot>(&key(&vote.poll.id))? else {
            return Ok(Outcome::next());
        };
        ballot.vote(&vote.voter, &vote.selected);
        store.put(&key(&ballot.id), &ballot)?;
        Ok(Outcome::next())
    }
}

impl ScheduleHandler for Poll {
    fn on_tick(_ctx: &EventContext, tick: &Tick) -> Result<Outcome, HandlerError> {
        let Closing { session, chat, id } = tick.read_payload()?;
        if let Some(ballot) = kv::chat()?.get::<Ballot>(&key(&id))? {
            let poll = MessageKey {
                session,
                chat,
                id,
                from_me: true,
                participant: None,
            };
            close(&config()?, &poll, &ballot)?;
        }
        Ok(Outcome::next())
    }
}

impl ConfigCheck for Poll {
    type Config = Settings;

    fn validate_config(settings: &Settings) -> Vec<Issue> {
        settings.issues()
    }
}

waspnest_plugin::export!(Poll: CommandHandler, MessageHandler, ScheduleHandler, ConfigCheck);

/// Sends a poll, and has it closed later; 0 choices are any number.
fn ask(
    ctx: &EventContext,
    settings: &Settings,
    msg: &Message,
    question: Question,
    choices: u32,
    life: Option<Duration>,
) -> Result<(), Error> {
    if open()?.len() >= settings.max_open {
        let count = settings.max_open.to_string();
        return say(msg, &settings.texts.too_many.replace("{count}", &count));
    }
    let asked = Asked {
        kind: PollKind::Regular,
        name: question.text.clone(),
        options: question.answers.clone(),
        max_choices: choices,
        ends_at: None,
        correct: None,
        hide_voters: false,
        can_add_options: false,
    };
    let id = messaging::send(msg.chat(), &Outgoing::Poll(asked), &Options::default())?;
    let ballot = Ballot::new(
        id.clone(),
        question.text,
        question.answers,
        &msg.sender,
        ctx.received_at,
    );
    kv::chat()?.put(&key(&id), &ballot)?;
    match life {
        Some(life) => close_after(life, msg, id),
        None => Ok(()),
    }
}

fn close_after(life: Duration, msg: &Message, id: String) -> Result<(), Error> {
    let closing = Closing {
        session: msg.key.session.clone(),
        chat: msg.chat().to_owned(),
        id,
    };
    let job = Job::after(job(msg.chat(), &closing.id), life);
    job.payload(&closing)?.put()?;
    Ok(())
}

/// The poll that a message quotes, or the newest that is open.
fn meant(msg: &Message) -> Result<Option<Ballot>, Error> {
    let mut open = open()?;
    let quoted = msg.quoted.as_ref();
    let quoted = quoted.and_then(|quoted| open.iter().position(|ballot| ballot.id == quoted.key.id));
    Ok(match quoted {
        Some(place) => Some(open.swap_remove(place)),
        None => open.into_iter().max_by_key(|ballot| ballot.opened_at),
    })
}

/// Tells the result, and forgets the poll.
fn close(settings: &Settings, poll: &MessageKey, ballot: &Ballot) -> Result<(), Error> {
    kv::chat()?.delete(&key(&ballot.id))?;
    about(
        poll,
        result::filled(&settings.texts.result, ballot, &settings.texts.voters),
    )
}

/// Who asked may close a poll, and who administrates the group, where that can be known.
fn may_close(ballot: &Ballot, msg: &Message) -> Result<bool, Error> {
    if ballot.is_of(&msg.sender) || msg.is_direct() {
        return Ok(true);
    }
    let info = match groups::info(msg.chat()) {
        Ok(info) => info,
        Err(error) if error.is_denied() => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(info.participants.iter().any(|member| match member.role {
        Role::Admin | Role::Owner => {
            ballot::addresses(&member.who).any(|jid| ballot::addresses(&msg.sender).any(|other| other == jid))
        }
        Role::Member => false,
    }))
}

/// Says something below a poll.
fn about(poll: &MessageKey, text: String) -> Result<(), Error> {
    messaging::quote_key(poll, text).map(drop)
}

fn say(msg: &Message, text: &str) -> Result<(), Error> {
    messaging::reply(msg, text).map(drop)
}

/// All open polls of the chat.
fn open() -> Result<Vec<Ballot>, Error> {
    Ok(kv::chat()?
        .scan(&key(""))?
        .into_iter()
        .map(|(_, ballot)| ballot)
        .collect())
}

fn key(id: &str) -> String {
    format!("poll/{id}")
}

/// Jobs belong to a session, polls to a chat.
fn job(chat: &str, id: &str) -> String {
    format!("{chat}/{id}")
}

#[cfg(test)]
mod tests;
