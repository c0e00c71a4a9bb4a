//! The sessions of one host, and what they share: connection settings, TLS, HTTP agent, key, clock.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};
use waspnest_core::clock::Clock;
use waspnest_core::event::LiveInterest;
use waspnest_core::id::SessionId;
use waspnest_core::log::Log;
use waspnest_core::mailbox::Mailbox;
use waspnest_core::outbox::Outbox;
use waspnest_core::store::Store;
use whatsapp_rust::http::UreqHttpClient;
use whatsapp_rust::wacore::store::error::StoreError;

use crate::authority::Authority;
use crate::backend::Backend;
use crate::certificate::{self, WeakenedBuild};
use crate::expiry::Expiry;
use crate::intake::Intake;
use crate::jid;
use crate::meters::Meters;
use crate::options::{Profile, WhatsAppOptions};
use crate::proxy::Proxy;
use crate::redelivery::{Asker, StandIn};
use crate::session::{
    Hook, Owner, Published, Question, Report, Request, Scribe, SessionHandle, Settler, ToScribe, Watchdog, Wish,
};
use crate::session_proxy::ProxyError;
use crate::status::{State, Status};
use crate::time;
use crate::transport::Dialer;
use crate::turnstile::Turnstile;
use waspnest_core::master_key::MasterKey;
use waspnest_core::rekey::{RekeyError, deriving_key};
use waspnest_core::seal::{KeyCheckError, Sealer};

/// How many requests may wait for a session's owner.
const REQUESTS: usize = 16;

/// The sessions of one host. Clones are the same host.
#[derive(Clone)]
pub struct WhatsApp {
    host: Arc<Host>,
    files: waspnest_core::files::Files,
    media: waspnest_core::media_store::MediaStore,
}

/// What sessions share.
pub(crate) struct Host {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) log: Log,
    mailbox: Mailbox,
    outbox: Outbox,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) sealer: Sealer,
    /// What secrets of messages are derived from.
    key: MasterKey,
    pub(crate) profile: Profile,
    pub(crate) expiry: Expiry,
    pub(crate) dialer: Dialer,
    pub(crate) meters: Meters,
    /// Of sessions that go through no proxy.
    http: UreqHttpClient,
    authority: Authority,
    pub(crate) usual_proxy: Option<Proxy>,
    open: Open,
}

type Open = Arc<Mutex<HashMap<SessionId, mpsc::WeakSender<Request>>>>;

/// The right to run one session in this process; given back when dropped.
pub(crate) struct Place {
    session: SessionId,
    open: Open,
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.open).remove(&self.session);
    }
}

