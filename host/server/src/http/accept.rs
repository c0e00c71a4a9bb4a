//! Which of the media types a route offers a caller wants.

use http::header::{ACCEPT, HeaderMap};

/// The offer the `Accept` header likes best, the first of equals; none when it likes none. No header likes everything.
pub(super) fn choose(headers: &HeaderMap, offers: &[&'static str]) -> Option<&'static str> {
    let wishes: Vec<&str> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    if wishes.is_empty() {
        return offers.first().copied();
    }
    let liked = offers
        .iter()
        .map(|offer| (liking(&wishes, offer), *offer))
        .filter(|(liking, _)| *liking > 0);
    // The first of equals, where `max_by_key` would take the last.
    let best = liked.fold(None, |best: Option<(u32, &'static str)>, next| match best {
        Some(best) if best.0 >= next.0 => Some(best),
        Some(_) | None => Some(next),
    });
    best.map(|(_, offer)| offer)
}

/// How much an offer is liked, in thousandths: by the most specific wish that fits.
fn liking(wishes: &[&str], offer: &str) -> u32 {
    let (family, _) = offer.split_once('/').unwrap_or((offer, ""));
    let mut best = (0, 0);
    for wish in wishes {
        let mut parts = wish.split(';').map(str::trim);
        let range = parts.next().unwrap_or_default();
        let specific = match range.split_once('/') {
            _ if range.eq_ignore_ascii_case(offer) => 3,
            Some((of, "*")) if of.eq_ignore_ascii_case(family) => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let quality = parts
            .find_map(|part| part.strip_prefix("q="))
            .map_or(Some(1.0), |q| q.parse::<f32>().ok())
            .unwrap_or(0.0);
        if specific > best.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "clamped to 0..=1000"
            )]
            let thousandths = (quality.clamp(0.0, 1.0) * 1000.0) as u32;
            best = (specific, thousandths);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const OFFERS: &[&str] = &["application/json", "image/png", "text/plain"];

    fn chosen(accept: &'static str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        choose(&headers, OFFERS)
    }

    #[test]
    fn the_most_liked_offer_wins() {
        assert_eq!(choose(&HeaderMap::new(), OFFERS), Some("application/json"));
        assert_eq!(chosen("*/*"), Some("application/json"));
        assert_eq!(chosen("image/*"), Some("image/png"));
        assert_eq!(chosen("text/plain, application/json;q=0.5"), Some("text/plain"));
        assert_eq!(chosen("text/html, */*;q=0.1"), Some("application/json"));
        assert_eq!(chosen("application/json;q=0, */*"), Some("image/png"));
        assert_eq!(chosen("text/html"), None);
        assert_eq!(chosen(""), None);
    }
}
