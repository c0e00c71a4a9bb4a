//! Calls that make people, and make people do things.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use super::accounts::AccountView;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, delete, get, post};
use crate::admin::state::State;
use crate::admin::waiting::patience;
use crate::human::{Human, Standing, Typing};
use crate::{Account, NewAccount};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/people", "Everybody, and whether they are connected.", list),
        post("/people", "A new account with a person behind it, connected.", create)
            .example(r#"{"push_name": "Anna"}"#),
        get("/people/{phone}", "One person.", show),
        delete(
            "/people/{phone}",
            "The person leaves for good; the account stays.",
            leave,
        ),
        get(
            "/people/{phone}/wait",
            "The person, once connected, away or whatever is asked for; waits for it.",
            wait,
        )
        .example("standing=connected&timeout_ms=5000"),
        post(
            "/accounts/{phone}/person",
            "A person takes an account that exists: its client is one more companion of it.",
            take,
        )
        .example(r#"{"link": "code"}"#),
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
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StandingView {
    Away,
    Connecting,
    Connected,
    Ended,
}

impl StandingView {
    fn of(standing: &Standing) -> Self {
        match standing {
            Standing::Away => Self::Away,
            Standing::Connecting => Self::Connecting,
            Standing::Connected => Self::Connected,
            Standing::Ended(_) => Self::Ended,
        }
    }
}

impl PersonView {
    pub(super) fn of(human: &Human) -> Self {
        let standing = human.standing();
        Self {
            account: AccountView::of(human.account()),
            standing: StandingView::of(&standing),
            ended: match standing {
                Standing::Ended(reason) => Some(reason),
                Standing::Away | Standing::Connecting | Standing::Connected => None,
            },
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

async fn leave((state, person): (Arc<State>, Human), _: Nothing) -> Result<Shown<PersonView>, Problem> {
    state.forget(&person);
    person.clone().leave().await;
    Ok(Shown(PersonView::of(&person)))
}

/// How the person has to stand.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wait {
    standing: StandingView,
    /// How long to wait; 30 seconds unless told, 300 at most.
    timeout_ms: Option<u64>,
}

async fn wait((state, person): (Arc<State>, Human), query: Wait) -> Result<Shown<PersonView>, Problem> {
    let wanted = |standing: &Standing| StandingView::of(standing) == query.standing;
    let stands = person.wait_standing(wanted, patience(query.timeout_ms));
    state.waited(stands).await?;
    Ok(Shown(PersonView::of(&person)))
}

/// How a client is linked.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Link {
    /// The phone scans its code.
    #[default]
    Qr,
    /// Its code is typed into the phone.
    Code,
}

/// How the person takes the account.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Take {
    #[serde(default)]
    link: Link,
}

async fn take((state, account): (Arc<State>, Account), take: Take) -> Result<Created<PersonView>, Problem> {
    state.vacant(&account.phone)?;
    let human = match take.link {
        Link::Qr => Human::join_as(&state.simulator, account).await?,
        Link::Code => Human::join_by_code(&state.simulator, account).await?,
    };
    state.welcome(&human).await?;
    Ok(Created(PersonView::of(&human)))
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
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
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
