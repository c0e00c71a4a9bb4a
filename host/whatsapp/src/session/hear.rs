//! From what WhatsApp says to a session's state.
//!
//! Only the owner calls this, in the order things were said. A [`Verdict`] ends the client; everything else only changes what is shown.

use std::sync::Arc;

use whatsapp_rust::types::events::{ConnectFailureReason, Event};

use super::owner::{Owner, Verdict};
use super::pairing::Passkey;
use crate::intake;
use crate::jid;
use crate::status::{Qr, State};

impl Owner {
    /// What WhatsApp said, turned into a state; a verdict ends the client.
    pub(super) async fn hear(&mut self, event: &Event) -> Option<Verdict> {
        let verdict = |state, reason: &str| {
            Some(Verdict {
                state,
                reason: reason.into(),
            })
        };
        match event {
            Event::PairingQrCode(code) => {
                let valid_until = self.host.clock.now().plus(code.timeout);
                self.become_(State::Pairing, None);
                self.qr.send_replace(Some(Qr {
                    code: code.code.as_str().into(),
                    valid_until,
                }));
                None
            }
            Event::PairingQrCodesExhausted(_) => {
                self.qr.send_replace(None);
                None
            }
            Event::PairPasskeyRequest(request) => {
                self.passkey.send_replace(Some(Passkey::Asked {
                    options: request.request_options_json.as_str().into(),
                }));
                None
            }
            Event::PairPasskeyConfirmation(confirmation) => {
                self.passkey.send_replace(Some(Passkey::Compare {
                    code: confirmation.code.as_str().into(),
                }));
                None
            }
            Event::PairPasskeyError(error) => {
                let reason = error.error.as_str();
                self.passkey
                    .send_replace(Some(Passkey::Failed { reason: reason.into() }));
                self.note(format!("the passkey was of no use: {reason}").into());
                None
            }
            Event::PairSuccess(pair) => {
                self.qr.send_replace(None);
                self.passkey.send_replace(None);
                let me = jid::party(&pair.id, Some(&pair.lid));
                self.status.send_modify(|status| status.me = me);
                self.become_(State::Connecting, None);
                None
            }
            Event::PairError(error) => {
                self.note(format!("pairing failed: {}", error.error).into());
                None
            }
            // Comes once on every connection, as soon as messages come and go. `Connected` follows it, on the first connection after
            // pairing up to minutes later, when chat settings of the phone are here that sessions do not need.
            Event::OfflineSyncCompleted(_) => {
                // The client says nothing of a connection that it ended itself because nothing came over it.
                if self.status.borrow().state == State::Connected {
                    let reason = "nothing came over the connection, and it was made anew";
                    self.become_(State::Connecting, Some(reason.into()));
                }
                // A new connection: what the one before it did not acknowledge is lost.
                self.settler
                    .lost(self.published.in_flight.take_all(), &*self.host.clock)
                    .await;
                self.go_live();
                None
            }
            Event::Connected(_) => {
                self.go_live();
                None
            }
            Event::Disconnected(ended) => {
                self.published.publish(None);
                self.settler
                    .lost(self.published.in_flight.take_all(), &*self.host.clock)
                    .await;
                if self.status.borrow().state == State::Connected {
                    self.become_(State::Connecting, Some(ended.reason.to_string().into()));
                }
                None
            }
            Event::SelfPushNameUpdated(_) => {
                let client = Arc::clone(&self.link.as_ref()?.client);
                let me = intake::me(&client);
                self.status.send_modify(|status| status.me = me);
                None
            }
            Event::Messages(batch) => {
                // Only kinds that bypass the hook get here; WhatsApp has been told of them already.
                self.host
                    .intake(self.session)
                    .take_unacknowledged(&self.link.as_ref()?.client, &batch.messages)
                    .await;
                None
            }
            Event::LoggedOut(out) => match out.reason {
                ConnectFailureReason::AccountLocked => verdict(State::LoggedOut, "WhatsApp locked the account"),
                _ => verdict(State::LoggedOut, "the device was removed from the account"),
            },
            Event::StreamReplaced(_) => verdict(State::Replaced, "another client uses this device's keys"),
            Event::ClientOutdated(_) => verdict(
                State::Outdated,
                "WhatsApp no longer accepts this version of WhatsApp Web",
            ),
            Event::TemporaryBan(ban) => {
                let until = Some(self.host.clock.now().plus(ban.expire.to_std().unwrap_or_default()));
                verdict(
                    State::Banned { until },
                    &format!("WhatsApp banned the account: {}", ban.code),
                )
            }
            Event::ConnectFailure(failure) if failure.reason.should_reconnect() => {
                self.note(format!("WhatsApp's server is not available ({})", failure.reason.code()).into());
                None
            }
            Event::ConnectFailure(failure) => {
                let said = failure.message.as_deref().unwrap_or_default();
                let reason = format!("WhatsApp refused the login ({}) {said}", failure.reason.code());
                match failure.reason {
                    ConnectFailureReason::TempBanned => verdict(State::Banned { until: None }, reason.trim_end()),
                    _ => verdict(State::Disconnected, reason.trim_end()),
                }
            }
            Event::StreamError(error) => {
                self.note(
                    format!("WhatsApp reported a stream error {}", error.code)
                        .trim_end()
                        .into(),
                );
                None
            }
            event => {
                self.report(event);
                None
            }
        }
    }

    /// Takes in what plugins want to learn of.
    pub(super) fn report(&mut self, event: &Event) {
        let now = self.host.clock.now();
        let status = self.status.borrow();
        self.report.told(event, status.me.as_ref(), now);
    }

    /// Lets sends through and says so.
    fn go_live(&mut self) {
        let Some(client) = self.link.as_ref().map(|link| Arc::clone(&link.client)) else {
            return;
        };
        self.published.heard();
        let me = intake::me(&client);
        self.status.send_if_modified(|status| {
            let changed = status.me != me;
            status.me = me;
            changed
        });
        self.published.publish(Some(client));
        self.become_(State::Connected, None);
    }

    /// What a session without a client is.
    pub(super) fn resting(&self) -> State {
        if self.status.borrow().me.is_some() {
            State::Disconnected
        } else {
            State::New
        }
    }

    pub(super) fn become_(&mut self, state: State, reason: Option<Box<str>>) {
        let now = self.host.clock.now();
        if self.status.borrow().state != state {
            self.report.state(state, reason.as_deref());
            self.host.meters.became(state);
        }
        let changed = self.status.send_if_modified(|status| {
            if status.state == state && status.reason == reason {
                return false;
            }
            if status.state != state {
                status.since = now;
            }
            status.state = state;
            status.reason = reason;
            true
        });
        if changed {
            tracing::info!(session = %self.session, state = state.name(), "session");
        }
    }

    pub(super) fn note(&self, reason: Box<str>) {
        self.status.send_modify(|status| status.reason = Some(reason));
    }
}
