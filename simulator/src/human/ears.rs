//! Takes a client's events in, in their order.
//!
//! The client calls [`EventHandler::handle_event`] on its receive path, one event at a time: what is done here must be
//! short, must not wait and must not spawn. Everything that waits for something does so on the bell, which rings after
//! every change of the inbox.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use whatsapp_rust::wacore::types::events::{Event, EventHandler, EventInterest, EventKind};

use super::HumanError;
use super::calls::CallSeen;
use super::group_notice::GroupNotice;
use super::heard::Heard;
use super::inbox::Inbox;
use super::line::{Line, Verdict, lock};
use super::moment;
use super::seen::{AboutSeen, PresenceSeen, ReceiptSeen, TypingSeen};

/// The senses of one human; outlives its clients.
#[derive(Debug)]
pub(crate) struct Ears {
    inbox: Mutex<Inbox>,
    bell: watch::Sender<()>,
    qr: watch::Sender<Option<String>>,
    line: Arc<Line>,
}

impl Ears {
    pub(crate) fn new(line: Arc<Line>) -> Self {
        Self {
            inbox: Mutex::new(Inbox::default()),
            bell: watch::Sender::new(()),
            qr: watch::Sender::new(None),
            line,
        }
    }

    /// Looks at the inbox once.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Inbox) -> T) -> T {
        look(&lock(&self.inbox))
    }

    /// Rings after every change.
    pub(crate) fn bell(&self) -> watch::Receiver<()> {
        self.bell.subscribe()
    }

    /// Looks after every change until something is found. `what` names it in the error.
    pub(crate) async fn wait<T>(
        &self,
        what: &'static str,
        timeout: Duration,
        mut look: impl FnMut(&Inbox) -> Option<T>,
    ) -> Result<T, HumanError> {
        let deadline = moment::now() + timeout;
        let mut bell = self.bell();
        loop {
            if let Some(found) = self.look(&mut look) {
                return Ok(found);
            }
            match timeout_at(deadline, bell.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => {
                    let heard = self.look(|inbox| inbox.rows().count());
                    return Err(HumanError::NotSeen { what, timeout, heard });
                }
            }
        }
    }

    /// Waits for a message after row `after` that satisfies `wanted`; the oldest one first.
    pub(crate) async fn wait_heard(
        &self,
        after: u64,
        wanted: impl Fn(&Heard) -> bool,
        timeout: Duration,
    ) -> Result<Heard, HumanError> {
        let mut looked_until = None;
        self.wait("message", timeout, move |inbox| {
            let found = match looked_until {
                None => inbox.rows_after(after).find(|row| wanted(row)).cloned(),
                Some(since) => {
                    let mut new = inbox.arrived_since(since).filter(|row| row.seq > after);
                    new.find(|row| wanted(row)).cloned()
                }
            };
            looked_until = Some(inbox.arrivals());
            found
        })
        .await
    }

    /// Waits for the next pairing code of the client.
    pub(crate) async fn qr(&self, deadline: Instant) -> Result<String, HumanError> {
        let mut qr = self.qr.subscribe();
        let shown = timeout_at(deadline, qr.wait_for(Option::is_some)).await;
        match shown {
            Ok(Ok(code)) => Ok(code.clone().unwrap_or_default()),
            Ok(Err(_)) | Err(_) => Err(HumanError::NoPairingCode),
        }
    }

    /// Notes a call that this human makes, among those it hears of.
    pub(crate) fn dialled(&self, call: CallSeen) {
        self.change(|inbox| inbox.take_call(call));
    }

    fn change(&self, change: impl FnOnce(&mut Inbox)) {
        change(&mut lock(&self.inbox));
        self.bell.send_replace(());
    }
}

/// The handler given to a client.
pub(crate) struct EarsHandler(pub(crate) Arc<Ears>);

impl EventHandler for EarsHandler {
    fn interest(&self) -> EventInterest {
        EventInterest::of(&[
            EventKind::Messages,
            EventKind::UndecryptableMessage,
            EventKind::Receipt,
            EventKind::ChatPresence,
            EventKind::GroupUpdate,
            EventKind::Presence,
            EventKind::UserAboutUpdate,
            EventKind::ServerAck,
            EventKind::IncomingCall,
            EventKind::MissedCall,
            EventKind::PairingQrCode,
            EventKind::Connected,
            EventKind::Disconnected,
            EventKind::LoggedOut,
            EventKind::StreamReplaced,
            EventKind::TemporaryBan,
            EventKind::ClientOutdated,
            EventKind::ConnectFailure,
        ])
    }

    fn handle_event(&self, event: Arc<Event>) {
        let Ears { line, qr, .. } = &*self.0;
        match &*event {
            Event::Messages(batch) => self.0.change(|inbox| {
                for arrived in batch {
                    inbox.take(&arrived.message, &arrived.info);
                }
            }),
            Event::UndecryptableMessage(lost) => {
                self.0.change(|inbox| inbox.take_undecryptable(&lost.info));
            }
            Event::Receipt(receipt) => {
                self.0.change(|inbox| inbox.take_receipt(ReceiptSeen::of(receipt)));
            }
            Event::ChatPresence(update) => {
                self.0.change(|inbox| inbox.take_typing(TypingSeen::of(update)));
            }
            Event::GroupUpdate(update) => {
                self.0.change(|inbox| inbox.take_group_notice(GroupNotice::of(update)));
            }
            Event::Presence(update) => {
                self.0.change(|inbox| inbox.take_presence(PresenceSeen::of(update)));
            }
            Event::UserAboutUpdate(update) => {
                self.0.change(|inbox| inbox.take_about(AboutSeen::of(update)));
            }
            Event::ServerAck(ack) if ack.class.as_deref() == Some("message") => {
                let verdict = match &ack.error {
                    None => Verdict::Accepted,
                    Some(code) => Verdict::Refused { code: code.clone() },
                };
                line.verdict(&ack.id, verdict);
            }
            Event::IncomingCall(call) => {
                if let Some(call) = CallSeen::of(call) {
                    self.0.change(|inbox| inbox.take_call(call));
                }
            }
            Event::MissedCall(call) => {
                self.0.change(|inbox| inbox.take_call(CallSeen::missed(call)));
            }
            Event::PairingQrCode(shown) => {
                qr.send_replace(Some(shown.code.clone()));
            }
            Event::Connected(_) => line.logged_in(),
            Event::Disconnected(_) => line.cut(),
            Event::LoggedOut(out) => line.ended(format!("logged out ({:?})", out.reason)),
            Event::StreamReplaced(_) => line.ended("another connection of this device took over".to_owned()),
            Event::TemporaryBan(ban) => line.ended(format!("banned: {}", ban.code)),
            Event::ClientOutdated(_) => line.ended("the client's version is too old".to_owned()),
            Event::ConnectFailure(failure) if !failure.reason.should_reconnect() => {
                line.ended(format!("login refused ({:?})", failure.reason));
            }
            // An open enum of somebody else's: everything not asked for in `interest`.
            _ => {}
        }
    }
}
