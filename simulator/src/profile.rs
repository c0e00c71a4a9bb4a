//! What an account says of itself: its about text, and how long messages of new chats shall last.

pub(crate) mod saved;

/// The about text.
#[derive(Debug, Default, Clone)]
pub(crate) struct About {
    pub(crate) text: String,
    /// When it was written, in seconds; 0 if it never was.
    pub(crate) at_s: u64,
}

/// The timer new chats begin with.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct DisappearingMode {
    /// In seconds; 0 is off.
    pub(crate) duration_s: u32,
    /// When it was chosen, in seconds; 0 if it never was.
    pub(crate) at_s: u64,
}

/// Both.
#[derive(Debug, Default)]
pub(crate) struct Profile {
    pub(crate) about: About,
    pub(crate) disappearing: DisappearingMode,
}
