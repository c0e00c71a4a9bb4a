//! Bodies that say what to send: one form for each `type`, with what they have in common.

pub(super) mod kinds;

use serde_json::json;
use url::Url;
use waspnest_core::address::Jid;
use waspnest_core::files::FileName;
use waspnest_core::given::Given;
use waspnest_core::message::{Content, LinkPreview, Media, Origin};

use crate::http::body::{Fields, FromFields, Variant};
use crate::http::form::{Flag, Form, Text, integer, list, one_of, parsed, text_of};
use crate::http::values::{Base64, OneOrMany, Time};
use crate::service::media::{mime_of, name_of};
use crate::service::outgoing::{Beside, FileSource, FileToSend, Looks, Named, Outgoing, What, some_file};

/// Bytes of the longest text WhatsApp's clients send.
pub(super) const LONGEST_TEXT: usize = 65_536;
/// The most people a message may mention: more than a group can have.
const MOST_MENTIONS: usize = 2048;
/// Recipients of one request.
const MOST_RECIPIENTS: usize = 1000;
/// Bytes of a name, a title, an option or an address line.
const LINE: usize = 1024;
/// Bytes of a vCard or a description.
const BODY: usize = 16 << 10;
/// Bytes of a file that comes within a request.
const MOST_BASE64: usize = 16 << 20;
/// Bytes of a thumbnail.
const THUMBNAIL: usize = 64 << 10;
/// Bytes of the largest body there can be of these.
pub(in crate::http) const LARGEST_BODY: u64 = 24 << 20;

const FORMS: &[Variant<Outgoing>] = &[
    ("text", text),
    ("image", image),
    ("video", video),
    ("video-note", video_note),
    ("audio", audio),
    ("voice", voice),
    ("document", document),
    ("sticker", sticker),
    ("location", kinds::location),
    ("live-location", kinds::live_location),
    ("contacts", kinds::contacts),
    ("poll", kinds::poll),
    ("poll-vote", kinds::poll_vote),
    ("event", kinds::event),
    ("reaction", kinds::reaction),
    ("comment", kinds::comment),
    ("group-invite", kinds::group_invite),
    ("newsletter-invite", kinds::newsletter_invite),
    ("product", kinds::product),
    ("scheduled-call", kinds::scheduled_call),
    ("question", kinds::question),
    ("keep", kinds::keep),
    ("chat-timer", kinds::chat_timer),
    ("phone-share", kinds::phone_share),
    ("buttons", kinds::choices),
    ("list", kinds::choices),
    ("template", kinds::choices),
    ("album", kinds::album),
    ("sticker-pack", kinds::sticker_pack),
    ("event-response", kinds::event_response),
];

impl FromFields for Outgoing {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.variant("type", "What is sent.", FORMS)
    }
}

/// What every form has beside its own fields.
fn outgoing(fields: &mut Fields, what: Option<What>) -> Option<Outgoing> {
    let recipients = OneOrMany {
        form: parsed::<Jid>(),
        most: MOST_RECIPIENTS,
    };
    let to = fields.required(
        "to",
        recipients,
        "To whom: one, or a list, each of whom gets a message of their own.",
    );
    let quote = fields.object("quote", "The message it answers, in the same chat.", named);
    let mentions = fields.optional("mentions", list(parsed(), MOST_MENTIONS), "Who is mentioned.");
    let ephemeral_s = fields.optional("ephemeral_s", small(1, 7_776_000), "Seconds until it disappears.");
    let typing_ms = fields.optional(
        "typing_ms",
        small(0, 60_000),
        "Milliseconds to show \"typing\" first; the session's send policy decides if nothing is said.",
    );
    let forwarded = fields.optional(
        "forwarded_score",
        small(0, 127),
        "How often it was passed on; 0 for an original.",
    );
    let once = fields.optional(
        "view_once",
        Flag,
        "Whether it can be looked at once; pictures, videos and sounds.",
    );
    let send_at = fields.optional("send_at", Time, "When to send it; now if nothing is said.");
    let once = once.unwrap_or_default();
    if let (true, Some(What::File(file))) = (once, &what)
        && !can_be_for_one_look(&(file.kind)(some_file()))
    {
        fields.fault("view_once", "only pictures, videos and sounds can be for one look");
        return None;
    }
    if once && !matches!(what, Some(What::File(_)) | None) {
        fields.fault("view_once", "only pictures, videos and sounds can be for one look");
        return None;
    }
    Some(Outgoing {
        to: to?,
        what: what?,
        beside: Beside {
            quote,
            mentions: mentions.unwrap_or_default(),
            ephemeral_s,
            typing_ms,
            looks: if once { Looks::Once } else { Looks::Often },
            forwarded_score: forwarded.unwrap_or_default(),
        },
        send_at,
    })
}

