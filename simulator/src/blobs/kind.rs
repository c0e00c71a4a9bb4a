//! What a blob is: it decides where uploads of it go and what its path looks like.

/// Kinds of media, as the paths of uploads name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BlobKind {
    /// Stickers are uploaded as images too.
    Image,
    Video,
    Audio,
    Document,
    Sticker,
    StickerPack,
    StickerPackThumbnail,
    LinkThumbnail,
    /// Thumbnails of documents, images and videos.
    Thumbnail,
    /// A history chunk for a companion.
    History,
    /// A snapshot or a large patch of a collection.
    AppState,
    /// Channel media, which are not encrypted.
    Newsletter,
    /// A picture in a business's catalogue, not encrypted.
    Product,
    /// A business's cover picture, not encrypted.
    CoverPhoto,
    /// Somebody's picture or a group's.
    Picture,
}

impl BlobKind {
    /// The kind that is uploaded to `/{service}/{name}/{token}`.
    pub(crate) fn of_upload(service: &str, name: &str) -> Option<Self> {
        let kind = match (service, name) {
            ("mms", "image") => Self::Image,
            ("mms", "video" | "gif" | "ptv") => Self::Video,
            ("mms", "audio" | "ptt") => Self::Audio,
            ("mms", "document") => Self::Document,
            ("mms", "sticker") => Self::Sticker,
            ("mms", "sticker-pack") => Self::StickerPack,
            ("mms", "thumbnail-sticker-pack") => Self::StickerPackThumbnail,
            ("mms", "thumbnail-link") => Self::LinkThumbnail,
            ("mms", "thumbnail-document" | "thumbnail-image" | "thumbnail-video") => Self::Thumbnail,
            ("mms", "md-msg-hist") => Self::History,
            ("mms", "md-app-state") => Self::AppState,
            ("newsletter", name) if name.starts_with("newsletter-") => Self::Newsletter,
            ("product", "image") => Self::Product,
            ("pps", "biz-cover-photo") => Self::CoverPhoto,
            _ => return None,
        };
        Some(kind)
    }

    /// The directory of direct paths (modelled on those seen in messages; no client reads it).
    pub(super) fn directory(self) -> &'static str {
        match self {
            Self::Image => "t62.7118-24",
            Self::Video => "t62.7161-24",
            Self::Audio => "t62.7117-24",
            Self::Document => "t62.7119-24",
            Self::Sticker => "t62.15575-24",
            Self::StickerPack => "t62.63993-24",
            Self::StickerPackThumbnail => "t62.63994-24",
            Self::LinkThumbnail => "t62.36147-24",
            Self::Thumbnail => "t62.36145-24",
            Self::History => "t62.36146-24",
            Self::AppState => "t62.34979-24",
            Self::Newsletter => "t66.36240-6",
            Self::Product => "t45.5328-4",
            Self::CoverPhoto => "t61.24693-24",
            Self::Picture => "t61.24694-24",
        }
    }

    /// The extension of direct paths.
    pub(super) fn extension(self) -> &'static str {
        if self.is_picture() { "jpg" } else { "enc" }
    }

    /// The `Content-Type` of a download.
    pub(crate) fn content_type(self) -> &'static str {
        if self.is_picture() {
            "image/jpeg"
        } else {
            "application/octet-stream"
        }
    }

    /// Whether everybody may look at it.
    fn is_picture(self) -> bool {
        match self {
            Self::Product | Self::CoverPhoto | Self::Picture => true,
            Self::Image
            | Self::Video
            | Self::Audio
            | Self::Document
            | Self::Sticker
            | Self::StickerPack
            | Self::StickerPackThumbnail
            | Self::LinkThumbnail
            | Self::Thumbnail
            | Self::History
            | Self::AppState
            | Self::Newsletter => false,
        }
    }
}
