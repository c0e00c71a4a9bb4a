//! Bytes on their way to a stanza.

use bytes::{Bytes, BytesMut};
use rand_signal::RngExt as _;
use rand_signal::rngs::StdRng;
use whatsapp_rust::wacore::noise::NoiseCipher;
use whatsapp_rust::wacore_binary::OwnedNodeRef;
use whatsapp_rust::wacore_binary::util::unpack_bytes;

use super::Target;
use super::corpus::Corpus;
use super::mutation::{bend, noise, pick};
use crate::bounds::{self, Excess, StanzaLimits};
use crate::frame::{FrameReader, Opener, framed};
use crate::xml;

const MAX_FRAME: usize = 4_096;

/// The intro and frames, in pieces; sealed frames are opened.
pub(super) struct Frames<'a> {
    corpus: &'a Corpus,
}

impl<'a> Frames<'a> {
    pub(super) fn new(corpus: &'a Corpus) -> Self {
        Self { corpus }
    }
}

impl Target for Frames<'_> {
    fn feed(&mut self, rng: &mut StdRng, input: &mut Vec<u8>) {
        input.clear();
        match rng.random_range(0..4) {
            0 => noise(rng, input),
            1 => input.extend_from_slice(b"ED\x00\x01\x00\x00\x02xyWA\x06\x03"),
            _ => input.extend_from_slice(b"WA\x06\x03"),
        }
        let key = [7; 32];
        for counter in 0..rng.random_range(0..3) {
            let mut plain = vec![0];
            plain.extend_from_slice(pick::<Vec<u8>>(rng, &self.corpus.bytes));
            let cipher = NoiseCipher::new(&key).unwrap();
            cipher.encrypt_in_place_with_counter(counter, &mut plain).unwrap();
            input.extend_from_slice(&framed(&plain));
        }
        if rng.random_bool(0.8) {
            bend(rng, input);
        }
        let mut reader = FrameReader::new(MAX_FRAME);
        let mut opener = Opener::new(NoiseCipher::new(&key).unwrap());
        let mut rest = &input[..];
        let mut begun = false;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rng.random_range(1..=rest.len()));
            rest = after;
            reader.feed(piece);
            if !begun {
                match reader.intro() {
                    Ok(None) => continue,
                    Ok(Some(_)) => begun = true,
                    Err(_) => return,
                }
            }
            loop {
                match reader.frame() {
                    Ok(None) => break,
                    Ok(Some(frame)) => {
                        assert!(frame.len() <= MAX_FRAME);
                        if opener.open(frame).is_err() {
                            return;
                        }
                    }
                    Err(_) => return,
                }
            }
        }
    }
}

/// Unpacking and decoding, in the order of a connection: first the limits, then the decoder.
pub(super) struct Stanzas<'a> {
    corpus: &'a Corpus,
}

impl<'a> Stanzas<'a> {
    pub(super) fn new(corpus: &'a Corpus) -> Self {
        let limits = StanzaLimits::default();
        for bytes in &corpus.bytes {
            assert_eq!(bounds::check(bytes, limits), Ok(()));
        }
        Self { corpus }
    }
}

impl Target for Stanzas<'_> {
    fn feed(&mut self, rng: &mut StdRng, input: &mut Vec<u8>) {
        match rng.random_range(0..10) {
            0 => noise(rng, input),
            // What says that it is compressed, and perhaps is.
            1 => {
                noise(rng, input);
                input.splice(0..0, [2, 0x78, 0x9c]);
                if let Ok(bytes) = unpack_bytes(BytesMut::from(&input[..])) {
                    decode(&bytes);
                }
                return;
            }
            _ => {
                input.clear();
                input.extend_from_slice(pick::<Vec<u8>>(rng, &self.corpus.bytes));
                bend(rng, input);
            }
        }
        decode(&Bytes::copy_from_slice(input));
    }
}

fn decode(bytes: &Bytes) {
    match bounds::check(bytes, StanzaLimits::default()) {
        Ok(()) => {
            if let Ok(node) = OwnedNodeRef::new(bytes.clone()) {
                let _ = xml::render(node.get());
            }
        }
        // What the walk takes for broken must be so for the decoder as well.
        Err(Excess::Malformed) => assert!(OwnedNodeRef::new(bytes.clone()).is_err()),
        Err(Excess::Depth | Excess::Children | Excess::Attributes | Excess::Elements | Excess::NestedAddress) => {}
    }
}
