//! One post of a newsletter and how people took it.

pub(super) mod saved;

use std::collections::BTreeMap;
use std::fmt;

use crate::address::AccountId;

/// What is published: the content is a protobuf message in the clear, which the server hands on as it is.
#[derive(Clone)]
pub(crate) struct Draft {
    /// The id its author gave it.
    pub(crate) id: String,
    pub(crate) author: AccountId,
    pub(crate) at_s: u64,
    /// `type` on the wire: text, media, poll.
    pub(crate) kind: String,
    /// What the content is, for media.
    pub(crate) media: Option<String>,
    pub(crate) content: Vec<u8>,
}

/// A post.
#[derive(Clone)]
pub(crate) struct Post {
    /// Rises by one from post to post of a newsletter.
    pub(crate) server_id: u64,
    pub(crate) id: String,
    pub(crate) author: AccountId,
    pub(crate) at_s: u64,
    pub(crate) kind: String,
    pub(crate) media: Option<String>,
    /// Empty once it was taken back.
    pub(crate) content: Vec<u8>,
    /// When it was last changed or taken back, in seconds.
    pub(crate) changed_s: Option<u64>,
    /// When anything about it changed, reactions included, in seconds.
    pub(crate) touched_s: u64,
    reactions: BTreeMap<AccountId, String>,
    pub(crate) views: u64,
}

impl Post {
    pub(super) fn new(server_id: u64, draft: Draft) -> Self {
        Self {
            server_id,
            id: draft.id,
            author: draft.author,
            at_s: draft.at_s,
            kind: draft.kind,
            media: draft.media,
            content: draft.content,
            changed_s: None,
            touched_s: draft.at_s,
            reactions: BTreeMap::new(),
            views: 0,
        }
    }

    /// Replaces the content; an empty one takes the post back.
    pub(crate) fn change(&mut self, content: Vec<u8>, at_s: u64) {
        self.content = content;
        self.changed_s = Some(at_s);
        self.touched_s = at_s;
    }

    /// An empty emoji takes an account's reaction back.
    pub(crate) fn react(&mut self, account: AccountId, emoji: &str, at_s: u64) {
        if emoji.is_empty() {
            self.reactions.remove(&account);
        } else {
            self.reactions.insert(account, emoji.to_owned());
        }
        self.touched_s = at_s;
    }

    pub(crate) fn see(&mut self, times: u64, at_s: u64) {
        self.views += times;
        self.touched_s = at_s;
    }

    /// How often each emoji was given, in the order of the emojis.
    pub(crate) fn reactions(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for emoji in self.reactions.values() {
            *counts.entry(emoji.as_str()).or_insert(0) += 1;
        }
        counts
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("server_id", &self.server_id)
            .finish_non_exhaustive()
    }
}
