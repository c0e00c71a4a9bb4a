//! From bytes of a WebSocket to frames and back.
//!
//! A connection starts with an intro (an optional routing hint, then `WA`, version, dictionary); after that everything is frames: three
//! bytes of big-endian length and the payload, sealed with a counter once the handshake is done. Frames ignore message boundaries.

use bytes::{Buf as _, Bytes, BytesMut};
use whatsapp_rust::wacore::noise::NoiseCipher;
use whatsapp_rust::wacore::noise::framing::{FRAME_LENGTH_SIZE, FRAME_MAX_SIZE};
use whatsapp_rust::wacore_binary::Node;
use whatsapp_rust::wacore_binary::marshal::marshal_to_vec;
use whatsapp_rust::wacore_binary::util::unpack_bytes;

/// Bytes that are not what the protocol says. The connection is closed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("the connection does not start with the protocol's intro")]
    Intro,
    #[error("a frame of {0} bytes is over the limit")]
    TooLarge(usize),
    #[error("a frame does not decrypt")]
    Sealed,
    #[error("a frame is not a packed stanza")]
    Packed,
    #[error("the frame counter is exhausted")]
    Counter,
}

/// Collects received bytes and cuts frames from them.
#[derive(Debug)]
pub(crate) struct FrameReader {
    buffer: BytesMut,
    max_frame: usize,
}

impl FrameReader {
    pub(crate) fn new(max_frame: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            max_frame: max_frame.min(FRAME_MAX_SIZE - 1),
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the intro off the front and returns its last four bytes, the handshake's prologue; `None` while it is incomplete.
    pub(crate) fn intro(&mut self) -> Result<Option<[u8; 4]>, FrameError> {
        let routing = match self.buffer.first() {
            None => return Ok(None),
            Some(b'E') => match self.routing_length()? {
                None => return Ok(None),
                Some(length) => length,
            },
            Some(_) => 0,
        };
        let Some(header) = self.buffer.get(routing..routing + 4) else {
            return Ok(None);
        };
        let header: [u8; 4] = header.try_into().map_err(|_| FrameError::Intro)?;
        // The third byte is the protocol's version; the dictionary may be newer than ours.
        if &header[..2] != b"WA" || header[2] != 6 {
            return Err(FrameError::Intro);
        }
        self.buffer.advance(routing + 4);
        Ok(Some(header))
    }

    /// Bytes of `ED 00 01 len3 data`; `None` while the length has not arrived.
    fn routing_length(&self) -> Result<Option<usize>, FrameError> {
        let Some(head) = self.buffer.get(..7) else {
            return Ok(None);
        };
        if &head[..4] != b"ED\x00\x01" {
            return Err(FrameError::Intro);
        }
        let length = length(&head[4..7]);
        if length > self.max_frame {
            return Err(FrameError::TooLarge(length));
        }
        Ok(Some(7 + length))
    }

    /// The next whole frame, without its length; `None` while it is incomplete.
    pub(crate) fn frame(&mut self) -> Result<Option<BytesMut>, FrameError> {
        let Some(head) = self.buffer.get(..FRAME_LENGTH_SIZE) else {
            return Ok(None);
        };
        let length = length(head);
        if length > self.max_frame {
            return Err(FrameError::TooLarge(length));
        }
        if self.buffer.len() < FRAME_LENGTH_SIZE + length {
            return Ok(None);
        }
        self.buffer.advance(FRAME_LENGTH_SIZE);
        Ok(Some(self.buffer.split_to(length)))
    }
}

fn length(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |value, byte| (value << 8) | usize::from(*byte))
}

/// Puts a length in front of a handshake message.
pub(crate) fn framed(payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(FRAME_LENGTH_SIZE + payload.len());
    put_length(&mut out, payload.len());
    out.extend_from_slice(payload);
    out.freeze()
}

fn put_length(out: &mut BytesMut, length: usize) {
    // Callers stay below 2^24: payloads are bounded by FRAME_MAX_SIZE.
    let [_, .., high, middle, low] = (length as u64).to_be_bytes();
    out.extend_from_slice(&[high, middle, low]);
}

