//! What every request goes through: its id, its route, who asks, how much they send, how long it took, one line in the log.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use bytes::{Buf, Bytes, BytesMut};
use futures::stream::{BoxStream, StreamExt};
use futures::{FutureExt, TryStreamExt};
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, LOCATION,
};
use http::{Method, StatusCode};
use hyper::upgrade::OnUpgrade;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use warp::Filter;
use waspnest_core::audit::{Actor, Outcome};
use waspnest_core::caller::Scope;
use waspnest_core::id::TenantId;
use waspnest_core::session::SessionRecord;

use super::HttpParts;
use super::accept;
use super::compression;
use super::context::Ctx;
use super::cors;
use super::document::Document;
use super::error::ApiError;
use super::etag;
use super::idempotency::{Asked, Begun, Idempotency};
use super::listener::{Door, Peer};
use super::peer;
use super::query::Params;
use super::reply::Reply;
use super::request_trace::RequestTrace;
use super::routes::{Access, Route, TICKET, TICKETS, Takes, table};
use crate::service::audit::Note;
use crate::service::caller::{Admission, Bearer, Caller, Refused};
use crate::telemetry;
use crate::tls::Certificates;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST_REQUEST_ID: usize = 128;

/// A request as warp hands it over; nothing of it is checked.
pub(super) struct Incoming {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: BoxStream<'static, Result<Bytes, warp::Error>>,
    /// What the connection can become, where the caller asks for that.
    upgrade: Option<OnUpgrade>,
    /// Who is at the other end of the connection.
    peer: Option<SocketAddr>,
}

/// What is known of a request when it has been answered, for the log and the audit log.
struct Noted {
    template: &'static str,
    access: Access,
    caller: Caller,
    path: String,
    address: Option<IpAddr>,
}

/// The routes by path, and what they share.
pub(super) struct Dispatch {
    parts: Arc<HttpParts>,
    paths: matchit::Router<Vec<Route>>,
    document: Document,
    idempotency: Idempotency,
    stop: CancellationToken,
}

