//! What a handler gets: one request, read as far as every request is.

use std::future::Future;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::stream::BoxStream;
use http::Method;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use hyper::upgrade::OnUpgrade;
use tokio_util::sync::CancellationToken;
use waspnest_core::address::Jid;
use waspnest_core::id::TenantId;
use waspnest_core::media_store::MediaError;
use waspnest_core::session::SessionRecord;

use super::HttpParts;
use super::body::Fields;
use super::document::Document;
use super::error::ApiError;
use crate::service::accounts::Account;
use crate::service::caller::{Bearer, Caller};
use crate::service::error::Error;

/// One request.
pub(super) struct Ctx {
    pub(super) parts: Arc<HttpParts>,
    pub(super) method: Method,
    /// As the caller wrote it.
    pub(super) path: String,
    /// The media type the caller wants, of those the route offers.
    pub(super) wanted: &'static str,
    /// Of the path; a session goes by its id.
    pub(super) params: Vec<(String, String)>,
    pub(super) caller: Caller,
    /// What the caller showed, where somebody has to be known.
    pub(super) bearer: Option<Bearer>,
    /// Where the call comes from.
    pub(super) address: Option<IpAddr>,
    /// The session of the path, which is the caller's, and whose it is.
    pub(super) theirs: Option<(SessionRecord, TenantId)>,
    pub(super) headers: HeaderMap,
    /// Empty where the route takes its body as it comes.
    pub(super) body: Bytes,
    /// The body of such a route, until somebody takes it.
    pub(super) stream: Mutex<Option<Stream>>,
    /// What the connection can become, until somebody takes it.
    pub(super) upgrade: Mutex<Option<OnUpgrade>>,
    pub(super) document: Document,
    pub(super) stop: CancellationToken,
}

/// A body as it comes in.
pub(super) type Stream = BoxStream<'static, Result<Bytes, warp::Error>>;

impl Ctx {
    /// The body of a route that takes it as it comes, of at most so many bytes if it says how many there are.
    pub(super) fn take_stream(&self, limit: u64) -> Result<Stream, ApiError> {
        let announced = self
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit) {
            return Err(Error::Media(MediaError::TooLarge { limit }).into());
        }
        // Only taken out of; that leaves nothing half-way.
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.take().ok_or_else(ApiError::body_broken)
    }

    /// What the connection can become, where the caller asks for that.
    pub(super) fn take_upgrade(&self) -> Option<OnUpgrade> {
        self.upgrade.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A parameter of the path, as the caller wrote it. The table names it, so it is there.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value)
    }

    /// The body as a JSON object whose fields are asked for by name.
    pub(super) fn fields(&self) -> Result<Fields, ApiError> {
        self.is_json()?;
        Fields::parse(&self.body)
    }

    /// The session of the path, as far as the caller may see it.
    pub(super) async fn session(&self) -> Result<SessionRecord, ApiError> {
        self.owned_session().await.map(|(record, _)| record)
    }

    /// The session of the path with whose it is.
    pub(super) async fn owned_session(&self) -> Result<(SessionRecord, TenantId), ApiError> {
        match &self.theirs {
            Some(theirs) => Ok(theirs.clone()),
            None => self.find(self.param("s")).await,
        }
    }

    /// A session that a query or a body names, as far as the caller may see it.
    pub(super) async fn find(&self, given: &str) -> Result<(SessionRecord, TenantId), ApiError> {
        Ok(self.parts.sessions.find(&self.caller, given).await?)
    }

    /// The account of the session of the path, as far as the caller may see it.
    pub(super) async fn account(&self) -> Result<Account, ApiError> {
        let session = self.session().await?;
        Ok(self.parts.accounts.of(&session)?)
    }

    /// An address in the path. Callers may escape what need not be: `%40` is `@`, `%2B` is `+`.
    pub(super) fn address(&self, name: &str) -> Result<Jid, ApiError> {
        let given = self.param(name).replace("%40", "@");
        let given = given.replace("%2B", "+").replace("%2b", "+");
        given
            .parse()
            .map_err(|error: waspnest_core::address::InvalidJid| ApiError::invalid_path(error.to_string()))
    }

    /// The address of a person in the path.
    pub(super) fn person(&self, name: &str) -> Result<Jid, ApiError> {
        self.address_of(
            name,
            Jid::is_person,
            "of a person: a phone number, …@s.whatsapp.net, or …@lid",
        )
    }

    /// The address of a group in the path.
    pub(super) fn group(&self, name: &str) -> Result<Jid, ApiError> {
        self.address_of(name, |jid| matches!(jid, Jid::Group(_)), "of a group: …@g.us")
    }

    /// The address of a newsletter in the path.
    pub(super) fn newsletter(&self) -> Result<Jid, ApiError> {
        let is_one = |jid: &Jid| matches!(jid, Jid::Newsletter(_));
        self.address_of("newsletter", is_one, "of a newsletter: …@newsletter")
    }

    fn address_of(&self, name: &str, fits: impl Fn(&Jid) -> bool, what: &str) -> Result<Jid, ApiError> {
        let jid = self.address(name)?;
        if !fits(&jid) {
            return Err(ApiError::invalid_path(format!("{jid} is not the address {what}")));
        }
        Ok(jid)
    }

    /// Whether the body says that it is JSON.
    pub(super) fn is_json(&self) -> Result<(), ApiError> {
        let kind = self
            .headers
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            return Err(ApiError::unsupported_media_type());
        }
        Ok(())
    }

    /// What `waiting` comes to, unless the host stops first: callers that wait must not hold it up.
    pub(super) async fn unless_stopped<T>(
        &self,
        waiting: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        tokio::select! {
            biased;
            done = waiting => done,
            () = self.stop.cancelled() => Err(ApiError::not_ready("stopping")),
        }
    }
}
