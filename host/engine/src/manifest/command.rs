//! `[[command]]`: what people may type, and what the plugin is handed of it.
//!
//! Commands are read from the manifest once; [`crate::command`] recognises them in texts and parses their arguments.

use std::collections::BTreeMap;
use std::time::Duration;

use toml::Value;
use waspnest_core::address::ChatKind;

use super::section::{KeyError, Section};
use super::word;
use crate::command::{self, Arg};

/// The most arguments of a command.
pub(super) const MOST_ARGS: usize = 16;

/// One command, or one subcommand of it.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandSpec {
    /// Its name, in lower case.
    pub name: Box<str>,
    /// The words behind the name that make it this subcommand; none for the command itself.
    pub path: Vec<Box<str>>,
    /// Other names: of the command, or of the last word of the path.
    pub aliases: Vec<Box<str>>,
    /// One line about it, by language.
    pub summary: Summary,
    /// What follows, in order.
    pub args: Vec<ArgSpec>,
    /// Kinds of chats it works in; empty for all.
    pub chats: Vec<ChatKind>,
    /// Who may use it.
    pub role: Role,
    /// How often it may be used.
    pub cooldown: Option<Cooldown>,
    /// Whether it waits for its turn.
    pub urgency: Urgency,
}

/// A line in several languages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary(BTreeMap<Box<str>, Box<str>>);

impl Summary {
    /// The line in a language, or in English, or in any.
    #[must_use]
    pub fn in_language(&self, language: &str) -> Option<&str> {
        let found = self.0.get(language).or_else(|| self.0.get("en"));
        found.or_else(|| self.0.values().next()).map(|line| &**line)
    }
}

/// One argument.
#[derive(Debug, Clone, PartialEq)]
pub struct ArgSpec {
    /// Its name.
    pub name: Box<str>,
    /// What it must be.
    pub kind: ArgKind,
    /// What happens without it.
    pub need: ArgNeed,
}

/// What an argument must be.
#[derive(Debug, Clone, PartialEq)]
pub enum ArgKind {
    /// A word, or several in quotes; bounds are of its characters.
    Text(Bounds<u64>),
    /// A whole number.
    Integer(Bounds<i64>),
    /// A number.
    Number(Bounds<f64>),
    /// Yes or no.
    Boolean,
    /// A span of time.
    Duration(Bounds<Duration>),
    /// A moment.
    When,
    /// A person: a mention or a phone number.
    User,
    /// One of several words.
    Choice(Vec<Box<str>>),
    /// Everything that follows, as it was written; bounds are of its characters.
    Rest(Bounds<u64>),
    /// Every word that follows; bounds are of their number.
    Items(Bounds<u64>),
}

/// The least and the most, both allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds<T> {
    /// The least.
    pub min: Option<T>,
    /// The most.
    pub max: Option<T>,
}

/// What happens without an argument.
#[derive(Debug, Clone, PartialEq)]
pub enum ArgNeed {
    /// The command is not understood.
    Required,
    /// The plugin does not get it.
    Optional,
    /// The plugin gets this.
    Default(Arg),
}

/// Who may use a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Whoever the binds let through.
    Anyone,
    /// Who administrates the group it is used in, and whom `operator` means.
    GroupAdmin,
    /// Whom the operator names, and the account itself.
    Operator,
}

/// How often a command may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cooldown {
    /// By whom.
    pub per: CooldownScope,
    /// How far apart.
    pub every: Duration,
}

/// By whom a command may be used only so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CooldownScope {
    /// Each person in each chat.
    Sender,
    /// Each chat.
    Chat,
}

/// Whether a command waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Behind what came before it in its chat.
    InTurn,
    /// No.
    AtOnce,
}

const CHATS: &[(&str, ChatKind)] = &[("direct", ChatKind::Direct), ("group", ChatKind::Group)];
pub(super) const ROLES: &[(&str, Role)] = &[
    ("anyone", Role::Anyone),
    ("group-admin", Role::GroupAdmin),
    ("operator", Role::Operator),
];
const SCOPES: &[(&str, CooldownScope)] = &[("sender", CooldownScope::Sender), ("chat", CooldownScope::Chat)];
pub(super) const KINDS: &[&str] = &[
    "text", "integer", "number", "boolean", "duration", "when", "user", "choice", "rest", "items",
];

