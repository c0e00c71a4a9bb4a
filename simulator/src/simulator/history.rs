//! The past by hand: what a phone remembers, which it tells its companions when they are linked or ask for more.

use crate::address::{AccountId, Namespace, PHONE};
use crate::chats::{Author, HistorySpec, Member, Partner, invent, invent_in_group};
use crate::error::AccountError;
use crate::simulator::{NOWHERE, Simulator};

/// Most chats, and most messages in one of them, that can be invented.
const LIMIT: u16 = 1_000;

/// A past could not be invented.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// Nobody has this number.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// More than a phone remembers.
    #[error("a phone remembers at most 1000 chats of at most 1000 messages")]
    TooMuch,
}

/// A chat as a phone remembers it.
#[derive(Debug, Clone, serde::Serialize, schemars::JsonSchema)]
pub struct PhoneChat {
    /// JID of the other side, or of the group.
    pub chat: String,
    /// Its name.
    pub name: String,
    /// Oldest first.
    pub messages: Vec<PhoneMessage>,
}

/// A message as a phone remembers it. `Debug` does not show the text.
#[derive(Clone, serde::Serialize, schemars::JsonSchema)]
pub struct PhoneMessage {
    /// The message id.
    pub id: String,
    /// Whether the account wrote it.
    pub from_me: bool,
    /// Seconds since 1970.
    pub at_s: u64,
    /// Its text, when it is one.
    pub text: Option<String>,
}

impl std::fmt::Debug for PhoneMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PhoneMessage")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Simulator {
    /// Gives an account's phone a past, drawn from the seed: chats with people who do not exist, and talk in groups the account is in.
    /// Companions that are linked from now on are told of it.
    pub fn invent_history(&self, phone: &str, spec: HistorySpec) -> Result<(), HistoryError> {
        if [spec.chats, spec.messages, spec.groups]
            .iter()
            .any(|wanted| *wanted > LIMIT)
        {
            return Err(HistoryError::TooMuch);
        }
        let account = self.find(phone)?;
        let mut world = self.inner.shared.world();
        let now = world.now_s();
        for number in 0..spec.chats {
            let digits = world.free_digits(NOWHERE, 9);
            let lid = world.free_digits("1", 14);
            let invented = invent(&mut world.people, number, spec.messages, &digits, &lid, now);
            let chats = &mut world.account_mut(account).chats;
            for message in invented.messages {
                chats.keep(&invented.partner, message);
            }
        }
        let groups = world.groups.of_member(account).take(usize::from(spec.groups));
        let groups: Vec<(Partner, Vec<Member>)> = groups
            .map(|group| {
                let others = group.people().into_iter().filter(|member| *member != account);
                let others = others.map(|member| Member {
                    lid: world.account(member).jid(PHONE, Namespace::Lid).to_string(),
                    name: world.account(member).push_name.clone(),
                });
                let jid = group.id.jid().to_string();
                let group = Partner {
                    lid: jid.clone(),
                    jid,
                    name: group.subject.text.clone(),
                };
                (group, others.collect())
            })
            .collect();
        for (group, others) in groups {
            let invented = invent_in_group(&mut world.people, group, &others, spec.messages, now);
            let chats = &mut world.account_mut(account).chats;
            for message in invented.messages {
                chats.keep(&invented.partner, message);
            }
        }
        Ok(())
    }

    /// The chats that an account's phone remembers, the one with the newest message first: what was invented, and what the
    /// phone decrypted.
    pub fn phone_chats(&self, phone: &str) -> Result<Vec<PhoneChat>, AccountError> {
        let account: AccountId = self.find(phone)?;
        let world = self.inner.shared.world();
        let chats = world.account(account).chats.newest_first();
        let shown = chats.into_iter().map(|chat| PhoneChat {
            chat: chat.partner.jid.clone(),
            name: chat.partner.name.clone(),
            messages: chat
                .messages
                .iter()
                .map(|kept| PhoneMessage {
                    id: kept.id.clone(),
                    from_me: kept.author == Author::Me,
                    at_s: kept.at_s,
                    text: kept.message.conversation.clone().or_else(|| {
                        let extended = kept.message.extended_text_message.as_option()?;
                        extended.text.clone()
                    }),
                })
                .collect(),
        });
        Ok(shown.collect())
    }
}
