//! The words of a text: parted by white space, or held together by quotation marks.
//!
//! Quotation marks count where a word begins, in the forms that phones put in by themselves. One that is never closed is a letter like
//! any other, so that "don't" and "'n'" stay what they are. Inside of quotation marks a backslash takes the next letter as it is.

/// One word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// What it says, without its quotation marks.
    pub text: String,
    /// Where it begins in the text, quotation mark included.
    pub start: usize,
}

/// Pairs of quotation marks.
const QUOTES: [(char, &[char]); 6] = [
    ('"', &['"']),
    ('\'', &['\'']),
    ('“', &['”', '“', '"']),
    ('„', &['“', '”', '"']),
    ('‘', &['’', '\'']),
    ('«', &['»']),
];

/// The words of a text.
pub(super) fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(start) = next_word(text, at) {
        let rest = &text[start..];
        let (word, length) = quoted(rest).unwrap_or_else(|| plain(rest));
        words.push(Word { text: word, start });
        at = start + length;
    }
    words
}

/// Where the next word begins.
fn next_word(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let skipped = rest.find(|c: char| !c.is_whitespace())?;
    Some(from + skipped)
}

fn plain(rest: &str) -> (String, usize) {
    let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
    (rest[..length].to_owned(), length)
}

/// What stands in quotation marks at the beginning of `rest`, and how long it is with them. The closing one ends the word.
fn quoted(rest: &str) -> Option<(String, usize)> {
    let mut chars = rest.char_indices();
    let (_, open) = chars.next()?;
    let (_, closing) = QUOTES.iter().find(|(mark, _)| *mark == open)?;
    let mut word = String::new();
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            word.push(chars.next()?.1);
        } else if closing.contains(&c) {
            let end = at + c.len_utf8();
            let ends = rest[end..].chars().next().is_none_or(char::is_whitespace);
            if ends {
                return Some((word, end));
            }
            word.push(c);
        } else {
            word.push(c);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str) -> Vec<String> {
        split(text).into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_and_quotations() {
        for (text, words) in [
            ("", vec![]),
            ("  a \n b\t", vec!["a", "b"]),
            ("'two words' one", vec!["two words", "one"]),
            ("\"a 'b' c\"", vec!["a 'b' c"]),
            ("don't 'n' roll's", vec!["don't", "n", "roll's"]),
            ("'never closed", vec!["'never", "closed"]),
            (
                "„deutsch so“ “english so” «français»",
                vec!["deutsch so", "english so", "français"],
            ),
            ("'it's fine'", vec!["it's fine"]),
            (r#""a \" b\\""#, vec![r#"a " b\"#]),
            ("\"\" ''", vec!["", ""]),
            ("über 🎉🎉 '日 本'", vec!["über", "🎉🎉", "日 本"]),
        ] {
            assert_eq!(texts(text), words, "{text}");
        }
    }

    proptest! {
        /// Whatever is written, words come in order from where they are said to be, and nothing but white space is lost between them.
        #[test]
        fn any_text_has_words(text in ".*") {
            let words = split(&text);
            let mut end = 0;
            for word in &words {
                prop_assert!(word.start >= end && text.is_char_boundary(word.start));
                prop_assert!(text[end..word.start].chars().all(char::is_whitespace) || end == 0 || word.start > end);
                end = word.start + 1;
                while !text.is_char_boundary(end) { end += 1; }
            }
            prop_assert_eq!(words.is_empty(), text.trim().is_empty());
        }

        /// What is put into quotation marks comes out as it was.
        #[test]
        fn what_is_quoted_stays_whole(word in ".*", before in "[a-z]{0,3}") {
            let escaped: String = word.chars().flat_map(|c| if matches!(c, '"' | '\\') { vec!['\\', c] } else { vec![c] }).collect();
            let words = texts(&format!("{before} \"{escaped}\" last"));
            prop_assert_eq!(words.iter().rev().nth(1), Some(&word));
        }

        /// Letters that mean something here, in any order.
        #[test]
        fn no_order_of_marks_is_too_much(text in r#"['"“”„‘’«»\\ a\n]{0,40}"#) {
            split(&text);
        }
    }
}
