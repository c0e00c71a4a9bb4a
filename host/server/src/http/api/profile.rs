//! What the account shows of itself, and who may see and do what.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::Party;
use waspnest_core::affairs::{Presence, PrivacyCategory, PrivacySetting, PrivacyValue, StatusPrivacy};
use waspnest_core::given::Given;
use waspnest_core::live::{PictureSize, Refusal};

use super::groups::timer;
use crate::http::address::Address;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Form, Text, one_of, text_of};
use crate::http::operation::Json;
use crate::http::picture::jpeg;
use crate::http::reply::{NoContent, Shown};
use crate::service::error::Error;

/// Bytes of the longest name, and of the longest text about oneself: WhatsApp counts 25 and 139 characters.
const LONGEST_NAME: usize = 100;
const LONGEST_ABOUT: usize = 556;

/// What the account shows of itself.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Profile {
    who: Address,
    /// The name that is shown beside its messages.
    name: Option<String>,
    about: Option<String>,
    /// Where its picture is for a while.
    picture: Option<String>,
}

/// What is to be different about it.
pub(in crate::http) struct Changes {
    name: Option<String>,
    about: Option<String>,
}

impl FromFields for Changes {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "The name that is shown beside its messages.";
        let name = fields.optional("name", text_of(1, LONGEST_NAME), says);
        let says = "What it says about itself; the empty text takes it away.";
        let about = fields.optional("about", text_of(0, LONGEST_ABOUT), says);
        Some(Self { name, about })
    }
}

/// A picture.
pub(in crate::http) struct NewPicture(Bytes);

impl FromFields for NewPicture {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let says = "The picture; WhatsApp's own clients make a square of 640 pixels.";
        Some(Self(fields.required("data", jpeg(), says)?))
    }
}

/// Whether the account shows itself as being there.
pub(in crate::http) struct Shows(Presence);

impl FromFields for Shows {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let ways = one_of(&[
            ("available", Presence::Available),
            ("unavailable", Presence::Unavailable),
        ]);
        let says = "While it is available its phone may stay quiet, and others' presence is told.";
        Some(Self(fields.required("presence", ways, says)?))
    }
}

/// Who may see and do what: `everyone`, `contacts`, `contacts_except`, `nobody`, `match_last_seen`, `known`, `on`, `off`, or `other`.
#[derive(Serialize, JsonSchema, Default)]
pub(in crate::http) struct Privacy {
    /// When the account was there last.
    last_seen: Option<&'static str>,
    /// Whether it is there now.
    online: Option<&'static str>,
    /// Its picture.
    picture: Option<&'static str>,
    /// What it says about itself.
    about: Option<&'static str>,
    /// Put it into groups.
    groups: Option<&'static str>,
    /// That it has read a message.
    read_receipts: Option<&'static str>,
    /// Call it.
    calls: Option<&'static str>,
    /// Write to it.
    messages: Option<&'static str>,
    /// WhatsApp's strictest settings, all at once.
    defense: Option<&'static str>,
}

/// What is to be different about that.
pub(in crate::http) struct PrivacyChanges {
    settings: Vec<PrivacySetting>,
    default_timer: Option<Option<u32>>,
}

/// Who may be chosen for one thing.
fn choice(category: PrivacyCategory) -> impl Form<Out = PrivacySetting> {
    let allowed = category.allowed().iter().map(|value| value.name());
    let schema = serde_json::json!({ "enum": allowed.collect::<Vec<_>>() });
    Text.checked(schema, move |text: String| {
        let found = PrivacyValue::named(&text).filter(|value| category.allowed().contains(value));
        match found {
            Some(value) => Ok(PrivacySetting { category, value }),
            None => {
                let allowed: Vec<_> = category.allowed().iter().map(|value| value.name()).collect();
                Err(format!(
                    "{:?} is not allowed: expected {}",
                    Given::of(&text),
                    allowed.join(", ")
                ))
            }
        }
    })
}

impl FromFields for PrivacyChanges {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let mut settings = Vec::new();
        for category in PrivacyCategory::ALL {
            let says = match category {
                PrivacyCategory::LastSeen => "Who sees when the account was there last.",
                PrivacyCategory::Online => "Who sees whether it is there now.",
                PrivacyCategory::Picture => "Who sees its picture.",
                PrivacyCategory::About => "Who sees what it says about itself.",
                PrivacyCategory::Groups => "Who puts it into groups.",
                PrivacyCategory::ReadReceipts => "Who sees that it has read a message.",
                PrivacyCategory::Calls => "Who calls it.",
                PrivacyCategory::Messages => "Who writes to it.",
                PrivacyCategory::Defense => "WhatsApp's strictest settings, all at once.",
            };
            settings.extend(fields.optional(category.name(), choice(*category), says));
        }
        let says = "How many seconds messages stay in chats that begin from now on; 0 is for ever. WhatsApp tells nobody what it is.";
        let default_timer = fields.optional("default_ephemeral_seconds", timer(), says);
        Some(Self {
            settings,
            default_timer,
        })
    }
}