/// Why the host cannot run sessions.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// This build must not leave the machine.
    #[error(transparent)]
    WeakenedBuild(#[from] WeakenedBuild),
    /// Nor through a proxy.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The master key does not fit the store.
    #[error("device keys cannot be used")]
    MasterKey(#[from] KeyCheckError),
    /// What secrets of messages are derived from cannot be read.
    #[error("secrets of messages cannot be derived")]
    Deriving(#[from] RekeyError),
}

/// Why a session cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Two clients on the same keys would destroy them.
    #[error("session {session} is open already")]
    AlreadyOpen {
        /// Which.
        session: SessionId,
    },
    /// Its keys cannot be read.
    #[error("the keys of session {session} cannot be read")]
    Keys {
        /// Which.
        session: SessionId,
        /// Why.
        source: StoreError,
    },
}

impl WhatsApp {
    /// Checks the endpoint and the master key, and makes what sessions share.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn new(options: WhatsAppOptions) -> Result<Self, StartError> {
        certificate::permit(&options.endpoint, certificate::verification())?;
        if let Some(proxy) = &options.proxy {
            certificate::permit_proxy(proxy)?;
        }
        let sealer = Sealer::checked(&options.master_key, &*options.store).await?;
        let key = deriving_key(&*options.store, &sealer, &options.master_key).await?;
        time::follow(Arc::clone(&options.clock));
        let turnstile = Turnstile::new(options.connects_per_second, Arc::clone(&options.clock));
        let host = Host {
            store: options.store,
            log: options.log,
            mailbox: options.mailbox,
            outbox: options.outbox,
            clock: options.clock,
            sealer,
            key,
            dialer: Dialer::new(options.endpoint, turnstile, options.meters.clone()),
            meters: options.meters,
            http: options
                .authority
                .client(None)
                .with_max_body_bytes(options.profile.http_body_limit),
            authority: options.authority,
            usual_proxy: options.proxy,
            profile: options.profile,
            expiry: Expiry::after(options.keep_events),
            open: Open::default(),
        };
        Ok(Self {
            host: Arc::new(host),
            files: options.files,
            media: options.media,
        })
    }

    /// Opens a session. It rests until [`SessionHandle::connect`], and closes when the last handle is gone. Beside messages it takes in
    /// what `interest` is in at the moment, and nothing else.
    ///
    /// # Errors
    /// [`OpenError`].
    #[expect(
        clippy::disallowed_methods,
        reason = "the tasks of a session: named by the session they log, ended by its handle; close awaits the owner, the scribe ends with it"
    )]
    pub async fn open(
        &self,
        session: SessionId,
        interest: impl Into<LiveInterest>,
    ) -> Result<SessionHandle, OpenError> {
        let interest = interest.into();
        let (requests, asked) = mpsc::channel(REQUESTS);
        let place = self.host.take_place(session, &requests)?;
        let keys = |source| OpenError::Keys { session, source };
        let device = Backend::device(
            Arc::clone(&self.host.store),
            session,
            self.host.sealer.clone(),
            Arc::clone(&self.host.clock),
        )
        .await
        .map_err(keys)?;
        let me = device.and_then(|device| jid::party(&device.pn?, device.lid.as_ref()));
        let state = if me.is_some() { State::Disconnected } else { State::New };
        let now = self.host.clock.now();
        let status = watch::Sender::new(Status {
            state,
            since: now,
            reason: None,
            me,
            last_round_trip: None,
        });
        let qr = watch::Sender::new(None);
        let passkey = watch::Sender::new(None);
        let published = Arc::new(Published::new(
            Arc::clone(&self.host.clock),
            self.host.key.clone(),
            self.files.clone(),
            self.media.clone(),
        ));
        let handle = SessionHandle {
            id: session,
            requests,
            status: status.subscribe(),
            qr: qr.subscribe(),
            passkey: passkey.subscribe(),
            published: Arc::clone(&published),
        };
        let (to_scribe, listening) = ToScribe::new();
        let scribe = Scribe {
            session,
            mailbox: self.host.mailbox.clone(),
            status: status.subscribe(),
            clock: Arc::clone(&self.host.clock),
            listening,
        };
        let owner = Owner {
            session,
            host: Arc::clone(&self.host),
            place,
            requests: asked,
            status,
            qr,
            passkey,
            published,
            settler: Settler {
                session,
                outbox: self.host.outbox.clone(),
            },
            report: Report::new(session, self.host.log.clone(), interest.clone()),
            interest,
            scribe: to_scribe,
            link: None,
            rounds: 0,
            wish: Wish::Offline,
            watchdog: Watchdog::new(),
            asking: Question::default(),
        };
        tokio::spawn(owner.run());
        tokio::spawn(scribe.run());
        Ok(handle)
    }

    /// The proxy a session has of its own.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub async fn proxy(&self, session: SessionId) -> Result<Option<Proxy>, ProxyError> {
        self.host.own_proxy(session).await
    }

    /// Gives a session a proxy of its own, durably, or takes it away; the session's next connection goes through it.
    ///
    /// # Errors
    /// [`ProxyError`].
    pub async fn set_proxy(&self, session: SessionId, proxy: Option<&Proxy>) -> Result<(), ProxyError> {
        self.host.set_proxy(session, proxy).await
    }

    /// Closes every session in order, and returns when all of them have written what they had to.
    pub async fn close_all(&self) {
        let open: Vec<_> = lock(&self.host.open)
            .values()
            .filter_map(mpsc::WeakSender::upgrade)
            .collect();
        let closing = open.into_iter().map(|requests| async move {
            let (reply, answer) = oneshot::channel();
            if requests.send(Request::Close(reply)).await.is_ok() {
                // An owner that ends without an answer is closed too.
                let _ = answer.await;
            }
        });
        futures::future::join_all(closing).await;
    }
}

impl Host {
    /// The HTTP client of a session that goes through this proxy, or none.
    pub(crate) fn http(&self, proxy: Option<&Proxy>) -> UreqHttpClient {
        match proxy {
            None => self.http.clone(),
            Some(proxy) => self
                .authority
                .client(Some(proxy.clone()))
                .with_max_body_bytes(self.profile.http_body_limit),
        }
    }

    /// What takes a session's messages in.
    pub(crate) fn intake(&self, session: SessionId) -> Intake {
        Intake {
            session,
            log: self.log.clone(),
            outbox: self.outbox.clone(),
            key: self.key.clone(),
            expiry: self.expiry,
        }
    }

    /// What whatsapp-rust hands a session's messages to, and what stands for those it has no copy of.
    pub(crate) fn hook(&self, session: SessionId) -> (Hook, StandIn) {
        let stand_in = StandIn::of(session, &self.key);
        let hook = Hook {
            intake: self.intake(session),
            stand_in: stand_in.clone(),
            asker: Asker::start(session),
            meters: self.meters.clone(),
        };
        (hook, stand_in)
    }

    fn take_place(&self, session: SessionId, requests: &mpsc::Sender<Request>) -> Result<Place, OpenError> {
        let mut open = lock(&self.open);
        if open.contains_key(&session) {
            return Err(OpenError::AlreadyOpen { session });
        }
        open.insert(session, requests.downgrade());
        Ok(Place {
            session,
            open: Arc::clone(&self.open),
        })
    }
}

fn lock(open: &Open) -> MutexGuard<'_, HashMap<SessionId, mpsc::WeakSender<Request>>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for WhatsApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhatsApp")
            .field("open", &lock(&self.host.open).len())
            .finish_non_exhaustive()
    }
}
