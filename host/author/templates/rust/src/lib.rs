//! {{title}}: greets whoever says hi, and whomever it is told to greet.

use waspnest_plugin::types::{Command, EventContext, HandlerError, Message, Outcome};
use waspnest_plugin::{CommandHandler, MessageHandler, messaging};

/// The plugin.
pub struct Plugin;

impl MessageHandler for Plugin {
    fn on_message(_ctx: &EventContext, msg: &Message) -> Result<Outcome, HandlerError> {
        if msg.text() == Some("hi") {
            messaging::reply(msg, "Hello!")?;
        }
        Ok(Outcome::next())
    }
}

impl CommandHandler for Plugin {
    fn on_command(_ctx: &EventContext, cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError> {
        // The host has read the command, so that what plugin.toml requires is there.
        if let Some(who) = cmd.text("who") {
            messaging::reply(msg, format!("Hello, {who}!"))?;
        }
        Ok(Outcome::next())
    }
}

waspnest_plugin::export!(Plugin: MessageHandler, CommandHandler);

#[cfg(test)]
mod tests {
    use super::Plugin;
    use waspnest_plugin::testing::{Host, direct_text};
    use waspnest_plugin::types::{Arg, Command};

    #[test]
    fn greets_who_says_hi_and_nobody_else() {
        let mut host = Host::new();
        host.message::<Plugin>(&direct_text("hi")).expect("it answers");
        host.message::<Plugin>(&direct_text("bye")).expect("it looks away");
        assert_eq!(host.texts(), ["Hello!"]);
    }

    #[test]
    fn greets_whom_it_is_told_to_greet() {
        let mut host = Host::new();
        let greet = Command::new("greet").with("who", Arg::Rest("Ana".into()));
        host.command::<Plugin>(&greet, &direct_text("/greet Ana")).expect("it answers");
        assert_eq!(host.texts(), ["Hello, Ana!"]);
    }
}
