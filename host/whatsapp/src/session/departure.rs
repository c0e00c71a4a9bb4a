//! No message is written to the connection before the ratchet key it shows is on disk.
//!
//! [`Ratchets`](super::ratchets) flushes before a message is encrypted. Between that flush and the encryption the other side may write
//! once more under a new key: our answer then leaves under a key pair that is in memory only, and after a crash we would answer under
//! another one, which the other side cannot follow. whatsapp-rust lets nobody in between encryption and socket, but it tells of a message
//! before it hands it to the socket. So the transport looks at each message whose sending was announced here: what its ratchet keys are,
//! and whether the sessions on disk have them. That is nearly always so; where it is not, the frame waits for another flush.
//!
//! A flush leaves out a session that is being used at that very moment, hence the repetition. It ends: a session that was deleted, or
//! whose next key was written already, changes nothing on the disk any more, and there is nothing a crash could take back then.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::channel::oneshot::Receiver;
use whatsapp_rust::anyhow::Result;
use whatsapp_rust::wacore::libsignal::protocol::{PreKeySignalMessage, SignalMessage};
use whatsapp_rust::wacore_binary::{Node, NodeContent};
use whatsapp_rust::{Client, Jid, NodeFilter};

/// How many flushes a message waits for at most.
const FLUSHES: usize = 4;

/// How many times other tasks may run between two flushes.
const YIELDS: usize = 32;

/// The messages of a session that are about to leave.
#[derive(Debug, Default)]
pub(crate) struct Departures(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    announced: Vec<(u64, Receiver<Arc<Node>>)>,
    /// Those that are on their way to the socket.
    due: Vec<Arc<Node>>,
    next: u64,
}

/// A message that was announced; it is forgotten with this unless it is on its way.
pub(crate) struct Departure<'a> {
    departures: &'a Departures,
    number: u64,
}

impl Departures {
    /// Announces a message. Its sending must begin after this, and end before the value is dropped.
    pub(crate) fn announce(&self, client: &Client, id: &str) -> Departure<'_> {
        let sent = client.wait_for_sent_node(NodeFilter::tag("message").attr("id", id));
        self.announced(sent)
    }

    fn announced(&self, sent: Receiver<Arc<Node>>) -> Departure<'_> {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.announced.push((number, sent));
        Departure {
            departures: self,
            number,
        }
    }

    /// The messages of which some may be in the next frame.
    pub(super) fn take(&self) -> Vec<Arc<Node>> {
        let mut state = self.lock();
        state.collect();
        std::mem::take(&mut state.due)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn collect(&mut self) {
        let due = &mut self.due;
        self.announced.retain_mut(|(_, sent)| match sent.try_recv() {
            Ok(Some(node)) => {
                due.push(node);
                false
            }
            Ok(None) => true,
            Err(_) => false,
        });
    }
}

impl Drop for Departure<'_> {
    fn drop(&mut self) {
        let mut state = self.departures.lock();
        state.collect();
        state.announced.retain(|(number, _)| *number != self.number);
    }
}

/// A ratchet key of ours that a message shows, and the device it is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    to: Jid,
    key: [u8; 32],
}

/// All of a message. What is not sealed for one device (a group's text) has none.
pub(super) fn shown(message: &Node) -> Vec<Shown> {
    let direct = message.attrs.get("to").and_then(|to| to.to_jid());
    let direct = direct.iter().flat_map(|to| sealed(message, to));
    let listed = message.get_children_by_tag("participants");
    let listed = listed.flat_map(|list| list.get_children_by_tag("to"));
    let listed = listed.flat_map(|device| {
        let to = device.attrs.get("jid").and_then(|jid| jid.to_jid());
        to.map(|to| sealed(device, &to).collect::<Vec<_>>()).unwrap_or_default()
    });
    direct.chain(listed).collect()
}

fn sealed<'a>(node: &'a Node, to: &'a Jid) -> impl Iterator<Item = Shown> + 'a {
    node.get_children_by_tag("enc").filter_map(|enc| {
        let Some(NodeContent::Bytes(bytes)) = &enc.content else {
            return None;
        };
        let bytes: &[u8] = bytes;
        let kind = enc.attrs.get("type")?;
        let key = if *kind == "msg" {
            *SignalMessage::try_from(bytes).ok()?.sender_ratchet_key()
        } else if *kind == "pkmsg" {
            *PreKeySignalMessage::try_from(bytes)
                .ok()?
                .message()
                .sender_ratchet_key()
        } else {
            return None;
        };
        Some(Shown {
            to: to.clone(),
            key: key.public_key_bytes().try_into().ok()?,
        })
    })
}

/// Where ratchet keys are.
#[async_trait]
pub(super) trait Keys: Sync {
    /// The sessions with a device that are on disk.
    async fn sessions(&self, with: &Jid) -> Result<Vec<Bytes>>;

    /// Writes what is in memory only, but for sessions in use.
    async fn flush(&self) -> Result<()>;
}

