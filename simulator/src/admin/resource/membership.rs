//! What people do with groups, each through their own client.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::groups::Groups;
use super::{Nothing, borrowed};
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::admin::subject::OfGroup;
use crate::admin::waiting::{Whom, patience};
use crate::human::{GroupNotice, Human, Invitation, JoinOutcome, MemberOutcome};
use crate::{GroupSetting, GroupView};

pub(super) fn routes() -> Vec<Route> {
    vec![
        get(
            "/people/{phone}/groups",
            "The groups the person is in, as its client is told.",
            list,
        ),
        post("/people/{phone}/groups", "Makes a group.", create)
            .example(r#"{"subject": "Garden", "members": ["4915199999999"]}"#),
        get("/people/{phone}/groups/{group}", "One group.", show),
        post(
            "/people/{phone}/groups/{group}/members",
            "Adds, removes, promotes, demotes, lets in, turns away.",
            members,
        )
        .example(r#"{"change": "add", "members": ["4915112345678"]}"#),
        get(
            "/people/{phone}/groups/{group}/requests",
            "Who waits for an admin to be let in.",
            requests,
        ),
        post(
            "/people/{phone}/groups/{group}/change",
            "Changes name, description or a setting.",
            change,
        )
        .example(r#"{"setting": "announcement"}"#),
        post(
            "/people/{phone}/groups/{group}/link",
            "The invite link; `renewed` makes a new one.",
            link,
        )
        .example(r#"{"link": "current"}"#),
        post(
            "/people/{phone}/groups/{group}/leave",
            "Leaves; a community with all its groups.",
            leave,
        ),
        get(
            "/people/{phone}/preview",
            "The group behind an invite link, as its page shows it.",
            preview,
        )
        .example("link=https%3A%2F%2Fchat.whatsapp.com%2FAbCdEfGhIjKlMnOpQrStUv"),
        post(
            "/people/{phone}/join",
            "Joins by link, by the code at its end, or by an invitation.",
            join,
        )
        .example(r#"{"link": "https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv"}"#),
        get(
            "/people/{phone}/group-notices",
            "What the person was told about groups, oldest first.",
            notices,
        ),
        get(
            "/people/{phone}/group-notices/wait",
            "The first such notice; waits for it.",
            wait,
        )
        .example("group=120363012345678901%40g.us&change=subject"),
    ]
}

async fn list(person: Human, _: Nothing) -> Result<Shown<Groups>, Problem> {
    let items = person.groups().await?;
    Ok(Shown(Groups { items }))
}

/// What to make a group from.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Make {
    /// Its name, 100 characters at most.
    subject: String,
    /// Who is in it besides the person, by phone number or JID. Who cannot be added is left out.
    #[serde(default)]
    members: Vec<String>,
}

async fn create(person: Human, make: Make) -> Result<Created<GroupView>, Problem> {
    Ok(Created(
        person.create_group(&make.subject, &borrowed(&make.members)).await?,
    ))
}

async fn show(of: OfGroup, _: Nothing) -> Result<Shown<GroupView>, Problem> {
    Ok(Shown(of.person.group(&of.group).await?))
}

/// What is done to members.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Change {
    /// They get in.
    Add,
    /// They are put out.
    Remove,
    /// They become admins.
    Promote,
    /// They stop being admins.
    Demote,
    /// They waited to be let in, and are.
    Approve,
    /// They waited to be let in, and are not.
    Reject,
}

/// What to do to whom.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChangeMembers {
    change: Change,
    /// Phone numbers or JIDs.
    members: Vec<String>,
}

/// How it went for each of them.
#[derive(Serialize, JsonSchema)]
struct Outcomes {
    items: Vec<MemberOutcome>,
}

async fn members(of: OfGroup, asked: ChangeMembers) -> Result<Shown<Outcomes>, Problem> {
    let (person, group, members) = (&of.person, of.group.as_str(), borrowed(&asked.members));
    let items = match asked.change {
        Change::Add => person.add_to_group(group, &members).await?,
        Change::Remove => person.remove_from_group(group, &members).await?,
        Change::Promote => person.promote_in_group(group, &members).await?,
        Change::Demote => person.demote_in_group(group, &members).await?,
        Change::Approve => person.approve_requests(group, &members).await?,
        Change::Reject => person.reject_requests(group, &members).await?,
    };
    Ok(Shown(Outcomes { items }))
}

/// Who waits.
#[derive(Serialize, JsonSchema)]
struct Waiting {
    /// JIDs.
    items: Vec<String>,
}

async fn requests(of: OfGroup, _: Nothing) -> Result<Shown<Waiting>, Problem> {
    let items = of.person.group_requests(&of.group).await?;
    Ok(Shown(Waiting { items }))
}

/// What to change.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum GroupChange {
    /// Its name.
    Subject(String),
    /// Its description; an empty one takes it away.
    Description(String),
    /// A setting.
    Setting(GroupSetting),
}

async fn change(of: OfGroup, change: GroupChange) -> Result<Shown<GroupChange>, Problem> {
    let (person, group) = (&of.person, of.group.as_str());
    match &change {
        GroupChange::Subject(subject) => person.set_group_subject(group, subject).await?,
        GroupChange::Description(text) => {
            let text = Some(text.as_str()).filter(|text| !text.is_empty());
            person.set_group_description(group, text).await?;
        }
        GroupChange::Setting(setting) => person.set_group(group, *setting).await?,
    }
    Ok(Shown(change))
}

/// Which link.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Which {
    /// The present one.
    #[default]
    Current,
    /// A new one; the old one leads nowhere from now on.
    Renewed,
}

