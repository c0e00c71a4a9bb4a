//! The composition root: makes every part with exactly what it needs, starts the tasks, and ends them.

mod error;
mod left;
mod life;
mod outside;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use waspnest_core::answered::Answers;
use waspnest_core::audit::AuditLog;
use waspnest_core::backup::Taker;
use waspnest_core::caller::Callers as CallerRegister;
use waspnest_core::clock::Ids;
use waspnest_core::config_layer::ConfigLayers;
use waspnest_core::delivery::Deliveries;
use waspnest_core::files::Files;
use waspnest_core::id::InstallationId;
use waspnest_core::journal::Journal;
use waspnest_core::log::Log;
use waspnest_core::made_installation::MadeInstallations;
use waspnest_core::mailbox::Mailbox;
use waspnest_core::master_key::MasterKey;
use waspnest_core::media_store::MediaStore;
use waspnest_core::outbox::Outbox;
use waspnest_core::packages::Packages;
use waspnest_core::progress::Progress;
use waspnest_core::runs::Runs;
use waspnest_core::schedule_state::ScheduleStates;
use waspnest_core::scheduled_message::ScheduledMessages;
use waspnest_core::seal::Sealer;
use waspnest_core::secret::StoredSecrets;
use waspnest_core::send_ledger::SendLedger;
use waspnest_core::session::{Desired, Sessions as Register};
use waspnest_core::store::{SledOptions, SledStore, Store};
use waspnest_core::upload::Uploads;
use waspnest_core::uploaded_plugin::UploadedPlugins;
use waspnest_core::version::VersionRegister;
use waspnest_core::webhook::WebhookRegister;
use waspnest_egress::{Egress, SystemNames};
use waspnest_engine::record::Hide;
use waspnest_engine::{Compiler, Engine, EngineOptions};
use waspnest_whatsapp::{Authority, Profile, WhatsApp, WhatsAppOptions};

use crate::config::Config;
use crate::config::keys::Keys;
use crate::config::secret::Secret;
use crate::delivery::Endpoints;
use crate::http::{Http, HttpParts, Scrape, serve_metrics};
use crate::install::SlotTimetable;
use crate::live::Live;
use crate::meters::Meters;
use crate::past::Past;
use crate::planner::Planner;
use crate::recorder::recording;
use crate::reload::{Limits, Reloadable, SessionPolicies};
use crate::replies::Replies;
use crate::rollout::{Rollout, RolloutParts};
use crate::secrets::Secrets;
use crate::send_policies::Policies;
use crate::service;
use crate::service::accounts::Accounts;
use crate::service::admin_secret;
use crate::service::backups::Backups;
use crate::service::callers::{Callers, CallersParts};
use crate::service::events::Events;
use crate::service::health::{Health, Phase};
use crate::service::hooks::Hooks;
use crate::service::installations::Installations;
use crate::service::mailbox::Library;
use crate::service::media::Medias;
use crate::service::messages::{Messages, MessagesParts};
use crate::service::metrics::Metrics;
use crate::service::routes::Routes;
use crate::service::runs::{Replays, Runs as ServiceRuns};
use crate::service::schedules::{Schedules, SchedulesParts};
use crate::service::secrets::Secrets as SecretsService;
use crate::service::sessions::Sessions;
use crate::service::settings::{InstallationSettings, SettingsParts};
use crate::service::stream_tickets::StreamTickets;
use crate::service::values::Values;
use crate::service::webhooks::WebhooksParts;
use crate::sessions::{RunningSessions, Shared};
use crate::shutdown::Shutdown;
use crate::source::Timetable;
use crate::standing::{Grounded, Standing};
use crate::sweep::Sweep;
use crate::tls::Certificates;
use crate::traces;
use crate::webhook::Webhooks;
pub use error::AppError;
use left::Ledgers;
use life::Life;
pub use outside::{CompilerCommand, Outside};
use waspnest_core::current::Current;

/// A host that is up.
#[derive(Debug)]
pub struct App {
    /// The sessions at work.
    pub sessions: RunningSessions,
    /// An admin secret that was made just now and is never shown again.
    pub fresh_secret: Option<Secret>,
    address: SocketAddr,
    store: Arc<dyn Store>,
    shutdown: Shutdown,
    grace: Duration,
    life: Life,
}

