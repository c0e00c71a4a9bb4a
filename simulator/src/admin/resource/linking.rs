//! Calls about companions: linking them by either kind of code, and removing them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::admin::answer::{Created, Shown};
use crate::admin::problem::Problem;
use crate::admin::route::{Route, get, post};
use crate::admin::subject::OfAccount;
use crate::{CodeRequest, LinkedDevice};

pub(super) fn routes() -> Vec<Route> {
    vec![
        post(
            "/accounts/{phone}/scan",
            "Its phone scans a pairing code and links the client.",
            scan,
        )
        .example(r#"{"qr": "2@ref,noise key,identity key,secret,1"}"#),
        get(
            "/accounts/{phone}/code",
            "The client that waits for its code to be typed, if one does.",
            asked,
        ),
        post(
            "/accounts/{phone}/code",
            "Somebody types the eight characters a client shows into the phone.",
            typed,
        )
        .example(r#"{"code": "ABCD-1234"}"#),
        post("/accounts/{phone}/unlink", "Its phone removes a companion.", unlink).example(r#"{"device": 1}"#),
    ]
}

/// What the phone's camera sees.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scan {
    /// The text of the QR code the client shows, with or without an address in front.
    qr: String,
}

/// The client that was linked.
#[derive(Serialize, JsonSchema)]
struct Linked {
    /// JID with the device.
    jid: String,
    /// The device alone.
    device: u16,
}

impl From<LinkedDevice> for Linked {
    fn from(linked: LinkedDevice) -> Self {
        Self {
            jid: linked.jid,
            device: linked.device,
        }
    }
}

async fn scan(account: OfAccount, scan: Scan) -> Result<Created<Linked>, Problem> {
    let linked = account.simulator.scan_qr(&account.phone, &scan.qr).await?;
    Ok(Created(linked.into()))
}

/// What the phone's screen shows.
#[derive(Serialize, JsonSchema)]
struct Asked {
    /// The client that waits; none when nobody asked.
    waiting: Option<CodeRequest>,
}

async fn asked(account: OfAccount, _: Nothing) -> Result<Shown<Asked>, Problem> {
    let waiting = account.simulator.code_request(&account.phone)?;
    Ok(Shown(Asked { waiting }))
}

/// What is typed into the phone.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Typed {
    /// Eight letters and digits, with or without the dash.
    code: String,
}

async fn typed(account: OfAccount, typed: Typed) -> Result<Created<Linked>, Problem> {
    let linked = account.simulator.enter_code(&account.phone, &typed.code).await?;
    Ok(Created(linked.into()))
}

/// Which companion.
#[derive(Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Unlink {
    /// Its number; the first one linked is 1.
    device: u16,
}

async fn unlink(account: OfAccount, unlink: Unlink) -> Result<Shown<Unlink>, Problem> {
    account.simulator.unlink(&account.phone, unlink.device)?;
    Ok(Shown(unlink))
}
