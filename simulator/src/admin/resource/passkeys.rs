//! Passkeys: linking to an account only with one. The simulator is the server and the phone; the client under test brings its authenticator.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::admin::answer::Shown;
use crate::admin::problem::Problem;
use crate::admin::route::{Route, delete, get, post};
use crate::admin::subject::OfAccount;
use crate::{Base64, Passkey};

/// Bytes of a point of P-256, uncompressed, with what says so in front.
const POINT: usize = 65;

pub(super) fn routes() -> Vec<Route> {
    vec![
        post(
            "/accounts/{phone}/passkey",
            "From now on, clients are linked only after they have shown this passkey.",
            require,
        )
        .example(
            r#"{
                "credential_id": "dGhlIG9uZQ==",
                "public_key": "BGsX0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivOM1drMV7Oy7ZAaDe/UfU="
            }"#,
        ),
        delete(
            "/accounts/{phone}/passkey",
            "Clients are linked without a passkey again.",
            release,
        ),
        get(
            "/accounts/{phone}/passkey/code",
            "The code on its phone while a client is being linked with a passkey; the client shows the same.",
            code,
        ),
    ]
}

/// A passkey the account has registered.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Require {
    /// Its credential id.
    credential_id: Base64,
    /// Its public key of P-256, as an uncompressed point: 65 bytes, of which the first is 4.
    public_key: Base64,
}

/// Whether clients need a passkey.
#[derive(Serialize, JsonSchema)]
struct Gate {
    required: bool,
}

async fn require(account: OfAccount, require: Require) -> Result<Shown<Gate>, Problem> {
    let (credential_id, public_key) = (require.credential_id.0, require.public_key.0);
    if credential_id.is_empty() || public_key.len() != POINT || public_key.first() != Some(&4) {
        return Err(Problem::bad_passkey());
    }
    let passkey = Passkey {
        credential_id,
        public_key,
    };
    account.simulator.require_passkey(&account.phone, Some(passkey))?;
    Ok(Shown(Gate { required: true }))
}

async fn release(account: OfAccount, _: Nothing) -> Result<Shown<Gate>, Problem> {
    account.simulator.require_passkey(&account.phone, None)?;
    Ok(Shown(Gate { required: false }))
}

/// What the phone's screen shows.
#[derive(Serialize, JsonSchema)]
struct Code {
    /// Nothing when no client has shown its passkey.
    code: Option<String>,
}

async fn code(account: OfAccount, _: Nothing) -> Result<Shown<Code>, Problem> {
    let code = account.simulator.passkey_code(&account.phone)?;
    Ok(Shown(Code { code }))
}
