//! How a session is linked and kept, over REST.

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use waspnest_simulator::{NewAccount, Passkey};

use super::host::{Host, PATIENCE};
use super::rest::{holds, start};

/// Another session beside the linked one, and an account that it can be linked to.
async fn unlinked(host: &Host) -> Result<String> {
    let account = host.simulator.create_account(NewAccount {
        push_name: "Second".into(),
        phone: None,
    })?;
    let (status, told) = call(
        host,
        "POST",
        "/v1/sessions",
        json!({ "name": "second", "connect": false }),
    )
    .await?;
    ensure!(status == 201, "{told:#}");
    Ok(account.phone)
}

async fn call(host: &Host, method: &str, path: &str, body: Value) -> Result<(u16, Value)> {
    let body = match body {
        Value::Null => Vec::new(),
        body => body.to_string().into_bytes(),
    };
    host.api(method, path, "application/json", body).await
}

/// Asks until the answer is as wanted.
async fn until(host: &Host, path: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
    let asked = async {
        loop {
            let (_, told) = call(host, "GET", path, Value::Null).await?;
            if wanted(&told) {
                return Ok::<_, anyhow::Error>(told);
            }
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.context("it did not come")?
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_typed_into_the_phone() -> Result<()> {
    let host = start().await?;
    let phone = unlinked(&host).await?;
    let path = "/v1/sessions/second/pairing-code";
    let (status, told) = call(&host, "POST", path, json!({ "phone": format!("+{phone}") })).await?;
    ensure!(status == 200, "{told:#}");
    let code = told["code"].as_str().context("a code")?;
    host.simulator.enter_code(&phone, code).await?;
    until(&host, "/v1/sessions/second/status", |status| {
        status["state"] == "connected"
    })
    .await?;
    let (status, told) = call(&host, "POST", path, json!({ "phone": phone })).await?;
    ensure!((status, &told["code"]) == (409, &json!("already_linked")), "{told:#}");
    // The session is called by its number now.
    let (status, told) = call(&host, "GET", &format!("/v1/sessions/+{phone}"), Value::Null).await?;
    ensure!(status == 200 && told["name"] == "second", "{told:#}");
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_wants_its_passkey_seen_is_linked_after_both_show_the_same_code() -> Result<()> {
    let host = start().await?;
    let phone = unlinked(&host).await?;
    let random = SystemRandom::new();
    let unusable = |_| anyhow::anyhow!("the key cannot be used");
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).map_err(unusable)?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random);
    let key = key.map_err(|_| anyhow::anyhow!("the key cannot be used"))?;
    let credential = b"the one credential";
    let passkey = Passkey {
        credential_id: credential.to_vec(),
        public_key: key.public_key().as_ref().to_vec(),
    };
    host.simulator.require_passkey(&phone, Some(passkey))?;

    let (status, told) = call(&host, "POST", "/v1/sessions/second:connect", Value::Null).await?;
    ensure!(status == 202, "{told:#}");
    let qr = until(&host, "/v1/sessions/second/qr?wait=30", |qr| qr["text"].is_string()).await?;
    let place = "/v1/sessions/second/passkey";
    let (status, told) = call(&host, "POST", place, json!({ "step": "confirm" })).await?;
    ensure!((status, &told["code"]) == (409, &json!("not_now")), "{told:#}");
    let code = qr["text"].as_str().context("a code")?.to_owned();
    let scan = host.simulator.scan_qr(&phone, &code);
    let show = async {
        let asked = until(&host, place, |told| told["state"] == "requested").await?;
        let options = &asked["options"];
        let challenge = options["challenge"]
            .as_str()
            .context("a challenge")?
            .trim_end_matches('=');
        let client =
            format!(r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"https://web.whatsapp.com"}}"#);
        let party = options["rpId"].as_str().context("a party")?;
        let mut data = Sha256::digest(party).to_vec();
        data.extend([0b101, 0, 0, 0, 7]);
        let signed = [&data[..], &Sha256::digest(client.as_bytes())[..]].concat();
        let signature = key
            .sign(&random, &signed)
            .map_err(|_| anyhow::anyhow!("it signs nothing"))?;
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let shown = json!({
            "step": "credential", "id": encoded(credential), "client_data_json": encoded(client.as_bytes()),
            "authenticator_data": encoded(&data), "signature": encoded(signature.as_ref()),
        });
        let (status, told) = call(&host, "POST", place, shown).await?;
        ensure!(status == 204, "{told:#}");
        let compare = until(&host, place, |told| told["state"] == "compare").await?;
        let same = |code: &str| code.replace(['-', ' '], "");
        let phone_shows = host
            .simulator
            .passkey_code(&phone)?
            .context("the phone shows one too")?;
        let shows = compare["code"].as_str().context("a code")?;
        ensure!(same(shows) == same(&phone_shows), "{shows} is not {phone_shows}");
        let (status, told) = call(&host, "POST", place, json!({ "step": "confirm" })).await?;
        ensure!(status == 204, "{told:#}");
        Ok(())
    };
    let (scanned, shown) = tokio::join!(scan, show);
    shown?;
    scanned?;
    until(&host, "/v1/sessions/second/status", |status| {
        status["state"] == "connected"
    })
    .await?;
    holds(
        &call(&host, "GET", place, Value::Null).await?.1,
        &json!({ "state": "none" }),
    )?;
    host.stop().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_says_how_it_is_and_starts_anew_when_told() -> Result<()> {
    let host = start().await?;
    host.ana.say(&host.phone, "hello").await?;
    let path = "/v1/sessions/main/status";
    let status = until(&host, path, |told| told["last_message_received"].is_string()).await?;
    ensure!(
        status["state"] == "connected" && status["last_round_trip"].is_string(),
        "{status:#}"
    );
    let activity = &status["activity"];
    for counted in ["bytes_sent", "bytes_received", "memory_bytes"] {
        ensure!(
            activity[counted].as_u64().is_some_and(|number| number > 0),
            "{counted}: {status:#}"
        );
    }
    let since = status["since"].clone();
    let (answered, told) = call(&host, "POST", "/v1/sessions/main:restart", Value::Null).await?;
    ensure!(answered == 202, "{told:#}");
    let fresh = |told: &Value| told["state"] == "connected" && told["since"] != since;
    let since = until(&host, path, fresh).await?["since"].clone();
    let (answered, told) = call(&host, "POST", "/v1/sessions:reconnect", Value::Null).await?;
    ensure!((answered, &told["sessions"]) == (202, &json!(1)), "{told:#}");
    until(&host, path, |told| {
        told["state"] == "connected" && told["since"] != since
    })
    .await?;

    let (answered, told) = call(&host, "PATCH", "/v1/sessions/main", json!({ "connect": false })).await?;
    ensure!(answered == 200 && told["status"]["state"] == "disconnected", "{told:#}");
    let (answered, told) = call(&host, "GET", "/v1/sessions/main/groups", Value::Null).await?;
    ensure!(
        (answered, &told["code"]) == (503, &json!("session_not_connected")),
        "{told:#}"
    );
    host.stop().await
}
