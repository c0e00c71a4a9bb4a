//! What is measured, for collectors.

use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::operation::{Answer, Description};
use crate::http::reply::Reply;
use crate::service::metrics::{Form, Metrics};

const TEXT: &str = "text/plain";
const OPEN_METRICS: &str = "application/openmetrics-text";

/// The forms there are, the usual one first.
pub(in crate::http) const OFFERS: [&str; 2] = [TEXT, OPEN_METRICS];

/// Metrics in one of their forms.
pub(in crate::http) struct Exposition(Reply);

impl Answer for Exposition {
    fn reply(self) -> Reply {
        self.0
    }

    fn tell(told: &mut Description) {
        for media in OFFERS {
            let schema = json!({ "type": "string", "description": "Metrics of Prometheus." });
            told.answer(200, "What is measured.", media, &schema);
        }
    }
}

/// What is measured, as `wanted`.
pub(in crate::http) async fn shown(metrics: &Metrics, wanted: &str) -> Reply {
    let (form, kind) = match wanted {
        OPEN_METRICS => (
            Form::OpenMetrics,
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        _ => (Form::Text, "text/plain; version=0.0.4; charset=utf-8"),
    };
    let mut reply = Reply::media(TEXT, metrics.text(form).await);
    reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    reply
}

pub(in crate::http) async fn show(ctx: Ctx) -> Result<Exposition, ApiError> {
    Ok(Exposition(shown(&ctx.parts.metrics, ctx.wanted).await))
}
