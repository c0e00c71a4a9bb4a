//! Commands have their arguments by name.

use crate::testing::{Host, direct_text};
use crate::types::{Arg, Command, EventContext, HandlerError, Message, Outcome};
use crate::{CommandHandler, kv, messaging};

/// Books what it is told to.
struct Booking;

impl CommandHandler for Booking {
    fn on_command(_: &EventContext, cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError> {
        match *cmd.words() {
            ["book"] => {
                let (when, length) = (cmd.when("when"), cmd.duration("length"));
                kv::chat()?.put("booked", &when)?;
                messaging::reply(
                    msg,
                    format!(
                        "{when:?} {length:?} {:?} {:?}",
                        cmd.text("subject"),
                        cmd.integer("subject")
                    ),
                )?;
            }
            ["book", "list"] => drop(messaging::reply(msg, format!("{:?}", cmd.items("of")))?),
            _ => return Err(HandlerError::reject("no such command")),
        }
        Ok(Outcome::next())
    }
}

#[test]
fn commands_have_their_arguments_by_name() {
    let mut host = Host::new();
    let book = Command::new("book")
        .with("when", Arg::When(5))
        .with("subject", Arg::Rest("a tooth".into()));
    host.command::<Booking>(&book, &direct_text("/book now a tooth"))
        .expect("it books");
    let list = Command::new("book")
        .under("list")
        .with("of", Arg::Items(vec!["all".into()]));
    host.command::<Booking>(&list, &direct_text("/book list all"))
        .expect("it lists");
    host.command::<Booking>(&Command::new("x"), &direct_text("/x"))
        .expect_err("there is none");
    assert_eq!(host.texts(), [r#"Some(5) None Some("a tooth") None"#, r#"["all"]"#]);
}
