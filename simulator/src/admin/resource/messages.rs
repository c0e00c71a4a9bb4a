//! What people do to messages that were sent, polls, and messages of any kind.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use whatsapp_rust::buffa::Message as _;
use whatsapp_rust::waproto::whatsapp as wa;

use super::Nothing;
use super::people::Sent;
use crate::Base64;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, delete, get, post};
use crate::admin::subject::OfMessage;
use crate::human::{Human, PollCount};

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
            "/people/{phone}/inbox/{id}/pin",
            "Pins a message for everybody in its chat.",
            pin,
        ),
        delete("/people/{phone}/inbox/{id}/pin", "Takes the pin away.", unpin),
        post(
            "/people/{phone}/inbox/{id}/keep",
            "Keeps a message of a chat whose messages disappear.",
            keep,
        ),
        delete(
            "/people/{phone}/inbox/{id}/keep",
            "Lets it disappear with the others again.",
            unkeep,
        ),
        post(
            "/people/{phone}/inbox/{id}/play",
            "Tells the sender that a recording was listened to.",
            play,
        ),
        post(
            "/people/{phone}/timer",
            "Lets new messages of a direct chat disappear after a while.",
            timer,
        )
        .example(r#"{"to": "4915199999999", "seconds": 86400}"#),
        post(
            "/people/{phone}/send-message",
            "Sends any message, for kinds that have no call of their own.",
            send,
        )
        .example(r#"{"to": "4915199999999", "message": "CgVoZWxsbw=="}"#),
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

async fn pin(of: OfMessage, _: Nothing) -> Result<Created<Sent>, Problem> {
    let id = of.person.pin(&of.heard).await?;
    Ok(Created(Sent { id }))
}

async fn unpin(of: OfMessage, _: Nothing) -> Result<Created<Sent>, Problem> {
    let id = of.person.unpin(&of.heard).await?;
    Ok(Created(Sent { id }))
}

async fn keep(of: OfMessage, _: Nothing) -> Result<Created<Sent>, Problem> {
    let id = of.person.keep(&of.heard).await?;
    Ok(Created(Sent { id }))
}

async fn unkeep(of: OfMessage, _: Nothing) -> Result<Created<Sent>, Problem> {
    let id = of.person.unkeep(&of.heard).await?;
    Ok(Created(Sent { id }))
}

/// Which message.
#[derive(Serialize, JsonSchema)]
struct Played {
    /// Its id.
    id: String,
}

async fn play(of: OfMessage, _: Nothing) -> Result<Shown<Played>, Problem> {
    of.person.play(&of.heard).await?;
    Ok(Shown(Played { id: of.heard.id }))
}

/// When messages disappear.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Timer {
    /// The other side of the chat: a phone number or a JID. A group's timer is a setting of the group.
    to: String,
    /// After how long; 0 lets them stay.
    seconds: u32,
}

async fn timer(person: Human, timer: Timer) -> Result<Created<Sent>, Problem> {
    let id = person.set_timer(&timer.to, timer.seconds).await?;
    Ok(Created(Sent { id }))
}

/// A message of any kind.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SendMessage {
    /// A phone number or a JID.
    to: String,
    /// The `Message` of WhatsApp's protocol buffers, encoded.
    message: Base64,
}

async fn send(person: Human, send: SendMessage) -> Result<Created<Sent>, Problem> {
    let message = wa::Message::decode_from_slice(&send.message.0).map_err(|error| Problem::bad_message(&error))?;
    let id = person.send(&send.to, message).await?;
    Ok(Created(Sent { id }))
}
