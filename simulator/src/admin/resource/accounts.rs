//! Calls about accounts: what their phone and the network do to them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::admin::subject::OfAccount;
use crate::{Account, LoginRefusal, NewAccount, Reachability};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/accounts", "All accounts.", list),
        post("/accounts", "An account with a phone and no companion.", create)
            .example(r#"{"push_name": "My bot", "phone": "4915199999999"}"#),
        post(
            "/accounts/{phone}/drop",
            "Cuts its companions' connections now.",
            drop_connections,
        ),
        post(
            "/accounts/{phone}/reachability",
            "While offline, connections are refused and messages queue.",
            reachability,
        )
        .example(r#"{"state": "offline"}"#),
        post(
            "/accounts/{phone}/refuse",
            "Refuses logins from now on; without a reason, accepts them again.",
            refuse,
        )
        .example(r#"{"reason": "banned"}"#),
    ]
}

/// An account.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Account")]
pub(super) struct AccountView {
    /// Phone number in digits; accounts and people are named by it.
    phone: String,
    /// User part of the LID.
    lid: String,
    /// Phone-number JID without a device.
    jid: String,
    /// LID JID without a device.
    lid_jid: String,
    /// The name it announces.
    push_name: String,
}

impl AccountView {
    pub(super) fn of(account: &Account) -> Self {
        Self {
            phone: account.phone.clone(),
            lid: account.lid.clone(),
            jid: account.jid(),
            lid_jid: account.lid_jid(),
            push_name: account.push_name.clone(),
        }
    }
}

/// All accounts.
#[derive(Serialize, JsonSchema)]
struct Accounts {
    items: Vec<AccountView>,
}

async fn list(state: Arc<State>, _: Nothing) -> Result<Shown<Accounts>, Problem> {
    let items = state.simulator.accounts().iter().map(AccountView::of).collect();
    Ok(Shown(Accounts { items }))
}

async fn create(state: Arc<State>, create: NewAccount) -> Result<Created<AccountView>, Problem> {
    let account = state.simulator.create_account(create)?;
    Ok(Created(AccountView::of(&account)))
}

/// How many connections were cut.
#[derive(Serialize, JsonSchema)]
struct Dropped {
    dropped: usize,
}

async fn drop_connections(account: OfAccount, _: Nothing) -> Result<Shown<Dropped>, Problem> {
    let dropped = account.simulator.drop_connections(&account.phone);
    Ok(Shown(Dropped { dropped }))
}

/// Whether companions can connect.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Reach {
    Online,
    Offline,
}

/// Whether companions can connect.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetReachability {
    state: Reach,
}

async fn reachability(account: OfAccount, set: SetReachability) -> Result<Shown<SetReachability>, Problem> {
    let reachability = match set.state {
        Reach::Online => Reachability::Online,
        Reach::Offline => Reachability::Offline,
    };
    account.simulator.set_reachability(&account.phone, reachability)?;
    Ok(Shown(set))
}

/// Whether and why logins are refused.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Refuse {
    /// Without one, logins are accepted.
    reason: Option<LoginRefusal>,
}

async fn refuse(account: OfAccount, refuse: Refuse) -> Result<Shown<Refuse>, Problem> {
    account.simulator.refuse_login(&account.phone, refuse.reason)?;
    Ok(Shown(refuse))
}
