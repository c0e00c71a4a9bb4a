//! Records of plugin calls as an operator sees them, and what another build would have made of the same event.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;
use waspnest_core::address::Party;
use waspnest_core::clock::{Clock, ManualClock};
use waspnest_core::id::{InstallationId, RunId, SessionId};
use waspnest_core::log::Log;
use waspnest_core::package::Package;
use waspnest_core::runs::{Run, Runs as Records};
use waspnest_core::session::{SessionRecord, Sessions as Register};
use waspnest_engine::record::{Detail, Hide, Replay, Steps, Was};
use waspnest_engine::{CallContext, Engine, Occasion};

use super::error::Error;
use crate::recorder::Then;
pub use crate::recorder::{Difference, Unlike};
use crate::router::{Installed, RULES, Slots, command_in, seed};

/// Records read at a time when only some are wanted.
const PAGE: usize = 256;

/// What replays are made of.
#[derive(Clone)]
pub struct Replays {
    /// Events.
    pub log: Log,
    /// The sandbox.
    pub engine: Arc<Engine>,
    /// Where packages are looked up.
    pub plugins: PathBuf,
    /// Who works.
    pub installations: Slots,
    /// What redacted records were hidden with.
    pub hide: Hide,
}

/// What the call of a record is made with once more.
#[derive(Debug)]
pub enum Against {
    /// The plugin as it is at work now.
    AtWork,
    /// A package in the plugins' directory.
    Directory(Box<str>),
    /// One that came along.
    Package(Package),
}

/// Which records of an installation.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Those of one session.
    pub session: Option<SessionId>,
    /// Those that ended so.
    pub outcome: Option<Box<str>>,
    /// Those of one event.
    pub event: Option<Box<str>>,
    /// Those before another one.
    pub before: Option<RunId>,
}

/// A record in short, with its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The session.
    pub session: SessionId,
    /// The record.
    pub run: Run,
}

/// A whole record.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// In short.
    pub listed: Listed,
    /// The rest of it.
    pub detail: Detail,
}

/// The use cases of records. Clones are the same.
#[derive(Clone)]
pub struct Runs {
    records: Records,
    register: Register,
    replays: Replays,
}

impl Runs {
    /// Over what is recorded.
    #[must_use]
    pub const fn new(records: Records, register: Register, replays: Replays) -> Self {
        Self {
            records,
            register,
            replays,
        }
    }

