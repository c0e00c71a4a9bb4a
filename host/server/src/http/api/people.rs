//! People: who has a number, what they show, whether they are blocked.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_core::address::Jid;
use waspnest_core::affairs::{Business, BusinessHours, Checked, OpenMode};
use waspnest_core::event::Switch;
use waspnest_core::live::{ContactInfo, PictureSize};

use super::groups::{People, shown_people};
use crate::http::address::Address;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{list, one_of, parsed};
use crate::http::operation::{Json, Query};
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{NoContent, Shown};

/// Numbers that are checked at a time.
const MOST_NUMBERS: usize = 500;

/// Somebody, as WhatsApp tells it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Contact")]
pub(in crate::http) struct ShownContact {
    who: Address,
    /// What they say about themselves, as far as the account may see it.
    about: Option<String>,
    /// Where their picture is for a while; none when there is none to be seen.
    picture: Option<String>,
    /// Whether the account blocks them.
    blocked: bool,
    /// The name WhatsApp verified, of a business.
    verified_name: Option<String>,
    /// What a business tells of itself; none for who is none.
    business: Option<ShownBusiness>,
}

/// What a business tells of itself.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Business")]
struct ShownBusiness {
    description: Option<String>,
    email: Option<String>,
    websites: Vec<String>,
    address: Option<String>,
    categories: Vec<String>,
    /// When it is open, where it says so.
    hours: Option<Hours>,
}

/// When a business is open.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BusinessHours")]
struct Hours {
    timezone: Option<String>,
    days: Vec<Day>,
}

/// When a business is open on one day.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BusinessDay")]
struct Day {
    /// `mon` to `sun`.
    day: &'static str,
    /// `hours`, `always`, `appointment`, or `other`.
    mode: &'static str,
    /// Minutes since midnight.
    opens: Option<u32>,
    /// Minutes since midnight.
    closes: Option<u32>,
}

/// What WhatsApp says about numbers.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct CheckedNumbers {
    /// In the order of the numbers.
    items: Vec<CheckedNumber>,
}

/// What WhatsApp says about a number.
#[derive(Serialize, JsonSchema)]
struct CheckedNumber {
    /// The number that was asked about.
    asked: Address,
    /// Whether somebody at WhatsApp has it.
    exists: bool,
    /// Who that is.
    who: Option<Address>,
    /// Whether it is a business.
    business: bool,
    /// The name WhatsApp verified, of a business.
    verified_name: Option<String>,
}

/// Somebody's devices.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Devices {
    items: Vec<ShownDevice>,
}

/// One device.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Device")]
struct ShownDevice {
    /// Its number; 0 is the phone.
    number: u16,
}

/// Where a picture is.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Picture {
    /// Where it can be fetched for a while; none when there is none to be seen.
    url: Option<String>,
}

/// Numbers to be checked.
pub(in crate::http) struct Numbers(Vec<Jid>);

impl FromFields for Numbers {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let phones = fields.required(
            "phones",
            list(parsed(), MOST_NUMBERS),
            "Phone numbers with country code.",
        );
        let phones = phones?;
        match phones.iter().find(|jid| !matches!(jid, Jid::Phone(_))) {
            None => Some(Self(phones)),
            Some(other) => {
                fields.fault("phones", format!("{other} is not a phone number"));
                None
            }
        }
    }
}

/// Which form of a picture.
pub(in crate::http) struct Size(PictureSize);

