//! Groups from outside: what the server has, and changes that no client made. Members are told as ever.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Nothing, borrowed};
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::admin::subject::GroupOfServer;
use crate::{GroupRole, GroupSetting, GroupView};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/groups",
            "Every group that somebody is in, as the server has it.",
            list,
        ),
        post("/groups", "A group as if its owner's phone had made it.", create)
            .example(r#"{"owner": "4915112345678", "subject": "Garden", "members": ["4915199999999"]}"#),
        get(
            "/groups/{group}",
            "One group, with its invite code and who waits to be let in.",
            show,
        ),
        post(
            "/groups/{group}/members",
            "Adds, removes or ranks members, as if an admin's phone had.",
            members,
        )
        .example(r#"{"add": ["4915112345678"]}"#),
        post(
            "/groups/{group}/change",
            "Changes its name or a setting, as if an admin's phone had.",
            change,
        )
        .example(r#"{"setting": "announcement"}"#),
    ]
}

/// Groups.
#[derive(Serialize, JsonSchema)]
pub(super) struct Groups {
    pub(super) items: Vec<GroupView>,
}

async fn list(state: Arc<State>, _: Nothing) -> Result<Shown<Groups>, Problem> {
    let items = state.simulator.groups();
    Ok(Shown(Groups { items }))
}

/// What to make a group from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateGroup {
    /// Phone number of whoever makes it.
    owner: String,
    /// Its name, 1 to 100 characters.
    subject: String,
    /// Phone numbers of who else is in it.
    #[serde(default)]
    members: Vec<String>,
}

async fn create(state: Arc<State>, create: CreateGroup) -> Result<Created<GroupView>, Problem> {
    let members = borrowed(&create.members);
    let made = state.simulator.create_group(&create.owner, &create.subject, &members)?;
    Ok(Created(made))
}

async fn show(group: GroupOfServer, _: Nothing) -> Result<Shown<GroupView>, Problem> {
    Ok(Shown(group.simulator.group(&group.jid)?))
}

/// What to do to whom, by phone number.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ChangeMembers {
    /// These get in, whatever anybody's settings say.
    Add(Vec<String>),
    /// These are put out.
    Remove(Vec<String>),
    /// These become something else.
    Rank {
        /// What.
        role: GroupRole,
        /// Who.
        members: Vec<String>,
    },
}

async fn members(group: GroupOfServer, change: ChangeMembers) -> Result<Shown<GroupView>, Problem> {
    let (simulator, jid) = (&group.simulator, group.jid.as_str());
    let changed = match change {
        ChangeMembers::Add(people) => simulator.add_to_group(jid, &borrowed(&people))?,
        ChangeMembers::Remove(people) => simulator.remove_from_group(jid, &borrowed(&people))?,
        ChangeMembers::Rank { role, members } => simulator.set_group_role(jid, &borrowed(&members), role)?,
    };
    Ok(Shown(changed))
}

/// What to change.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ChangeGroup {
    /// Its name.
    Subject(String),
    /// A setting.
    Setting(GroupSetting),
}

async fn change(group: GroupOfServer, change: ChangeGroup) -> Result<Shown<GroupView>, Problem> {
    let changed = match change {
        ChangeGroup::Subject(subject) => group.simulator.set_group_subject(&group.jid, &subject)?,
        ChangeGroup::Setting(setting) => group.simulator.set_group(&group.jid, setting)?,
    };
    Ok(Shown(changed))
}
