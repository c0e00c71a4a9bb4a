//! Packages from registries that speak the OCI distribution API: `oci://registry/name@sha256:…`.
//!
//! The digest is that of the manifest, which names its layers by digest; both are compared before they are used. A plugin is one layer that
//! is a tar archive, or one layer for each file with the file's name as its title, as `oras push` makes them. Signing in goes as registries
//! ask for it: a challenge, and a token from where it points to, anonymously or with the operator's secret for that registry.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http::{StatusCode, Uri};
use serde::Deserialize;
use url::Url;
use waspnest_core::given::Given;
use waspnest_core::package::{MAX_BYTES, MAX_FILES, PackageDigest};
use waspnest_egress::Inbound;
use waspnest_engine::repack;

use super::fetch::{Fetch, failed, sha256, whole};
use super::{Arrived, RolloutError, archive, signature};

/// Bytes of the largest manifest; what registries take at least.
const MANIFEST_BYTES: u64 = 4 << 20;

/// Bytes of the largest answer with a token.
const TOKEN_BYTES: u64 = 64 << 10;

const MANIFESTS: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// What stands before the name of a file in its layer.
const TITLE: &str = "org.opencontainers.image.title";

/// Where a package is in a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    registry: Box<str>,
    name: Box<str>,
    /// Of the manifest; the form is that of all digests.
    manifest: PackageDigest,
}

impl FromStr for Reference {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let given = Given::of(text);
        let form = || format!("{given:?} is not a reference such as \"oci://ghcr.io/example/plugin@sha256:…\"");
        let rest = text.strip_prefix("oci://").ok_or_else(form)?;
        let (place, digest) = rest
            .split_once('@')
            .ok_or_else(|| format!("{given:?} names no digest; what a tag names can change: write …@sha256:…"))?;
        let (registry, name) = place.split_once('/').ok_or_else(form)?;
        let part = |part: &str| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
            part.starts_with(|first: char| first.is_ascii_alphanumeric()) && part.bytes().all(plain)
        };
        let is_authority =
            registry.parse::<Uri>().is_ok_and(|uri| uri.authority().is_some()) && !registry.contains('@');
        if !is_authority || name.len() > 255 || !name.split('/').all(part) {
            return Err(form());
        }
        Ok(Self {
            registry: registry.into(),
            name: name.into(),
            manifest: digest.parse().map_err(|error| format!("{given:?}: {error}"))?,
        })
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "oci://{}/{}@{}", self.registry, self.name, self.manifest)
    }
}

#[derive(Debug, Deserialize)]
struct Manifest {
    layers: Option<Vec<Layer>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    digest: PackageDigestText,
    size: u64,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// A digest in JSON.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct PackageDigestText(String);

impl TryFrom<String> for PackageDigestText {
    type Error = waspnest_core::package::InvalidDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse::<PackageDigest>().map(|_| Self(text))
    }
}

#[derive(Debug, Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// One registry, as one pull sees it.
struct Pull<'a> {
    fetch: &'a Fetch,
    reference: &'a Reference,
    /// The operator's secret for the registry.
    secret: Option<String>,
    authorization: Option<HeaderValue>,
}

/// The package that a reference names. `secrets` says in which files the operator's secrets for registries are.
pub(super) async fn pull(
    fetch: &Fetch,
    reference: &Reference,
    secrets: &BTreeMap<Box<str>, PathBuf>,
) -> Result<Arrived, RolloutError> {
    let secret = match secrets.get(&reference.registry) {
        None => None,
        Some(path) => {
            let read = std::fs::read_to_string(path);
            let read = read.map_err(|error| failed(format!("the secret {}: {error}", path.display())))?;
            Some(read.trim().to_owned())
        }
    };
    let mut pull = Pull {
        fetch,
        reference,
        secret,
        authorization: None,
    };
    let manifest = pull
        .get("manifests", &reference.manifest.to_string(), MANIFEST_BYTES)
        .await?;
    let manifest: Manifest =
        serde_json::from_slice(&manifest).map_err(|error| failed(format!("{reference}: its manifest: {error}")))?;
    let layers = manifest
        .layers
        .ok_or_else(|| failed(format!("{reference} is an index of images, and no image")))?;
    if layers.len() > MAX_FILES {
        return Err(failed(format!("{reference} has more than {MAX_FILES} layers")));
    }
    let bytes = layers.iter().fold(0_u64, |sum, layer| sum.saturating_add(layer.size));
    if bytes > MAX_BYTES {
        return Err(failed(format!("{reference} has more than {MAX_BYTES} bytes")));
    }
    let place = PathBuf::from(reference.to_string());
    let is_titled = |layer: &Layer| layer.annotations.contains_key(TITLE);
    match &layers[..] {
        [one] if !is_titled(one) => pull.archive(one, &place).await,
        [one] if !one.annotations[TITLE].ends_with("plugin.toml") => pull.archive(one, &place).await,
        all if !all.is_empty() && all.iter().all(is_titled) => {
            let mut files = BTreeMap::new();
            for layer in all {
                let content = pull.blob(layer).await?;
                files.insert(layer.annotations[TITLE].clone(), content);
            }
            Ok(Arrived {
                package: repack(&place, |name| files.get(name).cloned())?,
                signature: files.get(signature::FILE).cloned(),
                origin: reference.to_string(),
            })
        }
        _ => Err(failed(format!(
            "{reference} is neither one archive nor files that have names"
        ))),
    }
}

