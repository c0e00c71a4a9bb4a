//! What there is to call, one file a resource. Each file holds its rows, what they take and answer, and short handlers:
//! find, call the handle or the person, show.

mod accounts;
mod appstate;
mod businesses;
mod calls;
mod communities;
mod faults;
mod groups;
mod history;
mod inbox;
mod linking;
mod media;
mod membership;
mod messages;
mod newsletters;
mod passkeys;
mod people;
mod personas;
mod phone;
mod pictures;
mod presence;
mod privacy;
mod profile;
mod server;
mod sessions;
mod signs;
mod stanzas;
mod statuses;
mod world;

use schemars::JsonSchema;
use serde::Deserialize;

use super::route::Route;

/// The rows of every resource, in the order in which they are listed.
pub(super) const ALL: &[fn() -> Vec<Route>] = &[
    server::routes,
    stanzas::routes,
    world::routes,
    faults::routes,
    accounts::routes,
    linking::routes,
    passkeys::routes,
    sessions::routes,
    appstate::routes,
    phone::routes,
    history::routes,
    people::routes,
    personas::routes,
    inbox::routes,
    signs::routes,
    messages::routes,
    media::routes,
    presence::routes,
    profile::routes,
    pictures::routes,
    statuses::routes,
    calls::routes,
    membership::routes,
    communities::routes,
    groups::routes,
    privacy::routes,
    businesses::routes,
    newsletters::routes,
];

/// For calls that take nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// A list of names as methods take it.
fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
