//! Commands as an enum: one variant for each, with its arguments.

use crate::Error;
use crate::types::{Arg, Command};
use core::time::Duration;

pub use waspnest_plugin_derive::Commands;

/// The commands of a plugin, as `plugin.toml` declares them.
///
/// Derived for an enum with one variant for each `[[command]]`. A variant is the command of its name (`DueDate` is `due-date`), or of the
/// words in `#[command("todo add")]`, where those behind the first are the `path`. Its fields are the arguments, by their names or by
/// `#[arg("by")]`; what types they can have says [`Argument`].
///
/// ```
/// use core::time::Duration;
/// use waspnest_plugin::types::{Command, EventContext, HandlerError, Message, Outcome};
/// use waspnest_plugin::{CommandHandler, Commands, messaging};
///
/// #[derive(Commands)]
/// enum Asked {
///     #[command("todo add")]
///     Add { text: String, within: Option<Duration> },
///     #[command("todo list")]
///     List,
/// }
///
/// struct Todo;
///
/// impl CommandHandler for Todo {
///     fn on_command(_ctx: &EventContext, cmd: &Command, msg: &Message) -> Result<Outcome, HandlerError> {
///         match Asked::read(cmd)? {
///             Asked::Add { text, within: None } => messaging::reply(msg, format!("noted: {text}"))?,
///             Asked::Add { text, within: Some(span) } => messaging::reply(msg, format!("{text}, in {} s", span.as_secs()))?,
///             Asked::List => messaging::reply(msg, "nothing yet")?,
///         };
///         Ok(Outcome::stop())
///     }
/// }
/// # use waspnest_plugin::testing::{Host, direct_text};
/// # use waspnest_plugin::types::Arg;
/// # let mut host = Host::new();
/// # let add = Command::new("todo").under("add").with("text", Arg::Rest("milk".into())).with("within", Arg::DurationMs(60_000));
/// # host.command::<Todo>(&add, &direct_text("/todo add milk")).expect("it answers");
/// # assert_eq!(host.texts(), ["milk, in 60 s"]);
/// # let unknown = Command::new("todo").under("drop");
/// # assert!(host.command::<Todo>(&unknown, &direct_text("/todo drop")).is_err());
/// ```
pub trait Commands: Sized {
    /// Which command it is, with its arguments.
    ///
    /// # Errors
    /// When `plugin.toml` declares the command otherwise: that is a fault of the plugin, and rejects the event.
    fn read(command: &Command) -> Result<Self, Error>;
}

/// A type that an argument can have.
///
/// | in `plugin.toml` | here |
/// |---|---|
/// | `text`, `choice`, `rest`, `user` | `String` |
/// | `integer` | `i64` |
/// | `number` | `f64` |
/// | `boolean` | `bool` |
/// | `duration` | [`Duration`] |
/// | `when` | `u64`, a [`UnixMs`](crate::types::UnixMs) |
/// | `items` | `Vec<String>`, empty when it was left out |
///
/// An argument that may be left out is an `Option` of these.
pub trait Argument: Sized {
    /// What `plugin.toml` calls the type.
    const KIND: &'static str;

    /// From what the host has read; none for something else.
    fn from_arg(arg: &Arg) -> Option<Self>;

    /// What it is when it was left out; none where that cannot be.
    #[must_use]
    fn left_out() -> Option<Self> {
        None
    }

    /// The argument of a command by its name.
    ///
    /// # Errors
    /// When it is missing or of another type.
    fn of(command: &Command, name: &str) -> Result<Self, Error> {
        let read = match command.arg(name) {
            Some(arg) => Self::from_arg(arg),
            None => Self::left_out(),
        };
        read.ok_or_else(|| Error::Undeclared {
            what: format!(
                "the argument {name:?} of {:?}, {}",
                command.words().join(" "),
                Self::KIND
            ),
        })
    }
}

macro_rules! arguments {
    ($($kind:literal => $type:ty: $pattern:pat => $value:expr;)+) => {
        $(impl Argument for $type {
            const KIND: &'static str = $kind;

            fn from_arg(arg: &Arg) -> Option<Self> {
                match arg {
                    $pattern => Some($value),
                    _ => None,
                }
            }
        })+
    };
}

arguments! {
    "a text" => String: Arg::Text(text) | Arg::Choice(text) | Arg::Rest(text) | Arg::User(text) => text.clone();
    "a whole number" => i64: Arg::Integer(number) => *number;
    "a number" => f64: Arg::Number(number) => *number;
    "yes or no" => bool: Arg::Boolean(flag) => *flag;
    "a span of time" => Duration: Arg::DurationMs(ms) => Duration::from_millis(*ms);
    "a moment" => u64: Arg::When(moment) => *moment;
}

impl Argument for Vec<String> {
    const KIND: &'static str = "a list of words";

    fn from_arg(arg: &Arg) -> Option<Self> {
        match arg {
            Arg::Items(items) => Some(items.clone()),
            _ => None,
        }
    }

    fn left_out() -> Option<Self> {
        Some(Self::new())
    }
}

impl<T: Argument> Argument for Option<T> {
    const KIND: &'static str = T::KIND;

    fn from_arg(arg: &Arg) -> Option<Self> {
        T::from_arg(arg).map(Some)
    }

    fn left_out() -> Option<Self> {
        Some(None)
    }
}

impl Error {
    /// A command that the plugin does not know.
    #[doc(hidden)]
    #[must_use]
    pub fn unknown_command(command: &Command) -> Self {
        Self::Undeclared {
            what: format!("the command {:?}", command.words().join(" ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_by_their_types() {
        let command = Command::new("book")
            .with("when", Arg::When(7))
            .with("length", Arg::DurationMs(1500))
            .with("who", Arg::User("4915100000001@s.whatsapp.net".into()))
            .with("count", Arg::Integer(2));
        assert_eq!(u64::of(&command, "when").ok(), Some(7));
        assert_eq!(Duration::of(&command, "length").ok(), Some(Duration::from_millis(1500)));
        assert_eq!(
            String::of(&command, "who").ok().as_deref(),
            Some("4915100000001@s.whatsapp.net")
        );
        assert_eq!(Option::<i64>::of(&command, "count").ok(), Some(Some(2)));
        assert_eq!(Option::<i64>::of(&command, "missing").ok(), Some(None));
        assert_eq!(Vec::<String>::of(&command, "missing").ok(), Some(Vec::new()));
    }

    #[test]
    fn what_the_manifest_does_not_declare_is_told() {
        let command = Command::new("book").under("room").with("count", Arg::Integer(2));
        let missing = String::of(&command, "who").expect_err("it is missing").to_string();
        assert_eq!(
            missing,
            "plugin.toml and the plugin do not agree on the argument \"who\" of \"book room\", a text"
        );
        let other = Option::<bool>::of(&command, "count")
            .expect_err("it is a number")
            .to_string();
        assert!(other.contains("yes or no"), "{other}");
    }
}
