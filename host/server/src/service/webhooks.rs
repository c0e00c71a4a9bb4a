//! Webhooks as callers manage them: their own tenant's, and of what they may see themselves.

mod told;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::Url;
use waspnest_core::address::ChatKind;
use waspnest_core::clock::{Clock, Ids};
use waspnest_core::delivery::Deliveries;
use waspnest_core::id::{EventId, SessionId, TenantId, WebhookId};
use waspnest_core::log::Log;
use waspnest_core::progress::Progress;
use waspnest_core::session::Sessions as Register;
use waspnest_core::webhook::{Format, Own, PreviousSecret, Seen, Standing, Wants, Webhook, WebhookSecrets};
use waspnest_egress::Egress;

use super::caller::{Caller, Reach};
use super::dead_letters::DeadLetters;
use super::error::Error;
use crate::delivery::{Endpoint, Endpoints, Ping, told_types};
use crate::public_event::TypeSet;
use crate::webhook::{ENCODED, Undelivered, post};
pub use told::{Delivered, Statistics};

/// Random bytes of a secret that is made here.
const SECRET_BYTES: usize = 32;

/// What the use cases are made of.
#[derive(Debug, Clone)]
pub struct WebhooksParts {
    /// The webhooks there are.
    pub endpoints: Endpoints,
    /// What they were told.
    pub deliveries: Deliveries,
    /// How far they have come.
    pub progress: Progress,
    /// What happened.
    pub log: Log,
    /// The register of sessions.
    pub register: Register,
    /// The way to them.
    pub egress: Egress,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and randomness.
    pub ids: Arc<dyn Ids>,
}

/// The use cases of webhooks. Clones are the same.
#[derive(Debug, Clone)]
pub struct Webhooks {
    parts: WebhooksParts,
    letters: DeadLetters,
}

/// A webhook to be made.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Whose.
    pub tenant: TenantId,
    /// What people call it.
    pub name: Box<str>,
    /// Where it is.
    pub url: Url,
    /// Names of types of events; all that its maker may see, if none.
    pub events: Option<Vec<Box<str>>>,
    /// The only sessions.
    pub sessions: Option<Vec<SessionId>>,
    /// The only kinds of chats.
    pub chats: Option<Vec<ChatKind>>,
    /// What the account itself wrote.
    pub own: Own,
    /// What its bodies look like.
    pub format: Format,
    /// Headers of each delivery.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// What deliveries are signed with; one is made, if none.
    pub secret: Option<Box<str>>,
    /// Whether it is told anything.
    pub standing: Standing,
}

/// What is to be different about a webhook; none for what stays.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// What people call it.
    pub name: Option<Box<str>>,
    /// Where it is.
    pub url: Option<Url>,
    /// Names of types of events; none in it for all.
    pub events: Option<Option<Vec<Box<str>>>>,
    /// The only sessions; none in it for all.
    pub sessions: Option<Option<Vec<SessionId>>>,
    /// The only kinds of chats; none in it for all.
    pub chats: Option<Option<Vec<ChatKind>>>,
    /// What the account itself wrote.
    pub own: Option<Own>,
    /// What its bodies look like.
    pub format: Option<Format>,
    /// Headers of each delivery.
    pub headers: Option<Vec<(Box<str>, Box<str>)>>,
    /// Whether it is told anything.
    pub resume: Option<Resume>,
}

/// Whether a webhook is told anything from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// It is told nothing.
    Pause,
    /// It is told everything from where it stands.
    Here,
    /// It is told what happens from now on; what waits is passed over.
    Now,
}

/// What came of trying a webhook.
#[derive(Debug)]
pub struct Tried {
    /// The id it was told under.
    pub id: EventId,
    /// The status it answered with, or why it was not told.
    pub told: Result<u16, Undelivered>,
    /// How long it took.
    pub duration: Duration,
}

impl Webhooks {
    /// Over the webhooks there are.
    #[must_use]
    pub fn new(parts: WebhooksParts) -> Self {
        let letters = DeadLetters::new(parts.progress.clone());
        Self { parts, letters }
    }

