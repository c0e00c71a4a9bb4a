//! Calls about app state: what an account's owner does on the phone, and what the phone has.

use schemars::JsonSchema;
use serde::Serialize;

use super::Nothing;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::subject::OfAccount;
use crate::{AppStateEntry, PhoneAction};

pub(super) fn routes() -> Vec<Route> {
    vec![
        post(
            "/accounts/{phone}/act",
            "Its owner does something on the phone; companions learn of it.",
            act,
        )
        .example(r#"{"action": "pin", "chat": "4915112345678"}"#),
        get(
            "/accounts/{phone}/app-state",
            "Every record of its app state, as its phone reads it.",
            list,
        ),
        post(
            "/accounts/{phone}/app-state/rotate",
            "Its phone begins a new app-state key.",
            rotate,
        ),
    ]
}

async fn act(account: OfAccount, action: PhoneAction) -> Result<Shown<PhoneAction>, Problem> {
    account.simulator.act_on_phone(&account.phone, &action)?;
    Ok(Shown(action))
}

/// Records of app state.
#[derive(Serialize, JsonSchema)]
struct AppState {
    items: Vec<AppStateEntry>,
}

async fn list(account: OfAccount, _: Nothing) -> Result<Shown<AppState>, Problem> {
    let items = account.simulator.app_state(&account.phone)?;
    Ok(Shown(AppState { items }))
}

/// Which account.
#[derive(Serialize, JsonSchema)]
struct Rotated {
    phone: String,
}

async fn rotate(account: OfAccount, _: Nothing) -> Result<Shown<Rotated>, Problem> {
    account.simulator.rotate_app_state_key(&account.phone)?;
    Ok(Shown(Rotated { phone: account.phone }))
}
