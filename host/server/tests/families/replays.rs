//! Calls of a whole host, recorded beside a plugin and replayed against another build of it from the command line.

use std::ffi::OsString;
use std::path::Path;

use anyhow::{Context, Result};
use waspnest::cli::{self, Exit, Output};

use crate::host::{Host, SECRET};
use crate::versions::write;

/// Runs `waspnest plugin …` against the host, and gives how it ended and what it printed.
async fn plugin(host: &Host, arguments: &[&str]) -> Result<(Exit, String)> {
    let all: Vec<OsString> = ["waspnest", "plugin"]
        .iter()
        .chain(arguments)
        .map(OsString::from)
        .collect();
    let env = [
        ("WASPNEST_URL", format!("http://{}", host.address)),
        ("WASPNEST_SECRET", SECRET.to_owned()),
    ];
    let ran = tokio::task::spawn_blocking(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let output = Output {
            out: &mut out,
            err: &mut err,
        };
        let env = env.map(|(name, value)| (name.to_owned(), value)).into_iter();
        let exit = cli::run(all.into_iter(), env, output);
        out.extend(err);
        (exit, out)
    });
    let (exit, out) = ran.await?;
    Ok((exit, String::from_utf8(out)?))
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_build_would_have_done_is_shown() -> Result<()> {
    let plugins = tempfile::tempdir()?;
    write(plugins.path(), "echo", "one: ", "")?;
    write(plugins.path(), "next", "two: ", "")?;
    let host = Host::recording_in_full(plugins.path(), |_| {
        r#"
[[plugin]]
id = "echo"
source = "echo"
grants = { "messages.send" = true }
[[bind]]
id = "all"
plugin = "echo"
"#
        .to_owned()
    })
    .await?;
    assert_eq!(host.told("hi").await?, "one: hi");
    let kept = plugins.path().join("runs");
    let same = plugins.path().join("echo");
    let next = plugins.path().join("next");
    // The record is written beside the call, and may come a moment after the answer.
    let kept_by = ["record", "echo", "--to", text(&kept)?];
    let (exit, mut said) = plugin(&host, &kept_by).await?;
    assert_eq!(exit, Exit::Success, "{said}");
    for _ in 0..1000 {
        if said.starts_with("kept 1 ") {
            break;
        }
        tokio::task::yield_now().await;
        (_, said) = plugin(&host, &kept_by).await?;
    }
    assert!(said.starts_with("kept 1 calls in "), "{said}");

    let (exit, said) = plugin(&host, &["replay", text(&kept)?, "--package", text(&same)?]).await?;
    assert_eq!(exit, Exit::Success, "{said}");
    assert!(
        said.starts_with("same") && said.ends_with("1 calls, 0 different\n"),
        "{said}"
    );

    let (exit, said) = plugin(&host, &["replay", text(&kept)?, "--diff", "--package", text(&next)?]).await?;
    assert_eq!(exit, Exit::Failure, "{said}");
    let said = said.replace(&host.ana.account().phone, "ANA");
    let shown: Vec<&str> = said.lines().skip(1).map(str::trim_end).collect();
    insta::assert_snapshot!("replayed", shown.join("\n"));

    let (exit, said) = plugin(&host, &["replay", text(&plugins.path().join("echo/plugin.toml"))?]).await?;
    assert_eq!(exit, Exit::Failure);
    assert!(said.contains("is not the record of a call"), "{said}");
    assert_eq!(host.told("again").await?, "one: again", "nothing was put to work");
    host.stop().await
}
