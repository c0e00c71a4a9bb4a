//! What the owner does about a session that is silent or stuck.

use std::sync::Arc;
use std::time::Duration;

use whatsapp_rust::request::IqError;
use whatsapp_rust::wacore::iq::keepalive::KeepaliveSpec;

use super::owner::{Owner, Wish};
use super::watchdog::{Advice, Seen};
use crate::meters::Renewal;
use crate::status::State;

/// How long the server may take to answer a question that needs no thought.
const PATIENCE: Duration = Duration::from_secs(30);

impl Owner {
    /// Asks, or starts anew, when it is time to.
    pub(super) async fn look_after(&mut self) {
        let seen = self.seen();
        let now = self.host.clock.monotonic();
        match self.watchdog.look(now, seen, self.published.heard_at()) {
            Advice::Leave => {}
            Advice::Ask => self.ask_the_server(),
            Advice::Renew(passed) => self.renew(seen, passed).await,
        }
    }

    fn seen(&self) -> Seen {
        match (self.wish, self.status.borrow().state) {
            (Wish::Offline, _) | (Wish::Online, State::Pairing) => Seen::Resting,
            (Wish::Online, State::Connecting) => Seen::Connecting,
            (Wish::Online, State::Connected) => Seen::Connected,
            (Wish::Online, State::New | State::Disconnected) => Seen::Stopped,
            // What WhatsApp decided stays.
            (Wish::Online, State::LoggedOut | State::Banned { .. } | State::Replaced | State::Outdated) => {
                Seen::Resting
            }
        }
    }

    /// Any answer shows that somebody is there.
    fn ask_the_server(&mut self) {
        let Some(link) = &self.link else {
            return;
        };
        let (client, published) = (Arc::clone(&link.client), Arc::clone(&self.published));
        let clock = Arc::clone(&self.host.clock);
        self.asking.ask(async move {
            let asked = client.execute(KeepaliveSpec::with_timeout(PATIENCE));
            let answered = tokio::select! {
                answered = asked => answered,
                () = clock.sleep(PATIENCE) => return,
            };
            match answered {
                Ok(_) | Err(IqError::ServerError { .. }) => published.heard(),
                Err(error) => tracing::debug!(%error, "WhatsApp's server did not answer"),
            }
        });
    }

    async fn renew(&mut self, seen: Seen, passed: Duration) {
        let seconds = passed.as_secs();
        let (cause, reason) = match seen {
            Seen::Connected => (
                Renewal::Silent,
                format!("WhatsApp's server has not answered for {seconds} s; connecting anew"),
            ),
            Seen::Connecting => (
                Renewal::Stuck,
                format!("no connection came about in {seconds} s; starting over"),
            ),
            Seen::Stopped | Seen::Resting => (Renewal::Stopped, "the client stopped; starting over".to_owned()),
        };
        self.host.meters.renewed(cause);
        tracing::warn!(session = %self.session, %reason, "the session is started anew");
        if seen == Seen::Connected {
            self.become_(State::Connecting, Some(reason.as_str().into()));
        }
        self.stop().await;
        if self.start().await.is_ok() {
            self.note(reason.into());
        }
    }
}