/// Which link.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AskLink {
    #[serde(default)]
    link: Which,
}

/// An invite link.
#[derive(Serialize, JsonSchema)]
struct Link {
    link: String,
}

async fn link(of: OfGroup, asked: AskLink) -> Result<Shown<Link>, Problem> {
    let link = match asked.link {
        Which::Current => of.person.group_link(&of.group).await?,
        Which::Renewed => of.person.reset_group_link(&of.group).await?,
    };
    Ok(Shown(Link { link }))
}

/// Which group.
#[derive(Serialize, JsonSchema)]
struct Left {
    /// Its JID.
    group: String,
}

async fn leave(of: OfGroup, _: Nothing) -> Result<Shown<Left>, Problem> {
    of.person.leave_group(&of.group).await?;
    Ok(Shown(Left { group: of.group }))
}

/// Which group.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Preview {
    /// Its invite link, or the code at its end.
    link: String,
}

async fn preview(person: Human, preview: Preview) -> Result<Shown<GroupView>, Problem> {
    Ok(Shown(person.preview_link(&preview.link).await?))
}

/// How to join.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Join {
    /// By an invite link, or the code at its end.
    Link(String),
    /// By an invitation that was made out to this person.
    Invitation(Invitation),
}

async fn join(person: Human, join: Join) -> Result<Created<JoinOutcome>, Problem> {
    let outcome = match &join {
        Join::Link(link) => person.join_group(link).await?,
        Join::Invitation(invitation) => person.accept_invitation(invitation).await?,
    };
    Ok(Created(outcome))
}

/// What somebody was told about groups.
#[derive(Serialize, JsonSchema)]
struct Notices {
    items: Vec<GroupNotice>,
}

async fn notices(person: Human, _: Nothing) -> Result<Shown<Notices>, Problem> {
    let items = person.group_notices();
    Ok(Shown(Notices { items }))
}

/// Which notice; everything given must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WaitNotice {
    /// JID of the group.
    group: Option<String>,
    /// What changed, in the word the notices have for it.
    change: Option<String>,
    /// Whose doing it was, a phone number or JID.
    by: Option<String>,
    /// How long to wait; 30 seconds unless told, 300 at most.
    timeout_ms: Option<u64>,
}

async fn wait((state, person): (Arc<State>, Human), query: WaitNotice) -> Result<Shown<GroupNotice>, Problem> {
    let by = Whom::of(&state, query.by.as_deref())?;
    let wanted = |notice: &GroupNotice| {
        by.is(notice.by.as_deref().unwrap_or_default())
            && query.group.as_ref().is_none_or(|group| notice.group == *group)
            && query.change.as_ref().is_none_or(|change| notice.change == *change)
    };
    let notice = person.wait_group_notice(wanted, patience(query.timeout_ms));
    Ok(Shown(state.waited(notice).await?))
}
