//! Pictures, sounds, films and papers: sent and fetched as a phone does, encrypted by the client on the way.

use std::fmt;

use whatsapp_rust::proto_helpers::MessageExt as _;
use whatsapp_rust::upload::UploadResponse;
use whatsapp_rust::wacore::download::{Downloadable, MediaType};
use whatsapp_rust::waproto::buffa::MessageField;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{UploadOptions, anyhow};

use super::{Heard, Human, HumanError};
use crate::attachment::Attachment;

/// What a medium is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// A recording.
    Audio,
    /// A file with a name.
    Document,
    /// A sticker.
    Sticker,
}

impl MediaKind {
    fn wire(self) -> MediaType {
        match self {
            Self::Image => MediaType::Image,
            Self::Video => MediaType::Video,
            Self::Audio => MediaType::Audio,
            Self::Document => MediaType::Document,
            Self::Sticker => MediaType::Sticker,
        }
    }

    /// The type that phones give this kind most often.
    pub fn usual_mime(self) -> &'static str {
        match self {
            Self::Image => "image/jpeg",
            Self::Video => "video/mp4",
            Self::Audio => "audio/ogg; codecs=opus",
            Self::Document => "application/octet-stream",
            Self::Sticker => "image/webp",
        }
    }
}

/// A medium to send. `Debug` shows neither its bytes nor what is written under it.
#[derive(Clone)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// The file, as the receiver will see it.
    pub bytes: Vec<u8>,
    /// Its type.
    pub mime: String,
    /// What is written under it; recordings and stickers have nothing written under them.
    pub caption: Option<String>,
    /// The name of a document.
    pub file_name: Option<String>,
    /// A small JPEG that travels inside the message; recordings have none.
    pub thumbnail: Option<Vec<u8>>,
}

impl Media {
    /// A medium of the usual type of its kind, with nothing else.
    pub fn new(kind: MediaKind, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            kind,
            bytes: bytes.into(),
            mime: kind.usual_mime().to_owned(),
            caption: None,
            file_name: None,
            thumbnail: None,
        }
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media")
            .field("kind", &self.kind)
            .field("bytes", &self.bytes.len())
            .field("mime", &self.mime)
            .finish_non_exhaustive()
    }
}

/// What a message says about the medium it carries.
#[derive(Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct MediaSeen {
    /// What it is.
    pub kind: MediaKind,
    /// Its type, as the sender named it.
    pub mime: String,
    /// Bytes of the file.
    pub size: u64,
    /// What is written under it.
    pub caption: Option<String>,
    /// The name of a document.
    pub file_name: Option<String>,
    /// Where the encrypted file is, below any media host.
    pub direct_path: String,
    /// The small JPEG in the message.
    #[serde(skip)]
    pub thumbnail: Option<Vec<u8>>,
}

impl fmt::Debug for MediaSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaSeen")
            .field("kind", &self.kind)
            .field("mime", &self.mime)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Heard {
    /// The medium this message carries, if it carries one.
    pub fn media(&self) -> Option<MediaSeen> {
        seen(self.message.get_base_message())
    }
}

impl Human {
    /// Sends a picture; returns the message id once the server has acknowledged it.
    pub async fn send_image(&self, to: &str, jpeg: &[u8], caption: Option<&str>) -> Result<String, HumanError> {
        self.send_media(to, captioned(MediaKind::Image, jpeg, caption)).await
    }

    /// Sends a film, as [`Self::send_image`] does.
    pub async fn send_video(&self, to: &str, mp4: &[u8], caption: Option<&str>) -> Result<String, HumanError> {
        self.send_media(to, captioned(MediaKind::Video, mp4, caption)).await
    }

    /// Sends a recording.
    pub async fn send_audio(&self, to: &str, opus: &[u8]) -> Result<String, HumanError> {
        self.send_media(to, Media::new(MediaKind::Audio, opus)).await
    }

    /// Sends a sticker.
    pub async fn send_sticker(&self, to: &str, webp: &[u8]) -> Result<String, HumanError> {
        self.send_media(to, Media::new(MediaKind::Sticker, webp)).await
    }

    /// Sends a file with a name.
    pub async fn send_document(
        &self,
        to: &str,
        bytes: &[u8],
        file_name: &str,
        mime: &str,
    ) -> Result<String, HumanError> {
        let document = Media {
            mime: mime.to_owned(),
            file_name: Some(file_name.to_owned()),
            ..Media::new(MediaKind::Document, bytes)
        };
        self.send_media(to, document).await
    }

    /// Encrypts and uploads a medium and sends the message that points to it.
    pub async fn send_media(&self, to: &str, media: Media) -> Result<String, HumanError> {
        let message = self.uploaded(media).await?;
        self.send(to, message).await
    }

