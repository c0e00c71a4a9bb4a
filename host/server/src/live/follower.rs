//! Reads what one session's log gets, once for everybody who listens.

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::Clock;
use waspnest_core::event::Position;
use waspnest_core::id::{SessionId, TenantId};
use waspnest_core::log::LogError;
use waspnest_core::session::SessionError;
use waspnest_whatsapp::Qr;

use super::Live;
use crate::public_event::{EventSession, EventType, PublicEvent};

/// Events that are read at a time.
const TOGETHER: usize = 64;

/// Follows one session while it is at work.
#[derive(Debug)]
pub struct Follower {
    live: Live,
    session: SessionId,
    qr: watch::Receiver<Option<Qr>>,
    clock: Arc<dyn Clock>,
}

/// Why a session cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// Its log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Nobody knows whose it is.
    #[error(transparent)]
    Register(#[from] SessionError),
}

impl Follower {
    /// Of a session that shows its codes here.
    #[must_use]
    pub const fn new(live: Live, session: SessionId, qr: watch::Receiver<Option<Qr>>, clock: Arc<dyn Clock>) -> Self {
        Self {
            live,
            session,
            qr,
            clock,
        }
    }

    /// Tells until `stop`.
    ///
    /// # Errors
    /// [`FollowError`]; nobody is told anything more of the session then.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), FollowError> {
        let owner = self.live.inner.register.owner(self.session).await?;
        let mut wake = self.live.inner.log.wake(self.session);
        let mut listening = self.live.inner.listening.subscribe();
        let mut told: Option<Position> = None;
        self.qr.mark_changed();
        let ended = loop {
            let anybody = *listening.borrow_and_update();
            told = match (anybody, told) {
                (true, None) => {
                    wake.mark_unchanged();
                    Some(self.begin(owner).await?)
                }
                (true, Some(told)) => Some(self.tell(owner, told).await?),
                (false, Some(_)) => {
                    self.live.leave(self.session);
                    None
                }
                (false, None) => None,
            };
            tokio::select! {
                biased;
                () = stop.cancelled() => break Ok(()),
                changed = listening.changed() => if changed.is_err() { break Ok(()) },
                changed = wake.changed(), if told.is_some() => if changed.is_err() { break Ok(()) },
                changed = self.qr.changed() => match changed {
                    Ok(()) => self.show(owner).await?,
                    // The session has ended, and this will be told so too.
                    Err(_) => { stop.cancelled().await; break Ok(()) }
                },
            }
        };
        self.live.leave(self.session);
        self.live.code(self.session, owner, None);
        ended
    }

    /// Follows the log from where it is.
    async fn begin(&self, owner: TenantId) -> Result<Position, FollowError> {
        let log = &self.live.inner.log;
        let head = log.head(self.session).await?;
        log.settled().await?;
        self.live.follow(self.session, owner, head);
        Ok(head)
    }

    /// Tells what is behind a position, and says how far that is.
    async fn tell(&self, owner: TenantId, mut told: Position) -> Result<Position, FollowError> {
        let log = &self.live.inner.log;
        loop {
            let events = log.read(self.session, told, TOGETHER).await?;
            let Some(last) = events.last() else { return Ok(told) };
            let position = last.position;
            // What was read may still be lost; what is told must not be.
            log.settled().await?;
            if let Some(shown) = self.shown().await? {
                let mut all = Vec::new();
                for event in &events {
                    // Whoever sits down meanwhile finds it in the log.
                    if self.live.is_wanted(self.session, owner, EventType::of(&event.kind)) {
                        all.push((event.position, self.live.tellable(event, owner, &shown).await?));
                    }
                }
                self.live.recorded(self.session, all, position);
            }
            told = position;
            // Those who listen take what they are told meanwhile.
            tokio::task::yield_now().await;
        }
    }

    /// Shows the code that there is now, or that there is none.
    async fn show(&mut self, owner: TenantId) -> Result<(), FollowError> {
        let code = self.qr.borrow_and_update().clone();
        let shown = self.shown().await?;
        let code = code
            .zip(shown)
            .map(|(code, session)| PublicEvent::code(&code, &session, self.clock.now()));
        self.live.code(self.session, owner, code.as_ref());
        Ok(())
    }

    /// The session as it is shown; none when it was just removed.
    async fn shown(&self) -> Result<Option<EventSession>, FollowError> {
        let record = self.live.inner.register.get(self.session).await?;
        Ok(record.as_ref().map(EventSession::from))
    }
}
