//! One running client of whatsapp-rust on one session's keys.
//!
//! Two clients on the same keys destroy them, so a link owns its backend: when it ends, in order or not, its backend is fenced, and
//! whatever task of the client is still running can write nothing more.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use waspnest_core::event::LiveInterest;
use waspnest_core::id::SessionId;
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::types::events::Event;
use whatsapp_rust::wacore::store::DevicePropsOverride;
use whatsapp_rust::waproto::whatsapp::device_props::PlatformType;
use whatsapp_rust::{Client, TokioRuntime};

use super::door::Door;
use super::news::{Ears, Overflow, PLACES};
use super::past::ToScribe;
use super::published::Published;
use crate::backend::Backend;
use crate::caches;
use crate::host::Host;
use crate::options::{History, Version};
use crate::session_proxy::ProxyError;

/// See the module documentation.
pub(crate) struct Link {
    pub(crate) bot: BotHandle,
    pub(crate) client: Arc<Client>,
    pub(crate) news: mpsc::Receiver<Arc<Event>>,
    /// Why no connection came about.
    pub(crate) troubles: mpsc::Receiver<Box<str>>,
    /// What was dropped from the queue.
    pub(crate) overflow: Arc<Overflow>,
    backend: Arc<Backend>,
    /// Lets go of what is old.
    expiring: AbortHandle,
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("the session's keys could not be opened")]
    Keys(#[source] whatsapp_rust::wacore::store::error::StoreError),
    #[error("the session's proxy could not be read")]
    Proxy(#[source] ProxyError),
    #[error("the client could not be built")]
    Build(#[source] whatsapp_rust::bot::BotBuilderError),
}

impl Link {
    /// Builds a client and lets it run.
    #[expect(
        clippy::disallowed_methods,
        reason = "the task ends with the link, in whatever way that comes to its end"
    )]
    pub(crate) async fn start(
        host: &Host,
        session: SessionId,
        published: &Arc<Published>,
        interest: LiveInterest,
        scribe: ToScribe,
    ) -> Result<Self, LinkError> {
        let (hook, stand_in) = host.hook(session);
        let backend = Backend::open(
            Arc::clone(&host.store),
            session,
            host.sealer.clone(),
            Arc::clone(&host.clock),
        );
        let backend = Arc::new(backend.await.map_err(LinkError::Keys)?.standing_in(&stand_in));
        let (queue, news) = mpsc::channel(PLACES);
        let overflow = Arc::new(Overflow::default());
        let ears = Ears::new(
            queue,
            Arc::clone(published),
            Arc::clone(&overflow),
            interest,
            scribe,
            host.profile.history,
        );
        let profile = &host.profile;
        let (trouble, troubles) = mpsc::channel(1);
        let proxy = host.proxy(session).await.map_err(LinkError::Proxy)?;
        let door = Door::new(
            host.dialer.clone().through(proxy.clone()),
            published.ratchets.departures(),
            Arc::clone(&backend),
            Arc::clone(&host.clock),
            trouble,
        );
        let mut builder = Bot::builder()
            .with_backend_arc(Arc::<Backend>::clone(&backend))
            .with_transport_factory(door.clone())
            .with_http_client(host.http(proxy.as_ref()))
            .with_runtime(TokioRuntime)
            .with_event_handler(ears)
            .with_inbound_durability_hook(hook)
            .with_cache_config(caches::config(host.expiry))
            .with_wanted_pre_key_count(profile.prekeys)
            .with_device_props(
                DevicePropsOverride::new()
                    .with_os(profile.device_name.as_ref())
                    .with_platform_type(PlatformType::CHROME),
            );
        match profile.history {
            History::Taken => {}
            History::Left => builder = builder.skip_history_sync(),
        }
        match profile.version {
            Version::Fixed(primary, secondary, tertiary) => {
                builder = builder.with_version((primary, secondary, tertiary))
            }
            Version::Current => {}
        }
        match builder.build().await {
            Ok(bot) => {
                let client = bot.client();
                door.serve(&client);
                let expiring = host.expiry.run(Arc::clone(&backend), Arc::clone(&host.clock));
                Ok(Self {
                    expiring: tokio::spawn(expiring).abort_handle(),
                    bot: bot.spawn(),
                    client,
                    news,
                    troubles,
                    overflow,
                    backend,
                })
            }
            Err(error) => {
                backend.fence();
                Err(LinkError::Build(error))
            }
        }
    }

    /// Ends the client in order: what it had to write is written when this returns.
    pub(crate) async fn shut_down(mut self) {
        // A client whose run loop has ended by itself still has things to write.
        self.client.disconnect().await;
        (&mut self.bot).await;
        self.backend.settle().await;
    }
}

/// However it ends: nothing of it writes any more.
impl Drop for Link {
    fn drop(&mut self) {
        self.backend.fence();
        self.expiring.abort();
        // Aborting ends the run loop only; the client's other tasks end by this.
        self.client.signal_shutdown_sync();
        self.bot.abort();
    }
}
