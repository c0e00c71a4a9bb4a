//! Linking a phone other than by a QR code alone: a code that is typed into it, and the passkey WhatsApp may want to see.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use waspnest_core::address::Jid;
use waspnest_whatsapp::Passkey;

use crate::http::address::Moment;
use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Form, Text, parsed, text_of};
use crate::http::operation::Json;
use crate::http::reply::{NoContent, Shown};
use crate::service::control::ShownPasskey;

/// A code to be typed into the phone.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PairingCode")]
pub(in crate::http) struct ShownCode {
    /// Eight characters; WhatsApp's apps show them in two groups.
    code: String,
    /// Until when it can be typed in.
    valid_until: Moment,
}

/// Whose phone the code is for.
pub(in crate::http) struct Number {
    phone: Jid,
    custom: Option<String>,
}

impl FromFields for Number {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let phone = fields.required("phone", parsed::<Jid>(), "The phone's number, with country code.");
        let says = "A code of one's own choice: eight letters and digits without 0, I, O and U.";
        let custom = fields.optional("code", text_of(8, 8), says);
        let phone = phone?;
        if !matches!(phone, Jid::Phone(_)) {
            fields.fault("phone", format!("{phone} is not a phone number"));
            return None;
        }
        Some(Self { phone, custom })
    }
}

/// How far the showing of a passkey has come.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Passkey")]
pub(in crate::http) struct ShownState {
    /// `none` while WhatsApp asks for none, `requested`, `compare` when the phone shows a code to compare, `failed`.
    state: &'static str,
    /// What an authenticator is asked for: `PublicKeyCredentialRequestOptions` of WebAuthn in its JSON form, for
    /// `navigator.credentials.get()` on web.whatsapp.com or a platform's own call.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Value>,
    /// The code that the phone shows too.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Why it came to nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What an authenticator said, or that the codes are the same.
pub(in crate::http) enum Step {
    Shown(ShownPasskey),
    Confirmed,
}

impl FromFields for Step {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.variant(
            "step",
            "What is handed over.",
            &[("credential", credential), ("confirm", confirm)],
        )
    }
}

/// Base64url, as WebAuthn's JSON forms have it.
fn encoded() -> impl Form<Out = String> {
    let schema = serde_json::json!({ "pattern": "^[A-Za-z0-9_-]+$", "maxLength": 16384 });
    Text.checked(schema, |text: String| match URL_SAFE_NO_PAD.decode(&text) {
        Ok(bytes) if !bytes.is_empty() && text.len() <= 16384 => Ok(text),
        Ok(_) => Err("must not be empty, and not longer than 16384 characters".to_owned()),
        Err(_) => Err("is not base64url without padding".to_owned()),
    })
}

fn credential(fields: &mut Fields) -> Option<Step> {
    let id = fields.required("id", encoded(), "The id of the credential (`rawId`).");
    let client = fields.required("client_data_json", encoded(), "`response.clientDataJSON`.");
    let data = fields.required("authenticator_data", encoded(), "`response.authenticatorData`.");
    let signature = fields.required("signature", encoded(), "`response.signature`.");
    let user = fields.optional("user_handle", encoded(), "`response.userHandle`.");
    let id = id?;
    let mut response = Map::new();
    response.insert("clientDataJSON".to_owned(), client?.into());
    response.insert("authenticatorData".to_owned(), data?.into());
    response.insert("signature".to_owned(), signature?.into());
    response.insert("userHandle".to_owned(), user.into());
    let assertion = serde_json::json!({ "id": id, "rawId": id, "type": "public-key", "response": response });
    Some(Step::Shown(ShownPasskey {
        assertion: assertion.to_string().into_bytes(),
        // It was decoded once already.
        credential: URL_SAFE_NO_PAD.decode(&id).unwrap_or_default(),
    }))
}

fn confirm(_: &mut Fields) -> Option<Step> {
    Some(Step::Confirmed)
}

pub(in crate::http) async fn code(
    ctx: Ctx,
    Json(Number { phone, custom }): Json<Number>,
) -> Result<Shown<ShownCode>, ApiError> {
    let session = ctx.session().await?;
    let made = async {
        Ok(ctx
            .parts
            .sessions
            .pair_code(session.id, &phone, custom.as_deref())
            .await?)
    };
    let made = ctx.unless_stopped(made).await?;
    Ok(Shown(ShownCode {
        code: made.code.into(),
        valid_until: Moment(made.valid_until),
    }))
}

pub(in crate::http) async fn passkey(ctx: Ctx) -> Result<Shown<ShownState>, ApiError> {
    let session = ctx.session().await?;
    let passkey = ctx.parts.sessions.passkey(session.id)?;
    let bare = |state| ShownState {
        state,
        options: None,
        code: None,
        reason: None,
    };
    Ok(Shown(match passkey {
        None => bare("none"),
        Some(Passkey::Asked { options }) => ShownState {
            options: serde_json::from_str(&options).ok(),
            ..bare("requested")
        },
        Some(Passkey::Compare { code }) => ShownState {
            code: Some(code.into()),
            ..bare("compare")
        },
        Some(Passkey::Failed { reason }) => ShownState {
            reason: Some(reason.into()),
            ..bare("failed")
        },
    }))
}

pub(in crate::http) async fn step(ctx: Ctx, Json(step): Json<Step>) -> Result<NoContent, ApiError> {
    let session = ctx.session().await?;
    match step {
        Step::Shown(shown) => ctx.parts.sessions.show_passkey(session.id, shown).await?,
        Step::Confirmed => ctx.parts.sessions.confirm_passkey(session.id).await?,
    }
    Ok(NoContent)
}
