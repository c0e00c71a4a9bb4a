//! The configuration of one installation: its layers, which of them hold for an event, and whether what they come to can be used.
//!
//! From the bottom: the manifest's defaults; then for the installation, for the session, and for the chat, each time what the
//! configuration file says and over it what was set over the API. Of the `[[plugin.chat]]`s of the file the first that fits holds, so that
//! every configuration that can come to be is known beforehand. A layer is live only after all of those were judged.

pub mod stored;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono_tz::Tz;
use serde_json::{Map, Value};
use waspnest_core::address::Jid;
use waspnest_core::config_layer::Reach;
use waspnest_core::event::{Event, EventKind};
use waspnest_core::id::{ScheduleId, SessionId, SessionName};
use waspnest_core::message::Origin;
use waspnest_engine::configuration::{Issue, Weight};
use waspnest_engine::{Configuration, Engine, Installation, Manifest};

use crate::config::installation::ChatSettings;

/// Effective configurations kept in memory.
const MOST_KEPT: usize = 1024;

/// What the configuration file says.
#[derive(Clone, Default)]
pub struct FileLayers {
    /// `[plugin.config]`.
    pub installation: Map<String, Value>,
    /// `[plugin.session.NAME] config`.
    pub sessions: BTreeMap<SessionName, Map<String, Value>>,
    /// `[[plugin.chat]]`, in the order of the file.
    pub chats: Vec<ChatSettings>,
}

/// The configuration of one installation.
pub struct Settings {
    defaults: Map<String, Value>,
    file: FileLayers,
    zones: Vec<ZoneSetting>,
    set: Mutex<SetLayers>,
}

/// A time zone that a schedule takes from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneSetting {
    /// Where it stands, as a JSON pointer.
    pub pointer: Box<str>,
    /// Whose zone it is.
    pub schedule: ScheduleId,
}

/// Values may be secrets.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

/// What was set over the API, and what was made of it.
#[derive(Default)]
struct SetLayers {
    layers: BTreeMap<Reach, Map<String, Value>>,
    /// What is stored and not live, and why.
    held_back: BTreeMap<Reach, (Map<String, Value>, Findings)>,
    /// The sessions there were when something was set last.
    sessions: Vec<(SessionId, SessionName)>,
    effective: HashMap<Place, Configuration>,
}

/// Where a configuration holds, as far as that makes a difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Place {
    /// The session, where it has layers of its own.
    session: Option<Session>,
    /// Which `[[plugin.chat]]` holds.
    chat_in_file: Option<usize>,
    /// The chat, where something was set for it.
    chat: Option<Jid>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Session {
    name: SessionName,
    /// None while no such session exists.
    id: Option<SessionId>,
}

/// A layer, as it is told to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerName {
    /// The manifest's.
    Defaults,
    /// `[plugin.config]`.
    Installation,
    /// `[plugin.session.NAME]`.
    Session(SessionName),
    /// `[[plugin.chat]]`, counted from 1.
    Chat(usize),
    /// Set over the API.
    Set(Reach),
}

impl fmt::Display for LayerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Defaults => f.write_str("the manifest's defaults"),
            Self::Installation => f.write_str("[plugin.config]"),
            Self::Session(name) => write!(f, "[plugin.session.{name}]"),
            Self::Chat(number) => write!(f, "[[plugin.chat]] number {number}"),
            Self::Set(Reach::Installation) => f.write_str("what was set for the installation"),
            Self::Set(Reach::Session(_)) => f.write_str("what was set for the session"),
            Self::Set(Reach::Chat(..)) => f.write_str("what was set for the chat"),
        }
    }
}

/// Something wrong with an effective configuration, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The topmost layer that has a say about the place.
    pub layer: LayerName,
    /// What is wrong.
    pub issue: Issue,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.layer, self.issue)
    }
}

/// What is wrong with the configurations of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Whether one of them cannot be used.
    #[must_use]
    pub fn are_fatal(&self) -> bool {
        self.0.iter().any(|finding| finding.issue.weight == Weight::Fatal)
    }

    /// Those of a weight.
    pub fn of(&self, weight: Weight) -> impl Iterator<Item = &Finding> {
        self.0.iter().filter(move |finding| finding.issue.weight == weight)
    }
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.of(Weight::Fatal).map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct UnusableConfig(pub Findings);

