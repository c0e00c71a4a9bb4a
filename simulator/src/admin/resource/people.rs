//! Calls that make people, and make people do things.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use super::accounts::AccountView;
use crate::NewAccount;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::human::{Human, Standing, Typing};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/people", "Everybody, and whether they are connected.", list),
        post("/people", "A new account with a person behind it, connected.", create)
            .example(r#"{"push_name": "Anna"}"#),
        get("/people/{phone}", "One person.", show),
        post(
            "/people/{phone}/say",
            "Sends a text, quoting a message when asked to.",
            say,
        )
        .example(r#"{"to": "4915199999999", "text": "hello"}"#),
        post(
            "/people/{phone}/react",
            "Reacts to a message; an empty emoji takes the reaction back.",
            react,
        )
        .example(r#"{"id": "3EB0C431C26A1916E07E", "emoji": "👍"}"#),
        post(
            "/people/{phone}/read",
            "Blue ticks for a message the person received.",
            read,
        )
        .example(r#"{"id": "3EB0C431C26A1916E07E"}"#),
        post(
            "/people/{phone}/typing",
            "Shows the other side what the person does with the keyboard.",
            typing,
        )
        .example(r#"{"to": "4915199999999", "state": "composing"}"#),
        post(
            "/people/{phone}/offline",
            "Hangs up and keeps its keys; messages queue.",
            offline,
        ),
        post("/people/{phone}/online", "Comes back and gets what queued.", online),
    ]
}

/// A person.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Person")]
pub(super) struct PersonView {
    #[serde(flatten)]
    account: AccountView,
    standing: StandingView,
    /// Why the server ended the session, when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// Messages that once arrived undecryptable.
    undecryptable: u64,
    /// Messages a phone shows as "waiting for this message" now.
    placeholders: usize,
}

/// Whether a person is connected.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StandingView {
    Away,
    Connecting,
    Connected,
    Ended,
}

impl PersonView {
    pub(super) fn of(human: &Human) -> Self {
        let (standing, ended) = match human.standing() {
            Standing::Away => (StandingView::Away, None),
            Standing::Connecting => (StandingView::Connecting, None),
            Standing::Connected => (StandingView::Connected, None),
            Standing::Ended(reason) => (StandingView::Ended, Some(reason)),
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

/// Everybody.
#[derive(Serialize, JsonSchema)]
pub(super) struct People {
    items: Vec<PersonView>,
}

impl People {
    pub(super) fn of(people: &[Human]) -> Self {
        Self {
            items: people.iter().map(PersonView::of).collect(),
        }
    }
}

async fn list(state: Arc<State>, _: Nothing) -> Result<Shown<People>, Problem> {
    Ok(Shown(People::of(&state.people())))
}

async fn create(state: Arc<State>, create: NewAccount) -> Result<Created<PersonView>, Problem> {
    let human = Human::join(&state.simulator, create).await?;
    state.welcome(&human).await?;
    Ok(Created(PersonView::of(&human)))
}

async fn show(person: Human, _: Nothing) -> Result<Shown<PersonView>, Problem> {
    Ok(Shown(PersonView::of(&person)))
}

/// A text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Say {
    /// A phone number or a JID, such as a group's.
    to: String,
    text: String,
    /// Id of a message the person heard or said.
    quote: Option<String>,
}

/// What was sent.
#[derive(Serialize, JsonSchema)]
pub(super) struct Sent {
    /// Its message id.
    pub(super) id: String,
}

async fn say(person: Human, say: Say) -> Result<Created<Sent>, Problem> {
    let id = match &say.quote {
        None => person.say(&say.to, &say.text).await?,
        Some(quoted) => person.say_quoting(&say.to, &say.text, quoted).await?,
    };
    Ok(Created(Sent { id }))
}

/// A reaction.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct React {
    /// Id of a message the person heard or said.
    id: String,
    emoji: String,
}

async fn react(person: Human, react: React) -> Result<Created<Sent>, Problem> {
    let id = person.react_to(&react.id, &react.emoji).await?;
    Ok(Created(Sent { id }))
}

/// Which message.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Read {
    /// Id of a message the person received.
    id: String,
}

async fn read(person: Human, read: Read) -> Result<Shown<Read>, Problem> {
    let Some(heard) = person.heard(&read.id) else {
        let latest = person.phone_view().into_iter().rev().map(|heard| heard.id);
        return Err(Problem::unknown("received message", &read.id, latest));
    };
    person.read(&heard).await?;
    Ok(Shown(read))
}

/// What the person does with the keyboard.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Keyboard {
    Composing,
    Recording,
    Paused,
}

impl Keyboard {
    pub(super) fn of(typing: Typing) -> Self {
        match typing {
            Typing::Composing => Self::Composing,
            Typing::Recording => Self::Recording,
            Typing::Paused => Self::Paused,
        }
    }
}

/// Who types to whom.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Type {
    /// A phone number or a JID.
    to: String,
    state: Keyboard,
}

async fn typing(person: Human, typing: Type) -> Result<Shown<Type>, Problem> {
    let shown = match typing.state {
        Keyboard::Composing => Typing::Composing,
        Keyboard::Recording => Typing::Recording,
        Keyboard::Paused => Typing::Paused,
    };
    person.typing(&typing.to, shown).await?;
    Ok(Shown(typing))
}

async fn offline(person: Human, _: Nothing) -> Result<Shown<PersonView>, Problem> {
    person.go_offline().await;
    Ok(Shown(PersonView::of(&person)))
}

async fn online(person: Human, _: Nothing) -> Result<Shown<PersonView>, Problem> {
    person.come_online().await?;
    Ok(Shown(PersonView::of(&person)))
}
