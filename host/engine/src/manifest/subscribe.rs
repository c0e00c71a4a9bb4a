//! What a plugin wants to be called for: messages, and schedules it brings with it.

use std::time::Duration;

use waspnest_core::address::ChatKind;
use waspnest_core::draft::Missed;
use waspnest_core::id::ScheduleId;
use waspnest_core::message::{Content, Message, Origin};

use super::section::{KeyError, Section, unknown};
use super::word;

/// Which messages a plugin wants. What is left empty filters nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageFilter {
    /// Kinds of content (see [`Content::kind`]).
    pub kinds: Vec<&'static str>,
    /// Kinds of chat.
    pub chats: Vec<ChatKind>,
    /// What about the account's own messages.
    pub own: OwnMessages,
}

/// What about messages the account sent itself, from another device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnMessages {
    /// They are left out.
    LeftOut,
    /// They are wanted like all others.
    Wanted,
}

const CHATS: &[(&str, ChatKind)] = &[
    ("direct", ChatKind::Direct),
    ("group", ChatKind::Group),
    ("community", ChatKind::Community),
    ("broadcast", ChatKind::Broadcast),
    ("status", ChatKind::Status),
    ("newsletter", ChatKind::Newsletter),
    ("bot", ChatKind::Bot),
    ("other", ChatKind::Other),
];

const EVENTS: &[(&str, ())] = &[("message", ())];

impl MessageFilter {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let event = section.required("event")?;
        word(section.at("event"), "event", event, EVENTS)?;
        let mut kinds = Vec::new();
        for (index, kind) in section.texts("kinds")?.unwrap_or_default().into_iter().enumerate() {
            match Content::KINDS.iter().find(|known| **known == kind) {
                Some(known) => kinds.push(*known),
                None => return section.fail(&format!("kinds[{index}]"), unknown("kind", kind, Content::KINDS)),
            }
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
        let own = match section.flag("from-me")? {
            Some(true) => OwnMessages::Wanted,
            Some(false) | None => OwnMessages::LeftOut,
        };
        section.finish()?;
        Ok(Self { kinds, chats, own })
    }

    /// Whether it lets a message through.
    #[must_use]
    pub fn wants(&self, message: &Message) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&message.content.kind());
        let chat = self.chats.is_empty() || self.chats.contains(&message.chat_kind);
        let own = match (message.key.from, self.own) {
            (Origin::Them, _) | (Origin::Me, OwnMessages::Wanted) => true,
            (Origin::Me, OwnMessages::LeftOut) => false,
        };
        kind && chat && own
    }
}

/// A schedule that comes with a plugin. The operator may change it or turn it off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Its name within the plugin.
    pub id: ScheduleId,
    /// When it fires.
    pub rule: ScheduleRule,
    /// IANA time zone that cron rules are read in.
    pub zone: Box<str>,
    /// What happens to moments at which the host was down.
    pub missed: Missed,
}

/// When a schedule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScheduleRule {
    /// By a cron expression. Checked by who runs it, not here.
    Cron(Box<str>),
    /// Again and again, this far apart.
    Every(Duration),
}

const MISSED: &[(&str, Missed)] = &[("skip", Missed::Skip), ("once", Missed::Once), ("all", Missed::All)];

impl Schedule {
    pub(super) fn read_all(sections: Vec<Section<'_>>) -> Result<Vec<Self>, KeyError> {
        let mut schedules: Vec<Self> = Vec::with_capacity(sections.len());
        for section in sections {
            let key = section.at("id");
            let schedule = Self::read(section)?;
            if schedules.iter().any(|other| other.id == schedule.id) {
                return Err(KeyError::new(
                    key,
                    format!("{:?} is the name of another schedule already", schedule.id.as_str()),
                ));
            }
            schedules.push(schedule);
        }
        Ok(schedules)
    }

    fn read(mut section: Section<'_>) -> Result<Self, KeyError> {
        let Some(id) = section.parse("id")? else {
            return section.fail("id", "is missing");
        };
        let rule = match (section.text("cron")?, section.span("every")?) {
            (Some(cron), None) => ScheduleRule::Cron(cron.into()),
            (None, Some(every)) if every >= Duration::from_secs(1) => ScheduleRule::Every(every),
            (None, Some(_)) => return section.fail("every", "must be at least one second"),
            (Some(_), Some(_)) => return section.fail("every", "stands beside `cron`; a schedule has one of both"),
            (None, None) => return section.fail("cron", "is missing; write `cron` or `every`"),
        };
        let zone = section.text("zone")?.unwrap_or("UTC").into();
        let missed = match section.text("missed")? {
            Some(text) => word(section.at("missed"), "policy", text, MISSED)?,
            None => Missed::Once,
        };
        section.finish()?;
        Ok(Self { id, rule, zone, missed })
    }
}
