//! `[whatsapp]`: where sessions connect to, and how they present themselves.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use waspnest_whatsapp::{Endpoint, Profile, Proxy, Version};

use super::form;
use super::section::Section;
use super::tree::Node;
use crate::sessions::Stagger;

/// `[whatsapp]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatsApp {
    /// Where sessions connect to.
    pub endpoint: Endpoint,
    /// The proxy of sessions that have none of their own.
    pub proxy: Option<Proxy>,
    /// How many sessions connect at a time, when many are to.
    pub stagger: Stagger,
    /// Certificates of the only authority trusted for HTTPS; none trusts the public ones.
    pub authority_file: Option<PathBuf>,
    /// How they present themselves.
    pub profile: Profile,
}

impl Default for WhatsApp {
    fn default() -> Self {
        Self {
            endpoint: Endpoint::default(),
            proxy: None,
            stagger: Stagger {
                per_second: NonZeroU32::new(10).expect("ten is not zero"),
            },
            authority_file: None,
            profile: Profile::default(),
        }
    }
}

impl WhatsApp {
    pub(super) fn read(mut section: Section<'_>, base: &Path) -> Self {
        let default = Self::default();
        let whatsapp = Self {
            endpoint: section.or("endpoint", default.endpoint, form::parsed),
            proxy: section.optional("proxy", form::parsed),
            stagger: Stagger {
                per_second: section.or("connects-per-second", default.stagger.per_second, per_second),
            },
            authority_file: section.optional("authority-file", form::path(base)),
            profile: Profile {
                version: section.or("version", default.profile.version, version),
                device_name: section.or("device-name", default.profile.device_name.clone(), form::some_text),
                prekeys: section.or("prekeys", default.profile.prekeys, prekeys),
                ..default.profile
            },
        };
        section.finish();
        whatsapp
    }
}

fn per_second(node: &Node) -> Result<NonZeroU32, String> {
    let number = form::integer(1u32, 1000)(node)?;
    NonZeroU32::new(number).ok_or_else(|| "must not be 0".to_owned())
}

fn prekeys(node: &Node) -> Result<usize, String> {
    form::integer(1u16, 812)(node).map(usize::from)
}

fn version(node: &Node) -> Result<Version, String> {
    let text = form::text(node)?;
    if &*text == "current" {
        return Ok(Version::Current);
    }
    let numbers: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    match numbers.as_deref() {
        Some([major, minor, patch]) => Ok(Version::Fixed(*major, *minor, *patch)),
        _ => Err(format!(
            "{text:?} is not a version: expected \"current\" or three numbers such as \"2.3000.1025\""
        )),
    }
}
