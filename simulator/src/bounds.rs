//! How large a stanza may be, looked at in its bytes before anything is made of them.
//!
//! The decoder reserves what a list promises before it has seen it, and follows addresses inside addresses as deep as they go: a few
//! bytes could cost gigabytes, or the stack and with it the process. So every received stanza passes here first. It is a walk over the
//! bytes that allocates nothing. It may let through what the decoder then refuses; what is within the limits it must never refuse.

use whatsapp_rust::wacore_binary::token;

/// Limits of one stanza. Far beyond what clients send: a thousand members, a few hundred prekeys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StanzaLimits {
    /// Elements inside each other, the stanza itself included; at most 100.
    pub depth: usize,
    /// Children of one element.
    pub children: usize,
    /// Attributes of one element.
    pub attributes: usize,
    /// Elements altogether.
    pub elements: usize,
}

impl Default for StanzaLimits {
    fn default() -> Self {
        Self {
            depth: 32,
            children: 16_384,
            attributes: 64,
            elements: 131_072,
        }
    }
}

/// The walk recurses: deeper than this it would need a stack of its own. The decoder's limit is a little beyond.
const DEEPEST: usize = 100;

/// A stanza beyond the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Excess {
    #[error("a stanza ends too early or has an unknown token")]
    Malformed,
    #[error("elements are nested too deep")]
    Depth,
    #[error("an element has too many children")]
    Children,
    #[error("an element has too many attributes")]
    Attributes,
    #[error("there are too many elements")]
    Elements,
    #[error("an address is inside an address")]
    NestedAddress,
}

/// Checks an unpacked stanza.
pub(crate) fn check(bytes: &[u8], limits: StanzaLimits) -> Result<(), Excess> {
    let mut walk = Walk {
        rest: bytes,
        limits: StanzaLimits {
            depth: limits.depth.min(DEEPEST),
            ..limits
        },
        elements: 0,
    };
    walk.element(1)
}

struct Walk<'a> {
    rest: &'a [u8],
    limits: StanzaLimits,
    elements: usize,
}

/// Whether an address may begin where a value does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Addresses {
    Allowed,
    Refused,
}

