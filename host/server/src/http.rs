//! The HTTP API under `/v1`: a window on the host's use cases.
//!
//! One table of routes (`routes`) behind one warp filter; what every request needs (its id, authentication, limits, timing, its log
//! line, the form of errors) happens in `dispatch` and nowhere else. Handlers parse, ask a service, and reply. Nothing here
//! touches the store, and only this module names warp.

mod accept;

mod archive;
mod body;
mod chat_kind;
mod compression;
mod context;
mod cors;
mod dispatch;
mod document;
mod error;
mod etag;
mod form;
#[cfg(test)]
mod fuzz;
mod idempotency;
mod lasting;
mod listener;
mod media_body;
mod meters;
mod multipart;
mod operation;
mod page;
mod peer;
mod picture;
mod postman;
pub(crate) mod qr_image;
mod query;
mod reply;
mod request_trace;
mod routes;
mod scrape;
mod swagger;
mod told;
mod unread;
mod upgrade;
mod values;
mod webhook_format;

mod api;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use waspnest_core::answered::Answers;
use waspnest_core::clock::{Clock, Ids};

use crate::address;
use crate::config::connections::Connections;
use crate::config::server::Compression;
use crate::live::Live;
use crate::rollout::Rollout;
use crate::send_policies::Policies;
use crate::service::accounts::Accounts;
use crate::service::backups::Backups;
use crate::service::callers::Callers;
use crate::service::events::Events;
use crate::service::health::Health;
use crate::service::hooks::Hooks;
use crate::service::installations::Installations;
use crate::service::mailbox::Mailbox;
use crate::service::media::Medias;
use crate::service::messages::Messages;
use crate::service::metrics::Metrics;
use crate::service::readiness::Readiness;
use crate::service::routes::Routes;
use crate::service::runs::Runs;
use crate::service::schedules::Schedules;
use crate::service::secrets::Secrets;
use crate::service::sessions::Sessions;
use crate::service::settings::InstallationSettings;
use crate::service::stream_tickets::StreamTickets;
use crate::service::values::Values;
use crate::service::versions::VersionControl;
use crate::service::webhooks::Webhooks;
use crate::shutdown::Shutdown;
use crate::tls::Certificates;
use crate::traces::Traces;
use dispatch::Dispatch;
pub use document::openapi;
pub use meters::Meters;
pub use postman::postman;
pub use routes::{Access, Listed, list};
pub use scrape::{Scrape, serve_metrics};
use waspnest_core::current::Current;

/// What the API is a window on, and how it is guarded. Built by the composition root.
#[derive(Clone)]
pub struct HttpParts {
    /// Sessions.
    pub sessions: Sessions,
    /// Their accounts.
    pub accounts: Accounts,
    /// Messages and effects.
    pub messages: Messages,
    /// What happened.
    pub events: Events,
    /// What happens.
    pub live: Live,
    /// For those who listen and cannot send headers.
    pub tickets: StreamTickets,
    /// Where connections are served that are more than a request.
    pub tasks: Shutdown,
    /// Media to send.
    pub medias: Medias,
    /// How fast sessions send.
    pub policies: Policies,
    /// Installations and dead letters.
    pub installations: Installations,
    /// Versions of plugins.
    pub versions: Arc<dyn VersionControl>,
    /// What installations keep.
    pub values: Values,
    /// Where tenants are told what happens.
    pub webhooks: Webhooks,
    /// Plugins that were uploaded, and installations that are made here.
    pub made: Rollout,
    /// Points in time.
    pub schedules: Schedules,
    /// What installations are configured to be.
    pub settings: InstallationSettings,
    /// What phones show.
    pub mailbox: Mailbox,
    /// Who would get what.
    pub routes: Routes,
    /// Requests from outside to installations.
    pub hooks: Hooks,
    /// Secrets that the host keeps itself.
    pub secrets: Secrets,
    /// Records of calls.
    pub runs: Runs,
    /// What requests under an idempotency key were answered.
    pub answers: Answers,
    /// Copies of everything.
    pub backups: Backups,
    /// How the host is.
    pub health: Health,
    /// Whether it can do its work.
    pub readiness: Readiness,
    /// What is measured.
    pub metrics: Metrics,
    /// Where work is told of.
    pub traces: Traces,
    /// What is measured of requests.
    pub meters: Meters,
    /// Who may call.
    pub callers: Callers,
    /// Bytes of the largest request body.
    pub body_limit: Current<u64>,
    /// How many connections there may be, and how long each may take over what.
    pub connections: Current<Connections>,
    /// What connections are shown; none where HTTP is served as it is.
    pub tls: Option<Certificates>,
    /// How answers are compressed.
    pub compression: Compression,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids of requests.
    pub ids: Arc<dyn Ids>,
}

/// The API, ready to be served.
#[derive(Clone)]
pub struct Http {
    dispatch: Arc<Dispatch>,
}

impl Http {
    /// Over `parts`. Callers that wait for something are answered when `stop` is cancelled.
    #[must_use]
    pub fn new(parts: HttpParts, stop: CancellationToken) -> Self {
        Self {
            dispatch: Arc::new(Dispatch::new(parts, stop)),
        }
    }

    /// Serves connections of `listener` until the token that [`Http::new`] was given is cancelled and those that are open have ended.
    pub async fn serve(self, listener: TcpListener) {
        unread::give_up(&listener);
        self.dispatch.door().serve(listener, self.filter()).await;
    }

    /// The API as a warp filter, which answers every request.
    pub fn filter(
        &self,
    ) -> impl warp::Filter<Extract = (warp::reply::Response,), Error = std::convert::Infallible>
    + Clone
    + Send
    + Sync
    + 'static
    + use<> {
        dispatch::filter(Arc::clone(&self.dispatch))
    }
}
