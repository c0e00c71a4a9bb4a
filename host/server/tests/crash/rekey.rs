//! A data directory is brought under another master key: its device stays linked, and nothing opens under the former one.

use anyhow::{Result, ensure};
use waspnest_simulator::human::Heard;

use super::{Linked, PATIENCE};

const PLUGINS: &str = r#"
[[plugin]]
id = "echo"
source = "echo"
[plugin.grants]
"messages.send" = true
[[bind]]
id = "echo-all"
plugin = "echo"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_goes_on_under_another_master_key() -> Result<()> {
    let mut linked = Linked::start(33, PLUGINS).await?;
    let person = linked.person("Person who goes on").await?;
    let from_bot = |heard: &Heard| !heard.from_me;
    person.say(&linked.phone, "before").await?;
    person.wait_for_count(1, from_bot, PATIENCE).await?;
    linked.host.terminate().await?;

    let rekey = ["store", "rekey", "--config", "config.toml", "--new-key-file", "new.key"];
    let said = linked.host.command(&rekey).await?;
    ensure!(said.contains("opens under the key in new.key now"), "{said}");

    linked.host.restart_with_room(1 << 34)?;
    let (status, log) = linked.host.ended().await?;
    ensure!(
        !status.success() && log.contains("the master key is not the one this data directory was written with"),
        "{status}: {log}"
    );

    let dir = linked.host.path().to_owned();
    std::fs::rename(dir.join("new.key"), dir.join("data/master.key"))?;
    linked.host.restart()?;
    linked.host.connected().await?;
    person.say(&linked.phone, "after").await?;
    person.wait_for_count(2, from_bot, PATIENCE).await?;
    linked.host.terminate().await?;
    linked
        .host
        .command(&["store", "check", "--config", "config.toml"])
        .await?;
    linked.simulator.shutdown().await;
    Ok(())
}
