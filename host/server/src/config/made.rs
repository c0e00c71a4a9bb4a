//! An installation that is made over the API: the keys of `[[plugin]]`, with its binds and its own schedules in it, as JSON.
//!
//! What is read here is read by the rules of the file, and judged beside what the file says, so that whatever an operator can write there
//! can be said here and means the same. Only where the plugin comes from is another thing: it was uploaded before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value as Json};
use waspnest_core::id::{InstallationId, TenantId};
use waspnest_core::package::PackageDigest;

use super::bind::Bind;
use super::check;
use super::installation::{Installation, Source};
use super::problem::Problem;
use super::schedule::Schedule;
use super::section::{Findings, Section};
use super::tree::{Node, Origin, Value};
use super::{Config, form};

/// What is said of an installation.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// It.
    pub installation: Installation,
    /// What lets events through to it.
    pub binds: Vec<Bind>,
    /// Its schedules beside those of the manifest.
    pub schedules: Vec<Schedule>,
}

/// Something wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionFault {
    /// Where it is, as a JSON pointer.
    pub pointer: String,
    /// What is wrong, in words.
    pub problem: String,
}

/// A definition that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.0))]
pub struct UnusableDefinition(pub Vec<DefinitionFault>);

fn listed(faults: &[DefinitionFault]) -> String {
    let words = faults.iter().map(|fault| match fault.pointer.as_str() {
        "" => fault.problem.clone(),
        pointer => format!("{pointer}: {}", fault.problem),
    });
    words.collect::<Vec<_>>().join("; ")
}

impl Made {
    /// Reads a definition, beside what the file says of secrets and endpoints.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(
        definition: &Map<String, Json>,
        tenant: Option<TenantId>,
        file: &Config,
    ) -> Result<Self, UnusableDefinition> {
        let findings = Findings::default();
        let made = Self::from_section(Section::root(&findings, object(definition)), tenant);
        if let Some(made) = &made {
            let root = Section::root(&findings, Node::nothing());
            check::made(made, file, &root);
        }
        let (problems, _) = findings.into_parts();
        match made {
            Some(made) if problems.is_empty() => Ok(made),
            Some(_) | None => Err(UnusableDefinition(problems.iter().map(fault).collect())),
        }
    }

    /// Every key there is, as a dotted path with `[]` for the elements of a list.
    #[must_use]
    pub fn keys() -> BTreeSet<String> {
        let findings = Findings::default();
        let inner = || Node {
            value: Value::Table(BTreeMap::from([("name".to_owned(), Node::nothing())])),
            ..Node::nothing()
        };
        let list = || Node {
            value: Value::List(vec![Node::nothing()]),
            ..Node::nothing()
        };
        let keys = [
            ("session", inner()),
            ("schedule", inner()),
            ("chat", list()),
            ("binds", list()),
            ("schedules", list()),
        ];
        let node = Node {
            value: Value::Table(keys.into_iter().map(|(key, node)| (key.to_owned(), node)).collect()),
            ..Node::nothing()
        };
        Self::from_section(Section::root(&findings, node), None);
        findings.into_parts().1
    }

    fn from_section(mut section: Section<'_>, tenant: Option<TenantId>) -> Option<Self> {
        let id: Option<InstallationId> = section.required("id", form::parsed);
        let digest: Option<PackageDigest> = section.required("plugin", form::parsed);
        // Whoever has no name yet has binds all the same, and all that is wrong with them is told.
        let binds = section.tables("binds").into_iter();
        let binds = binds.filter_map(|section| Bind::of(id.as_ref(), section)).collect();
        let schedules = section.tables("schedules").into_iter();
        let schedules = schedules
            .filter_map(|section| Schedule::of(id.as_ref(), section))
            .collect();
        let installation = Installation::rest(section, id, digest.map(Source::Uploaded), tenant);
        Some(Self {
            installation: installation?,
            binds,
            schedules,
        })
    }

    /// A configuration with this installation beside what it has, in place of one of the same id.
    #[must_use]
    pub fn beside(self, mut config: Config) -> Config {
        let id = self.installation.id.clone();
        config.without(&id);
        config.installations.push(self.installation);
        config.binds.extend(self.binds);
        config.schedules.extend(self.schedules);
        config
    }
}

impl Config {
    /// Takes an installation out, with its binds and schedules.
    pub fn without(&mut self, id: &InstallationId) {
        self.installations.retain(|known| known.id != *id);
        self.binds.retain(|known| known.plugin != *id);
        self.schedules.retain(|known| known.plugin != *id);
    }
}

/// An object of JSON as the reader of files takes it. What is null counts as left out.
fn object(object: &Map<String, Json>) -> Node {
    let entries = object
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), node(value)?)));
    Node {
        value: Value::Table(entries.collect()),
        origin: Origin::Absent,
        raw: None,
    }
}

fn node(value: &Json) -> Option<Node> {
    let value = match value {
        Json::Null => return None,
        Json::Bool(boolean) => Value::Boolean(*boolean),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Float(number.as_f64().unwrap_or(f64::MAX)),
        },
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(values) => Value::List(values.iter().filter_map(node).collect()),
        Json::Object(inner) => {
            return Some(Node {
                origin: Origin::Said,
                ..object(inner)
            });
        }
    };
    Some(Node {
        value,
        origin: Origin::Said,
        raw: None,
    })
}

