//! The code that links a phone, as JSON, as a picture or for a terminal.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::http::address::Moment;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::integer;
use crate::http::operation::{Answer, Description, Query};
use crate::http::qr_image;
use crate::http::query::{FromQuery, Params};
use crate::http::reply::{Reply, Shown};

const PNG: &str = "image/png";
const TEXT: &str = "text/plain";

/// Seconds a caller may wait for a code to appear.
const LONGEST_WAIT: u64 = 60;

/// How long to wait for a code.
pub(in crate::http) struct Wait(Duration);

impl FromQuery for Wait {
    fn from_query(params: &mut Params) -> Option<Self> {
        let says = "Seconds to wait for a code to appear; none if nothing is said.";
        let seconds = params.optional("wait", integer(0, LONGEST_WAIT), says);
        Some(Self(Duration::from_secs(seconds.unwrap_or_default())))
    }
}

/// A code that links a phone.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Qr")]
pub(in crate::http) struct ShownQr {
    /// What the code says.
    text: String,
    /// The code as a picture: a data URL.
    png: String,
    /// Until when it can be scanned; then another takes its place.
    valid_until: Moment,
}

/// The code in the form the caller likes best.
pub(in crate::http) enum Code {
    Json(Box<ShownQr>),
    Picture(Vec<u8>),
    Text(String),
}

impl Answer for Code {
    fn reply(self) -> Reply {
        match self {
            Self::Json(shown) => Shown(shown).reply(),
            Self::Picture(png) => Reply::media(PNG, png),
            Self::Text(text) => Reply::media("text/plain; charset=utf-8", text),
        }
    }

    fn tell(told: &mut Description) {
        Shown::<ShownQr>::tell(told);
        told.answer(
            200,
            "The code.",
            PNG,
            &json!({ "type": "string", "contentMediaType": PNG }),
        );
        told.answer(200, "The code.", TEXT, &json!({ "type": "string" }));
    }
}

pub(in crate::http) async fn show(ctx: Ctx, Query(Wait(wait)): Query<Wait>) -> Result<Code, ApiError> {
    let session = ctx.session().await?;
    let qr = ctx
        .unless_stopped(async { Ok(ctx.parts.sessions.qr(session.id, wait).await?) })
        .await?;
    Ok(match ctx.wanted {
        PNG => Code::Picture(qr_image::png(&qr.code)?),
        TEXT => Code::Text(qr_image::text(&qr.code)?),
        _ => {
            let png = STANDARD.encode(qr_image::png(&qr.code)?);
            Code::Json(Box::new(ShownQr {
                text: qr.code.into(),
                png: format!("data:image/png;base64,{png}"),
                valid_until: Moment(qr.valid_until),
            }))
        }
    })
}