impl Pull<'_> {
    async fn archive(&mut self, layer: &Layer, place: &Path) -> Result<Arrived, RolloutError> {
        let (content, place) = (self.blob(layer).await?, place.to_owned());
        let unpacked = tokio::task::spawn_blocking(move || archive::unpack(&content, &place));
        unpacked.await.map_err(|error| RolloutError::Broken(error.into()))?
    }

    async fn blob(&mut self, layer: &Layer) -> Result<Bytes, RolloutError> {
        self.get("blobs", &layer.digest.0, layer.size).await
    }

    /// What a digest names, compared with it.
    async fn get(&mut self, kind: &str, digest: &str, most: u64) -> Result<Bytes, RolloutError> {
        let Reference { registry, name, .. } = self.reference;
        let here = registry.starts_with("localhost") || registry.starts_with("127.") || registry.starts_with("[::1]");
        let scheme = if here { "http" } else { "https" };
        let url = Url::parse(&format!("{scheme}://{registry}/v2/{name}/{kind}/{digest}"));
        let url = url.map_err(|error| failed(format!("{}: {error}", self.reference)))?;
        let mut answer = self.ask(&url, most).await?;
        if answer.status == StatusCode::UNAUTHORIZED && self.authorization.is_none() {
            self.authorization = Some(self.sign_in(&answer).await?);
            answer = self.ask(&url, most).await?;
        }
        let content = whole(&url, answer, most)?;
        let found = sha256(&content);
        if found != digest {
            return Err(failed(format!("{url} is not what was asked for, but {found}")));
        }
        Ok(content)
    }

    async fn ask(&self, url: &Url, most: u64) -> Result<Inbound, RolloutError> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(MANIFESTS));
        headers.extend(self.authorization.clone().map(|value| (AUTHORIZATION, value)));
        self.fetch.get(url, headers, most).await
    }

    /// What to send from now on, as the registry's challenge wants it.
    async fn sign_in(&self, refusal: &Inbound) -> Result<HeaderValue, RolloutError> {
        let wants = |what: &str| failed(format!("{} wants {what}", self.reference.registry));
        let challenge = refusal
            .headers
            .get(WWW_AUTHENTICATE)
            .and_then(|value| value.to_str().ok());
        let (scheme, rest) = challenge
            .and_then(|challenge| challenge.split_once(' '))
            .ok_or_else(|| wants("a password, and says not which"))?;
        let basic = self.secret.as_ref().map(|secret| {
            let credentials = match secret.contains(':') {
                true => secret.clone(),
                false => format!("token:{secret}"),
            };
            format!("Basic {}", STANDARD.encode(credentials))
        });
        if scheme.eq_ignore_ascii_case("basic") {
            return sensitive(&basic.ok_or_else(|| wants("a secret, and plugins.install.secrets has none for it"))?);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(wants(&format!("a way of signing in that is not known here: {scheme}")));
        }
        let fields = fields(rest);
        let realm = fields.get("realm").and_then(|realm| Url::parse(realm).ok());
        let mut url = realm.ok_or_else(|| wants("a token, and says not from where"))?;
        for field in ["service", "scope"] {
            if let Some(value) = fields.get(field) {
                url.query_pairs_mut().append_pair(field, value);
            }
        }
        let mut headers = HeaderMap::new();
        if let Some(basic) = &basic {
            headers.insert(AUTHORIZATION, sensitive(basic)?);
        }
        let answer = self.fetch.body(&url, headers, TOKEN_BYTES).await?;
        let Token { token, access_token } =
            serde_json::from_slice(&answer).map_err(|_| wants("a token, and gives none"))?;
        let token = token.or(access_token).ok_or_else(|| wants("a token, and gives none"))?;
        sensitive(&format!("Bearer {token}"))
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, RolloutError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| failed("a secret is no text that can be sent"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The fields of a challenge: `realm="https://…",service="…"`.
fn fields(text: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut rest = text;
    while let Some((name, behind)) = rest.split_once('=') {
        let (value, behind) = match behind.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => behind.split_once(',').unwrap_or((behind, "")),
        };
        let name = name.trim_matches(|c: char| c == ',' || c.is_whitespace());
        fields.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        rest = behind;
    }
    fields
}

#[cfg(test)]
mod tests;
