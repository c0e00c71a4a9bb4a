//! What the tests share: a simulator, a host on it, a session, and people to talk to.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use waspnest_core::address::Jid;
use waspnest_core::clock::{Clock, Ids, SeededIds, SystemClock};
use waspnest_core::effect::{Action, Effect, EffectState, Send};
use waspnest_core::event::{Event, EventKind, Interest, Position};
use waspnest_core::files::Files;
use waspnest_core::id::{EventId, SessionId};
use waspnest_core::log::Log;
use waspnest_core::mailbox::Mailbox;
use waspnest_core::master_key::MasterKey;
use waspnest_core::media_store::MediaStore;
use waspnest_core::message::{Content, Message, Text};
use waspnest_core::outbox::Outbox;
use waspnest_core::session::Sessions;
use waspnest_core::store::HeldStore;
use waspnest_core::store::MemoryStore;
use waspnest_core::store::Store;
use waspnest_simulator::human::Human;
use waspnest_simulator::{Account, Config, LinkedDevice, NewAccount, Simulator};
use waspnest_whatsapp::{Authority, Profile, SessionHandle, State, Status, Version, WhatsApp, WhatsAppOptions};

/// The version a test claims, so that nobody asks web.whatsapp.com.
pub(crate) const VERSION: Version = Version::Fixed(2, 3000, 1_023_223_821);

/// Far more than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A simulator and a host with one session.
pub(crate) struct Bench {
    pub(crate) sim: Simulator,
    pub(crate) store: Arc<HeldStore>,
    pub(crate) log: Log,
    pub(crate) outbox: Outbox,
    pub(crate) files: (Files, MediaStore),
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) key: MasterKey,
    /// Who vouches for the servers of files, from the next restart on.
    pub(crate) authority: Authority,
    pub(crate) whatsapp: WhatsApp,
    pub(crate) session: SessionId,
    pub(crate) account: Account,
    /// What sessions take in beside messages.
    pub(crate) interest: Interest,
    _dir: tempfile::TempDir,
}

impl Bench {
    pub(crate) async fn new() -> Result<Self> {
        Self::at(Arc::new(SystemClock::new())).await
    }

