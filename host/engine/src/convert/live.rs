//! What the account answers, towards the guest.

use waspnest_core::live::{ContactInfo, GroupInfo, Outcome, Role};

use super::message::address;
use super::{maybe, text};
use crate::bindings::waspnest::plugin::contacts::Contact;
use crate::bindings::waspnest::plugin::groups as wit;

pub(crate) fn group_info(info: &GroupInfo) -> wit::GroupInfo {
    let GroupInfo {
        group,
        subject,
        description,
        owner,
        created_at,
        announce,
        locked,
        approval,
        members_add,
        ephemeral_s,
        community,
        is_community,
        members,
    } = info;
    let participant = |member: &waspnest_core::live::Member| wit::Participant {
        who: address(&member.who),
        role: match member.role {
            Role::Member => wit::Role::Member,
            Role::Admin => wit::Role::Admin,
            Role::Owner => wit::Role::Owner,
        },
    };
    wit::GroupInfo {
        id: group.to_string(),
        subject: text(subject),
        description: maybe(description.as_deref()),
        owner: owner.as_ref().map(address),
        created_at: created_at.map(|at| at.0),
        announce: announce.is_on(),
        locked: locked.is_on(),
        approval: approval.is_on(),
        member_add: members_add.is_none_or(|on| on.is_on()),
        ephemeral_s: *ephemeral_s,
        community: community.as_ref().map(ToString::to_string),
        is_community: *is_community,
        participants: members.iter().map(participant).collect(),
    }
}

pub(crate) fn outcome(outcome: &Outcome) -> wit::ResultFor {
    wit::ResultFor {
        who: outcome.who.to_string(),
        ok: outcome.refused.is_none(),
        code: outcome.refused.unwrap_or(200),
        invite_code: maybe(outcome.invitation.as_deref()),
    }
}

pub(crate) fn contact_info(info: &ContactInfo) -> Contact {
    Contact {
        who: address(&info.who),
        name: maybe(info.verified_name.as_deref()),
        about: maybe(info.about.as_deref()),
        business: info.business,
        blocked: info.blocked,
    }
}
