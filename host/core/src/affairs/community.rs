//! Communities and the groups in them.

use crate::address::{Jid, Party};
use crate::clock::UnixMs;
use crate::event::Switch;

/// A community that is to be.
#[derive(Clone, PartialEq, Eq)]
pub struct NewCommunity {
    /// Its subject.
    pub subject: Box<str>,
    /// Its description.
    pub description: Option<Box<str>>,
    /// Whether administrators let people in.
    pub closed: Switch,
    /// Whether every member may make groups in it.
    pub members_make_groups: Switch,
}

/// What happens to people who are in a community by the groups alone that leave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Orphans {
    /// They stay in the community.
    Keep,
    /// They leave it.
    Remove,
}

/// A group of a community.
#[derive(Clone, PartialEq, Eq)]
pub struct Subgroup {
    /// Its address.
    pub group: Jid,
    /// Its subject.
    pub subject: Box<str>,
    /// How many people are in it, where that is told.
    pub members: Option<u32>,
    /// When it was made.
    pub created_at: Option<UnixMs>,
    /// Who made it.
    pub owner: Option<Party>,
    /// Whether it is the one for announcements, which everybody is in.
    pub announcements: bool,
    /// Whether it is the general chat.
    pub general: bool,
}
