//! A few connected companions, and a group of them.

use waspnest_simulator::{Direction, Simulator, StanzaRecord};
use whatsapp_rust::features::{GroupCreateOptions, GroupError, GroupParticipantOptions};
use whatsapp_rust::wacore::stanza::groups::GroupNotificationAction as Action;
use whatsapp_rust::wacore::types::events::Event;
use whatsapp_rust::wacore_binary::Node;
use whatsapp_rust::{IqError, Jid};

use crate::client::{Companion, PATIENCE, end, settled, strict};

/// A simulator with three people on it.
pub(crate) struct Circle {
    pub(crate) simulator: Simulator,
    pub(crate) ada: Companion,
    pub(crate) ben: Companion,
    pub(crate) cleo: Companion,
}

impl Circle {
    pub(crate) async fn gather() -> Self {
        let simulator = Simulator::start(strict()).await.unwrap();
        Self {
            ada: Companion::join(&simulator, "Ada").await,
            ben: Companion::join(&simulator, "Ben").await,
            cleo: Companion::join(&simulator, "Cleo").await,
            simulator,
        }
    }

    /// A group of all three that Ada made, after everybody has been told.
    pub(crate) async fn group(&self) -> Jid {
        let group = found(&self.ada, "Three", &[&self.ben, &self.cleo]).await;
        for member in [&self.ada, &self.ben, &self.cleo] {
            noticed(member, &group, "create", |action| {
                matches!(action, Action::Create { .. })
            })
            .await;
        }
        group
    }

    /// Ends everything, once every queue is empty.
    pub(crate) async fn part(mut self) {
        settled(&self.simulator).await;
        for companion in [&mut self.ada, &mut self.ben, &mut self.cleo] {
            companion.stop().await;
        }
        end(self.simulator).await;
    }

    /// The acknowledgement of a message or the answer to a request, by its id.
    pub(crate) async fn reply(&self, tag: &str, id: &str) -> StanzaRecord {
        self.simulator
            .wait_stanza(
                0,
                |r| r.tag == tag && r.id == id && r.direction == Direction::Out,
                PATIENCE,
            )
            .await
            .expect("an answer")
    }
}

/// Makes a group; whom `by` invites are named by number.
pub(crate) async fn found(by: &Companion, subject: &str, others: &[&Companion]) -> Jid {
    let members = others.iter().map(|member| GroupParticipantOptions::new(pn(member)));
    let options = GroupCreateOptions::new(subject).with_participants(members.collect());
    by.client().groups().create_group(options).await.unwrap().metadata.id
}

pub(crate) fn pn(companion: &Companion) -> Jid {
    companion.account.jid().parse().unwrap()
}

pub(crate) fn lid(companion: &Companion) -> Jid {
    companion.account.lid_jid().parse().unwrap()
}

/// Waits until a companion has been told of a change to the group.
pub(crate) async fn noticed(by: &Companion, group: &Jid, what: &str, wanted: impl Fn(&Action) -> bool) -> Action {
    by.events
        .first(what, |event| match event {
            Event::GroupUpdate(update) if update.group_jid == *group && wanted(&update.action) => {
                Some(update.action.clone())
            }
            _ => None,
        })
        .await
}

/// The code a request about a group was refused with.
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, GroupError>) -> u16 {
    match outcome {
        Err(GroupError::Iq(IqError::ServerError { code, .. })) => code,
        other => panic!("not refused by the server: {other:?}"),
    }
}

/// Sends a stanza no library would.
pub(crate) async fn send(from: &Companion, node: Node) {
    from.client().send_node(node).await.unwrap();
}
