//! How inputs are made: real ones, changed in a few places by chance, and pieces that have a meaning to the parser put where they do not belong.
//! The same seed makes the same inputs, and an input that fails is made smaller before it is shown.

use proptest::prelude::*;
use proptest::sample::Index;

/// What inputs are made of.
#[derive(Debug, Default)]
pub(crate) struct Corpus {
    /// Inputs that are real.
    pub(crate) seeds: Vec<Vec<u8>>,
    /// What has a meaning.
    pub(crate) pieces: Vec<Vec<u8>>,
}

/// Pieces that are of interest to every parser: what ends texts, what is no text, what is a number and nearly too large for one.
const USUAL: [&[u8]; 34] = [
    b"\0",
    b"\r\n",
    b"\n",
    b" ",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"/",
    b"%",
    b"%00",
    b"%ff",
    b";",
    b",",
    b":",
    b"=",
    b"-",
    b"+",
    b".",
    b"@",
    b"0",
    b"-1",
    b"255",
    b"256",
    b"4294967296",
    b"9223372036854775808",
    b"18446744073709551615",
    b"18446744073709551616",
    b"1e999",
    b"\xc3\xa4",
    b"\xf0\x9f\x90\x9d",
    b"\xff\xfe",
    b"\xe2\x80\xae",
    b"\xcc\x81",
];

/// One input, in terms of a [`Corpus`].
#[derive(Debug, Clone)]
pub(crate) struct Case {
    seed: Index,
    changes: Vec<(u8, Index, Index, u8)>,
}

/// Inputs with up to seven changes.
pub(crate) fn cases() -> impl Strategy<Value = Case> {
    let change = (0_u8..10, any::<Index>(), any::<Index>(), any::<u8>());
    (any::<Index>(), prop::collection::vec(change, 0..8)).prop_map(|(seed, changes)| Case { seed, changes })
}

impl Corpus {
    /// The input that a case stands for.
    pub(crate) fn input(&self, case: &Case) -> Vec<u8> {
        // The last of all seeds is nothing, from which inputs are made of pieces alone.
        let seed = case.seed.index(self.seeds.len() + 1);
        let mut bytes = self.seeds.get(seed).cloned().unwrap_or_default();
        for (what, at, other, byte) in &case.changes {
            let place = at.index(bytes.len() + 1);
            let many = usize::from(*byte);
            let end = (place + 1 + many % 16).min(bytes.len());
            match what {
                0 if place < bytes.len() => bytes[place] = *byte,
                1 if place < bytes.len() => bytes[place] ^= 1 << (byte % 8),
                2 => bytes.insert(place, *byte),
                3 => drop(bytes.drain(place..end)),
                4 => bytes.truncate(place),
                5 => {
                    let again = bytes[place..end].repeat(1 + many);
                    bytes.splice(place..place, again);
                }
                6 => {
                    let piece = self.piece(other).to_vec();
                    bytes.splice(place..end, piece);
                }
                7 if !self.seeds.is_empty() => {
                    let second: &Vec<u8> = other.get(&self.seeds);
                    bytes.truncate(place);
                    bytes.extend_from_slice(&second[place.min(second.len())..]);
                }
                _ => {
                    let piece = self.piece(other).to_vec();
                    bytes.splice(place..place, piece);
                }
            }
        }
        bytes
    }

    fn piece(&self, which: &Index) -> &[u8] {
        // Half of them from the parser's own, however few there are.
        let all = self.pieces.len().max(1) + USUAL.len();
        let at = which.index(2 * all);
        match self.pieces.is_empty() || at.is_multiple_of(2) {
            true => USUAL[at / 2 % USUAL.len()],
            false => &self.pieces[at / 2 % self.pieces.len()],
        }
    }

    /// Inputs of about `length` bytes, each one piece over and over behind a real beginning.
    pub(crate) fn long(&self, length: usize) -> impl Iterator<Item = Vec<u8>> {
        let beginnings = self.seeds.iter().map(Vec::as_slice).take(2).chain([&b""[..]]);
        let pieces = USUAL.into_iter().chain(self.pieces.iter().map(Vec::as_slice));
        beginnings.flat_map(move |beginning| {
            let pieces = pieces.clone().filter(|piece| !piece.is_empty());
            pieces.map(move |piece| [beginning, &piece.repeat(length.div_ceil(piece.len()))].concat())
        })
    }
}