    /// Encrypts and uploads a medium and makes the message that points to it, without sending it.
    pub async fn uploaded(&self, media: Media) -> Result<wa::Message, HumanError> {
        let upload = self
            .client()?
            .upload(media.bytes.clone(), media.kind.wire(), UploadOptions::new())
            .await
            .map_err(|source| failed("uploading", source))?;
        Ok(pointing_to(media, upload))
    }

    /// Fetches and decrypts the medium of a message.
    pub async fn download(&self, heard: &Heard) -> Result<Vec<u8>, HumanError> {
        self.fetch(&heard.message, &heard.id).await
    }

    async fn fetch(&self, message: &wa::Message, id: &str) -> Result<Vec<u8>, HumanError> {
        let media = pointer(message, id)?;
        self.client()?
            .download(media)
            .await
            .map_err(|source| failed("downloading", source))
    }
}

fn captioned(kind: MediaKind, bytes: &[u8], caption: Option<&str>) -> Media {
    Media {
        caption: caption.map(str::to_owned),
        ..Media::new(kind, bytes)
    }
}

/// The medium of message `id`.
pub(super) fn pointer<'m>(message: &'m wa::Message, id: &str) -> Result<&'m dyn Downloadable, HumanError> {
    Attachment::of(message.get_base_message())
        .map(Attachment::pointer)
        .ok_or_else(|| HumanError::NoMedia { id: id.to_owned() })
}

pub(super) fn failed(doing: &'static str, source: impl Into<anyhow::Error>) -> HumanError {
    HumanError::Media {
        doing,
        source: source.into().into(),
    }
}

fn pointing_to(media: Media, at: UploadResponse) -> wa::Message {
    /// The part of a message that points to a medium: what is the same for every kind, and what is given besides.
    macro_rules! pointer {
        ($kind:ident { $($field:ident: $value:expr),* }) => {
            MessageField::some(wa::message::$kind {
                url: Some(at.url),
                direct_path: Some(at.direct_path),
                media_key: Some(at.media_key.to_vec()),
                file_sha256: Some(at.file_sha256.to_vec()),
                file_enc_sha256: Some(at.file_enc_sha256.to_vec()),
                file_length: Some(at.file_length),
                media_key_timestamp: Some(at.media_key_timestamp),
                mimetype: Some(media.mime),
                $($field: $value,)*
                ..Default::default()
            })
        };
    }
    let mut message = wa::Message::default();
    match media.kind {
        MediaKind::Image => {
            message.image_message = pointer!(ImageMessage {
                caption: media.caption,
                jpeg_thumbnail: media.thumbnail
            });
        }
        MediaKind::Video => {
            message.video_message = pointer!(VideoMessage {
                caption: media.caption,
                jpeg_thumbnail: media.thumbnail,
                streaming_sidecar: at.streaming_sidecar
            });
        }
        MediaKind::Audio => {
            message.audio_message = pointer!(AudioMessage {
                streaming_sidecar: at.streaming_sidecar
            });
        }
        MediaKind::Document => {
            message.document_message = pointer!(DocumentMessage {
                caption: media.caption,
                title: media.file_name.clone(),
                file_name: media.file_name,
                jpeg_thumbnail: media.thumbnail
            });
        }
        MediaKind::Sticker => {
            message.sticker_message = pointer!(StickerMessage {
                png_thumbnail: media.thumbnail
            });
        }
    }
    message
}

fn seen(base: &wa::Message) -> Option<MediaSeen> {
    let attachment = Attachment::of(base)?;
    let none = &None;
    let (kind, mime, caption, file_name, thumbnail) = match attachment {
        Attachment::Image(m) => (MediaKind::Image, &m.mimetype, &m.caption, none, &m.jpeg_thumbnail),
        Attachment::Video(m) => (MediaKind::Video, &m.mimetype, &m.caption, none, &m.jpeg_thumbnail),
        Attachment::Audio(m) => (MediaKind::Audio, &m.mimetype, none, none, &None),
        Attachment::Document(m) => (
            MediaKind::Document,
            &m.mimetype,
            &m.caption,
            &m.file_name,
            &m.jpeg_thumbnail,
        ),
        Attachment::Sticker(m) => (MediaKind::Sticker, &m.mimetype, none, none, &m.png_thumbnail),
    };
    let pointer = attachment.pointer();
    Some(MediaSeen {
        kind,
        mime: mime.clone().unwrap_or_default(),
        size: pointer.file_length().unwrap_or_default(),
        caption: caption.clone(),
        file_name: file_name.clone(),
        direct_path: pointer.direct_path().unwrap_or_default().to_owned(),
        thumbnail: thumbnail.clone(),
    })
}
