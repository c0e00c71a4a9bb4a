//! What an account says of itself, in a file.

use crate::profile::{About, DisappearingMode, Profile};

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SavedProfile {
    about: String,
    about_at_s: u64,
    disappearing_s: u32,
    disappearing_at_s: u64,
}

impl SavedProfile {
    pub(crate) fn of(profile: &Profile) -> Self {
        Self {
            about: profile.about.text.clone(),
            about_at_s: profile.about.at_s,
            disappearing_s: profile.disappearing.duration_s,
            disappearing_at_s: profile.disappearing.at_s,
        }
    }

    pub(crate) fn restore(self) -> Profile {
        Profile {
            about: About {
                text: self.about,
                at_s: self.about_at_s,
            },
            disappearing: DisappearingMode {
                duration_s: self.disappearing_s,
                at_s: self.disappearing_at_s,
            },
        }
    }
}
