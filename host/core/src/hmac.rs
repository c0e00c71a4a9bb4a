//! HMAC-SHA256 (RFC 2104): what proves to another side that a text comes from who shares a secret with it.
//!
//! Compare what somebody else claims with [`verify`], never with `==`.

use sha2::{Digest, Sha256};

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;

/// The code of `parts`, one behind the other, under a secret.
#[must_use]
pub fn sha256(secret: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut key = [0; BLOCK];
    if secret.len() > BLOCK {
        key[..32].copy_from_slice(&Sha256::digest(secret));
    } else {
        key[..secret.len()].copy_from_slice(secret);
    }
    let mut inner = Sha256::new_with_prefix(key.map(|byte| byte ^ 0x36));
    for part in parts {
        inner.update(part);
    }
    let mut outer = Sha256::new_with_prefix(key.map(|byte| byte ^ 0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

/// Whether two texts are the same, in a time that depends on their lengths alone.
#[must_use]
pub fn verify(one: &[u8], other: &[u8]) -> bool {
    // Both are hashed under a key of their own first, so that the comparison tells nothing of either, whatever the compiler makes of it.
    let digest = |text: &[u8]| sha256(b"waspnest constant-time comparison", &[text]);
    let (one, other) = (digest(one), digest(other));
    one.iter().zip(other).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 1, 2, 3 and 6.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        for (key, text, code) in [
            (
                vec![0x0b; 20],
                b"Hi There".to_vec(),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                vec![0xaa; 20],
                vec![0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&sha256(&key, &[&text])), code);
            let (one, two) = text.split_at(5);
            assert_eq!(hex(&sha256(&key, &[one, two])), code, "in parts");
        }
    }

    #[test]
    fn only_the_same_text_is_the_same() {
        assert!(verify(b"", b"") && verify(b"secret", b"secret"));
        for other in ["", "secre", "secret ", "secreT"] {
            assert!(!verify(b"secret", other.as_bytes()), "{other:?}");
        }
    }
}
