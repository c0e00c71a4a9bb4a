//! Encryption of streams that are too long to be sealed at once: files that leave the host.
//!
//! A stream is cut into chunks, each sealed by itself with XChaCha20-Poly1305 under a key of the stream's own, drawn from the master key
//! and a salt. The nonce of a chunk is its number and whether it is the last one, so that chunks that are changed, moved, repeated or
//! missing do not open, and a stream that was cut short is known to be. A frame is one byte (what it is), the length of the sealed chunk
//! in four bytes, the chunk.

use std::io::{self, Read, Write};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::master_key::MasterKey;

/// Bytes of a chunk before it is sealed.
pub const CHUNK: usize = 64 * 1024;
/// What sealing adds to a chunk.
const TAG: usize = 16;
const PURPOSE: &str = "stream 1";

/// What a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// There is more.
    More,
    /// It is the last of the stream.
    Last,
    /// Not of the stream, but about it.
    About,
}

impl Part {
    const fn byte(self) -> u8 {
        match self {
            Self::More => 0,
            Self::Last => 1,
            Self::About => 2,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::More),
            1 => Some(Self::Last),
            2 => Some(Self::About),
            _ => None,
        }
    }
}

/// The key of one stream, and what all its chunks are bound to.
#[derive(Clone)]
pub struct StreamKey {
    cipher: XChaCha20Poly1305,
    bound_to: Vec<u8>,
}

impl std::fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamKey(…)")
    }
}

impl StreamKey {
    /// The key of the stream with this salt, which no other stream has. `bound_to` is what stands in front of the stream: its chunks open
    /// behind nothing else.
    #[must_use]
    pub fn new(key: &MasterKey, salt: &[u8], bound_to: &[u8]) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(&key.derive(PURPOSE, salt).into()),
            bound_to: bound_to.to_vec(),
        }
    }

    fn seal(&self, number: u64, part: Part, plain: &[u8]) -> io::Result<Vec<u8>> {
        let payload = Payload {
            msg: plain,
            aad: &self.bound_to,
        };
        self.cipher
            .encrypt(&nonce(number, part), payload)
            .map_err(|_| io::Error::other("a chunk could not be sealed"))
    }

    fn open(&self, number: u64, part: Part, sealed: &[u8]) -> io::Result<Vec<u8>> {
        let payload = Payload {
            msg: sealed,
            aad: &self.bound_to,
        };
        self.cipher
            .decrypt(&nonce(number, part), payload)
            .map_err(|_| damaged("a chunk does not open under the key"))
    }

    /// A frame that tells something about the stream; at most 4 GiB.
    ///
    /// # Errors
    /// When it is larger.
    pub fn about(&self, plain: &[u8]) -> io::Result<Vec<u8>> {
        frame(Part::About, &self.seal(0, Part::About, plain)?)
    }

    /// What such a frame tells.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] when it does not open.
    pub fn told(&self, frame: &[u8]) -> io::Result<Vec<u8>> {
        match frame.split_first_chunk::<5>() {
            Some((head, sealed)) if head[0] == Part::About.byte() => self.open(0, Part::About, sealed),
            Some(_) | None => Err(damaged("it is not a frame")),
        }
    }
}

fn nonce(number: u64, part: Part) -> XNonce {
    let mut nonce = [0; 24];
    nonce[..8].copy_from_slice(&number.to_be_bytes());
    nonce[8] = part.byte();
    nonce.into()
}

