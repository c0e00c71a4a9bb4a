//! What the server tells devices of its own accord: `<notification>`, queued until the device acknowledges it.
//!
//! One is described once and sent to many; every copy gets an id of its own, because a device acknowledges by id.

use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore_binary::node::NodeValue;
use whatsapp_rust::wacore_binary::{Jid, Node};

use crate::address::{AccountId, DeviceAddress};
use crate::queue::{Class, Entry};
use crate::world::{SERVER, World};

/// A notification before it has an id and a time.
#[derive(Debug, Clone)]
pub(crate) struct Notification {
    kind: &'static str,
    from: NodeValue,
    attrs: Vec<(&'static str, NodeValue)>,
    content: Vec<Node>,
    about: Option<AccountId>,
}

impl Notification {
    /// From the server itself; `kind` is the `type` on the wire.
    pub(crate) fn of_server(kind: &'static str) -> Self {
        Self {
            kind,
            from: SERVER.into(),
            attrs: Vec::new(),
            content: Vec::new(),
            about: None,
        }
    }

    /// From an address: a user, a group, a newsletter.
    pub(crate) fn from(kind: &'static str, from: Jid) -> Self {
        Self {
            from: from.into(),
            ..Self::of_server(kind)
        }
    }

    /// Whose doing it is: an acknowledgement may name that account.
    pub(crate) fn about(mut self, account: AccountId) -> Self {
        self.about = Some(account);
        self
    }

    pub(crate) fn attr(mut self, key: &'static str, value: impl Into<NodeValue>) -> Self {
        self.attrs.push((key, value.into()));
        self
    }

    pub(crate) fn content(mut self, content: impl IntoIterator<Item = Node>) -> Self {
        self.content.extend(content);
        self
    }

    /// One copy of it.
    pub(crate) fn node(&self, id: &str, at_s: u64) -> Node {
        let mut node = NodeBuilder::new("notification")
            .attr("from", self.from.clone())
            .attr("type", self.kind)
            .attr("id", id)
            .attr("t", at_s);
        for (key, value) in &self.attrs {
            node = node.attr(key, value.clone());
        }
        node.children(self.content.iter().cloned()).build()
    }
}

impl World {
    /// Queues a notification for one device.
    pub(crate) fn notify(&mut self, to: DeviceAddress, notification: &Notification) {
        let id = self.stanza_id();
        let node = notification.node(&id, self.now_s());
        self.enqueue(to, Entry::new(node, Class::Notification, id, notification.about));
    }

    /// Queues a notification for every companion of an account but `except`, usually the one whose doing it was.
    pub(crate) fn notify_companions(
        &mut self,
        account: AccountId,
        except: Option<DeviceAddress>,
        notification: &Notification,
    ) {
        for at in self.companions_of(account) {
            if Some(at) != except {
                self.notify(at, notification);
            }
        }
    }

    /// The companions of an account, in order of their number.
    pub(crate) fn companions_of(&self, account: AccountId) -> Vec<DeviceAddress> {
        self.account(account)
            .companions()
            .map(|(device, _)| DeviceAddress { account, device })
            .collect()
    }
}
