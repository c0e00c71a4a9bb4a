//! Secrets in requests: the guest writes `{{secret:NAME}}`, the host puts the secret there behind its back.
//!
//! What is kept of a request, and by which it is found again, is what the guest wrote. What comes back is searched for the secrets that
//! were sent, so that a server that repeats what it is told does not show them.

use http::{HeaderName, HeaderValue};
use url::form_urlencoded::byte_serialize;
use waspnest_core::id::SecretName;

use super::{Asked, FillBody, Kept};
use crate::bindings::waspnest::plugin::types::Error;
use crate::capability::{Answer, granted, invalid};
use crate::host::HttpRequest;
use crate::secret::{BoundSecret, Passing, forms};
use crate::state::Call;

const OPEN: &[u8] = b"{{secret:";
const CLOSE: &[u8] = b"}}";

/// Secrets that are in a request, and where.
#[derive(Default)]
pub(in crate::capability) struct Filled {
    secrets: Vec<(SecretName, BoundSecret)>,
    headers: Vec<(HeaderName, SecretName)>,
    body: Vec<SecretName>,
}

/// A part of a text with places for secrets.
enum Piece<'a> {
    Text(&'a [u8]),
    Place(&'a str),
}

fn pieces<'a>(what: &str, mut text: &'a [u8]) -> Result<Vec<Piece<'a>>, Error> {
    let mut pieces = Vec::new();
    while let Some(at) = find(text, OPEN) {
        let behind = &text[at + OPEN.len()..];
        let name = find(behind, CLOSE)
            .and_then(|end| std::str::from_utf8(&behind[..end]).ok())
            .ok_or_else(|| invalid(what, "a place for a secret is written {{secret:NAME}}"))?;
        pieces.push(Piece::Text(&text[..at]));
        pieces.push(Piece::Place(name));
        text = &behind[name.len() + CLOSE.len()..];
    }
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

impl Call {
    /// Puts secrets where a request has places for them.
    pub(super) async fn fill(&self, asked: &mut Asked) -> Answer<Filled> {
        let mut filled = Filled::default();
        let url = asked.request.url.clone();
        if url.path().to_ascii_lowercase().contains("%7b%7bsecret:") {
            return Ok(Err(invalid("url", "a secret in a URL stands in its query")));
        }
        if let Some(query) = url.query() {
            let encoded = |secret: &str| byte_serialize(secret.as_bytes()).collect::<String>().into_bytes();
            let (text, names) = granted!(self.filled("url", query.as_bytes(), &mut filled, encoded, &url).await?);
            if !names.is_empty() {
                // Made of a text and of ASCII.
                asked.request.url.set_query(std::str::from_utf8(&text).ok());
            }
        }
        for (name, value) in &mut asked.request.headers {
            let what = format!("header {name}");
            let raw = |secret: &str| secret.as_bytes().to_vec();
            let (text, names) = granted!(self.filled(&what, value.as_bytes(), &mut filled, raw, &url).await?);
            if names.is_empty() {
                continue;
            }
            let Ok(mut with_secret) = HeaderValue::from_bytes(&text) else {
                return Ok(Err(invalid(&what, "the secret has characters that no header can have")));
            };
            with_secret.set_sensitive(true);
            *value = with_secret;
            filled
                .headers
                .extend(names.into_iter().map(|secret| (name.clone(), secret)));
        }
        match asked.fill_body {
            FillBody::No => {}
            FillBody::Yes => {
                let raw = |secret: &str| secret.as_bytes().to_vec();
                let body = asked.request.body.clone();
                let (text, names) = granted!(self.filled("body", &body, &mut filled, raw, &url).await?);
                asked.request.body = text.into();
                filled.body = names;
            }
        }
        Ok(Ok(filled))
    }

