//! What the endpoint wants done: read once, from whatever it wrote.
//!
//! Nothing; a text, plain or as a JSON string; an object; or a list of texts and objects. An object has any of `text` (or `output`, which is what
//! an agent of n8n calls it), `react` and `media`, each of which is one deed.

use serde::Deserialize;
use serde_json::Value;

/// The most that is done because of one answer; a call has 20 effects.
const MOST: usize = 10;

/// One thing to do in the chat of the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    Say(String),
    React(String),
    Send(Media),
}

/// A file to send.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Media {
    /// Where it is.
    pub(crate) url: String,
    /// As what it is sent.
    #[serde(default)]
    pub(crate) kind: Kind,
    /// Text under it.
    pub(crate) caption: Option<String>,
    /// Name of a document.
    pub(crate) name: Option<String>,
}

/// As what a file is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    Image,
    Video,
    Audio,
    Voice,
    Sticker,
    #[default]
    Document,
}

/// An object of an answer. What else is in it is the endpoint's own business.
#[derive(Debug, Deserialize)]
struct Written {
    #[serde(alias = "output")]
    text: Option<String>,
    react: Option<String>,
    media: Option<Media>,
}

/// Reads an answer, or says what is wrong with it.
pub(crate) fn read(content_type: &str, body: &str) -> Result<Vec<Deed>, String> {
    if body.trim().is_empty() {
        return Ok(Vec::new());
    }
    if !content_type.contains("json") {
        return match content_type.starts_with("text/plain") || content_type.is_empty() {
            true => Ok(vec![Deed::Say(body.trim().to_owned())]),
            false => Err(format!("it is {content_type:?}; write application/json or text/plain")),
        };
    }
    let value: Value = serde_json::from_str(body).map_err(|error| format!("it is no JSON: {error}"))?;
    let mut deeds = Vec::new();
    match value {
        Value::Array(items) => {
            for item in items {
                one(item, &mut deeds)?;
            }
        }
        value => one(value, &mut deeds)?,
    }
    match deeds.len() {
        0..=MOST => Ok(deeds),
        many => Err(format!("it wants {many} things done; {MOST} are allowed")),
    }
}

fn one(value: Value, deeds: &mut Vec<Deed>) -> Result<(), String> {
    match value {
        Value::Null => {}
        Value::String(text) => deeds.extend(said(text)),
        Value::Object(_) => {
            let written: Written = serde_json::from_value(value).map_err(|error| error.to_string())?;
            deeds.extend(written.react.filter(|emoji| !emoji.is_empty()).map(Deed::React));
            deeds.extend(written.media.map(Deed::Send));
            deeds.extend(written.text.and_then(said));
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            return Err(format!("{value} is neither a text nor an object"));
        }
    }
    Ok(())
}

/// A text that says something.
fn said(text: String) -> Option<Deed> {
    (!text.trim().is_empty()).then_some(Deed::Say(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(body: &str) -> Result<Vec<Deed>, String> {
        read("application/json; charset=utf-8", body)
    }

    fn say(text: &str) -> Deed {
        Deed::Say(text.into())
    }

    #[test]
    fn an_answer_may_be_nothing_a_text_or_a_list() {
        for nothing in ["", " ", "null", "{}", "[]", r#"{ "text": "" }"#, r#"{ "done": true }"#] {
            assert_eq!(json(nothing), Ok(Vec::new()), "{nothing}");
        }
        assert_eq!(read("text/plain", "hello\n"), Ok(vec![say("hello")]));
        assert_eq!(read("", "hello"), Ok(vec![say("hello")]));
        assert_eq!(json(r#""hello""#), Ok(vec![say("hello")]));
        assert_eq!(json(r#"["one", { "text": "two" }]"#), Ok(vec![say("one"), say("two")]));
        assert_eq!(
            json(r#"[{ "output": "from an agent" }]"#),
            Ok(vec![say("from an agent")])
        );
    }

    #[test]
    fn an_object_may_react_and_send_a_file() {
        let answer = r#"{ "react": "👍", "text": "here", "media": { "url": "https://a.example/x.png", "kind": "image", "caption": "x" } }"#;
        let media = Media {
            url: "https://a.example/x.png".into(),
            kind: Kind::Image,
            caption: Some("x".into()),
            name: None,
        };
        assert_eq!(
            json(answer),
            Ok(vec![Deed::React("👍".into()), Deed::Send(media), say("here")])
        );
    }

    #[test]
    fn what_is_no_answer_says_why() {
        let many = format!("[{}\"x\"]", "\"x\",".repeat(10));
        for (wrong, why) in [
            ("{", "no JSON"),
            ("7", "neither"),
            (r#"{ "text": 7 }"#, "string"),
            (r#"{ "media": {} }"#, "url"),
            (many.as_str(), "11 things"),
        ] {
            let said = json(wrong).expect_err(wrong);
            assert!(said.contains(why), "{wrong}: {said}");
        }
        assert!(read("text/html", "<h1>404</h1>").is_err());
    }
}