/// Returns when all of these are on disk, or what replaced them.
pub(super) async fn settle(shown: &[Shown], keys: &dyn Keys) -> Result<()> {
    for Shown { to, key } in shown {
        let before = keys.sessions(to).await?;
        if before
            .iter()
            .any(|session| session.windows(key.len()).any(|part| part == key))
        {
            continue;
        }
        // Whatever is written from here on is at least as new as the message: the key, or the one that took its
        // place when the other side wrote again.
        for _ in 0..FLUSHES {
            keys.flush().await?;
            if keys.sessions(to).await? != before {
                break;
            }
            for _ in 0..YIELDS {
                tokio::task::yield_now().await;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::channel::oneshot;
    use whatsapp_rust::NodeBuilder;
    use whatsapp_rust::anyhow::anyhow;
    use whatsapp_rust::wacore::libsignal::protocol::{IdentityKey, PublicKey};

    use super::*;

    /// A disk to which a session comes with some flush.
    struct Disk {
        written_by: usize,
        session: Bytes,
        flushes: AtomicUsize,
    }

    impl Disk {
        fn new(written_by: usize, key: u8) -> Self {
            Self {
                written_by,
                session: Bytes::from(vec![key; 40]),
                flushes: AtomicUsize::new(0),
            }
        }
    }

    #[async_trait]
    impl Keys for Disk {
        async fn sessions(&self, _: &Jid) -> Result<Vec<Bytes>> {
            let written = self.flushes.load(Ordering::SeqCst) >= self.written_by;
            Ok(written.then(|| self.session.clone()).into_iter().collect())
        }

        async fn flush(&self) -> Result<()> {
            self.flushes.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    struct Broken;

    #[async_trait]
    impl Keys for Broken {
        async fn sessions(&self, _: &Jid) -> Result<Vec<Bytes>> {
            Ok(Vec::new())
        }

        async fn flush(&self) -> Result<()> {
            Err(anyhow!("no disk"))
        }
    }

    fn to(user: &str, key: u8) -> Shown {
        Shown {
            to: user.parse().unwrap(),
            key: [key; 32],
        }
    }

    fn enc(key: u8) -> Node {
        let public = |key: u8| PublicKey::from_djb_public_key_bytes(&[key; 32]).unwrap();
        let identity = IdentityKey::new(public(1));
        let sealed = SignalMessage::new(3, &[2; 32], public(key), 0, 0, b"sealed", &identity, &identity).unwrap();
        NodeBuilder::new("enc")
            .attr("type", "msg")
            .bytes(sealed.serialized().to_vec())
            .build()
    }

    #[tokio::test]
    async fn a_message_whose_key_is_on_disk_leaves_at_once() {
        let disk = Disk::new(0, 7);
        settle(&[to("1@lid", 7)], &disk).await.unwrap();
        assert_eq!(disk.flushes.into_inner(), 0);
    }

    #[tokio::test]
    async fn a_message_waits_until_a_flush_has_written_its_key() {
        // The first flush leaves the session out, as somebody is using it.
        let disk = Disk::new(2, 7);
        settle(&[to("1@lid", 7), to("1@lid", 7)], &disk).await.unwrap();
        assert_eq!(disk.flushes.into_inner(), 2);
    }

    #[tokio::test]
    async fn a_key_that_was_replaced_meanwhile_is_not_waited_for() {
        let disk = Disk::new(1, 8);
        settle(&[to("1@lid", 7)], &disk).await.unwrap();
        assert_eq!(disk.flushes.into_inner(), 1);
    }

    #[tokio::test]
    async fn a_session_that_is_gone_does_not_hold_its_message_for_ever() {
        let disk = Disk::new(usize::MAX, 7);
        settle(&[to("1@lid", 7)], &disk).await.unwrap();
        assert_eq!(disk.flushes.into_inner(), FLUSHES);
    }

    #[tokio::test]
    async fn nothing_leaves_when_its_key_cannot_be_written() {
        assert!(settle(&[to("1@lid", 7)], &Broken).await.is_err());
    }

    #[test]
    fn a_message_shows_a_key_for_each_device_it_is_sealed_for() {
        let listed = |jid: &str, key| NodeBuilder::new("to").attr("jid", jid).children([enc(key)]).build();
        let text = NodeBuilder::new("enc").attr("type", "skmsg").bytes(vec![9; 40]).build();
        let devices = NodeBuilder::new("participants")
            .children([listed("1:5@lid", 8), listed("2@lid", 9)])
            .build();
        let message = |content: Vec<Node>| {
            NodeBuilder::new("message")
                .attr("to", "1@lid")
                .children(content)
                .build()
        };
        assert_eq!(shown(&message(vec![enc(7)])), [to("1@lid", 7)]);
        assert_eq!(shown(&message(vec![devices, text])), [to("1:5@lid", 8), to("2@lid", 9)]);
    }

    #[test]
    fn a_message_is_due_once_it_is_on_its_way() {
        let departures = Departures::default();
        let message = Arc::new(NodeBuilder::new("message").build());
        let (on_its_way, sent) = oneshot::channel();
        let (_never, given_up) = oneshot::channel();
        let first = departures.announced(sent);
        let second = departures.announced(given_up);
        assert!(departures.take().is_empty());
        on_its_way.send(Arc::clone(&message)).unwrap();
        // Whoever sent it may have gone away; the frame is there.
        drop(first);
        assert_eq!(departures.take(), [message]);
        assert!(departures.take().is_empty());
        drop(second);
        assert!(departures.lock().announced.is_empty());
    }
}