impl Settings {
    /// Of a manifest's defaults and the configuration file; nothing was set yet.
    #[must_use]
    pub fn new(manifest: &Manifest, file: FileLayers) -> Self {
        Self {
            defaults: manifest.defaults.clone(),
            file,
            zones: Vec::new(),
            set: Mutex::default(),
        }
    }

    /// With time zones that must stand in it.
    #[must_use]
    pub fn with_zones(self, zones: Vec<ZoneSetting>) -> Self {
        Self { zones, ..self }
    }

    /// The configuration that holds for an event.
    #[must_use]
    pub fn of_event(&self, session: &SessionName, event: &Event) -> Configuration {
        self.at(session, event.session, &chats_of(event))
    }

    /// The same for another version of the plugin, which has defaults of its own.
    #[must_use]
    pub fn of_event_over(&self, manifest: &Manifest, session: &SessionName, event: &Event) -> Configuration {
        let set = self.set();
        let place = self.place(&set.layers, session, event.session, &chats_of(event));
        let layers = self.layers(&set.layers, &place).into_iter();
        Configuration::of_layers(layers.map(|(name, layer)| match name == LayerName::Defaults {
            true => &manifest.defaults,
            false => layer,
        }))
    }

    /// The configuration that holds in a chat, which may have several addresses; without one, in the session.
    #[must_use]
    pub fn at(&self, session: &SessionName, id: SessionId, chat: &[&Jid]) -> Configuration {
        let mut set = self.set();
        let place = self.place(&set.layers, session, id, chat);
        if let Some(known) = set.effective.get(&place) {
            return known.clone();
        }
        let configuration =
            Configuration::of_layers(self.layers(&set.layers, &place).into_iter().map(|(_, layer)| layer));
        if set.effective.len() >= MOST_KEPT {
            set.effective.clear();
        }
        set.effective.insert(place, configuration.clone());
        configuration
    }

    /// The layers under it, from the bottom, each with its name.
    #[must_use]
    pub fn layers_at(
        &self,
        session: Option<(&SessionName, SessionId)>,
        chat: Option<&Jid>,
    ) -> Vec<(LayerName, Map<String, Value>)> {
        let set = self.set();
        let place = match session {
            Some((name, id)) => self.place(&set.layers, name, id, chat.as_slice()),
            None => Place {
                session: None,
                chat_in_file: None,
                chat: None,
            },
        };
        let layers = self.layers(&set.layers, &place).into_iter();
        layers.map(|(name, layer)| (name, layer.clone())).collect()
    }

    /// What was set at a place.
    #[must_use]
    pub fn layer(&self, reach: &Reach) -> Option<Map<String, Value>> {
        self.set().layers.get(reach).cloned()
    }

    /// Makes a layer live, or takes it away. It was judged.
    pub fn set_layer(&self, reach: Reach, layer: Option<Map<String, Value>>) {
        let mut set = self.set();
        set.held_back.remove(&reach);
        match layer {
            Some(layer) => set.layers.insert(reach, layer),
            None => set.layers.remove(&reach),
        };
        set.effective.clear();
    }

    /// Makes a layer that is stored live if it can be used, and holds it back if not.
    pub async fn offer(
        &self,
        engine: &Engine,
        installation: &Installation,
        sessions: &[(SessionId, SessionName)],
        reach: Reach,
        layer: Map<String, Value>,
    ) {
        let findings = self
            .judge(engine, installation, sessions, Some((&reach, Some(&layer))))
            .await;
        if !findings.are_fatal() {
            self.set_layer(reach, Some(layer));
            return;
        }
        let told: Vec<String> = findings.0.iter().map(ToString::to_string).collect();
        tracing::error!(plugin.id = %installation.id(), "a configuration that was set is not used: {}", told.join("; "));
        let mut set = self.set();
        set.layers.remove(&reach);
        set.effective.clear();
        set.held_back.insert(reach, (layer, findings));
    }

    /// Takes over what was set under another version of the plugin, as far as this one takes it.
    pub async fn inherit(&self, engine: &Engine, installation: &Installation, before: &Self) {
        let (layers, sessions) = {
            let set = before.set();
            let held_back = set.held_back.iter().map(|(reach, (layer, _))| (reach, layer));
            let layers: BTreeMap<_, _> = set.layers.iter().chain(held_back).collect();
            let layers = layers.into_iter().map(|(reach, layer)| (reach.clone(), layer.clone()));
            (layers.collect::<Vec<_>>(), set.sessions.clone())
        };
        self.know(&sessions);
        for (reach, layer) in layers {
            self.offer(engine, installation, &sessions, reach, layer).await;
        }
    }

