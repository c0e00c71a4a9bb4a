//! Counters of a run, for tests and the admin interface.

/// A snapshot of what the server has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Stats {
    /// Sockets open now, whether or not they logged in.
    pub connections: usize,
    /// Accounts.
    pub accounts: usize,
    /// Linked companions.
    pub companions: usize,
    /// Logins accepted.
    pub logins: u64,
    /// Handshakes in the XX pattern.
    pub handshakes_xx: u64,
    /// Handshakes in the IK pattern.
    pub handshakes_ik: u64,
    /// Connections closed for what they sent: bad frames, bad handshakes, bad stanzas.
    pub rejected_connections: u64,
    /// Attempts to link that the phone or the server refused for what the client sent.
    pub refused_links: u64,
    /// Connections closed at once, because there were too many.
    pub refused_connections: u64,
    /// Stanzas that were unknown, in part or altogether.
    pub unknown_stanzas: u64,
    /// Messages accepted from clients.
    pub messages: u64,
    /// Copies of messages put into device queues (a message to three devices counts three).
    pub copies: u64,
    /// Messages refused with an error in the acknowledgement.
    pub refused_messages: u64,
    /// Acknowledgements clients gave for queued stanzas.
    pub acks: u64,
    /// Acknowledgements for nothing that waits: it was never sent, or is settled already.
    pub unmatched_acks: u64,
    /// Keys refused: a signature, a length, an id or an identity was wrong.
    pub refused_keys: u64,
    /// Receipts accepted from clients.
    pub receipts: u64,
    /// Receipts that ask for a message again because it could not be decrypted.
    pub retry_receipts: u64,
    /// Receipts refused: about messages that were never sent, or with keys that are not the device's.
    pub refused_receipts: u64,
    /// Stanzas sent again after a reconnect, because the device had not acknowledged them.
    pub redeliveries: u64,
    /// Unacknowledged stanzas in all queues now.
    pub queued: usize,
    /// Stanzas that suffered a fault.
    pub faults: u64,
    /// Messages phones decrypted.
    pub phone_decrypted: u64,
    /// Messages phones could not decrypt. Anything but zero is somebody's fault.
    pub phone_undecryptable: u64,
    /// Uploads the media server took in.
    pub uploads: u64,
    /// Those of them that went on where an earlier attempt had been cut off.
    pub resumed_uploads: u64,
}
