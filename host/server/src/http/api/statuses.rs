//! Status posts: what the account shows for a day.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::Jid;
use waspnest_core::affairs::{Post, PostContent, PostFont, StatusAudience};
use waspnest_core::given::Given;
use waspnest_core::id::MessageId;

use super::groups::people;
use crate::http::address::Moment;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Form, Text, integer, one_of, text_of};
use crate::http::operation::{Json, MaybeJson};
use crate::http::picture::file;
use crate::http::reply::{Created, NoContent};

/// Bytes of the longest text of a post: WhatsApp counts 700 characters.
const LONGEST_TEXT: usize = 2800;
/// Bytes of the largest file. Larger ones are no posts: phones cut videos to a minute and a half.
pub(in crate::http) const LARGEST_FILE: usize = 16 << 20;
/// Seconds of the longest video.
const LONGEST_VIDEO: u64 = 3600;
/// The ground of a text, when nothing is said: WhatsApp's green.
const GREEN: u32 = 0xFF_12_8C_7E;

/// A post, as it is known by.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StatusPost")]
pub(in crate::http) struct ShownPost {
    /// Its id, by which it is taken back.
    id: String,
    /// When WhatsApp's server had it.
    posted_at: Moment,
    /// How many people it is for.
    recipients: usize,
}

/// A post to be made, and for whom.
pub(in crate::http) struct NewPost {
    post: Post,
    to: Vec<Jid>,
}

impl FromFields for NewPost {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.variant(
            "type",
            "What it shows.",
            &[("text", text), ("image", image), ("video", video)],
        )
    }
}

/// `#rrggbb` or `#aarrggbb`.
fn colour() -> impl Form<Out = u32> {
    let schema = serde_json::json!({ "pattern": "^#([0-9a-fA-F]{6}|[0-9a-fA-F]{8})$", "examples": ["#128c7e"] });
    Text.checked(schema, |text: String| {
        let wrong = || {
            format!(
                "{:?} is not a colour: expected one such as \"#128c7e\"",
                Given::of(&text)
            )
        };
        let digits = text.strip_prefix('#').ok_or_else(wrong)?;
        // Numbers may have a sign where colours have none.
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
        match digits.len() {
            6 => Ok(number | 0xFF00_0000),
            8 => Ok(number),
            _ => Err(wrong()),
        }
    })
}

const FONTS: &[(&str, PostFont)] = &[
    ("system", PostFont::System),
    ("system_text", PostFont::SystemText),
    ("script", PostFont::Script),
    ("system_bold", PostFont::SystemBold),
    ("morningbreeze", PostFont::Morningbreeze),
    ("calistoga", PostFont::Calistoga),
    ("exo", PostFont::Exo),
    ("courier", PostFont::Courier),
];

fn text(fields: &mut Fields) -> Option<NewPost> {
    let body = fields.required("text", text_of(1, LONGEST_TEXT), "What it says.");
    let background = fields.optional(
        "background",
        colour(),
        "The colour of the ground; green if nothing is said.",
    );
    let font = fields.optional(
        "font",
        one_of(FONTS),
        "In which letters; those of the system if nothing is said.",
    );
    let (audience, to) = whom(fields);
    Some(NewPost {
        post: Post {
            content: PostContent::Text {
                body: body?.into(),
                background: background.unwrap_or(GREEN),
                font: font.unwrap_or_default(),
            },
            audience,
        },
        to,
    })
}

fn image(fields: &mut Fields) -> Option<NewPost> {
    let bytes = fields.required("data", file(LARGEST_FILE), "The picture.");
    let kinds = one_of(&[("image/jpeg", "image/jpeg"), ("image/png", "image/png")]);
    let mime = fields.optional("mime", kinds, "Its media type; `image/jpeg` if nothing is said.");
    let caption = fields.optional("caption", text_of(1, LONGEST_TEXT), "What is said about it.");
    let (audience, to) = whom(fields);
    Some(NewPost {
        post: Post {
            content: PostContent::Image {
                bytes: bytes?,
                mime: mime.unwrap_or("image/jpeg").into(),
                caption: caption.map(Into::into),
            },
            audience,
        },
        to,
    })
}

fn video(fields: &mut Fields) -> Option<NewPost> {
    let bytes = fields.required("data", file(LARGEST_FILE), "The video: MP4 with H.264 and AAC.");
    let seconds = fields.optional("seconds", integer(1, LONGEST_VIDEO), "How long it is.");
    let caption = fields.optional("caption", text_of(1, LONGEST_TEXT), "What is said about it.");
    let (audience, to) = whom(fields);
    Some(NewPost {
        post: Post {
            content: PostContent::Video {
                bytes: bytes?,
                mime: "video/mp4".into(),
                seconds: seconds.and_then(|seconds| u32::try_from(seconds).ok()),
                caption: caption.map(Into::into),
            },
            audience,
        },
        to,
    })
}

fn whom(fields: &mut Fields) -> (StatusAudience, Vec<Jid>) {
    let says = "Whom it is for; everybody whose number the session knows if nothing is said.";
    let to = fields.optional("to", people(), says);
    let audiences = one_of(&[
        ("contacts", StatusAudience::Contacts),
        ("contacts_except", StatusAudience::Except),
        ("only", StatusAudience::Only),
    ]);
    let says = "What phones are told about who else gets it; `only` when `to` is given, else `contacts`.";
    let audience = fields.optional("audience", audiences, says);
    let to = to.unwrap_or_default();
    let usual = match to.is_empty() {
        true => StatusAudience::Contacts,
        false => StatusAudience::Only,
    };
    (audience.unwrap_or(usual), to)
}

/// From whom a post is taken back.
pub(in crate::http) struct Back(Vec<Jid>);

impl FromFields for Back {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "From whom: the people it went to. Everybody whose number the session knows if nothing is said.";
        Some(Self(fields.optional("from", people(), says).unwrap_or_default()))
    }
}

pub(in crate::http) async fn create(
    ctx: Ctx,
    Json(NewPost { post, to }): Json<NewPost>,
) -> Result<Created<ShownPost>, ApiError> {
    let made = ctx.account().await?.post(post, to).await?;
    let shown = ShownPost {
        id: made.posted.id.to_string(),
        posted_at: Moment(made.posted.at),
        recipients: made.recipients,
    };
    Ok(Created { shown, at: None })
}

pub(in crate::http) async fn revoke(ctx: Ctx, MaybeJson(Back(from)): MaybeJson<Back>) -> Result<NoContent, ApiError> {
    let post: MessageId = ctx
        .param("post")
        .parse()
        .map_err(|_| ApiError::invalid_path(format!("{:?} is not the id of a message", ctx.param("post"))))?;
    ctx.account().await?.take_back(&post, from).await?;
    Ok(NoContent)
}
