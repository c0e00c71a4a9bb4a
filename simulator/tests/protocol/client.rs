//! A real client on a simulator: unmodified whatsapp-rust over plain WebSocket.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;
use tokio_websockets::ClientBuilder;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use waspnest_simulator::{Account, Config, Direction, NewAccount, Simulator, Stats, Strictness};
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::http::UreqHttpClient;
use whatsapp_rust::transport::{Transport, TransportEvent, TransportFactory, from_websocket};
use whatsapp_rust::wacore::store::InMemoryBackend;
use whatsapp_rust::wacore::store::traits::SignalStore as _;
use whatsapp_rust::wacore::types::events::{Event, EventHandler};
use whatsapp_rust::waproto::whatsapp as wa;
use whatsapp_rust::{Client, Jid, anyhow, async_channel};

/// Far beyond what anything here takes; only a failing test waits this long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A server that refuses what it does not know. Real clients send nothing of the kind; [`end`] makes sure.
pub(crate) fn strict() -> Config {
    Config {
        strictness: Strictness::Strict,
        ..Config::default()
    }
}

/// Shuts a server down that met nothing it does not know.
pub(crate) async fn end(simulator: Simulator) {
    let unknown = simulator.unknown_stanzas();
    assert!(unknown.is_empty(), "{unknown:#?}");
    simulator.shutdown().await;
}

/// Waits until every device has acknowledged everything that was queued for it.
pub(crate) async fn settled(simulator: &Simulator) {
    let mut after = 0;
    while simulator.stats().queued > 0 {
        let stanza = simulator
            .wait_stanza(after, |_| true, PATIENCE)
            .await
            .unwrap_or_else(|| panic!("something is never acknowledged: {:?}", simulator.stats()));
        after = stanza.seq;
    }
}

/// Waits until a client has said that it is there, as each does by itself when it connects.
pub(crate) async fn announced(simulator: &Simulator, companion: &Companion) {
    let said = simulator.wait_stanza(
        0,
        |r| {
            r.tag == "presence"
                && r.direction == Direction::In
                && r.account.as_deref() == Some(companion.account.phone.as_str())
                && r.xml.contains("type=\"available\"")
        },
        PATIENCE,
    );
    said.await
        .unwrap_or_else(|| panic!("{} never says so", companion.account.push_name));
}

/// Waits until the server's counters satisfy `look`: it counts a connection's end a moment after the client sees it.
pub(crate) async fn counted(simulator: &Simulator, look: impl Fn(&Stats) -> bool) {
    let counting = async {
        while !look(&simulator.stats()) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, counting)
        .await
        .unwrap_or_else(|_| panic!("{:?}", simulator.stats()));
}

/// Waits until a message waits for a companion that is away. Other things, such as notices, may wait beside it.
pub(crate) async fn message_waits(simulator: &Simulator, companion: &Companion) {
    counted(simulator, |_| {
        let queue = simulator.queue(&companion.account.phone, companion.device).unwrap();
        queue.iter().any(|stanza| stanza.class == "message")
    })
    .await;
}

/// Opens WebSockets to the simulator, without Nagle's delay.
#[derive(Debug, Clone)]
struct Loopback {
    addr: SocketAddr,
    url: String,
}

#[async_trait]
impl TransportFactory for Loopback {
    async fn create_transport(
        &self,
    ) -> Result<(Arc<dyn Transport>, async_channel::Receiver<TransportEvent>), anyhow::Error> {
        let stream = TcpStream::connect(self.addr).await?;
        stream.set_nodelay(true)?;
        let (socket, _) = ClientBuilder::from_uri(self.url.parse()?).connect_on(stream).await?;
        Ok(from_websocket(socket))
    }
}

/// Fetches from the simulator's media server, which nobody else's authority vouches for.
fn media_client(simulator: &Simulator) -> UreqHttpClient {
    let root = Certificate::from_pem(simulator.media_ca_pem().as_bytes()).unwrap();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[root]))
        .build();
    UreqHttpClient::with_agent(ureq::Agent::config_builder().tls_config(tls).build().into())
}

/// What a client does with the past that its phone sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Past {
    Skipped,
    Taken,
}

