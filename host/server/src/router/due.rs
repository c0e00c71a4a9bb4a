//! What is to be done about an event when its turn has come.

use waspnest_core::dialogue::{self, Pending};
use waspnest_core::draft::Draft;
use waspnest_core::event::{Event, EventKind};
use waspnest_core::message::Message;
use waspnest_engine::Occasion;

use super::command;
use super::group_admin::Standing;
use super::installed::{Installed, Way};
use super::{RouterError, RouterParts};

/// What is due.
pub(super) enum Due<'a> {
    /// A call of the plugin.
    Call(Occasion<'a>),
    /// An answer of the host's own.
    Answer(Box<Draft>),
    /// Nothing: the event was not for the plugin after all.
    Nothing,
}

/// The wait of the installation's that the event ends, as things stand at its turn.
pub(super) async fn ended_wait(
    parts: &RouterParts,
    installed: &Installed,
    event: &Event,
    way: &Way,
) -> Result<Option<Pending>, RouterError> {
    if !installed.installation.takes_replies() || way.goes_ahead() {
        return Ok(None);
    }
    let dialogues = parts.outbox.dialogues();
    Ok(dialogue::ended_by(dialogues, parts.session, installed.installation.id(), event).await?)
}

/// What is due about an event that goes to an installation in some way and ends a wait of its, if it does.
/// `standing` is what its author is to the command in it.
pub(super) fn due<'a>(
    installed: &Installed,
    event: &Event,
    way: &'a Way,
    pending: Option<&'a Pending>,
    standing: &Standing,
) -> Due<'a> {
    if let Some(pending) = pending {
        return Due::Call(Occasion::Reply(pending));
    }
    match (way, message(event)) {
        (Way::Event, _) => Due::Call(Occasion::Event),
        (Way::Reply, _) | (Way::Command(_) | Way::Answer(_), None) => Due::Nothing,
        (Way::Answer(text), Some(message)) => said(message, text),
        (Way::Command(_), Some(message)) if let Standing::Refused(text) = standing => said(message, text),
        (Way::Command(invoked), Some(message)) => match installed.commands.turn(invoked, event, message) {
            Ok(()) => Due::Call(Occasion::Command(&invoked.command)),
            Err(Some(text)) => said(message, &text),
            // Done for good, or a restart, which forgets cooldowns, would make it up.
            Err(None) => Due::Answer(Box::default()),
        },
    }
}

impl Due<'_> {
    /// Whether it is a call of the plugin.
    pub(super) const fn is_call(&self) -> bool {
        match self {
            Self::Call(_) => true,
            Self::Answer(_) | Self::Nothing => false,
        }
    }
}

/// Notes that the plugin was called, and its draft committed.
pub(super) fn called(installed: &Installed, event: &Event, way: &Way, pending: Option<&Pending>) {
    if let (Way::Command(invoked), Some(message), None) = (way, message(event), pending) {
        installed.commands.used(invoked, event, message);
    }
}

fn said<'a>(message: &Message, text: &str) -> Due<'a> {
    Due::Answer(Box::new(Draft {
        effects: vec![command::answer(message, text)],
        ..Draft::default()
    }))
}

const fn message(event: &Event) -> Option<&Message> {
    match &event.kind {
        EventKind::Message(message) => Some(message),
        EventKind::Tick(_)
        | EventKind::Receipt(_)
        | EventKind::Group(_)
        | EventKind::Presence(_)
        | EventKind::Contact(_)
        | EventKind::Chat(_)
        | EventKind::Call(_)
        | EventKind::Session(_)
        | EventKind::Topic(_)
        | EventKind::Request(_) => None,
    }
}
