//! Calls that end sessions, and that set an account's keys back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use super::accounts::AccountView;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, post};
use crate::admin::subject::OfAccount;
use crate::{Ban, StreamEnd};

pub(super) fn routes() -> Vec<Route> {
    vec![
        post(
            "/accounts/{phone}/end",
            "Ends sessions with a stream error; companions stay linked.",
            end,
        )
        .example(r#"{"with": "unavailable", "device": 1}"#),
        post(
            "/accounts/{phone}/ban",
            "Cuts its connections, and refuses logins for so long.",
            ban,
        )
        .example(r#"{"reason": "sent_to_too_many_people", "seconds": 3600}"#),
        post(
            "/accounts/{phone}/unlink-all",
            "Its phone removes every companion.",
            unlink_all,
        ),
        post(
            "/accounts/{phone}/reinstall",
            "Its phone is set up anew: another identity, no companions.",
            reinstall,
        ),
        post(
            "/accounts/{phone}/lose-prekeys",
            "The server loses a companion's one-time prekeys.",
            lose_prekeys,
        )
        .example(r#"{"device": 1}"#),
    ]
}

/// Which sessions, and how they end.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct End {
    with: StreamEnd,
    /// Only this companion's; everybody's when left out.
    device: Option<u16>,
}

/// How many there were.
#[derive(Serialize, JsonSchema)]
struct Count {
    count: usize,
}

async fn end(account: OfAccount, end: End) -> Result<Shown<Count>, Problem> {
    let count = account.simulator.end_sessions(&account.phone, end.device, end.with)?;
    Ok(Shown(Count { count }))
}

async fn ban(account: OfAccount, ban: Ban) -> Result<Shown<Ban>, Problem> {
    account.simulator.ban(&account.phone, ban)?;
    Ok(Shown(ban))
}

async fn unlink_all(account: OfAccount, _: Nothing) -> Result<Shown<Count>, Problem> {
    let count = account.simulator.unlink_all(&account.phone)?;
    Ok(Shown(Count { count }))
}

async fn reinstall(account: OfAccount, _: Nothing) -> Result<Shown<AccountView>, Problem> {
    let account = account.simulator.reinstall_phone(&account.phone)?;
    Ok(Shown(AccountView::of(&account)))
}

/// Which companion.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Companion {
    /// Its number; the first one linked is 1.
    device: u16,
}

async fn lose_prekeys(account: OfAccount, companion: Companion) -> Result<Shown<Count>, Problem> {
    let count = account.simulator.lose_prekeys(&account.phone, companion.device)?;
    Ok(Shown(Count { count }))
}
