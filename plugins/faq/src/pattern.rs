//! One word of a rule, ready to be compared: does it fit a text, and does it fit every text that another one fits?
//!
//! A text is compared as people see it: blanks around it do not count, and it is never empty. Where case is folded, both sides
//! are brought into small letters. Of a regular expression only what is not ASCII is: its escapes (`\W`, `\D`) are ASCII letters
//! and must stay, and the expression itself is told to fold those.

use crate::settings::{Case, Comparison};
use regex_lite::{Regex, RegexBuilder};

/// Bounds the states of an expression, and so the time for a long message: more would not be done within a call.
const REGEX_BYTES: usize = 64 * 1024;

/// Expressions that find something in any text that is not empty. There are more; these are what people write.
const FIT_ALL: [&str; 10] = [".", ".*", ".+", "^", "$", "^.", "^.*", "^.+", ".*$", ".+$"];

/// One word of a rule.
#[derive(Debug)]
pub(crate) struct Pattern {
    kind: Kind,
    case: Case,
}

#[derive(Debug)]
enum Kind {
    Equals(String),
    Contains(String),
    Starts(String),
    Ends(String),
    Regex(Regex),
}

/// Why a word can be no pattern.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It would fit everything or nothing.
    Empty,
    /// What is wrong with the regular expression.
    Regex(String),
}

impl Pattern {
    /// Reads a word. Blanks that a text cannot have at that place are left out.
    ///
    /// # Errors
    /// When the word is blank, or no regular expression.
    pub(crate) fn read(comparison: Comparison, case: Case, word: &str) -> Result<Self, Unusable> {
        if word.trim().is_empty() {
            return Err(Unusable::Empty);
        }
        let kind = match comparison {
            Comparison::Equals => Kind::Equals(folded(case, word.trim())),
            Comparison::Contains => Kind::Contains(folded(case, word)),
            Comparison::Starts => Kind::Starts(folded(case, word.trim_start())),
            Comparison::Ends => Kind::Ends(folded(case, word.trim_end())),
            Comparison::Regex => Kind::Regex(expression(case, word)?),
        };
        Ok(Self { kind, case })
    }

    /// Whether it fits a text without blanks around it.
    pub(crate) fn fits(&self, text: &str) -> bool {
        let text = folded(self.case, text);
        match &self.kind {
            Kind::Equals(word) => text == *word,
            Kind::Contains(word) => text.contains(word.as_str()),
            Kind::Starts(word) => text.starts_with(word.as_str()),
            Kind::Ends(word) => text.ends_with(word.as_str()),
            Kind::Regex(regex) => regex.is_match(&text),
        }
    }

    /// Whether it certainly fits every text that `other` fits. Two regular expressions are not understood, only recognised.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        if let Kind::Regex(regex) = &self.kind
            && FIT_ALL.contains(&regex.as_str())
        {
            return true;
        }
        match (self.case, other.case) {
            (Case::Fold, Case::Fold | Case::Exact) | (Case::Exact, Case::Exact) => {}
            (Case::Exact, Case::Fold) => return false,
        }
        let theirs = |word: &str| folded(self.case, word);
        match (&self.kind, &other.kind) {
            // Of these, only one text or the texts around one word are fitted: whoever finds itself in the word finds itself in all.
            (Kind::Equals(_) | Kind::Regex(_), Kind::Equals(word)) => self.fits(word),
            (
                Kind::Contains(mine),
                Kind::Equals(word) | Kind::Contains(word) | Kind::Starts(word) | Kind::Ends(word),
            ) => theirs(word).contains(mine.as_str()),
            (Kind::Starts(mine), Kind::Equals(word) | Kind::Starts(word)) => theirs(word).starts_with(mine.as_str()),
            (Kind::Ends(mine), Kind::Equals(word) | Kind::Ends(word)) => theirs(word).ends_with(mine.as_str()),
            (Kind::Regex(mine), Kind::Regex(other)) => mine.as_str() == other.as_str(),
            (Kind::Equals(_), Kind::Contains(_) | Kind::Starts(_) | Kind::Ends(_) | Kind::Regex(_))
            | (Kind::Contains(_), Kind::Regex(_))
            | (Kind::Starts(_), Kind::Contains(_) | Kind::Ends(_) | Kind::Regex(_))
            | (Kind::Ends(_), Kind::Contains(_) | Kind::Starts(_) | Kind::Regex(_))
            | (Kind::Regex(_), Kind::Contains(_) | Kind::Starts(_) | Kind::Ends(_)) => false,
        }
    }
}

