//! `waspnest secret`: the secrets that the host keeps itself, while it is not running. A running host is told by its API.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Subcommand;
use waspnest_core::id::SecretName;
use waspnest_core::master_key::MasterKey;
use waspnest_core::seal::Sealer;
use waspnest_core::secret::{Removed, SecretText, StoredSecrets};
use waspnest_core::store::{OpenError, SledOptions, SledStore, Store};

use super::Exit;
use crate::config::Config;
use crate::config::keys::Keys;

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(super) enum Deed {
    /// Keep what comes on standard input under a name, in place of what was there
    Set {
        /// Its name
        name: SecretName,
        /// The configuration; without it ./config.toml, or defaults where that is missing
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Say which names there are
    List {
        /// The configuration; without it ./config.toml, or defaults where that is missing
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Forget the one of a name
    Remove {
        /// Its name
        name: SecretName,
        /// The configuration; without it ./config.toml, or defaults where that is missing
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

impl Deed {
    /// The configuration that was named.
    pub(super) fn config(&self) -> Option<PathBuf> {
        match self {
            Self::Set { config, .. } | Self::List { config } | Self::Remove { config, .. } => config.clone(),
        }
    }
}

/// Does it. `input` is read for a secret to keep.
pub(super) fn run(
    config: &Config,
    deed: &Deed,
    input: &mut dyn Read,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(async {
        let options = SledOptions {
            cache_bytes: config.storage.cache,
        };
        let store: Arc<dyn Store> = match SledStore::open(&config.storage.dir, options) {
            Ok(store) => store,
            Err(error @ OpenError::Locked { .. }) => {
                return Err(error).context("a host that runs is told by PUT and DELETE /v1/secrets/NAME");
            }
            Err(error) => return Err(error.into()),
        };
        let key = match &config.keys {
            Keys::Given(key) => key.clone(),
            Keys::File(path) => MasterKey::from_file(path)?,
        };
        let secrets = StoredSecrets::new(Arc::clone(&store), Sealer::checked(&key, &*store).await?);
        match deed {
            Deed::Set { name, .. } => {
                let mut text = String::new();
                input.read_to_string(&mut text).context("cannot read standard input")?;
                let text: SecretText = text.parse()?;
                secrets.set(name, &text).await?;
                writeln!(out, "{name} is set")?;
            }
            Deed::List { .. } => {
                for name in secrets.list().await? {
                    writeln!(out, "{name}")?;
                }
            }
            Deed::Remove { name, .. } => match secrets.remove(name).await? {
                Removed::Yes => writeln!(out, "{name} is removed")?,
                Removed::No => bail!("there is no secret {name}"),
            },
        }
        store.flush().await?;
        Ok(Exit::Success)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_set_named_and_removed_and_never_shown() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("config.toml");
        std::fs::write(&file, "").expect("written");
        let config = Config::load(Some(&file), std::iter::empty()).expect("a configuration");
        let does = |deed: Deed, input: &str| {
            let mut out = Vec::new();
            let done = run(&config, &deed, &mut input.as_bytes(), &mut out);
            let out = String::from_utf8(out).expect("text");
            done.map(|_| out).map_err(|error| format!("{error:#}"))
        };
        let name: SecretName = "crm".parse().expect("a name");
        let set = |input| {
            does(
                Deed::Set {
                    name: name.clone(),
                    config: None,
                },
                input,
            )
        };
        assert_eq!(set("swordfish\n"), Ok("crm is set\n".to_owned()));
        let short = set("fish\n").expect_err("too short");
        assert!(short.contains("8 to 8192 bytes") && !short.contains("fish"), "{short}");
        assert_eq!(does(Deed::List { config: None }, ""), Ok("crm\n".to_owned()));
        let remove = || {
            does(
                Deed::Remove {
                    name: name.clone(),
                    config: None,
                },
                "",
            )
        };
        assert_eq!(remove(), Ok("crm is removed\n".to_owned()));
        assert_eq!(remove(), Err("there is no secret crm".to_owned()));
    }
}