impl App {
    /// Starts everything the configuration declares. The sessions connect in the background.
    ///
    /// # Errors
    /// [`AppError`].
    pub async fn start(config: Config, outside: Outside) -> Result<Self, AppError> {
        let Outside {
            clock,
            ids,
            compiler,
            systemd,
        } = outside;
        let meters = Meters::new(Arc::clone(&clock));
        let disk = SledStore::open_measured(
            &config.storage.dir,
            SledOptions {
                cache_bytes: config.storage.cache,
            },
            meters.store.clone(),
        )?;
        let last_end = disk.last_end();
        let store: Arc<dyn Store> = disk.clone();
        let established = admin_secret::establish(&config.server.admin_secret, &*store, random(&*ids)).await?;
        let master_key = match &config.keys {
            Keys::Given(key) => key.clone(),
            Keys::File(path) => MasterKey::from_file(path)?,
        };

        let sealer = Sealer::checked(&master_key, &*store).await?;
        let stored = StoredSecrets::new(Arc::clone(&store), sealer.clone());
        let secrets = Secrets::new(config.secrets.clone(), stored.clone());
        let log = Log::new(Arc::clone(&store), Arc::clone(&clock), Arc::clone(&ids)).measured(meters.log.clone());
        let outbox = Outbox::new(Arc::clone(&store), Arc::clone(&clock), log.clone()).measured(meters.outbox.clone());
        let progress = Progress::new(Arc::clone(&store));
        let files = Files::open(&config.storage.dir.join("files"), Arc::clone(&clock))?;
        let media = MediaStore::open(&config.storage.dir.join("media"), Arc::clone(&clock))?;
        let register = Register::open(Arc::clone(&store)).await?;
        let callers = Callers::open(CallersParts {
            store: Arc::clone(&store),
            sessions: register.clone(),
            admin: established.hash,
            master_key: master_key.clone(),
            config: config.callers.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        })
        .await?;
        let mailbox = Mailbox::new(
            Arc::clone(&store),
            log.clone(),
            outbox.clone(),
            register.clone(),
            Arc::clone(&clock),
        );
        let engine = Arc::new(Engine::new(EngineOptions {
            caps: config.plugins.caps.limits,
            cache_dir: Some(config.plugins.cache.clone()),
            concurrency: config.plugins.caps.concurrency,
            compiler: compiler.map_or(Compiler::InProcess, |command| command.within(config.plugins.compile)),
            clock: Arc::clone(&clock),
        })?);
        let egress = Egress::new(config.plugins.egress.clone(), Arc::new(SystemNames), Arc::clone(&clock))?
            .measured(meters.egress.clone());
        let webhooks = Webhooks::new(
            config.webhooks.clone(),
            egress.clone(),
            secrets.clone(),
            Arc::clone(&clock),
        );
        let endpoints = WebhookRegister::new(Arc::clone(&store), sealer.clone());
        let endpoints = Endpoints::open(endpoints, config.deliveries.clone()).await?;
        let config = Arc::new(config);
        let shutdown = Shutdown::new(Arc::clone(&clock));
        shutdown.spawn("store", watch_over(disk, shutdown.soft()));
        let (traces, exporter) = traces::exporting(&config.traces, meters.traces.clone(), &clock)?;
        if let Some(exporter) = exporter {
            shutdown.spawn("traces", exporter.run(shutdown.soft()));
        }
        let runs = Runs::new(Arc::clone(&store));
        let hide = Hide::under(runs.hiding_key(random(&*ids)).await?);
        let rollout = Rollout::begin(RolloutParts {
            config: Arc::clone(&config),
            engine: Arc::clone(&engine),
            packages: Packages::open(&config.storage.dir.join("packages"))?,
            register: VersionRegister::new(Arc::clone(&store)),
            made: MadeInstallations::new(Arc::clone(&store)),
            uploaded: UploadedPlugins::new(Arc::clone(&store)),
            layers: ConfigLayers::new(Arc::clone(&store)),
            store: Arc::clone(&store),
            progress: progress.clone(),
            runs: runs.clone(),
            egress: Egress::new(
                config.plugins.install.guard.clone(),
                Arc::new(SystemNames),
                Arc::clone(&clock),
            )?
            .measured(meters.egress.clone()),
            sessions: register.clone(),
            outbox: outbox.clone(),
            hide: hide.clone(),
            shutdown: shutdown.clone(),
            clock: Arc::clone(&clock),
        })
        .await?;
        let installations = rollout.slots().clone();
        let authority = match &config.whatsapp.authority_file {
            None => Authority::Public,
            Some(path) => Authority::from_file(path)?,
        };
        let taker = Taker {
            store: Arc::clone(&store),
            data: config.storage.dir.clone(),
            key: master_key.clone(),
            clock: Arc::clone(&clock),
            host_version: env!("CARGO_PKG_VERSION"),
        };
        let whatsapp = WhatsApp::new(WhatsAppOptions {
            endpoint: config.whatsapp.endpoint.clone(),
            proxy: config.whatsapp.proxy.clone(),
            authority,
            store: Arc::clone(&store),
            log: log.clone(),
            outbox: outbox.clone(),
            mailbox: mailbox.clone(),
            files: files.clone(),
            media: media.clone(),
            clock: Arc::clone(&clock),
            master_key,
            profile: Profile {
                history: config.mailbox.history,
                ..config.whatsapp.profile.clone()
            },
            connects_per_second: config.whatsapp.stagger.per_second,
            keep_events: config.storage.keep_events,
            meters: meters.whatsapp.clone(),
        })
        .await?;

        let timetable: Arc<dyn Timetable> = Arc::new(SlotTimetable(installations.clone()));
        let schedules = Schedules::new(SchedulesParts {
            timetable: Arc::clone(&timetable),
            states: ScheduleStates::new(Arc::clone(&store)),
            log: log.clone(),
            progress: progress.clone(),
            register: register.clone(),
            clock: Arc::clone(&clock),
        });
        let settings = InstallationSettings::new(SettingsParts {
            installations: installations.clone(),
            engine: Arc::clone(&engine),
            layers: ConfigLayers::new(Arc::clone(&store)),
            register: register.clone(),
            contacts: log.contacts().clone(),
            clock: Arc::clone(&clock),
        });
        let routes = Routes::new(installations.clone(), Arc::clone(&clock));
        let replies = Replies::default();
        let live = Live::new(log.clone(), register.clone());
        let (records, writer) = recording(&config.plugins.record, runs.clone(), hide.clone(), &clock, &ids).unzip();
        if let Some(writer) = writer {
            let writer = writer.telling(live.clone(), register.clone());
            shutdown.spawn("records", writer.run(shutdown.soft()));
        }
        let replays = Replays {
            log: log.clone(),
            engine: Arc::clone(&engine),
            plugins: config.plugins.dir.clone(),
            installations: installations.clone(),
            hide,
        };
        let policies = Policies::new(config.send_policy.clone(), SendLedger::new(Arc::clone(&store)));
        let uploads = Uploads::new(Arc::clone(&store));
        let medias = Medias::new(
            media.clone(),
            uploads.clone(),
            egress.clone(),
            config.media,
            Arc::clone(&clock),
        );
        let scheduled_messages = ScheduledMessages::new(Arc::clone(&store));
        let running = RunningSessions::new(
            Shared {
                live: live.clone(),
                store: Arc::clone(&store),
                register: register.clone(),
                log: log.clone(),
                outbox: outbox.clone(),
                mailbox: mailbox.clone(),
                media: media.clone(),
                keeping: config.mailbox,
                progress: progress.clone(),
                journal: Journal::new(Arc::clone(&store)),
                egress: egress.clone(),
                secrets: secrets.clone(),
                webhooks,
                endpoints: endpoints.clone(),
                replies: replies.clone(),
                files: files.clone(),
                engine: Arc::clone(&engine),
                whatsapp,
                installations: installations.clone(),
                timetable: Arc::clone(&timetable),
                loop_guard: config.plugins.loop_guard,
                stagger: config.whatsapp.stagger,
                router_meters: meters.router.clone(),
                webhook_meters: meters.webhooks.clone(),
                traces: traces.clone(),
                records,
                send_retry: config.plugins.retry.clone(),
                policies: policies.clone(),
                clock: Arc::clone(&clock),
                ids: Arc::clone(&ids),
            },
            shutdown.clone(),
        );
        let sweep = Sweep {
            files,
            media: media.clone(),
            uploads,
            scheduled: scheduled_messages.clone(),
            mailbox: mailbox.clone(),
            keeping: config.mailbox,
            runs: runs.clone(),
            record: config.plugins.record.clone(),
            callers: CallerRegister::open(Arc::clone(&store), &*clock).await?,
            audit: AuditLog::new(Arc::clone(&store)),
            audit_ttl: config.callers.audit_ttl,
            outbox: outbox.clone(),
            register: register.clone(),
            clock: Arc::clone(&clock),
        };
        shutdown.spawn("files", sweep.run(shutdown.soft()));
        if let Some(keep) = config.storage.keep_events {
            shutdown.spawn("past", Past::of(running.shared(), keep).run(shutdown.soft()));
        }
        let control = Arc::new(running.clone());
        let sessions = Sessions::new(register.clone(), control.clone(), Arc::clone(&clock), Arc::clone(&ids));
        let described = {
            let rollout = rollout.clone();
            move || rollout.described()
        };
        let webhooks = service::webhooks::Webhooks::new(WebhooksParts {
            endpoints: endpoints.clone(),
            deliveries: Deliveries::new(Arc::clone(&store), progress.clone()),
            progress: progress.clone(),
            log: log.clone(),
            register: register.clone(),
            egress: egress.clone(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        });
        let values = Values::new(outbox.clone(), progress.clone(), register.clone());
        let (phase, phases) = watch::channel(Phase::Starting);
        let health = Health::new(phases.clone(), sessions.clone(), Arc::clone(&clock));
        let hooks = {
            let rollout = rollout.clone();
            move |id: &InstallationId| rollout.hook(id)
        };
        let hooks = Hooks::new(
            hooks,
            secrets.clone(),
            sessions.clone(),
            log.clone(),
            replies,
            Arc::clone(&clock),
        );
        let standing = Standing {
            sessions: sessions.clone(),
            register: register.clone(),
            routers: meters.router.clone(),
            endpoints: endpoints.clone(),
            installations,
            log: log.clone(),
            live: live.clone(),
            mailbox: mailbox.clone(),
            outbox: outbox.clone(),
            engine,
            clock: Arc::clone(&clock),
        };
        let readiness = standing.readiness(phases, &store, &config.storage);
        let ledgers = Ledgers {
            standing: Arc::new(standing),
            progress: progress.clone(),
        };
        let grounded = Grounded {
            standing: Arc::clone(&ledgers.standing),
            readiness: readiness.clone(),
            storage: config.storage.clone(),
            last_end,
        };
        let metrics = Metrics::new(meters.shown(), Arc::new(grounded), Arc::clone(&clock));
        let connections = Current::from(config.server.connections.clone());
        let body_limit = Current::from(config.server.body_limit);
        let certificates = config.server.tls.clone();
        let certificates = certificates.map(|files| Certificates::open(files, meters.tls.clone()));
        let certificates = certificates.transpose()?;
        if let Some(certificates) = certificates.clone() {
            let stop = shutdown.soft();
            shutdown.spawn("certificates", certificates.renew(Arc::clone(&clock), stop));
        }
        let mut reloadable: Vec<Arc<dyn Reloadable>> = Vec::new();
        reloadable.extend(certificates.clone().map(|part| Arc::new(part) as Arc<dyn Reloadable>));
        reloadable.extend([
            Arc::new(egress.clone()) as Arc<dyn Reloadable>,
            Arc::new(SessionPolicies {
                policies: policies.clone(),
                register: register.clone(),
            }),
            Arc::new(callers.clone()),
            Arc::new(endpoints),
            Arc::new(Limits {
                body: body_limit.clone(),
                connections: connections.clone(),
            }),
        ]);
        let http = Http::new(
            HttpParts {
                readiness: readiness.clone(),
                metrics: metrics.clone(),
                meters: meters.http.clone(),
                traces,
                sessions,
                accounts: Accounts::new(
                    control.clone(),
                    log.contacts().clone(),
                    Arc::clone(&clock),
                    Arc::clone(&ids),
                ),
                messages: Messages::new(MessagesParts {
                    log: log.clone(),
                    outbox,
                    mailbox: mailbox.clone(),
                    scheduled: scheduled_messages.clone(),
                    media: medias.clone(),
                    control,
                    clock: Arc::clone(&clock),
                    ids: Arc::clone(&ids),
                }),
                events: Events::new(log.clone()),
                live: live.clone(),
                tickets: StreamTickets::new(Arc::clone(&clock), Arc::clone(&ids)),
                tasks: shutdown.clone(),
                medias,
                policies,
                mailbox: service::mailbox::Mailbox::new(
                    mailbox.clone(),
                    Library::new(mailbox, media, Arc::new(running.clone()), config.mailbox.media_limit),
                    Arc::clone(&clock),
                ),
                installations: Installations::new(described, progress, register.clone()),
                values,
                webhooks,
                made: rollout.clone(),
                versions: Arc::new(rollout),
                schedules,
                settings: settings.clone(),
                routes,
                hooks,
                secrets: SecretsService::new(stored),
                runs: ServiceRuns::new(runs, register.clone(), replays),
                answers: Answers::new(Arc::clone(&store), sealer, Arc::clone(&clock)),
                backups: Backups::new(
                    config.backup.clone(),
                    taker,
                    shutdown.clone(),
                    Arc::clone(&clock),
                    Arc::clone(&ids),
                ),
                health,
                callers,
                body_limit,
                connections: connections.clone(),
                tls: certificates,
                compression: config.server.compression,
                clock: Arc::clone(&clock),
                ids: Arc::clone(&ids),
            },
            shutdown.soft(),
        );
        let cannot_listen = |source| AppError::Listen {
            address: config.server.listen,
            source,
        };
        let listener = TcpListener::bind(config.server.listen).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;
        if let Some(address) = config.metrics.listen {
            let listener = TcpListener::bind(address).await;
            let listener = listener.map_err(|source| AppError::Listen { address, source })?;
            let scrape = Scrape {
                metrics,
                meters: meters.http,
                connections,
                tasks: shutdown.clone(),
                clock: Arc::clone(&clock),
            };
            shutdown.spawn("metrics", serve_metrics(scrape, listener));
        }

        for wanted in &config.sessions {
            if register.by_name(&wanted.name).await?.is_none() {
                let made = register
                    .create(wanted.name.clone(), wanted.desired, &*clock, &*ids)
                    .await?;
                if let Some(proxy) = &wanted.proxy {
                    running.shared().whatsapp.set_proxy(made.id, Some(proxy)).await?;
                }
            }
        }
        settings.take_up().await?;
        let mut wanted = Vec::new();
        for record in register.list().await? {
            scheduled_messages.take_up(record.id).await?;
            let session = running.start(&record).await?;
            match record.desired {
                Desired::Disconnected => {}
                Desired::Connected => wanted.push(session.handle),
            }
        }
        running.connect_all(wanted);
        let planner = Planner {
            scheduled: scheduled_messages,
            sessions: running.clone(),
            clock: Arc::clone(&clock),
        };
        shutdown.spawn("scheduled messages", planner.run(shutdown.soft()));
        shutdown.spawn("http", http.serve(listener));
        phase.send_replace(Phase::Ready);
        systemd.ready();
        tracing::info!(%address, "ready");
        let grace = config.server.grace;
        Ok(Self {
            sessions: running,
            fresh_secret: established.fresh,
            address,
            store,
            shutdown,
            grace,
            life: Life {
                phase,
                systemd,
                ledgers,
                readiness,
                clock,
                reloadable,
                config,
            },
        })
    }

    /// Where HTTP is served.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Ends when the store is lost, and so the host: nothing can be kept any more, so nothing may be acknowledged, and only a new process can
/// know what the disk holds.
async fn watch_over(disk: Arc<SledStore>, stop: CancellationToken) {
    tokio::select! {
        // A session that meets the loss first brings the host down too, and does not say as much.
        biased;
        error = disk.until_lost() => {
            tracing::error!(%error, "the host cannot keep anything and ends; it goes on when it is started again and the disk takes what is written");
        }
        () = stop.cancelled() => {}
    }
}

fn random(ids: &dyn Ids) -> [u8; 32] {
    let mut bytes = [0; 32];
    for chunk in bytes.chunks_exact_mut(8) {
        chunk.copy_from_slice(&ids.seed().to_be_bytes());
    }
    bytes
}
