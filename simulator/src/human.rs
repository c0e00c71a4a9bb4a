//! A contact: a real end-to-end encrypted client, paired as a companion of its own simulated account.
//!
//! A [`Human`] is whatsapp-rust with its store in memory, so what it shows went through the same encryption, device
//! lists and receipts as with any client; the simulated server cannot make it see anything. Its keys survive
//! [`Human::go_offline`] and [`Human::come_online`]. It reaches nothing but the loopback interface.
//!
//! A human shows messages as a phone does: one row per (chat, sender, message id). Waiting is always on a notification.

mod address;
mod answering;
mod calls;
mod cast;
mod changing;
mod client;
mod communities;
mod contact;
mod ears;
mod error;
mod group_notice;
mod groups;
mod heard;
mod inbox;
mod line;
mod linking;
pub(crate) mod loopback;
mod media;
mod moment;
mod newsletters;
pub mod persona;
mod pictures;
mod playing;
mod poll;
mod profile;
mod reupload;
mod said;
mod seen;
mod status;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use whatsapp_rust::bot::BotHandle;
use whatsapp_rust::proto_helpers::{
    MessageBuilderExt, MessageExt, build_quote_context_with_info, build_reaction_message,
};
use whatsapp_rust::wacore::store::InMemoryBackend;
use whatsapp_rust::wacore::time::now_millis;
use whatsapp_rust::wacore_binary::JidExt;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{Client, Jid};

use crate::{Account, NewAccount, Simulator};
use ears::Ears;
use line::Line;
use loopback::{LoopbackHttp, LoopbackTransport};
use playing::Playing;
use said::Said;

pub use calls::{CallEvent, CallSeen};
pub use cast::{Cast, CastError, Role};
pub use contact::{BusinessSeen, ContactSeen};
pub use error::HumanError;
pub use group_notice::GroupNotice;
pub use groups::{Invitation, JoinOutcome, MemberOutcome};
pub(crate) use heard::text_of;
pub use heard::{Change, Heard, Reaction};
pub use inbox::CAPACITY;
pub use line::Standing;
pub use media::{Media, MediaKind, MediaSeen};
pub use pictures::{PictureSeen, PictureSize};
pub use poll::PollCount;
pub use reupload::MediaRefusal;
pub use seen::{AboutSeen, PresenceSeen, PresenceState, ReceiptKind, ReceiptSeen, Typing, TypingSeen};
pub use status::STATUS_CHAT;

/// How long joining or coming online may take; it takes well under a second on an idle machine.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(60);

/// A simulated person. Cheap to clone; all clones are the same person.
#[derive(Clone)]
pub struct Human {
    inner: Arc<Inner>,
}

struct Inner {
    account: Account,
    transport: LoopbackTransport,
    http: LoopbackHttp,
    store: Arc<InMemoryBackend>,
    line: Arc<Line>,
    ears: Arc<Ears>,
    said: Said,
    /// Held while a client starts or stops: two clients on one store would corrupt its keys.
    running: Mutex<Option<BotHandle>>,
    /// What this person draws at random is drawn from this.
    seed: u64,
    playing: Playing,
    answering: TaskTracker,
    answering_until: CancellationToken,
    _stop_answering: DropGuard,
}

impl Human {
    /// Creates an account, pairs a client with it by QR code and waits until it is connected.
    pub async fn join(sim: &Simulator, spec: NewAccount) -> Result<Self, HumanError> {
        let account = sim.create_account(spec)?;
        Self::join_as(sim, account).await
    }

    /// Pairs a client as one more companion of an account that exists.
    pub async fn join_as(sim: &Simulator, account: Account) -> Result<Self, HumanError> {
        let human = Self::unlinked(sim, account);
        let deadline = moment::now() + CONNECT_TIMEOUT;
        human.start_client().await?;
        let code = human.inner.ears.qr(deadline).await?;
        sim.scan_qr(&human.inner.account.phone, &code).await?;
        human.inner.line.connected(deadline).await?;
        Ok(human)
    }

