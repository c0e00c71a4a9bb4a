//! Links in a text: what begins with `http://`, `https://` or `www.`, and a host with a path such as `t.me/somebody`.
//!
//! A bare `example.com` is left alone: as many texts have a dot without a blank behind it.

/// Whether a text links to a host that is not among the allowed ones, or below one of them.
pub(crate) fn is_in(text: &str, allowed: &[String]) -> bool {
    let small = text.to_lowercase();
    small
        .split(|letter: char| letter.is_whitespace() || matches!(letter, '<' | '>' | '(' | ')' | '"' | ','))
        .filter_map(host)
        .any(|host| !allowed.iter().any(|known| is_below(host, &known.to_lowercase())))
}

/// The host of a word that is a link.
fn host(word: &str) -> Option<&str> {
    let scheme = word.find("http://").map(|at| at + 7);
    let scheme = word.find("https://").map(|at| at + 8).or(scheme);
    if let Some(start) = scheme {
        let authority = word[start..].split(['/', '?', '#', '\\']).next()?;
        // What stands before an @ is a user name, made to look like a host.
        let host = authority.rsplit('@').next()?.split(':').next()?;
        let host = host.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        return (!host.is_empty()).then_some(host);
    }
    let word = word.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    let host = word.split(['/', '?', ':', '#']).next()?;
    let path = word[host.len()..].strip_prefix('/').unwrap_or_default();
    let (below, top) = host.rsplit_once('.')?;
    let is_label = |label: &str| {
        let of_a_label = |letter: char| letter.is_alphanumeric() || letter == '-';
        !label.is_empty() && label.chars().all(of_a_label)
    };
    let is_host = top.len() >= 2 && top.chars().all(char::is_alphabetic) && below.split('.').all(is_label);
    (is_host && (host.starts_with("www.") || !path.is_empty())).then_some(host)
}

fn is_below(host: &str, known: &str) -> bool {
    host.strip_suffix(known)
        .is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_however_they_are_written() {
        for link in [
            "look: https://bad.example/x",
            "HTTP://BAD.EXAMPLE",
            "(www.bad.example)",
            "join chat.whatsapp.com/AbCd",
            "*t.me/somebody",
            "xhttps://bad.example",
            "https://good.example@bad.example/",
            "https://good.example.bad.example",
            "https://evilgood.example",
        ] {
            assert!(is_in(link, &["good.example".into()]), "{link}");
        }
    }

    #[test]
    fn other_texts_and_allowed_hosts_are_none() {
        for text in [
            "he/she and 1.5/2",
            "e.g./i.e. so",
            "end.Next sentence",
            "10:30, see you...",
            "https://good.example/x and https://www.GOOD.example:8443?y",
            "good.example/x",
            "https://",
            "See https://good.example. Or https://good.example!",
            "so.what?no",
        ] {
            assert!(!is_in(text, &["Good.example".into()]), "{text}");
        }
    }
}
