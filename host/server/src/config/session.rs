//! `[[session]]`: WhatsApp devices that shall exist.

use waspnest_core::id::SessionName;
use waspnest_core::session::Desired;
use waspnest_whatsapp::Proxy;

use super::form;
use super::section::Section;

/// `[[session]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name; the session is made at start if there is none of that name.
    pub name: SessionName,
    /// Whether it shall connect. Says what a new session starts with; afterwards the API's last word holds.
    pub desired: Desired,
    /// The proxy a new session goes through.
    pub proxy: Option<Proxy>,
}

impl Session {
    pub(super) fn read(mut section: Section<'_>) -> Option<Self> {
        let name = section.required("name", form::parsed);
        let desired = match section.or("connect", true, form::boolean) {
            true => Desired::Connected,
            false => Desired::Disconnected,
        };
        let proxy = section.optional("proxy", form::parsed);
        section.finish();
        Some(Self {
            name: name?,
            desired,
            proxy,
        })
    }
}
