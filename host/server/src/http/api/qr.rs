//! The code that links a phone, as JSON, as a picture or for a terminal.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::qr_image;
use crate::http::reply::Reply;
use crate::rfc3339::rfc3339;

pub(in crate::http) const OFFERS: &[&str] = &["application/json", "image/png", "text/plain"];

/// Seconds a caller may wait for a code to appear.
const LONGEST_WAIT: u64 = 60;

pub(in crate::http) async fn show(ctx: Ctx) -> Result<Reply, ApiError> {
    let wait = ctx.query.seconds("wait", LONGEST_WAIT)?;
    ctx.query.finish()?;
    let qr = ctx
        .unless_stopped(async { Ok(ctx.parts.sessions.qr(ctx.param("s"), wait).await?) })
        .await?;
    match ctx.wanted {
        "image/png" => Ok(Reply::media("image/png", qr_image::png(&qr.code)?)),
        "text/plain" => Ok(Reply::media("text/plain; charset=utf-8", qr_image::text(&qr.code)?)),
        _ => {
            let png = STANDARD.encode(qr_image::png(&qr.code)?);
            Ok(Reply::ok(&json!({
                "text": qr.code,
                "png": format!("data:image/png;base64,{png}"),
                "valid_until": rfc3339(qr.valid_until),
            })))
        }
    }
}
