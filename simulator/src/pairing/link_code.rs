//! Linking by code: a client shows eight characters, somebody types them into the phone.
//!
//! The server carries sealed keys between the two and never sees the code. One client can ask for an account at a time: the phone is
//! found by its number, so a second request takes the place of the first (modelled).

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::oneshot;
use whatsapp_rust::NodeBuilder;
use whatsapp_rust::wacore::libsignal::protocol::KeyPair;
use whatsapp_rust::wacore_binary::{Node, NodeRef};

use crate::address::AccountId;
use crate::error::CodeError;
use crate::notification::Notification;
use crate::outgoing::ConnectionId;
use crate::pairing::Outcome;
use crate::pairing::code_seal::{BundleError, Entered, Entry, WRAPPED_BUNDLE, WRAPPED_KEY, open_bundle};
use crate::pairing::request::{Answer, Asked, BAD_REQUEST};
use crate::world::World;

/// The type of the notifications in this exchange.
const KIND: &str = "link_code_companion_reg";
/// How long a code can be typed, as clients count it.
const VALID_MS: u64 = 180_000;
/// Entries per code; clients stop answering after as many.
const ENTRIES: u32 = 3;

/// A client that waits for its code to be typed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct CodeRequest {
    /// What the client calls itself, `Chrome (Linux)` for example.
    pub display: String,
    /// Whether it wants the phone to show a notification, as opposed to waiting until somebody opens the screen.
    pub push: bool,
    /// When the code ends, in milliseconds since the epoch.
    pub valid_until_ms: u64,
    /// Entries that are left.
    pub entries_left: u32,
}

struct Request {
    connection: ConnectionId,
    reference: Vec<u8>,
    wrapped_theirs: [u8; WRAPPED_KEY],
    shown: CodeRequest,
    entry: Option<OpenEntry>,
}

/// A code that was typed, until the client's bundle shows whether it was the right one.
struct OpenEntry {
    ephemeral: KeyPair,
    theirs: [u8; 32],
    told: oneshot::Sender<Result<Outcome, CodeError>>,
}

/// The clients that wait for a code to be typed, by the account they ask for.
#[derive(Default)]
pub(crate) struct CodeRequests(HashMap<AccountId, Request>);

impl CodeRequests {
    /// Drops the request of a client that went away or is being linked.
    pub(crate) fn forget(&mut self, connection: ConnectionId) {
        self.0.retain(|_, request| request.connection != connection);
    }
}

/// The eight characters as they are meant, however they were typed.
pub(crate) fn typed(code: &str) -> Result<String, CodeError> {
    let code: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if code.len() == 8 && code.bytes().all(|b| b.is_ascii_alphanumeric()) {
        Ok(code)
    } else {
        Err(CodeError::BadCode)
    }
}

impl World {
    /// `<link_code_companion_reg stage>` of a client.
    pub(super) fn link_code(&mut self, asked: &Asked<'_>, registration: &NodeRef<'_>) {
        match &*registration
            .get_attr("stage")
            .map(|stage| stage.as_str())
            .unwrap_or_default()
        {
            "companion_hello" => {
                let answer = self.companion_hello(asked.connection, registration);
                self.reply(asked, answer);
            }
            "companion_finish" => self.companion_finish(asked, registration),
            _ => self.reply(asked, Err(BAD_REQUEST)),
        }
    }

