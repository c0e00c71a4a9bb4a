//! `groups`: groups and communities of the account.

use waspnest_core::address::Jid;
use waspnest_core::event::Switch;
use waspnest_core::live::{Answer as Told, GroupOperation, GroupWish, MemberChange, Membership, Operation, Renewal};

use super::live::{About, Repetition, address, beside_the_point, told};
use super::{Answer, granted, invalid, spend};
use crate::bindings::waspnest::plugin::groups::{GroupInfo, Host, Joined, Op, Page, ResultFor, Setting};
use crate::bindings::waspnest::plugin::types::{Address, Error};
use crate::convert;
use crate::limits::{DESCRIPTION_CHARACTERS, GROUP_PEOPLE, LINK_BYTES, LIVE_PAGE, SUBJECT_CHARACTERS};
use crate::manifest::Capability;
use crate::state::{Call, CallState};

const READ: Capability = Capability::GroupsRead;
const WRITE: Capability = Capability::GroupsWrite;

impl Host for CallState {
    async fn list(&mut self, cursor: Option<String>) -> Answer<Page> {
        let call = &mut self.call;
        granted!(call.reaches(READ, About::Anything));
        granted!(spend(&mut call.live_operations)?);
        let after = granted!(cursor.map(|cursor| address("cursor", &cursor)).transpose());
        let answer = call.groups(READ, GroupOperation::List).await?;
        told!(answer, Told::Groups(groups) => page(&groups, after.as_ref()))
    }

    async fn info(&mut self, group: String) -> Answer<GroupInfo> {
        let call = &mut self.call;
        let group = granted!(call.group(READ, "group", &group));
        granted!(spend(&mut call.live_operations)?);
        let answer = call.groups(READ, GroupOperation::Info(group)).await?;
        told!(answer, Told::Group(info) => convert::group_info(&info))
    }

    async fn create(&mut self, subject: String, members: Vec<String>, community: Option<String>) -> Answer<GroupInfo> {
        let call = &mut self.call;
        granted!(call.reaches(WRITE, About::Anything));
        granted!(spend(&mut call.live_operations)?);
        let operation = GroupOperation::Create {
            subject: granted!(subject_of(subject)),
            members: granted!(addresses("members", &members)),
            community: match community {
                Some(community) => Some(granted!(call.group(WRITE, "community", &community))),
                None => None,
            },
        };
        let answer = call
            .live(WRITE, Operation::Group(operation), Repetition::Announced)
            .await?;
        told!(answer, Told::Group(info) => convert::group_info(&info))
    }

    async fn update(&mut self, group: String, what: Setting) -> Answer<()> {
        let call = &mut self.call;
        let group = granted!(call.group(WRITE, "group", &group));
        granted!(spend(&mut call.live_operations)?);
        let wish = granted!(wish(what));
        let answer = call.groups(WRITE, GroupOperation::Update { group, wish }).await?;
        told!(answer, Told::Done => ())
    }

    async fn participants(&mut self, group: String, what: Op, who: Vec<String>) -> Answer<Vec<ResultFor>> {
        let call = &mut self.call;
        let group = granted!(call.group(WRITE, "group", &group));
        granted!(spend(&mut call.live_operations)?);
        let operation = GroupOperation::Members {
            group,
            change: match what {
                Op::Add => MemberChange::Add,
                Op::Remove => MemberChange::Remove,
                Op::Promote => MemberChange::Promote,
                Op::Demote => MemberChange::Demote,
                Op::Approve => MemberChange::Approve,
                Op::Reject => MemberChange::Reject,
            },
            who: granted!(some("who", &who)),
        };
        let answer = call.groups(WRITE, operation).await?;
        told!(answer, Told::Outcomes(outcomes) => outcomes.iter().map(convert::outcome).collect())
    }

    async fn requests(&mut self, group: String) -> Answer<Vec<Address>> {
        let call = &mut self.call;
        let group = granted!(call.group(READ, "group", &group));
        granted!(spend(&mut call.live_operations)?);
        let answer = call.groups(READ, GroupOperation::Requests(group)).await?;
        told!(answer, Told::People(people) => people.iter().map(convert::address).collect())
    }

    async fn invite_link(&mut self, group: String, reset: bool) -> Answer<String> {
        let call = &mut self.call;
        let (capability, renewal) = if reset {
            (WRITE, Renewal::Renew)
        } else {
            (READ, Renewal::Keep)
        };
        let group = granted!(call.group(capability, "group", &group));
        granted!(spend(&mut call.live_operations)?);
        let answer = call.groups(capability, GroupOperation::Link { group, renewal }).await?;
        told!(answer, Told::Link(link) => link.into())
    }

    async fn invite_info(&mut self, link: String) -> Answer<GroupInfo> {
        let call = &mut self.call;
        granted!(call.reaches(READ, About::Anything));
        granted!(spend(&mut call.live_operations)?);
        let link = granted!(link_of(link));
        let answer = call.groups(READ, GroupOperation::Behind { link }).await?;
        told!(answer, Told::Group(info) => convert::group_info(&info))
    }