const fn can_be_for_one_look(content: &Content) -> bool {
    matches!(
        content,
        Content::Image(_) | Content::Video(_) | Content::Audio(_) | Content::Voice(_)
    )
}

/// A message of the chat.
pub(super) fn named(fields: &mut Fields) -> Option<Named> {
    let id = fields.required("id", parsed(), "WhatsApp's id of it.");
    let side = one_of(&[("them", Origin::Them), ("me", Origin::Me)]);
    let from = fields.optional("from", side, "Which side wrote it; found out if nothing is said.");
    let participant = fields.optional("participant", parsed(), "Who wrote it, in a group.");
    Some(Named {
        id: id?,
        from,
        participant,
    })
}

/// A whole number that fits into 32 bits.
fn small(from: u32, to: u32) -> impl Form<Out = u32> {
    integer(from.into(), to.into()).checked(json!({}), |number| {
        u32::try_from(number).map_err(|_| "is too large".to_owned())
    })
}

fn line() -> impl Form<Out = String> {
    text_of(1, LINE)
}

fn content(fields: &mut Fields, content: Option<Content>) -> Option<Outgoing> {
    outgoing(fields, content.map(|content| What::Content(Box::new(content))))
}

fn text(fields: &mut Fields) -> Option<Outgoing> {
    let body = fields.required("text", text_of(1, LONGEST_TEXT), "What it says.");
    let preview = fields.object("preview", "What is shown of a link in it.", |fields| {
        let url = fields.required("url", parsed::<Url>(), "The link.");
        let title = fields.optional("title", line(), "Its title.");
        let description = fields.optional("description", line(), "What it is about.");
        let thumbnail = fields.optional("thumbnail", Base64(THUMBNAIL), "A small JPEG.");
        let fetch = fields.optional(
            "fetch",
            Flag,
            "Whether the host asks the page for title and description.",
        );
        let (url, fetch) = (url?, fetch.unwrap_or_default());
        if fetch && (title.is_some() || description.is_some() || thumbnail.is_some()) {
            fields.fault("fetch", "is either true, or the preview is given here");
            return None;
        }
        let shown = LinkPreview {
            url: url.as_str().into(),
            title: title.map(Into::into),
            description: description.map(Into::into),
            thumbnail: thumbnail.map(|bytes| bytes.to_vec()),
        };
        Some((url, (!fetch).then_some(shown)))
    });
    let what = body.map(|body| {
        let body: Box<str> = body.into();
        match preview {
            Some((url, None)) => What::TextWithPreview(body, url),
            Some((_, preview)) => What::Content(Box::new(words(body, preview))),
            None => What::Content(Box::new(words(body, None))),
        }
    });
    outgoing(fields, what)
}

fn words(body: Box<str>, preview: Option<LinkPreview>) -> Content {
    Content::Text(waspnest_core::message::Text { body, preview })
}