    /// Makes a webhook, which is told what happens from now on. What it is signed with is shown this once.
    ///
    /// # Errors
    /// [`Error::UnusableUrl`], [`Error::UnknownSession`], [`Error::TellsTooMuch`], [`Error::TellsNothing`],
    /// [`Error::TooManyWebhooks`], [`Error::Store`].
    pub async fn create(&self, caller: &Caller, new: NewWebhook) -> Result<Arc<Endpoint>, Error> {
        self.check_url(&new.url).await?;
        let wants = Wants {
            sessions: self.sessions_of(caller, new.tenant, new.sessions).await?,
            events: new.events,
            chats: new.chats,
            own: new.own,
            seen: seen(caller),
        };
        check_events(caller, wants.events.as_deref())?;
        check_format(new.format, wants.events.as_deref())?;
        let now = self.parts.clock.now();
        let id = WebhookId::new(self.parts.ids.ulid(now));
        let webhook = Webhook {
            tenant: new.tenant,
            name: new.name,
            url: new.url.as_str().into(),
            wants,
            format: new.format,
            secrets: WebhookSecrets {
                signing: new.secret.unwrap_or_else(|| self.draw()),
                previous: None,
                headers: new.headers,
            },
            standing: new.standing,
            created_at: now,
            changed_at: now,
        };
        let (tenant, only) = (webhook.tenant, webhook.wants.sessions.clone());
        // Whatever happens once this is answered is told.
        let begin = async {
            for session in self.tenants_sessions(tenant).await? {
                if only.as_ref().is_some_and(|only| !only.contains(&session)) {
                    continue;
                }
                let head = self.parts.log.head(session).await?;
                self.parts.progress.start_at(session, id, head).await?;
            }
            Ok::<_, Error>(())
        };
        self.parts.endpoints.add(id, webhook, begin).await
    }

    /// Up to `limit` webhooks behind `after` that the caller sees, oldest first.
    #[must_use]
    pub fn list(&self, caller: &Caller, after: Option<WebhookId>, limit: usize) -> Vec<Arc<Endpoint>> {
        let all = self.parts.endpoints.list().into_iter();
        let seen = all.filter(|endpoint| sees(caller, &endpoint.webhook));
        let behind = seen.filter(|endpoint| after.is_none_or(|after| endpoint.id > after));
        behind.take(limit).collect()
    }

    /// One webhook that the caller sees.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`].
    pub fn get(&self, caller: &Caller, given: &str) -> Result<Arc<Endpoint>, Error> {
        let found = given.parse().ok().and_then(|id| self.parts.endpoints.get(id));
        found
            .filter(|endpoint| sees(caller, &endpoint.webhook))
            .ok_or_else(|| Error::UnknownWebhook { given: given.into() })
    }

    /// One that the caller may change, since it is told of nothing that they may not see.
    fn own(&self, caller: &Caller, given: &str) -> Result<Arc<Endpoint>, Error> {
        let endpoint = self.get(caller, given)?;
        match caller.is_admin() || endpoint.types().is_within(TypeSet::seen_by(caller)) {
            true => Ok(endpoint),
            false => Err(Error::TellsTooMuch),
        }
    }