impl CommandSpec {
    pub(super) fn read_all(sections: Vec<Section<'_>>) -> Result<Vec<Self>, KeyError> {
        let mut commands: Vec<Self> = Vec::with_capacity(sections.len());
        for section in sections {
            let key = section.at("name");
            let command = Self::read(section)?;
            for called in command.called() {
                let there =
                    |other: &&Self| other.parent() == command.parent() && other.called().any(|name| name == called);
                if let Some(other) = commands.iter().find(there) {
                    let other = other.full_name();
                    return Err(KeyError::new(
                        key,
                        format!("{called:?} is a name of the command {other:?} already"),
                    ));
                }
            }
            commands.push(command);
        }
        Ok(commands)
    }

    fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let name = section.required("name")?;
        let name = name_of(name).map_or_else(|problem| section.fail("name", problem), Ok)?;
        let path = names(&mut section, "path")?;
        let aliases = names(&mut section, "aliases")?;
        let summary = summary(&mut section)?;
        let mut args: Vec<ArgSpec> = Vec::new();
        for arg in section.sections("args")? {
            let key = arg.at("name");
            let arg = ArgSpec::read(arg)?;
            if args.iter().any(|other| other.name == arg.name) {
                return Err(KeyError::new(
                    key,
                    format!("{:?} is the name of another argument already", arg.name),
                ));
            }
            if let Some(last) = args.last() {
                if matches!(last.kind, ArgKind::Rest(_) | ArgKind::Items(_)) {
                    return Err(KeyError::new(
                        key,
                        format!("stands behind {:?}, which takes all that follows", last.name),
                    ));
                }
                if arg.need == ArgNeed::Required && last.need != ArgNeed::Required {
                    return Err(KeyError::new(
                        key,
                        format!("is required and stands behind {:?}, which is not", last.name),
                    ));
                }
            }
            args.push(arg);
        }
        if args.len() > MOST_ARGS {
            return section.fail(
                "args",
                format!("has {} arguments; at most {MOST_ARGS} are allowed", args.len()),
            );
        }
        let mut chats = Vec::new();
        for (index, chat) in section.texts("chats")?.unwrap_or_default().into_iter().enumerate() {
            chats.push(word(
                section.at(&format!("chats[{index}]")),
                "kind of chat",
                chat,
                CHATS,
            )?);
        }
        let role = match section.text("role")? {
            Some(role) => word(section.at("role"), "role", role, ROLES)?,
            None => Role::Anyone,
        };
        let cooldown = section.section("cooldown")?.map(Cooldown::read).transpose()?;
        let urgency = match section.flag("urgent")? {
            Some(true) => Urgency::AtOnce,
            Some(false) | None => Urgency::InTurn,
        };
        section.finish()?;
        Ok(Self {
            name,
            path,
            aliases,
            summary,
            args,
            chats,
            role,
            cooldown,
            urgency,
        })
    }

    /// What the last word of it may be.
    fn called(&self) -> impl Iterator<Item = &str> {
        let own = self.path.last().unwrap_or(&self.name);
        std::iter::once(own).chain(&self.aliases).map(|name| &**name)
    }

    /// The words before the last; none for a command that is no subcommand.
    fn parent(&self) -> Option<(&str, &[Box<str>])> {
        let (_, parent) = self.path.split_last()?;
        Some((&self.name, parent))
    }

    /// All its words.
    #[must_use]
    pub fn full_name(&self) -> String {
        let words = std::iter::once(&self.name).chain(&self.path);
        words.map(|word| &**word).collect::<Vec<_>>().join(" ")
    }
}

impl ArgSpec {
    fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let name = section.required("name")?;
        let name = name_of(name).map_or_else(|problem| section.fail("name", problem), Ok)?;
        let kind = ArgKind::read(&mut section)?;
        let required = section.flag("required")?.unwrap_or(false);
        let default = default(&mut section, &kind)?;
        let need = match (required, default) {
            (true, Some(_)) => return section.fail("default", "stands beside `required`; an argument has one of both"),
            (true, None) => ArgNeed::Required,
            (false, Some(default)) => ArgNeed::Default(default),
            (false, None) => ArgNeed::Optional,
        };
        section.finish()?;
        Ok(Self { name, kind, need })
    }
}

impl ArgKind {
    fn read(section: &mut Section<'_>) -> Result<Self, KeyError> {
        let kind = section.required("type")?;
        Ok(match kind {
            "text" => Self::Text(Bounds::read(section, Section::number)?),
            "integer" => Self::Integer(Bounds::read(section, integer)?),
            "number" => Self::Number(Bounds::read(section, number)?),
            "boolean" => Self::Boolean,
            "duration" => Self::Duration(Bounds::read(section, Section::span)?),
            "when" => Self::When,
            "user" => Self::User,
            "choice" => {
                let choices = section.texts("choices")?.unwrap_or_default();
                if choices.is_empty() || choices.iter().any(|choice| choice.trim().is_empty()) {
                    return section.fail("choices", "must name at least one word, and no empty one");
                }
                Self::Choice(choices.into_iter().map(Into::into).collect())
            }
            "rest" => Self::Rest(Bounds::read(section, Section::number)?),
            "items" => Self::Items(Bounds::read(section, Section::number)?),
            other => return section.fail("type", super::section::unknown("type", other, KINDS)),
        })
    }
}