    /// The same, by another clock than the machine's.
    pub(crate) async fn at(clock: Arc<dyn Clock>) -> Result<Self> {
        let sim = Simulator::start(Config::default()).await?;
        let account = sim.create_account(NewAccount {
            push_name: "Shop".into(),
            phone: None,
        })?;
        let store = HeldStore::new(MemoryStore::new());
        let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(7));
        let key = MasterKey::generate();
        let session = SessionId::new(ids.ulid(clock.now()));
        let shared: Arc<dyn Store> = Arc::<HeldStore>::clone(&store);
        let log = Log::new(Arc::clone(&shared), Arc::clone(&clock), Arc::clone(&ids));
        let outbox = Outbox::new(shared, Arc::clone(&clock), log.clone());
        let dir = tempfile::tempdir()?;
        let media = MediaStore::open(&dir.path().join("media"), Arc::clone(&clock))?;
        let files = (Files::open(&dir.path().join("files"), Arc::clone(&clock))?, media);
        let authority = Authority::Public;
        let whatsapp = host(&sim, &authority, &store, &log, &outbox, &files, &clock, &key).await?;
        Ok(Self {
            sim,
            store,
            log,
            outbox,
            files,
            clock,
            ids,
            key,
            authority,
            whatsapp,
            session,
            account,
            interest: Interest::NONE,
            _dir: dir,
        })
    }

    /// Forgets everything in memory, as a new process would.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        let shared: Arc<dyn Store> = Arc::<HeldStore>::clone(&self.store);
        self.restart_on(shared).await
    }

    /// The same, with the log of another store.
    pub(crate) async fn restart_on(&mut self, log: Arc<dyn Store>) -> Result<()> {
        let shared: Arc<dyn Store> = Arc::<HeldStore>::clone(&self.store);
        self.log = Log::new(log, Arc::clone(&self.clock), Arc::clone(&self.ids));
        self.outbox = Outbox::new(shared, Arc::clone(&self.clock), self.log.clone());
        self.whatsapp = host(
            &self.sim,
            &self.authority,
            &self.store,
            &self.log,
            &self.outbox,
            &self.files,
            &self.clock,
            &self.key,
        )
        .await?;
        Ok(())
    }

    pub(crate) async fn open(&self) -> Result<SessionHandle> {
        Ok(self.whatsapp.open(self.session, self.interest).await?)
    }

    /// Opens the session and links it to the account.
    pub(crate) async fn paired(&self) -> Result<SessionHandle> {
        let session = self.open().await?;
        self.pair(&session).await?;
        Ok(session)
    }

    pub(crate) async fn pair(&self, session: &SessionHandle) -> Result<LinkedDevice> {
        session.connect().await?;
        let mut qr = session.qr();
        let code = tokio::time::timeout(PATIENCE, qr.wait_for(Option::is_some))
            .await
            .context("no QR code came")??
            .clone();
        let code = code.context("the code was just there")?;
        let linked = self.sim.scan_qr(&self.account.phone, &code.code).await?;
        wait(session, |status| status.state == State::Connected).await?;
        Ok(linked)
    }

    pub(crate) async fn human(&self, name: &str) -> Result<Human> {
        Ok(Human::join(
            &self.sim,
            NewAccount {
                push_name: name.into(),
                phone: None,
            },
        )
        .await?)
    }

    /// Waits for the first event that `wanted` accepts.
    pub(crate) async fn event(&self, wanted: impl Fn(&Message) -> bool) -> Result<Event> {
        let mut wake = self.log.wake(self.session);
        let look = async {
            loop {
                let events = self.log.read(self.session, Position::default(), 1000).await?;
                let found = events.into_iter().find(|event| match &event.kind {
                    EventKind::Message(message) => wanted(message),
                    EventKind::Tick(_)
                    | EventKind::Receipt(_)
                    | EventKind::Group(_)
                    | EventKind::Presence(_)
                    | EventKind::Contact(_)
                    | EventKind::Chat(_)
                    | EventKind::Call(_)
                    | EventKind::Session(_)
                    | EventKind::Topic(_)
                    | EventKind::Request(_) => false,
                });
                if let Some(event) = found {
                    return Ok(event);
                }
                wake.changed().await?;
            }
        };
        tokio::time::timeout(PATIENCE, look)
            .await
            .context("the event did not come")?
    }

    pub(crate) async fn events(&self) -> Result<Vec<Event>> {
        Ok(self.log.read(self.session, Position::default(), 1000).await?)
    }

    /// Puts an action into the outbox.
    pub(crate) async fn effect(&self, action: Action) -> Result<Effect> {
        let request = EventId::new(self.ids.ulid(self.clock.now()));
        let committed = self.outbox.submit(self.session, request, vec![action]).await?;
        committed.applied.durable().await?;
        committed.effects.into_iter().next().context("one action is one effect")
    }

    /// Waits until an effect's state is what `wanted` accepts. States have no wake-up, so they are looked at after every stanza.
    pub(crate) async fn state(&self, effect: &Effect, wanted: impl Fn(&EffectState) -> bool) -> Result<EffectState> {
        let look = async {
            loop {
                let found = self
                    .outbox
                    .get(self.session, effect.id)
                    .await?
                    .context("the effect is there")?;
                if wanted(&found.state) {
                    return Ok(found.state);
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, look)
            .await
            .context("the effect's state did not come")?
    }

    /// A position of the stanza log behind everything until now.
    pub(crate) fn now_in_log(&self) -> u64 {
        self.sim.stanzas(0, usize::MAX).last().map_or(0, |stanza| stanza.seq)
    }
}

pub(crate) async fn mailbox(
    store: &Arc<HeldStore>,
    log: &Log,
    outbox: &Outbox,
    clock: &Arc<dyn Clock>,
) -> Result<Mailbox> {
    let store: Arc<dyn Store> = Arc::<HeldStore>::clone(store);
    let register = Sessions::open(Arc::clone(&store)).await?;
    Ok(Mailbox::new(
        store,
        log.clone(),
        outbox.clone(),
        register,
        Arc::clone(clock),
    ))
}

#[expect(
    clippy::too_many_arguments,
    reason = "what a host is made of, in tests that change one part of it"
)]
pub(crate) async fn host(
    sim: &Simulator,
    authority: &Authority,
    store: &Arc<HeldStore>,
    log: &Log,
    outbox: &Outbox,
    (files, media): &(Files, MediaStore),
    clock: &Arc<dyn Clock>,
    key: &MasterKey,
) -> Result<WhatsApp> {
    let options = WhatsAppOptions {
        connects_per_second: std::num::NonZeroU32::MAX,
        keep_events: None,
        meters: waspnest_whatsapp::Meters::default(),
        endpoint: sim.url().parse()?,
        proxy: None,
        authority: authority.clone(),
        store: Arc::<HeldStore>::clone(store),
        log: log.clone(),
        outbox: outbox.clone(),
        mailbox: mailbox(store, log, outbox, clock).await?,
        files: files.clone(),
        media: media.clone(),
        clock: Arc::clone(clock),
        master_key: key.clone(),
        profile: Profile {
            version: VERSION,
            prekeys: 30,
            ..Profile::default()
        },
    };
    Ok(WhatsApp::new(options).await?)
}

/// Waits for a status.
pub(crate) async fn wait(session: &SessionHandle, wanted: impl Fn(&Status) -> bool) -> Result<Status> {
    let mut status = session.status();
    let found = tokio::time::timeout(PATIENCE, status.wait_for(|status| wanted(status))).await;
    match found {
        Ok(found) => Ok(found?.clone()),
        Err(_) => bail!("the session stayed as it was: {:?}", session.status().borrow().clone()),
    }
}

pub(crate) fn text(to: &Account, body: &str) -> Send {
    Send {
        to: Jid::Phone(to.phone.as_str().into()),
        content: Content::Text(Text {
            body: body.into(),
            preview: None,
        }),
        quote: None,
        mentions: Vec::new(),
        ephemeral_s: None,
        typing_ms: None,
    }
}

pub(crate) fn says(message: &Message, body: &str) -> bool {
    matches!(&message.content, Content::Text(text) if text.body.as_ref() == body)
}