    /// Changes a webhook, but for its secret.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`], those of [`Webhooks::create`].
    pub async fn change(&self, caller: &Caller, given: &str, change: WebhookChange) -> Result<Arc<Endpoint>, Error> {
        let endpoint = self.own(caller, given)?;
        if let Some(url) = &change.url {
            self.check_url(url).await?;
        }
        let tenant = endpoint.webhook.tenant;
        let sessions = match change.sessions {
            Some(sessions) => Some(self.sessions_of(caller, tenant, sessions).await?),
            None => None,
        };
        if let Some(events) = &change.events {
            check_events(caller, events.as_deref())?;
        }
        let events = change.events.as_ref().unwrap_or(&endpoint.webhook.wants.events);
        check_format(change.format.unwrap_or(endpoint.webhook.format), events.as_deref())?;
        if change.resume == Some(Resume::Now) && !endpoint.is_active() {
            for session in self.its_sessions(&endpoint, None).await? {
                let head = self.parts.log.head(session).await?;
                self.parts.progress.advance(session, endpoint.id, head).await?;
            }
        }
        let now = self.parts.clock.now();
        let changed = self.parts.endpoints.change(endpoint.id, move |webhook| {
            let wants = &mut webhook.wants;
            if let Some(name) = change.name {
                webhook.name = name;
            }
            if let Some(url) = change.url {
                webhook.url = url.as_str().into();
            }
            if let Some(events) = change.events {
                wants.events = events;
            }
            if let Some(sessions) = sessions {
                wants.sessions = sessions;
            }
            if let Some(chats) = change.chats {
                wants.chats = chats;
            }
            if let Some(own) = change.own {
                wants.own = own;
            }
            if let Some(format) = change.format {
                webhook.format = format;
            }
            if let Some(headers) = change.headers {
                webhook.secrets.headers = headers;
            }
            match change.resume {
                Some(Resume::Pause) => webhook.standing = Standing::Paused,
                Some(Resume::Here | Resume::Now) => webhook.standing = Standing::Active,
                None => {}
            }
            webhook.changed_at = now;
        });
        Ok(changed.await?)
    }

    /// Removes a webhook with everything that is known of it.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`], [`Error::TellsTooMuch`], [`Error::Store`].
    pub async fn remove(&self, caller: &Caller, given: &str) -> Result<(), Error> {
        let endpoint = self.own(caller, given)?;
        Ok(self.parts.endpoints.remove(endpoint.id).await?)
    }

    /// Removes the webhooks of a tenant that is gone.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn remove_all_of(&self, tenant: TenantId) -> Result<(), Error> {
        let all = self.parts.endpoints.list();
        for endpoint in all.iter().filter(|endpoint| endpoint.webhook.tenant == tenant) {
            self.parts.endpoints.remove(endpoint.id).await?;
        }
        Ok(())
    }

    /// Gives a webhook another secret, which is shown this once; deliveries are signed with the one before as well for `overlap`.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`], [`Error::TellsTooMuch`], [`Error::Store`].
    pub async fn rotate(
        &self,
        caller: &Caller,
        given: &str,
        secret: Option<Box<str>>,
        overlap: Duration,
    ) -> Result<Arc<Endpoint>, Error> {
        let endpoint = self.own(caller, given)?;
        let secret = secret.unwrap_or_else(|| self.draw());
        let now = self.parts.clock.now();
        let changed = self.parts.endpoints.change(endpoint.id, move |webhook| {
            let secrets = &mut webhook.secrets;
            let text = std::mem::replace(&mut secrets.signing, secret);
            let until = now.plus(overlap);
            secrets.previous = (until > now).then_some(PreviousSecret { text, until });
            webhook.changed_at = now;
        });
        Ok(changed.await?)
    }

    /// Tells a webhook something now, so that it shows whether it can be told.
    ///
    /// # Errors
    /// [`Error::UnknownWebhook`], [`Error::TellsTooMuch`].
    pub async fn test(&self, caller: &Caller, given: &str) -> Result<Tried, Error> {
        let endpoint = self.own(caller, given)?;
        let at = self.parts.clock.now();
        let id = EventId::new(self.parts.ids.ulid(at));
        let ping = Ping {
            id,
            webhook: endpoint.id,
            at,
        };
        let started = self.parts.clock.monotonic();
        let told = match endpoint.pings(ping, self.parts.endpoints.rules().timeout) {
            Some(letter) => post(&self.parts.egress, letter).await,
            None => Err(Undelivered::never("its URL cannot be read")),
        };
        let duration = self.parts.clock.monotonic().saturating_sub(started);
        Ok(Tried { id, told, duration })
    }

    /// The sessions that a webhook is told of, in their order; one of them alone, if one is named.
    async fn its_sessions(&self, endpoint: &Endpoint, only: Option<SessionId>) -> Result<Vec<SessionId>, Error> {
        let all = self.tenants_sessions(endpoint.webhook.tenant).await?.into_iter();
        let its = all.filter(|session| endpoint.is_of(endpoint.webhook.tenant, *session));
        Ok(its.filter(|session| only.is_none_or(|only| only == *session)).collect())
    }

    async fn tenants_sessions(&self, tenant: TenantId) -> Result<Vec<SessionId>, Error> {
        let all = self.parts.register.list_owned().await?.into_iter();
        let theirs = all.filter(|(_, owner)| *owner == tenant);
        Ok(theirs.map(|(record, _)| record.id).collect())
    }

    /// The sessions that a webhook is to be told of: such as its maker sees, and no more than those.
    async fn sessions_of(
        &self,
        caller: &Caller,
        tenant: TenantId,
        wanted: Option<Vec<SessionId>>,
    ) -> Result<Option<Vec<SessionId>>, Error> {
        let wanted = match (&caller.reach, wanted) {
            (_, Some(wanted)) => wanted,
            (Reach::Sessions(_, held), None) => held.clone(),
            (Reach::Nothing | Reach::Host | Reach::Tenant(_), None) => return Ok(None),
        };
        for session in &wanted {
            let is_there = self.parts.register.get(*session).await?.is_some();
            let owner = self.parts.register.owner(*session).await?;
            if !is_there || owner != tenant || !caller.sees(*session, owner) {
                return Err(Error::UnknownSession {
                    given: session.to_string().into(),
                });
            }
        }
        Ok(Some(wanted))
    }

    async fn check_url(&self, url: &Url) -> Result<(), Error> {
        let unusable = |why: &dyn ToString| Error::UnusableUrl {
            why: why.to_string().into(),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(unusable(&"what it is to be shown goes into a header, not into the URL"));
        }
        self.parts.egress.check(url).await.map_err(|error| unusable(&error))
    }

    /// A secret in the form of Standard Webhooks.
    fn draw(&self) -> Box<str> {
        let mut bytes = [0; SECRET_BYTES];
        for chunk in bytes.chunks_exact_mut(8) {
            chunk.copy_from_slice(&self.parts.ids.seed().to_be_bytes());
        }
        format!("{ENCODED}{}", STANDARD.encode(bytes)).into()
    }
}

