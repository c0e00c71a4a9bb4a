//! Calls that let people behave by themselves, one or hundreds of them.

use std::sync::Arc;

use super::Nothing;
use super::people::{People, PersonView};
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, delete, post};
use crate::admin::state::State;
use crate::human::persona::Persona;
use crate::human::{Cast, Human};

/// Largest body, in bytes: personas may carry pictures.
const BODY_LIMIT: usize = 4 << 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        post(
            "/people/bulk",
            "Many people at once, with what they play. All of them join, or none.",
            bulk,
        )
        .example(
            r#"{
                "personas": {"echo": {"rules": [{"hears": "anything", "does": [{"answer": "you said: {text}"}]}]}},
                "people": [{"push_name": "Guest", "count": 50, "persona": "echo"}]
            }"#,
        )
        .body_limit(BODY_LIMIT),
        post(
            "/people/{phone}/persona",
            "Plays this from now on, instead of what was played before.",
            play,
        )
        .example(
            r#"{
                "reads": "at_once",
                "types": [200, 800],
                "rules": [{"hears": {"contains": "price"}, "does": [{"quote": "Too much, {name}!"}, {"react": "😱"}]}]
            }"#,
        )
        .body_limit(BODY_LIMIT),
        delete("/people/{phone}/persona", "Plays nothing any more.", stop),
    ]
}

async fn bulk(state: Arc<State>, cast: Cast) -> Result<Created<People>, Problem> {
    let joined = cast.join(&state.simulator).await?;
    for human in &joined {
        state.welcome(human).await?;
    }
    Ok(Created(People::of(&joined)))
}

async fn play(person: Human, persona: Persona) -> Result<Shown<Persona>, Problem> {
    person.behave(persona.clone())?;
    Ok(Shown(persona))
}

async fn stop(person: Human, _: Nothing) -> Result<Shown<PersonView>, Problem> {
    person.stop_behaving().await;
    Ok(Shown(PersonView::of(&person)))
}
