//! A scenario: what happens to a plugin, step by step, so that what it does can be compared with what it did. `waspnest plugin test` plays it.
//!
//! The tables `plugin`, `bind`, `schedule`, `secrets`, `webhooks` and `plugins` are those of a configuration, except that there is one
//! plugin, which has neither `id` nor `source`. What is left out is generous: everything is granted that the manifest asks for, and one
//! bind lets everything through. With `refused = true` the plugin is not to be put to work, and why is what came of the scenario: for
//! configurations that cannot be used.
//!
//! Each `[[step]]` is one thing that happens: [`Deed`] lists them, and the types below it say what stands beside each.

mod message;
mod news;
mod step;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use chrono::DateTime;
use http::{Method, StatusCode};
use waspnest_core::address::{Jid, Party};
use waspnest_core::clock::UnixMs;
use waspnest_engine::Grants;

pub use message::{Arrival, File, FileKind, MessageDeed, Sent, What};
pub use news::{GroupDeed, GroupDo, Member, News};
pub use step::{Deed, ME, Place, Request, Step};

use step::Known;

use super::bind::{Bind, History, Lists, MayStop, Offline, Own, Topic};
use super::pattern::Pattern;
use super::problem::{ConfigError, Problem};
use super::section::{Findings, Section};
use super::tree::{self, Node, Origin, Value};
use super::{Config, form};

/// The plugin's installation.
pub const INSTALLATION: &str = "plugin";

/// When scenarios begin that do not say: a Monday morning.
const START: UnixMs = UnixMs(1_767_603_600_000);

/// The longest time that a piece of an answer takes.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Tables of a configuration that a scenario can have.
const HOST: [&str; 6] = ["plugin", "bind", "schedule", "secrets", "webhooks", "plugins"];

/// A scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// What it shows.
    pub about: Box<str>,
    /// Where randomness begins.
    pub seed: u64,
    /// When it begins.
    pub start: UnixMs,
    /// Everybody who does something, by the name they have in the scenario.
    pub people: BTreeMap<Box<str>, Person>,
    /// Groups, by the name they have in the scenario.
    pub groups: BTreeMap<Box<str>, Group>,
    /// What servers answer.
    pub answers: Vec<Answer>,
    /// Whether the plugin can be put to work.
    pub installs: Installs,
    /// What happens.
    pub steps: Vec<Step>,
    /// The host around the plugin.
    pub config: Config,
}

/// `refused`: whether the plugin can be put to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installs {
    /// It can.
    Yes,
    /// It cannot, and nothing else happens.
    Refused,
}

/// `[people.NAME]`: somebody, whose name need not be written down to do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their address.
    pub address: Jid,
    /// What they call themselves.
    pub name: Box<str>,
}

/// `[groups.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its address.
    pub address: Jid,
    /// Its subject.
    pub subject: Box<str>,
    /// Who is in it, beside the account.
    pub members: Vec<Box<str>>,
    /// Who of them administrates it.
    pub admins: Vec<Box<str>>,
    /// Whether the account administrates it.
    pub mine: Mine,
}

/// Whether the account administrates a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mine {
    /// It does.
    Yes,
    /// It is a member like others.
    No,
}

/// `[[answer]]`: what a server answers. The first that fits is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// To which method; none for any.
    pub method: Option<Method>,
    /// To which URLs.
    pub url: Pattern,
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: Vec<(Box<str>, Box<str>)>,
    /// Body, in the pieces it comes in.
    pub pieces: Vec<Box<str>>,
    /// How long each takes to come. It is counted, and no time of the scenario.
    pub pause: Duration,
    /// What comes behind the last.
    pub ends: Ends,
    /// How often it is given; none for always.
    pub times: Option<u32>,
}

/// `breaks-off`: what comes behind the last piece of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// The end.
    Whole,
    /// Nothing: the connection is gone.
    BreaksOff,
}

impl Scenario {
    /// Reads the scenario in `text`, which stands in the file `path`, for the plugin in the directory `plugin`.
    ///
    /// # Errors
    /// [`ConfigError::Problems`] with everything that is wrong.
    pub fn read(text: &str, path: &Path, plugin: &Path) -> Result<Self, ConfigError> {
        let scenario = Self::read_open(text, path, plugin)?;
        match (scenario.installs, scenario.steps.is_empty()) {
            (Installs::Yes, true) => Err(ConfigError::Problems {
                path: Some(path.to_owned()),
                problems: vec![Problem::new(
                    "step",
                    &Origin::Absent,
                    "nothing happens; write at least one [[step]]",
                )],
            }),
            (Installs::Yes, false) | (Installs::Refused, true | false) => Ok(scenario),
        }
    }

