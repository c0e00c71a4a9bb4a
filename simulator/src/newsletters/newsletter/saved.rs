//! A newsletter in a file. Who watches is not saved: watching is over after minutes, and devices ask again.

use std::collections::{BTreeMap, HashMap};

use crate::newsletters::NewsletterId;
use crate::newsletters::newsletter::{Follower, Mute, Newsletter, Role, Words};
use crate::newsletters::post::saved::SavedPost;
use crate::saved::{Unsound, account_id};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedNewsletter {
    number: u64,
    code: String,
    created_ms: u64,
    name: SavedWords,
    description: SavedWords,
    followers: BTreeMap<usize, SavedFollower>,
    /// Until when, in seconds.
    invited: BTreeMap<usize, u64>,
    posts: Vec<SavedPost>,
    last_server_id: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedWords {
    text: String,
    at_ms: u64,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedFollower {
    role: Role,
    mute: Mute,
    admin_mute: Mute,
}

impl SavedNewsletter {
    pub(in crate::newsletters) fn of(number: u64, newsletter: &Newsletter) -> Self {
        let words = |words: &Words| SavedWords {
            text: words.text.clone(),
            at_ms: words.at_ms,
        };
        Self {
            number,
            code: newsletter.code.clone(),
            created_ms: newsletter.created_ms,
            name: words(&newsletter.name),
            description: words(&newsletter.description),
            followers: newsletter
                .followers
                .iter()
                .map(|(account, follower)| {
                    let follower = SavedFollower {
                        role: follower.role,
                        mute: follower.mute,
                        admin_mute: follower.admin_mute,
                    };
                    (account.0, follower)
                })
                .collect(),
            invited: newsletter
                .invited
                .iter()
                .map(|(account, until)| (account.0, *until))
                .collect(),
            posts: newsletter.posts.iter().map(SavedPost::of).collect(),
            last_server_id: newsletter.last_server_id,
        }
    }

    /// The newsletter again, in a world of `count` accounts.
    pub(in crate::newsletters) fn restore(
        self,
        id: impl Fn(u64) -> NewsletterId,
        count: usize,
    ) -> Result<Newsletter, Unsound> {
        let words = |saved: SavedWords| Words {
            text: saved.text,
            at_ms: saved.at_ms,
        };
        let owners = self.followers.values().filter(|follower| follower.role == Role::Owner);
        if owners.count() != 1 {
            return Err(Unsound("a newsletter does not have one owner"));
        }
        let mut followers = BTreeMap::new();
        for (account, saved) in self.followers {
            let follower = Follower {
                role: saved.role,
                mute: saved.mute,
                admin_mute: saved.admin_mute,
            };
            followers.insert(account_id(account, count)?, follower);
        }
        let mut invited = BTreeMap::new();
        for (account, until) in self.invited {
            invited.insert(account_id(account, count)?, until);
        }
        Ok(Newsletter {
            id: id(self.number),
            code: self.code,
            created_ms: self.created_ms,
            name: words(self.name),
            description: words(self.description),
            followers,
            invited,
            posts: self
                .posts
                .into_iter()
                .map(|post| post.restore(count))
                .collect::<Result<_, _>>()?,
            last_server_id: self.last_server_id,
            watching: HashMap::new(),
        })
    }
}
