//! Patterns of binds and schedules: text in which `*` stands for any run of characters; everything else is literal.

use std::fmt;
use std::str::FromStr;

/// A pattern.
#[derive(Clone, PartialEq, Eq)]
pub struct Pattern(Box<str>);

/// A pattern that nothing fits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a pattern must not be empty: \"*\" is everything")]
pub struct EmptyPattern;

impl Pattern {
    /// Everything.
    #[must_use]
    pub fn everything() -> Self {
        Self("*".into())
    }

    /// The pattern itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `text` fits.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else {
            return false;
        };
        let Some(last) = pieces.next_back() else {
            return rest.is_empty();
        };
        for piece in pieces {
            let Some(at) = rest.find(piece) else {
                return false;
            };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last)
    }
}

impl Pattern {
    /// Whether some text may fit both. Says yes where that is not plain to see.
    #[must_use]
    pub fn may_meet(&self, other: &Self) -> bool {
        let (one, two) = (self.as_str(), other.as_str());
        if !one.contains('*') {
            return other.matches(one);
        }
        if !two.contains('*') {
            return self.matches(two);
        }
        let beginning = |text: &str| text.split('*').next().unwrap_or_default().to_owned();
        let end = |text: &str| text.rsplit('*').next().unwrap_or_default().to_owned();
        let (a, b) = (beginning(one), beginning(two));
        let (y, z) = (end(one), end(two));
        (a.starts_with(&b) || b.starts_with(&a)) && (y.ends_with(&z) || z.ends_with(&y))
    }
}

impl FromStr for Pattern {
    type Err = EmptyPattern;

    fn from_str(text: &str) -> Result<Self, EmptyPattern> {
        if text.is_empty() {
            Err(EmptyPattern)
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("sales-*", "sales-de", true),
            ("sales-*", "presales-de", false),
            ("*-de", "sales-de", true),
            ("a*b*c", "aXXbYYc", true),
            ("a*b*c", "aXXcYYb", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*a", "a", false),
            ("*b*", "abc", true),
        ] {
            let pattern: Pattern = pattern.parse().expect("a valid pattern");
            assert_eq!(pattern.matches(text), fits, "{pattern:?} on {text}");
        }
    }

    #[test]
    fn patterns_meet_unless_they_plainly_do_not() {
        for (one, two, meet) in [
            ("*", "sales", true),
            ("sales-*", "sales-de", true),
            ("sales-*", "support", false),
            ("sales", "support", false),
            ("sales-*", "support-*", false),
            ("sales-*", "*-de", true),
            ("*-de", "*-at", false),
            ("a*b", "a*c*b", true),
        ] {
            let pattern = |text: &str| text.parse::<Pattern>().expect("a valid pattern");
            assert_eq!(pattern(one).may_meet(&pattern(two)), meet, "{one} {two}");
            assert_eq!(pattern(two).may_meet(&pattern(one)), meet, "{two} {one}");
        }
    }
}
