//! Groups and communities of the session's account. Needs `groups.read` to ask and `groups.write` to change.
//!
//! Everything here acts at once and waits for WhatsApp. Answers are durable: when the handler is called again for the same event, the
//! same question gets the same answer and nothing is done twice.
//!
//! ```
//! # use waspnest_plugin::{Error, groups};
//! # fn open(customer: &str, agents: &[&str]) -> Result<String, Error> {
//! let group = groups::create("Order 4711", &[customer])?;
//! groups::add(&group.id, agents)?;
//! groups::promote(&group.id, agents)?;
//! groups::update(&group.id, &groups::Setting::Locked(true))?;
//! # Ok(groups::invite_link(&group.id)?)
//! # }
//! ```

pub use crate::bindings::imports::waspnest::plugin::groups::{
    GroupInfo, Joined, Op, Participant, ResultFor, Role, Setting,
};

use crate::types::{Address, Jid};
use crate::{Error, host};

/// The groups that the account is in.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn list() -> Result<Vec<Jid>, Error> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = host::groups::list(cursor.as_deref()).map_err(Error::refused("groups.list"))?;
        all.extend(page.items);
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

/// Everything about a group.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn info(group: &str) -> Result<GroupInfo, Error> {
    host::groups::info(group).map_err(Error::refused("groups.info"))
}

/// Makes a group with these members.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn create(subject: &str, members: &[impl AsRef<str>]) -> Result<GroupInfo, Error> {
    host::groups::create(subject, &texts(members), None).map_err(Error::refused("groups.create"))
}

/// Makes a group with these members within a community.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn create_in(community: &str, subject: &str, members: &[impl AsRef<str>]) -> Result<GroupInfo, Error> {
    host::groups::create(subject, &texts(members), Some(community)).map_err(Error::refused("groups.create"))
}

/// Changes a group.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn update(group: &str, what: &Setting) -> Result<(), Error> {
    host::groups::update(group, what).map_err(Error::refused("groups.update"))
}

/// Puts people into a group. Answers what came of it for each of them.
///
/// # Errors
/// When the host or WhatsApp refuses all of it.
pub fn add(group: &str, who: &[impl AsRef<str>]) -> Result<Vec<ResultFor>, Error> {
    participants(group, Op::Add, who)
}

/// Takes people out of a group. Answers what came of it for each of them.
///
/// # Errors
/// When the host or WhatsApp refuses all of it.
pub fn remove(group: &str, who: &[impl AsRef<str>]) -> Result<Vec<ResultFor>, Error> {
    participants(group, Op::Remove, who)
}

/// Makes members administrators. Answers what came of it for each of them.
///
/// # Errors
/// When the host or WhatsApp refuses all of it.
pub fn promote(group: &str, who: &[impl AsRef<str>]) -> Result<Vec<ResultFor>, Error> {
    participants(group, Op::Promote, who)
}

/// Makes administrators members again. Answers what came of it for each of them.
///
/// # Errors
/// When the host or WhatsApp refuses all of it.
pub fn demote(group: &str, who: &[impl AsRef<str>]) -> Result<Vec<ResultFor>, Error> {
    participants(group, Op::Demote, who)
}

/// Lets people in who asked to join. Answers what came of it for each of them.
///
/// # Errors
/// When the host or WhatsApp refuses all of it.
pub fn approve(group: &str, who: &[impl AsRef<str>]) -> Result<Vec<ResultFor>, Error> {
    participants(group, Op::Approve, who)
}

/// Turns people away who asked to join. Answers what came of it for each of them.
///
/// # Errors
/// When the host or WhatsApp refuses all of it.
pub fn reject(group: &str, who: &[impl AsRef<str>]) -> Result<Vec<ResultFor>, Error> {
    participants(group, Op::Reject, who)
}

fn participants(group: &str, what: Op, who: &[impl AsRef<str>]) -> Result<Vec<ResultFor>, Error> {
    host::groups::participants(group, what, &texts(who)).map_err(Error::refused("groups.participants"))
}

/// Who asks to be let into a group.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn requests(group: &str) -> Result<Vec<Address>, Error> {
    host::groups::requests(group).map_err(Error::refused("groups.requests"))
}

/// The invite link of a group.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn invite_link(group: &str) -> Result<String, Error> {
    host::groups::invite_link(group, false).map_err(Error::refused("groups.invite-link"))
}

/// Makes a new invite link; the old one leads nowhere from then on.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn reset_invite_link(group: &str) -> Result<String, Error> {
    host::groups::invite_link(group, true).map_err(Error::refused("groups.invite-link"))
}

/// What a link, or the code at its end, leads to.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn invite_info(link: &str) -> Result<GroupInfo, Error> {
    host::groups::invite_info(link).map_err(Error::refused("groups.invite-info"))
}

/// Joins by a link, or by the code at its end.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn join(link: &str) -> Result<Joined, Error> {
    host::groups::join(link).map_err(Error::refused("groups.join"))
}

/// Leaves a group.
///
/// # Errors
/// When the host or WhatsApp refuses.
pub fn leave(group: &str) -> Result<(), Error> {
    host::groups::leave(group).map_err(Error::refused("groups.leave"))
}

/// Puts groups into a community. Answers what came of it for each of them.
///
/// # Errors
/// When the host or WhatsApp refuses all of it.
pub fn link(community: &str, groups: &[impl AsRef<str>]) -> Result<Vec<ResultFor>, Error> {
    host::groups::link(community, &texts(groups), true).map_err(Error::refused("groups.link"))
}

/// Takes groups out of a community. Answers what came of it for each of them.
///
/// # Errors
/// When the host or WhatsApp refuses all of it.
pub fn unlink(community: &str, groups: &[impl AsRef<str>]) -> Result<Vec<ResultFor>, Error> {
    host::groups::link(community, &texts(groups), false).map_err(Error::refused("groups.link"))
}

fn texts(texts: &[impl AsRef<str>]) -> Vec<String> {
    texts.iter().map(|text| text.as_ref().to_owned()).collect()
}
