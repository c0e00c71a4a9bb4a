//! Configurations of installations as an operator sees and sets them while the host runs.
//!
//! One change at a time: every configuration that a change would bring about is judged, then the change is stored for good, and only then
//! it is live, from the next call on. Secrets are never answered.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::Mutex;
use waspnest_core::address::Jid;
use waspnest_core::clock::{Clock, UnixMs};
use waspnest_core::config_layer::{ConfigLayer, ConfigLayers, MAX_LAYER, Reach};
use waspnest_core::contact::Contacts;
use waspnest_core::id::{InstallationId, SessionId, SessionName};
use waspnest_core::session::Sessions as Register;
use waspnest_engine::{ConfigSchema, Configuration, Engine};

use super::error::Error;
use crate::router::{Installed, Slot, Slots};
use crate::settings::stored::{self, object};
use crate::settings::{Findings, LayerName, Settings};

/// Which configuration is meant: an installation's, or that for a session, or for a chat of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// The installation.
    pub installation: InstallationId,
    /// The session, by id or name, and the chat.
    pub session: Option<(Box<str>, Option<Jid>)>,
}

/// A configuration as it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The session, if it is of one.
    pub session: Option<SessionName>,
    /// The chat by the address it is filed under, if it is of one.
    pub chat: Option<Jid>,
    /// What was set just here, and when.
    pub set: Option<(Value, UnixMs)>,
    /// Why what was set is not live: the plugin is another one than when it was set.
    pub held_back: Findings,
    /// The layers, from the bottom.
    pub layers: Vec<(LayerName, Value)>,
    /// What they come to.
    pub effective: Value,
    /// What looks wrong and can be used; only told when something was set.
    pub warnings: Findings,
}

/// What [`InstallationSettings`] is made of.
#[derive(Clone)]
pub struct SettingsParts {
    /// Plugins at work.
    pub installations: Slots,
    /// The sandbox, for plugins' own checks.
    pub engine: Arc<Engine>,
    /// What was set.
    pub layers: ConfigLayers,
    /// The register of sessions.
    pub register: Register,
    /// Which addresses are one chat.
    pub contacts: Contacts,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// The use cases of configurations. Clones are the same.
#[derive(Clone)]
pub struct InstallationSettings {
    parts: SettingsParts,
    changing: Arc<Mutex<()>>,
}

/// A place where a layer holds, with its session's name.
struct Place {
    reach: Reach,
    session: Option<SessionName>,
}

impl InstallationSettings {
    /// Over the installations at work.
    #[must_use]
    pub fn new(parts: SettingsParts) -> Self {
        Self {
            parts,
            changing: Arc::default(),
        }
    }

    /// Makes live what was set in earlier lives of the host. What the plugin does not take any more is held back and stays stored.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn take_up(&self) -> Result<(), Error> {
        let sessions = self.sessions().await?;
        for slot in self.parts.installations.all().iter() {
            for installed in versions(slot) {
                stored::take_up(&self.parts.layers, &sessions, &self.parts.engine, &installed).await?;
            }
        }
        Ok(())
    }

    async fn offer(
        &self,
        installed: &Installed,
        sessions: &[(SessionId, SessionName)],
        reach: Reach,
        layer: Map<String, Value>,
    ) {
        let (engine, installation) = (&self.parts.engine, &installed.installation);
        installed
            .settings
            .offer(engine, installation, sessions, reach, layer)
            .await;
    }

    /// What holds somewhere, and why.
    ///
    /// # Errors
    /// [`Error::UnknownInstallation`], [`Error::UnknownSession`], [`Error::Store`].
    pub async fn see(&self, whose: &Whose) -> Result<Seen, Error> {
        let installed = self.slot(&whose.installation)?.active();
        let place = self.place(&installed, whose).await?;
        self.seen(&installed, place, Findings::default()).await
    }

    /// Sets the layer of a place, or takes it away, and answers what holds then. The mark of a hidden value stands for the value that the
    /// layer has there now.
    ///
    /// # Errors
    /// [`Error::UnusableConfig`] when something it would bring about cannot be used, [`Error::HiddenValue`], [`Error::LayerTooLarge`], and
    /// those of [`InstallationSettings::see`].
    pub async fn set(&self, whose: &Whose, layer: Option<Map<String, Value>>) -> Result<Seen, Error> {
        let slot = self.slot(&whose.installation)?;
        let _alone = self.changing.lock().await;
        let installed = slot.active();
        let place = self.place(&installed, whose).await?;
        let id = installed.installation.id();
        let layer = match layer {
            Some(layer) => Some(self.revealed(&installed, &place.reach, layer).await?),
            None => None,
        };
        let sessions = self.sessions().await?;
        let findings = self.judge(&installed, &sessions, (&place.reach, layer.as_ref())).await;
        if findings.are_fatal() {
            return Err(Error::UnusableConfig { findings });
        }
        let stored = layer.as_ref().map(|layer| ConfigLayer {
            json: Value::Object(layer.clone()).to_string().into(),
            set_at: self.parts.clock.now(),
        });
        if let Some(stored) = stored.as_ref().filter(|stored| stored.json.len() > MAX_LAYER) {
            return Err(Error::LayerTooLarge {
                bytes: stored.json.len(),
            });
        }
        self.parts.layers.set(id, &place.reach, stored.as_ref()).await?;
        for other in versions(&slot) {
            other.settings.know(&sessions);
            match &layer {
                // A version that is tried beside the one that was asked may see it otherwise.
                Some(layer) if !Arc::ptr_eq(&other, &installed) => {
                    self.offer(&other, &sessions, place.reach.clone(), layer.clone()).await;
                }
                layer => other.settings.set_layer(place.reach.clone(), layer.clone()),
            }
        }
        tracing::info!(plugin.id = %id, "the configuration was changed");
        self.seen(&installed, place, findings).await
    }

