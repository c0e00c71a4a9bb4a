//! Who would get an event, as what, and why the others would not. Asks the same questions as routing does, and calls nobody.

use waspnest_core::event::{Event, EventKind};
use waspnest_core::id::{InstallationId, SessionName};
use waspnest_engine::Mode;

use super::bind::{self, As, Refusal};
use super::command::{self, Hearing};
use super::installed::{Installed, Wanted, Way};
use super::precedence;

/// One installation's part in an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The installation.
    pub installation: InstallationId,
    /// Its priority; the higher is asked first where one may stop the event.
    pub priority: i32,
    /// Whether it only looks on.
    pub mode: Mode,
    /// As what it gets the event; none if it does not.
    pub gets: Option<Gets>,
    /// For each of its binds that does not let the event through, why.
    pub refusals: Vec<(Box<str>, &'static str)>,
    /// Why it does not get the event although a bind lets it through, or has none.
    pub because: Option<&'static str>,
    /// Those that may stop the event before it.
    pub waits_for: Vec<InstallationId>,
}

/// As what an installation gets an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gets {
    /// The handler that would be called, or `host` for an answer of the host's own.
    pub handler: &'static str,
    /// The bind that lets it through.
    pub bind: Box<str>,
    /// What the host would answer.
    pub answer: Option<Box<str>>,
    /// What is asked only when its turn has come, and would have the host refuse it instead.
    pub only_if: Option<&'static str>,
    /// Whether it would go to `reply-handler` instead, if the installation waited for it then.
    pub may_be_reply: bool,
}

/// Each installation's part in an event, in the order of priority.
pub(crate) fn explain<'a>(
    installations: impl Iterator<Item = &'a Installed> + Clone,
    session: &SessionName,
    event: &Event,
) -> Vec<Explained> {
    let mut hearings = command::hear(installations.clone(), session, event);
    let mut wanted = Vec::new();
    let mut all = Vec::new();
    for (index, installed) in installations.enumerate() {
        let heard = hearings.iter().position(|hearing| hearing.course == index);
        let heard = heard.map(|at| hearings.swap_remove(at)).map(
            |Hearing {
                 bind, way, may_stop, ..
             }| (bind, way, may_stop),
        );
        let wants = installed.wants(session, event, heard);
        if let Some(wants) = &wants {
            wanted.push((installed, wants.may_stop));
        }
        let gets = wants.map(|wants| gets(installed, event, &wants));
        let refusals: Vec<_> = match &gets {
            Some(_) => Vec::new(),
            None => installed
                .binds
                .iter()
                .filter_map(|bind| refused(bind, session, event))
                .collect(),
        };
        let because = match (&gets, installed.binds.len()) {
            (Some(_), _) => None,
            (None, 0) => Some("no bind names it"),
            (None, binds) if refusals.len() < binds => Some("its manifest subscribes to no such event"),
            (None, _) => None,
        };
        all.push(Explained {
            installation: installed.installation.id().clone(),
            priority: installed.priority,
            mode: installed.mode,
            gets,
            refusals,
            because,
            waits_for: Vec::new(),
        });
    }
    for (waiting, above) in precedence::waits(wanted.iter().copied()) {
        if let Some(explained) = all.iter_mut().find(|explained| explained.installation == waiting) {
            explained.waits_for = above;
        }
    }
    all
}

fn refused(bind: &crate::config::bind::Bind, session: &SessionName, event: &Event) -> Option<(Box<str>, &'static str)> {
    let why = bind::refusal(bind, session, event, As::Event).map(Refusal::reason)?;
    Some((bind.id.clone(), why))
}

/// Why a command is not certain: nobody is asked here.
const ADMINISTRATES: &str = "its author administrates the group";

fn gets(installed: &Installed, event: &Event, Wanted { way, bind, .. }: &Wanted) -> Gets {
    let (handler, answer) = match way {
        Way::Event => (installed.installation.handler_name(&event.kind), None),
        Way::Reply => ("reply-handler", None),
        Way::Command(_) => ("command-handler", None),
        Way::Answer(text) => ("host", Some(text.as_ref().into())),
    };
    let only_if = match (way, &event.kind) {
        (Way::Command(invoked), EventKind::Message(message)) => installed
            .commands
            .asks_for_admins(&invoked.spec, message)
            .then_some(ADMINISTRATES),
        (_, _) => None,
    };
    Gets {
        handler,
        bind: bind.as_ref().into(),
        answer,
        only_if,
        may_be_reply: installed.installation.takes_replies() && !way.goes_ahead(),
    }
}
