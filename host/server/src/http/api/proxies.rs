//! The proxy of a session. Where one leads is the operator's business, as it is reached from the host's own network.

use schemars::JsonSchema;
use serde::Serialize;
use waspnest_whatsapp::Proxy;

use crate::http::body::{Fields, FromFields};
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::form::{Form, Text, text_of};
use crate::http::operation::Json;
use crate::http::reply::{NoContent, Shown};

/// Bytes of the longest user and password that proxies take.
const LONGEST: usize = 255;

/// The proxy a session goes through. What it is told of who asks is never shown.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Proxy")]
pub(in crate::http) struct ShownProxy {
    /// Where it is; none when the session has none of its own and takes the host's way.
    url: Option<String>,
    /// Whether it is told who asks.
    authenticated: bool,
}

/// A proxy for a session.
pub(in crate::http) struct NewProxy(Proxy);

fn place() -> impl Form<Out = Proxy> {
    let schema = serde_json::json!({
        "pattern": "^(http|socks5h?)://[^@/]+:[0-9]+/?$",
        "examples": ["socks5://proxy.example:1080"],
    });
    Text.checked(schema, |text: String| {
        Proxy::at(&text).map_err(|error| format!("{error}; user and password go into fields of their own"))
    })
}

impl FromFields for NewProxy {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let proxy = fields.required(
            "url",
            place(),
            "Where it is: `http://host:port` for CONNECT, or `socks5://host:port`.",
        );
        let user = fields.optional("username", text_of(1, LONGEST), "Who asks, if it wants to know.");
        let password = fields.optional("password", text_of(1, LONGEST), "The password; never shown again.");
        let proxy = proxy?;
        match (user, password) {
            (None, None) => Some(Self(proxy)),
            (Some(user), Some(password)) => match proxy.with_credentials(&user, &password) {
                Ok(proxy) => Some(Self(proxy)),
                Err(error) => {
                    fields.fault("username", error.to_string());
                    None
                }
            },
            (Some(_), None) => {
                fields.fault("password", "is missing beside username");
                None
            }
            (None, Some(_)) => {
                fields.fault("username", "is missing beside password");
                None
            }
        }
    }
}

pub(in crate::http) async fn get(ctx: Ctx) -> Result<Shown<ShownProxy>, ApiError> {
    let session = ctx.session().await?;
    let proxy = ctx.parts.sessions.proxy(session.id).await?;
    Ok(Shown(shown(proxy.as_ref())))
}

/// A session that is wanted connected goes through it at once.
pub(in crate::http) async fn set(
    ctx: Ctx,
    Json(NewProxy(proxy)): Json<NewProxy>,
) -> Result<Shown<ShownProxy>, ApiError> {
    let session = ctx.session().await?;
    ctx.parts.sessions.set_proxy(session.id, Some(&proxy)).await?;
    Ok(Shown(shown(Some(&proxy))))
}

pub(in crate::http) async fn remove(ctx: Ctx) -> Result<NoContent, ApiError> {
    let session = ctx.session().await?;
    ctx.parts.sessions.set_proxy(session.id, None).await?;
    Ok(NoContent)
}

fn shown(proxy: Option<&Proxy>) -> ShownProxy {
    ShownProxy {
        url: proxy.map(Proxy::to_string),
        authenticated: proxy.is_some_and(Proxy::is_authenticated),
    }
}