    /// The same for one whose end is open: nothing need happen in it.
    ///
    /// # Errors
    /// [`ConfigError::Problems`] with everything that is wrong.
    pub fn read_open(text: &str, path: &Path, plugin: &Path) -> Result<Self, ConfigError> {
        let refuse = |problems| ConfigError::Problems {
            path: Some(path.to_owned()),
            problems,
        };
        let root = tree::parse(text).map_err(refuse)?;
        let findings = Findings::default();
        let dir = path.parent().unwrap_or(Path::new("."));
        let scenario = Self::from_tree(root, &findings, plugin, dir);
        match findings.into_parts().0 {
            problems if problems.is_empty() => Ok(scenario),
            problems => Err(refuse(problems)),
        }
    }

    fn from_tree(root: Node, findings: &Findings, plugin: &Path, dir: &Path) -> Self {
        let Parted { host, own, grants } = parted(root);
        let mut section = Section::root(findings, own);
        let about = section.or("about", "".into(), form::text);
        let seed = section.or("seed", 1, form::integer(0, u64::from(u32::MAX)));
        let start = section.or("start", START, moment);
        let env = texts(&mut section, "env");
        let mut people = BTreeMap::new();
        for (name, person) in section.named("people") {
            let address = phone(people.len());
            people.insert(name.as_str().into(), Person::read(person, &name, address));
        }
        let groups: BTreeMap<Box<str>, Group> = (1..)
            .zip(section.named("groups"))
            .map(|(nth, (name, group))| (name.as_str().into(), Group::read(group, &name, nth)))
            .collect();
        let answers = section.tables("answer").into_iter().filter_map(Answer::read).collect();
        let installs = match section.or("refused", false, form::boolean) {
            true => Installs::Refused,
            false => Installs::Yes,
        };
        let names: Vec<Box<str>> = groups.keys().cloned().collect();
        let written = section.tables("step");
        if installs == Installs::Refused && !written.is_empty() {
            section.report("step", "nothing can happen to a plugin that is refused");
        }
        let mut known = Known {
            groups: &names,
            messages: Vec::new(),
            dir,
        };
        let steps: Vec<Step> = written
            .into_iter()
            .filter_map(|step| Step::read(step, &mut known))
            .collect();
        section.finish();

        let members = groups.values().flat_map(|group| &group.members).map(|name| &**name);
        for name in members.chain(steps.iter().flat_map(|step| step.deed.people())) {
            let address = phone(people.len());
            people.entry(name.into()).or_insert_with(|| Person {
                address,
                name: capital(name),
            });
        }

        let mut config = Config::from_tree(host, findings, plugin, &env);
        if config.binds.is_empty() {
            config.binds.push(everything());
        }
        if let (Granted::AsRequested, Some(installation)) = (grants, config.installations.first_mut()) {
            installation.grants = Grants::as_requested();
        }
        Self {
            about,
            seed,
            start,
            people,
            groups,
            answers,
            installs,
            steps,
            config,
        }
    }

    /// Somebody by that name, who need not have been in it.
    pub fn introduce(&mut self, name: &str) -> Party {
        let address = phone(self.people.len());
        let person = self.people.entry(name.into()).or_insert_with(|| Person {
            address,
            name: capital(name),
        });
        person.party()
    }
}

impl Person {
    /// Who they are.
    #[must_use]
    pub fn party(&self) -> Party {
        Party {
            jid: self.address.clone(),
            alt: None,
            push_name: Some(self.name.clone()),
        }
    }

    fn read(mut section: Section<'_>, name: &str, address: Jid) -> Self {
        let person = Self {
            address: section.or("phone", address, form::parsed),
            name: section.or("name", capital(name), form::some_text),
        };
        section.finish();
        person
    }
}

impl Group {
    fn read(mut section: Section<'_>, name: &str, nth: u32) -> Self {
        let address = format!("1203630000000{nth:05}@g.us");
        let address = address.parse().expect("it has the form of a group's address");
        let admins: Vec<Box<str>> = section.or("admins", Vec::new(), form::list(form::some_text));
        let mut members = section.or("members", Vec::new(), form::list(form::some_text));
        for admin in &admins {
            if !members.contains(admin) {
                members.push(admin.clone());
            }
        }
        let group = Self {
            address: section.or("address", address, form::parsed),
            subject: section.or("subject", capital(name), form::some_text),
            members,
            admins,
            mine: match section.or("mine", false, form::boolean) {
                true => Mine::Yes,
                false => Mine::No,
            },
        };
        section.finish();
        group
    }
}