    /// A text with its places filled, and which secrets are in it.
    async fn filled(
        &self,
        what: &str,
        text: &[u8],
        filled: &mut Filled,
        encode: impl Fn(&str) -> Vec<u8>,
        url: &url::Url,
    ) -> Answer<(Vec<u8>, Vec<SecretName>)> {
        let mut whole = Vec::with_capacity(text.len());
        let mut names = Vec::new();
        for piece in granted!(pieces(what, text)) {
            match piece {
                Piece::Text(text) => whole.extend_from_slice(text),
                Piece::Place(name) => {
                    let name = granted!(self.secret_name(what, name));
                    let secret = match filled.of(&name) {
                        Some(secret) => secret.clone(),
                        None => {
                            let secret = granted!(self.secret(&name).await?);
                            filled.secrets.push((name.clone(), secret.clone()));
                            secret
                        }
                    };
                    granted!(bound(&name, &secret, url));
                    whole.extend_from_slice(&encode(secret.text.expose()));
                    names.push(name);
                }
            }
        }
        Ok(Ok((whole, names)))
    }
}

fn bound(name: &SecretName, secret: &BoundSecret, url: &url::Url) -> Result<(), Error> {
    if secret.may_go_to(url) {
        return Ok(());
    }
    Err(Error::Denied(format!(
        "secrets: {name} is not bound to {}",
        url.host_str().unwrap_or_default()
    )))
}

impl Filled {
    fn of(&self, name: &SecretName) -> Option<&BoundSecret> {
        self.secrets
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, secret)| secret)
    }

    /// Whether what is still in a request may go where a redirect leads.
    pub(super) fn check(&self, request: &HttpRequest) -> Result<(), Error> {
        let in_headers = self
            .headers
            .iter()
            .filter(|(header, _)| request.headers.contains_key(header))
            .map(|(_, name)| name);
        let in_body = self.body.iter().filter(|_| !request.body.is_empty());
        for name in in_headers.chain(in_body) {
            if let Some(secret) = self.of(name) {
                bound(name, secret, &request.url)?;
            }
        }
        Ok(())
    }

    /// Takes secrets out of an answer.
    pub(super) fn redact(&self, kept: &mut Kept) {
        for (name, secret) in &self.secrets {
            let place = format!("{{{{secret:{name}}}}}");
            for form in forms(secret.text.expose()) {
                replace_in(&mut kept.body, form.as_bytes(), place.as_bytes());
                if kept.truncated {
                    // The end may be the beginning of a secret.
                    let longest = form.len().min(kept.body.len());
                    let partial = (1..=longest).rev().find(|length| {
                        let end = &kept.body[kept.body.len() - length..];
                        form.as_bytes().starts_with(end)
                    });
                    kept.body.truncate(kept.body.len() - partial.unwrap_or(0));
                }
            }
        }
        for (_, value) in &mut kept.headers {
            *value = self.redact_text(std::mem::take(value));
        }
        kept.url = self.redact_text(std::mem::take(&mut kept.url));
    }

    /// Takes secrets out of a body that comes in pieces.
    pub(super) fn passing(&self) -> Passing {
        let secrets = self.secrets.iter();
        Passing::without(secrets.map(|(name, secret)| (secret.text.expose(), format!("{{{{secret:{name}}}}}"))))
    }

    /// Takes secrets out of a part of an answer's beginning.
    pub(super) fn redact_text(&self, mut text: String) -> String {
        for (name, secret) in &self.secrets {
            for form in forms(secret.text.expose()) {
                text = text.replace(&form, &format!("{{{{secret:{name}}}}}"));
            }
        }
        text
    }

    /// Takes secrets out of words.
    pub(super) fn redact_words(&self, words: String) -> String {
        let forms = self.secrets.iter().flat_map(|(_, secret)| forms(secret.text.expose()));
        forms.fold(words, |words, form| words.replace(&form, "…"))
    }
}

fn replace_in(text: &mut Vec<u8>, what: &[u8], with: &[u8]) {
    if find(text, what).is_none() {
        return;
    }
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = &text[..];
    while let Some(at) = find(rest, what) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    replaced.extend_from_slice(rest);
    *text = replaced;
}
