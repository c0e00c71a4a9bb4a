//! `ETag`: a few letters that stand for what an answer says, so that whoever asks again is told only that nothing has changed.
//!
//! Every answer to a GET has one that is in memory as a whole: states that programs ask for again and again, lists, the document, the page's
//! files. It is made of the bytes of the answer, so nobody has to think of it when something changes; it saves what is sent and not what is
//! looked up. It is a weak one, since it stays the same when an answer is compressed on its way.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::reply::Reply;

/// Bytes of the digest that are shown; two answers of one path that have the same ones are not found by chance.
const SHOWN: usize = 16;

/// The answer to a request that reads, or that it says what the caller has already.
pub(super) fn judged(asked: &HeaderMap, mut reply: Reply) -> Reply {
    let Some(body) = reply.whole().filter(|_| reply.status == StatusCode::OK) else {
        return reply;
    };
    let tag = reply.lasting.map_or_else(|| tag(body), |lasting| lasting.tag(body));
    let known = is_known(asked, &tag);
    if let Ok(value) = HeaderValue::from_str(&tag) {
        reply.headers.insert(ETAG, value);
    }
    if known {
        reply.status = StatusCode::NOT_MODIFIED;
        reply.headers.remove(CONTENT_TYPE);
        reply.replace(Bytes::new());
    }
    reply
}

/// Says of the answers to a request that reads that it may be told to have it already.
pub(super) fn tell(answers: &mut Map<String, Value>) {
    let is_stream = |answer: &Value| !answer["content"]["text/event-stream"].is_null();
    if answers.get("200").is_some_and(|answer| !is_stream(answer)) && !answers.contains_key("304") {
        let told = json!({ "description": "The caller has it already (If-None-Match)." });
        answers.insert("304".to_owned(), told);
    }
}

pub(super) fn tag(body: &[u8]) -> String {
    let digest = Sha256::digest(body);
    let digits: String = digest[..SHOWN].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("W/\"{digits}\"")
}

/// Whether the caller says that they have what the tag stands for. Compared as RFC 9110 has it for reading: weak ones are as good as others.
fn is_known(asked: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let wanted = bare(tag);
    let said = asked.get_all(IF_NONE_MATCH).into_iter();
    let mut tags = said
        .filter_map(|tags| tags.to_str().ok())
        .flat_map(|tags| tags.split(','));
    tags.any(|tag| tag.trim() == "*" || bare(tag) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_known_however_they_are_listed() {
        for (said, known) in [
            ("\"a\"", true),
            ("W/\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
            ("\"a", false),
        ] {
            let mut asked = HeaderMap::new();
            asked.insert(IF_NONE_MATCH, HeaderValue::from_static(said));
            assert_eq!(is_known(&asked, "W/\"a\""), known, "{said}");
        }
        assert!(!is_known(&HeaderMap::new(), "\"a\""));
    }
}