    /// Remembers which sessions there are.
    pub fn know(&self, sessions: &[(SessionId, SessionName)]) {
        self.set().sessions = sessions.to_vec();
    }

    /// Why the layer of a place is not live; nothing where it is, or where there is none.
    #[must_use]
    pub fn held_back(&self, reach: &Reach) -> Findings {
        let set = self.set();
        set.held_back.get(reach).map(|(_, why)| why.clone()).unwrap_or_default()
    }

    /// Judges every configuration there can be, of what the file says and what was set, as if `change` were made. `sessions` are those
    /// that exist; those that only the file names count too.
    pub async fn judge(
        &self,
        engine: &Engine,
        installation: &Installation,
        sessions: &[(SessionId, SessionName)],
        change: Option<(&Reach, Option<&Map<String, Value>>)>,
    ) -> Findings {
        let mut layers = self.set().layers.clone();
        match change {
            Some((reach, Some(layer))) => drop(layers.insert(reach.clone(), layer.clone())),
            Some((reach, None)) => drop(layers.remove(reach)),
            None => {}
        }
        let mut findings: Vec<Finding> = Vec::new();
        let mut judged: Vec<Configuration> = Vec::new();
        for place in self.places(&layers, sessions) {
            let stack = self.layers(&layers, &place);
            let configuration = Configuration::of_layers(stack.iter().map(|(_, layer)| *layer));
            if judged.contains(&configuration) {
                continue;
            }
            let mut issues = engine.judge(installation, &configuration).await;
            issues.extend(self.zones.iter().filter_map(|zone| zone.issue(&configuration)));
            for issue in issues {
                let layer = blamed(&stack, &issue.pointer);
                let finding = Finding { layer, issue };
                if findings.iter().all(|known| known.issue != finding.issue) {
                    findings.push(finding);
                }
            }
            judged.push(configuration);
        }
        Findings(findings)
    }

    /// Every place that makes a difference, from the most general to the most special.
    fn places(
        &self,
        set: &BTreeMap<Reach, Map<String, Value>>,
        sessions: &[(SessionId, SessionName)],
    ) -> BTreeSet<Place> {
        let by_name = |name: &SessionName| {
            let found = sessions.iter().find(|(_, known)| known == name);
            found.map(|(id, _)| *id)
        };
        let mut all: BTreeSet<Option<Session>> = BTreeSet::from([None]);
        all.extend(self.file.sessions.keys().map(|name| {
            Some(Session {
                name: name.clone(),
                id: by_name(name),
            })
        }));
        all.extend(sessions.iter().map(|(id, name)| {
            Some(Session {
                name: name.clone(),
                id: Some(*id),
            })
        }));
        let mut places = BTreeSet::new();
        for session in all {
            let fits = |chat: &&ChatSettings| {
                let name = session.as_ref().map(|session| &session.name);
                // A session that nobody named yet may have any name.
                name.is_none_or(|name| chat.holds_in(name))
            };
            let in_file = self.file.chats.iter().enumerate().filter(|(_, chat)| fits(chat));
            let chats = in_file.map(|(index, _)| (Some(index), None)).chain([(None, None)]);
            let id = session.as_ref().and_then(|session| session.id);
            let set = set.keys().filter_map(|reach| match (reach, &session) {
                (Reach::Chat(of, chat), Some(session)) if Some(*of) == id => {
                    Some((self.chat_in_file(&session.name, &[chat]), Some(chat.clone())))
                }
                (Reach::Chat(..) | Reach::Session(_) | Reach::Installation, _) => None,
            });
            places.extend(chats.chain(set).map(|(chat_in_file, chat)| Place {
                session: session.clone(),
                chat_in_file,
                chat,
            }));
        }
        places
    }

    fn place(
        &self,
        set: &BTreeMap<Reach, Map<String, Value>>,
        session: &SessionName,
        id: SessionId,
        chat: &[&Jid],
    ) -> Place {
        let was_set = |chat: &&&Jid| set.contains_key(&Reach::Chat(id, (**chat).clone()));
        let chat_set = chat.iter().find(was_set).map(|chat| (*chat).clone());
        let special =
            chat_set.is_some() || self.file.sessions.contains_key(session) || set.contains_key(&Reach::Session(id));
        Place {
            session: special.then(|| Session {
                name: session.clone(),
                id: Some(id),
            }),
            // Where something was set for the chat, by that address alone: so it was judged.
            chat_in_file: match &chat_set {
                Some(chat) => self.chat_in_file(session, &[chat]),
                None => self.chat_in_file(session, chat),
            },
            chat: chat_set,
        }
    }

