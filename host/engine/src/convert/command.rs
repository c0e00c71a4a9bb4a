//! A command, towards the guest.

use super::{text, texts};
use crate::bindings::exports::waspnest::plugin::command_handler::{Arg as WitArg, Command as WitCommand};
use crate::command::{Arg, Command};

/// A command with its arguments.
pub(crate) fn command(command: &Command) -> WitCommand {
    let Command {
        name,
        path,
        args,
        raw,
        invoked_as,
        locale,
    } = command;
    WitCommand {
        name: text(name),
        path: texts(path),
        args: args.iter().map(|(name, value)| (text(name), arg(value))).collect(),
        raw: text(raw),
        invoked_as: text(invoked_as),
        locale: Some(text(locale)),
    }
}

fn arg(value: &Arg) -> WitArg {
    match value {
        Arg::Text(value) => WitArg::Text(text(value)),
        Arg::Integer(value) => WitArg::Integer(*value),
        Arg::Number(value) => WitArg::Number(*value),
        Arg::Boolean(value) => WitArg::Boolean(*value),
        Arg::Duration(value) => WitArg::DurationMs(u64::try_from(value.as_millis()).unwrap_or(u64::MAX)),
        Arg::When(value) => WitArg::When(value.0),
        Arg::User(value) => WitArg::User(value.to_string()),
        Arg::Choice(value) => WitArg::Choice(text(value)),
        Arg::Rest(value) => WitArg::Rest(text(value)),
        Arg::Items(values) => WitArg::Items(texts(values)),
    }
}
