//! Hooks: requests from outside to one installation.

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use url::form_urlencoded;

use super::schedules::Fired;
use crate::http::context::Ctx;
use crate::http::error::ApiError;
use crate::http::operation::{Answer, AnyQuery, Description};
use crate::http::reply::{Accepted, Reply};
use crate::service::hooks::{HookCall, HookOutcome};

/// What a plugin says; the host promises nothing of it.
pub(in crate::http) struct Said(Reply);

impl Answer for Said {
    fn reply(self) -> Reply {
        self.0
    }

    fn tell(_: &mut Description) {}
}

/// What the plugin answers; 202 with the event's id when that takes longer than the hook's `wait`.
pub(in crate::http) async fn call(ctx: Ctx, AnyQuery(pairs): AnyQuery) -> Result<Said, ApiError> {
    let (session, installation) = (ctx.param("s").to_owned(), ctx.param("i").to_owned());
    // Behind `/v1/hooks/{s}/{i}`, as it was written.
    let path = ctx.path.splitn(6, '/').nth(5).unwrap_or_default();
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let call = HookCall {
        method: ctx.method.as_str().into(),
        path: format!("/{path}").into(),
        query: (!query.is_empty()).then(|| query.into()),
        headers: ctx.headers.clone(),
        body: ctx.body.clone(),
    };
    let hooks = &ctx.parts.hooks;
    let outcome = ctx
        .unless_stopped(async { Ok(hooks.call(&session, &installation, call).await?) })
        .await?;
    match outcome {
        HookOutcome::Later(event) => Ok(Said(Accepted(Fired::by(event)).reply())),
        HookOutcome::Failed(event) => Err(ApiError::hook_failed(event)),
        HookOutcome::Answered(response) => {
            let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::OK);
            let mut reply = Reply::new(status, response.body.into());
            for (name, value) in response.headers {
                // The engine has checked both.
                if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
                    reply.headers.append(name, value);
                }
            }
            // What a plugin says is never run by a browser as a page of this host.
            let nosniff = HeaderName::from_static("x-content-type-options");
            reply.headers.insert(nosniff, HeaderValue::from_static("nosniff"));
            if !reply.headers.contains_key(CONTENT_TYPE) {
                let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                reply.headers.insert(CONTENT_TYPE, plain);
            }
            Ok(Said(reply))
        }
    }
}
