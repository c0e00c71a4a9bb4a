//! People, beyond what plugins are told of them.

use crate::address::Party;

/// What WhatsApp says about a number.
#[derive(Clone, PartialEq, Eq)]
pub struct Checked {
    /// Who has it; none when nobody at WhatsApp does.
    pub who: Option<Party>,
    /// Whether that is a business.
    pub business: bool,
    /// The name WhatsApp verified, of a business.
    pub verified_name: Option<Box<str>>,
}

/// One device of somebody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device {
    /// Its number; 0 is the phone.
    pub number: u16,
}

/// What a business tells of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Business {
    /// In its own words.
    pub description: Option<Box<str>>,
    /// Where mail goes.
    pub email: Option<Box<str>>,
    /// Its pages.
    pub websites: Vec<Box<str>>,
    /// Where it is.
    pub address: Option<Box<str>>,
    /// What it does, in WhatsApp's words.
    pub categories: Vec<Box<str>>,
    /// When it is open, where it says so.
    pub hours: Option<BusinessHours>,
}

/// When a business is open.
#[derive(Clone, PartialEq, Eq)]
pub struct BusinessHours {
    /// The zone its times are in.
    pub timezone: Option<Box<str>>,
    /// Days it says something about.
    pub days: Vec<OpenHours>,
}

/// When a business is open on one day of the week.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenHours {
    /// The day, as `mon` to `sun`.
    pub day: &'static str,
    /// Whether it is.
    pub mode: OpenMode,
    /// From when to when, in minutes since midnight.
    pub minutes: Option<(u32, u32)>,
}

/// How a business is open on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// At its times.
    Hours,
    /// All day.
    Always,
    /// For who has an appointment.
    Appointment,
    /// WhatsApp says something newer.
    Other,
}
