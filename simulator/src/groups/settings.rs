//! What can be set about a group, with its names on the wire.

/// A switch that is one element when on and another when off. In a group's description it is the element of the on state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Flag {
    /// Only admins may write.
    Announcement,
    /// Only admins may change subject, description and picture.
    Locked,
    NoFrequentlyForwarded,
    AdminReports,
    History,
}

/// A position of a [`Flag`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Switch {
    On,
    Off,
}

impl Flag {
    pub(crate) const ALL: [Self; 5] = [
        Self::Announcement,
        Self::Locked,
        Self::NoFrequentlyForwarded,
        Self::AdminReports,
        Self::History,
    ];

    /// The element for a position.
    pub(crate) fn tag(self, switch: Switch) -> &'static str {
        match (self, switch) {
            (Self::Announcement, Switch::On) => "announcement",
            (Self::Announcement, Switch::Off) => "not_announcement",
            (Self::Locked, Switch::On) => "locked",
            (Self::Locked, Switch::Off) => "unlocked",
            (Self::NoFrequentlyForwarded, Switch::On) => "no_frequently_forwarded",
            (Self::NoFrequentlyForwarded, Switch::Off) => "frequently_forwarded_ok",
            (Self::AdminReports, Switch::On) => "allow_admin_reports",
            (Self::AdminReports, Switch::Off) => "not_allow_admin_reports",
            (Self::History, Switch::On) => "group_history",
            (Self::History, Switch::Off) => "no_group_history",
        }
    }

    /// The flag and position an element names.
    pub(crate) fn parse(tag: &str) -> Option<(Self, Switch)> {
        Self::ALL
            .into_iter()
            .flat_map(|flag| [(flag, Switch::On), (flag, Switch::Off)])
            .find(|(flag, switch)| flag.tag(*switch) == tag)
    }
}

/// Whom something is open to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Allowed {
    Admins,
    Members,
}

impl Allowed {
    /// `member_add_mode`: who may add people.
    pub(crate) fn add_mode(self) -> &'static str {
        match self {
            Self::Admins => "admin_add",
            Self::Members => "all_member_add",
        }
    }

    pub(crate) fn parse_add_mode(name: &str) -> Option<Self> {
        [Self::Admins, Self::Members]
            .into_iter()
            .find(|allowed| allowed.add_mode() == name)
    }

    /// `member_link_mode`: who may see the invite link.
    pub(crate) fn link_mode(self) -> &'static str {
        match self {
            Self::Admins => "admin_link",
            Self::Members => "all_member_link",
        }
    }

    pub(crate) fn parse_link_mode(name: &str) -> Option<Self> {
        [Self::Admins, Self::Members]
            .into_iter()
            .find(|allowed| allowed.link_mode() == name)
    }
}

/// What happens when somebody uses the invite link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Joining {
    /// They are in.
    AtOnce,
    /// An admin has to approve.
    OnApproval,
}

impl Joining {
    /// The `state` of a membership approval mode.
    pub(crate) fn state(self) -> &'static str {
        match self {
            Self::AtOnce => "off",
            Self::OnApproval => "on",
        }
    }

    pub(crate) fn parse(state: &str) -> Option<Self> {
        [Self::AtOnce, Self::OnApproval]
            .into_iter()
            .find(|joining| joining.state() == state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_of_every_flag_has_a_tag_of_its_own() {
        for flag in Flag::ALL {
            for switch in [Switch::On, Switch::Off] {
                assert_eq!(Flag::parse(flag.tag(switch)), Some((flag, switch)));
            }
        }
        assert_eq!(Flag::parse("subject"), None);
    }
}
