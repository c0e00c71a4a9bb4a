//! A past for a phone: chats with people who do not exist, and what was said in groups that do; the same ones for the same seed.

use rand_signal::RngExt as _;
use rand_signal::rngs::StdRng;
use whatsapp_rust::waproto::whatsapp::Message;

use crate::chats::{Author, Kept, Member, Partner};

/// How much of a past to invent. At most a thousand chats, of at most a thousand messages each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistorySpec {
    /// How many chats.
    pub chats: u16,
    /// How many messages in each of them.
    pub messages: u16,
    /// In how many of the groups the account is in as many messages were said by their members; at most in all of them.
    #[serde(default)]
    pub groups: u16,
}

const NAMES: [&str; 12] = [
    "Amina", "Bruno", "Chiara", "Dilan", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Katja", "Leon",
];
const TEXTS: [&str; 8] = [
    "are you there?",
    "on my way",
    "see you tomorrow",
    "that was good",
    "can you call me?",
    "thank you!",
    "did you see the photos?",
    "let us meet at eight",
];
/// Seconds between two messages of a chat.
const PACE_S: u64 = 600;

/// An invented chat.
pub(crate) struct Invented {
    pub(crate) partner: Partner,
    pub(crate) messages: Vec<Kept>,
}

/// Invents the chat number `number` with somebody at these addresses; its last message is a little older than that of the one before.
pub(crate) fn invent(rng: &mut StdRng, number: u16, messages: u16, phone: &str, lid: &str, now_s: u64) -> Invented {
    let name = NAMES[rng.random_range(0..NAMES.len())];
    let last_s = now_s.saturating_sub(60 * (u64::from(number) + 1));
    let messages = talk(rng, messages, last_s, |rng| {
        let author = if rng.random_range(0..2) == 0 {
            Author::Me
        } else {
            Author::Partner
        };
        (author, None)
    });
    Invented {
        partner: Partner {
            jid: format!("{phone}@s.whatsapp.net"),
            lid: format!("{lid}@lid"),
            name: format!("{name} {}", number + 1),
        },
        messages,
    }
}

/// Invents what was said in a group until a minute ago, by its other members and by the account itself.
pub(crate) fn invent_in_group(
    rng: &mut StdRng,
    group: Partner,
    others: &[Member],
    messages: u16,
    now_s: u64,
) -> Invented {
    let messages = talk(rng, messages, now_s.saturating_sub(60), |rng| {
        match others.get(rng.random_range(0..=others.len())) {
            Some(member) => (Author::Partner, Some(member.clone())),
            None => (Author::Me, None),
        }
    });
    Invented {
        partner: group,
        messages,
    }
}

/// So many messages, the last one at `last_s`.
fn talk(
    rng: &mut StdRng,
    messages: u16,
    last_s: u64,
    mut author: impl FnMut(&mut StdRng) -> (Author, Option<Member>),
) -> Vec<Kept> {
    (0..messages)
        .map(|index| {
            let (author, member) = author(rng);
            Kept {
                id: format!("3EB0{:016X}", rng.random::<u64>()),
                author,
                at_s: last_s.saturating_sub(PACE_S * u64::from(messages - 1 - index)),
                message: Message {
                    conversation: Some(TEXTS[rng.random_range(0..TEXTS.len())].to_owned()),
                    ..Message::default()
                },
                member,
            }
        })
        .collect()
}
