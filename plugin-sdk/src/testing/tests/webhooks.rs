//! What servers are told is told when the handler succeeds.

use crate::testing::{Effect, Host, direct_text};
use crate::types::{EventContext, HandlerError, Message, Outcome};
use crate::{MessageHandler, webhooks};

/// Tells of every text, and fails after the fact at "fail".
struct Teller;

impl MessageHandler for Teller {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        webhooks::emit("crm", "said", &msg.text())?;
        match msg.text() {
            Some("fail") => Err(HandlerError::reject("told to")),
            _ => Ok(Outcome::next()),
        }
    }
}

#[test]
fn what_was_told_is_an_effect() {
    let mut host = Host::new();
    host.message::<Teller>(&direct_text("fail")).expect_err("it fails");
    host.message::<Teller>(&direct_text("hello")).expect("it succeeds");
    let [
        Effect::Told {
            endpoint, event, data, ..
        },
    ] = host.effects()
    else {
        panic!("{:?}", host.effects())
    };
    assert_eq!(
        (endpoint.as_str(), event.as_str(), data.as_str()),
        ("crm", "said", Some("hello"))
    );
    let mut host = Host::new().without_grant("webhooks");
    host.message::<Teller>(&direct_text("hello")).expect_err("it is denied");
}
