//! The files of `examples/deploy` speak of what there is: keys, variables, commands, paths, files; and they are what they are taken for.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use waspnest::cli::{self, Exit, Output};
use waspnest::config::Config;
use waspnest::config::server::Server;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn deploy() -> PathBuf {
    repository().join("examples/deploy")
}

/// Every file below a directory, with what stands in it.
fn files(dir: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false => {
                let text = std::fs::read_to_string(&path)?;
                found.push((path, text));
            }
        }
    }
    Ok(found)
}

/// What stands behind each occurrence of `before`, up to what is no part of a name.
fn behind<'a>(text: &'a str, before: &str, part: impl Fn(char) -> bool + Copy) -> Vec<&'a str> {
    let starts = text.match_indices(before).map(|(at, _)| &text[at + before.len()..]);
    starts
        .map(|rest| &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())])
        .collect()
}

/// A template of the chart as if every condition held and every value were a word.
fn rendered(template: &str) -> String {
    let mut lines = Vec::new();
    for line in template.lines() {
        let line = line.trim_end();
        let mut plain = String::new();
        let mut rest = line;
        let mut filled = false;
        while let Some((before, after)) = rest.split_once("{{") {
            let (_, behind) = after.split_once("}}").unwrap_or(("", ""));
            plain += before;
            plain += "1";
            filled = true;
            rest = behind;
        }
        plain += rest;
        // A line of nothing else is a condition, or fills in lines of its own.
        let alone = filled && plain.trim().chars().all(|c| c == '1');
        if !alone {
            lines.push(plain);
        }
    }
    lines.join("\n")
}

fn yaml(name: &Path, text: &str) -> Result<Value> {
    serde_yaml_ng::from_str(text).with_context(|| format!("{} is no YAML", name.display()))
}

#[test]
fn every_variable_is_a_key_of_the_configuration() -> Result<()> {
    let keys = Config::keys();
    let mut seen = BTreeSet::new();
    for (path, text) in files(&deploy())? {
        let part = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        for name in behind(&text, "WASPNEST__", part) {
            let key = name.to_ascii_lowercase().replace("__", ".").replace('_', "-");
            ensure!(
                keys.contains(&key),
                "{} sets WASPNEST__{name}, and {key} is no key",
                path.display()
            );
            seen.insert(key);
        }
    }
    ensure!(seen.len() >= 6, "only {seen:?}");
    Ok(())
}

#[test]
fn every_command_is_one_of_the_program() -> Result<()> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    for (path, text) in files(&deploy())? {
        let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let unit = text
            .lines()
            .filter_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/waspnest "));
        lines.extend(unit.map(words));
        let quoted = |list: &str| {
            behind(list, "\"", |c| c != '"')
                .into_iter()
                .step_by(2)
                .map(str::to_owned)
                .collect()
        };
        for line in text.lines().map(str::trim) {
            if let Some((_, list)) = line.split_once("CMD [\"/usr/local/bin/waspnest\", ") {
                lines.push(quoted(list));
            } else if let Some(list) = line.strip_prefix("CMD [").or_else(|| line.strip_prefix("args: [")) {
                lines.push(quoted(list));
            } else if line.starts_with("ENTRYPOINT") {
                ensure!(
                    line == "ENTRYPOINT [\"/usr/local/bin/waspnest\"]",
                    "{}: {line}",
                    path.display()
                );
            }
        }
    }
    ensure!(lines.len() == 4, "{lines:?}");
    for line in lines {
        let all = ["waspnest".to_owned()]
            .into_iter()
            .chain(line.clone())
            .chain(["--help".to_owned()]);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let output = Output {
            out: &mut out,
            err: &mut err,
        };
        let exit = cli::run(all.map(OsString::from), std::iter::empty(), output);
        ensure!(exit == Exit::Success, "{line:?}: {}", String::from_utf8_lossy(&err));
    }
    Ok(())
}

#[test]
fn what_is_yaml_is_yaml_and_templates_ask_for_values_there_are() -> Result<()> {
    let chart = deploy().join("helm/waspnest");
    let values_path = chart.join("values.yaml");
    let values = yaml(&values_path, &std::fs::read_to_string(&values_path)?)?;
    let config = values["config"].as_str().context("the chart has a configuration")?;
    config.parse::<toml::Table>().context("which is TOML")?;
    let (mut templates, mut others) = (0, 0);
    for (path, text) in files(&deploy())? {
        let is_template = path.starts_with(chart.join("templates"));
        for asked in behind(&text, ".Values.", |c| c.is_ascii_alphanumeric() || c == '.') {
            let asked = asked.trim_end_matches('.');
            let found = asked.split('.').try_fold(&values, |values, key| values.get(key));
            ensure!(found.is_some(), "{} asks for .Values.{asked}", path.display());
        }
        let is_yaml = path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml");
        match (is_yaml, is_template) {
            (true, true) => {
                let shown = yaml(&path, &rendered(&text))?;
                ensure!(shown["kind"].as_str().is_some(), "{} is nothing", path.display());
                templates += 1;
            }
            (true, false) => {
                yaml(&path, &text)?;
                others += 1;
            }
            (false, true | false) => {}
        }
    }
    ensure!((templates, others) == (7, 5), "{templates} templates, {others} others");
    Ok(())
}