fn fault(problem: &Problem) -> DefinitionFault {
    DefinitionFault {
        pointer: pointer(problem.key()),
        problem: problem.what().to_owned(),
    }
}

/// The JSON pointer of a key as problems name it: `binds[0]."a.b"` is `/binds/0/a.b`.
fn pointer(key: &str) -> String {
    let mut pointer = String::new();
    let mut rest = key;
    while !rest.is_empty() {
        let quoted = rest.strip_prefix('"').and_then(|rest| rest.split_once('"'));
        let (part, after) = match quoted {
            Some(quoted) => quoted,
            None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
        };
        if !part.is_empty() {
            pointer.push('/');
            pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
        }
        rest = match after.strip_prefix('[').and_then(|after| after.split_once(']')) {
            Some((index, after)) => {
                pointer.push('/');
                pointer.push_str(index);
                after
            }
            None => after,
        };
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    pointer
}

/// A configuration of nothing but defaults, for who reads a definition alone.
#[must_use]
pub fn nothing_else() -> Config {
    Config::read("", None::<&Path>, std::iter::empty())
        .0
        .unwrap_or_else(|_| unreachable!("nothing is wrong with an empty file"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0101010101010101010101010101010101010101010101010101010101010101";

    fn read(text: &str) -> Result<Made, Vec<(String, String)>> {
        let Json::Object(definition) = serde_json::from_str(text).expect("JSON") else {
            panic!("an object")
        };
        Made::read(&definition, None, &nothing_else()).map_err(|UnusableDefinition(faults)| {
            faults.into_iter().map(|fault| (fault.pointer, fault.problem)).collect()
        })
    }

    #[test]
    fn it_means_what_the_file_would_mean() {
        let made = read(&format!(
            r#"{{ "id": "echo", "plugin": "{DIGEST}", "priority": 7, "lane": "sender", "limits": {{ "memory": "8MiB" }},
                 "grants": {{ "messages.send": true, "kv": {{ "max-keys": 5 }} }}, "config": {{ "prefix": "x" }},
                 "binds": [{{ "id": "all", "events": ["command"], "chats": {{ "kind": ["group"] }} }}],
                 "schedules": [{{ "id": "tea", "cron": "0 16 * * *" }}] }}"#
        ))
        .expect("good");
        let toml = r#"
[[plugin]]
id = "echo"
source = "echo"
priority = 7
lane = "sender"
limits = { memory = "8MiB" }
grants = { "messages.send" = true, kv = { max-keys = 5 } }
config = { prefix = "x" }
[[bind]]
id = "all"
plugin = "echo"
events = ["command"]
chats = { kind = ["group"] }
[[schedule]]
id = "tea"
plugin = "echo"
cron = "0 16 * * *"
"#;
        let file = Config::read(toml, None, std::iter::empty()).0.expect("good");
        let source = Source::Uploaded(DIGEST.parse().expect("a digest"));
        let expected = Installation {
            source,
            ..file.installations[0].clone()
        };
        assert_eq!(made.installation, expected);
        assert_eq!((&made.binds, &made.schedules), (&file.binds, &file.schedules));
        let beside = made.beside(file);
        assert_eq!(
            (beside.installations.len(), beside.binds.len()),
            (1, 1),
            "in place of the one there"
        );
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_place() {
        let faults = read(
            r#"{ "id": "Not An Id", "plugin": "echo", "priorty": 1, "limits": { "memory": "1GB" }, "hook": {},
                 "grants": { "messages.send": 7, "secrets": { "names": ["crm"] } },
                 "binds": [{ "id": "a", "events": ["mesage"] }, { "plugin": "other" }], "schedules": [{ "id": "x" }] }"#,
        )
        .expect_err("wrong");
        let places: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
        for place in [
            "/id",
            "/plugin",
            "/priorty",
            "/limits/memory",
            "/hook/secret",
            "/grants",
            "/binds/0/events",
            "/binds/1/id",
            "/binds/1/plugin",
            "/schedules/0",
        ] {
            assert!(places.contains(&place), "{place} in {faults:#?}");
        }
    }

    #[test]
    fn what_it_refers_to_must_be_there() {
        let faults = read(&format!(
            r#"{{ "id": "echo", "plugin": "{DIGEST}", "grants": {{ "secrets": {{ "names": ["crm"] }}, "webhooks": {{ "endpoints": ["x"] }} }},
                 "hook": {{ "secret": "gate" }}, "binds": [{{ "id": "a" }}, {{ "id": "a" }}] }}"#
        ))
        .expect_err("wrong");
        let words: Vec<&str> = faults.iter().map(|(_, problem)| problem.as_str()).collect();
        assert_eq!(words.len(), 4, "{words:#?}");
    }

    #[test]
    fn pointers_are_those_of_json() {
        for (key, expected) in [
            ("", ""),
            ("grants", "/grants"),
            ("binds[0].events", "/binds/0/events"),
            ("config.\"a.b\".c", "/config/a.b/c"),
            ("a/b", "/a~1b"),
            ("chat[2]", "/chat/2"),
        ] {
            assert_eq!(pointer(key), expected, "{key}");
        }
    }
}
