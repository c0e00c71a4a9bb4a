//! The schedules of installations: those of their manifests, as the operator changed them, and the operator's own.

use chrono_tz::Tz;
use tokio::sync::watch;
use waspnest_core::event::Family;
use waspnest_core::id::{InstallationId, SessionId, SessionName};
use waspnest_engine::Plugin;

use super::InstallationError;
use crate::config::Config;
use crate::config::installation;
use crate::config::schedule::{Schedule, Zone};
use crate::did_you_mean;
use crate::router::{Following, Slots};
use crate::settings::ZoneSetting;
use crate::source::Timetable;

/// The schedules of an installation.
///
/// # Errors
/// [`InstallationError::Schedule`].
pub fn of_installation(
    config: &Config,
    wanted: &installation::Installation,
    plugin: &Plugin,
) -> Result<Vec<Schedule>, InstallationError> {
    let declared = &plugin.manifest.schedules;
    let refused = |problem: String| InstallationError::Schedule {
        id: wanted.id.clone(),
        problem,
    };
    if let Some(unknown) = wanted
        .schedules
        .keys()
        .find(|id| declared.iter().all(|known| known.id != **id))
    {
        let hint = did_you_mean::hint(unknown.as_str(), declared.iter().map(|known| known.id.as_str()));
        return Err(refused(format!(
            "[plugin.schedule.{unknown}]: the manifest has no schedule of this name{hint}"
        )));
    }
    let mut schedules = Vec::new();
    for declared in declared {
        let schedule = Schedule::of_manifest(&wanted.id, declared, wanted.schedules.get(&declared.id));
        let schedule =
            schedule.map_err(|problem| refused(format!("schedule {:?}: {problem}", declared.id.as_str())))?;
        schedules.extend(schedule);
    }
    for own in config.schedules.iter().filter(|own| own.plugin == wanted.id) {
        if declared.iter().any(|declared| declared.id == own.id) {
            return Err(refused(format!(
                "schedule {id:?} is one of the manifest's; change it under [plugin.schedule.{id}]",
                id = own.id.as_str()
            )));
        }
        schedules.push(own.clone());
    }
    if let Some(schedule) = schedules.first().filter(|_| !plugin.handlers.has(Family::Schedule)) {
        return Err(refused(format!(
            "schedule {:?}: the plugin has no schedule-handler",
            schedule.id.as_str()
        )));
    }
    for schedule in &mut schedules {
        schedule.tenant = wanted.tenant;
    }
    Ok(schedules)
}

/// The zones that schedules take from the configuration.
pub(super) fn zone_settings(schedules: &[Schedule]) -> Vec<ZoneSetting> {
    let setting = |schedule: &Schedule| match &schedule.zone {
        Zone::Fixed(_) => None,
        Zone::Setting(pointer) => Some(ZoneSetting {
            pointer: pointer.clone(),
            schedule: schedule.id.clone(),
        }),
    };
    schedules.iter().filter_map(setting).collect()
}

/// The schedules of the versions that are at work.
#[derive(Debug)]
pub struct SlotTimetable(pub Slots);

impl Timetable for SlotTimetable {
    fn schedules(&self) -> Vec<Schedule> {
        let slots = self.0.all();
        slots.iter().flat_map(|slot| slot.active().schedules.clone()).collect()
    }

    fn changes(&self) -> Vec<watch::Receiver<()>> {
        self.0.all().iter().map(|slot| slot.changes()).collect()
    }

    fn follow(&self) -> Following {
        self.0.follow()
    }

    fn zone(
        &self,
        installation: &InstallationId,
        (name, session): (&SessionName, SessionId),
        pointer: &str,
    ) -> Option<Tz> {
        let configuration = self.0.get(installation)?.active().settings.at(name, session, &[]);
        configuration.get(pointer)?.as_str()?.parse().ok()
    }
}