impl<T: PartialOrd + Copy> Bounds<T> {
    /// Whether something is within.
    #[must_use]
    pub fn contain(&self, value: T) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    fn read<'a>(
        section: &mut Section<'a>,
        form: impl Fn(&mut Section<'a>, &'static str) -> Result<Option<T>, KeyError>,
    ) -> Result<Self, KeyError> {
        let bounds = Self {
            min: form(section, "min")?,
            max: form(section, "max")?,
        };
        match (bounds.min, bounds.max) {
            (Some(min), Some(max)) if min > max => section.fail("min", "is more than max"),
            (Some(_) | None, Some(_) | None) => Ok(bounds),
        }
    }
}

impl Cooldown {
    fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let per = match section.text("per")? {
            Some(per) => word(section.at("per"), "scope", per, SCOPES)?,
            None => CooldownScope::Sender,
        };
        let day = Duration::from_secs(24 * 60 * 60);
        let every = match section.span("every")? {
            Some(every) if !every.is_zero() && every <= day => every,
            Some(_) => return section.fail("every", "must be more than nothing and at most a day"),
            None => return section.fail("every", "is missing"),
        };
        section.finish()?;
        Ok(Self { per, every })
    }
}

fn integer(section: &mut Section<'_>, key: &'static str) -> Result<Option<i64>, KeyError> {
    match section.value(key) {
        None => Ok(None),
        Some(Value::Integer(number)) => Ok(Some(*number)),
        Some(other) => section.fail(key, format!("expected a whole number, found {}", other.type_str())),
    }
}

fn number(section: &mut Section<'_>, key: &'static str) -> Result<Option<f64>, KeyError> {
    match section.value(key) {
        None => Ok(None),
        Some(Value::Float(number)) if number.is_finite() => Ok(Some(*number)),
        Some(Value::Integer(number)) => Ok(i32::try_from(*number).ok().map(f64::from)),
        Some(other) => section.fail(key, format!("expected a number, found {}", other.type_str())),
    }
}

/// What the plugin gets when the argument is left out: written as people would write it, or as the number or flag it is.
fn default(section: &mut Section<'_>, kind: &ArgKind) -> Result<Option<Arg>, KeyError> {
    let written = match section.value("default") {
        None => return Ok(None),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Integer(number)) => number.to_string(),
        Some(Value::Float(number)) => number.to_string(),
        Some(Value::Boolean(flag)) => flag.to_string(),
        Some(other) => return section.fail("default", format!("expected a text, found {}", other.type_str())),
    };
    match command::default(kind, &written) {
        Ok(arg) => Ok(Some(arg)),
        Err(problem) => section.fail("default", problem),
    }
}

fn summary(section: &mut Section<'_>) -> Result<Summary, KeyError> {
    let texts = match section.value("summary") {
        None => return Ok(Summary::default()),
        Some(Value::String(text)) => [("en".into(), text.as_str().into())].into(),
        Some(Value::Table(table)) => {
            let mut texts = BTreeMap::new();
            for (language, text) in table {
                let Value::String(text) = text else {
                    return section.fail(
                        "summary",
                        format!("{language}: expected a text, found {}", text.type_str()),
                    );
                };
                texts.insert(language.as_str().into(), text.as_str().into());
            }
            texts
        }
        Some(other) => {
            let problem = format!("expected a text or one for each language, found {}", other.type_str());
            return section.fail("summary", problem);
        }
    };
    Ok(Summary(texts))
}

fn names(section: &mut Section<'_>, key: &'static str) -> Result<Vec<Box<str>>, KeyError> {
    let mut names = Vec::new();
    for (index, name) in section.texts(key)?.unwrap_or_default().into_iter().enumerate() {
        match name_of(name) {
            Ok(name) => names.push(name),
            Err(problem) => return section.fail(&format!("{key}[{index}]"), problem),
        }
    }
    Ok(names)
}

/// Names are written in lower case; people may write them as they like.
fn name_of(name: &str) -> Result<Box<str>, String> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    let length = name.chars().count();
    if (1..=32).contains(&length) && name.chars().all(allowed) && name.to_lowercase() == name {
        Ok(name.into())
    } else {
        Err(format!(
            "{name:?} is not a name: expected 1 to 32 small letters, digits, '-' and '_'"
        ))
    }
}