impl FromQuery for Size {
    fn from_query(params: &mut Params) -> Option<Self> {
        let sizes = one_of(&[("full", PictureSize::Full), ("preview", PictureSize::Preview)]);
        let size = params.optional("size", sizes, "How large; `full` if nothing is said.");
        Some(Self(size.unwrap_or(PictureSize::Full)))
    }
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownContact>, ApiError> {
    let who = ctx.person("jid")?;
    let account = ctx.account().await?;
    let info = account.contact(&who).await?;
    let picture = account.picture(&who, PictureSize::Full).await?;
    let business = match info.business {
        true => account.told(account.affairs().business(&who)).await?,
        false => None,
    };
    Ok(Shown(shown(&info, picture, business)))
}

pub(in crate::http) async fn picture(ctx: Ctx, Query(Size(size)): Query<Size>) -> Result<Shown<Picture>, ApiError> {
    let who = ctx.address("jid")?;
    let place = ctx.account().await?.picture(&who, size).await?;
    Ok(Shown(Picture {
        url: place.map(Into::into),
    }))
}

pub(in crate::http) async fn devices(ctx: Ctx) -> Result<Shown<Devices>, ApiError> {
    let who = ctx.person("jid")?;
    let account = ctx.account().await?;
    let devices = account.told(account.affairs().devices(&who)).await?;
    let items = devices.into_iter().map(|device| ShownDevice { number: device.number });
    Ok(Shown(Devices { items: items.collect() }))
}

pub(in crate::http) async fn check(
    ctx: Ctx,
    Json(Numbers(phones)): Json<Numbers>,
) -> Result<Shown<CheckedNumbers>, ApiError> {
    let account = ctx.account().await?;
    let told = account.told(account.affairs().check(&phones)).await?;
    let items = phones.iter().zip(&told).map(|(phone, told)| checked(phone, told));
    Ok(Shown(CheckedNumbers { items: items.collect() }))
}

pub(in crate::http) async fn watch(ctx: Ctx) -> Result<NoContent, ApiError> {
    watched(&ctx, Switch::On).await
}

pub(in crate::http) async fn unwatch(ctx: Ctx) -> Result<NoContent, ApiError> {
    watched(&ctx, Switch::Off).await
}

async fn watched(ctx: &Ctx, on: Switch) -> Result<NoContent, ApiError> {
    let who = ctx.person("jid")?;
    let account = ctx.account().await?;
    account.told(account.affairs().watch(&who, on)).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn blocked(ctx: Ctx) -> Result<Shown<People>, ApiError> {
    let account = ctx.account().await?;
    let people = account.told(account.affairs().blocked()).await?;
    Ok(Shown(shown_people(&people)))
}

pub(in crate::http) async fn block(ctx: Ctx) -> Result<NoContent, ApiError> {
    let who = ctx.person("jid")?;
    ctx.account().await?.block(&who, Switch::On).await?;
    Ok(NoContent)
}

pub(in crate::http) async fn unblock(ctx: Ctx) -> Result<NoContent, ApiError> {
    let who = ctx.person("jid")?;
    ctx.account().await?.block(&who, Switch::Off).await?;
    Ok(NoContent)
}

fn shown(info: &ContactInfo, picture: Option<Box<str>>, business: Option<Business>) -> ShownContact {
    ShownContact {
        who: Address::from(&info.who),
        about: info.about.as_deref().map(str::to_owned),
        picture: picture.map(Into::into),
        blocked: info.blocked,
        verified_name: info.verified_name.as_deref().map(str::to_owned),
        business: business.map(shown_business),
    }
}

fn shown_business(told: Business) -> ShownBusiness {
    let texts = |texts: Vec<Box<str>>| texts.into_iter().map(String::from).collect();
    ShownBusiness {
        description: told.description.map(Into::into),
        email: told.email.map(Into::into),
        websites: texts(told.websites),
        address: told.address.map(Into::into),
        categories: texts(told.categories),
        hours: told.hours.map(hours),
    }
}

fn hours(told: BusinessHours) -> Hours {
    let days = told.days.iter().map(|day| Day {
        day: day.day,
        mode: match day.mode {
            OpenMode::Hours => "hours",
            OpenMode::Always => "always",
            OpenMode::Appointment => "appointment",
            OpenMode::Other => "other",
        },
        opens: day.minutes.map(|(opens, _)| opens),
        closes: day.minutes.map(|(_, closes)| closes),
    });
    Hours {
        days: days.collect(),
        timezone: told.timezone.map(Into::into),
    }
}

fn checked(phone: &Jid, told: &Checked) -> CheckedNumber {
    CheckedNumber {
        asked: Address::from(phone),
        exists: told.who.is_some(),
        who: told.who.as_ref().map(Address::from),
        business: told.business,
        verified_name: told.verified_name.as_deref().map(str::to_owned),
    }
}