#[test]
fn what_is_asked_mounted_and_copied_is_there() -> Result<()> {
    let template = deploy().join("helm/waspnest/templates/statefulset.yaml");
    let set = yaml(&template, &rendered(&std::fs::read_to_string(&template)?))?;
    let container = &set["spec"]["template"]["spec"]["containers"][0];
    let paths: BTreeSet<&str> = waspnest::http::list().into_iter().map(|route| route.path).collect();
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let path = container[probe]["httpGet"]["path"].as_str().context(probe)?;
        ensure!(paths.contains(path), "{probe} asks for {path}");
    }

    let dir = deploy().join("compose");
    let path = dir.join("compose.yaml");
    let compose = yaml(&path, &std::fs::read_to_string(&path)?)?;
    let host = &compose["services"]["waspnest"];
    let context = dir.join(host["build"]["context"].as_str().context("a context")?);
    let dockerfile = context.join(host["build"]["dockerfile"].as_str().context("a Dockerfile")?);
    ensure!(dockerfile.is_file(), "{}", dockerfile.display());
    ensure!(
        context.canonicalize()? == repository().canonicalize()?,
        "{}",
        context.display()
    );
    let services = compose["services"].as_object().context("services")?;
    let mut mounted = 0;
    for (_, service) in services {
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let volume = volume.as_str().context("a text")?;
            let (from, _) = volume.split_once(':').context("two places")?;
            match from.starts_with('.') {
                true => {
                    ensure!(dir.join(from).is_file(), "{from} is not there");
                    mounted += 1;
                }
                false => ensure!(
                    !compose["volumes"].as_object().context("volumes")?.is_empty(),
                    "{volume}"
                ),
            }
        }
        for config in service["configs"].as_array().into_iter().flatten() {
            let source = config["source"].as_str().context("a source")?;
            let content = compose["configs"][source]["content"].as_str();
            yaml(&path, content.with_context(|| format!("{source} is not there"))?)?;
        }
    }
    ensure!(mounted == 2, "{mounted} files are mounted");
    for secret in host["secrets"].as_array().context("secrets")? {
        let secret = secret.as_str().context("a name")?;
        ensure!(compose["secrets"][secret]["file"].as_str().is_some(), "{secret}");
    }
    Ok(())
}

#[test]
fn whoever_stops_the_host_waits_as_long_as_it_may_take() -> Result<()> {
    // What is cut off gets five seconds more.
    let takes = Server::default().grace + Duration::from_secs(5);
    let unit = std::fs::read_to_string(deploy().join("systemd/waspnest.service"))?;
    let says = |key: &str| unit.lines().find_map(|line| line.strip_prefix(&format!("{key}=")));
    let span = |text: &str| humantime::parse_duration(text).with_context(|| text.to_owned());
    ensure!(span(says("TimeoutStopSec").context("it says so")?)? >= takes);
    assert_eq!(says("Type"), Some("notify-reload"));
    assert_eq!(says("MemoryDenyWriteExecute"), Some("no"), "plugins are machine code");

    let path = deploy().join("compose/compose.yaml");
    let compose = yaml(&path, &std::fs::read_to_string(&path)?)?;
    let grace = compose["services"]["waspnest"]["stop_grace_period"].as_str();
    ensure!(span(grace.context("it says so")?)? >= takes);
    let path = deploy().join("helm/waspnest/values.yaml");
    let values = yaml(&path, &std::fs::read_to_string(&path)?)?;
    let grace = values["terminationGracePeriodSeconds"].as_i64().context("it says so")?;
    ensure!(Duration::from_secs(u64::try_from(grace)?) >= takes);
    Ok(())
}

#[test]
fn ports_are_those_that_the_host_is_told_to_listen_on() -> Result<()> {
    let mut told = BTreeSet::new();
    for (path, text) in files(&deploy())? {
        for listen in behind(&text, "_LISTEN", |c| c != '\n' && c != '\\') {
            let port = listen
                .trim()
                .trim_end_matches('"')
                .rsplit(':')
                .next()
                .unwrap_or_default();
            told.insert((
                path.file_name().map(|name| name.to_string_lossy().into_owned()),
                port.to_owned(),
            ));
        }
    }
    let ports: BTreeSet<&str> = told.iter().map(|(_, port)| port.as_str()).collect();
    // The listener of the statefulset stands in the line below, and the port of its metrics is a value.
    ensure!(ports.contains("8080") && ports.contains("9464"), "{told:?}");
    let dockerfile = std::fs::read_to_string(deploy().join("docker/Dockerfile"))?;
    ensure!(dockerfile.contains("EXPOSE 8080\n"));
    let values_path = deploy().join("helm/waspnest/values.yaml");
    let values = yaml(&values_path, &std::fs::read_to_string(&values_path)?)?;
    assert_eq!(values["metrics"]["port"].as_i64(), Some(9464));
    let usual = Server::default().listen.port();
    for proxy in ["proxy/Caddyfile", "proxy/nginx.conf"] {
        let text = std::fs::read_to_string(deploy().join(proxy))?;
        ensure!(text.contains(&format!("127.0.0.1:{usual}")), "{proxy}");
    }
    Ok(())
}
