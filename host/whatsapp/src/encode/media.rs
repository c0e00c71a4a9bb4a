//! Pictures, videos, sounds, documents and stickers that are on WhatsApp's servers already, and albums of them.

use waspnest_core::message::{Album, Media};
use whatsapp_rust::waproto::whatsapp as wa;

use super::{EncodeError, mark, maybe, some, text_of, wrapped};

/// What an animated sticker in vector form is told by.
const LOTTIE: &str = "application/was";

/// How a sound is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sound {
    /// As a file.
    File,
    /// As spoken.
    Voice,
}

/// A protocol buffer with what every kind of media has, under the same names.
macro_rules! file {
    ($kind:ident, $media:expr, { $($field:ident: $value:expr,)* }) => {
        wa::message::$kind {
            url: maybe($media.source.url.as_deref()),
            direct_path: maybe($media.source.direct_path.as_deref()),
            media_key: $media.source.media_key.clone(),
            file_enc_sha256: $media.source.enc_sha256.clone(),
            media_key_timestamp: $media.source.key_timestamp,
            mimetype: text_of(&$media.mime),
            file_length: Some($media.size),
            file_sha256: $media.sha256.clone(),
            $($field: $value,)*
            ..Default::default()
        }
    };
}

pub(super) fn image_message(media: &Media, kind: &'static str) -> Result<wa::Message, EncodeError> {
    Ok(wa::Message {
        image_message: some(image(media, kind)?),
        ..Default::default()
    })
}

pub(super) fn video_message(media: &Media, kind: &'static str) -> Result<wa::Message, EncodeError> {
    Ok(wa::Message {
        video_message: some(video(media, kind)?),
        ..Default::default()
    })
}

pub(super) fn video_note(media: &Media, kind: &'static str) -> Result<wa::Message, EncodeError> {
    Ok(wa::Message {
        ptv_message: some(video(media, kind)?),
        ..Default::default()
    })
}

/// A caption is understood by older clients only inside its envelope.
pub(super) fn document_message(media: &Media, kind: &'static str) -> Result<wa::Message, EncodeError> {
    let message = wa::Message {
        document_message: some(document(media, kind)?),
        ..Default::default()
    };
    if media.caption.is_none() {
        return Ok(message);
    }
    Ok(wa::Message {
        document_with_caption_message: wrapped(message),
        ..Default::default()
    })
}

pub(super) fn audio_message(media: &Media, kind: &'static str, sound: Sound) -> Result<wa::Message, EncodeError> {
    uploaded(media, kind)?;
    Ok(wa::Message {
        audio_message: some(file!(AudioMessage, media, {
            seconds: seconds(media),
            ptt: mark(sound == Sound::Voice),
            waveform: media.waveform.clone(),
        })),
        ..Default::default()
    })
}

pub(super) fn sticker_message(media: &Media, kind: &'static str) -> Result<wa::Message, EncodeError> {
    uploaded(media, kind)?;
    let lottie = &*media.mime == LOTTIE;
    let message = wa::Message {
        sticker_message: some(file!(StickerMessage, media, {
            width: media.width,
            height: media.height,
            is_animated: mark(media.animated),
            is_lottie: mark(lottie),
            png_thumbnail: media.thumbnail.clone(),
        })),
        ..Default::default()
    };
    if !lottie {
        return Ok(message);
    }
    Ok(wa::Message {
        lottie_sticker_message: wrapped(message),
        ..Default::default()
    })
}

pub(super) fn album(album: &Album) -> wa::Message {
    wa::Message {
        album_message: some(wa::message::AlbumMessage {
            expected_image_count: Some(album.expected_images),
            expected_video_count: Some(album.expected_videos),
            ..Default::default()
        }),
        ..Default::default()
    }
}

pub(super) fn image(media: &Media, kind: &'static str) -> Result<wa::message::ImageMessage, EncodeError> {
    uploaded(media, kind)?;
    Ok(file!(ImageMessage, media, {
        caption: maybe(media.caption.as_deref()),
        width: media.width,
        height: media.height,
        jpeg_thumbnail: media.thumbnail.clone(),
    }))
}

pub(super) fn video(media: &Media, kind: &'static str) -> Result<wa::message::VideoMessage, EncodeError> {
    uploaded(media, kind)?;
    Ok(file!(VideoMessage, media, {
        caption: maybe(media.caption.as_deref()),
        width: media.width,
        height: media.height,
        seconds: seconds(media),
        gif_playback: mark(media.gif),
        jpeg_thumbnail: media.thumbnail.clone(),
    }))
}

pub(super) fn document(media: &Media, kind: &'static str) -> Result<wa::message::DocumentMessage, EncodeError> {
    uploaded(media, kind)?;
    Ok(file!(DocumentMessage, media, {
        caption: maybe(media.caption.as_deref()),
        file_name: maybe(media.file_name.as_deref()),
        title: maybe(media.file_name.as_deref()),
        page_count: media.pages,
        jpeg_thumbnail: media.thumbnail.clone(),
    }))
}

fn uploaded(media: &Media, kind: &'static str) -> Result<(), EncodeError> {
    if media.source.url.is_none() && media.source.direct_path.is_none() {
        return Err(EncodeError::NotUploaded { kind });
    }
    Ok(())
}

fn seconds(media: &Media) -> Option<u32> {
    media.duration_ms.map(|milliseconds| milliseconds.div_ceil(1000))
}
