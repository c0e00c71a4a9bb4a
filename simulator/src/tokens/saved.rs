//! The tokens an account has issued, in a file.

use std::collections::BTreeMap;

use crate::saved::{Blob, Unsound, account_id};
use crate::tokens::{Token, Tokens};

#[derive(Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct SavedTokens(BTreeMap<usize, SavedToken>);

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedToken {
    bytes: Blob,
    issued_s: u64,
}

impl SavedTokens {
    pub(crate) fn of(tokens: &Tokens) -> Self {
        let issued = tokens.issued.iter().map(|(account, token)| {
            let token = SavedToken {
                bytes: Blob::of(&token.bytes),
                issued_s: token.issued_s,
            };
            (account.0, token)
        });
        Self(issued.collect())
    }

    /// The tokens again, in a world of `count` accounts.
    pub(crate) fn restore(self, count: usize) -> Result<Tokens, Unsound> {
        let mut tokens = Tokens::default();
        for (account, saved) in self.0 {
            let token = Token {
                bytes: saved.bytes.into_bytes(),
                issued_s: saved.issued_s,
            };
            tokens.issue(account_id(account, count)?, token);
        }
        Ok(tokens)
    }
}
