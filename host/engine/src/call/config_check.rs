//! Judging a configuration: by the plugin's schema, and by the plugin itself, in a sandbox that can do nothing else.

use std::sync::Arc;

use ulid::Ulid;
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{Event, EventKind, Position, SessionEvent, SessionState};
use waspnest_core::id::{EventId, SessionId, SessionName};

use super::{CallContext, CallError, Sandbox, classify};
use crate::bindings::exports::waspnest::plugin::config_check::{GuestIndices, Issue as WitIssue};
use crate::configuration::{Configuration, Issue, Weight};
use crate::engine::Engine;
use crate::grant::Effective;
use crate::host::values::{NoValues, OnlyValues};
use crate::installation::{Installation, Rates, Taken};
use crate::limits::cut;

/// Issues of one check that count.
const MOST_ISSUES: usize = 64;
/// Bytes of an issue's words, and of its place.
const ISSUE_BYTES: usize = 1024;

impl Engine {
    /// What is wrong with a configuration for an installation: what its plugin's schema says, or, where that is content, the plugin's own
    /// check. Empty when it can be used without a word. Secrets are not in the words.
    pub async fn judge(&self, installation: &Installation, configuration: &Configuration) -> Vec<Issue> {
        let plugin = installation.plugin();
        let by_schema = plugin.schema.as_ref().map(|schema| schema.judge(&configuration.value));
        let mut issues = by_schema.unwrap_or_default();
        if !issues.is_empty() {
            return issues;
        }
        let Some(check) = &plugin.config_check else {
            return issues;
        };
        issues = match self.check(installation, configuration, check).await {
            Ok(told) => told.into_iter().take(MOST_ISSUES).map(issue).collect(),
            Err(error) => vec![Issue {
                pointer: "".into(),
                problem: format!("the plugin's own check of it failed: {error}").into(),
                weight: Weight::Fatal,
            }],
        };
        if let Some(schema) = &plugin.schema {
            for issue in &mut issues {
                issue.problem = schema.without_secrets(&configuration.value, &issue.problem);
            }
        }
        issues
    }

    async fn check(
        &self,
        installation: &Installation,
        configuration: &Configuration,
        check: &GuestIndices,
    ) -> Result<Vec<WitIssue>, CallError> {
        let limits = installation.limits();
        let places = self.places(installation).await;
        let now = self.clock.now();
        let event = no_event(now);
        let session = no_session();
        let mut call = self.begin(
            installation,
            &CallContext::new(&event, &session),
            Arc::new(OnlyValues(Arc::new(NoValues))),
            limits.call_timeout,
        );
        call.config = configuration.clone();
        call.effective = Arc::default();
        call.taken = Taken::none(Arc::new(Rates::of(&Effective::default(), &limits)));
        let deadline = call.deadline;
        let run = async {
            let mut sandbox = Sandbox::new(installation, call, limits, 0, places);
            let instance = sandbox.instance(installation).await?;
            let store = &mut sandbox.store;
            let told = match check.load(&mut *store, &instance) {
                Ok(guest) => guest.call_validate_config(&mut *store, &configuration.text).await,
                Err(error) => Err(error),
            };
            store.data().journal.finish();
            told.map_err(|error| classify(&error, sandbox.store.data()))
        };
        tokio::select! {
            biased;
            ended = run => ended,
            () = self.clock.sleep(deadline.since(now)) => Err(CallError::Deadline { limit: deadline.since(now) }),
        }
    }
}

fn issue(told: WitIssue) -> Issue {
    Issue {
        pointer: cut(&told.path, ISSUE_BYTES).into(),
        problem: cut(&told.message, ISSUE_BYTES).into(),
        weight: match told.fatal {
            true => Weight::Fatal,
            false => Weight::Warning,
        },
    }
}

/// What stands where a call has an event: it is shown to nobody.
fn no_event(now: UnixMs) -> Event {
    Event {
        id: EventId::new(Ulid::nil()),
        session: SessionId::new(Ulid::nil()),
        position: Position::default(),
        received_at: now,
        kind: EventKind::Session(SessionEvent {
            state: SessionState::Disconnected,
            reason: None,
        }),
    }
}

fn no_session() -> SessionName {
    "none".parse().unwrap_or_else(|_| unreachable!("it is a name"))
}