    fn companion_hello(&mut self, connection: ConnectionId, registration: &NodeRef<'_>) -> Answer {
        let waiting = self.pairings.waiting(connection).ok_or(BAD_REQUEST)?;
        let wrapped_theirs: [u8; WRAPPED_KEY] =
            bytes(registration, "link_code_pairing_wrapped_companion_ephemeral_pub").ok_or(BAD_REQUEST)?;
        let noise: [u8; 32] = bytes(registration, "companion_server_auth_key_pub").ok_or(BAD_REQUEST)?;
        if noise != waiting.noise {
            tracing::info!(
                connection = connection.0,
                "a code was asked for under another noise key"
            );
            self.stats.refused_links += 1;
            return Err(BAD_REQUEST);
        }
        let account = registration
            .get_attr("jid")
            .and_then(|jid| jid.to_jid())
            .and_then(|jid| self.locate(&jid))
            // Modelled: which of the codes that clients know stands for a number nobody has.
            .ok_or((404, "item-not-found"))?
            .account;
        let reference = format!("3@{}", URL_SAFE_NO_PAD.encode(self.random_bytes::<24>())).into_bytes();
        let push = registration
            .get_attr("should_show_push_notification")
            .is_some_and(|push| push.as_str() == "true");
        let request = Request {
            connection,
            reference: reference.clone(),
            wrapped_theirs,
            shown: CodeRequest {
                display: registration
                    .get_optional_child("companion_platform_display")
                    .and_then(|display| display.content_as_string())
                    .map(|display| display.to_string())
                    .unwrap_or_default(),
                push,
                valid_until_ms: self.now_ms() + VALID_MS,
                entries_left: ENTRIES,
            },
            entry: None,
        };
        self.pairings.codes.forget(connection);
        if let Some(older) = self.pairings.codes.0.insert(account, request) {
            self.ask_for_another_code(&older, Refresh::Anew);
        }
        Ok(vec![
            NodeBuilder::new("link_code_companion_reg")
                .attr("stage", "companion_hello")
                .children([NodeBuilder::new("link_code_pairing_ref").bytes(reference).build()])
                .build(),
        ])
    }

    /// Who waits for a code to be typed into this phone.
    pub(crate) fn code_request(&self, account: AccountId) -> Option<CodeRequest> {
        let request = self.pairings.codes.0.get(&account)?;
        (self.now_ms() <= request.shown.valid_until_ms).then(|| request.shown.clone())
    }

    /// Somebody begins to type a code: what the slow part needs, and which request it is for.
    pub(crate) fn begin_entry(&mut self, account: AccountId) -> Result<(Entry, Vec<u8>), CodeError> {
        let now = self.now_ms();
        let request = self.pairings.codes.0.get(&account).ok_or(CodeError::NobodyWaits)?;
        if now > request.shown.valid_until_ms {
            if let Some(late) = self.pairings.codes.0.remove(&account) {
                self.ask_for_another_code(&late, Refresh::Anew);
            }
            return Err(CodeError::Expired);
        }
        let reference = request.reference.clone();
        let wrapped_theirs = request.wrapped_theirs;
        let entry = Entry {
            wrapped_theirs,
            ephemeral: KeyPair::generate(&mut self.rng),
            salt_and_counter: self.random_bytes(),
        };
        Ok((entry, reference))
    }

