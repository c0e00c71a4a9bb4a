//! A post of a newsletter in a file.

use std::collections::BTreeMap;

use crate::newsletters::Post;
use crate::saved::{Blob, Unsound, account_id};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedPost {
    server_id: u64,
    id: String,
    author: usize,
    at_s: u64,
    kind: String,
    media: Option<String>,
    content: Blob,
    changed_s: Option<u64>,
    touched_s: u64,
    reactions: BTreeMap<usize, String>,
    views: u64,
}

impl SavedPost {
    pub(crate) fn of(post: &Post) -> Self {
        Self {
            server_id: post.server_id,
            id: post.id.clone(),
            author: post.author.0,
            at_s: post.at_s,
            kind: post.kind.clone(),
            media: post.media.clone(),
            content: Blob::of(&post.content),
            changed_s: post.changed_s,
            touched_s: post.touched_s,
            reactions: post
                .reactions
                .iter()
                .map(|(account, emoji)| (account.0, emoji.clone()))
                .collect(),
            views: post.views,
        }
    }

    /// The post again, in a world of `count` accounts.
    pub(crate) fn restore(self, count: usize) -> Result<Post, Unsound> {
        let mut reactions = BTreeMap::new();
        for (account, emoji) in self.reactions {
            reactions.insert(account_id(account, count)?, emoji);
        }
        Ok(Post {
            server_id: self.server_id,
            id: self.id,
            author: account_id(self.author, count)?,
            at_s: self.at_s,
            kind: self.kind,
            media: self.media,
            content: self.content.into_bytes(),
            changed_s: self.changed_s,
            touched_s: self.touched_s,
            reactions,
            views: self.views,
        })
    }
}
