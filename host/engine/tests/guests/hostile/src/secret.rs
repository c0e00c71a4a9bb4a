//! Secrets: used, looked at, and let slip.

use crate::host_call::{fetched, said};
use waspnest_plugin::http::Request;
use waspnest_plugin::types::HandlerError;
use waspnest_plugin::{error, secrets};

/// Does what a word says; `rest` is what follows it.
pub(crate) fn word(word: &str, rest: &str) -> Result<String, HandlerError> {
    let (name, url) = rest.split_once(' ').unwrap_or((rest, ""));
    let place = secrets::place(name);
    Ok(match word {
        "secret-header" => fetched(&Request::get(url).header("x-token", format!("Bearer {place}"))),
        "secret-query" => fetched(&Request::get(format!("{url}?token={place}"))),
        "secret-body" => fetched(&Request::post(url).body(format!("is {place}")).secrets_in_body()),
        "no-secret-body" => fetched(&Request::post(url).body(format!("is {place}"))),
        "secret-path" => fetched(&Request::get(format!("{rest}/{}", secrets::place("token")))),
        "secret-broken" => fetched(&Request::get(rest).header("x-token", "{{secret:token")),
        "sign" | "sign-much" => {
            let data = if word == "sign" {
                b"Hi there".to_vec()
            } else {
                vec![0; (1 << 20) + 1]
            };
            match secrets::hmac_sha256(name, &data) {
                Ok(code) => format!("{:02x}{:02x}", code[0], code[1]),
                Err(error) => error.to_string(),
            }
        }
        "secret" => said(secrets::get(name).map(|_| "there")),
        "reveal" => {
            let text = secrets::reveal(name);
            error!("it is {text:?}", secret = text.as_deref().unwrap_or_default());
            text.map_or_else(|error| error.to_string(), |text| text[..5].into())
        }
        "reveal-reject" => return Err(HandlerError::reject(format!("it is {}", secrets::reveal(name)?))),
        "reveal-trap" => panic!("it is {}", secrets::reveal(name)?),
        _ => loop {
            if let Err(error) = secrets::get("token") {
                break error.to_string();
            }
        },
    })
}