/// For whom the account's status posts are.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StatusPrivacy")]
pub(in crate::http) struct ShownStatusPrivacy {
    /// `contacts`, `contacts_except`, or `only`.
    audience: &'static str,
    /// Who does not get them, when all other contacts do.
    except: Vec<Address>,
    /// Who gets them, when nobody else does.
    only: Vec<Address>,
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<Profile>, ApiError> {
    let session = ctx.session().await?;
    let account = ctx.account().await?;
    let me = session.jid.or(session.lid).ok_or(Error::Refused(Refusal::Offline))?;
    let info = account.contact(&me).await?;
    let picture = account.picture(&me, PictureSize::Full).await?;
    Ok(Shown(Profile {
        who: Address::from(&info.who),
        name: session.push_name.map(Into::into),
        about: info.about.map(Into::into),
        picture: picture.map(Into::into),
    }))
}

pub(in crate::http) async fn update(
    ctx: Ctx,
    Json(Changes { name, about }): Json<Changes>,
) -> Result<NoContent, ApiError> {
    let account = ctx.account().await?;
    if let Some(name) = name {
        account.told(account.affairs().set_name(&name)).await?;
    }
    if let Some(about) = about {
        account.told(account.affairs().set_about(&about)).await?;
    }
    Ok(NoContent)
}

pub(in crate::http) async fn set_picture(
    ctx: Ctx,
    Json(NewPicture(picture)): Json<NewPicture>,
) -> Result<NoContent, ApiError> {
    let account = ctx.account().await?;
    account.told(account.affairs().set_picture(Some(picture))).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn remove_picture(ctx: Ctx) -> Result<NoContent, ApiError> {
    let account = ctx.account().await?;
    account.told(account.affairs().set_picture(None)).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn set_presence(ctx: Ctx, Json(Shows(presence)): Json<Shows>) -> Result<NoContent, ApiError> {
    let account = ctx.account().await?;
    account.told(account.affairs().set_presence(presence)).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn privacy(ctx: Ctx) -> Result<Shown<Privacy>, ApiError> {
    let account = ctx.account().await?;
    let settings = account.told(account.affairs().privacy()).await?;
    Ok(Shown(shown_privacy(&settings)))
}

/// One change after the other; those before one that is refused stay.
pub(in crate::http) async fn set_privacy(
    ctx: Ctx,
    Json(PrivacyChanges {
        settings,
        default_timer,
    }): Json<PrivacyChanges>,
) -> Result<Shown<Privacy>, ApiError> {
    let account = ctx.account().await?;
    for setting in settings {
        account.told(account.affairs().set_privacy(setting)).await?;
    }
    if let Some(seconds) = default_timer {
        account.told(account.affairs().set_default_timer(seconds)).await?;
    }
    let settings = account.told(account.affairs().privacy()).await?;
    Ok(Shown(shown_privacy(&settings)))
}

pub(in crate::http) async fn status_privacy(ctx: Ctx) -> Result<Shown<ShownStatusPrivacy>, ApiError> {
    let account = ctx.account().await?;
    let told = account.told(account.affairs().status_privacy()).await?;
    let StatusPrivacy { audience, except, only } = told;
    let people = |people: Vec<Party>| people.iter().map(Address::from).collect();
    Ok(Shown(ShownStatusPrivacy {
        audience: audience.name(),
        except: people(except),
        only: people(only),
    }))
}

fn shown_privacy(settings: &[PrivacySetting]) -> Privacy {
    let mut shown = Privacy::default();
    for PrivacySetting { category, value } in settings {
        let place = match category {
            PrivacyCategory::LastSeen => &mut shown.last_seen,
            PrivacyCategory::Online => &mut shown.online,
            PrivacyCategory::Picture => &mut shown.picture,
            PrivacyCategory::About => &mut shown.about,
            PrivacyCategory::Groups => &mut shown.groups,
            PrivacyCategory::ReadReceipts => &mut shown.read_receipts,
            PrivacyCategory::Calls => &mut shown.calls,
            PrivacyCategory::Messages => &mut shown.messages,
            PrivacyCategory::Defense => &mut shown.defense,
        };
        *place = Some(value.name());
    }
    shown
}