impl Dispatch {
    #[expect(clippy::expect_used, reason = "the table is a constant, and a test builds it")]
    pub(super) fn new(parts: HttpParts, stop: CancellationToken) -> Self {
        let mut by_path: Vec<(&'static str, Vec<Route>)> = Vec::new();
        for route in table() {
            match by_path.iter_mut().find(|(path, _)| *path == route.path) {
                Some((_, routes)) => routes.push(route),
                None => by_path.push((route.path, vec![route])),
            }
        }
        let mut paths = matchit::Router::new();
        for (path, routes) in by_path {
            paths
                .insert(path, routes)
                .expect("no two paths of the table are in each other's way");
        }
        Self {
            idempotency: Idempotency::new(parts.answers.clone()),
            parts: Arc::new(parts),
            paths,
            document: Document::new(),
            stop,
        }
    }

    /// What connections to the API come in through.
    pub(super) fn door(&self) -> Door {
        Door {
            rules: self.parts.connections.clone(),
            callers: self.parts.callers.config.clone(),
            tls: self.parts.tls.as_ref().map(Certificates::acceptor),
            meters: self.parts.meters.connections.clone(),
            tasks: self.parts.tasks.clone(),
            clock: Arc::clone(&self.parts.clock),
            stop: self.stop.clone(),
        }
    }

    async fn answer(&self, mut incoming: Incoming) -> Reply {
        let clock = &self.parts.clock;
        let traced = RequestTrace::begin(&self.parts, &mut incoming.headers);
        let begun = clock.monotonic();
        let id = self.request_id(&incoming.headers);
        let method = incoming.method.clone();
        let wishes = wishes(&incoming.headers);
        let span = tracing::info_span!(telemetry::span::REQUEST, request.id = %id);
        let config = self.parts.callers.config.get();
        let site = cors::site(&incoming.headers, &config);
        let mut noted = Noted {
            template: "",
            access: Access::Open,
            caller: Caller::nobody(),
            path: incoming.path.clone(),
            address: peer::address(incoming.peer, &incoming.headers, &config),
        };
        let outcome = async {
            let handled = AssertUnwindSafe(self.handle(incoming, &mut noted)).catch_unwind().await;
            handled.unwrap_or_else(|_| Err(ApiError::panicked()))
        };
        let outcome = outcome.instrument(span.clone()).await;
        self.write_down(&noted, &method, &id, &outcome).await;
        let template = noted.template;
        let _entered = span.enter();
        let (status, code) = match &outcome {
            Ok(reply) => (reply.status, ""),
            Err(error) => (error.status(), error.code()),
        };
        if let Err(error) = &outcome
            && error.is_fault()
        {
            tracing::error!(request.id = %id, "{method} {template} failed: {}", error.chain());
        }
        let took = clock.monotonic().saturating_sub(begun);
        self.parts.meters.answered(&method, template, status, took);
        traced.ended(&self.parts.traces, (&method, template), status, took);
        tracing::info!(
            request.id = %id, http.method = %method, http.route = template, http.status = status.as_u16(), error.code = code,
            duration_ms = took.as_millis(), "{method} {template} {}", status.as_u16()
        );
        let mut reply = outcome.unwrap_or_else(|error| error.into_reply(&id));
        if let Ok(id) = HeaderValue::from_str(&id) {
            reply.headers.insert(REQUEST_ID, id);
        }
        // What a plugin answers is its own.
        if method == Method::GET && noted.access != Access::Hook {
            reply = etag::judged(&wishes, reply);
        }
        cors::let_read(&mut reply, site);
        compression::sent(&wishes, self.parts.compression, reply)
    }

    /// Keeps what was denied, and what was changed about the host.
    async fn write_down(&self, noted: &Noted, method: &Method, id: &str, outcome: &Result<Reply, ApiError>) {
        let administers = match noted.access {
            // A ticket changes nothing, and pages get many.
            Access::Known if noted.template == TICKETS => false,
            Access::Admin | Access::Known => true,
            Access::May(scope) => matches!(scope, Scope::TenantAdmin | Scope::SessionsWrite | Scope::PluginsWrite),
            Access::Open | Access::Hook => false,
        };
        let (target, outcome) = match outcome {
            Err(error) => match error.status() {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS => {
                    self.parts.meters.denied(error.code());
                    (None, Outcome::Denied(error.code().into()))
                }
                _ => return,
            },
            Ok(reply) if administers && !method.is_safe() => {
                let made = reply.headers.get(LOCATION).and_then(|place| place.to_str().ok());
                (made, Outcome::Changed)
            }
            Ok(_) => return,
        };
        let note = Note {
            actor: noted.caller.actor,
            tenant: noted.caller.tenant(),
            outcome,
            call: &format!("{method} {}", noted.template),
            target: target.unwrap_or(&noted.path),
            address: noted.address,
            request: id,
        };
        self.parts.callers.audit.write(note).await;
    }

    /// The caller's id for the request, if it is fit for logs, or a new one.
    fn request_id(&self, headers: &HeaderMap) -> String {
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let fit = |id: &&str| {
            (1..=LONGEST_REQUEST_ID).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
        };
        given.filter(fit).map_or_else(
            || format!("req_{}", self.parts.ids.ulid(self.parts.clock.now())),
            str::to_owned,
        )
    }

    async fn handle(&self, incoming: Incoming, noted: &mut Noted) -> Result<Reply, ApiError> {
        let path = action_as_segment(&incoming.path);
        let matched = self.paths.at(&path).map_err(|_| ApiError::no_route())?;
        let routes = matched.value;
        noted.template = routes.first().map_or("", |route| route.path);
        if cors::asks(&incoming.method, &incoming.headers) {
            let methods: Vec<Method> = routes.iter().map(|route| route.method.clone()).collect();
            return Ok(cors::told(&methods));
        }
        let Some(route) = routes.iter().find(|route| route.method == incoming.method) else {
            let allowed: Vec<Method> = routes.iter().map(|route| route.method.clone()).collect();
            return Err(ApiError::method_not_allowed(&allowed));
        };
        noted.access = route.access;
        let bearer = self.shown(route, &incoming.headers, &incoming.query);
        noted.caller = match self.admit(route.access, bearer.as_ref(), noted.address).await {
            Err(Refused::Elsewhere { actor }) => {
                noted.caller.actor = actor;
                return Err(Refused::Elsewhere { actor }.into());
            }
            admitted => admitted?,
        };
        may(&noted.caller, route.access)?;
        let offers = &route.offers[..];
        let wanted = match offers {
            // Nothing is answered, or what is answered is the plugin's business.
            [] => "",
            offers => accept::choose(&incoming.headers, offers).ok_or_else(|| ApiError::not_acceptable(offers))?,
        };
        let params = matched.params.iter();
        let mut params: Vec<_> = params.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let theirs = match route.access {
            // Whose it is, the hook's secret says.
            Access::Open | Access::Hook => None,
            Access::May(_) | Access::Known | Access::Admin => self.theirs(&noted.caller, &mut params).await?,
        };
        let (body, stream) = match route.takes {
            Takes::Whole => {
                let limit = (*self.parts.body_limit.get()).max(route.largest.unwrap_or_default());
                (self.read(&incoming.headers, incoming.body, limit).await?, None)
            }
            Takes::AsItComes => (Bytes::new(), Some(incoming.body)),
        };
        let begun = match (&incoming.method, route.access, route.takes) {
            (&Method::POST, Access::Admin | Access::May(_), Takes::Whole) => {
                let asked = Asked {
                    caller: &who(noted.caller.actor),
                    method: &incoming.method,
                    path: &path,
                    query: &incoming.query,
                    headers: &incoming.headers,
                    body: &body,
                };
                self.idempotency.begin(asked).await?
            }
            _ => Begun::Free,
        };
        let ctx = Ctx {
            parts: Arc::clone(&self.parts),
            method: incoming.method,
            path: incoming.path,
            wanted,
            params,
            caller: noted.caller.clone(),
            bearer,
            upgrade: Mutex::new(incoming.upgrade),
            address: noted.address,
            theirs,
            headers: incoming.headers,
            body,
            stream: Mutex::new(stream),
            document: self.document.clone(),
            stop: self.stop.clone(),
        };
        let params = Params::new(incoming.query);
        match begun {
            Begun::Free => (route.handler)(ctx, params).await,
            Begun::Again(reply) => Ok(*reply),
            Begun::First(claim) => {
                let reply = (route.handler)(ctx, params).await?;
                claim.keep(&reply, &*self.parts.clock).await?;
                Ok(reply)
            }
        }
    }

    /// What the caller shows: behind `Bearer`, or by the ticket that stands for it where a route takes one.
    fn shown(&self, route: &Route, headers: &HeaderMap, query: &[(String, String)]) -> Option<Bearer> {
        let given = headers.get(AUTHORIZATION).and_then(|given| given.to_str().ok());
        if let Some((scheme, text)) = given.and_then(|given| given.split_once(' ')) {
            return scheme.eq_ignore_ascii_case("bearer").then(|| Bearer::from(text.trim()));
        }
        let ticket = query.iter().find(|(name, _)| name == TICKET && route.takes_tickets);
        ticket.and_then(|(_, ticket)| self.parts.tickets.take(ticket))
    }

    /// Who calls, if anybody has to be known for it.
    async fn admit(&self, access: Access, bearer: Option<&Bearer>, address: Option<IpAddr>) -> Admission {
        let credentials = &self.parts.callers.credentials;
        match access {
            // A hook has secrets of its own.
            Access::Open | Access::Hook => {
                credentials.count(address)?;
                Ok(Caller::nobody())
            }
            Access::Admin | Access::May(_) | Access::Known => credentials.admit(bearer, address).await,
        }
    }

    /// The session of the path, if it names one. What the path names and is not the caller's is not there; and from here on a session
    /// goes by its id, so that no other can be taken for it.
    async fn theirs(
        &self,
        caller: &Caller,
        params: &mut [(String, String)],
    ) -> Result<Option<(SessionRecord, TenantId)>, ApiError> {
        let mut session = None;
        for (name, value) in params {
            match name.as_str() {
                "s" => {
                    let found = self.parts.sessions.find(caller, value).await?;
                    *value = found.0.id.to_string();
                    session = Some(found);
                }
                // Installations and their runs are the operator's.
                "i" if !caller.is_admin() => {
                    let detail = format!("there is no installation {value:?}");
                    return Err(ApiError::unknown("unknown_installation", detail));
                }
                "r" if !caller.is_admin() => {
                    let detail = format!("there is no run {value:?}");
                    return Err(ApiError::unknown("unknown_run", detail));
                }
                _ => {}
            }
        }
        Ok(session)
    }

    /// The whole body, or an error as soon as it is longer than allowed.
    async fn read(
        &self,
        headers: &HeaderMap,
        mut body: BoxStream<'static, Result<Bytes, warp::Error>>,
        limit: u64,
    ) -> Result<Bytes, ApiError> {
        let too_large = |size: u64| size > limit;
        let announced = headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok())
            .and_then(|length| length.parse().ok());
        if announced.is_some_and(too_large) {
            return Err(ApiError::body_too_large(limit));
        }
        let mut whole = BytesMut::new();
        while let Some(part) = body.try_next().await.map_err(|_| ApiError::body_broken())? {
            if too_large((whole.len() + part.len()) as u64) {
                return Err(ApiError::body_too_large(limit));
            }
            whole.extend_from_slice(&part);
        }
        Ok(whole.freeze())
    }
}

