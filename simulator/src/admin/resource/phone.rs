//! What an account says of itself on its phone, whom the service lets it write to, and what waits for its companions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::subject::OfAccount;
use crate::{QueuedStanza, Reachout};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/accounts/{phone}/about",
            "Its about text; empty when there is none.",
            about,
        ),
        post(
            "/accounts/{phone}/about",
            "Its owner writes one on the phone.",
            set_about,
        )
        .example(r#"{"text": "In the garden"}"#),
        post(
            "/accounts/{phone}/timer",
            "Its owner chooses on the phone when messages of new chats disappear.",
            timer,
        )
        .example(r#"{"seconds": 86400}"#),
        post(
            "/accounts/{phone}/reachout",
            "Lets it write to strangers, or refuses that with 463 unless it shows their token.",
            reachout,
        )
        .example(r#"{"reachout": "restricted"}"#),
        get(
            "/accounts/{phone}/queue",
            "What a companion has not acknowledged, oldest first.",
            queue,
        )
        .example("device=1"),
    ]
}

/// An about text.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct About {
    text: String,
}

async fn about(account: OfAccount, _: Nothing) -> Result<Shown<About>, Problem> {
    let text = account.simulator.about(&account.phone)?;
    Ok(Shown(About { text }))
}

async fn set_about(account: OfAccount, about: About) -> Result<Shown<About>, Problem> {
    account.simulator.set_about(&account.phone, &about.text)?;
    Ok(Shown(about))
}

/// When messages of new chats disappear.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Timer {
    /// After how long; 0 for never.
    seconds: u32,
}

async fn timer(account: OfAccount, timer: Timer) -> Result<Shown<Timer>, Problem> {
    account.simulator.set_default_timer(&account.phone, timer.seconds)?;
    Ok(Shown(timer))
}

/// Whom the account may write to.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetReachout {
    reachout: Reachout,
}

async fn reachout(account: OfAccount, set: SetReachout) -> Result<Shown<SetReachout>, Problem> {
    account.simulator.set_reachout(&account.phone, set.reachout)?;
    Ok(Shown(set))
}

/// Whose queue.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WhichQueue {
    /// Number of the companion; the first one linked is 1.
    device: u16,
}

/// What waits.
#[derive(Serialize, JsonSchema)]
struct Queue {
    items: Vec<QueuedStanza>,
}

async fn queue(account: OfAccount, which: WhichQueue) -> Result<Shown<Queue>, Problem> {
    let items = account.simulator.queue(&account.phone, which.device)?;
    Ok(Shown(Queue { items }))
}