    /// A client that is neither linked nor started.
    fn unlinked(sim: &Simulator, account: Account) -> Self {
        let line = Arc::new(Line::new());
        let answering_until = CancellationToken::new();
        let seed = playing::seed(sim.seed(), &account.phone);
        Self {
            inner: Arc::new(Inner {
                account,
                transport: LoopbackTransport::new(sim.addr(), sim.url()),
                http: sim.people_http(),
                store: Arc::new(InMemoryBackend::new()),
                ears: Arc::new(Ears::new(line.clone())),
                line,
                said: Said::default(),
                running: Mutex::new(None),
                seed,
                playing: Playing::default(),
                answering: TaskTracker::new(),
                _stop_answering: answering_until.clone().drop_guard(),
                answering_until,
            }),
        }
    }

    /// The account this human belongs to.
    pub fn account(&self) -> &Account {
        &self.inner.account
    }

    /// Whether the human is connected.
    pub fn standing(&self) -> Standing {
        self.inner.line.standing()
    }

    /// Waits until the client is logged in, after the simulator cut its connection for example.
    pub async fn wait_connected(&self, timeout: Duration) -> Result<(), HumanError> {
        self.inner
            .line
            .connected(moment::now() + timeout)
            .await
            .map(|_epoch| ())
    }

    /// Waits until the human is connected, away or whatever `wanted` accepts.
    pub async fn wait_standing(
        &self,
        wanted: impl Fn(&Standing) -> bool + Send,
        timeout: Duration,
    ) -> Result<Standing, HumanError> {
        let settled = self.inner.line.settled(wanted, moment::now() + timeout).await;
        settled.ok_or_else(|| HumanError::NotSeen {
            what: "standing",
            timeout,
            heard: self.phone_view().len(),
        })
    }

    /// Sends a text to a phone number or JID; returns the message id once the server has acknowledged it.
    pub async fn say(&self, to: &str, text: &str) -> Result<String, HumanError> {
        self.send(to, wa::Message::text(text)).await
    }

    /// Sends any message; returns its id once the server has acknowledged it. A message that was under way when the
    /// connection broke is sent again under the same id.
    pub async fn send(&self, to: &str, message: wa::Message) -> Result<String, HumanError> {
        self.deliver(&address::parse(to)?, message).await
    }

    /// Answers a message with a quote of it, in its chat.
    pub async fn reply(&self, to: &Heard, text: &str) -> Result<String, HumanError> {
        let message = quoting(text, &to.id, &to.wire.sender, &to.wire.chat, &to.message);
        self.deliver(&to.wire.chat, message).await
    }

    /// Sends a text that quotes message `quoted`, which this human heard or said lately.
    pub async fn say_quoting(&self, to: &str, text: &str, quoted: &str) -> Result<String, HumanError> {
        let to = address::parse(to)?;
        let message = if let Some(heard) = self.inner.ears.look(|inbox| inbox.find(quoted).cloned()) {
            quoting(text, quoted, &heard.wire.sender, &to, &heard.message)
        } else if let Some(said) = self.inner.said.find(quoted) {
            let myself = Jid::pn(self.inner.account.phone.as_str());
            quoting(text, quoted, &myself, &to, &said.message)
        } else {
            return Err(HumanError::UnknownMessage { id: quoted.to_owned() });
        };
        self.deliver(&to, message).await
    }

    /// Reacts to a message; an empty emoji takes the reaction back. Returns the reaction's own message id.
    pub async fn react(&self, to: &Heard, emoji: &str) -> Result<String, HumanError> {
        let key = changing::key_of(to);
        self.deliver(&to.wire.chat, build_reaction_message(key, emoji, now_millis()))
            .await
    }

    /// Reacts to message `id`, which this human heard or said lately.
    pub async fn react_to(&self, id: &str, emoji: &str) -> Result<String, HumanError> {
        if let Some(heard) = self.heard(id) {
            return self.react(&heard, emoji).await;
        }
        let said = self.inner.said.find(id);
        let said = said.ok_or_else(|| HumanError::UnknownMessage { id: id.to_owned() })?;
        let key = wa::MessageKey {
            remote_jid: Some(said.to.to_non_ad_string()),
            from_me: Some(true),
            id: Some(id.to_owned()),
            participant: None,
        };
        self.deliver(&said.to, build_reaction_message(key, emoji, now_millis()))
            .await
    }

