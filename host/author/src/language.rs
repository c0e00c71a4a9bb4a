//! The languages that plugins can be made in by one command.
//!
//! A plugin may be made in any language that compiles to a WebAssembly component; these are the ones for which the command line knows
//! the tool. Adding one: a case here, its [`Toolchain`](crate::Toolchain) in a file of its own, its template, and its word in
//! the engine's manifest.

use std::fmt;
use std::str::FromStr;

use crate::carried::{C_TEMPLATE, Carried, GO_TEMPLATE, JS_TEMPLATE, PYTHON_TEMPLATE, RUST_TEMPLATE, TS_TEMPLATE};
use crate::toolchain::js::Flavour;
use crate::toolchain::{self, Toolchain};

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Rust, by cargo.
    Rust,
    /// JavaScript, by componentize-qjs.
    Js,
    /// TypeScript, which becomes JavaScript.
    Ts,
    /// Python, by componentize-py.
    Python,
    /// Go, by its own compiler.
    Go,
    /// C, by Zig's clang.
    C,
}

/// A word that names none of the languages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{given:?} is none of the languages that can be built here; there are: {}", known())]
pub struct UnknownLanguage {
    given: Box<str>,
}

fn known() -> String {
    Language::ALL.map(Language::word).join(", ")
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Rust, Self::Js, Self::Ts, Self::Python, Self::Go, Self::C];

    /// What manifests and the command line call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Ts => "ts",
            Self::Python => "python",
            Self::Go => "go",
            Self::C => "c",
        }
    }

    /// Where its sources begin where the manifest does not say: a file or directory below the plugin's directory.
    #[must_use]
    pub const fn usual_source(self) -> &'static str {
        match self {
            Self::Rust | Self::Go => ".",
            Self::Js => "src/plugin.js",
            Self::Ts => "src/plugin.ts",
            Self::Python => "src/plugin.py",
            Self::C => "src",
        }
    }

    /// The files of a new plugin.
    pub(crate) const fn template(self) -> &'static [Carried] {
        match self {
            Self::Rust => RUST_TEMPLATE,
            Self::Js => JS_TEMPLATE,
            Self::Ts => TS_TEMPLATE,
            Self::Python => PYTHON_TEMPLATE,
            Self::Go => GO_TEMPLATE,
            Self::C => C_TEMPLATE,
        }
    }

    /// How it is built.
    #[must_use]
    pub fn toolchain(self) -> &'static dyn Toolchain {
        match self {
            Self::Rust => &toolchain::rust::Cargo,
            Self::Js => &toolchain::js::Bundle(Flavour::Plain),
            Self::Ts => &toolchain::js::Bundle(Flavour::Typed),
            Self::Python => &toolchain::python::Componentize,
            Self::Go => &toolchain::go::Compiler,
            Self::C => &toolchain::c::Clang,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(given: &str) -> Result<Self, UnknownLanguage> {
        let found = Self::ALL.into_iter().find(|language| language.word() == given);
        found.ok_or_else(|| UnknownLanguage { given: given.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn a_language_is_known_by_its_word_and_another_is_answered_with_all_there_are() {
        for language in Language::ALL {
            assert_eq!(language.word().parse(), Ok(language));
        }
        let wrong = "cobol".parse::<Language>().expect_err("not one of them");
        let all = Language::ALL.map(Language::word).join(", ");
        assert!(wrong.to_string().ends_with(&all), "{wrong}");
    }
}
