//! Groups in a file, with their invite codes, those that were reset among them.

use std::collections::{BTreeMap, BTreeSet};

use rand_signal::rngs::StdRng;

use crate::address::AccountId;
use crate::groups::{
    Allowed, Description, Flag, Group, GroupId, Groups, Joining, Kind, PersonalInvite, Request, RequestMethod, Role,
    Subject,
};
use crate::saved::{Unsound, account_id};

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SavedGroups {
    groups: Vec<SavedGroup>,
    codes: BTreeMap<String, GroupId>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedGroup {
    id: GroupId,
    kind: Kind,
    subject: SavedText,
    description: Option<SavedDescription>,
    creator: usize,
    created_s: u64,
    members: BTreeMap<usize, Role>,
    removed: Vec<usize>,
    flags: BTreeSet<Flag>,
    adding: Allowed,
    linking: Allowed,
    joining: Joining,
    ephemeral_s: u32,
    invite_code: String,
    personal_invites: BTreeMap<usize, SavedInvite>,
    requests: BTreeMap<usize, SavedRequest>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedText {
    text: String,
    by: usize,
    at_s: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedDescription {
    id: String,
    body: Option<String>,
    by: usize,
    at_s: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedInvite {
    code: String,
    by: usize,
    until_s: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedRequest {
    method: RequestMethod,
    at_s: u64,
}

impl SavedGroups {
    pub(crate) fn of(groups: &Groups) -> Self {
        Self {
            groups: groups.by_id.values().map(SavedGroup::of).collect(),
            codes: groups.by_code.iter().map(|(code, id)| (code.clone(), *id)).collect(),
        }
    }

    /// The groups again, in a world of `count` accounts; new ones are drawn from `rng`.
    pub(crate) fn restore(self, rng: StdRng, count: usize) -> Result<Groups, Unsound> {
        let mut groups = Groups::new(rng);
        for saved in self.groups {
            let group = saved.restore(count)?;
            groups.by_id.insert(group.id, group);
        }
        if self.codes.values().any(|id| groups.get(*id).is_none()) {
            return Err(Unsound("an invite code is of a group that is not there"));
        }
        groups.by_code = self.codes.into_iter().collect();
        Ok(groups)
    }
}

impl SavedGroup {
    fn of(group: &Group) -> Self {
        let numbers = |accounts: &BTreeSet<AccountId>| accounts.iter().map(|account| account.0).collect();
        Self {
            id: group.id,
            kind: group.kind,
            subject: SavedText {
                text: group.subject.text.clone(),
                by: group.subject.by.0,
                at_s: group.subject.at_s,
            },
            description: group.description.as_ref().map(|description| SavedDescription {
                id: description.id.clone(),
                body: description.body.clone(),
                by: description.by.0,
                at_s: description.at_s,
            }),
            creator: group.creator.0,
            created_s: group.created_s,
            members: group.members.iter().map(|(account, role)| (account.0, *role)).collect(),
            removed: numbers(&group.removed),
            flags: group.flags.clone(),
            adding: group.adding,
            linking: group.linking,
            joining: group.joining,
            ephemeral_s: group.ephemeral_s,
            invite_code: group.invite_code.clone(),
            personal_invites: group
                .personal_invites
                .iter()
                .map(|(account, invite)| {
                    let invite = SavedInvite {
                        code: invite.code.clone(),
                        by: invite.by.0,
                        until_s: invite.until_s,
                    };
                    (account.0, invite)
                })
                .collect(),
            requests: group
                .requests
                .iter()
                .map(|(account, request)| {
                    let request = SavedRequest {
                        method: request.method,
                        at_s: request.at_s,
                    };
                    (account.0, request)
                })
                .collect(),
        }
    }

    fn restore(self, count: usize) -> Result<Group, Unsound> {
        let account = |number| account_id(number, count);
        let description = match self.description {
            None => None,
            Some(saved) => Some(Description {
                id: saved.id,
                body: saved.body,
                by: account(saved.by)?,
                at_s: saved.at_s,
            }),
        };
        Ok(Group {
            id: self.id,
            kind: self.kind,
            subject: Subject {
                text: self.subject.text,
                by: account(self.subject.by)?,
                at_s: self.subject.at_s,
            },
            description,
            creator: account(self.creator)?,
            created_s: self.created_s,
            members: by_account(self.members, count, Ok)?,
            removed: self.removed.into_iter().map(account).collect::<Result<_, _>>()?,
            flags: self.flags,
            adding: self.adding,
            linking: self.linking,
            joining: self.joining,
            ephemeral_s: self.ephemeral_s,
            invite_code: self.invite_code,
            personal_invites: by_account(self.personal_invites, count, |invite| {
                Ok(PersonalInvite {
                    code: invite.code,
                    by: account(invite.by)?,
                    until_s: invite.until_s,
                })
            })?,
            requests: by_account(self.requests, count, |request| {
                Ok(Request {
                    method: request.method,
                    at_s: request.at_s,
                })
            })?,
        })
    }
}

fn by_account<S, T>(
    saved: BTreeMap<usize, S>,
    count: usize,
    restore: impl Fn(S) -> Result<T, Unsound>,
) -> Result<BTreeMap<AccountId, T>, Unsound> {
    saved
        .into_iter()
        .map(|(number, value)| Ok((account_id(number, count)?, restore(value)?)))
        .collect()
}
