//! `waspnest plugin sign`: signs the package of a plugin as minisign would, for hosts whose `plugins.trust` names the key.
//!
//! What is signed is the digest of the package, so that a signature lies beside the files and changes none of them. Keys are minisign's own
//! files. The password of a key comes from the environment; nothing is asked, so that scripts do not hang.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{Cursor, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use minisign::{KeyPair, PublicKey, SecretKey, SecretKeyBox};
use serde_json::json;
use waspnest_engine::pack;

use super::super::Exit;
use crate::rollout::SIGNATURE;

/// The variable with the password of the key.
const PASSWORD: &str = "WASPNEST_KEY_PASSWORD";

/// What is signed, and by whom.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The directory with plugin.toml and the built component
    #[arg(default_value = ".")]
    dir: PathBuf,
    /// The secret key, a file of minisign's; its password, if it has one, is in WASPNEST_KEY_PASSWORD
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Make the key first, and its public half beside it; nothing is overwritten
    #[arg(long)]
    generate: bool,
    /// Print one JSON object instead of words
    #[arg(long)]
    json: bool,
}

/// Signs it.
pub(super) fn run(asked: &Asked, env: &BTreeMap<String, String>, out: &mut (dyn Write + Send)) -> anyhow::Result<Exit> {
    let password = env.get(PASSWORD).filter(|password| !password.is_empty()).cloned();
    // Judged first, so that no key is made for what cannot be signed.
    let digest = pack(&asked.dir)?.digest();
    if asked.generate {
        generate(&asked.key, password.clone())?;
    }
    let key = secret_key(&asked.key, password)?;
    let public = PublicKey::from_secret_key(&key).context("the key has no public half")?;
    let text = Cursor::new(digest.signed_text());
    let comment = digest.to_string();
    let signature = minisign::sign(
        Some(&public),
        &key,
        text,
        Some(&comment),
        Some("signature of a Waspnest plugin"),
    )
    .context("the key does not sign")?;
    let file = asked.dir.join(SIGNATURE);
    std::fs::write(&file, signature.into_string()).with_context(|| format!("cannot write {}", file.display()))?;
    let trust = format!("minisign:{}", public.to_base64());
    if asked.json {
        let told = json!({ "digest": comment, "signature": file, "trust": trust });
        writeln!(out, "{told}")?;
        return Ok(Exit::Success);
    }
    writeln!(out, "signed {comment}: {}", file.display())?;
    writeln!(out, "hosts that trust it have {trust:?} in plugins.trust")?;
    Ok(Exit::Success)
}

fn secret_key(file: &Path, password: Option<String>) -> anyhow::Result<SecretKey> {
    let place = file.display();
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read the key {place}; --generate makes one"))?;
    let boxed = |text: &str| {
        SecretKeyBox::from_string(text).with_context(|| format!("{place} is not a secret key of minisign's"))
    };
    if let Ok(key) = boxed(&text)?.into_unencrypted_secret_key() {
        return Ok(key);
    }
    let Some(password) = password else {
        bail!("the key {place} has a password; put it into {PASSWORD}");
    };
    let key = boxed(&text)?.into_secret_key(Some(password));
    key.with_context(|| format!("the key {place} cannot be opened with the password in {PASSWORD}"))
}

/// Makes a key pair, of which only its owner may read the secret half.
fn generate(file: &Path, password: Option<String>) -> anyhow::Result<()> {
    let pair = match &password {
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password.clone())),
        None => KeyPair::generate_unencrypted_keypair(),
    };
    let pair = pair.context("no key can be made")?;
    let secret = pair.sk.to_box(None).context("no key can be written")?.into_string();
    let public = pair.pk.to_box().context("no key can be written")?.into_string();
    for (file, text, mode) in [
        (file.to_owned(), secret, 0o600),
        (file.with_extension("pub"), public, 0o644),
    ] {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        options
            .open(&file)
            .and_then(|mut made| made.write_all(text.as_bytes()))
            .with_context(|| format!("cannot make the key {}", file.display()))?;
    }
    Ok(())
}
