//! What an author does with a host that runs: a signed version is brought from a directory, put to work, looked at and taken back.

use std::ffi::OsString;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use waspnest::cli::{self, Exit, Output};

use crate::host::{Host, SECRET};
use crate::versions::write;

/// Runs `waspnest plugin …` for a host, and gives what it printed.
async fn plugin(host: &Host, arguments: &[&str]) -> Result<String> {
    let words = ["waspnest", "plugin"].iter().chain(arguments).map(OsString::from);
    let words: Vec<_> = words.collect();
    let url = format!("http://{}", host.address);
    let env = [("WASPNEST_URL", url), ("WASPNEST_SECRET", SECRET.to_owned())];
    let ran = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let output = Output {
            out: &mut out,
            err: &mut err,
        };
        let env = env.into_iter().map(|(name, value)| (name.to_owned(), value));
        let exit = cli::run(words.into_iter(), env, output);
        (exit, out, err)
    });
    let (exit, out, err) = ran.await?;
    let (out, err) = (String::from_utf8(out)?, String::from_utf8(err)?);
    ensure!(exit == Exit::Success, "{arguments:?}: {out}{err}");
    Ok(out)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_becomes_the_version_at_work_and_is_taken_back() -> Result<()> {
    let (plugins, mine) = (tempfile::tempdir()?, tempfile::tempdir()?);
    write(plugins.path(), "echo", "one: ", "")?;
    write(mine.path(), "echo", "two: ", "")?;
    let config = r#"
[[plugin]]
id = "echo"
source = "echo"
grants = { "messages.send" = true }
[[bind]]
id = "all"
plugin = "echo"
"#;
    let host = Host::over(plugins.path(), |_| config.to_owned()).await?;
    assert_eq!(host.told("hi").await?, "one: hi");

    let dir = mine.path().join("echo");
    let (dir, key) = (dir.to_str().context("text")?, mine.path().join("my.key"));
    let key = key.to_str().context("text")?;
    plugin(&host, &["sign", dir, "--key", key, "--generate"]).await?;
    plugin(&host, &["install", dir]).await?;
    assert_eq!(host.told("hi").await?, "two: hi");

    // Records come a moment after their calls.
    let mut calls: Vec<Value> = Vec::new();
    while calls.len() < 2 {
        let said = plugin(&host, &["logs", "echo", "--json"]).await?;
        calls = said.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    }
    let outcomes: Vec<&Value> = calls.iter().map(|call| &call["outcome"]).collect();
    assert_eq!(outcomes, ["committed", "committed"], "{calls:?}");

    plugin(&host, &["rollback", "echo"]).await?;
    assert_eq!(host.told("hi").await?, "one: hi");
    host.stop().await
}