    /// Tells the sender that a message was read.
    pub async fn read(&self, heard: &Heard) -> Result<(), HumanError> {
        let chat = &heard.wire.chat;
        // In a group, and for a status post, the author is named beside the chat.
        let beside = (chat.is_group() || chat.is_status_broadcast()).then_some(&heard.wire.sender);
        let client = self.inner.line.client()?;
        client
            .mark_as_read(&heard.wire.chat.to_non_ad(), beside, &[&heard.id])
            .await
            .map_err(|source| HumanError::Send { source: source.into() })
    }

    /// Shows the other side that this human types, records or stopped.
    pub async fn typing(&self, to: &str, state: Typing) -> Result<(), HumanError> {
        let to = address::parse(to)?;
        let client = self.inner.line.client()?;
        let chatstate = client.chatstate();
        let shown = match state {
            Typing::Composing => chatstate.send_composing(&to).await,
            Typing::Recording => chatstate.send_recording(&to).await,
            Typing::Paused => chatstate.send_paused(&to).await,
        };
        shown.map_err(|source| HumanError::Send {
            source: Box::new(source),
        })
    }

    /// Answers every message from now on with what `answer` says, in order per chat, without waiting for the server's
    /// acknowledgement. Own messages from other devices are not answered.
    pub fn answer_with(&self, answer: impl Fn(&Heard) -> Option<String> + Send + Sync + 'static) {
        let after = self.position();
        self.inner.answering.spawn(answering::run(
            self.inner.ears.clone(),
            self.inner.line.clone(),
            Arc::new(answer),
            after,
            self.inner.answering.clone(),
            self.inner.answering_until.clone(),
        ));
    }

    /// All messages as a phone shows them, in order of arrival.
    pub fn phone_view(&self) -> Vec<Heard> {
        self.inner.ears.look(|inbox| inbox.rows().cloned().collect())
    }

    /// Up to `limit` messages after position `seq`.
    pub fn heard_after(&self, seq: u64, limit: usize) -> Vec<Heard> {
        self.inner
            .ears
            .look(|inbox| inbox.rows_after(seq).take(limit).cloned().collect())
    }

    /// The message with this id, if it was heard.
    pub fn heard(&self, id: &str) -> Option<Heard> {
        self.inner.ears.look(|inbox| inbox.find(id).cloned())
    }

    /// Waits for a message that satisfies `wanted`: the oldest heard so far, else the next to come. A repeat of a
    /// message already shown is looked at again, with its new number of copies.
    pub async fn wait_for(
        &self,
        wanted: impl Fn(&Heard) -> bool + Send,
        timeout: Duration,
    ) -> Result<Heard, HumanError> {
        self.wait_for_after(0, wanted, timeout).await
    }

    /// [`Human::wait_for`] among the messages after position `after` only: what came before is not even looked at.
    pub async fn wait_for_after(
        &self,
        after: u64,
        wanted: impl Fn(&Heard) -> bool + Send,
        timeout: Duration,
    ) -> Result<Heard, HumanError> {
        self.inner.ears.wait_heard(after, wanted, timeout).await
    }

    /// Position of the latest message; 0 when there is none.
    pub fn position(&self) -> u64 {
        self.inner.ears.look(inbox::Inbox::position)
    }

    /// Waits until `count` different messages satisfy `wanted`; returns the first `count` in order.
    pub async fn wait_for_count(
        &self,
        count: usize,
        wanted: impl Fn(&Heard) -> bool + Send,
        timeout: Duration,
    ) -> Result<Vec<Heard>, HumanError> {
        let mut looked_until = 0;
        let mut found: Vec<Heard> = Vec::new();
        self.inner
            .ears
            .wait("number of messages", timeout, move |inbox| {
                for row in inbox.rows_after(looked_until) {
                    looked_until = row.seq;
                    if found.len() < count && wanted(row) {
                        found.push(row.clone());
                    }
                }
                (found.len() >= count).then(|| std::mem::take(&mut found))
            })
            .await
    }

