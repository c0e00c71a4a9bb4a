//! What somebody gave that could not be taken, as far as an error repeats it: enough to find it again, and never so much that a long text
//! comes back from an error.

use std::fmt;

/// Characters that are repeated.
const SHOWN: usize = 80;

/// A text that was given. Both forms of it are those of a text, cut short.
#[derive(Clone, PartialEq, Eq)]
pub struct Given(Box<str>);

impl Given {
    /// As much of `text` as errors show.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => Self(format!("{}…", &text[..end]).into()),
            None => Self(text.into()),
        }
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_cut_between_two_characters() {
        assert_eq!(format!("{:?}", Given::of("a\n")), "\"a\\n\"");
        let long = Given::of(&"ä".repeat(1000));
        assert_eq!(long.to_string(), format!("{}…", "ä".repeat(SHOWN)));
        assert_eq!(Given::of(&"ä".repeat(SHOWN)).to_string(), "ä".repeat(SHOWN));
    }
}
