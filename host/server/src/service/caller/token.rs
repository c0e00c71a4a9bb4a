//! What a login gives out for every request: a signed token that says which login it is of and when it ends. HS256, under a key derived
//! from the master key.
//!
//! The signature saves nobody a look at the login's record: a token opens nothing once the login has ended.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use waspnest_core::clock::UnixMs;
use waspnest_core::id::{LoginId, TenantId, UserId};
use waspnest_core::master_key::MasterKey;

/// Who makes them.
const ISSUER: &str = "waspnest";

/// What a token says. The names are those of RFC 7519, and `sid` of OpenID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    /// The user.
    pub sub: UserIdText,
    /// The login.
    pub sid: LoginIdText,
    /// The user's tenant.
    pub ten: TenantIdText,
    /// When it was made, in seconds.
    pub iat: u64,
    /// When it ends, in seconds.
    pub exp: u64,
}

macro_rules! texts {
    ($($name:ident($id:ty);)+) => {$(
        /// An id as its text.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub $id);

        impl TryFrom<String> for $name {
            type Error = waspnest_core::id::InvalidId;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse().map(Self)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0.to_string()
            }
        }
    )+};
}

texts! {
    UserIdText(UserId);
    LoginIdText(LoginId);
    TenantIdText(TenantId);
}

/// Makes and reads them. Clones are the same.
#[derive(Clone)]
pub struct AccessTokens {
    sign: EncodingKey,
    verify: DecodingKey,
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessTokens(…)")
    }
}

impl AccessTokens {
    /// Under a key that only the holder of the master key can compute.
    #[must_use]
    pub fn under(master: &MasterKey) -> Self {
        let key = master.derive("waspnest.access-token.1", b"");
        Self {
            sign: EncodingKey::from_secret(&key),
            verify: DecodingKey::from_secret(&key),
        }
    }

    /// A token of a login.
    #[expect(clippy::expect_used, reason = "see the expectation's own words")]
    #[must_use]
    pub fn make(&self, user: UserId, tenant: TenantId, login: LoginId, now: UnixMs, end: UnixMs) -> String {
        let claims = Claims {
            iss: ISSUER.into(),
            sub: UserIdText(user),
            sid: LoginIdText(login),
            ten: TenantIdText(tenant),
            iat: now.0 / 1000,
            exp: end.0 / 1000,
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
            .expect("plain claims under a symmetric key are signed")
    }

    /// What a token says; none when it is not ours, was changed, or has ended.
    #[must_use]
    pub fn read(&self, text: &str, now: UnixMs) -> Option<Claims> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["iss", "exp", "sub"]);
        // The crate would ask the machine's clock.
        rules.validate_exp = false;
        let claims = decode::<Claims>(text, &self.verify, &rules).ok()?.claims;
        (now.0 / 1000 < claims.exp).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ulid::Ulid;

    const NOW: UnixMs = UnixMs(1_800_000_000_000);
    const END: UnixMs = UnixMs(1_800_000_900_000);

    fn made(tokens: &AccessTokens) -> String {
        tokens.make(UserId::new(Ulid(1)), TenantId::DEFAULT, LoginId::new(Ulid(2)), NOW, END)
    }

    #[test]
    fn a_token_says_whose_it_is_until_it_ends() {
        let tokens = AccessTokens::under(&MasterKey::from_bytes([7; 32]));
        let text = made(&tokens);
        let claims = tokens.read(&text, NOW).expect("it is ours");
        assert_eq!(
            (claims.sub.0, claims.sid.0),
            (UserId::new(Ulid(1)), LoginId::new(Ulid(2)))
        );
        assert!(tokens.read(&text, UnixMs(END.0 - 1)).is_some());
        assert_eq!(tokens.read(&text, END), None);
        let other = AccessTokens::under(&MasterKey::from_bytes([8; 32]));
        assert_eq!(other.read(&text, NOW), None);
    }

    #[test]
    fn nothing_else_is_one() {
        let tokens = AccessTokens::under(&MasterKey::from_bytes([7; 32]));
        let text = made(&tokens);
        let parts: Vec<&str> = text.split('.').collect();
        let [head, body, signature] = parts[..] else {
            panic!("{text}")
        };
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"none"}"#);
        let longer = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"HS384"}"#);
        for wrong in [
            String::new(),
            "a.b.c".into(),
            format!("{unsigned}.{body}."),
            format!("{unsigned}.{body}.{signature}"),
            format!("{longer}.{body}.{signature}"),
            format!("{head}.{}.{signature}", body.to_uppercase()),
            format!("{head}.{body}"),
        ] {
            assert_eq!(tokens.read(&wrong, NOW), None, "{wrong}");
        }
    }
}
