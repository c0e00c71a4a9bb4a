//! Servers that answer what the test says.

use super::granted;
use crate::bindings::imports::waspnest::plugin::http::{Request, Response};
use crate::testing::state::SentRequest;
use crate::types::Error;

pub(crate) fn fetch(request: &Request) -> Result<Response, Error> {
    granted("http", |state| {
        let sent = SentRequest {
            method: request.method.clone(),
            url: request.url.clone(),
            headers: request.headers.clone(),
            body: request.body.clone().unwrap_or_default(),
        };
        let answer = state.web.answer(&sent);
        state.requests.push(sent);
        let (status, body) = answer.ok_or_else(|| Error::Upstream((0, "nobody is there".into())))?;
        Ok(Response {
            status,
            headers: Vec::new(),
            body: body.into_bytes(),
            truncated: false,
            url: request.url.clone(),
        })
    })
}
