//! Signatures of the handle; the bodies arrive with the server.
use std::net::SocketAddr;
use std::time::Duration;
use crate::account::{Account, NewAccount};
use crate::config::Config;
use crate::error::{AccountError, ScanError, StartError, UnlinkError};
use crate::stats::Stats;

/// Whether an account's devices can reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachability {
    /// They can.
    Online,
    /// Connections are cut and refused; messages queue.
    Offline,
}
/// Why the server refuses a login: the `reason` of its `<failure>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoginRefusal {
    /// 401.
    LoggedOut,
    /// 402 with a code and a duration.
    Banned,
    /// 403.
    Locked,
    /// 405.
    Outdated,
    /// 503; clients try again.
    Unavailable,
}
/// A companion the phone has linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedDevice {
    /// `number:device@s.whatsapp.net`.
    pub jid: String,
    /// The device number, 1 or more.
    pub device: u16,
}
/// Which way a stanza went, seen from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Direction {
    /// From a client to the server.
    In,
    /// From the server to a client.
    Out,
}
/// One stanza of the log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StanzaRecord {
    /// Position in the log, rising by one; 1 is the first.
    pub seq: u64,
    /// Milliseconds since the Unix epoch, by the server's clock.
    pub at_ms: u64,
    /// Phone digits of the account; `None` before a connection has one.
    pub account: Option<String>,
    /// Device number; `None` before a connection has one.
    pub device: Option<u16>,
    /// Which way.
    pub direction: Direction,
    /// Tag of the stanza.
    pub tag: String,
    /// Its `id` attribute; empty when it has none.
    pub id: String,
    /// The stanza as XML. Binary content is shown as its length.
    pub xml: String,
}
/// Handle.
#[derive(Debug, Clone)]
pub struct Simulator { addr: SocketAddr }
#[expect(missing_docs, clippy::unused_async, reason = "signatures only")]
impl Simulator {
    pub async fn start(config: Config) -> Result<Self, StartError> { Err(StartError::NotLoopback(config.listen)) }
    pub fn url(&self) -> String { format!("ws://{}/ws/chat", self.addr) }
    pub fn addr(&self) -> SocketAddr { self.addr }
    pub async fn shutdown(&self) {}
    pub fn create_account(&self, spec: NewAccount) -> Result<Account, AccountError> { Err(AccountError::BadPhone(spec.push_name)) }
    pub fn accounts(&self) -> Vec<Account> { Vec::new() }
    pub async fn scan_qr(&self, phone: &str, _qr: &str) -> Result<LinkedDevice, ScanError> { Err(ScanError::UnknownAccount(phone.to_owned())) }
    pub fn drop_connections(&self, _phone: &str) -> usize { 0 }
    pub fn set_reachability(&self, phone: &str, _r: Reachability) -> Result<(), AccountError> { Err(AccountError::Unknown(phone.to_owned())) }
    pub fn unlink(&self, phone: &str, _device: u16) -> Result<(), UnlinkError> { Err(UnlinkError::UnknownAccount(phone.to_owned())) }
    pub fn refuse_login(&self, phone: &str, _reason: Option<LoginRefusal>) -> Result<(), AccountError> { Err(AccountError::Unknown(phone.to_owned())) }
    pub fn stanzas(&self, _after: u64, _limit: usize) -> Vec<StanzaRecord> { Vec::new() }
    pub async fn wait_stanza(&self, _after: u64, _pred: impl Fn(&StanzaRecord) -> bool + Send, _timeout: Duration) -> Option<StanzaRecord> { None }
    pub fn stats(&self) -> Stats { Stats::default() }
}