    /// Up to `limit` records of an installation, latest first.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list(&self, id: &InstallationId, which: &Which, limit: usize) -> Result<Vec<Listed>, Error> {
        let mut found = Vec::new();
        for session in self.register.list().await? {
            if which.session.is_none_or(|only| only == session.id) {
                found.extend(self.of_session(session.id, id, which, limit).await?);
            }
        }
        found.sort_by_key(|listed| std::cmp::Reverse(listed.run.id));
        found.truncate(limit);
        Ok(found)
    }

    async fn of_session(
        &self,
        session: SessionId,
        id: &InstallationId,
        which: &Which,
        limit: usize,
    ) -> Result<Vec<Listed>, Error> {
        let wanted = |run: &Run| {
            which.outcome.as_ref().is_none_or(|outcome| run.outcome == *outcome)
                && which
                    .event
                    .as_ref()
                    .is_none_or(|event| *run.event.to_string() == **event)
        };
        let mut found = Vec::new();
        let mut before = which.before;
        loop {
            let page = self.records.before(session, id, before, PAGE).await?;
            let Some(last) = page.last() else { return Ok(found) };
            before = Some(last.id);
            found.extend(page.into_iter().filter(wanted).map(|run| Listed { session, run }));
            if found.len() >= limit {
                return Ok(found);
            }
        }
    }

    /// One record.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], [`Error::Store`].
    pub async fn get(&self, id: RunId) -> Result<Whole, Error> {
        self.find(id).await.map(|(_, whole)| whole)
    }

    async fn find(&self, id: RunId) -> Result<(SessionRecord, Whole), Error> {
        for session in self.register.list().await? {
            if let Some((run, text)) = self.records.get(session.id, id).await? {
                let detail = Detail::read(&text).ok_or_else(|| Error::Internal("a record is not JSON".into()))?;
                let listed = Listed {
                    session: session.id,
                    run,
                };
                return Ok((session, Whole { listed, detail }));
            }
        }
        Err(Error::UnknownRun { id })
    }

    /// Makes the call of a record once more and tells what is different. Nothing it asks for happens.
    ///
    /// # Errors
    /// [`Error::UnknownRun`], [`Error::NotReplayable`], [`Error::Store`].
    pub async fn replay(&self, id: RunId, against: Against) -> Result<Difference, Error> {
        let (session, Whole { listed, detail }) = self.find(id).await?;
        let Listed { run, .. } = listed;
        let replays = &self.replays;
        let slot = replays.installations.get(&run.installation);
        let slot = slot.ok_or_else(|| not("its installation is not at work any more"))?;
        let installed = &slot.active();
        let event = replays.log.get(session.id, run.position).await?;
        let event = event.ok_or_else(|| not("its event is not in the log any more"))?;
        let was = detail.was().ok_or_else(|| {
            not("it was called for the end of a wait, which is recorded in full only: plugins.record.bodies")
        })?;
        let beside = self.beside(installed, against).await?;
        let command = match was {
            Was::Command => {
                let command = command_in(installed, &session.name, &event);
                Some(command.ok_or_else(|| not("its event is no command of the installation's any more"))?)
            }
            Was::Event | Was::Reply(_) => None,
        };
        let occasion = match (&was, &command) {
            (Was::Reply(pending), _) => Occasion::Reply(pending),
            (_, Some(command)) => Occasion::Command(command),
            (Was::Event | Was::Command, None) => Occasion::Event,
        };
        let me = session.jid.clone().map(Party::known_as);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(run.started));
        let manifest = &beside.plugin().manifest;
        let config = installed.settings.of_event_over(manifest, &session.name, &event);
        let context = CallContext {
            me: me.as_ref(),
            attempt: run.attempt,
            seed: seed(&event, installed),
            binding: detail.binding(),
            traceparent: detail.traceparent(),
            occasion,
            config: Some(&config),
            clock: Some(&clock),
            ..CallContext::new(&event, &session.name)
        };
        let host = Arc::new(Replay::of(detail.steps(), RULES));
        // What it logs is no news.
        let called = replays.engine.handle(&beside, context, host.clone());
        let called = called.with_subscriber(NoSubscriber::default()).await;
        Ok(Difference::between(
            Then::recorded(&run, &detail),
            (&called, &beside),
            &host,
            (&Steps::default(), &replays.hide),
        ))
    }

    /// The installation once more, so that the replay neither pays nor meets its rates.
    async fn beside(&self, installed: &Installed, against: Against) -> Result<waspnest_engine::Installation, Error> {
        let installation = &installed.installation;
        let (engine, limits) = (&self.replays.engine, installation.spec().limits);
        let loaded = match against {
            Against::AtWork => Ok(Arc::clone(installation.plugin())),
            Against::Directory(name) => {
                let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\']);
                if !plain {
                    return Err(not("a package is named by its directory in plugins.dir"));
                }
                engine.load_for(&self.replays.plugins.join(&*name), limits).await
            }
            Against::Package(package) => engine.load_package(package, Path::new("upload"), limits).await,
        };
        let plugin = loaded.map_err(|error| not(&error.to_string()))?;
        installation.beside(plugin).map_err(|error| not(&error.to_string()))
    }

    /// The id of a session that is given by id or name.
    ///
    /// # Errors
    /// [`Error::UnknownSession`], [`Error::Store`].
    pub async fn session(&self, given: &str) -> Result<SessionId, Error> {
        let sessions = self.register.list().await?;
        let named = sessions
            .into_iter()
            .find(|session| session.name.as_str() == given || session.id.to_string() == given);
        named
            .map(|session| session.id)
            .ok_or_else(|| Error::UnknownSession { given: given.into() })
    }
}

fn not(why: &str) -> Error {
    Error::NotReplayable { why: why.into() }
}