    async fn join(&mut self, link: String) -> Answer<Joined> {
        let call = &mut self.call;
        granted!(call.reaches(WRITE, About::Anything));
        granted!(spend(&mut call.live_operations)?);
        let link = granted!(link_of(link));
        let answer = call.groups(WRITE, GroupOperation::Join { link }).await?;
        told!(answer, Told::Joined { group, membership } => Joined {
            group: group.to_string(),
            pending: membership == Membership::Waiting,
        })
    }

    async fn leave(&mut self, group: String) -> Answer<()> {
        let call = &mut self.call;
        let group = granted!(call.group(WRITE, "group", &group));
        granted!(spend(&mut call.live_operations)?);
        let answer = call.groups(WRITE, GroupOperation::Leave(group)).await?;
        told!(answer, Told::Done => ())
    }

    async fn link(&mut self, community: String, groups: Vec<String>, on: bool) -> Answer<Vec<ResultFor>> {
        let call = &mut self.call;
        let community = granted!(call.group(WRITE, "community", &community));
        granted!(spend(&mut call.live_operations)?);
        let groups = granted!(some("groups", &groups));
        for group in &groups {
            granted!(call.reaches(WRITE, About::Chat(group)));
        }
        let operation = GroupOperation::Affiliate {
            community,
            groups,
            into: Switch::from(on),
        };
        let answer = call.groups(WRITE, operation).await?;
        told!(answer, Told::Outcomes(outcomes) => outcomes.iter().map(convert::outcome).collect())
    }
}

impl Call {
    async fn groups(&mut self, capability: Capability, operation: GroupOperation) -> Answer<Told> {
        self.live(capability, Operation::Group(operation), Repetition::Harmless)
            .await
    }

    /// The address of a group that a capability reaches.
    fn group(&self, capability: Capability, argument: &str, text: &str) -> Result<Jid, Error> {
        let group = address(argument, text)?;
        self.reaches(capability, About::Chat(&group))?;
        match group {
            Jid::Group(_) => Ok(group),
            Jid::Phone(_) | Jid::Lid(_) | Jid::Newsletter(_) | Jid::Status | Jid::Broadcast(_) | Jid::Bot(_) => {
                Err(invalid(argument, "is not the address of a group"))
            }
        }
    }
}

fn page(groups: &[Jid], after: Option<&Jid>) -> Page {
    let first = groups.partition_point(|group| after.is_some_and(|after| group <= after));
    let rest = groups.get(first..).unwrap_or_default();
    let items: Vec<String> = rest.iter().take(LIVE_PAGE).map(ToString::to_string).collect();
    let cursor = items.last().filter(|_| rest.len() > LIVE_PAGE).cloned();
    Page { items, cursor }
}

fn subject_of(text: String) -> Result<Box<str>, Error> {
    let characters = text.chars().count();
    if (1..=SUBJECT_CHARACTERS).contains(&characters) {
        Ok(text.into())
    } else {
        Err(invalid(
            "subject",
            format!("must have 1 to {SUBJECT_CHARACTERS} characters"),
        ))
    }
}

fn link_of(text: String) -> Result<Box<str>, Error> {
    if (1..=LINK_BYTES).contains(&text.len()) {
        Ok(text.into())
    } else {
        Err(invalid("link", format!("must have 1 to {LINK_BYTES} bytes")))
    }
}

fn addresses(argument: &str, texts: &[String]) -> Result<Vec<Jid>, Error> {
    if texts.len() > GROUP_PEOPLE {
        return Err(invalid(argument, format!("at most {GROUP_PEOPLE} at a time")));
    }
    texts.iter().map(|text| address(argument, text)).collect()
}

fn some(argument: &str, texts: &[String]) -> Result<Vec<Jid>, Error> {
    if texts.is_empty() {
        return Err(invalid(argument, "is empty"));
    }
    addresses(argument, texts)
}

fn wish(what: Setting) -> Result<GroupWish, Error> {
    Ok(match what {
        Setting::Announce(on) => GroupWish::Announce(on.into()),
        Setting::Locked(on) => GroupWish::Locked(on.into()),
        Setting::Approval(on) => GroupWish::Approval(on.into()),
        Setting::MemberAdd(on) => GroupWish::MembersAdd(on.into()),
        Setting::EphemeralS(seconds) => GroupWish::Ephemeral(seconds.filter(|seconds| *seconds > 0)),
        Setting::Subject(text) => GroupWish::Subject(subject_of(text)?),
        Setting::Description(text) if text.chars().count() > DESCRIPTION_CHARACTERS => {
            return Err(invalid(
                "description",
                format!("at most {DESCRIPTION_CHARACTERS} characters"),
            ));
        }
        Setting::Description(text) if text.is_empty() => GroupWish::Description(None),
        Setting::Description(text) => GroupWish::Description(Some(text.into())),
        Setting::RemovePicture => GroupWish::NoPicture,
    })
}
