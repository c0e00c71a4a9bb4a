//! What people do to messages that were sent, polls, and who is there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use super::people::Sent;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::subject::OfMessage;
use crate::human::{Human, PollCount, PresenceSeen, PresenceState};

pub(super) fn routes() -> Vec<Route> {
    vec![
        post(
            "/people/{phone}/edit",
            "Replaces the text of a message the person said lately.",
            edit,
        )
        .example(r#"{"id": "3EB0C431C26A1916E07E", "text": "hello again"}"#),
        post(
            "/people/{phone}/revoke",
            "Takes a message back for everybody: an own one, or an admin somebody else's.",
            revoke,
        )
        .example(r#"{"id": "3EB0C431C26A1916E07E"}"#),
        post("/people/{phone}/ask", "Asks a question with options: a poll.", ask)
            .example(r#"{"to": "4915199999999", "question": "When?", "options": ["now", "later"], "choices": 1}"#),
        post(
            "/people/{phone}/inbox/{id}/vote",
            "Chooses options of a poll; none takes an earlier choice back.",
            vote,
        )
        .example(r#"{"options": ["now"]}"#),
        get(
            "/people/{phone}/poll",
            "The votes heard so far for a poll the person asked.",
            poll,
        )
        .example("id=3EB0C431C26A1916E07E"),
        post(
            "/people/{phone}/presence",
            "Shows that the person is there, or has put the phone away.",
            presence,
        )
        .example(r#"{"state": "there"}"#),
        post(
            "/people/{phone}/watch",
            "Asks to be told when somebody comes and goes.",
            watch,
        )
        .example(r#"{"whom": "4915199999999"}"#),
        get(
            "/people/{phone}/presences",
            "Comings and goings seen, oldest first.",
            presences,
        ),
        post("/people/{phone}/about", "Writes the person's about text.", about).example(r#"{"text": "In the garden"}"#),
    ]
}

/// A message and its new text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Edit {
    /// Id of the message.
    id: String,
    text: String,
}

async fn edit(person: Human, edit: Edit) -> Result<Created<Sent>, Problem> {
    let id = person.edit(&edit.id, &edit.text).await?;
    Ok(Created(Sent { id }))
}

/// Which message.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Revoke {
    /// Its id.
    id: String,
}

async fn revoke(person: Human, revoke: Revoke) -> Result<Created<Sent>, Problem> {
    let id = match person.heard(&revoke.id) {
        Some(heard) => person.revoke_heard(&heard).await?,
        None => person.revoke(&revoke.id).await?,
    };
    Ok(Created(Sent { id }))
}

/// A poll.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Ask {
    /// A phone number or a JID.
    to: String,
    question: String,
    options: Vec<String>,
    /// How many of them may be chosen at most; any number when 0 or left out.
    #[serde(default)]
    choices: u32,
}

async fn ask(person: Human, ask: Ask) -> Result<Created<Sent>, Problem> {
    let id = person.ask(&ask.to, &ask.question, &ask.options, ask.choices).await?;
    Ok(Created(Sent { id }))
}

/// What is chosen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Vote {
    options: Vec<String>,
}

async fn vote(of: OfMessage, vote: Vote) -> Result<Created<Sent>, Problem> {
    let id = of.person.vote(&of.heard, &vote.options).await?;
    Ok(Created(Sent { id }))
}

/// Which poll.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WhichPoll {
    /// Its message id.
    id: String,
}

/// The votes, option by option.
#[derive(Serialize, JsonSchema)]
struct Votes {
    items: Vec<PollCount>,
}

async fn poll(person: Human, poll: WhichPoll) -> Result<Shown<Votes>, Problem> {
    let items = person.poll_count(&poll.id).await?;
    Ok(Shown(Votes { items }))
}

/// Whether somebody is there.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum There {
    There,
    Gone,
}

/// Whether the person is there.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Presence {
    state: There,
}

async fn presence(person: Human, presence: Presence) -> Result<Shown<Presence>, Problem> {
    match presence.state {
        There::There => person.appear().await?,
        There::Gone => person.disappear().await?,
    }
    Ok(Shown(presence))
}

/// Whom to watch.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Watch {
    /// A phone number or a JID.
    whom: String,
}

async fn watch(person: Human, watch: Watch) -> Result<Shown<Watch>, Problem> {
    person.watch(&watch.whom).await?;
    Ok(Shown(watch))
}

/// Somebody came or went.
#[derive(Serialize, JsonSchema)]
struct PresenceView {
    /// Their JID, as the server named them.
    who: String,
    state: There,
    /// When they were last there, in Unix seconds; nothing while they are there, and when they hide it.
    last_seen_s: Option<i64>,
}

impl PresenceView {
    fn of(seen: PresenceSeen) -> Self {
        Self {
            who: seen.who,
            state: match seen.state {
                PresenceState::There => There::There,
                PresenceState::Gone => There::Gone,
            },
            last_seen_s: seen.last_seen_s,
        }
    }
}

/// Comings and goings.
#[derive(Serialize, JsonSchema)]
struct Presences {
    items: Vec<PresenceView>,
}

async fn presences(person: Human, _: Nothing) -> Result<Shown<Presences>, Problem> {
    let items = person.presences().into_iter().map(PresenceView::of).collect();
    Ok(Shown(Presences { items }))
}

/// An about text.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct About {
    text: String,
}

async fn about(person: Human, about: About) -> Result<Shown<About>, Problem> {
    person.set_about(&about.text).await?;
    Ok(Shown(about))
}