    /// Receipts seen so far, oldest first.
    pub fn receipts(&self) -> Vec<ReceiptSeen> {
        self.inner.ears.look(|inbox| inbox.receipts().cloned().collect())
    }

    /// Waits for a receipt that satisfies `wanted`.
    pub async fn wait_receipt(
        &self,
        wanted: impl Fn(&ReceiptSeen) -> bool + Send,
        timeout: Duration,
    ) -> Result<ReceiptSeen, HumanError> {
        let look = move |inbox: &inbox::Inbox| inbox.receipts().find(|r| wanted(r)).cloned();
        self.inner.ears.wait("receipt", timeout, look).await
    }

    /// Typing notices seen so far, oldest first.
    pub fn typing_seen(&self) -> Vec<TypingSeen> {
        self.inner.ears.look(|inbox| inbox.typing().cloned().collect())
    }

    /// Waits for a typing notice that satisfies `wanted`.
    pub async fn wait_typing(
        &self,
        wanted: impl Fn(&TypingSeen) -> bool + Send,
        timeout: Duration,
    ) -> Result<TypingSeen, HumanError> {
        let look = move |inbox: &inbox::Inbox| inbox.typing().find(|t| wanted(t)).cloned();
        self.inner.ears.wait("typing notice", timeout, look).await
    }

    /// Messages that once arrived undecryptable, whether or not a readable copy followed after a retry.
    pub fn undecryptable(&self) -> u64 {
        self.inner.ears.look(inbox::Inbox::undecryptable)
    }

    /// Messages a phone shows as "waiting for this message" now: undecryptable and no readable copy yet.
    pub fn placeholders(&self) -> usize {
        self.inner.ears.look(inbox::Inbox::placeholders)
    }

    /// Rows the inbox has forgotten because it holds at most [`CAPACITY`].
    pub fn forgotten(&self) -> u64 {
        self.inner.ears.look(inbox::Inbox::forgotten)
    }

    /// Stops the client and keeps its keys; messages queue at the server.
    pub async fn go_offline(&self) {
        let mut running = self.inner.running.lock().await;
        self.inner.line.detach();
        if let Some(handle) = running.take() {
            handle.shutdown().await;
        }
    }

    /// Starts a client on the kept keys and waits until it is connected. A human that is online stays as it is.
    pub async fn come_online(&self) -> Result<(), HumanError> {
        self.start_client().await?;
        self.wait_connected(CONNECT_TIMEOUT).await
    }

    /// Leaves for good: no more answers, the client stops. The account stays.
    pub async fn leave(self) {
        self.inner.answering_until.cancel();
        self.inner.answering.close();
        self.inner.answering.wait().await;
        self.go_offline().await;
    }

    /// The whatsapp-rust client behind this human, for what has no method of its own here.
    pub fn client(&self) -> Result<Arc<Client>, HumanError> {
        self.inner.line.client()
    }

    async fn start_client(&self) -> Result<(), HumanError> {
        let mut running = self.inner.running.lock().await;
        if running.is_none() {
            *running = Some(client::start(&self.inner).await?);
        }
        Ok(())
    }

    async fn deliver(&self, to: &Jid, message: wa::Message) -> Result<String, HumanError> {
        let id = self.inner.line.deliver(to, &message).await?;
        self.inner.said.remember(&id, to, message);
        Ok(id)
    }
}

/// A phone number or JID in the form in which [`Heard`] names people.
pub(crate) fn canonical_address(given: &str) -> Result<String, HumanError> {
    Ok(address::parse(given)?.to_string())
}

/// A text in chat `chat` that quotes message `id` of `sender`.
fn quoting(text: &str, id: &str, sender: &Jid, chat: &Jid, quoted: &wa::Message) -> wa::Message {
    let context = build_quote_context_with_info(id, &sender.to_non_ad(), chat, chat, quoted.get_base_message());
    wa::Message::text_with_context(text, context)
}

impl std::fmt::Debug for Human {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Human")
            .field("phone", &self.inner.account.phone)
            .field("standing", &self.standing())
            .finish_non_exhaustive()
    }
}