/// Opens received frames.
pub(crate) struct Opener {
    cipher: NoiseCipher,
    counter: u32,
}

impl Opener {
    pub(crate) fn new(cipher: NoiseCipher) -> Self {
        Self { cipher, counter: 0 }
    }

    /// Decrypts and unpacks one frame into the bytes of a stanza.
    pub(crate) fn open(&mut self, mut frame: BytesMut) -> Result<Bytes, FrameError> {
        self.cipher
            .decrypt_in_place_with_counter(self.counter, &mut frame)
            .map_err(|_| FrameError::Sealed)?;
        self.counter = self.counter.checked_add(1).ok_or(FrameError::Counter)?;
        if frame.is_empty() {
            return Err(FrameError::Packed);
        }
        unpack_bytes(frame).map_err(|_| FrameError::Packed)
    }
}

/// Seals stanzas to send.
pub(crate) struct Sealer {
    cipher: NoiseCipher,
    counter: u32,
}

impl Sealer {
    pub(crate) fn new(cipher: NoiseCipher) -> Self {
        Self { cipher, counter: 0 }
    }

    /// Marshals and encrypts one stanza into a whole frame.
    pub(crate) fn seal(&mut self, node: &Node) -> Result<Bytes, FrameError> {
        let mut plain = Vec::with_capacity(512);
        marshal_to_vec(node, &mut plain).map_err(|_| FrameError::Packed)?;
        self.seal_plain(plain)
    }

    /// The same with one bit of it flipped; `place` says which.
    pub(crate) fn seal_broken(&mut self, node: &Node, place: u64) -> Result<Bytes, FrameError> {
        let mut frame = BytesMut::from(self.seal(node)?);
        let bits = (frame.len() - FRAME_LENGTH_SIZE) as u64 * 8;
        // Smaller than the number of bits, so it fits.
        let bit = usize::try_from(place % bits).unwrap_or_default();
        frame[FRAME_LENGTH_SIZE + bit / 8] ^= 1 << (bit % 8);
        Ok(frame.freeze())
    }

    /// Encrypts bytes into a whole frame, whatever they are.
    pub(crate) fn seal_plain(&mut self, mut plain: Vec<u8>) -> Result<Bytes, FrameError> {
        self.cipher
            .encrypt_in_place_with_counter(self.counter, &mut plain)
            .map_err(|_| FrameError::Sealed)?;
        self.counter = self.counter.checked_add(1).ok_or(FrameError::Counter)?;
        if plain.len() >= FRAME_MAX_SIZE {
            return Err(FrameError::TooLarge(plain.len()));
        }
        Ok(framed(&plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_intro_may_come_in_pieces_and_with_routing() {
        let mut reader = FrameReader::new(100);
        for byte in b"ED\x00\x01\x00\x00\x02xyWA\x06" {
            assert_eq!(reader.intro().expect("so far valid"), None);
            reader.feed(&[*byte]);
        }
        reader.feed(b"\x03\x00\x00\x01Z");
        assert_eq!(reader.intro().expect("valid"), Some(*b"WA\x06\x03"));
        assert_eq!(reader.frame().expect("valid").as_deref(), Some(&b"Z"[..]));
        assert!(reader.frame().expect("valid").is_none());
    }

    #[test]
    fn other_starts_and_oversized_frames_are_refused() {
        let mut reader = FrameReader::new(100);
        reader.feed(b"GET / HTTP/1.1");
        assert!(matches!(reader.intro(), Err(FrameError::Intro)));
        let mut reader = FrameReader::new(100);
        reader.feed(&[0, 0, 101]);
        assert!(matches!(reader.frame(), Err(FrameError::TooLarge(101))));
        let mut reader = FrameReader::new(100);
        reader.feed(b"ED\x00\x01\xff\xff\xff");
        assert!(matches!(reader.intro(), Err(FrameError::TooLarge(_))));
    }
}
