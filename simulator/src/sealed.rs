//! Files as only those can read them who were told the key: what is in the media store on behalf of a phone.

use whatsapp_rust::wacore::download::MediaType;
use whatsapp_rust::wacore::upload::MediaEncryptor;

use crate::blobs::BlobKind;
use crate::world::World;

/// What a message or an answer says of such a file.
pub(crate) struct SealedFile {
    pub(crate) direct_path: String,
    pub(crate) key: [u8; 32],
    /// Of the file before it was encrypted.
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
    pub(crate) enc_sha256: [u8; 32],
}

/// What the file is for; keys are derived differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    History,
    AppState,
}

impl World {
    /// Encrypts a file with a fresh key and keeps it.
    pub(crate) fn seal(&mut self, purpose: Purpose, plain: &[u8], key: [u8; 32]) -> SealedFile {
        let (media, kind) = match purpose {
            Purpose::History => (MediaType::History, BlobKind::History),
            Purpose::AppState => (MediaType::AppState, BlobKind::AppState),
        };
        let mut bytes = Vec::new();
        let mut encryptor = MediaEncryptor::with_key(key, media).expect("a key of 32 bytes is enough to derive from");
        encryptor.update(plain, &mut bytes);
        let info = encryptor.finalize(&mut bytes).expect("a MAC can always be computed");
        let stored = self.blobs.put(kind, bytes);
        SealedFile {
            direct_path: stored.direct_path,
            key,
            size: info.file_length,
            sha256: info.file_sha256,
            enc_sha256: info.file_enc_sha256,
        }
    }
}
