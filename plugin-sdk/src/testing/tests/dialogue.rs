//! Waits end with an answer or with their time.

use core::time::Duration;

use crate::dialogue::{self, State};
use crate::testing::{Host, direct_text};
use crate::types::{EventContext, HandlerError, Message, Outcome, Pending};
use crate::{MessageHandler, ReplyHandler, messaging};

/// Asks for a size and then for a colour.
struct Shop;

impl MessageHandler for Shop {
    fn on_message(_: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        dialogue::sender().expect(State::new("size").with(&"shirt")?, Duration::from_secs(60))?;
        messaging::reply(msg, "which size?")?;
        Ok(Outcome::next())
    }
}

impl ReplyHandler for Shop {
    fn on_reply(_: &EventContext, pending: &Pending, msg: Option<&Message>) -> Result<Outcome, HandlerError> {
        let Some(msg) = msg else {
            dialogue::sender().set(State::new("gone"))?;
            return Ok(Outcome::next());
        };
        let what: String = pending.read()?;
        match msg.text() {
            Some("huge") => return Err(HandlerError::reject("no such size")),
            Some("wait") => {
                assert!(!dialogue::sender().cancel()?, "the wait is over for the call");
                dialogue::sender().expect(State::new(&pending.name).with(&what)?, Duration::from_secs(60))?;
            }
            _ => drop(messaging::reply(
                msg,
                format!("a {what} of {} {:?}", pending.name, msg.text()),
            )?),
        }
        Ok(Outcome::next())
    }
}

#[test]
fn waits_end_with_an_answer_or_with_their_time() {
    let mut host = Host::new();
    assert!(host.reply::<Shop>(&direct_text("large")).is_none(), "nobody waits yet");
    host.message::<Shop>(&direct_text("buy")).expect("it asks");
    host.reply::<Shop>(&direct_text("huge"))
        .expect("it waits")
        .expect_err("it rejects");
    host.reply::<Shop>(&direct_text("wait"))
        .expect("it still waits")
        .expect("it waits on");
    host.reply::<Shop>(&direct_text("large"))
        .expect("it still waits")
        .expect("it answers");
    assert!(host.reply::<Shop>(&direct_text("large")).is_none(), "it has its answer");
    assert_eq!(host.texts(), ["which size?", r#"a shirt of size Some("large")"#]);

    host.message::<Shop>(&direct_text("buy")).expect("it asks");
    let before = host.now();
    host.expire::<Shop>().expect("it waits").expect("it notes");
    assert_eq!(host.now(), before + 60_000);
    assert!(host.expire::<Shop>().is_none());

    host.message::<Shop>(&direct_text("buy")).expect("it asks");
    host.set_now(host.now() + 60_000);
    assert!(host.reply::<Shop>(&direct_text("large")).is_none(), "it is too late");
    let mut denied = Host::new().without_grant("dialogue");
    denied
        .message::<Shop>(&direct_text("buy"))
        .expect_err("it may not wait");
}
