//! `POST /mms/{type}/{token}`: takes a body in, in one piece or continued where an earlier attempt was cut off.
//!
//! The token is the SHA-256 of the whole body, which is verified: a blob under a wrong name would be undecryptable for everybody who is
//! pointed to it. Query, as clients send it: `auth`, `token`, `resume=1` (how far is it?), `file_offset=N` (the body begins there).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use serde_json::json;

use crate::blobs::{BlobKind, Progress, Stored, Sum, sum};
use crate::media::{json, parameter, refuse};
use crate::server::Shared;

type Refusal = Box<Response<Full<Bytes>>>;

/// What the request line says.
struct Wanted {
    kind: BlobKind,
    token: Sum,
    step: Step,
}

enum Step {
    /// `resume=1`.
    Ask,
    /// The body begins at this byte.
    From(usize),
}

pub(super) async fn handle(request: Request<Incoming>, shared: &Arc<Shared>) -> Response<Full<Bytes>> {
    let wanted = parse(&request).and_then(|wanted| admit(&request, shared).map(|()| wanted));
    let mut body = request.into_body();
    let outcome = match wanted {
        Err(refusal) => Err(refusal),
        Ok(wanted) => match wanted.step {
            Step::Ask => Ok(ask(&wanted, shared)),
            Step::From(offset) => take(&mut body, shared, &wanted, offset)
                .await
                .map(|stored| json(StatusCode::OK, &description(&stored, wanted.kind, shared))),
        },
    };
    let refused = match outcome {
        Ok(response) => return response,
        Err(refused) => refused,
    };
    // A client that is still writing would not see the answer before the connection breaks.
    drain(&mut body, shared.limits.max_media).await;
    *refused
}

fn parse(request: &Request<Incoming>) -> Result<Wanted, Refusal> {
    let path: Vec<&str> = request
        .uri()
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    let (kind, token) = match path[..] {
        [service, name, token] => (BlobKind::of_upload(service, name), token),
        // Baileys has no path for app state.
        [token] => (Some(BlobKind::AppState), token),
        _ => (None, ""),
    };
    let kind = kind.ok_or_else(|| refusal(StatusCode::NOT_FOUND, "nothing is uploaded to this path"))?;
    let token = URL_SAFE_NO_PAD
        .decode(token.trim_end_matches("%3D").trim_end_matches('='))
        .ok()
        .and_then(|bytes| Sum::try_from(bytes).ok())
        .ok_or_else(|| refusal(StatusCode::BAD_REQUEST, "the token is not a SHA-256 in URL-safe base64"))?;
    let step = if parameter(request, "resume") == Some("1") {
        Step::Ask
    } else {
        let offset = parameter(request, "file_offset").unwrap_or("0").parse();
        Step::From(offset.map_err(|_| refusal(StatusCode::BAD_REQUEST, "file_offset is not a number"))?)
    };
    Ok(Wanted { kind, token, step })
}

/// Checks who uploads.
fn admit(request: &Request<Incoming>, shared: &Shared) -> Result<(), Refusal> {
    let auth = parameter(request, "auth").unwrap_or_default();
    let world = shared.world();
    match world.media_auth.holder(auth, world.now_s()) {
        Some(_) => Ok(()),
        // Upon this status clients ask for a new token and try again.
        None => Err(refusal(
            StatusCode::UNAUTHORIZED,
            "this auth is not, or no longer, good here",
        )),
    }
}

fn ask(wanted: &Wanted, shared: &Shared) -> Response<Full<Bytes>> {
    let progress = shared.world().blobs.progress(wanted.kind, wanted.token);
    let body = match progress {
        Progress::Complete(stored) => {
            let mut body = description(&stored, wanted.kind, shared);
            body["resume"] = "complete".into();
            body
        }
        Progress::Partial(bytes) => json!({ "resume": bytes.to_string() }),
    };
    json(StatusCode::OK, &body)
}

async fn take(body: &mut Incoming, shared: &Arc<Shared>, wanted: &Wanted, offset: usize) -> Result<Stored, Refusal> {
    let limit = shared.limits.max_media;
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |announced| offset.saturating_add(announced) > limit) {
        return Err(refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the file is larger than this server takes",
        ));
    }
    let mut upload = Upload::resume(Arc::clone(shared), wanted.token, offset)?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| refusal(StatusCode::BAD_REQUEST, "the body was cut off"))?;
        if let Ok(data) = frame.into_data() {
            if upload.bytes.len() + data.len() > limit {
                upload.discard();
                return Err(refusal(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "the file is larger than this server takes",
                ));
            }
            upload.bytes.extend_from_slice(&data);
        }
    }
    let bytes = upload.finish();
    let digest = {
        let bytes = bytes.clone();
        tokio::task::spawn_blocking(move || sum(&bytes)).await
    };
    if !digest.is_ok_and(|digest| digest == wanted.token) {
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            "the token is not the SHA-256 of the body",
        ));
    }
    let mut world = shared.world();
    let taken = world.blobs.take_in(wanted.kind, wanted.token, bytes);
    let stored = taken.map_err(|_| refusal(StatusCode::INSUFFICIENT_STORAGE, "there is no room left for media"))?;
    world.stats.uploads += 1;
    if offset > 0 {
        world.stats.resumed_uploads += 1;
    }
    Ok(stored)
}

/// An upload under way. When it is dropped half-way, what has arrived is kept for the next attempt.
struct Upload {
    shared: Arc<Shared>,
    token: Sum,
    bytes: BytesMut,
}

impl Upload {
    fn resume(shared: Arc<Shared>, token: Sum, offset: usize) -> Result<Self, Refusal> {
        let mut bytes = if offset == 0 {
            BytesMut::new()
        } else {
            shared.world().blobs.resume(token)
        };
        if bytes.len() < offset {
            shared.world().blobs.suspend(token, bytes);
            return Err(refusal(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "less than that has arrived: ask with resume=1",
            ));
        }
        bytes.truncate(offset);
        Ok(Self { shared, token, bytes })
    }

    fn discard(&mut self) {
        self.bytes.clear();
    }

    fn finish(mut self) -> Bytes {
        std::mem::take(&mut self.bytes).freeze()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.bytes.is_empty() {
            let bytes = std::mem::take(&mut self.bytes);
            self.shared.world().blobs.suspend(self.token, bytes);
        }
    }
}

/// What clients read: `url` and `direct_path`, `handle` for channels, and three more for cover pictures (modelled).
fn description(stored: &Stored, kind: BlobKind, shared: &Shared) -> serde_json::Value {
    let mut body = json!({
        "url": stored.url,
        "direct_path": stored.direct_path,
        "handle": URL_SAFE_NO_PAD.encode(stored.sha256),
    });
    if kind == BlobKind::CoverPhoto {
        let digits = stored.sha256[..7]
            .iter()
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        body["fbid"] = digits.to_string().into();
        body["meta_hmac"] = URL_SAFE_NO_PAD.encode(sum(stored.direct_path.as_bytes())).into();
        body["ts"] = shared.world().now_s().to_string().into();
    }
    body
}

/// Reads a body to its end without keeping it, up to `limit` bytes.
async fn drain(body: &mut Incoming, limit: usize) {
    let mut seen = 0;
    while let Some(Ok(frame)) = body.frame().await {
        seen += frame.data_ref().map_or(0, Bytes::len);
        if seen > limit {
            return;
        }
    }
}

fn refusal(status: StatusCode, why: &str) -> Refusal {
    Box::new(refuse(status, why))
}
