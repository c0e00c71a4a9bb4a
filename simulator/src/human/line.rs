//! The connection of one human: whether it stands, which client holds it, and what the server said about messages sent.
//!
//! Sending here means what it means on a phone: a message is sent when the server has acknowledged it, and one that was
//! under way when the line was cut is sent again under the same id. Outlives the client, which is rebuilt when the human
//! comes back online.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};
use whatsapp_rust::futures::FutureExt;
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{Client, Jid, SendOptions};

use super::HumanError;
use super::moment;

/// How long one message may take until the server has acknowledged it, reconnects included.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a failed send waits for the news that the line was cut, before the failure counts as its own.
const CUT_GRACE: Duration = Duration::from_secs(2);

/// State of the connection. `epoch` counts the logins so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) standing: Standing,
    pub(crate) epoch: u64,
}

/// Whether the human is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Offline because the human wants to be.
    Away,
    /// Trying to log in, for the first time or again.
    Connecting,
    /// Logged in.
    Connected,
    /// The server ended the session for good; the reason in words.
    Ended(String),
}

/// What the server answered to a message.
#[derive(Debug)]
pub(crate) enum Verdict {
    Accepted,
    Refused { code: String },
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Line {
    state: watch::Sender<State>,
    client: Mutex<Weak<Client>>,
    verdicts: Mutex<HashMap<String, oneshot::Sender<Verdict>>>,
}

impl Line {
    pub(crate) fn new() -> Self {
        Self {
            state: watch::Sender::new(State {
                standing: Standing::Away,
                epoch: 0,
            }),
            client: Mutex::new(Weak::new()),
            verdicts: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn standing(&self) -> Standing {
        self.state.borrow().standing.clone()
    }

    /// A new client takes over the line.
    pub(crate) fn attach(&self, client: &Arc<Client>) {
        *lock(&self.client) = Arc::downgrade(client);
        self.state.send_modify(|state| state.standing = Standing::Connecting);
    }

    /// The human hangs up.
    pub(crate) fn detach(&self) {
        *lock(&self.client) = Weak::new();
        self.state.send_modify(|state| state.standing = Standing::Away);
    }

    pub(crate) fn logged_in(&self) {
        self.state.send_modify(|state| {
            state.standing = Standing::Connected;
            state.epoch += 1;
        });
    }

    /// The connection broke. A line that stood is taken up again at once: the library's back-off (one second and more)
    /// is meant for servers that refuse, and applies when the next attempt fails.
    pub(crate) fn cut(&self) {
        let stood = self.state.send_if_modified(|state| {
            let stood = state.standing == Standing::Connected;
            if stood {
                state.standing = Standing::Connecting;
            }
            stood
        });
        let client = lock(&self.client).upgrade();
        if let (true, Some(client)) = (stood, client) {
            // The first poll marks the break as expected, which is what makes the client's loop skip its back-off; the
            // rest of the future would close a socket that is already gone.
            let _closed_early = client.reconnect_immediately().now_or_never();
        }
    }

    /// The server will not have this device any more.
    pub(crate) fn ended(&self, reason: String) {
        self.state.send_modify(|state| state.standing = Standing::Ended(reason));
    }

    /// The server acknowledged message `id`, or refused it with an error code.
    pub(crate) fn verdict(&self, id: &str, verdict: Verdict) {
        if let Some(waiting) = lock(&self.verdicts).remove(id) {
            // The sender may have given up; then nobody needs the verdict.
            let _unheard = waiting.send(verdict);
        }
    }

    /// The client, while the human is not away.
    pub(crate) fn client(&self) -> Result<Arc<Client>, HumanError> {
        lock(&self.client).upgrade().ok_or(HumanError::Away)
    }

    /// Waits until the line stands; returns which login it is.
    pub(crate) async fn connected(&self, deadline: Instant) -> Result<u64, HumanError> {
        let mut state = self.state.subscribe();
        let settled = state.wait_for(|state| state.standing != Standing::Connecting);
        let Ok(settled) = tokio::time::timeout_at(deadline, settled).await else {
            return Err(HumanError::NotConnected);
        };
        let settled = settled.map_err(|_closed| HumanError::Away)?;
        match &settled.standing {
            Standing::Connected => Ok(settled.epoch),
            Standing::Away | Standing::Connecting => Err(HumanError::Away),
            Standing::Ended(reason) => Err(HumanError::Ended { reason: reason.clone() }),
        }
    }

    /// Waits until `wanted` accepts how it stands; `None` when that takes too long.
    pub(crate) async fn settled(&self, wanted: impl Fn(&Standing) -> bool, deadline: Instant) -> Option<Standing> {
        let mut state = self.state.subscribe();
        let settled = state.wait_for(|state| wanted(&state.standing));
        match tokio::time::timeout_at(deadline, settled).await {
            Ok(Ok(state)) => Some(state.standing.clone()),
            Ok(Err(_)) | Err(_) => None,
        }
    }

    /// Waits until the login after `epoch`, or until there will be none.
    async fn superseded(&self, epoch: u64) {
        let mut state = self.state.subscribe();
        // The sender lives in `self`; the wait cannot fail while `self` is borrowed.
        let _state = state
            .wait_for(|state| state.epoch > epoch || matches!(state.standing, Standing::Away | Standing::Ended(_)))
            .await;
    }

    /// Sends until the server has acknowledged; returns the message id.
    pub(crate) async fn deliver(&self, to: &Jid, message: &wa::Message) -> Result<String, HumanError> {
        let id = self.client()?.generate_message_id();
        let mut verdict = Expected::new(self, &id);
        let deadline = moment::now() + DELIVERY_TIMEOUT;
        loop {
            let epoch = self.connected(deadline).await?;
            if !self.send_during(epoch, to, message, &id).await? {
                continue;
            }
            tokio::select! {
                answer = &mut verdict.answer => {
                    return match answer {
                        Ok(Verdict::Accepted) => Ok(id),
                        Ok(Verdict::Refused { code }) => Err(HumanError::Refused { id, code }),
                        Err(_dropped) => Err(HumanError::NotAcknowledged { id }),
                    };
                }
                () = self.superseded(epoch) => {}
                () = sleep_until(deadline) => return Err(HumanError::NotAcknowledged { id }),
            }
        }
    }

    /// Sends without waiting for the acknowledgement, as a plain bot does; again only when the line is cut under it.
    pub(crate) async fn hand_over(&self, to: &Jid, message: &wa::Message) -> Result<String, HumanError> {
        let id = self.client()?.generate_message_id();
        let deadline = moment::now() + DELIVERY_TIMEOUT;
        loop {
            let epoch = self.connected(deadline).await?;
            if self.send_during(epoch, to, message, &id).await? {
                return Ok(id);
            }
        }
    }

    /// Sends during login `epoch`; false when the line was cut meanwhile. The client itself can wait a minute for a
    /// connection that is gone, so the attempt is given up with the login.
    async fn send_during(&self, epoch: u64, to: &Jid, message: &wa::Message, id: &str) -> Result<bool, HumanError> {
        let sent = tokio::select! {
            sent = self.send_once(to, message, id) => sent,
            () = self.superseded(epoch) => return Ok(false),
        };
        let Err(error) = sent else { return Ok(true) };
        // A broken socket fails the send before the client reports the cut; any other failure is the message's own.
        match timeout(CUT_GRACE, self.superseded(epoch)).await {
            Ok(()) => Ok(false),
            Err(_still_standing) => Err(error),
        }
    }

    async fn send_once(&self, to: &Jid, message: &wa::Message, id: &str) -> Result<(), HumanError> {
        self.client()?
            .send_message_with_options(to.clone(), message.clone(), SendOptions::default().with_message_id(id))
            .await
            .map(|_sent| ())
            .map_err(|source| HumanError::Send {
                source: Box::new(source),
            })
    }
}

/// A verdict being waited for; forgets itself when the wait ends.
struct Expected<'a> {
    line: &'a Line,
    id: String,
    answer: oneshot::Receiver<Verdict>,
}

impl<'a> Expected<'a> {
    fn new(line: &'a Line, id: &str) -> Self {
        let (sender, answer) = oneshot::channel();
        lock(&line.verdicts).insert(id.to_owned(), sender);
        Self {
            line,
            id: id.to_owned(),
            answer,
        }
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        lock(&self.line.verdicts).remove(&self.id);
    }
}

/// Every critical section here is a handful of moves that cannot panic half-way.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
