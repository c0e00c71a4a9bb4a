//! Pictures, sounds and files: sent and fetched by people, and gone from the media server when told.

use std::sync::Arc;

use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue};
use schemars::{JsonSchema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use warp::reply::Response;

use super::Nothing;
use super::people::Sent;
use crate::Base64;
use crate::admin::answer::{Answer, Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::state::State;
use crate::admin::subject::{OfAccount, OfMessage};
use crate::human::{Human, Media, MediaKind};

/// Largest body that carries a medium, in bytes: 32 MiB of a file as base64.
pub(super) const MEDIA_LIMIT: usize = 44 << 20;

pub(super) fn routes() -> Vec<Route> {
    vec![
        get("/media", "Where the media server is, and whom clients must trust to reach it.", server),
        get("/root-key", "The key that signs the server's own certificates, for clients that pin one.", root_key),
        post("/media/expire", "Stops serving an upload, as after weeks on the real service.", expire)
            .example(r#"{"path": "/v/t62.7118-24/AbCdEf"}"#),
        post("/accounts/{phone}/media-auth/expire", "Its clients' upload token is refused once.", expire_auth),
        post("/people/{phone}/send", "Sends a picture, film, recording, sticker or file.", send)
            .example(r#"{"to": "4915199999999", "kind": "document", "data": "SGVsbG8=", "file_name": "hello.txt", "mime": "text/plain"}"#)
            .body_limit(MEDIA_LIMIT),
        get("/people/{phone}/inbox/{id}/file", "The medium of a message, fetched and decrypted by the person's client.", file),
    ]
}

/// The media server.
#[derive(Serialize, JsonSchema)]
struct MediaServer {
    /// `https://HOST:PORT`.
    url: String,
    /// The certificate authority clients must trust, in PEM. The same seed gives the same one.
    ca_pem: String,
}

async fn server(state: Arc<State>, _: Nothing) -> Result<Shown<MediaServer>, Problem> {
    Ok(Shown(MediaServer {
        url: state.simulator.media_url(),
        ca_pem: state.simulator.media_ca_pem(),
    }))
}

/// Whose certificates to take.
#[derive(Serialize, JsonSchema)]
struct RootKey {
    /// The public key, 32 bytes. The same seed gives the same one.
    root_key: Base64,
}

async fn root_key(state: Arc<State>, _: Nothing) -> Result<Shown<RootKey>, Problem> {
    let Some(key) = state.simulator.root_key() else {
        return Err(Problem::unknown("root key", "in the restored file", [""; 0]));
    };
    Ok(Shown(RootKey {
        root_key: Base64(key.to_vec()),
    }))
}

/// Which upload.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Expire {
    /// Its direct path, or a URL with it.
    path: String,
}

async fn expire(state: Arc<State>, expire: Expire) -> Result<Shown<Expire>, Problem> {
    state.simulator.expire_media(&expire.path)?;
    Ok(Shown(expire))
}

/// Whose token.
#[derive(Serialize, JsonSchema)]
struct Expired {
    phone: String,
}

async fn expire_auth(account: OfAccount, _: Nothing) -> Result<Shown<Expired>, Problem> {
    account.simulator.expire_media_auth(&account.phone)?;
    Ok(Shown(Expired { phone: account.phone }))
}

/// A medium to send.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SendMedia {
    /// A phone number or a JID.
    to: String,
    kind: MediaKind,
    /// The file in base64, 32 MiB of it at most.
    data: Base64,
    /// Its type; the usual one of its kind when left out.
    mime: Option<String>,
    /// What is written under it.
    caption: Option<String>,
    /// The name of a document.
    file_name: Option<String>,
    /// A small JPEG that travels inside the message.
    thumbnail: Option<Base64>,
}

impl SendMedia {
    /// To whom, and what.
    fn into_parts(self) -> (String, Media) {
        let media = Media {
            caption: self.caption,
            file_name: self.file_name,
            mime: self.mime.unwrap_or_else(|| self.kind.usual_mime().to_owned()),
            thumbnail: self.thumbnail.map(|thumbnail| thumbnail.0),
            ..Media::new(self.kind, self.data.0)
        };
        (self.to, media)
    }
}

async fn send(person: Human, send: SendMedia) -> Result<Created<Sent>, Problem> {
    let (to, media) = send.into_parts();
    let id = person.send_media(&to, media).await?;
    Ok(Created(Sent { id }))
}

async fn file(of: OfMessage, _: Nothing) -> Result<File, Problem> {
    let bytes = of.person.download(&of.heard).await?;
    let mime = of.heard.media().map(|media| media.mime).unwrap_or_default();
    Ok(File { bytes, mime })
}

/// `200` with the bytes of a file, under the type its sender named.
struct File {
    bytes: Vec<u8>,
    mime: String,
}

impl Answer for File {
    const STATUS: StatusCode = StatusCode::OK;

    fn content(_: &mut SchemaGenerator) -> Value {
        json!({ "*/*": {} })
    }

    fn into_response(self) -> Response {
        let mut response = Response::new(self.bytes.into());
        let mime = HeaderValue::from_str(&self.mime);
        // A sender may name anything; what cannot stand in a header is only bytes.
        let mime = mime.unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
        response.headers_mut().insert(CONTENT_TYPE, mime);
        response
    }
}
