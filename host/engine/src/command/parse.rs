//! All arguments of a command, in order.

use super::words::{Word, split};
use super::{Arg, Setting, argument, moment};
use crate::manifest::{ArgKind, ArgNeed, ArgSpec};

/// Reads what follows a command. An argument that may be left out is left out when the next word is none for it, so that
/// `/book 18:00 Dentist` needs no length between the two.
///
/// # Errors
/// What is wrong, for who typed it.
pub(super) fn arguments(specs: &[ArgSpec], text: &str, setting: Setting<'_>) -> Result<Vec<(Box<str>, Arg)>, String> {
    let words = split(text);
    let mut left = words.as_slice();
    let mut passed_over: Option<String> = None;
    let mut args = Vec::with_capacity(specs.len());
    for spec in specs {
        let named = |problem: String| format!("{}: {problem}", spec.name);
        let read = left.first().map(|first| {
            let text = text.get(first.start..).unwrap_or_default();
            read(&spec.kind, left, text, setting).map_err(named)
        });
        match (read, &spec.need) {
            (Some(Ok((arg, used))), _) => {
                left = left.get(used..).unwrap_or_default();
                args.push((spec.name.clone(), arg));
            }
            (Some(Err(problem)), ArgNeed::Required) => return Err(problem),
            // What takes all that follows leaves nothing for anybody else.
            (Some(Err(problem)), _) if matches!(spec.kind, ArgKind::Rest(_) | ArgKind::Items(_)) => {
                return Err(problem);
            }
            (None, ArgNeed::Required) => return Err(format!("{} is missing", spec.name)),
            (read, ArgNeed::Optional) => passed_over = passed_over.or(read.and_then(Result::err)),
            (read, ArgNeed::Default(default)) => {
                passed_over = passed_over.or(read.and_then(Result::err));
                args.push((spec.name.clone(), default.clone()));
            }
        }
    }
    match (left.first(), passed_over) {
        (None, _) => Ok(args),
        (Some(_), Some(problem)) => Err(problem),
        (Some(word), None) => Err(format!("{:?} is too much", word.text)),
    }
}

/// One argument from the words that are left, which begin `text`; answers how many words it took.
fn read(kind: &ArgKind, words: &[Word], text: &str, setting: Setting<'_>) -> Result<(Arg, usize), String> {
    match kind {
        ArgKind::Rest(bounds) => argument::rest(text.trim_end(), *bounds).map(|arg| (arg, words.len())),
        ArgKind::Items(bounds) => argument::items(words.to_vec(), *bounds).map(|arg| (arg, words.len())),
        ArgKind::When => {
            let texts: Vec<&str> = words.iter().take(2).map(|word| word.text.as_str()).collect();
            match (moment::read(&texts, setting), words.first()) {
                (Some((moment, used)), _) => Ok((Arg::When(moment), used)),
                // In quotation marks the whole is one word.
                (None, Some(word)) => argument::one(kind, &word.text, setting).map(|arg| (arg, 1)),
                (None, None) => Err("is missing".to_owned()),
            }
        }
        ArgKind::Text(_)
        | ArgKind::Integer(_)
        | ArgKind::Number(_)
        | ArgKind::Boolean
        | ArgKind::Duration(_)
        | ArgKind::User
        | ArgKind::Choice(_) => {
            let word = words.first().map_or("", |word| &word.text);
            argument::one(kind, word, setting).map(|arg| (arg, 1))
        }
    }
}
