//! What the endpoint is told of a message. A promise to endpoints: fields are only added.
//!
//! It holds nothing that another attempt at the same message would say differently: the host knows a repeated request by its body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use waspnest_plugin::types::{Address, ChatKind, Content, EventContext, Message, UnixMs};
use waspnest_plugin::{Error, media};

use crate::settings::Media;

/// The largest file that is handed over: what fits into a request, written as base64.
const INLINE: u64 = 512 * 1024;

/// A message, as JSON shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Envelope<'a> {
    /// Of the event: the same however often it is sent.
    id: &'a str,
    session: &'a str,
    chat: Chat<'a>,
    sender: Sender<'a>,
    message: Told<'a>,
}

#[derive(Debug, Serialize)]
struct Chat<'a> {
    id: &'a str,
    kind: &'static str,
    name: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Sender<'a> {
    id: &'a str,
    /// The other address, where it is known.
    alt: Option<&'a str>,
    name: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Told<'a> {
    id: &'a str,
    kind: &'static str,
    /// Without the prefix.
    text: &'a str,
    /// Milliseconds since 1970.
    timestamp: UnixMs,
    mentions_me: bool,
    quoted: Option<Quoted<'a>>,
    media: Option<File<'a>>,
    location: Option<Location<'a>>,
    /// What was chosen of an interactive message.
    choice: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Quoted<'a> {
    id: &'a str,
    from_me: bool,
    text: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct File<'a> {
    mime: &'a str,
    size: u64,
    name: Option<&'a str>,
    /// The file itself, where that is configured, granted, and not too much.
    base64: Option<String>,
}

#[derive(Debug, Serialize)]
struct Location<'a> {
    latitude: f64,
    longitude: f64,
    name: Option<&'a str>,
}

impl<'a> Envelope<'a> {
    /// Tells a message.
    ///
    /// # Errors
    /// When its file is to be handed over and cannot be fetched for now.
    pub(crate) fn of(ctx: &'a EventContext, msg: &'a Message, text: &'a str, media: Media) -> Result<Self, Error> {
        let Address { jid, alt, push_name } = &msg.sender;
        Ok(Self {
            id: &ctx.event_id,
            session: &ctx.session,
            chat: Chat {
                id: &msg.key.chat,
                kind: match msg.chat_kind {
                    ChatKind::Direct => "direct",
                    ChatKind::Group => "group",
                    ChatKind::Community => "community",
                    ChatKind::Broadcast => "broadcast",
                    ChatKind::Status => "status",
                    ChatKind::Newsletter => "newsletter",
                    ChatKind::Bot => "bot",
                    ChatKind::Other => "other",
                },
                name: msg.chat_name.as_deref(),
            },
            sender: Sender {
                id: jid,
                alt: alt.as_deref(),
                name: push_name.as_deref(),
            },
            message: Told {
                id: &msg.key.id,
                kind: kind(&msg.content),
                text,
                timestamp: msg.timestamp,
                mentions_me: msg.mentions_me,
                quoted: msg.quoted.as_ref().map(|quoted| Quoted {
                    id: &quoted.key.id,
                    from_me: quoted.key.from_me,
                    text: quoted.text.as_deref(),
                }),
                media: file(msg, media)?,
                location: match &msg.content {
                    Content::Location(place) => Some(Location {
                        latitude: place.latitude,
                        longitude: place.longitude,
                        name: place.name.as_deref(),
                    }),
                    _ => None,
                },
                choice: match &msg.content {
                    Content::InteractiveReply(reply) => Some(&reply.id),
                    _ => None,
                },
            },
        })
    }
}

/// The kinds that the manifest subscribes to.
fn kind(content: &Content) -> &'static str {
    match content {
        Content::Text(_) => "text",
        Content::Image(_) => "image",
        Content::Video(_) => "video",
        Content::VideoNote(_) => "video-note",
        Content::Audio(_) => "audio",
        Content::Voice(_) => "voice",
        Content::Document(_) => "document",
        Content::Sticker(_) => "sticker",
        Content::Location(_) => "location",
        Content::Contacts(_) => "contacts",
        Content::InteractiveReply(_) => "interactive-reply",
        _ => "other",
    }
}

fn file(msg: &Message, how: Media) -> Result<Option<File<'_>>, Error> {
    let Some(file) = media::of(msg) else {
        return Ok(None);
    };
    let base64 = match how {
        Media::Inline if file.size <= INLINE => match media::read(&file.handle) {
            Ok(bytes) => Some(STANDARD.encode(bytes)),
            Err(error) if error.is_denied() => None,
            Err(error) => return Err(error),
        },
        Media::Inline | Media::Describe => None,
    };
    Ok(Some(File {
        mime: &file.mime,
        size: file.size,
        name: file.file_name.as_deref(),
        base64,
    }))
}
