//! From a request to a WebSocket (RFC 6455, section 4.2). What is spoken over it is the business of who asked for it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use http::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use ring::digest;
use serde_json::json;
use tokio_websockets::{Limits, ServerBuilder, WebSocketStream};

use super::error::ApiError;
use super::operation::{Answer, Description};
use super::reply::Reply;

const VERSION: HeaderName = http::header::SEC_WEBSOCKET_VERSION;
/// What is appended to a client's key (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Bytes of the largest message that is taken.
const LARGEST: usize = 16 << 10;

/// A WebSocket to somebody.
pub(super) type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// The answer that makes a connection a WebSocket.
#[derive(Debug)]
pub(super) struct Switched {
    accept: HeaderValue,
}

/// The WebSocket that a connection becomes once [`Switched`] was answered.
#[derive(Debug)]
pub(super) struct Coming(OnUpgrade);

impl Coming {
    /// The WebSocket; none when the connection ended before.
    pub(super) async fn socket(self) -> Option<Socket> {
        let upgraded = self.0.await.ok()?;
        let limits = Limits::default().max_payload_len(Some(LARGEST));
        Some(ServerBuilder::new().limits(limits).serve(TokioIo::new(upgraded)))
    }
}

/// Reads what a client asks for that wants a WebSocket. `upgrade` is what the connection can become.
pub(super) fn switch(headers: &HeaderMap, upgrade: Option<OnUpgrade>) -> Result<(Switched, Coming), ApiError> {
    let says = |name: HeaderName, word: &str| {
        let values = headers
            .get_all(name)
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .any(|given| given.trim().eq_ignore_ascii_case(word))
    };
    let key = headers.get(SEC_WEBSOCKET_KEY).and_then(|key| key.to_str().ok());
    let key = key.filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16));
    let asks = says(UPGRADE, "websocket") && says(CONNECTION, "upgrade") && says(VERSION, "13");
    let (true, Some(key), Some(upgrade)) = (asks, key, upgrade) else {
        return Err(ApiError::upgrade_required());
    };
    let mut sum = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    sum.update(key.as_bytes());
    sum.update(GUID.as_bytes());
    let accept = HeaderValue::from_str(&STANDARD.encode(sum.finish())).map_err(|_| ApiError::upgrade_required())?;
    Ok((Switched { accept }, Coming(upgrade)))
}

impl Answer for Switched {
    fn reply(self) -> Reply {
        let mut reply = Reply::new(StatusCode::SWITCHING_PROTOCOLS, Bytes::new());
        reply.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        reply.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        reply.headers.insert(SEC_WEBSOCKET_ACCEPT, self.accept);
        reply
    }

    fn tell(told: &mut Description) {
        let says = "The connection is a WebSocket from here on. Frames to the caller are JSON objects: `opened` with the `cursor` from which on events are told, and with `missed` (a list of `session` and `events`) where the caller stood before what is kept; `event` with the `cursor` behind it; a `cursor` alone, when nothing was told for a while; `error` with `code` and `detail`, when a message was not understood. The caller may send an object with `type` (a list), `session` (a list) and `chat`, which takes the place of the filter, and is answered with `wanted`. The reason of the closing frame is a code.";
        let status = StatusCode::SWITCHING_PROTOCOLS.as_u16();
        told.answers.push((status, json!({ "description": says })));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_ask_for_a_websocket_is_told_so() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (UPGRADE, "websocket"),
            (CONNECTION, "keep-alive, Upgrade"),
            (VERSION, "13"),
            (SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            assert!(switch(&headers, None).is_err());
            headers.insert(name, HeaderValue::from_static(value));
        }
        assert!(
            switch(&headers, None).is_err(),
            "a connection that can become nothing else"
        );
    }
}
