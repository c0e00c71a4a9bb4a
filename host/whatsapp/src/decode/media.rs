//! Pictures, videos, sounds, documents, stickers, and albums of them.

use waspnest_core::message::{Album, Content, Media, MediaSource, StickerPack};
use whatsapp_rust::waproto::whatsapp as wa;

use super::{Scope, bytes, filled, required};

pub(super) fn decode(base: &wa::Message, _: &Scope<'_>) -> Option<Content> {
    if let Some(part) = base.image_message.as_option() {
        return Some(Content::Image(image(part)));
    }
    if let Some(part) = base.video_message.as_option() {
        return Some(Content::Video(video(part)));
    }
    if let Some(part) = base.ptv_message.as_option() {
        return Some(Content::VideoNote(video(part)));
    }
    if let Some(part) = base.audio_message.as_option() {
        let media = audio(part);
        return Some(if part.ptt.unwrap_or_default() {
            Content::Voice(media)
        } else {
            Content::Audio(media)
        });
    }
    if let Some(part) = base.document_message.as_option() {
        return Some(Content::Document(document(part)));
    }
    if let Some(part) = base.sticker_message.as_option() {
        return Some(Content::Sticker(sticker(part)));
    }
    if let Some(part) = base.sticker_pack_message.as_option() {
        return Some(Content::StickerPack(sticker_pack(part)));
    }
    let album = base.album_message.as_option()?;
    Some(Content::Album(Album {
        expected_images: album.expected_image_count.unwrap_or_default(),
        expected_videos: album.expected_video_count.unwrap_or_default(),
    }))
}

/// What every kind of media has, under the same names.
macro_rules! file {
    ($part:expr) => {
        Media {
            source: MediaSource {
                url: filled($part.url.as_deref()),
                direct_path: filled($part.direct_path.as_deref()),
                media_key: bytes($part.media_key.as_ref()),
                enc_sha256: bytes($part.file_enc_sha256.as_ref()),
                key_timestamp: $part.media_key_timestamp,
            },
            mime: filled($part.mimetype.as_deref()).unwrap_or_else(|| "application/octet-stream".into()),
            size: $part.file_length.unwrap_or_default(),
            sha256: bytes($part.file_sha256.as_ref()),
            caption: None,
            file_name: None,
            width: None,
            height: None,
            duration_ms: None,
            pages: None,
            waveform: None,
            animated: false,
            gif: false,
            thumbnail: None,
        }
    };
}

pub(super) fn image(part: &wa::message::ImageMessage) -> Media {
    Media {
        caption: filled(part.caption.as_deref()),
        width: part.width,
        height: part.height,
        thumbnail: bytes(part.jpeg_thumbnail.as_ref()),
        ..file!(part)
    }
}

pub(super) fn video(part: &wa::message::VideoMessage) -> Media {
    Media {
        caption: filled(part.caption.as_deref()),
        width: part.width,
        height: part.height,
        duration_ms: milliseconds(part.seconds),
        gif: part.gif_playback.unwrap_or_default(),
        thumbnail: bytes(part.jpeg_thumbnail.as_ref()),
        ..file!(part)
    }
}

pub(super) fn document(part: &wa::message::DocumentMessage) -> Media {
    Media {
        caption: filled(part.caption.as_deref()),
        file_name: filled(part.file_name.as_deref()).or_else(|| filled(part.title.as_deref())),
        pages: part.page_count,
        thumbnail: bytes(part.jpeg_thumbnail.as_ref()),
        ..file!(part)
    }
}

fn audio(part: &wa::message::AudioMessage) -> Media {
    Media {
        duration_ms: milliseconds(part.seconds),
        waveform: bytes(part.waveform.as_ref()),
        ..file!(part)
    }
}

fn sticker(part: &wa::message::StickerMessage) -> Media {
    Media {
        width: part.width,
        height: part.height,
        animated: part.is_animated.unwrap_or_default() || part.is_lottie.unwrap_or_default(),
        thumbnail: bytes(part.png_thumbnail.as_ref()),
        ..file!(part)
    }
}

fn sticker_pack(part: &wa::message::StickerPackMessage) -> StickerPack {
    let cover = filled(part.thumbnail_direct_path.as_deref()).map(|path| Media {
        source: MediaSource {
            url: None,
            direct_path: Some(path),
            media_key: bytes(part.media_key.as_ref()),
            enc_sha256: bytes(part.thumbnail_enc_sha256.as_ref()),
            key_timestamp: part.media_key_timestamp,
        },
        mime: "image/jpeg".into(),
        size: 0,
        sha256: bytes(part.thumbnail_sha256.as_ref()),
        caption: None,
        file_name: None,
        width: part.thumbnail_width,
        height: part.thumbnail_height,
        duration_ms: None,
        pages: None,
        waveform: None,
        animated: false,
        gif: false,
        thumbnail: None,
    });
    StickerPack {
        id: required(part.sticker_pack_id.as_deref()),
        name: required(part.name.as_deref()),
        publisher: required(part.publisher.as_deref()),
        cover,
        count: u32::try_from(part.stickers.len()).unwrap_or(u32::MAX),
    }
}

fn milliseconds(seconds: Option<u32>) -> Option<u32> {
    seconds.map(|seconds| seconds.saturating_mul(1000))
}
