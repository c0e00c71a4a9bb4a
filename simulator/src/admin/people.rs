//! Calls that make people do things.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::State;
use super::accounts::{AccountView, Create};
use super::problem::Problem;
use super::request::{Answer, Request};
use super::server::Nothing;
use crate::human::{Human, Standing, Typing};

/// A person as calls show it.
#[derive(Serialize)]
struct PersonView {
    #[serde(flatten)]
    account: AccountView,
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    undecryptable: u64,
    placeholders: usize,
}

impl PersonView {
    fn of(human: &Human) -> Self {
        let (standing, ended) = match human.standing() {
            Standing::Away => ("away", None),
            Standing::Connecting => ("connecting", None),
            Standing::Connected => ("connected", None),
            Standing::Ended(reason) => ("ended", Some(reason)),
        };
        Self {
            account: AccountView::of(human.account()),
            standing,
            ended,
            undecryptable: human.undecryptable(),
            placeholders: human.placeholders(),
        }
    }
}

#[derive(Serialize)]
struct People {
    items: Vec<PersonView>,
}

/// `GET /people`.
pub(super) async fn list(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.query::<Nothing>()?;
    let items = state.people().values().map(PersonView::of).collect();
    Ok(Answer::ok(&People { items }))
}

/// `POST /people`: a new account with a person behind it, connected.
pub(super) async fn create(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let human = Human::join(&state.simulator, request.body::<Create>()?.into()).await?;
    state.people().insert(human.account().phone.clone(), human.clone());
    if state.shutdown.is_cancelled() {
        // The round that lets people leave may have passed already.
        human.leave().await;
        return Err(Problem::shutting_down());
    }
    Ok(Answer::created(&PersonView::of(&human)))
}

/// `GET /people/{phone}`.
pub(super) async fn show(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.query::<Nothing>()?;
    Ok(Answer::ok(&PersonView::of(&state.person(&request.phone)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    to: String,
    text: String,
    quote: Option<String>,
}

#[derive(Serialize)]
struct Sent {
    id: String,
}

/// `POST /people/{phone}/say`: a text, quoting a message when asked to.
pub(super) async fn say(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let say: Say = request.body()?;
    let person = state.person(&request.phone)?;
    let id = match &say.quote {
        None => person.say(&say.to, &say.text).await?,
        Some(quoted) => person.say_quoting(&say.to, &say.text, quoted).await?,
    };
    Ok(Answer::created(&Sent { id }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct React {
    id: String,
    emoji: String,
}

/// `POST /people/{phone}/react`: an empty emoji takes the reaction back.
pub(super) async fn react(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let react: React = request.body()?;
    let id = state.person(&request.phone)?.react_to(&react.id, &react.emoji).await?;
    Ok(Answer::created(&Sent { id }))
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Read {
    id: String,
}

/// `POST /people/{phone}/read`: blue ticks for a message this person received.
pub(super) async fn read(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let read: Read = request.body()?;
    let person = state.person(&request.phone)?;
    let Some(heard) = person.heard(&read.id) else {
        let latest = person.phone_view().into_iter().rev().map(|heard| heard.id);
        return Err(Problem::unknown("received message", &read.id, latest));
    };
    person.read(&heard).await?;
    Ok(Answer::ok(&read))
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Keyboard {
    Composing,
    Recording,
    Paused,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Type {
    to: String,
    state: Keyboard,
}

/// `POST /people/{phone}/typing`.
pub(super) async fn typing(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let typing: Type = request.body()?;
    let shown = match typing.state {
        Keyboard::Composing => Typing::Composing,
        Keyboard::Recording => Typing::Recording,
        Keyboard::Paused => Typing::Paused,
    };
    state.person(&request.phone)?.typing(&typing.to, shown).await?;
    Ok(Answer::ok(&typing))
}

/// `POST /people/{phone}/offline`: the person hangs up and keeps its keys.
pub(super) async fn offline(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.body::<Nothing>()?;
    let person = state.person(&request.phone)?;
    person.go_offline().await;
    Ok(Answer::ok(&PersonView::of(&person)))
}

/// `POST /people/{phone}/online`: the person comes back and gets what queued.
pub(super) async fn online(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.body::<Nothing>()?;
    let person = state.person(&request.phone)?;
    person.come_online().await?;
    Ok(Answer::ok(&PersonView::of(&person)))
}