    async fn seen(&self, installed: &Installed, place: Place, warnings: Findings) -> Result<Seen, Error> {
        let Place { reach, session } = place;
        let schema = installed.installation.plugin().schema.clone();
        let shown = |value: &Value| hidden(schema.as_deref(), value);
        let stored = self.parts.layers.get(installed.installation.id(), &reach).await?;
        let set = match stored {
            Some(layer) => Some((shown(&Value::Object(object(&layer)?)), layer.set_at)),
            None => None,
        };
        let (id, chat) = match &reach {
            Reach::Installation => (None, None),
            Reach::Session(id) => (Some(*id), None),
            Reach::Chat(id, chat) => (Some(*id), Some(chat.clone())),
        };
        let settings: &Settings = &installed.settings;
        let layers = settings.layers_at(session.as_ref().zip(id), chat.as_ref());
        let effective = Configuration::of_layers(layers.iter().map(|(_, layer)| layer));
        Ok(Seen {
            effective: shown(effective.value()),
            layers: layers
                .into_iter()
                .map(|(name, layer)| (name, shown(&Value::Object(layer))))
                .collect(),
            held_back: settings.held_back(&reach),
            session,
            chat,
            set,
            warnings,
        })
    }

    /// The layer with each mark of a hidden value replaced by that value.
    async fn revealed(
        &self,
        installed: &Installed,
        reach: &Reach,
        layer: Map<String, Value>,
    ) -> Result<Map<String, Value>, Error> {
        let Some(schema) = &installed.installation.plugin().schema else {
            return Ok(layer);
        };
        let before = self.parts.layers.get(installed.installation.id(), reach).await?;
        let before = before.as_ref().map(object).transpose()?.map(Value::Object);
        schema.reveal(&layer, before.as_ref()).ok_or(Error::HiddenValue)
    }

    async fn judge(
        &self,
        installed: &Installed,
        sessions: &[(SessionId, SessionName)],
        change: (&Reach, Option<&Map<String, Value>>),
    ) -> Findings {
        installed
            .settings
            .judge(&self.parts.engine, &installed.installation, sessions, Some(change))
            .await
    }

    fn slot(&self, id: &InstallationId) -> Result<Arc<Slot>, Error> {
        let slot = self.parts.installations.get(id);
        slot.ok_or_else(|| Error::UnknownInstallation { id: id.clone() })
    }

    async fn place(&self, installed: &Installed, whose: &Whose) -> Result<Place, Error> {
        let Some((given, chat)) = &whose.session else {
            return Ok(Place {
                reach: Reach::Installation,
                session: None,
            });
        };
        let record = match (given.parse::<SessionId>(), given.parse::<SessionName>()) {
            (Ok(id), _) => self.parts.register.get(id).await?,
            (Err(_), Ok(name)) => self.parts.register.by_name(&name).await?,
            (Err(_), Err(_)) => None,
        };
        let record = record.ok_or_else(|| Error::UnknownSession { given: given.clone() })?;
        let reach = match chat {
            Some(chat) => {
                let known = self.parts.contacts.resolve(record.id, chat, None).await?;
                let has_layer = |chat: &Jid| {
                    installed
                        .settings
                        .layer(&Reach::Chat(record.id, chat.clone()))
                        .is_some()
                };
                // Events name a chat by the address it is filed under. What was set before that was known stands under the other.
                let under = match known.other {
                    Some(other) if has_layer(&other) && !has_layer(&known.canonical) => other,
                    Some(_) | None => known.canonical,
                };
                Reach::Chat(record.id, under)
            }
            None => Reach::Session(record.id),
        };
        Ok(Place {
            reach,
            session: Some(record.name),
        })
    }

    async fn sessions(&self) -> Result<Vec<(SessionId, SessionName)>, Error> {
        let all = self.parts.register.list().await?;
        Ok(all.into_iter().map(|record| (record.id, record.name)).collect())
    }
}

fn hidden(schema: Option<&ConfigSchema>, value: &Value) -> Value {
    schema.map_or_else(|| value.clone(), |schema| schema.hide(value))
}

/// The version at work, and the one that is tried.
fn versions(slot: &Slot) -> Vec<Arc<Installed>> {
    let tried = slot.tried().map(|tried| tried.installed);
    std::iter::once(slot.active()).chain(tried).collect()
}
