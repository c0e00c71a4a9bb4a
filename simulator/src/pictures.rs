//! The pictures of people, groups and newsletters: which one is shown now, and where its bytes are.
//!
//! Bytes live among the blobs, where clients fetch them. Modelled: the preview is the picture itself, because nothing here can scale a
//! JPEG, and a picture that is replaced stays where it is.

pub(crate) mod saved;

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::address::{AccountId, Namespace, PHONE};
use crate::blobs::{BlobKind, Found, Stored};
use crate::groups::GroupId;
use crate::newsletters::NewsletterId;
use crate::notification::Notification;
use crate::privacy::PrivacyCategory;
use crate::world::World;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::Jid;

/// Largest picture taken in, in bytes; clients scale theirs to a tenth of that (modelled).
pub(crate) const MAX_PICTURE: usize = 1 << 20;

/// Whose picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PictureOf {
    Account(AccountId),
    Group(GroupId),
    Newsletter(NewsletterId),
}

/// A picture that is shown now.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    /// Differs from every earlier one.
    pub(crate) id: u64,
    pub(crate) stored: Stored,
}

/// Everybody's pictures.
#[derive(Debug, Default)]
pub(crate) struct Pictures {
    shown: BTreeMap<PictureOf, Picture>,
    last_id: u64,
}

impl Pictures {
    pub(crate) fn of(&self, whose: PictureOf) -> Option<&Picture> {
        self.shown.get(&whose)
    }

    /// Forgets the picture of what is not there any more.
    pub(crate) fn forget(&mut self, whose: PictureOf) {
        self.shown.remove(&whose);
    }
}

impl World {
    /// Whom an address means, as far as it can have a picture.
    pub(crate) fn picture_owner(&self, jid: &Jid) -> Option<PictureOf> {
        if let Some(located) = self.locate(jid) {
            return Some(PictureOf::Account(located.account));
        }
        if let Some(newsletter) = NewsletterId::of(jid) {
            return self
                .newsletters
                .get(newsletter)
                .map(|_| PictureOf::Newsletter(newsletter));
        }
        let group = GroupId::of(jid)?;
        self.groups.get(group).map(|_| PictureOf::Group(group))
    }

    /// Whether `viewer` may see a picture. A group shows its own to members only (modelled), a newsletter to everybody.
    pub(crate) fn may_see_picture(&self, viewer: AccountId, of: PictureOf) -> bool {
        match of {
            PictureOf::Account(account) => self.may_see(viewer, account, PrivacyCategory::Profile),
            PictureOf::Group(group) => self.groups.get(group).is_some_and(|group| group.role(viewer).is_some()),
            PictureOf::Newsletter(_) => true,
        }
    }

    /// Shows another picture, and tells who may see it. Answers its id.
    pub(crate) fn set_picture(&mut self, of: PictureOf, by: AccountId, jpeg: Bytes) -> u64 {
        let stored = self.blobs.put(BlobKind::Picture, jpeg);
        // Ids on the wire are Unix seconds.
        let id = self.now_s().max(self.pictures.last_id + 1);
        self.pictures.last_id = id;
        self.pictures.shown.insert(of, Picture { id, stored });
        self.tell_picture(of, by, NodeBuilder::new("set").attr("id", id));
        id
    }

    /// Shows no picture any more.
    pub(crate) fn remove_picture(&mut self, of: PictureOf, by: AccountId) {
        if self.pictures.shown.remove(&of).is_some() {
            self.tell_picture(of, by, NodeBuilder::new("delete"));
        }
    }

    /// The bytes of a picture.
    pub(crate) fn picture_bytes(&self, of: PictureOf) -> Option<Bytes> {
        match self.blobs.get(&self.pictures.of(of)?.stored.direct_path) {
            Found::Live { bytes, .. } => Some(bytes),
            Found::Expired | Found::Nothing => None,
        }
    }

    fn tell_picture(&mut self, of: PictureOf, by: AccountId, change: NodeBuilder) {
        let author = self.account(by).jid(PHONE, Namespace::Lid);
        match of {
            PictureOf::Group(group) => {
                let change = change.attr("jid", group.jid()).attr("author", author).build();
                let notification = Notification::from("picture", group.jid())
                    .attr("participant", self.account(by).jid(PHONE, Namespace::Lid))
                    .content([change]);
                self.notify_group(group, &[], &notification);
            }
            // Who changes a newsletter tells its followers everything at once.
            PictureOf::Newsletter(_) => {}
            PictureOf::Account(account) => {
                let jid = self.account(account).jid(PHONE, Namespace::Phone);
                let change = change.attr("jid", jid.clone()).build();
                let notification = Notification::from("picture", jid).about(account).content([change]);
                let mut audience: Vec<AccountId> = self.account(account).watchers.iter().copied().collect();
                audience.retain(|viewer| *viewer != account && self.may_see_picture(*viewer, of));
                audience.push(account);
                for viewer in audience {
                    self.notify_companions(viewer, None, &notification);
                }
            }
        }
    }
}