/// Whether a caller sees a webhook: it is of their tenant, and of no session that is not theirs.
fn sees(caller: &Caller, webhook: &Webhook) -> bool {
    match &caller.reach {
        Reach::Nothing => false,
        Reach::Host => true,
        Reach::Tenant(tenant) => *tenant == webhook.tenant,
        Reach::Sessions(tenant, held) => {
            let sessions = webhook.wants.sessions.as_ref();
            *tenant == webhook.tenant
                && sessions.is_some_and(|sessions| sessions.iter().all(|session| held.contains(session)))
        }
    }
}

/// What a webhook may be told of that a caller makes.
fn seen(caller: &Caller) -> Seen {
    match caller.is_admin() {
        true => Seen::Everything,
        false => Seen::Within(caller.scopes.iter().filter(|scope| caller.may(*scope)).collect()),
    }
}

/// Nobody has others told what they may not see.
fn check_events(caller: &Caller, names: Option<&[Box<str>]>) -> Result<(), Error> {
    let seen = TypeSet::seen_by(caller);
    let named = names.iter().flat_map(|names| names.iter());
    let all_seen = named
        .filter_map(|name| name.parse::<TypeSet>().ok())
        .all(|types| types.is_within(seen));
    match all_seen && !seen.is_empty() {
        true => Ok(()),
        false => Err(Error::TellsTooMuch),
    }
}

/// Whether a format has anything to say of what is wanted.
fn check_format(format: Format, names: Option<&[Box<str>]>) -> Result<(), Error> {
    let told = told_types(format);
    let Some(names) = names else { return Ok(()) };
    let wanted = names.iter().filter_map(|name| name.parse::<TypeSet>().ok());
    match wanted.fold(TypeSet::default(), TypeSet::or).and(told).is_empty() {
        false => Ok(()),
        true => Err(Error::TellsNothing {
            format,
            told: told.names().collect::<Vec<_>>().join(", "),
        }),
    }
}
