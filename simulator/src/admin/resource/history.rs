//! What a phone remembers, which it tells its companions when they are linked or ask for more.

use schemars::JsonSchema;
use serde::Serialize;

use super::Nothing;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::subject::OfAccount;
use crate::{HistorySpec, PhoneChat};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/accounts/{phone}/chats",
            "The chats between two that its phone remembers, latest first.",
            list,
        ),
        post(
            "/accounts/{phone}/history",
            "Gives its phone a past with people who do not exist; who is linked later is told of it.",
            invent,
        )
        .example(r#"{"chats": 3, "messages": 20}"#),
    ]
}

/// What a phone remembers.
#[derive(Serialize, JsonSchema)]
struct Chats {
    items: Vec<PhoneChat>,
}

async fn list(account: OfAccount, _: Nothing) -> Result<Shown<Chats>, Problem> {
    let items = account.simulator.phone_chats(&account.phone)?;
    Ok(Shown(Chats { items }))
}

async fn invent(account: OfAccount, spec: HistorySpec) -> Result<Created<Chats>, Problem> {
    account.simulator.invent_history(&account.phone, spec)?;
    let items = account.simulator.phone_chats(&account.phone)?;
    Ok(Created(Chats { items }))
}