/// What a caller says of how they want to be answered.
fn wishes(headers: &HeaderMap) -> HeaderMap {
    let mut wishes = HeaderMap::new();
    for name in [IF_NONE_MATCH, ACCEPT_ENCODING] {
        for value in headers.get_all(&name) {
            wishes.append(name.clone(), value.clone());
        }
    }
    wishes
}

/// Whose idempotency keys they are.
fn who(actor: Actor) -> String {
    match actor {
        Actor::Nobody => "nobody".to_owned(),
        Actor::Admin => "admin".to_owned(),
        Actor::User(id) => id.to_string(),
        Actor::ApiKey(id) => id.to_string(),
        Actor::Session(id) => id.to_string(),
    }
}

/// Whether a caller may call a route at all.
fn may(caller: &Caller, access: Access) -> Result<(), ApiError> {
    match access {
        Access::Open | Access::Hook | Access::Known => Ok(()),
        Access::Admin if caller.is_admin() => Ok(()),
        Access::Admin => Err(ApiError::admin_only()),
        Access::May(scope) if caller.may(scope) => Ok(()),
        Access::May(scope) => Err(ApiError::scope_missing(scope)),
    }
}

/// `…/x:connect` as `…/x/connect`: an action is a segment of its own in the table. Names and ids have no colon, and digests one.
fn action_as_segment(path: &str) -> String {
    const DIGEST: &str = "sha256:";
    match path.rsplit_once('/') {
        Some((before, last)) => match last.strip_prefix(DIGEST) {
            Some(rest) => format!("{before}/{DIGEST}{}", rest.replacen(':', "/", 1)),
            None => format!("{before}/{}", last.replacen(':', "/", 1)),
        },
        None => path.to_owned(),
    }
}

