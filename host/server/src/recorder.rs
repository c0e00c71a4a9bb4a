//! Makes records of plugin calls, beside the calls.
//!
//! A lane hands over what it knows of a call and goes on; one task makes the text of the record and writes it, many at a time. When that
//! task is behind, records are left out: no call waits for its record and none fails for it.

mod difference;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use ulid::Ulid;
use waspnest_core::clock::{Clock, Ids, UnixMs};
use waspnest_core::draft::Draft;
use waspnest_core::event::Event;
use waspnest_core::id::{InstallationId, RunId, SessionId};
use waspnest_core::runs::{Run, Runs};
use waspnest_core::session::{SessionError, Sessions as Register};
use waspnest_core::store::StoreError;
use waspnest_engine::record::{self, Bodies, Hide, Steps, Story, Was};
use waspnest_engine::{Called, Host, Installation, LogLine, Occasion, Usage};

use crate::config::record::Record;
use crate::live::Live;
use crate::public_event::{EventSession, EventType, PublicEvent};
pub(crate) use difference::Then;
pub use difference::{Difference, Unlike};

/// Calls that may wait for their records.
const QUEUE: usize = 1024;
/// Records that are written together.
const TOGETHER: usize = 64;

/// Where calls hand over what there is to tell. Clones are the same.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Told>,
    left_out: Arc<AtomicU64>,
    last: Arc<Mutex<Ulid>>,
    ids: Arc<dyn Ids>,
}

/// The task that writes records.
#[derive(Debug)]
pub(crate) struct RecordWriter {
    queue: mpsc::Receiver<Told>,
    left_out: Arc<AtomicU64>,
    runs: Runs,
    bodies: Bodies,
    hide: Hide,
    keep: usize,
    ttl: Duration,
    clock: Arc<dyn Clock>,
    /// Who is told of them.
    live: Option<(Live, Register)>,
    /// How many there are, where that is known.
    counts: HashMap<(SessionId, InstallationId), usize>,
}

/// A recorder and its task, or none where nothing is to be recorded.
pub(crate) fn recording(
    wanted: &Record,
    runs: Runs,
    hide: Hide,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn Ids>,
) -> Option<(Recorder, RecordWriter)> {
    let bodies = wanted.bodies?;
    let (sender, queue) = mpsc::channel(QUEUE);
    let left_out = Arc::new(AtomicU64::new(0));
    let recorder = Recorder {
        queue: sender,
        left_out: Arc::clone(&left_out),
        last: Arc::default(),
        ids: Arc::clone(ids),
    };
    let writer = RecordWriter {
        queue,
        left_out,
        runs,
        bodies,
        hide,
        keep: usize::try_from(wanted.runs).unwrap_or(usize::MAX),
        ttl: wanted.ttl,
        clock: Arc::clone(clock),
        live: None,
        counts: HashMap::new(),
    };
    Some((recorder, writer))
}

/// A call that is being made, of which is taken down what it asks.
pub(crate) struct Taking {
    host: Arc<record::Recorder>,
    was: Was,
    began: Duration,
}

/// What is known of a call beside how it ended.
pub(crate) struct About<'a> {
    pub(crate) event: &'a Event,
    pub(crate) installation: &'a Installation,
    pub(crate) attempt: u32,
    pub(crate) binding: &'a Arc<str>,
    pub(crate) traceparent: Option<&'a str>,
}

/// A call that has ended, whose draft may not be committed yet.
pub(crate) struct Ended {
    /// In short, but for its name and what came of it in the end.
    pub(crate) run: Run,
    /// The rest.
    pub(crate) story: Arc<Whole>,
}

/// Everything else there is to tell of a call.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) binding: Arc<str>,
    pub(crate) traceparent: Option<Box<str>>,
    pub(crate) was: Was,
    pub(crate) error: Option<String>,
    pub(crate) draft: Option<Draft>,
    pub(crate) steps: Steps,
    pub(crate) lines: Vec<LogLine>,
}

/// A record that is to be written.
#[derive(Debug)]
struct Told {
    session: SessionId,
    run: Run,
    story: Arc<Whole>,
}

impl Taking {
    /// Begins to take down what a call asks of its host.
    pub(crate) fn begin(host: Arc<dyn Host>, occasion: &Occasion<'_>, clock: &dyn Clock) -> Self {
        Self {
            host: Arc::new(record::Recorder::new(host)),
            was: Was::of(occasion),
            began: clock.monotonic(),
        }
    }

    /// The host that takes down.
    pub(crate) fn host(&self) -> Arc<dyn Host> {
        Arc::clone(&self.host) as Arc<dyn Host>
    }

    /// Ends with the call.
    pub(crate) fn ended(self, called: &Called, about: &About<'_>, clock: &dyn Clock) -> Ended {
        let Self { host, was, began } = self;
        let started = called.began();
        let took = clock.monotonic().saturating_sub(began);
        let Usage {
            fuel,
            memory_bytes,
            hostcall_bytes,
        } = called.usage();
        let plugin = about.installation.plugin();
        let (outcome, error, draft) = match called.outcome() {
            Ok(draft) => ("drafted", None, Some(draft.clone())),
            Err(error) => (error.class(), Some(error.to_string()), None),
        };
        let run = Run {
            id: RunId::new(Ulid::nil()),
            installation: about.installation.id().clone(),
            event: about.event.id,
            position: about.event.position,
            kind: about.event.kind.name().into(),
            version: plugin.manifest.version.to_string().into(),
            digest: plugin.digest.to_string().into(),
            attempt: about.attempt,
            started,
            duration_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            fuel,
            memory_bytes,
            hostcall_bytes,
            outcome: outcome.into(),
            effects: draft
                .as_ref()
                .map_or(0, |draft| u32::try_from(draft.effects.len()).unwrap_or(u32::MAX)),
        };
        let story = Arc::new(Whole {
            binding: Arc::clone(about.binding),
            traceparent: about.traceparent.map(Into::into),
            was,
            error,
            draft,
            steps: host.take(),
            lines: called.lines().to_vec(),
        });
        Ended { run, story }
    }
}

