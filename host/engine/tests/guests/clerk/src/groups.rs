//! What can be said about groups.

use waspnest_plugin::groups::{self, GroupInfo, ResultFor, Role, Setting};
use waspnest_plugin::types::Address;

use crate::{Said, good};

pub(crate) fn done(words: &[&str]) -> Said {
    match words {
        ["groups"] => Some(groups::list().map(|all| format!("groups {}", all.join(" ")))),
        ["info", group] => Some(groups::info(group).map(shown)),
        ["create", subject, who @ ..] => Some(groups::create(subject, who).map(shown)),
        ["create-in", community, subject, who @ ..] => Some(groups::create_in(community, subject, who).map(shown)),
        ["set", group, name, value @ ..] => good(groups::update(group, &setting(name, &value.join(" "))?)),
        ["add", group, who @ ..] => Some(groups::add(group, who).map(outcomes)),
        ["remove", group, who @ ..] => Some(groups::remove(group, who).map(outcomes)),
        ["promote", group, who @ ..] => Some(groups::promote(group, who).map(outcomes)),
        ["demote", group, who @ ..] => Some(groups::demote(group, who).map(outcomes)),
        ["approve", group, who @ ..] => Some(groups::approve(group, who).map(outcomes)),
        ["reject", group, who @ ..] => Some(groups::reject(group, who).map(outcomes)),
        ["requests", group] => Some(groups::requests(group).map(people)),
        ["link", group] => Some(groups::invite_link(group)),
        ["new-link", group] => Some(groups::reset_invite_link(group)),
        ["behind", link] => Some(groups::invite_info(link).map(shown)),
        ["join", link] => Some(groups::join(link).map(|joined| {
            let state = if joined.pending { "waiting" } else { "in" };
            format!("{} {state}", joined.group)
        })),
        ["leave", group] => good(groups::leave(group)),
        ["affiliate", community, linked @ ..] => Some(groups::link(community, linked).map(outcomes)),
        ["separate", community, linked @ ..] => Some(groups::unlink(community, linked).map(outcomes)),
        _ => None,
    }
}

fn setting(name: &str, value: &str) -> Option<Setting> {
    let on = value == "on";
    Some(match name {
        "announce" => Setting::Announce(on),
        "locked" => Setting::Locked(on),
        "approval" => Setting::Approval(on),
        "member-add" => Setting::MemberAdd(on),
        "ephemeral" => Setting::EphemeralS(value.parse().ok()),
        "subject" => Setting::Subject(value.into()),
        "description" => Setting::Description(value.into()),
        "no-picture" => Setting::RemovePicture,
        _ => return None,
    })
}

fn shown(info: GroupInfo) -> String {
    let member = |member: &groups::Participant| {
        let mark = match member.role {
            Role::Member => "",
            Role::Admin => "*",
            Role::Owner => "**",
        };
        format!("{}{mark}", name(&member.who))
    };
    let mut members: Vec<String> = info.participants.iter().map(member).collect();
    members.sort();
    let flag = |on: bool, name: &'static str| if on { name } else { "" };
    let mut flags = vec![
        flag(info.announce, "announce"),
        flag(info.locked, "locked"),
        flag(info.approval, "approval"),
        flag(!info.member_add, "admins-add"),
        flag(info.is_community, "community"),
    ];
    flags.retain(|flag| !flag.is_empty());
    format!(
        "{} {:?} {:?} by {} [{}] [{}] {:?} {:?}",
        info.id,
        info.subject,
        info.description,
        info.owner.as_ref().map_or("nobody", name),
        members.join(" "),
        flags.join(" "),
        info.ephemeral_s,
        info.community,
    )
}

fn outcomes(results: Vec<ResultFor>) -> String {
    let one = |result: &ResultFor| {
        let invited = if result.invite_code.is_some() { " invited" } else { "" };
        format!("{} {}{invited}", if result.ok { "ok" } else { "no" }, result.code)
    };
    results.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(crate) fn people(people: Vec<Address>) -> String {
    let names: Vec<&str> = people.iter().map(name).collect();
    format!("people {}", names.join(" "))
}

/// A person by the digits of their phone number, where it is known.
pub(crate) fn name(who: &Address) -> &str {
    let phone = [Some(&who.jid), who.alt.as_ref()]
        .into_iter()
        .flatten()
        .find_map(|jid| jid.strip_suffix("@s.whatsapp.net"));
    phone.unwrap_or(&who.jid)
}