pub(super) fn filter(
    dispatch: Arc<Dispatch>,
) -> impl Filter<Extract = (warp::reply::Response,), Error = Infallible> + Clone + Send + Sync + 'static {
    let query = warp::query::<Vec<(String, String)>>()
        .or(warp::any().map(Vec::new))
        .unify();
    warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .and(warp::ext::optional())
        .and(warp::ext::optional())
        .then(
            move |method, path: warp::path::FullPath, query, headers, body, upgrade, peer: Option<Peer>| {
                let dispatch = Arc::clone(&dispatch);
                let incoming = Incoming {
                    method,
                    path: path.as_str().to_owned(),
                    query,
                    headers,
                    body: parts(body),
                    upgrade,
                    peer: peer.map(|Peer(address)| address),
                };
                async move { dispatch.answer(incoming).await.into_response() }
            },
        )
        // A rejection can only come from warp itself; nothing above it rejects.
        .recover(|_| async { Ok::<_, Infallible>(ApiError::no_route().into_reply("").into_response()) })
        .unify()
}

fn parts<B: Buf>(
    body: impl futures::Stream<Item = Result<B, warp::Error>> + Send + 'static,
) -> BoxStream<'static, Result<Bytes, warp::Error>> {
    body.map_ok(|mut part| part.copy_to_bytes(part.remaining())).boxed()
}
