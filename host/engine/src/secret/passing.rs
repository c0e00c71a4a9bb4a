//! Secrets taken out of bytes that come in pieces.
//!
//! A secret may begin in one piece and end in another, so the end of what has come is held back for as long as it may be the beginning of
//! one. Where several secrets begin alike, the longest that is there is taken out.

use url::form_urlencoded::byte_serialize;

/// A secret as servers may repeat it: as it is, as it stands in URLs, as it stands in JSON.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(secret).to_string();
    let mut forms = vec![
        secret.to_owned(),
        byte_serialize(secret.as_bytes()).collect(),
        quoted[1..quoted.len() - 1].to_owned(),
    ];
    forms.dedup();
    forms
}

/// What passes, without secrets.
#[derive(Default)]
pub(crate) struct Passing {
    /// Forms of secrets, the longest first, with what stands for each.
    secrets: Vec<(Vec<u8>, Vec<u8>)>,
    held: Vec<u8>,
}

/// Whether more can come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum More {
    Comes,
    DoesNot,
}

impl Passing {
    /// Takes these out, and says instead what stands beside each.
    pub(crate) fn without<'a>(secrets: impl IntoIterator<Item = (&'a str, String)>) -> Self {
        let mut found: Vec<(Vec<u8>, Vec<u8>)> = secrets
            .into_iter()
            .flat_map(|(secret, stands_for)| {
                let both = move |form: String| (form.into_bytes(), stands_for.clone().into_bytes());
                forms(secret).into_iter().map(both)
            })
            .filter(|(form, _)| !form.is_empty())
            .collect();
        found.sort_by_key(|(form, _)| std::cmp::Reverse(form.len()));
        Self {
            secrets: found,
            held: Vec::new(),
        }
    }

    /// What may pass after these bytes have come.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        self.pass(More::Comes)
    }

    /// What was held back, after the last bytes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        self.pass(More::DoesNot)
    }

    fn pass(&mut self, more: More) -> Vec<u8> {
        let text = std::mem::take(&mut self.held);
        if self.secrets.is_empty() {
            return text;
        }
        let mut passed = Vec::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            let here = &text[at..];
            // Longest first: one that may still be completed comes before a shorter one that is there.
            let begun = self.secrets.iter().find(|(form, _)| {
                here.starts_with(form) || (more == More::Comes && form.len() > here.len() && form.starts_with(here))
            });
            match begun {
                Some((form, stands_for)) if here.starts_with(form) => {
                    passed.extend_from_slice(stands_for);
                    at += form.len();
                }
                Some(_) => {
                    self.held = here.to_vec();
                    break;
                }
                None => {
                    passed.push(here[0]);
                    at += 1;
                }
            }
        }
        passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(pieces: &[&str]) -> Vec<String> {
        let mut passing = Passing::without([("swordfish", "{1}".to_owned()), ("sword/2", "{2}".to_owned())]);
        let mut said: Vec<Vec<u8>> = pieces.iter().map(|piece| passing.push(piece.as_bytes())).collect();
        said.push(passing.rest());
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a text");
        said.into_iter().map(text).collect()
    }

    #[test]
    fn a_secret_is_taken_out_wherever_it_is_cut() {
        let text = "a swordfish b";
        for cut in 0..text.len() {
            let whole = passed(&[&text[..cut], &text[cut..]]).concat();
            assert_eq!(whole, "a {1} b", "cut at {cut}");
        }
        let letters: Vec<String> = text.chars().map(String::from).collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        assert_eq!(passed(&letters).concat(), "a {1} b");
    }

    #[test]
    fn what_only_begins_like_a_secret_passes_late() {
        assert_eq!(
            passed(&["a sword", "s and s", "words"]),
            ["a ", "swords and ", "sword", "s"]
        );
        assert_eq!(passed(&["a sword"]), ["a ", "sword"]);
        assert_eq!(passed(&["sword/", "2 sword%2F2 swordfish"]), ["", "{2} {2} {1}", ""]);
    }
}
