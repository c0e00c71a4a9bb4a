//! Secrets are used, and read where that is granted.

use crate::testing::{Host, direct_text};
use crate::types::{EventContext, HandlerError, Message, Outcome};
use crate::{MessageHandler, http::Request, messaging, secrets};

/// Signs, sends and reads a secret.
struct Signer;

impl MessageHandler for Signer {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        let code = secrets::hmac_sha256("key", b"Hi there")?;
        messaging::reply(msg, format!("{:02x}{:02x}", code[0], code[1]))?;
        let token = secrets::place("key");
        Request::get("https://api.example.com/")
            .header("authorization", token)
            .send()?
            .ok()?;
        messaging::reply(msg, secrets::reveal("key")?)?;
        Ok(Outcome::next())
    }
}

#[test]
fn a_secret_is_used_by_its_name() {
    let mut host = Host::new()
        .with_secret("key", "swordfish")
        .with_http(|_| Some((200, String::new())));
    host.message::<Signer>(&direct_text("go")).expect("succeeds");
    assert_eq!(host.texts(), ["0700", "swordfish"]);
    assert_eq!(
        host.requests()[0].headers,
        [("authorization".to_owned(), "{{secret:key}}".to_owned())],
        "requests are as the plugin wrote them"
    );
}

#[test]
fn a_secret_needs_its_grant_and_a_value() {
    let refusal = |mut host: Host| match host.message::<Signer>(&direct_text("go")) {
        Err(HandlerError::Reject(words)) => words,
        other => panic!("{other:?}"),
    };
    let denied = refusal(Host::new().with_secret("key", "swordfish").without_grant("secrets"));
    assert!(denied.contains("secrets"), "{denied}");
    let missing = refusal(Host::new());
    assert!(
        missing.contains("not found") || missing.contains("secrets.hmac-sha256"),
        "{missing}"
    );
}