    fn chat_in_file(&self, session: &SessionName, chat: &[&Jid]) -> Option<usize> {
        let mut chats = self.file.chats.iter();
        chats.position(|settings| settings.holds_in(session) && chat.iter().any(|chat| settings.is_for(chat)))
    }

    fn layers<'a>(
        &'a self,
        set: &'a BTreeMap<Reach, Map<String, Value>>,
        place: &Place,
    ) -> Vec<(LayerName, &'a Map<String, Value>)> {
        let name = place.session.as_ref().map(|session| &session.name);
        let id = place.session.as_ref().and_then(|session| session.id);
        let set_at = |reach: Option<Reach>| {
            let reach = reach?;
            let layer = set.get(&reach)?;
            Some((LayerName::Set(reach), layer))
        };
        let in_session = name.and_then(|name| Some((name, self.file.sessions.get(name)?)));
        let in_chat = place
            .chat_in_file
            .and_then(|index| Some((index, self.file.chats.get(index)?)));
        let chat = id.zip(place.chat.clone()).map(|(id, chat)| Reach::Chat(id, chat));
        [
            Some((LayerName::Defaults, &self.defaults)),
            Some((LayerName::Installation, &self.file.installation)),
            set_at(Some(Reach::Installation)),
            in_session.map(|(name, layer)| (LayerName::Session(name.clone()), layer)),
            set_at(id.map(Reach::Session)),
            in_chat.map(|(index, chat)| (LayerName::Chat(index + 1), &chat.config)),
            set_at(chat),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn set(&self) -> MutexGuard<'_, SetLayers> {
        // Plain data; no panic can leave it half-way.
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ZoneSetting {
    fn issue(&self, configuration: &Configuration) -> Option<Issue> {
        let zone = configuration.get(&self.pointer).and_then(Value::as_str);
        let is_zone = zone.is_some_and(|zone| zone.parse::<Tz>().is_ok());
        (!is_zone).then(|| Issue {
            pointer: self.pointer.clone(),
            problem: format!(
                "must be an IANA time zone such as \"Europe/Berlin\": the schedule {:?} is read in it",
                self.schedule.as_str()
            )
            .into(),
            weight: Weight::Fatal,
        })
    }
}

/// The topmost layer of the operator's that says something at a place; the topmost that says anything where none does: what is wrong
/// with a value of a lower layer is so since that one is over it.
fn blamed(layers: &[(LayerName, &Map<String, Value>)], pointer: &str) -> LayerName {
    let is_operators = |(name, _): &&(LayerName, &Map<String, Value>)| *name != LayerName::Defaults;
    let mut from_the_top = layers.iter().rev().filter(is_operators);
    let exact = from_the_top.find(|(_, layer)| at(layer, pointer).is_some());
    let topmost = || layers.iter().rev().find(|(_, layer)| !layer.is_empty());
    exact
        .or_else(topmost)
        .map_or(LayerName::Defaults, |(name, _)| name.clone())
}

fn at<'a>(layer: &'a Map<String, Value>, pointer: &str) -> Option<&'a Value> {
    let mut parts = pointer.strip_prefix('/')?.split('/');
    let unescaped = |part: &str| part.replace("~1", "/").replace("~0", "~");
    let first = layer.get(&unescaped(parts.next()?))?;
    parts.try_fold(first, |value, part| match value {
        Value::Object(object) => object.get(&unescaped(part)),
        Value::Array(list) => part.parse::<usize>().ok().and_then(|index| list.get(index)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    })
}

/// The addresses of an event's chat.
fn chats_of(event: &Event) -> Vec<&Jid> {
    let mut chats: Vec<&Jid> = event.kind.chat().into_iter().collect();
    if let EventKind::Message(message) = &event.kind
        && message.key.chat.is_person()
        && message.key.from == Origin::Them
    {
        let sender = std::iter::once(&message.sender.jid).chain(&message.sender.alt);
        chats.extend(sender.filter(|jid| **jid != message.key.chat));
    }
    chats
}

#[cfg(test)]
mod tests;
