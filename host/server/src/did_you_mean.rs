//! The known word that an unknown one was probably meant to be.

/// The closest of `known` to `given`, if it is close enough to be a slip of the keyboard.
pub(crate) fn closest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let tolerated = (given.chars().count() / 3).clamp(1, 3);
    let length = given.chars().count();
    let given = given.to_lowercase().replace('_', "-");
    known
        .into_iter()
        // Comparing takes time and memory for every pair of letters, and whoever calls may have written a long word.
        .filter(|word| word.chars().count().abs_diff(length) <= tolerated)
        .map(|word| {
            (
                strsim::damerau_levenshtein(&given, &word.to_lowercase().replace('_', "-")),
                word,
            )
        })
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// `; did you mean "x"?`, or nothing.
pub(crate) fn hint<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    closest(given, known)
        .map(|word| format!("; did you mean {word:?}?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let known = ["listen", "body-limit", "admin-secret"];
        assert_eq!(closest("lisen", known), Some("listen"));
        assert_eq!(closest("body_limit", known), Some("body-limit"));
        assert_eq!(closest("Admin-Secrte", known), Some("admin-secret"));
        assert_eq!(closest("colour", known), None);
        assert_eq!(hint("lisen", known), "; did you mean \"listen\"?");
        assert_eq!(hint("x", known), "");
    }
}
