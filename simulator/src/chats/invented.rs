//! A past for a phone: chats with people who do not exist, the same ones for the same seed.

use rand_signal::RngExt as _;
use rand_signal::rngs::StdRng;
use whatsapp_rust::waproto::whatsapp::Message;

use crate::chats::{Author, Kept, Partner};

/// How much of a past to invent. At most a thousand chats, of at most a thousand messages each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistorySpec {
    /// How many chats.
    pub chats: u16,
    /// How many messages in each of them.
    pub messages: u16,
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
    let messages = (0..messages)
        .map(|index| {
            let author = if rng.random_range(0..2) == 0 {
                Author::Me
            } else {
                Author::Partner
            };
            Kept {
                id: format!("3EB0{:016X}", rng.random::<u64>()),
                author,
                at_s: last_s.saturating_sub(PACE_S * u64::from(messages - 1 - index)),
                message: Message {
                    conversation: Some(TEXTS[rng.random_range(0..TEXTS.len())].to_owned()),
                    ..Message::default()
                },
            }
        })
        .collect();
    Invented {
        partner: Partner {
            jid: format!("{phone}@s.whatsapp.net"),
            lid: format!("{lid}@lid"),
            name: format!("{name} {}", number + 1),
        },
        messages,
    }
}