impl Recorder {
    /// Takes a record over, with what came of the call in the end.
    pub(crate) fn tell(&self, session: SessionId, ended: &Ended, outcome: &str) {
        let mut run = ended.run.clone();
        run.id = self.next_id(run.started);
        run.outcome = outcome.into();
        let told = Told {
            session,
            run,
            story: Arc::clone(&ended.story),
        };
        if self.queue.try_send(told).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A name that is greater than all before it, also within one millisecond.
    fn next_id(&self, at: UnixMs) -> RunId {
        // Nothing can panic while it is locked, so a poisoned lock is still good.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = self.ids.ulid(at);
        *last = match last.increment() {
            Ok(next) if next > fresh => next,
            Ok(_) | Err(_) => fresh,
        };
        RunId::new(*last)
    }
}

impl RecordWriter {
    /// Tells those who listen of every record.
    #[must_use]
    pub(crate) fn telling(self, live: Live, register: Register) -> Self {
        let live = Some((live, register));
        Self { live, ..self }
    }

    /// Writes until `stop`, and then what is waiting already.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut waiting = Vec::with_capacity(TOGETHER);
        loop {
            tokio::select! {
                biased;
                _ = self.queue.recv_many(&mut waiting, TOGETHER) => {}
                () = stop.cancelled() => break,
            }
            if waiting.is_empty() {
                // Nobody is left who could tell anything.
                stop.cancelled().await;
                break;
            }
            self.write(&mut waiting).await;
        }
        while let Ok(told) = self.queue.try_recv() {
            waiting.push(told);
        }
        self.write(&mut waiting).await;
    }

    async fn write(&mut self, waiting: &mut Vec<Told>) {
        let left_out = self.left_out.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            tracing::warn!(left_out, "calls were made faster than their records; some have none");
        }
        let mut by_session: HashMap<SessionId, Vec<(Run, Box<str>)>> = HashMap::new();
        for told in waiting.drain(..) {
            let text = told.story.text(self.bodies, &self.hide);
            by_session.entry(told.session).or_default().push((told.run, text));
        }
        for (session, runs) in by_session {
            if let Err(error) = self.keep(session, &runs).await {
                tracing::error!(%error, "records of calls could not be written");
                continue;
            }
            if let Err(error) = self.tell(session, &runs).await {
                tracing::error!(%error, "records of calls could not be told");
            }
        }
    }

    /// Tells those who listen of records of one session, and of the lines in them.
    async fn tell(&self, session: SessionId, runs: &[(Run, Box<str>)]) -> Result<(), SessionError> {
        let Some((live, register)) = &self.live else {
            return Ok(());
        };
        let owner = register.owner(session).await?;
        let wants = |kind| live.is_wanted(session, owner, kind);
        let (wants_runs, wants_lines) = (wants(EventType::run()), wants(EventType::line()));
        if !wants_runs && !wants_lines {
            return Ok(());
        }
        let Some(record) = register.get(session).await? else {
            return Ok(());
        };
        let shown = EventSession::from(&record);
        for (run, text) in runs {
            // The text is one of ours.
            let told: Value = serde_json::from_str(text).unwrap_or_default();
            for line in told["lines"].as_array().into_iter().flatten().filter(|_| wants_lines) {
                live.pass_on(session, owner, &PublicEvent::line(run, line, &shown));
            }
            if wants_runs {
                live.pass_on(session, owner, &PublicEvent::run(run, &shown));
            }
        }
        Ok(())
    }

    /// Writes the records of one session, and removes older ones where there are many too many.
    async fn keep(&mut self, session: SessionId, runs: &[(Run, Box<str>)]) -> Result<(), StoreError> {
        self.runs.add(session, runs).await?;
        let mut full = Vec::new();
        for (run, _) in runs {
            let count = self.counts.entry((session, run.installation.clone()));
            let count = count
                .and_modify(|count| *count = count.saturating_add(1))
                .or_insert(usize::MAX);
            if *count > self.keep + self.keep / 8 + TOGETHER && !full.contains(&run.installation) {
                full.push(run.installation.clone());
            }
        }
        for installation in full {
            let oldest = UnixMs(self.clock.now().0.saturating_sub(millis(self.ttl)));
            let left = self.runs.prune(session, &installation, self.keep, oldest).await?;
            self.counts.insert((session, installation), left);
        }
        Ok(())
    }
}

impl Whole {
    fn text(&self, bodies: Bodies, hide: &Hide) -> Box<str> {
        let story = Story {
            binding: &self.binding,
            traceparent: self.traceparent.as_deref(),
            occasion: &self.was,
            error: self.error.as_deref(),
            draft: self.draft.as_ref(),
            steps: &self.steps,
            lines: &self.lines,
        };
        story.text(bodies, hide).into()
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
