//! The account: what it knows of groups and people is what the scenario says and what people do in it. What a plugin changes is answered
//! and not remembered, but for groups that it makes.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use waspnest_core::address::{Jid, Party};
use waspnest_core::event::{EventKind, GroupChange, Switch};
use waspnest_core::live::{
    self, Account, ContactInfo, ContactOperation, GroupInfo, GroupOperation, Member, Operation,
    Outcome as MemberOutcome, Refusal, Role,
};

use crate::config::scenario::{Group, Mine, Scenario};

/// See the module documentation.
pub(super) struct PlayedAccount {
    pub(super) me: Party,
    pub(super) groups: Mutex<Vec<GroupInfo>>,
    pub(super) people: Mutex<Vec<Party>>,
}

impl fmt::Debug for PlayedAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlayedAccount")
    }
}

impl PlayedAccount {
    pub(super) fn new(me: Party, scenario: &Scenario) -> Self {
        let people: Vec<Party> = scenario.people.values().map(|person| person.party()).collect();
        let groups = scenario.groups.values().map(|group| info(group, scenario, &me));
        Self {
            groups: Mutex::new(groups.collect()),
            people: Mutex::new(people),
            me,
        }
    }

    /// Somebody is there who was not in the scenario.
    pub(super) fn introduce(&self, who: Party) {
        self.people.lock().unwrap_or_else(PoisonError::into_inner).push(who);
    }

    /// Groups are as people have changed them.
    pub(super) fn hear(&self, kind: &EventKind) {
        let EventKind::Group(event) = kind else { return };
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(group) = groups.iter_mut().find(|group| group.group == event.group) else {
            return;
        };
        let is_target = |member: &Member| event.targets.iter().any(|who| who.jid == member.who.jid);
        let role = |member: &mut Member, role| {
            if event.targets.iter().any(|who| who.jid == member.who.jid) {
                member.role = role;
            }
        };
        match &event.change {
            GroupChange::Joined | GroupChange::Added => {
                for who in &event.targets {
                    // Whoever is there already stays what they are.
                    if group.members.iter().all(|member| member.who.jid != who.jid) {
                        group.members.push(Member {
                            who: who.clone(),
                            role: Role::Member,
                        });
                    }
                }
            }
            GroupChange::Left | GroupChange::Removed => group.members.retain(|member| !is_target(member)),
            GroupChange::Promoted => group.members.iter_mut().for_each(|member| role(member, Role::Admin)),
            GroupChange::Demoted => group.members.iter_mut().for_each(|member| role(member, Role::Member)),
            GroupChange::Subject(subject) => group.subject.clone_from(subject),
            GroupChange::Description(text) => group.description.clone_from(text),
            // Scenarios have no steps for these.
            GroupChange::Created { .. }
            | GroupChange::Picture(_)
            | GroupChange::Setting(..)
            | GroupChange::Ephemeral(_)
            | GroupChange::InviteLink(_)
            | GroupChange::JoinRequested
            | GroupChange::JoinRequestRevoked
            | GroupChange::Linked(_)
            | GroupChange::Unlinked(_)
            | GroupChange::NumberChanged
            | GroupChange::Deleted { .. }
            | GroupChange::Other(_) => {}
        }
    }

    fn group(&self, operation: GroupOperation) -> Result<live::Answer, Refusal> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let find = |groups: &[GroupInfo], wanted: &Jid| groups.iter().find(|group| group.group == *wanted).cloned();
        match operation {
            GroupOperation::List => Ok(live::Answer::Groups(
                groups.iter().map(|group| group.group.clone()).collect(),
            )),
            GroupOperation::Info(group) => match find(&groups, &group) {
                Some(info) => Ok(live::Answer::Group(Box::new(info))),
                None => Err(Refusal::NotFound),
            },
            GroupOperation::Create {
                subject,
                members,
                community,
            } => {
                let address = format!("1203630000009{:05}@g.us", groups.len());
                let address = address.parse().expect("it has the form of a group's address");
                let members = members.into_iter().map(|who| Member {
                    who: Party::known_as(who),
                    role: Role::Member,
                });
                let made = GroupInfo {
                    community,
                    members: members.chain([self.myself(Role::Admin)]).collect(),
                    ..empty(address, subject)
                };
                groups.push(made.clone());
                Ok(live::Answer::Group(Box::new(made)))
            }
            GroupOperation::Members { group, who, .. } => match find(&groups, &group) {
                Some(_) => Ok(live::Answer::Outcomes(
                    who.into_iter()
                        .map(|who| MemberOutcome {
                            who,
                            refused: None,
                            invitation: None,
                        })
                        .collect(),
                )),
                None => Err(Refusal::NotFound),
            },
            GroupOperation::Requests(_) => Ok(live::Answer::People(Vec::new())),
            GroupOperation::Link { .. } => Ok(live::Answer::Link("https://chat.whatsapp.com/scenario".into())),
            GroupOperation::Behind { .. } | GroupOperation::Join { .. } => Err(Refusal::NotFound),
            GroupOperation::Update { .. } | GroupOperation::Leave(_) | GroupOperation::Affiliate { .. } => {
                Ok(live::Answer::Done)
            }
        }
    }

    fn myself(&self, role: Role) -> Member {
        Member {
            who: self.me.clone(),
            role,
        }
    }

    fn contact(&self, operation: ContactOperation) -> Result<live::Answer, Refusal> {
        let people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let find = |who: &Jid| people.iter().find(|person| person.jid == *who).cloned();
        match operation {
            ContactOperation::Resolve(asked) => Ok(live::Answer::Registered(asked.iter().map(find).collect())),
            ContactOperation::Get(who) => match find(&who) {
                Some(who) => Ok(live::Answer::Contact(Box::new(ContactInfo {
                    who,
                    verified_name: None,
                    about: None,
                    business: false,
                    blocked: false,
                }))),
                None => Err(Refusal::NotFound),
            },
            ContactOperation::Picture { .. } => Ok(live::Answer::Picture(None)),
            ContactOperation::Block { .. } => Ok(live::Answer::Done),
        }
    }
}

#[async_trait]
impl Account for PlayedAccount {
    async fn ask(&self, request: live::Request) -> Result<live::Answer, Refusal> {
        match request.operation {
            Operation::Group(operation) => self.group(operation),
            Operation::Contact(operation) => self.contact(operation),
            Operation::Chat { .. } => Ok(live::Answer::Done),
        }
    }
}

fn empty(group: Jid, subject: Box<str>) -> GroupInfo {
    GroupInfo {
        group,
        subject,
        description: None,
        owner: None,
        created_at: None,
        announce: Switch::Off,
        locked: Switch::Off,
        approval: Switch::Off,
        members_add: None,
        ephemeral_s: None,
        community: None,
        is_community: false,
        members: Vec::new(),
    }
}

fn info(group: &Group, scenario: &Scenario, me: &Party) -> GroupInfo {
    let member = |name: &str| Member {
        who: scenario.people[name].party(),
        role: match group.admins.iter().any(|admin| **admin == *name) {
            true => Role::Admin,
            false => Role::Member,
        },
    };
    let mine = Member {
        who: me.clone(),
        role: match group.mine {
            Mine::Yes => Role::Admin,
            Mine::No => Role::Member,
        },
    };
    GroupInfo {
        members: group.members.iter().map(|name| member(name)).chain([mine]).collect(),
        ..empty(group.address.clone(), group.subject.clone())
    }
}
