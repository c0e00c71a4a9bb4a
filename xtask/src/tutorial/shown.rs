//! Whether what was printed is what the page shows. `…` in a line stands for anything, and a line of it alone for any lines.

use anyhow::{Result, ensure};

const ANYTHING: &str = "…";

/// All that was printed, line by line.
pub(super) fn whole(shows: &str, said: &str) -> Result<()> {
    let (shows, lines): (Vec<&str>, Vec<&str>) = (shows.lines().collect(), said.lines().collect());
    ensure!(
        fits(&shows, &lines),
        "the page shows\n{}\nand what was printed is\n{said}",
        shows.join("\n")
    );
    Ok(())
}

/// These lines, in this order, among others.
pub(super) fn in_order(lines: &[String], said: &str) -> Result<()> {
    let mut printed = said.lines();
    for line in lines {
        ensure!(
            printed.any(|printed| alike(line, printed)),
            "{line:?} was not printed, or not in that order:\n{said}"
        );
    }
    Ok(())
}

/// Whether a line is what the page shows.
pub(super) fn alike(shows: &str, line: &str) -> bool {
    let (shows, line) = (shows.trim_end(), line.trim_end());
    let mut parts = shows.split(ANYTHING);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, between)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in between {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn fits(shows: &[&str], lines: &[&str]) -> bool {
    match shows.split_first() {
        None => lines.is_empty(),
        Some((first, others)) if first.trim() == ANYTHING => (0..=lines.len()).any(|from| fits(others, &lines[from..])),
        Some((first, others)) => match lines.split_first() {
            Some((line, rest)) => alike(first, line) && fits(others, rest),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_stand_for_anything() {
        assert!(alike("a … c", "a b c") && alike("…", "x") && alike("a…", "a"));
        assert!(!alike("a … c", "a b d") && !alike("a", "ab"));
        assert!(whole("a\n…\nd\n", "a\nb\nc\nd\n").is_ok());
        assert!(whole("a\n…\n", "a\n").is_ok());
        assert!(whole("a\n", "a\nb\n").is_err());
    }

    #[test]
    fn lines_come_in_order_among_others() {
        let lines = ["a".to_owned(), "c".to_owned()];
        assert!(in_order(&lines, "a\nb\nc\n").is_ok());
        assert!(in_order(&lines, "c\na\n").is_err());
    }
}
