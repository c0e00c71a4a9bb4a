//! `waspnest plugin tick`: fires a schedule of a plugin in a running host, now.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::json;
use waspnest_core::id::{InstallationId, ScheduleId};

use super::super::Exit;
use super::super::remote::{Address, Body, Remote};

/// What is fired.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The installation
    installation: InstallationId,
    /// The schedule, by its id
    schedule: ScheduleId,
    /// The session it fires in; needed where it fires in several
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// Print one JSON object instead of words
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    host: Address,
}

/// Fires it.
pub(super) fn run(asked: &Asked, env: &BTreeMap<String, String>, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let remote = Remote::of(&asked.host, env)?;
    let (id, schedule) = (asked.installation.as_str(), asked.schedule.as_str());
    let session = match &asked.session {
        Some(session) => session.clone(),
        None => only_session(&remote, id, schedule)?,
    };
    let fired = remote.post(&["schedules", &session, id, schedule, "run"], Body::Empty)?;
    let event = &fired["event"];
    match asked.json {
        true => writeln!(
            out,
            "{}",
            json!({ "session": session, "installation": id, "schedule": schedule, "event": event })
        )?,
        false => writeln!(
            out,
            "fired {schedule} of {id} in {session}: {}",
            event.as_str().unwrap_or_default()
        )?,
    }
    Ok(Exit::Success)
}

/// The one session in which a schedule fires.
fn only_session(remote: &Remote, id: &str, schedule: &str) -> anyhow::Result<String> {
    let mut sessions = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = vec![("installation", id), ("limit", "200")];
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = remote.get(&["schedules"], &query)?;
        for item in page["items"].as_array().into_iter().flatten() {
            if item["id"] == schedule {
                let name = item["session"]["name"].as_str().context("a schedule has no session")?;
                sessions.push(name.to_owned());
            }
        }
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    match &*sessions {
        [session] => Ok(session.clone()),
        [] => bail!("{id} has no schedule {schedule} that fires in a session"),
        [..] => bail!(
            "{schedule} fires in several sessions; name one with --session: {}",
            sessions.join(", ")
        ),
    }
}
