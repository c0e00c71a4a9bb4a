//! Media that are not served any more: a person's client asks its phone to put them back, and fetches them from there.

use whatsapp_rust::wacore::download::{Downloadable, MediaType};
use whatsapp_rust::wacore_binary::JidExt as _;
use whatsapp_rust::{MediaRetryResult, MediaReuploadRequest};

use super::media::{failed, pointer};
use super::{Heard, Human, HumanError};

/// Why a phone did not put a medium back: the source of [`HumanError::Media`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaRefusal {
    /// It does not remember the message, or has not got the medium any more either.
    #[error("the phone has not got it any more")]
    NotFound,
    /// The request was not sealed with the medium's key.
    #[error("the phone could not open the request")]
    NotOpened,
    /// Something else.
    #[error("the phone failed")]
    Failed,
}

impl Human {
    /// Asks the own phone to put the medium of a message back, and fetches it from where it is then.
    pub async fn download_again(&self, heard: &Heard) -> Result<Vec<u8>, HumanError> {
        let direct_path = self.ask_for_media(heard).await?;
        let moved = Moved {
            was: pointer(&heard.message, &heard.id)?,
            direct_path,
        };
        let fetched = self.client()?.download(&moved).await;
        fetched.map_err(|source| failed("downloading", source))
    }

    /// Asks the own phone to put the medium of a message back; answers its new direct path.
    pub async fn ask_for_media(&self, heard: &Heard) -> Result<String, HumanError> {
        let refused = |why: MediaRefusal| HumanError::Media {
            doing: "putting a medium back",
            source: Box::new(why),
        };
        let media_key = pointer(&heard.message, &heard.id)?.media_key();
        let in_group = heard.wire.chat.is_group();
        let request = MediaReuploadRequest {
            msg_id: &heard.id,
            chat_jid: &heard.wire.chat,
            media_key: media_key.ok_or_else(|| refused(MediaRefusal::NotFound))?,
            is_from_me: heard.from_me,
            participant: in_group.then_some(&heard.wire.sender),
        };
        let answer = self.client()?.media_reupload().request(&request).await;
        match answer.map_err(|error| failed("asking for a medium again", error))? {
            MediaRetryResult::Success { direct_path } => Ok(direct_path),
            MediaRetryResult::NotFound => Err(refused(MediaRefusal::NotFound)),
            MediaRetryResult::DecryptionError => Err(refused(MediaRefusal::NotOpened)),
            MediaRetryResult::GeneralError => Err(refused(MediaRefusal::Failed)),
        }
    }
}

/// A medium that is at another path than its message says.
struct Moved<'m> {
    was: &'m dyn Downloadable,
    direct_path: String,
}

impl Downloadable for Moved<'_> {
    fn direct_path(&self) -> Option<&str> {
        Some(&self.direct_path)
    }

    fn media_key(&self) -> Option<&[u8]> {
        self.was.media_key()
    }

    fn file_enc_sha256(&self) -> Option<&[u8]> {
        self.was.file_enc_sha256()
    }

    fn file_sha256(&self) -> Option<&[u8]> {
        self.was.file_sha256()
    }

    fn file_length(&self) -> Option<u64> {
        self.was.file_length()
    }

    fn app_info(&self) -> MediaType {
        self.was.app_info()
    }
}
