//! What a human was told about groups: one row per change, as the grey lines in a chat.

use whatsapp_rust::Jid;
use whatsapp_rust::wacore::stanza::groups::{GroupNotificationAction as Action, GroupParticipantInfo};
use whatsapp_rust::wacore::types::events::GroupUpdate;

use std::time::Duration;

use super::{Human, HumanError, address, inbox};

/// A change of a group.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct GroupNotice {
    /// JID of the group.
    pub group: String,
    /// Whose doing it was: a JID, by phone number when known.
    pub by: Option<String>,
    /// What changed, by its name on the wire: `create`, `add`, `remove`, `promote`, `demote`, `subject`, `description`, `announcement`,
    /// `locked`, `ephemeral`, `invite`, `link` and so on.
    pub change: String,
    /// Whom it is about: JIDs, by phone number when known.
    pub people: Vec<String>,
    /// What it is now, where there is something to say: the subject, the description, seconds, a mode, a code.
    pub value: Option<String>,
    /// When it was changed, in Unix milliseconds (the wire carries whole seconds).
    pub at_ms: i64,
}

impl GroupNotice {
    pub(crate) fn of(update: &GroupUpdate) -> Self {
        let (people, value) = about(&update.action);
        Self {
            group: update.group_jid.to_string(),
            by: update
                .participant
                .as_ref()
                .map(|by| address::person(by, update.participant_pn.as_ref()).to_string()),
            change: update.action.tag_name().to_owned(),
            people,
            value,
            at_ms: update.timestamp.timestamp_millis(),
        }
    }
}

/// Whom a change is about, and what it is now.
fn about(action: &Action) -> (Vec<String>, Option<String>) {
    match action {
        Action::Add { participants, reason } | Action::Remove { participants, reason } => {
            (named(participants), reason.clone())
        }
        Action::Promote { participants } | Action::Demote { participants } | Action::Modify { participants } => {
            (named(participants), None)
        }
        Action::Subject { subject, .. } => (Vec::new(), Some(subject.clone())),
        Action::Description { description, .. } => (Vec::new(), description.clone()),
        Action::Ephemeral { expiration, .. } => (Vec::new(), Some(expiration.to_string())),
        Action::MembershipApprovalMode { enabled } => {
            (Vec::new(), Some(String::from(if *enabled { "on" } else { "off" })))
        }
        Action::CreatedMembershipRequests { requests, .. } => (named(requests), None),
        Action::RevokedMembershipRequests { participants } => (participants.iter().map(Jid::to_string).collect(), None),
        Action::MemberAddMode { mode } => (Vec::new(), Some(mode.clone())),
        Action::Invite { code } => (Vec::new(), Some(code.clone())),
        Action::Link { link_type, .. } => (Vec::new(), Some(link_type.clone())),
        Action::Unlink { unlink_type, .. } => (Vec::new(), Some(unlink_type.clone())),
        // The library's enum is open: its name says what a human needs of the rest.
        _ => (Vec::new(), None),
    }
}

fn named(people: &[GroupParticipantInfo]) -> Vec<String> {
    people
        .iter()
        .map(|person| address::person(&person.jid, person.phone_number.as_ref()).to_string())
        .collect()
}

impl Human {
    /// What this human was told about groups so far, oldest first.
    pub fn group_notices(&self) -> Vec<GroupNotice> {
        self.inner.ears.look(|inbox| inbox.group_notices().cloned().collect())
    }

    /// Waits for a notice that satisfies `wanted`: the oldest so far, else the next to come.
    pub async fn wait_group_notice(
        &self,
        wanted: impl Fn(&GroupNotice) -> bool + Send,
        timeout: Duration,
    ) -> Result<GroupNotice, HumanError> {
        let look = move |inbox: &inbox::Inbox| inbox.group_notices().find(|notice| wanted(notice)).cloned();
        self.inner.ears.wait("notice about a group", timeout, look).await
    }
}
