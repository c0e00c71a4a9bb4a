//! How inputs are bent: as bytes, and as stanzas.

use rand_signal::rngs::StdRng;
use rand_signal::{Rng as _, RngExt as _};
use whatsapp_rust::wacore_binary::{Node, NodeContent, token};

/// Bytes that mean something to the decoder.
const TOKENS: [u8; 16] = [0, 1, 2, 236, 239, 245, 246, 247, 248, 249, 250, 251, 252, 253, 254, 255];

/// Bends bytes in up to four places.
pub(super) fn bend(rng: &mut StdRng, bytes: &mut Vec<u8>) {
    for _ in 0..rng.random_range(1..=4) {
        let at = rng.random_range(0..=bytes.len());
        match rng.random_range(0..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = *pick(rng, &TOKENS),
            2 if at < bytes.len() => bytes[at] = rng.random(),
            3 => bytes.truncate(at),
            4 => bytes.insert(at, *pick(rng, &TOKENS)),
            5 => {
                let run = *pick(rng, &TOKENS);
                let length = rng.random_range(1..200);
                bytes.splice(at..at, std::iter::repeat_n(run, length));
            }
            _ => {
                let from = rng.random_range(0..=at);
                let piece = bytes[from..at].to_vec();
                let to = rng.random_range(0..=bytes.len());
                bytes.splice(to..to, piece);
            }
        }
    }
}

/// Noise of up to 200 bytes, rich in tokens.
pub(super) fn noise(rng: &mut StdRng, bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.resize(rng.random_range(0..200), 0);
    rng.fill_bytes(bytes);
    for byte in bytes.iter_mut() {
        if rng.random_bool(0.3) {
            *byte = *pick(rng, &TOKENS);
        }
    }
}

pub(super) fn pick<'a, T>(rng: &mut StdRng, from: &'a [T]) -> &'a T {
    &from[rng.random_range(0..from.len())]
}

/// Bends a stanza in up to three places; `donor` gives parts.
pub(super) fn bend_node(rng: &mut StdRng, node: &mut Node, donor: &Node) {
    for _ in 0..rng.random_range(1..=3) {
        let place = somewhere(rng, node);
        match rng.random_range(0..8) {
            0 => place.tag = word(rng).into(),
            1 => {
                let keys: Vec<String> = place.attrs.keys().map(ToString::to_string).collect();
                if !keys.is_empty() {
                    let key = pick(rng, &keys).clone();
                    let value = value(rng);
                    place.attrs.insert(key, value);
                }
            }
            2 => {
                let kept: Vec<_> = place
                    .attrs
                    .iter()
                    .filter(|_| rng.random_bool(0.7))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                place.attrs = Default::default();
                for (key, value) in kept {
                    place.attrs.insert(key, value);
                }
            }
            3 => {
                let value = value(rng);
                place.attrs.insert(word(rng), value);
            }
            4 => place.content = None,
            5 => {
                let mut bytes = vec![0; rng.random_range(0..70)];
                rng.fill_bytes(&mut bytes);
                place.content = Some(NodeContent::Bytes(bytes));
            }
            6 => place.content = donor.content.clone(),
            _ => {
                if let Some(NodeContent::Nodes(children)) = &mut place.content
                    && let Some(child) = children.first().cloned()
                {
                    children.push(child);
                }
            }
        }
    }
}

fn somewhere<'n>(rng: &mut StdRng, node: &'n mut Node) -> &'n mut Node {
    let mut place = node;
    loop {
        let deeper = match &place.content {
            Some(NodeContent::Nodes(children)) if !children.is_empty() && rng.random_bool(0.6) => {
                Some(rng.random_range(0..children.len()))
            }
            Some(_) | None => None,
        };
        match (deeper, &mut place.content) {
            (Some(index), Some(NodeContent::Nodes(_))) => {
                let Some(NodeContent::Nodes(children)) = &mut place.content else {
                    unreachable!("it was looked at");
                };
                place = &mut children[index];
            }
            _ => return place,
        }
    }
}

/// A word of the protocol.
fn word(rng: &mut StdRng) -> &'static str {
    token::get_single_token(rng.random()).unwrap_or("hologram")
}

fn value(rng: &mut StdRng) -> String {
    match rng.random_range(0..7) {
        0 => String::new(),
        1 => word(rng).to_owned(),
        2 => rng.random::<u64>().to_string(),
        3 => "-1".to_owned(),
        4 => format!("{}:{}@s.whatsapp.net", rng.random::<u32>(), rng.random_range(0..300)),
        5 => format!("{}@g.us", rng.random::<u32>()),
        _ => "\u{1f47b}".repeat(rng.random_range(0..20)),
    }
}
