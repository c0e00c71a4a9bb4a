//! Lines and figures for the operator. Needs no grant; bounded per call.
//!
//! What was logged stays logged when the call fails. Lines are written with [`info!`](crate::info) and its sisters: a text
//! with captured variables, then fields.
//!
//! ```
//! let name = "Anna";
//! waspnest_plugin::info!("greeted {name}", language = "de", words = 3);
//! ```

use crate::host;

pub use crate::bindings::imports::waspnest::plugin::log::Level;

/// Writes a line with fields. The macros are shorter.
pub fn emit(level: Level, message: &str, fields: &[(String, String)]) {
    host::log::emit(level, message, fields);
}

/// Adds to a counter.
pub fn counter(name: &str, delta: u64, labels: &[(String, String)]) {
    host::log::counter(name, delta, labels);
}

/// Records one value of a distribution.
pub fn histogram(name: &str, value: f64, labels: &[(String, String)]) {
    host::log::histogram(name, value, labels);
}

/// Writes a line at a level: a text with captured variables, then `name = value` fields.
#[macro_export]
macro_rules! log_at {
    ($level:ident, $text:literal $(, $name:ident = $value:expr)* $(,)?) => {
        $crate::log::emit(
            $crate::log::Level::$level,
            &::std::format!($text),
            &[$((::std::string::String::from(stringify!($name)), ::std::string::ToString::to_string(&$value))),*],
        )
    };
}

/// Writes a line about a step inside a function.
#[macro_export]
macro_rules! trace { ($($line:tt)+) => { $crate::log_at!(Trace, $($line)+) }; }

/// Writes a line for the plugin's author.
#[macro_export]
macro_rules! debug { ($($line:tt)+) => { $crate::log_at!(Debug, $($line)+) }; }

/// Writes a line about something normal and worth knowing.
#[macro_export]
macro_rules! info { ($($line:tt)+) => { $crate::log_at!(Info, $($line)+) }; }

/// Writes a line about something unexpected that was handled.
#[macro_export]
macro_rules! warn { ($($line:tt)+) => { $crate::log_at!(Warn, $($line)+) }; }

/// Writes a line about something that failed.
#[macro_export]
macro_rules! error { ($($line:tt)+) => { $crate::log_at!(Error, $($line)+) }; }
