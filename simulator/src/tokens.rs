//! Trusted-contact tokens: what an account gives to those it wants to hear from, so that they may write although they are strangers.
//!
//! Whoever writes to somebody issues them a token. It goes to the other side's companions, who send it along with what they write. The
//! service asks for it only of accounts it distrusts ([`Reachout::Restricted`]); clients agree on how long one is good.

pub(crate) mod saved;

use std::collections::BTreeMap;

use crate::address::AccountId;
use crate::world::World;

/// Seconds in one of the periods tokens are counted by (the clients' default of `tctoken_duration`).
const PERIOD_S: u64 = 604_800;
/// A token is good in the period it was issued in and the three after (the clients' default of `tctoken_num_buckets`).
const PERIODS: u64 = 4;

/// Whether the service lets an account write to strangers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reachout {
    /// It may write to anybody.
    #[default]
    Open,
    /// Only to accounts that have it as a contact, or whose token it sends along: anything else is refused with 463.
    Restricted,
}

/// One token.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) bytes: Vec<u8>,
    /// When it was issued, in seconds, as the issuer's client says.
    pub(crate) issued_s: u64,
}

impl Token {
    fn good(&self, now_s: u64) -> bool {
        let first = (now_s / PERIOD_S).saturating_sub(PERIODS - 1) * PERIOD_S;
        self.issued_s >= first
    }
}

/// The tokens an account has issued: the newest for each other account.
#[derive(Default)]
pub(crate) struct Tokens {
    issued: BTreeMap<AccountId, Token>,
}

impl Tokens {
    pub(crate) fn issue(&mut self, to: AccountId, token: Token) {
        self.issued.insert(to, token);
    }

    /// The token `holder` has, while it is good.
    pub(crate) fn of(&self, holder: AccountId, now_s: u64) -> Option<&Token> {
        self.issued.get(&holder).filter(|token| token.good(now_s))
    }
}

impl World {
    /// Whether `sender` may write to `to`, sending along `token`. A restricted account may go on with whoever has written to it.
    pub(crate) fn may_reach(&self, sender: AccountId, to: AccountId, token: Option<&[u8]>) -> bool {
        match self.account(sender).reachout {
            Reachout::Open => true,
            Reachout::Restricted => {
                let state = self.account(to);
                let shown = |issued: &Token| token.is_some_and(|token| token == issued.bytes);
                sender == to
                    || state.privacy.contacts.contains(&sender)
                    || state.tokens.of(sender, self.now_s()).is_some_and(shown)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_four_weeks_counted_from_the_start_of_its_own() {
        let token = Token {
            bytes: vec![1],
            issued_s: 10 * PERIOD_S + 5,
        };
        assert!(token.good(10 * PERIOD_S + 5));
        assert!(token.good(14 * PERIOD_S - 1));
        assert!(!token.good(14 * PERIOD_S));
    }
}
