//! Bytes and stanzas in a file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use whatsapp_rust::wacore_binary::Node;
use whatsapp_rust::wacore_binary::marshal::{marshal, unmarshal_ref};

use crate::saved::Unsound;

/// Bytes, as Base64.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Blob(Vec<u8>);

impl Blob {
    pub(crate) fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(bytes.as_ref().to_vec())
    }

    /// A stanza in the form it has on the wire.
    pub(crate) fn of_node(node: &Node) -> Result<Self, Unsound> {
        marshal(node)
            .map(Self)
            .map_err(|_| Unsound("a stanza cannot be written down"))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Bytes of a fixed number; `what` they are is for the complaint.
    pub(crate) fn array<const N: usize>(&self, what: &'static str) -> Result<[u8; N], Unsound> {
        self.0.as_slice().try_into().map_err(|_| Unsound(what))
    }

    pub(crate) fn node(&self) -> Result<Node, Unsound> {
        // The first byte says whether the rest is compressed; ours never is.
        let (flags, bytes) = self.0.split_first().ok_or(Unsound("a stanza is empty"))?;
        if *flags != 0 {
            return Err(Unsound("a stanza is packed"));
        }
        unmarshal_ref(bytes)
            .map(|node| node.to_owned())
            .map_err(|_| Unsound("a stanza does not decode"))
    }
}

impl serde::Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> serde::Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        STANDARD
            .decode(text.as_bytes())
            .map(Self)
            .map_err(|_| serde::de::Error::invalid_value(serde::de::Unexpected::Other("text"), &"bytes in Base64"))
    }
}