impl Answer {
    fn read(mut section: Section<'_>) -> Option<Self> {
        let method = section.optional("method", form::parsed_as("a method such as \"GET\""));
        let url = section.required("url", form::parsed);
        let status = section.or("status", 200, form::integer(200, 599));
        let headers = texts(&mut section, "headers");
        let body = section.optional("body", form::text);
        let pieces = section.optional("pieces", form::list(form::some_text));
        if body.is_some() && pieces.is_some() {
            section.report("pieces", "an answer has a body or pieces of one");
        }
        let pause = section.or("pause", Duration::ZERO, form::span(Duration::ZERO, LONGEST_PAUSE));
        let ends = match section.or("breaks-off", false, form::boolean) {
            true => Ends::BreaksOff,
            false => Ends::Whole,
        };
        let times = section.optional("times", form::integer(1, 1000));
        section.finish();
        Some(Self {
            method,
            url: url?,
            status: StatusCode::from_u16(status).expect("the form allows no other numbers"),
            headers: pairs(headers),
            pieces: pieces.unwrap_or_else(|| body.into_iter().collect()),
            pause,
            ends,
            times,
        })
    }
}

/// What is granted to the plugin.
enum Granted {
    AsRequested,
    AsWritten,
}

/// The two halves of a scenario.
struct Parted {
    /// What a configuration has.
    host: Node,
    /// What only scenarios have.
    own: Node,
    grants: Granted,
}

/// Parts a scenario, and gives the plugin what every installation has.
fn parted(root: Node) -> Parted {
    let Node { value, origin, raw } = root;
    let table = |value| Node {
        value,
        origin: origin.clone(),
        raw: raw.clone(),
    };
    let (mut own, mut host) = match value {
        Value::Table(own) => (own, BTreeMap::new()),
        // A file that was read is a table.
        Value::Text(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Moment(_)
        | Value::List(_) => (BTreeMap::new(), BTreeMap::new()),
    };
    for key in HOST {
        host.extend(own.remove_entry(key));
    }
    let text = |text: &str| Node {
        value: Value::Text(text.to_owned()),
        ..Node::nothing()
    };
    let mut plugin = host.remove("plugin").unwrap_or_else(Node::nothing);
    let mut grants = Granted::AsWritten;
    if let Value::Table(entries) = &mut plugin.value {
        if !entries.contains_key("grants") {
            grants = Granted::AsRequested;
        }
        entries.insert("id".to_owned(), text(INSTALLATION));
        entries.insert("source".to_owned(), text("file:."));
    }
    let list = Node {
        value: Value::List(vec![plugin]),
        ..Node::nothing()
    };
    host.insert("plugin".to_owned(), list);
    Parted {
        host: table(Value::Table(host)),
        own: table(Value::Table(own)),
        grants,
    }
}

/// A table of texts.
fn texts(section: &mut Section<'_>, key: &'static str) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for (name, value) in section.free(key).1 {
        match value {
            toml::Value::String(text) => {
                texts.insert(name, text);
            }
            other => section.report(key, format!("{name}: expected a text, found {}", other.type_str())),
        }
    }
    texts
}

fn pairs(texts: BTreeMap<String, String>) -> Vec<(Box<str>, Box<str>)> {
    let pairs = texts.into_iter();
    pairs.map(|(name, value)| (name.into(), value.into())).collect()
}

fn moment(node: &Node) -> Result<UnixMs, String> {
    let text = match &node.value {
        Value::Moment(moment) => moment.to_string(),
        Value::Text(text) => text.clone(),
        other @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::List(_) | Value::Table(_)) => {
            return Err(format!(
                "expected a moment such as 2026-01-05T09:00:00Z, found {}",
                other.kind()
            ));
        }
    };
    let moment = DateTime::parse_from_rfc3339(&text).ok();
    moment
        .and_then(|moment| u64::try_from(moment.timestamp_millis()).ok())
        .map(UnixMs)
        .ok_or_else(|| format!("{text} is not a moment: expected one such as 2026-01-05T09:00:00Z"))
}

/// The address of somebody before whom there are so many.
fn phone(others: usize) -> Jid {
    let phone = format!("4915100{:06}", others + 1);
    phone.parse().expect("it has the form of a phone number")
}

/// A name as people write their own.
fn capital(name: &str) -> Box<str> {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect::<String>().into(),
        None => "".into(),
    }
}

/// The bind of scenarios that have none.
fn everything() -> Bind {
    Bind {
        id: "all".into(),
        plugin: INSTALLATION.parse().expect("it has the form of an id"),
        sessions: vec![Pattern::everything()],
        events: Topic::all().collect(),
        commands: Vec::new(),
        kinds: Vec::new(),
        chat_kinds: Vec::new(),
        chats: Lists::default(),
        senders: Lists::default(),
        text: None,
        when: None,
        own: Own::Ignored,
        history: History::Ignored,
        offline: Offline::All,
        may_stop: MayStop::No,
    }
}