fn expression(case: Case, word: &str) -> Result<Regex, Unusable> {
    let (word, fold) = match case {
        Case::Fold => (small_beyond_ascii(word), true),
        Case::Exact => (word.to_owned(), false),
    };
    RegexBuilder::new(&word)
        .case_insensitive(fold)
        .size_limit(REGEX_BYTES)
        .build()
        .map_err(|error| Unusable::Regex(error.to_string()))
}

fn folded(case: Case, text: &str) -> String {
    match case {
        Case::Fold => text.chars().map(small).collect(),
        Case::Exact => text.to_owned(),
    }
}

fn small_beyond_ascii(word: &str) -> String {
    let fold = |letter: char| if letter.is_ascii() { letter } else { small(letter) };
    word.chars().map(fold).collect()
}

/// One letter for all its forms (Σ, σ and ς), never two for one: in an expression that would change what `+` is about.
fn small(letter: char) -> char {
    let capital = only(letter.to_uppercase()).unwrap_or(letter);
    only(capital.to_lowercase()).unwrap_or(letter)
}

fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(comparison: Comparison, case: Case, word: &str) -> Pattern {
        Pattern::read(comparison, case, word).expect("a usable word")
    }

    #[test]
    fn each_comparison_fits_what_its_name_says() {
        for (comparison, fits, fits_not) in [
            (Comparison::Equals, "Price", "price?"),
            (Comparison::Contains, "The PRICE please", "cost"),
            (Comparison::Starts, "Price of tea", "The price"),
            (Comparison::Ends, "the price", "price of tea"),
            (Comparison::Regex, "the prices", "cost"),
        ] {
            let pattern = pattern(comparison, Case::Fold, "price");
            assert!(pattern.fits(fits), "{comparison:?} {fits}");
            assert!(!pattern.fits(fits_not), "{comparison:?} {fits_not}");
        }
    }

    #[test]
    fn case_is_folded_beyond_ascii_and_only_on_request() {
        for comparison in [Comparison::Equals, Comparison::Regex] {
            assert!(pattern(comparison, Case::Fold, "ÖFFNUNG").fits("Öffnung"));
            assert!(pattern(comparison, Case::Fold, "Цена").fits("ЦЕНА"));
            assert!(!pattern(comparison, Case::Exact, "Öffnung").fits("öffnung"));
        }
        assert!(
            pattern(Comparison::Starts, Case::Fold, "ΟΔΟΣ").fits("οδος 5"),
            "a final sigma is a sigma"
        );
        assert!(
            pattern(Comparison::Regex, Case::Fold, r"^\D+Ä$").fits("ab ä"),
            "escapes keep their meaning"
        );
    }

    #[test]
    fn blanks_count_where_a_text_can_have_them() {
        assert!(pattern(Comparison::Equals, Case::Fold, " hi ").fits("hi"));
        assert!(pattern(Comparison::Starts, Case::Fold, " hi ").fits("hi there"));
        assert!(!pattern(Comparison::Starts, Case::Fold, "hi ").fits("high"));
        assert!(!pattern(Comparison::Ends, Case::Fold, " art").fits("start"));
    }

    #[test]
    fn a_blank_word_and_a_wrong_or_huge_expression_are_unusable() {
        let read = |word| Pattern::read(Comparison::Regex, Case::Fold, word).map(drop);
        assert_eq!(read("  "), Err(Unusable::Empty));
        for wrong in ["(price", "(a{1000}){1000}"] {
            assert!(matches!(read(wrong), Err(Unusable::Regex(_))), "{wrong}");
        }
    }

    #[test]
    fn a_pattern_covers_what_cannot_get_past_it() {
        use Comparison::{Contains, Ends, Equals, Regex, Starts};
        for (mine, word, theirs, other, covers) in [
            (Contains, "rice", Equals, "Price", true),
            (Contains, "rice", Regex, "price", false),
            (Contains, "price", Contains, "rice", false),
            (Starts, "pri", Starts, "price", true),
            (Starts, "pri", Contains, "price", false),
            (Ends, "ice", Ends, "price", true),
            (Equals, "price", Equals, "PRICE", true),
            (Equals, "price", Starts, "price", false),
            (Regex, "^pr.ce$", Equals, "price", true),
            (Regex, "^pr.ce$", Starts, "price", false),
            (Regex, "a+", Regex, "a+", true),
            (Regex, ".*", Contains, "price", true),
        ] {
            let covered = pattern(mine, Case::Fold, word).covers(&pattern(theirs, Case::Fold, other));
            assert_eq!(covered, covers, "{mine:?} {word} and {theirs:?} {other}");
        }
        let exact = pattern(Equals, Case::Exact, "Price");
        let folded = pattern(Equals, Case::Fold, "Price");
        assert!(folded.covers(&exact) && !exact.covers(&folded));
    }
}
