//! What `waspnest plugin new` makes: for each language a plugin that works, its scenario with what comes of it, and what builds it
//! elsewhere.
//!
//! A template is a directory of files in which `{{name}}`, `{{title}}` and `{{id}}` stand for what the author's plugin is called. Nothing
//! that exists is overwritten.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::carried::Carried;
use crate::language::Language;

/// Most characters of a name.
const LONGEST: usize = 64;

/// What a plugin is called by its author's tools: small letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Box<str>);

/// A text that is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{given:?} cannot be the name of a plugin: 1 to {LONGEST} of a-z, 0-9 and \"-\", which begin with a letter, such as my-bot"
)]
pub struct InvalidName {
    given: Box<str>,
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(given: &str) -> Result<Self, InvalidName> {
        let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
        let good = given.len() <= LONGEST
            && given.starts_with(|first: char| first.is_ascii_lowercase())
            && given.split('-').all(word);
        match good {
            true => Ok(Self(given.into())),
            false => Err(InvalidName { given: given.into() }),
        }
    }
}

impl Name {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// For people: `my-bot` is `My bot`.
    fn title(&self) -> String {
        let words = self.0.replace('-', " ");
        let (first, rest) = words.split_at(1);
        first.to_uppercase() + rest
    }
}

/// A plugin that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NewError {
    /// There is something.
    #[error("{} is there already, and nothing is overwritten; take another name, or --dir", path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Writes a new plugin into a directory that is empty or not there.
///
/// # Errors
/// [`NewError`], which names the file.
pub fn write(language: Language, name: &Name, dir: &Path) -> Result<(), NewError> {
    let failed = |path: &Path, source: io::Error| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::AlreadyExists => NewError::Exists { path },
            _ => NewError::Write { path, source },
        }
    };
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(NewError::Exists { path: dir.to_owned() });
    }
    for file in language.template() {
        let path = dir.join(file.path);
        let parent = path.parent().unwrap_or(dir);
        fs::create_dir_all(parent).map_err(|source| failed(parent, source))?;
        let text = filled(file, name);
        File::create_new(&path)
            .and_then(|mut made| made.write_all(text.as_bytes()))
            .map_err(|source| failed(&path, source))?;
    }
    Ok(())
}

fn filled(file: &Carried, name: &Name) -> String {
    let text = file.text.replace("{{name}}", name.as_str());
    let text = text.replace("{{title}}", &name.title());
    text.replace("{{id}}", &format!("org.example.{}", name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Done = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn a_name_is_small_words_and_hyphens() {
        for good in ["a", "my-bot", "bot-2"] {
            assert_eq!(good.parse::<Name>().expect("a name").as_str(), good);
        }
        for bad in [
            "", "My-bot", "my_bot", "-bot", "bot-", "my--bot", "2bot", "../bot", "bö",
        ] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        assert_eq!("my-bot-2".parse::<Name>().expect("a name").title(), "My bot 2");
    }

    #[test]
    fn every_template_has_what_a_plugin_needs_and_leaves_no_place_open() -> Done {
        for language in Language::ALL {
            let dir = tempfile::tempdir()?;
            write(language, &"my-bot".parse()?, dir.path())?;
            for file in [
                "plugin.toml",
                "README.md",
                ".gitignore",
                ".github/workflows/plugin.yml",
                "tests/greets.toml",
                "tests/greets.golden.json",
            ] {
                let text = fs::read_to_string(dir.path().join(file))
                    .map_err(|error| format!("{language}: {file}: {error}"))?;
                assert!(
                    !text.contains("{{name") && !text.contains("{{id") && !text.contains("{{title"),
                    "{language}: {file}"
                );
            }
        }
        Ok(())
    }

    #[test]
    fn nothing_is_overwritten() -> Done {
        let dir = tempfile::tempdir()?;
        let mine = dir.path().join("mine.txt");
        fs::write(&mine, "mine")?;
        let refused = write(Language::Rust, &"my-bot".parse()?, dir.path()).expect_err("it is not empty");
        assert!(matches!(refused, NewError::Exists { .. }), "{refused}");
        assert_eq!(fs::read_dir(dir.path())?.count(), 1);
        Ok(())
    }
}
