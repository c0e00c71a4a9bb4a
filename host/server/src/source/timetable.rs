//! Which schedules there are, and what the configurations they refer to say. Both change while the host runs: with another version of a
//! plugin, and with a setting over the API.

use std::fmt;

use chrono_tz::Tz;
use tokio::sync::watch;
use waspnest_core::id::{InstallationId, SessionId, SessionName};

use crate::config::schedule::{Schedule, Zone};
use crate::router::Following;

/// Knows the schedules of the installations at work.
pub trait Timetable: Send + Sync + fmt::Debug {
    /// All of them, in the order of the installations.
    fn schedules(&self) -> Vec<Schedule>;

    /// One for each installation; it tells of every change of its schedules.
    fn changes(&self) -> Vec<watch::Receiver<()>>;

    /// Works with the installations from now on, which come and go.
    fn follow(&self) -> Following;

    /// The zone that an installation's configuration in a session names at a JSON pointer; none where it names none.
    fn zone(&self, installation: &InstallationId, session: (&SessionName, SessionId), pointer: &str) -> Option<Tz>;
}

/// The zone of a schedule in a session. A configuration that names none does not come to be, so what stands in for it is never seen.
#[must_use]
pub(crate) fn zone_of(timetable: &dyn Timetable, schedule: &Schedule, session: (&SessionName, SessionId)) -> Tz {
    match &schedule.zone {
        Zone::Fixed(zone) => *zone,
        Zone::Setting(pointer) => timetable.zone(&schedule.plugin, session, pointer).unwrap_or(Tz::UTC),
    }
}
