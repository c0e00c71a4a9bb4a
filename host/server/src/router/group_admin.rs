//! Who administrates a group, for commands that are theirs.
//!
//! Asked of the account when the command's turn has come, before any sandbox starts. A group's administrators are remembered for a minute, so
//! that a lively group is asked about once. That somebody may use a command is kept with its event until that is done, so that a repeated
//! attempt decides the same. Where nobody can tell, the command is refused: a power is never given for want of an answer.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_core::event::{Event, EventKind};
use waspnest_core::journal::{Asker, Question};
use waspnest_core::live::{Answer, GroupOperation, Operation, Refusal, Request, Role, Token};
use waspnest_core::store::StoreError;

use super::command;
use super::installed::{Installed, Way};
use super::{RouterError, RouterParts};

/// How long a group's administrators are remembered.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Groups that are remembered; when there are more, all are forgotten.
const MOST_GROUPS: usize = 1000;
/// How long the account may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The administrators of a session's groups, as far as they were asked about lately.
#[derive(Debug, Default)]
pub(crate) struct GroupAdmins(Mutex<HashMap<Jid, (UnixMs, HashSet<Jid>)>>);

/// What somebody is to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is not asked about.
    Irrelevant,
    /// Somebody who may use it as an administrator.
    Admin,
    /// Somebody who may not, and what to say to them.
    Refused(Box<str>),
}

impl Standing {
    /// The answers that are kept of it until the event is done.
    pub(super) const fn kept(&self) -> u32 {
        match self {
            Self::Admin => 1,
            Self::Irrelevant | Self::Refused(_) => 0,
        }
    }
}

/// What the author of an event is to the command in it.
pub(super) async fn standing(
    parts: &RouterParts,
    installed: &Installed,
    event: &Event,
    way: &Way,
) -> Result<Standing, RouterError> {
    let (Way::Command(invoked), EventKind::Message(message)) = (way, &event.kind) else {
        return Ok(Standing::Irrelevant);
    };
    if !installed.commands.asks_for_admins(&invoked.spec, message) {
        return Ok(Standing::Irrelevant);
    }
    let asker = Asker {
        session: parts.session,
        installation: installed.installation.id(),
        position: event.position,
    };
    let group = &message.key.chat;
    let question = Question::new("group-admin", group.to_string().as_bytes(), 0);
    if parts.journal.answer(asker, &question).await?.is_some() {
        return Ok(Standing::Admin);
    }
    let admins = match admins(parts, group, Token(*question.bytes())).await? {
        Ok(admins) => admins,
        Err(refusal) => {
            tracing::warn!(event.id = %event.id, plugin.id = %asker.installation, %refusal, "a command is refused, since nobody can tell who administrates the group");
            return Ok(Standing::Refused(command::unknown(&invoked.called, &refusal).into()));
        }
    };
    if !addresses(parts, &message.sender)
        .await?
        .iter()
        .any(|jid| admins.contains(jid))
    {
        return Ok(Standing::Refused(
            command::refused(&invoked.spec, &invoked.called).into(),
        ));
    }
    parts.journal.keep(asker, &question, b"").await?;
    Ok(Standing::Admin)
}

/// The administrators of a group, by all their addresses.
async fn admins(parts: &RouterParts, group: &Jid, token: Token) -> Result<Result<HashSet<Jid>, Refusal>, StoreError> {
    let now = parts.clock.now();
    if let Some(known) = parts.group_admins.known(group, now) {
        return Ok(Ok(known));
    }
    let request = Request {
        operation: Operation::Group(GroupOperation::Info(group.clone())),
        token,
        begun: None,
    };
    let answer = tokio::select! {
        biased;
        answer = parts.account.ask(request) => answer,
        () = parts.clock.sleep(PATIENCE) => Err(Refusal::TimedOut),
    };
    let info = match answer {
        Ok(Answer::Group(info)) => info,
        Ok(_) => return Ok(Err(Refusal::Invalid("the account answered something else".into()))),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let mut admins = HashSet::new();
    for member in &info.members {
        match member.role {
            Role::Admin | Role::Owner => admins.extend(addresses(parts, &member.who).await?),
            Role::Member => {}
        }
    }
    parts.group_admins.remember(group, now, &admins);
    Ok(Ok(admins))
}

/// Every address somebody is known by: a group and a message may name the same person by phone number and by LID.
async fn addresses(parts: &RouterParts, who: &Party) -> Result<Vec<Jid>, StoreError> {
    let canonical = parts.log.contacts().canonical(parts.session, who).await?;
    let all = std::iter::once(who.jid.clone()).chain(who.alt.clone());
    Ok(all.chain([canonical]).collect())
}

impl GroupAdmins {
    /// Forgets what was known of a group: something happened in it.
    pub(super) fn forget(&self, group: &Jid) {
        self.locked().remove(group);
    }

    fn known(&self, group: &Jid, now: UnixMs) -> Option<HashSet<Jid>> {
        let known = self.locked();
        let (at, admins) = known.get(group)?;
        (now.since(*at) <= REMEMBERED).then(|| admins.clone())
    }

    fn remember(&self, group: &Jid, now: UnixMs, admins: &HashSet<Jid>) {
        let mut known = self.locked();
        if known.len() >= MOST_GROUPS {
            known.clear();
        }
        known.insert(group.clone(), (now, admins.clone()));
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Jid, (UnixMs, HashSet<Jid>)>> {
        // Plain data; no panic can leave it half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
