//! Calls about accounts: what their phone and the network do to them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::State;
use super::problem::Problem;
use super::request::{Answer, Request};
use super::server::Nothing;
use crate::{Account, LoginRefusal, NewAccount, Reachability};

/// An account as calls show it.
#[derive(Serialize)]
pub(super) struct AccountView {
    phone: String,
    lid: String,
    jid: String,
    lid_jid: String,
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

/// What to make an account from.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Create {
    push_name: String,
    phone: Option<String>,
}

impl From<Create> for NewAccount {
    fn from(create: Create) -> Self {
        Self {
            push_name: create.push_name,
            phone: create.phone,
        }
    }
}

#[derive(Serialize)]
struct Accounts {
    items: Vec<AccountView>,
}

/// `GET /accounts`.
pub(super) async fn list(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.query::<Nothing>()?;
    let items = state.simulator.accounts().iter().map(AccountView::of).collect();
    Ok(Answer::ok(&Accounts { items }))
}

/// `POST /accounts`: an account with a phone and no companion yet.
pub(super) async fn create(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let account = state.simulator.create_account(request.body::<Create>()?.into())?;
    Ok(Answer::created(&AccountView::of(&account)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    qr: String,
}

#[derive(Serialize)]
struct Linked {
    jid: String,
    device: u16,
}

/// `POST /accounts/{phone}/scan`: the phone scans a client's pairing code.
pub(super) async fn scan(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let scan: Scan = request.body()?;
    state.known(&request.phone)?;
    let linked = state.simulator.scan_qr(&request.phone, &scan.qr).await?;
    Ok(Answer::created(&Linked {
        jid: linked.jid,
        device: linked.device,
    }))
}

#[derive(Serialize)]
struct Dropped {
    dropped: usize,
}

/// `POST /accounts/{phone}/drop`: cuts the connections of its companions.
pub(super) async fn drop_connections(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    request.body::<Nothing>()?;
    state.known(&request.phone)?;
    Ok(Answer::ok(&Dropped {
        dropped: state.simulator.drop_connections(&request.phone),
    }))
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Reach {
    Online,
    Offline,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SetReachability {
    state: Reach,
}

/// `POST /accounts/{phone}/reachability`: whether its companions can connect.
pub(super) async fn reachability(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let set: SetReachability = request.body()?;
    state.known(&request.phone)?;
    let reachability = match set.state {
        Reach::Online => Reachability::Online,
        Reach::Offline => Reachability::Offline,
    };
    state.simulator.set_reachability(&request.phone, reachability)?;
    Ok(Answer::ok(&set))
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Unlink {
    device: u16,
}

/// `POST /accounts/{phone}/unlink`: the phone removes a companion.
pub(super) async fn unlink(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let unlink: Unlink = request.body()?;
    state.known(&request.phone)?;
    state.simulator.unlink(&request.phone, unlink.device)?;
    Ok(Answer::ok(&unlink))
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Refusal {
    LoggedOut,
    Banned,
    Locked,
    Outdated,
    Unavailable,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    reason: Option<Refusal>,
}

/// `POST /accounts/{phone}/refuse`: refuses logins from now on; without a reason, accepts them again.
pub(super) async fn refuse(state: Arc<State>, request: Request) -> Result<Answer, Problem> {
    let refuse: Refuse = request.body()?;
    state.known(&request.phone)?;
    let reason = refuse.reason.map(|reason| match reason {
        Refusal::LoggedOut => LoginRefusal::LoggedOut,
        Refusal::Banned => LoginRefusal::Banned,
        Refusal::Locked => LoginRefusal::Locked,
        Refusal::Outdated => LoginRefusal::Outdated,
        Refusal::Unavailable => LoginRefusal::Unavailable,
    });
    state.simulator.refuse_login(&request.phone, reason)?;
    Ok(Answer::ok(&refuse))
}

impl State {
    /// An error that lists the accounts unless there is one with this number.
    fn known(&self, phone: &str) -> Result<(), Problem> {
        let accounts = self.simulator.accounts();
        if accounts.iter().any(|account| account.phone == phone) {
            return Ok(());
        }
        Err(Problem::unknown(
            "account",
            phone,
            accounts.iter().map(|account| &account.phone),
        ))
    }
}