fn file(fields: &mut Fields, kind: fn(Media) -> Content) -> Option<Outgoing> {
    let media = fields.required_object(
        "media",
        "The file: by its id here, from a server, or within the request.",
        |fields| {
            let id = fields.optional("id", digest(), "The id it was given when it was put here.");
            let url = fields.optional("url", web(), "Where a server has it.");
            let bytes = fields.optional("base64", Base64(MOST_BASE64), "The file itself.");
            let mime = fields.optional("mimetype", mimetype(), "Its type; found out if nothing is said.");
            let file_name = fields.optional("filename", file_name(), "Its name, for documents.");
            let caption = fields.optional("caption", text_of(1, LONGEST_TEXT), "A text under it.");
            let width = fields.optional("width", small(1, 65_535), "Pixels.");
            let height = fields.optional("height", small(1, 65_535), "Pixels.");
            let duration_ms = fields.optional("duration_ms", small(1, 86_400_000), "Length of sound or video.");
            let pages = fields.optional("pages", small(1, 1_000_000), "Pages of a document.");
            let waveform = fields.optional(
                "waveform",
                list(small(0, 100), 64),
                "Loudness of a voice message, up to 64 samples of 0 to 100.",
            );
            let thumbnail = fields.optional("thumbnail", Base64(THUMBNAIL), "A small JPEG (PNG for stickers).");
            let gif = fields.optional("gif", Flag, "Whether a video is looped like a GIF.");
            let animated = fields.optional("animated", Flag, "Whether a sticker moves.");
            let source = match (id, url, bytes) {
                (Some(id), None, None) => FileSource::Media(id),
                (None, Some(url), None) => FileSource::Url(url),
                (None, None, Some(bytes)) => FileSource::Bytes(bytes),
                _ => {
                    fields.fault("", "needs exactly one of id, url and base64");
                    return None;
                }
            };
            let about = Media {
                mime: mime.unwrap_or_default(),
                file_name,
                caption: caption.map(Into::into),
                width,
                height,
                duration_ms,
                pages,
                waveform: waveform.map(|samples| {
                    samples
                        .into_iter()
                        .filter_map(|sample| u8::try_from(sample).ok())
                        .collect()
                }),
                thumbnail: thumbnail.map(|bytes| bytes.to_vec()),
                gif: gif.unwrap_or_default(),
                animated: animated.unwrap_or_default(),
                ..some_file()
            };
            Some((source, about))
        },
    );
    let what = media.map(|(source, about)| What::File(Box::new(FileToSend { kind, source, about })));
    outgoing(fields, what)
}

fn image(fields: &mut Fields) -> Option<Outgoing> {
    file(fields, Content::Image)
}

fn video(fields: &mut Fields) -> Option<Outgoing> {
    file(fields, Content::Video)
}

fn video_note(fields: &mut Fields) -> Option<Outgoing> {
    file(fields, Content::VideoNote)
}

fn audio(fields: &mut Fields) -> Option<Outgoing> {
    file(fields, Content::Audio)
}

fn voice(fields: &mut Fields) -> Option<Outgoing> {
    file(fields, Content::Voice)
}

fn document(fields: &mut Fields) -> Option<Outgoing> {
    file(fields, Content::Document)
}

fn sticker(fields: &mut Fields) -> Option<Outgoing> {
    file(fields, Content::Sticker)
}

fn digest() -> impl Form<Out = FileName> {
    Text.checked(json!({ "pattern": "^[0-9a-f]{64}$" }), |text: String| {
        text.parse()
            .map_err(|error: waspnest_core::files::InvalidName| error.to_string())
    })
}

fn web() -> impl Form<Out = Url> {
    parsed::<Url>().checked(json!({}), |url: Url| match url.scheme() {
        "http" | "https" if url.has_host() && url.username().is_empty() && url.password().is_none() => Ok(url),
        _ => Err("is not an http or https URL without user name and password".to_owned()),
    })
}

fn mimetype() -> impl Form<Out = Box<str>> {
    Text.checked(json!({ "examples": ["image/jpeg"] }), |text: String| {
        mime_of(&text).ok_or_else(|| format!("{:?} is not a type such as image/jpeg", Given::of(&text)))
    })
}

fn file_name() -> impl Form<Out = Box<str>> {
    Text.checked(json!({ "minLength": 1, "maxLength": 255 }), |text: String| {
        let fit = name_of(&text).filter(|name| **name == *text);
        fit.ok_or_else(|| format!("{:?} is not the name of a file", Given::of(&text)))
    })
}
