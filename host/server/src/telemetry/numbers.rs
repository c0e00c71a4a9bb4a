//! Takes phone numbers out of log lines, whoever wrote them: some come from libraries, with addresses of people in their words.

use std::borrow::Cow;
use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

/// Digits of a number that stands alone: shorter ones are counts, longer ones are ids of groups.
const ALONE: std::ops::RangeInclusive<usize> = 10..=15;
/// Digits of a number that something marks as one of a person: `+` before it, or `@` behind it.
const MARKED: std::ops::RangeInclusive<usize> = 7..=15;
/// Digits that are left at each end, so that lines about the same person can be told to be so.
const KEPT: usize = 2;

/// Writes lines without whole phone numbers to where `W` writes.
#[derive(Debug, Clone)]
pub(super) struct WithoutNumbers<W>(pub(super) W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for WithoutNumbers<W> {
    type Writer = Lines<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        Lines(self.0.make_writer())
    }

    fn make_writer_for(&'w self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        Lines(self.0.make_writer_for(meta))
    }
}

/// Takes whole lines: a number is never cut by the end of a write.
pub(super) struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line) {
            Ok(text) => self.0.write_all(without_numbers(text).as_bytes())?,
            // The subscriber writes nothing but text.
            Err(_) => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The same text with the middle of phone numbers left out.
fn without_numbers(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut cut = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let begin = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        let before = uncoloured(&bytes[..begin]).last().copied();
        if !is_value(&bytes[..begin]) && is_phone(before, at - begin, bytes.get(at).copied()) {
            cut.push_str(&text[copied..begin + KEPT]);
            cut.push('…');
            copied = at - KEPT;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    cut.push_str(&text[copied..]);
    Cow::Owned(cut)
}

/// What stands before a number, without the sequence that colours it.
fn uncoloured(before: &[u8]) -> &[u8] {
    let Some(text) = before.strip_suffix(b"m") else {
        return before;
    };
    let codes = text
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit() || **byte == b';');
    text[..text.len() - codes.count()]
        .strip_suffix(b"\x1b[")
        .unwrap_or(before)
}

/// Whether a number behind this is a value of a JSON object, and no text: addresses are texts, and half a number would be no JSON. A key in
/// a text has its quotation marks escaped.
fn is_value(before: &[u8]) -> bool {
    before.first() == Some(&b'{') && before.ends_with(b"\":") && !before.ends_with(b"\\\":")
}

/// Whether so many digits between two characters are a phone number, or somebody's LID.
fn is_phone(before: Option<u8>, digits: usize, behind: Option<u8>) -> bool {
    let joins = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if before.is_some_and(joins) || behind.is_some_and(joins) {
        return false;
    }
    let marked = before == Some(b'+') || behind == Some(b'@');
    match marked {
        true => MARKED.contains(&digits),
        false => ALONE.contains(&digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_are_cut_and_others_are_not() {
        for (line, shown) in [
            ("to 4915112345678@s.whatsapp.net", "to 49…78@s.whatsapp.net"),
            ("to 4915112345678:12@s.whatsapp.net", "to 49…78:12@s.whatsapp.net"),
            ("by 100000012345678@lid and +1234567", "by 10…78@lid and +12…67"),
            (
                "{\"chat\":\"4915112345678-1600000000@g.us\"}",
                "{\"chat\":\"49…78-16…00@g.us\"}",
            ),
            ("4915112345678", "49…78"),
            (
                "{\"bytes\":4915112345678,\"to\":\"+4915112345678\"}",
                "{\"bytes\":4915112345678,\"to\":\"+49…78\"}",
            ),
            (
                "{\"message\":\"{\\\"to\\\":4915112345678}\"}",
                "{\"message\":\"{\\\"to\\\":49…78}\"}",
            ),
            (
                "\u{1b}[3mchat\u{1b}[0m=\u{1b}[2;3m4915112345678",
                "\u{1b}[3mchat\u{1b}[0m=\u{1b}[2;3m49…78",
            ),
            ("m4915112345678", "m4915112345678"),
            ("in 120363025246125486@g.us", "in 120363025246125486@g.us"),
            (
                "2026-11-26T20:00:00.123456Z bytes=67108864",
                "2026-11-26T20:00:00.123456Z bytes=67108864",
            ),
            ("evt_01JD0000000000000000000001", "evt_01JD0000000000000000000001"),
            ("sha256:1234567890ab", "sha256:1234567890ab"),
        ] {
            assert_eq!(without_numbers(line), shown);
        }
    }

    #[test]
    fn a_line_is_written_once_and_whole() {
        let mut lines = Lines(Vec::new());
        lines
            .write_all("an ünusual line for 4915112345678\n".as_bytes())
            .expect("memory takes it");
        assert_eq!(String::from_utf8(lines.0).expect("text"), "an ünusual line for 49…78\n");
    }
}