/// Everything a client reported, in order.
#[derive(Default)]
pub(crate) struct Events {
    seen: Mutex<Vec<Arc<Event>>>,
    more: Notify,
}

impl EventHandler for Recorder {
    fn handle_event(&self, event: Arc<Event>) {
        self.0.seen.lock().unwrap().push(event);
        self.0.more.notify_waiters();
    }
}

struct Recorder(Arc<Events>);

impl Events {
    /// Everything so far that `pick` finds something in.
    pub(crate) fn all<T>(&self, mut pick: impl FnMut(&Event) -> Option<T>) -> Vec<T> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .filter_map(|event| pick(event))
            .collect()
    }

    /// Waits until `pick` finds something.
    pub(crate) async fn first<T>(&self, what: &str, mut pick: impl FnMut(&Event) -> Option<T>) -> T {
        self.until(what, |events| events.all(&mut pick).into_iter().next())
            .await
    }

    /// Waits until `look` is satisfied with what there is.
    pub(crate) async fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let mut more = std::pin::pin!(self.more.notified());
                more.as_mut().enable();
                if let Some(found) = look(self) {
                    return found;
                }
                more.await;
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(found) => found,
            Err(_) => panic!("waited in vain for {what}; saw {:#?}", self.kinds()),
        }
    }

    fn kinds(&self) -> Vec<String> {
        self.all(|event| Some(format!("{event:?}").chars().take(160).collect()))
    }

    /// Texts received, in order, with their message ids.
    pub(crate) fn texts(&self) -> Vec<(String, String)> {
        let batches = self.all(|event| match event {
            Event::Messages(batch) => Some(batch.clone()),
            _ => None,
        });
        batches
            .iter()
            .flat_map(|batch| batch.iter())
            .filter_map(|inbound| Some((inbound.info.id.clone(), inbound.message.conversation.clone()?)))
            .collect()
    }

    pub(crate) async fn text(&self, wanted: &str) -> String {
        self.until(wanted, |events| {
            events
                .texts()
                .into_iter()
                .find(|(_, text)| text == wanted)
                .map(|(id, _)| id)
        })
        .await
    }

    pub(crate) fn undecryptable(&self) -> usize {
        self.all(|event| matches!(event, Event::UndecryptableMessage(_)).then_some(()))
            .len()
    }
}

/// A companion of an account, running or stopped.
pub(crate) struct Companion {
    pub(crate) account: Account,
    pub(crate) device: u16,
    pub(crate) events: Arc<Events>,
    store: Arc<InMemoryBackend>,
    handle: Option<BotHandle>,
    loopback: Loopback,
    http: UreqHttpClient,
    past: Past,
}

impl Companion {
    /// A new account with one companion, connected.
    pub(crate) async fn join(simulator: &Simulator, name: &str) -> Self {
        let account = simulator
            .create_account(NewAccount {
                push_name: name.to_owned(),
                phone: None,
            })
            .unwrap();
        Self::link(simulator, account).await
    }

    /// One more companion of an account, connected.
    pub(crate) async fn link(simulator: &Simulator, account: Account) -> Self {
        Self::link_with(simulator, account, Past::Skipped).await
    }

    /// The same, with a say in what it does with the past.
    pub(crate) async fn link_with(simulator: &Simulator, account: Account, past: Past) -> Self {
        let began = Instant::now();
        let mut companion = Self::unlinked_with(simulator, account, past).await;
        let qr = companion.qr().await;
        let linked = simulator.scan_qr(&companion.account.phone, &qr).await.unwrap();
        let paired = began.elapsed();
        companion.device = linked.device;
        companion.connected().await;
        println!(
            "{} linked after {} ms, connected after {} ms",
            companion.account.push_name,
            paired.as_millis(),
            began.elapsed().as_millis()
        );
        companion
    }

    /// A companion that shows its code.
    pub(crate) async fn unlinked(simulator: &Simulator, account: Account) -> Self {
        Self::unlinked_with(simulator, account, Past::Skipped).await
    }

