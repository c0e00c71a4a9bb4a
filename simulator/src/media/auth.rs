//! Who may upload: each account gets a token with `media_conn` and shows it with every upload.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::address::AccountId;
use crate::world::World;

/// Seconds a token is good for.
pub(crate) const TTL_S: u64 = 6 * 3600;

#[derive(Clone)]
struct Token {
    text: String,
    until_s: u64,
}

/// The tokens that are good now, one an account.
#[derive(Default)]
pub(crate) struct MediaAuth {
    of: HashMap<AccountId, Token>,
    by_text: HashMap<String, AccountId>,
}

impl MediaAuth {
    /// Forgets an account's token: its next upload is refused, upon which clients ask for another one.
    pub(crate) fn revoke(&mut self, account: AccountId) {
        if let Some(token) = self.of.remove(&account) {
            self.by_text.remove(&token.text);
        }
    }

    /// Whose token it is, if it is good at `now_s`.
    pub(crate) fn holder(&self, text: &str, now_s: u64) -> Option<AccountId> {
        let account = *self.by_text.get(text)?;
        (now_s < self.of.get(&account)?.until_s).then_some(account)
    }
}

impl World {
    /// An account's token, a new one when the old one has less than half its time left; and the seconds it is good for.
    pub(crate) fn media_token(&mut self, account: AccountId) -> (String, u64) {
        let now = self.now_s();
        if let Some(token) = self.media_auth.of.get(&account)
            && token.until_s > now + TTL_S / 2
        {
            return (token.text.clone(), token.until_s - now);
        }
        self.media_auth.revoke(account);
        // It goes into URLs as it is.
        let text = URL_SAFE_NO_PAD.encode(self.random_bytes::<24>());
        let token = Token {
            text: text.clone(),
            until_s: now + TTL_S,
        };
        self.media_auth.by_text.insert(text.clone(), account);
        self.media_auth.of.insert(account, token);
        (text, TTL_S)
    }
}