fn frame(part: Part, sealed: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
    let mut frame = Vec::with_capacity(5 + sealed.len());
    frame.push(part.byte());
    frame.extend_from_slice(&length.to_be_bytes());
    frame.extend_from_slice(sealed);
    Ok(frame)
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Seals what is written to it. Without [`Sealing::finish`] the stream has no end, and does not open.
#[derive(Debug)]
pub struct Sealing<W> {
    key: StreamKey,
    inner: W,
    number: u64,
    waiting: Vec<u8>,
}

impl<W: Write> Sealing<W> {
    /// Seals into `inner`.
    pub fn new(key: StreamKey, inner: W) -> Self {
        Self {
            key,
            inner,
            number: 0,
            waiting: Vec::with_capacity(CHUNK),
        }
    }

    /// What it writes to.
    pub const fn inner(&self) -> &W {
        &self.inner
    }

    /// Writes the last chunk.
    ///
    /// # Errors
    /// Those of what it writes to.
    pub fn finish(mut self) -> io::Result<W> {
        self.write_chunk(Part::Last)?;
        Ok(self.inner)
    }

    fn write_chunk(&mut self, part: Part) -> io::Result<()> {
        let sealed = self.key.seal(self.number, part, &self.waiting)?;
        self.inner.write_all(&frame(part, &sealed)?)?;
        self.number += 1;
        self.waiting.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waiting.len() == CHUNK {
            self.write_chunk(Part::More)?;
        }
        let taken = bytes.len().min(CHUNK - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        // Chunks are whole, so that how often somebody flushes does not show.
        self.inner.flush()
    }
}

/// Opens what was sealed. Reading ends at the last chunk; a stream that ends before it is an error.
#[derive(Debug)]
pub struct Opening<R> {
    key: StreamKey,
    inner: R,
    number: u64,
    open: Vec<u8>,
    read: usize,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Ahead,
    Reached,
}

impl<R: Read> Opening<R> {
    /// Opens what `inner` reads.
    pub const fn new(key: StreamKey, inner: R) -> Self {
        Self {
            key,
            inner,
            number: 0,
            open: Vec::new(),
            read: 0,
            end: End::Ahead,
        }
    }

    fn next_chunk(&mut self) -> io::Result<()> {
        let mut head = [0; 5];
        self.inner.read_exact(&mut head).map_err(cut_short)?;
        let part = match Part::of(head[0]) {
            Some(part @ (Part::More | Part::Last)) => part,
            Some(Part::About) | None => return Err(damaged("it is not a chunk of the stream")),
        };
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if length > CHUNK + TAG {
            return Err(damaged("a chunk is longer than chunks are"));
        }
        let mut sealed = vec![0; length];
        self.inner.read_exact(&mut sealed).map_err(cut_short)?;
        self.open = self.key.open(self.number, part, &sealed)?;
        self.read = 0;
        self.number += 1;
        if part == Part::Last {
            self.end = End::Reached;
        }
        Ok(())
    }
}

fn cut_short(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged("the stream was cut short"),
        _ => error,
    }
}

impl<R: Read> Read for Opening<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.read == self.open.len() {
            if self.end == End::Reached {
                return Ok(0);
            }
            self.next_chunk()?;
        }
        let ready = &self.open[self.read..];
        let taken = ready.len().min(into.len());
        into[..taken].copy_from_slice(&ready[..taken]);
        self.read += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(salt: &[u8], bound_to: &[u8]) -> StreamKey {
        StreamKey::new(&MasterKey::from_bytes([7; 32]), salt, bound_to)
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealing = Sealing::new(key(b"salt", b"head"), Vec::new());
        sealing.write_all(plain).expect("memory takes it");
        sealing.finish().expect("memory takes it")
    }

    fn opened(sealed: &[u8], key: StreamKey) -> io::Result<Vec<u8>> {
        let mut plain = Vec::new();
        Opening::new(key, sealed).read_to_end(&mut plain)?;
        Ok(plain)
    }

    fn text(length: usize) -> Vec<u8> {
        (0..length)
            .map(|n| u8::try_from(n * 31 % 251).expect("it is small"))
            .collect()
    }

    #[test]
    fn what_was_sealed_opens_again() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5] {
            let sealed = sealed(&text(length));
            assert_eq!(opened(&sealed, key(b"salt", b"head")).expect("it opens"), text(length));
            assert!(
                opened(&sealed, key(b"pepper", b"head")).is_err(),
                "another stream's key"
            );
            assert!(opened(&sealed, key(b"salt", b"hat")).is_err(), "behind something else");
        }
    }

    #[test]
    fn a_stream_that_was_cut_changed_or_put_in_another_order_does_not_open() {
        let sealed = sealed(&text(3 * CHUNK + 5));
        let frame = 5 + CHUNK + TAG;
        let open = |bytes: &[u8]| opened(bytes, key(b"salt", b"head"));
        for length in [0, 1, frame - 1, frame, 2 * frame, 3 * frame, sealed.len() - 1] {
            assert!(open(&sealed[..length]).is_err(), "cut at {length}");
        }
        for at in [0, 3, 5, 100, frame, frame + 10, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&changed).is_err(), "changed at {at}");
        }
        let (first, rest) = sealed.split_at(frame);
        let (second, rest) = rest.split_at(frame);
        assert!(open(&[second, first, rest].concat()).is_err(), "in another order");
        assert!(open(&[first, rest].concat()).is_err(), "one missing");
        assert!(open(&[first, first, second, rest].concat()).is_err(), "one twice");
    }

    #[test]
    fn what_is_told_about_a_stream_is_no_part_of_it() {
        let key = key(b"salt", b"head");
        let about = key.about(b"three").expect("it is short");
        assert_eq!(key.told(&about).expect("it opens"), b"three");
        let mut stream = sealed(b"x");
        assert!(key.told(&stream).is_err());
        stream[0] = Part::About.byte();
        assert!(key.told(&stream).is_err());
        assert!(opened(&about, key).is_err());
    }
}
