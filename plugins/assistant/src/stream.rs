//! What an endpoint says while it still speaks: server-sent events with pieces of the answer, in OpenAI's form.
//!
//! Endpoints that know no streams answer with one JSON value instead, which is left to [`Heard::into_whole`].

use serde::Deserialize;

/// What was heard so far.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The answer so far.
    text: String,
    /// The body, as long as it may be one JSON value.
    whole: Option<Vec<u8>>,
    ended: bool,
}

/// What an endpoint says that cannot go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) String);

#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Problem>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    delta: Option<Delta>,
}

#[derive(Debug, Deserialize)]
struct Delta {
    content: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    message: String,
}

impl Heard {
    /// Hears more.
    pub(crate) fn hear(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        if self.line.is_empty() && self.text.is_empty() && self.whole.is_none() && bytes.first() == Some(&b'{') {
            self.whole = Some(Vec::new());
        }
        if let Some(whole) = &mut self.whole {
            whole.extend_from_slice(bytes);
            return Ok(());
        }
        self.line.extend_from_slice(bytes);
        while let Some(end) = self.line.iter().position(|byte| *byte == b'\n') {
            let rest = self.line.split_off(end + 1);
            let line = core::mem::replace(&mut self.line, rest);
            self.take(line.trim_ascii())?;
        }
        Ok(())
    }

    /// Lines of other fields, and comments, say nothing here.
    fn take(&mut self, line: &[u8]) -> Result<(), Broken> {
        let Some(data) = line.strip_prefix(b"data:").map(<[u8]>::trim_ascii) else {
            return Ok(());
        };
        if data == b"[DONE]" {
            self.ended = true;
            return Ok(());
        }
        let chunk: Chunk = serde_json::from_slice(data)
            .map_err(|error| Broken(format!("the endpoint said what is no piece of an answer: {error}")))?;
        if let Some(Problem { message }) = chunk.error {
            return Err(Broken(format!("the endpoint broke off: {message}")));
        }
        let delta = chunk.choices.into_iter().next().and_then(|choice| choice.delta);
        self.text
            .push_str(&delta.and_then(|delta| delta.content).unwrap_or_default());
        Ok(())
    }

    /// The answer so far.
    pub(crate) fn text(&self) -> &str {
        self.text.trim()
    }

    /// Whether the endpoint has said that this is all.
    pub(crate) const fn is_ended(&self) -> bool {
        self.ended
    }

    /// The body of an endpoint that knows no streams.
    pub(crate) fn into_whole(self) -> Result<Vec<u8>, String> {
        self.whole.ok_or(self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = ": hello\n\ndata: {\"choices\":[{\"delta\":{\"role\":\"assistant\"}}]}\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"Gr\
                          \u{fc}\u{df}\"}}]}\n\nevent: x\ndata:{\"choices\":[{\"delta\":{\"content\":\" dich\"}}]}\n\ndata: {\"choices\":[],\"usage\":{}}\n\ndata: [DONE]\n\n";

    #[test]
    fn pieces_may_be_cut_anywhere() {
        for cut in 0..STREAM.len() {
            let (first, second) = STREAM.as_bytes().split_at(cut);
            let mut heard = Heard::default();
            heard.hear(first).expect("good pieces");
            heard.hear(second).expect("good pieces");
            assert_eq!((heard.text(), heard.is_ended()), ("Grüß dich", true), "{cut}");
        }
    }

    #[test]
    fn who_knows_no_streams_is_heard_too() {
        let mut heard = Heard::default();
        for piece in ["{ \"choices\":", " [] }"] {
            heard.hear(piece.as_bytes()).expect("good pieces");
        }
        assert_eq!(heard.into_whole().as_deref(), Ok(&b"{ \"choices\": [] }"[..]));
    }

    #[test]
    fn what_is_no_piece_is_told() {
        let problem = |line: &str| Heard::default().hear(line.as_bytes()).expect_err(line).0;
        assert!(problem("data: nonsense\n").contains("no piece of an answer"));
        assert_eq!(
            problem("data: {\"error\":{\"message\":\"overloaded\"}}\n"),
            "the endpoint broke off: overloaded"
        );
    }
}
