//! What a page says of itself in its head, for the preview of a link; and where an answer sends one on to.
//!
//! Not a parser of HTML: it looks for two things in a text that anybody may have written, and finds nothing where they are not plain to see.

use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use url::Url;

/// What is told of a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Told {
    pub(crate) title: Option<Box<str>>,
    pub(crate) description: Option<Box<str>>,
}

/// Characters of a title or a description that are shown.
const LONGEST: usize = 300;

/// Where a redirect leads; none where an answer is none.
pub(crate) fn next(url: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = headers.get(LOCATION)?.to_str().ok()?;
    url.join(location).ok()
}

/// What a page says of itself.
pub(crate) fn told(page: &str) -> Told {
    let head = page.split_once("<body").map_or(page, |(head, _)| head);
    let mut told = Told::default();
    let mut name = None;
    for tag in head.split('<').skip(1) {
        let Some((inside, behind)) = tag.split_once('>') else {
            continue;
        };
        let lower = inside.to_ascii_lowercase();
        if lower.starts_with("title") {
            name = words(behind);
        }
        if lower.starts_with("meta") {
            let about = attribute(inside, "property").or_else(|| attribute(inside, "name"));
            let content = attribute(inside, "content");
            match about.map(str::to_ascii_lowercase).as_deref() {
                Some("og:title") => told.title = content.and_then(words),
                Some("og:description") => told.description = content.and_then(words),
                Some("description") if told.description.is_none() => told.description = content.and_then(words),
                _ => {}
            }
        }
    }
    told.title = told.title.or(name);
    told
}

/// The value of an attribute in quotes.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    // Small letters have as many bytes as large ones here.
    let lower = tag.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let at = lower.get(from..)?.find(name)? + from;
        from = at + name.len();
        let apart = lower[..at].ends_with(|before: char| before.is_ascii_whitespace());
        let rest = tag.get(from..)?.trim_start();
        if let Some(value) = rest.strip_prefix('=').filter(|_| apart) {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            return value.get(1..)?.split(quote).next();
        }
    }
}

/// A text with the usual references put back, on one line.
fn words(text: &str) -> Option<Box<str>> {
    let mut plain = text.to_owned();
    for (reference, character) in [
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ] {
        plain = plain.replace(reference, character);
    }
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = plain
        .chars()
        .filter(|character| !character.is_control())
        .take(LONGEST)
        .collect();
    (!short.is_empty()).then(|| short.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(page: &str) -> (Option<String>, Option<String>) {
        let Told { title, description } = told(page);
        (title.map(Into::into), description.map(Into::into))
    }

    #[test]
    fn the_head_of_a_page_tells_what_it_is() {
        let page = "<!doctype html><html><head><TITLE>\n Plain </TITLE>\
                    <meta name='description' content='first'>\
                    <meta property=\"og:description\" content=\"Tea &amp; cake &quot;now&quot;\">\
                    </head><body><meta property=\"og:title\" content=\"not this\">";
        assert_eq!(of(page), (Some("Plain".into()), Some("Tea & cake \"now\"".into())));
        let both = "<meta content='Shop' property='og:title'><title>x</title>";
        assert_eq!(of(both), (Some("Shop".into()), None));
    }

    #[test]
    fn anything_else_tells_nothing_and_does_no_harm() {
        for page in [
            "",
            "<",
            "<meta",
            "<meta content>",
            "<meta property=og:title content=x>",
            "<title>",
            "\u{0}<<>>",
            "ä<meta ä property='ö",
        ] {
            assert_eq!(of(page), (None, None), "{page}");
        }
        let long = format!("<title>{}</title>", "ä".repeat(1000));
        assert_eq!(of(&long).0.expect("a title").chars().count(), LONGEST);
    }

    #[test]
    fn redirects_are_relative_to_where_they_were_said() {
        let url = Url::parse("https://a.example/x/y").expect("a URL");
        let headers = |to: &'static str| HeaderMap::from_iter([(LOCATION, to.parse().expect("a header"))]);
        let to = |to| next(&url, StatusCode::FOUND, &headers(to)).map(String::from);
        assert_eq!(to("z").as_deref(), Some("https://a.example/x/z"));
        assert_eq!(to("http://127.0.0.1/").as_deref(), Some("http://127.0.0.1/"));
        assert_eq!(next(&url, StatusCode::OK, &headers("z")), None);
    }
}
