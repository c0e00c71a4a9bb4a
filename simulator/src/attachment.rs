//! The medium a message points to, whatever kind it is: for people, who fetch it, and for phones, who put it back.

use whatsapp_rust::wacore::download::Downloadable;
use whatsapp_rust::waproto::whatsapp::Message;
use whatsapp_rust::waproto::whatsapp::message::{
    AudioMessage, DocumentMessage, ImageMessage, StickerMessage, VideoMessage,
};

/// The part of a message that points to a medium.
#[derive(Clone, Copy)]
pub(crate) enum Attachment<'m> {
    Image(&'m ImageMessage),
    Video(&'m VideoMessage),
    Audio(&'m AudioMessage),
    Document(&'m DocumentMessage),
    Sticker(&'m StickerMessage),
}

impl<'m> Attachment<'m> {
    /// That of a message out of its wrappings (`get_base_message`).
    pub(crate) fn of(base: &'m Message) -> Option<Self> {
        let image = base.image_message.as_option().map(Self::Image);
        image
            .or_else(|| base.video_message.as_option().map(Self::Video))
            .or_else(|| base.audio_message.as_option().map(Self::Audio))
            .or_else(|| base.document_message.as_option().map(Self::Document))
            .or_else(|| base.sticker_message.as_option().map(Self::Sticker))
    }

    /// Where it is and what opens it.
    pub(crate) fn pointer(self) -> &'m dyn Downloadable {
        match self {
            Self::Image(image) => image,
            Self::Video(video) => video,
            Self::Audio(audio) => audio,
            Self::Document(document) => document,
            Self::Sticker(sticker) => sticker,
        }
    }
}