impl Walk<'_> {
    fn element(&mut self, depth: usize) -> Result<(), Excess> {
        if depth > self.limits.depth {
            return Err(Excess::Depth);
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(Excess::Elements);
        }
        let tag = self.byte()?;
        // The tag, a key and a value for each attribute, and the content, if there is any.
        let items = self.list(tag)?;
        if items == 0 {
            return Err(Excess::Malformed);
        }
        let attributes = (items - 1) / 2;
        if attributes > self.limits.attributes {
            return Err(Excess::Attributes);
        }
        for _ in 0..=2 * attributes {
            self.value(Addresses::Allowed)?;
        }
        if items.is_multiple_of(2) {
            self.content(depth)
        } else {
            Ok(())
        }
    }

    fn content(&mut self, depth: usize) -> Result<(), Excess> {
        let tag = self.byte()?;
        match tag {
            token::LIST_8 | token::LIST_16 => {
                let children = self.list(tag)?;
                if children > self.limits.children {
                    return Err(Excess::Children);
                }
                for _ in 0..children {
                    self.element(depth + 1)?;
                }
                Ok(())
            }
            _ => self.value_after(tag, Addresses::Allowed),
        }
    }

    fn value(&mut self, addresses: Addresses) -> Result<(), Excess> {
        let tag = self.byte()?;
        self.value_after(tag, addresses)
    }

    fn value_after(&mut self, tag: u8, addresses: Addresses) -> Result<(), Excess> {
        match tag {
            token::JID_PAIR | token::AD_JID | token::INTEROP_JID | token::FB_JID if addresses == Addresses::Refused => {
                Err(Excess::NestedAddress)
            }
            token::JID_PAIR => {
                self.value(Addresses::Refused)?;
                self.value(Addresses::Refused)
            }
            token::AD_JID => {
                self.skip(2)?;
                self.value(Addresses::Refused)
            }
            token::INTEROP_JID => {
                self.value(Addresses::Refused)?;
                self.skip(4)?;
                self.value(Addresses::Refused)
            }
            token::FB_JID => {
                self.value(Addresses::Refused)?;
                self.skip(2)?;
                self.value(Addresses::Refused)
            }
            token::BINARY_8 => {
                let length = self.number(1)?;
                self.skip(length)
            }
            token::BINARY_20 => {
                let length = self.number(3)? & 0x000f_ffff;
                self.skip(length)
            }
            token::BINARY_32 => {
                let length = self.number(4)?;
                self.skip(length)
            }
            token::NIBBLE_8 | token::HEX_8 => {
                let length = self.number(1)? & usize::from(token::PACKED_MAX);
                self.skip(length)
            }
            token::DICTIONARY_0..=token::DICTIONARY_3 => self.skip(1),
            token::LIST_8 | token::LIST_16 => Err(Excess::Malformed),
            // A word of one byte, or nothing.
            _ => Ok(()),
        }
    }

    fn list(&mut self, tag: u8) -> Result<usize, Excess> {
        match tag {
            token::LIST_EMPTY => Ok(0),
            token::LIST_8 => self.number(1),
            token::LIST_16 => self.number(2),
            _ => Err(Excess::Malformed),
        }
    }

    fn byte(&mut self) -> Result<u8, Excess> {
        let (first, rest) = self.rest.split_first().ok_or(Excess::Malformed)?;
        self.rest = rest;
        Ok(*first)
    }

    /// A big-endian number of so many bytes.
    fn number(&mut self, length: usize) -> Result<usize, Excess> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Excess::Malformed)?;
        self.rest = rest;
        Ok(bytes.iter().fold(0, |value, byte| (value << 8) | usize::from(*byte)))
    }

    fn skip(&mut self, length: usize) -> Result<(), Excess> {
        self.rest = self.rest.get(length..).ok_or(Excess::Malformed)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use whatsapp_rust::NodeBuilder;
    use whatsapp_rust::wacore_binary::Node;
    use whatsapp_rust::wacore_binary::marshal::marshal;

    const LIMITS: StanzaLimits = StanzaLimits {
        depth: 3,
        children: 300,
        attributes: 2,
        elements: 301,
    };

    fn checked(node: &Node) -> Result<(), Excess> {
        // Without the byte that says how the rest is packed.
        check(&marshal(node).expect("a node")[1..], LIMITS)
    }

    #[test]
    fn every_limit_is_reached_and_not_passed() {
        let leaf = || NodeBuilder::new("leaf").build();
        let wide = |count| NodeBuilder::new("list").children((0..count).map(|_| leaf())).build();
        assert_eq!(checked(&wide(300)), Ok(()));
        assert_eq!(checked(&wide(301)), Err(Excess::Children));
        let both = NodeBuilder::new("iq").children([wide(200), wide(200)]).build();
        assert_eq!(checked(&both), Err(Excess::Elements));
        let nested = |inner| NodeBuilder::new("outer").children([inner]).build();
        assert_eq!(checked(&nested(nested(leaf()))), Ok(()));
        assert_eq!(checked(&nested(nested(nested(leaf())))), Err(Excess::Depth));
        let attributes = |count: usize| {
            let mut node = NodeBuilder::new("iq");
            for key in ["id", "type", "xmlns"].into_iter().take(count) {
                node = node.attr(key, "49151@s.whatsapp.net");
            }
            node.build()
        };
        assert_eq!(checked(&attributes(2)), Ok(()));
        assert_eq!(checked(&attributes(3)), Err(Excess::Attributes));
    }

    #[test]
    fn promises_and_endless_addresses_are_refused_before_they_cost_anything() {
        let limits = StanzaLimits::default();
        // A list in a list in a list …, each of which promises 65,535 children.
        let promises = [0xf8, 0x02, 0x05, 0xf9, 0xff, 0xff].repeat(200);
        assert_eq!(check(&promises, limits), Err(Excess::Children));
        let addresses = [&[0xf8, 0x03, 0x05, 0x06][..], &[0xfa].repeat(1 << 20)].concat();
        assert_eq!(check(&addresses, limits), Err(Excess::NestedAddress));
        let nested = [&[0xf8, 0x02, 0x05][..], &[0xf8, 0x01, 0xf8, 0x02, 0x05].repeat(50_000)].concat();
        assert_eq!(check(&nested, limits), Err(Excess::Depth));
        for bytes in [
            &b""[..],
            b"\xf8",
            b"\xf8\x00",
            b"\xf8\x01",
            b"\xf8\x01\xfc\x09abc",
            b"\x05",
        ] {
            assert_eq!(check(bytes, limits), Err(Excess::Malformed), "{bytes:?}");
        }
    }
}
