//! Schedules of a manifest, changed by the operator: they call the plugin, over restarts and versions.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::host::Host;

const MORNING: &str = "/v1/schedules/main/timer/morning";

async fn asked(host: &Host, method: &str, path: &str) -> Result<(u16, Value)> {
    host.api(method, path, "application/json", Vec::new()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_of_the_manifest_calls_the_plugin_when_it_is_time_and_when_it_is_told_to() -> Result<()> {
    let mut host = Host::with(|ana| {
        format!(
            r#"
[[plugin]]
id = "timer"
source = "tuner"
grants = {{ "messages.send" = true }}
config = {{ tell = "{ana}" }}
[plugin.schedule.weekly]
every = "1s"
"#
        )
    })
    .await?;
    host.hears("weekly Cause::Cron").await?;
    let (status, fired) = asked(&host, "POST", &format!("{MORNING}:run")).await?;
    assert_eq!(status, 202, "{fired}");
    host.hears("morning Cause::Manual").await?;
    let (_, seen) = asked(&host, "GET", MORNING).await?;
    let run = &seen["runs"][0];
    assert_eq!(
        (&run["event"], &run["outcome"]),
        (&fired["event"], &json!("done")),
        "{seen}"
    );

    let (_, paused) = asked(&host, "POST", &format!("{MORNING}:pause")).await?;
    assert_eq!(paused["next"], Value::Null);
    host.restart().await?;
    let (_, seen) = asked(&host, "GET", MORNING).await?;
    assert_eq!(seen["paused_since"], paused["paused_since"]);
    assert_eq!(seen["runs"][0]["event"], fired["event"], "what was fired is remembered");
    host.stop().await
}

/// A copy of the tuner whose manifest has a schedule of this name and rule instead of `weekly`.
fn write_tuner(plugins: &Path, name: &str, schedule: &str) -> Result<()> {
    let tuner = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/plugins/tuner");
    let dir = plugins.join(name);
    std::fs::create_dir_all(&dir)?;
    for file in ["tuner.wasm", "config.schema.json"] {
        std::fs::copy(tuner.join(file), dir.join(file))?;
    }
    let manifest = std::fs::read_to_string(tuner.join("plugin.toml"))?;
    let weekly = "id = \"weekly\"\nevery = \"7days\"";
    assert!(manifest.contains(weekly));
    std::fs::write(dir.join("plugin.toml"), manifest.replace(weekly, schedule))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_version_brings_its_schedules_at_once() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    write_tuner(plugins.path(), "tuner", "id = \"yearly\"\nevery = \"365days\"")?;
    write_tuner(plugins.path(), "tuner-2", "id = \"pulse\"\nevery = \"1s\"")?;
    write_tuner(plugins.path(), "broken", "id = \"never\"\ncron = \"99 * * * *\"")?;
    let host = Host::over(plugins.path(), |ana| {
        format!(
            r#"
[[plugin]]
id = "timer"
source = "tuner"
grants = {{ "messages.send" = true }}
config = {{ tell = "{ana}" }}
"#
        )
    })
    .await?;
    let install = async |directory: &str| {
        let body = json!({ "directory": directory }).to_string().into_bytes();
        host.api("POST", "/v1/installations/timer/versions", "application/json", body)
            .await
    };
    let (status, refused) = install("broken").await?;
    assert_eq!(status, 422, "{refused}");
    let detail = refused["detail"].as_str().context("words")?;
    assert!(
        detail.contains("schedule \"never\": \"99 * * * *\" is not a cron expression"),
        "{detail}"
    );

    assert_eq!(asked(&host, "GET", "/v1/schedules/main/timer/pulse").await?.0, 404);
    let (status, installed) = install("tuner-2").await?;
    assert_eq!(status, 201, "{installed}");
    let digest = installed["digest"].as_str().context("a digest")?;
    let (status, active) = asked(
        &host,
        "POST",
        &format!("/v1/installations/timer/versions/{digest}/activate"),
    )
    .await?;
    assert_eq!(status, 200, "{active}");
    host.hears("pulse Cause::Cron").await?;
    assert_eq!(asked(&host, "GET", "/v1/schedules/main/timer/yearly").await?.0, 404);
    host.stop().await
}