    /// The code was typed: the client gets the phone's key under it. The channel yields the offer that follows.
    pub(crate) fn enter(
        &mut self,
        account: AccountId,
        reference: &[u8],
        entered: Entered,
    ) -> Result<oneshot::Receiver<Result<Outcome, CodeError>>, CodeError> {
        let identity = self.account(account).identity.public().to_vec();
        let request = self
            .pairings
            .codes
            .0
            .get_mut(&account)
            .filter(|request| request.reference == reference)
            .ok_or(CodeError::NobodyWaits)?;
        let (told, outcome) = oneshot::channel();
        request.shown.entries_left = request.shown.entries_left.saturating_sub(1);
        request.entry = Some(OpenEntry {
            ephemeral: entered.ephemeral,
            theirs: entered.theirs,
            told,
        });
        let connection = request.connection;
        let hello = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "primary_hello")
            .children([
                NodeBuilder::new("link_code_pairing_wrapped_primary_ephemeral_pub")
                    .bytes(entered.wrapped)
                    .build(),
                NodeBuilder::new("primary_identity_pub").bytes(identity).build(),
                NodeBuilder::new("link_code_pairing_ref")
                    .bytes(reference.to_vec())
                    .build(),
            ])
            .build();
        self.notify_unpaired(connection, KIND, hello);
        Ok(outcome)
    }

    fn companion_finish(&mut self, asked: &Asked<'_>, registration: &NodeRef<'_>) {
        let Some((account, bundle)) = self.finished(asked.connection, registration) else {
            self.stats.refused_links += 1;
            return self.reply(asked, Err(BAD_REQUEST));
        };
        // The server cannot tell what is in the bundle; the client learns how it went from the offer, or from silence.
        self.reply(asked, Ok(Vec::new()));
        let Some(request) = self.pairings.codes.0.get_mut(&account) else {
            return;
        };
        let Some(entry) = request.entry.take() else {
            return;
        };
        let entries_left = request.shown.entries_left;
        let Some(device_identity) = self
            .pairings
            .waiting(asked.connection)
            .map(|waiting| waiting.keys.identity)
        else {
            return;
        };
        let keys = &self.account(account).identity.keys;
        match open_bundle(&bundle, &entry.ephemeral, &entry.theirs, keys, &device_identity) {
            Ok(secret) => {
                let (told, outcome) = oneshot::channel();
                self.admit_link(asked.connection, account, &secret, told);
                let _ = entry.told.send(Ok(outcome));
            }
            Err(error) => {
                self.stats.refused_links += 1;
                let error = match error {
                    BundleError::Sealed => CodeError::WrongCode { entries_left },
                    BundleError::Foreign(what) => CodeError::BadBundle(what),
                };
                tracing::info!(connection = asked.connection.0, %error, "the phone refused a code");
                if entries_left == 0
                    && let Some(spent) = self.pairings.codes.0.remove(&account)
                {
                    self.ask_for_another_code(&spent, Refresh::ByHand);
                }
                let _ = entry.told.send(Err(error));
            }
        }
    }

    /// Whose request a bundle finishes, and the bundle; `None` unless everything about it fits.
    fn finished(
        &self,
        connection: ConnectionId,
        registration: &NodeRef<'_>,
    ) -> Option<(AccountId, [u8; WRAPPED_BUNDLE])> {
        let bundle = bytes(registration, "link_code_pairing_wrapped_key_bundle")?;
        let identity: [u8; 32] = bytes(registration, "companion_identity_public")?;
        let reference = registration
            .get_optional_child("link_code_pairing_ref")?
            .content_bytes()?;
        let (account, _) = self.pairings.codes.0.iter().find(|(_, request)| {
            request.connection == connection && request.reference == reference && request.entry.is_some()
        })?;
        (self.pairings.waiting(connection)?.keys.identity == identity).then_some((*account, bundle))
    }

    /// Tells a client that its code will not do any more.
    fn ask_for_another_code(&mut self, request: &Request, refresh: Refresh) {
        let node = NodeBuilder::new("link_code_companion_reg")
            .attr("stage", "refresh_code")
            .attr(
                "force_manual_refresh",
                match refresh {
                    Refresh::Anew => "false",
                    Refresh::ByHand => "true",
                },
            )
            .children([NodeBuilder::new("link_code_pairing_ref")
                .bytes(request.reference.clone())
                .build()])
            .build();
        self.notify_unpaired(request.connection, KIND, node);
    }

    /// Tells a client that is not linked something. Nothing waits for one that is gone.
    pub(super) fn notify_unpaired(&mut self, connection: ConnectionId, kind: &'static str, content: Node) {
        let Some(waiting) = self.pairings.waiting.get(&connection) else {
            return;
        };
        let outgoing = waiting.outgoing.clone();
        let id = self.stanza_id();
        let node = Notification::of_server(kind).content([content]).node(&id, self.now_s());
        self.answer(None, &outgoing, node);
    }
}

/// Why a code is to be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refresh {
    /// It ended; the client may show another one by itself.
    Anew,
    /// It was typed wrong too often; somebody has to ask for another one.
    ByHand,
}

/// The content of a child, when it has the length it must have.
fn bytes<const N: usize>(parent: &NodeRef<'_>, tag: &str) -> Option<[u8; N]> {
    parent.get_optional_child(tag)?.content_bytes()?.try_into().ok()
}