    async fn unlinked_with(simulator: &Simulator, account: Account, past: Past) -> Self {
        let mut companion = Self {
            account,
            device: 0,
            events: Arc::default(),
            store: Arc::new(InMemoryBackend::new()),
            handle: None,
            loopback: Loopback {
                addr: simulator.addr(),
                url: simulator.url(),
            },
            http: media_client(simulator),
            past,
        };
        companion.start().await;
        companion
    }

    /// What the client keeps, to look into and to misuse.
    pub(crate) fn store(&self) -> &InMemoryBackend {
        &self.store
    }

    /// From its next start on, this companion knows the server under another address.
    pub(crate) fn point_at(&mut self, simulator: &Simulator) {
        self.loopback = Loopback {
            addr: simulator.addr(),
            url: simulator.url(),
        };
    }

    /// Forgets the Signal sessions with another companion, as a store does that was restored from an old copy.
    pub(crate) async fn forget_sessions_with(&self, other: &Self) {
        for (user, server) in [(&other.account.phone, "c.us"), (&other.account.lid, "lid")] {
            let address = format!("{user}:{}@{server}.0", other.device);
            self.store.delete_session(&address).await.unwrap();
        }
    }

    /// Forgets another account's sender key for a group, which this client keeps per account.
    pub(crate) async fn forget_sender_key(&self, group: &Jid, other: &Self) {
        self.forget_key_of(group, &other.account.phone, &other.account.lid)
            .await;
    }

    /// The same, of the account with these numbers.
    pub(crate) async fn forget_key_of(&self, group: &Jid, phone: &str, lid: &str) {
        for (user, server) in [(phone, "c.us"), (lid, "lid")] {
            let address = format!("{group}:{user}@{server}.0");
            self.store.delete_sender_key(&address).await.unwrap();
        }
    }

    /// Starts a client on this companion's store; what it reports from now on replaces what was reported.
    pub(crate) async fn start(&mut self) {
        self.events = Arc::default();
        let bot = Bot::builder()
            .with_backend_arc(self.store.clone())
            .with_transport_factory(self.loopback.clone())
            .with_http_client(self.http.clone())
            .with_event_handler(Recorder(Arc::clone(&self.events)))
            .with_version((2, 3000, 1_023_223_821))
            .with_wanted_pre_key_count(60);
        let bot = match self.past {
            Past::Skipped => bot.skip_history_sync(),
            Past::Taken => bot,
        };
        let bot = bot.build().await.unwrap();
        self.handle = Some(bot.spawn());
    }

    pub(crate) async fn qr(&self) -> String {
        self.events
            .first("a pairing code", |event| match event {
                Event::PairingQrCode(qr) => Some(qr.code.clone()),
                _ => None,
            })
            .await
    }

    pub(crate) async fn connected(&self) {
        self.events
            .first("Connected", |event| matches!(event, Event::Connected(_)).then_some(()))
            .await;
    }

    /// Stops the client gracefully; the store stays.
    pub(crate) async fn stop(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.shutdown().await;
        }
    }

    /// Kills the client where it stands.
    pub(crate) fn kill(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.abort();
        }
    }

    pub(crate) fn client(&self) -> Arc<Client> {
        self.handle.as_ref().unwrap().client()
    }

    /// Sends a text to an account's number and returns the message id.
    pub(crate) async fn say(&self, to: &Account, text: &str) -> String {
        self.say_to(&to.jid(), text).await
    }

    /// Sends a text to a JID and returns the message id.
    pub(crate) async fn say_to(&self, jid: &str, text: &str) -> String {
        let to: Jid = jid.parse().unwrap();
        let message = wa::Message {
            conversation: Some(text.to_owned()),
            ..wa::Message::default()
        };
        self.client().send_message(to, message).await.unwrap().message_id
    }
}

impl Companion {
    /// A second process on the same store: what no host may do, and what a copied data directory does.
    pub(crate) fn twin(&self) -> Self {
        Self {
            account: self.account.clone(),
            device: self.device,
            events: Arc::default(),
            store: Arc::clone(&self.store),
            handle: None,
            loopback: self.loopback.clone(),
            http: self.http.clone(),
            past: self.past,
        }
    }
}
