//! What people show of themselves and to whom, and what they see of others.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use super::privacy::{Block, Setting};
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::admin::waiting::{Whom, patience};
use crate::human::{AboutSeen, ContactSeen, Human};

pub(super) fn routes() -> Vec<Route> {
    vec![
        post("/people/{phone}/about", "Writes the person's about text.", about).example(r#"{"text": "In the garden"}"#),
        post("/people/{phone}/name", "The person takes another name.", name).example(r#"{"name": "Anna B."}"#),
        get(
            "/people/{phone}/contact",
            "What somebody shows the person of themselves, whose client asks for it.",
            contact,
        )
        .example("of=4915199999999"),
        get(
            "/people/{phone}/abouts",
            "New about texts the person was told of, oldest first.",
            abouts,
        ),
        get(
            "/people/{phone}/abouts/wait",
            "The first such about text; waits for it.",
            wait,
        )
        .example("of=4915199999999&contains=garden"),
        post(
            "/people/{phone}/privacy",
            "The person's client changes a privacy setting.",
            privacy,
        )
        .example(r#"{"category": "last", "value": "contacts"}"#),
        post(
            "/people/{phone}/blocked",
            "The person blocks somebody, or lets them through again.",
            block,
        )
        .example(r#"{"block": "4915199999999"}"#),
    ]
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

/// A name.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Name {
    /// Announced with every message from now on.
    name: String,
}

async fn name(person: Human, name: Name) -> Result<Shown<Name>, Problem> {
    person.set_name(&name.name).await?;
    Ok(Shown(name))
}

/// Whom to look up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Of {
    /// A phone number or a JID.
    of: String,
}

/// What somebody shows.
#[derive(Serialize, JsonSchema)]
struct Found {
    /// Nothing when the number has no account.
    contact: Option<ContactSeen>,
}

async fn contact(person: Human, of: Of) -> Result<Shown<Found>, Problem> {
    let contact = person.look_up(&of.of).await?;
    Ok(Shown(Found { contact }))
}

/// About texts.
#[derive(Serialize, JsonSchema)]
struct Abouts {
    items: Vec<AboutSeen>,
}

async fn abouts(person: Human, _: Nothing) -> Result<Shown<Abouts>, Problem> {
    let items = person.abouts();
    Ok(Shown(Abouts { items }))
}

/// Which about text; everything given must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WaitAbout {
    /// Whose, a phone number or JID.
    of: Option<String>,
    /// A part of it.
    contains: Option<String>,
    /// How long to wait; 30 seconds unless told, 300 at most.
    timeout_ms: Option<u64>,
}

async fn wait((state, person): (Arc<State>, Human), query: WaitAbout) -> Result<Shown<AboutSeen>, Problem> {
    let of = Whom::of(&state, query.of.as_deref())?;
    let wanted = |seen: &AboutSeen| {
        of.is(&seen.who)
            && query
                .contains
                .as_ref()
                .is_none_or(|part| seen.text.contains(part.as_str()))
    };
    let seen = person.wait_about(wanted, patience(query.timeout_ms));
    Ok(Shown(state.waited(seen).await?))
}

async fn privacy(person: Human, set: Setting) -> Result<Shown<Setting>, Problem> {
    set.check()?;
    person.set_privacy(set.category, set.value).await?;
    Ok(Shown(set))
}

async fn block(person: Human, change: Block) -> Result<Shown<Block>, Problem> {
    match &change {
        Block::Block(other) => person.block(other).await?,
        Block::Unblock(other) => person.unblock(other).await?,
    }
    Ok(Shown(change))
}
