//! Who plays WhatsApp and the servers: takes everything, knows the groups of the scenario, and answers as that says.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::watch;
use waspnest_core::address::{Jid, Party};
use waspnest_core::effect::{Effect, Progress};
use waspnest_core::event::Switch;
use waspnest_core::id::SessionId;
use waspnest_core::live::{
    self, Account, ContactInfo, ContactOperation, GroupInfo, GroupOperation, Member, Operation,
    Outcome as MemberOutcome, Refusal, Role,
};
use waspnest_core::message::Content;
use waspnest_core::outbox::Outbox;
use waspnest_egress::{EgressError, Inbound, Outbound, Rest, Servers};
use waspnest_engine::FetchFailure;

use crate::config::scenario::{Answer, Group, Mine, Scenario};
use crate::router::Shelf;
use crate::sink::{self, Carried, Carrier, CarryError};

/// Takes every effect at once.
#[derive(Debug)]
pub(super) struct Taker {
    pub(super) session: SessionId,
    pub(super) outbox: Outbox,
    pub(super) connection: watch::Sender<Option<u64>>,
}

#[async_trait]
impl Carrier for Taker {
    async fn carry_out(&self, effect: &Effect) -> Result<Carried, CarryError> {
        let (session, outbox, id) = (self.session, self.outbox.clone(), effect.id);
        Ok(Carried::AwaitAck(Box::pin(async move {
            match outbox.progress(session, id, Progress::Sent).await {
                Ok(_) => sink::Answer::Taken,
                // The store is in memory and does not fail; if it did, the effect would leave again.
                Err(_) => sink::Answer::NotTaken,
            }
        })))
    }

    fn connection(&self) -> watch::Receiver<Option<u64>> {
        self.connection.subscribe()
    }
}

/// Messages of scenarios have no files.
#[derive(Debug)]
pub(super) struct NoFiles;

#[async_trait]
impl Shelf for NoFiles {
    async fn fetch(&self, _: &Content, _: u64) -> Result<Bytes, FetchFailure> {
        Err(FetchFailure::Gone)
    }
}

/// The account: what it knows of groups and people is what the scenario says, and what is changed is not remembered.
pub(super) struct PlayedAccount {
    pub(super) me: Party,
    pub(super) groups: Mutex<Vec<GroupInfo>>,
    pub(super) people: Vec<Party>,
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
            people,
            me,
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
        let find = |who: &Jid| self.people.iter().find(|person| person.jid == *who).cloned();
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

/// Answers as the scenario says.
pub(super) struct PlayedServers(Mutex<Vec<Answer>>);

impl PlayedServers {
    pub(super) fn new(answers: Vec<Answer>) -> Self {
        Self(Mutex::new(answers))
    }
}

impl fmt::Debug for PlayedServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlayedServers")
    }
}

#[async_trait]
impl Servers for PlayedServers {
    async fn answer(&self, request: Outbound) -> Result<Inbound, EgressError> {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |answer: &&mut Answer| {
            answer.times != Some(0)
                && answer.method.as_ref().is_none_or(|method| *method == request.method)
                && answer.url.matches(request.url.as_str())
        };
        let Some(answer) = answers.iter_mut().find(fits) else {
            let problem = format!("the scenario has no [[answer]] for {} {}", request.method, request.url);
            return Err(EgressError::Unreachable(problem.into()));
        };
        if let Some(times) = &mut answer.times {
            *times -= 1;
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &answer.headers {
            let header = HeaderName::try_from(&**name)
                .ok()
                .zip(HeaderValue::try_from(&**value).ok());
            let (name, value) =
                header.ok_or_else(|| EgressError::Unreachable(format!("{name}: is not a header").into()))?;
            headers.append(name, value);
        }
        let whole = Bytes::from(answer.body.as_bytes().to_vec());
        let taken = whole.slice(..whole.len().min(request.max_bytes));
        Ok(Inbound {
            status: answer.status,
            headers,
            rest: match taken.len() == whole.len() {
                true => Rest::None,
                false => Rest::Left,
            },
            body: taken,
        })
    }
}
