//! What no section can see alone: names that must be unique, and names that must exist.

use std::collections::BTreeSet;
use std::fmt::Display;

use waspnest_core::id::{EndpointName, SecretName};
use waspnest_engine::grant::Grant;
use waspnest_engine::manifest::{SecretTerms, WebhookTerms};

use super::Config;
use super::installation::Installation;
use super::made::Made;
use super::section::Section;
use crate::did_you_mean;

/// Notes names that are used twice, and references to nothing.
pub(super) fn references(config: &Config, root: &Section<'_>) {
    unique(
        root,
        "session",
        "name",
        config.sessions.iter().map(|session| &session.name),
    );
    unique(
        root,
        "plugin",
        "id",
        config.installations.iter().map(|installation| &installation.id),
    );
    unique(root, "bind", "id", config.binds.iter().map(|bind| &bind.id));
    unique(
        root,
        "schedule",
        "id",
        config
            .schedules
            .iter()
            .map(|schedule| format!("{}/{}", schedule.plugin, schedule.id)),
    );

    let known: Vec<&str> = config
        .installations
        .iter()
        .map(|installation| installation.id.as_str())
        .collect();
    let binds = config
        .binds
        .iter()
        .map(|bind| (format!("bind {:?}", bind.id), &bind.plugin));
    let schedules = config
        .schedules
        .iter()
        .map(|schedule| (format!("schedule {:?}", schedule.id.as_str()), &schedule.plugin));
    for (who, plugin) in binds.chain(schedules) {
        if !known.contains(&plugin.as_str()) {
            let hint = did_you_mean::hint(plugin.as_str(), known.iter().copied());
            root.report(
                "",
                format!("{who}: there is no [[plugin]] with the id {:?}{hint}", plugin.as_str()),
            );
        }
    }
}

/// Notes secrets that are granted and not declared.
pub(super) fn secrets(config: &Config, root: &Section<'_>) {
    for installation in &config.installations {
        secrets_of(installation, config, (root, ""));
    }
}

fn secrets_of(installation: &Installation, config: &Config, (root, key): (&Section<'_>, &str)) {
    let known = || config.secrets.keys().map(SecretName::as_str);
    let Some(Grant::On(SecretTerms { names: Some(names), .. })) = &installation.grants.secrets else {
        return;
    };
    for name in names.iter().filter(|name| !config.secrets.contains_key(*name)) {
        let hint = did_you_mean::hint(name.as_str(), known());
        root.report(
            key,
            format!(
                "plugin {:?} is granted the secret {name}, but there is no [secrets.{name}]{hint}",
                installation.id.as_str()
            ),
        );
    }
}

fn endpoints_of(installation: &Installation, config: &Config, (root, key): (&Section<'_>, &str)) {
    let Some(Grant::On(WebhookTerms {
        endpoints: Some(names), ..
    })) = &installation.grants.webhooks
    else {
        return;
    };
    for name in names.iter().filter(|name| !config.webhooks.contains_key(*name)) {
        let hint = did_you_mean::hint(name.as_str(), config.webhooks.keys().map(EndpointName::as_str));
        root.report(
            key,
            format!(
                "plugin {:?} is granted the endpoint {name}, but there is no [webhooks.{name}]{hint}",
                installation.id.as_str()
            ),
        );
    }
}

fn hook_of(installation: &Installation, config: &Config, (root, key): (&Section<'_>, &str)) {
    if let Some(hook) = &installation.hook
        && !config.secrets.contains_key(&hook.secret)
    {
        root.report(
            key,
            format!(
                "plugin {:?}: hook: there is no [secrets.{}]",
                installation.id.as_str(),
                hook.secret
            ),
        );
    }
}

/// Notes what of an installation that is made over the API does not go together with itself or with the file.
pub(super) fn made(made: &Made, file: &Config, root: &Section<'_>) {
    unique(root, "binds", "id", made.binds.iter().map(|bind| &bind.id));
    let schedules = made.schedules.iter().map(|schedule| schedule.id.as_str());
    unique(root, "schedules", "id", schedules);
    secrets_of(&made.installation, file, (root, "grants"));
    endpoints_of(&made.installation, file, (root, "grants"));
    hook_of(&made.installation, file, (root, "hook"));
}

/// Notes endpoints that are granted and not declared, and secrets of hooks and of endpoints that are not declared or may not be sent there.
pub(super) fn webhooks(config: &Config, root: &Section<'_>) {
    for installation in &config.installations {
        endpoints_of(installation, config, (root, ""));
    }
    for installation in &config.installations {
        hook_of(installation, config, (root, ""));
    }
    for (name, endpoint) in &config.webhooks {
        if let Some(sign) = &endpoint.sign
            && !config.secrets.contains_key(&sign.secret)
        {
            root.report(
                "",
                format!("webhooks.{name}.sign: there is no [secrets.{}]", sign.secret),
            );
        }
        for secret in endpoint.headers.iter().flat_map(|(_, text)| text.secrets()) {
            match config.secrets.get(secret) {
                None => root.report("", format!("webhooks.{name}.headers: there is no [secrets.{secret}]")),
                Some(declared) if !declared.hosts.iter().any(|host| host.is_of(&endpoint.url)) => root.report(
                    "",
                    format!("webhooks.{name}.headers: the secret {secret} is not bound to the host of its url"),
                ),
                Some(_) => {}
            }
        }
    }
}

fn unique<T: Display>(root: &Section<'_>, list: &str, key: &str, names: impl Iterator<Item = T>) {
    let mut seen = BTreeSet::new();
    for name in names {
        let name = name.to_string();
        if seen.contains(&name) {
            root.report(list, format!("{key} {name:?} is used twice"));
        }
        seen.insert(name);
    }
}
