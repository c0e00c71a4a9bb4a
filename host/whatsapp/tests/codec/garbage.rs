//! Whatever comes over the wire, reading it ends.

use std::hint::black_box;

use proptest::prelude::*;
use waspnest_core::message::Origin;
use waspnest_whatsapp::decode;
use whatsapp_rust::types::message::MessageInfo;
use whatsapp_rust::waproto::{codec, whatsapp as wa};

use crate::fixtures::all;
use crate::sealed::{annas_vote, my_answer};
use crate::world::{ANNA, GROUP, NEWSLETTER, anna_in_group, from_anna, me, mine, stanza};

fn infos() -> Vec<MessageInfo> {
    vec![
        from_anna(),
        anna_in_group(),
        mine(ANNA),
        mine(GROUP),
        stanza("status@broadcast", ANNA, Origin::Them),
        stanza(NEWSLETTER, NEWSLETTER, Origin::Them),
    ]
}

/// The bytes of one of everything.
fn corpus() -> Vec<Vec<u8>> {
    all()
        .into_iter()
        .chain([annas_vote(), my_answer()])
        .map(|(message, _)| {
            let mut bytes = Vec::new();
            codec::message_encode_into(&message, &mut bytes);
            bytes
        })
        .collect()
}

fn try_all(bytes: &[u8], info: &MessageInfo) -> Option<wa::Message> {
    let message = codec::message_decode(bytes).ok()?;
    black_box(decode::message(&message, info, Some(&me())));
    black_box(decode::message(&message, info, None));
    black_box(decode::sealed::find(&message, info, None));
    Some(message)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), which in 0_usize..6) {
        try_all(&bytes, &infos()[which]);
    }

    #[test]
    fn any_change_to_a_message_is_read_or_refused(
        seed in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..6),
        which in 0_usize..6,
    ) {
        thread_local!(static CORPUS: Vec<Vec<u8>> = corpus());
        CORPUS.with(|corpus| {
            let mut bytes = seed.get(corpus).clone();
            // Two messages in a row are one with the fields of both.
            let second: &Vec<u8> = other.get(corpus);
            bytes.extend_from_slice(second);
            for (place, byte, change) in changes {
                if bytes.is_empty() {
                    break;
                }
                let place = place.index(bytes.len());
                match change {
                    0 => bytes[place] = byte,
                    1 => bytes[place] ^= 1 << (byte % 8),
                    2 => bytes.insert(place, byte),
                    _ => drop(bytes.remove(place)),
                }
            }
            try_all(&bytes, &infos()[which]);
        });
    }
}

#[test]
fn changed_messages_are_not_all_refused() {
    let corpus = corpus();
    let mut read = 0;
    for (index, one) in corpus.iter().enumerate() {
        let other = &corpus[(index + 1) % corpus.len()];
        let both = [one.as_slice(), other].concat();
        read += usize::from(try_all(&both, &from_anna()).is_some());
    }
    assert_eq!(read, corpus.len());
}
