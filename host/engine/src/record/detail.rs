//! The rest of a record: what a call was, asked, logged and wanted, as one JSON text.
//!
//! Redacted, it can be looked at and compared; in full, another call can be answered from it too.

use serde_json::{Map, Value, json};
use waspnest_core::dialogue::{End, Pending};
use waspnest_core::draft::{Draft, Flow, KvEntry, KvScope, KvWrite, Publication, Response, SentKey, TimerChange};

use super::function::{plain, read};
use super::hide::{Hide, readable};
use super::{Function, Step, Steps, placeholder};
use crate::call::Occasion;
use crate::capability::log::LogLine;

/// Questions and answers that are larger together are hidden as a whole.
const HIDDEN_WHOLE: usize = 16 << 10;

/// What a record holds of what people wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bodies {
    /// Digests and lengths.
    Redacted,
    /// Everything.
    Full,
}

impl Bodies {
    const fn name(self) -> &'static str {
        match self {
            Self::Redacted => "redacted",
            Self::Full => "full",
        }
    }
}

/// What there is to tell of a call.
#[derive(Debug, Clone, Copy)]
pub struct Story<'a> {
    /// Name of the rule that brought the event.
    pub binding: &'a str,
    /// Where the call belonged in a trace, if in any.
    pub traceparent: Option<&'a str>,
    /// What the event was to the plugin.
    pub occasion: &'a Was,
    /// How it failed, in words.
    pub error: Option<&'a str>,
    /// What it wanted.
    pub draft: Option<&'a Draft>,
    /// What it asked.
    pub steps: &'a Steps,
    /// What it logged.
    pub lines: &'a [LogLine],
}

/// What an event was to a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Was {
    /// What it is to everybody.
    Event,
    /// The end of a wait.
    Reply(Box<Pending>),
    /// A command.
    Command,
}

impl Was {
    /// For a record.
    #[must_use]
    pub fn of(occasion: &Occasion<'_>) -> Self {
        match occasion {
            Occasion::Event => Self::Event,
            Occasion::Reply(pending) => Self::Reply(Box::new((*pending).clone())),
            Occasion::Command(_) => Self::Command,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Reply(_) => "reply",
            Self::Command => "command",
        }
    }
}

/// The parts of a wait that are written down: whom it waited for, how it ended, and the stored value.
type Wait = (KvScope, bool, KvEntry);

impl Story<'_> {
    /// The text of the record.
    #[must_use]
    pub fn text(&self, bodies: Bodies, hide: &Hide) -> String {
        let said = |text: &str| match bodies {
            Bodies::Redacted => hide.text(text),
            Bodies::Full => text.to_owned(),
        };
        let draft = self.draft.map(|draft| drafted(draft, self.steps, bodies, hide));
        let line = |line: &LogLine| json!({ "level": line.level, "message": said(&line.message), "fields": said(&line.fields) });
        let mut text = json!({
            "bodies": bodies.name(),
            "binding": self.binding,
            "occasion": self.occasion.name(),
            "error": self.error.map(said),
            "draft": draft,
            "steps": self.steps.taken.iter().map(|taken| self.step(taken, bodies, hide)).collect::<Value>(),
            "steps_left_out": self.steps.left_out,
            "lines": self.lines.iter().map(line).collect::<Value>(),
        });
        if let Some(traceparent) = self.traceparent {
            text["traceparent"] = traceparent.into();
        }
        if let (Was::Reply(pending), Bodies::Full) = (self.occasion, bodies) {
            let wait: Wait = (
                pending.scope.clone(),
                pending.end == End::Answered,
                pending.entry.clone(),
            );
            text["wait"] = hex(&plain(&wait)).into();
        }
        text.to_string()
    }

    fn step(&self, step: &Step, bodies: Bodies, hide: &Hide) -> Value {
        let name = step.function.name();
        let large = step.question.len() + step.answer.len() > HIDDEN_WHOLE;
        match bodies {
            Bodies::Redacted if large => {
                json!({ "function": name, "question": hide.bytes(&step.question), "answer": hide.bytes(&step.answer) })
            }
            Bodies::Redacted => {
                let (question, answer) = step.shown();
                let shown = |value| hide.value(readable(value));
                json!({ "function": name, "question": shown(question), "answer": shown(answer) })
            }
            Bodies::Full => {
                let (question, answer) = match large {
                    true => (Value::Null, Value::Null),
                    false => step.shown(),
                };
                // What holds a secret is not kept as it was, so a replay finds it missing.
                let secret = [&step.question, &step.answer]
                    .into_iter()
                    .any(|bytes| self.tells_a_secret(bytes));
                let raw = (!secret).then(|| [hex(&step.question), hex(&step.answer)]);
                json!({
                    "function": name,
                    "question": self.steps.without_secrets(readable(question)),
                    "answer": self.steps.without_secrets(readable(answer)),
                    "raw": raw,
                })
            }
        }
    }

    fn tells_a_secret(&self, bytes: &[u8]) -> bool {
        let mut secrets = self.steps.secrets.iter();
        secrets.any(|(_, secret)| holds(bytes, secret.expose().as_bytes()))
    }
}

impl Steps {
    /// The same value without the secrets that the call was given.
    fn without_secrets(&self, value: Value) -> Value {
        match value {
            Value::String(mut text) => {
                for (name, secret) in &self.secrets {
                    if text.contains(secret.expose()) {
                        text = text.replace(secret.expose(), &placeholder(name));
                    }
                }
                text.into()
            }
            Value::Array(items) => items.into_iter().map(|item| self.without_secrets(item)).collect(),
            Value::Object(fields) => {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name, self.without_secrets(value)));
                Value::Object(fields.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }
}

/// A draft as JSON: what it would do, and nothing of how it came about, nor of the secrets that its call was given.
#[must_use]
pub fn drafted(draft: &Draft, steps: &Steps, bodies: Bodies, hide: &Hide) -> Value {
    let Draft {
        effects,
        kv,
        kv_reads: _,
        dialogues,
        dialogue_reads: _,
        timers,
        sent_keys,
        topics,
        response,
        questions: _,
        flow,
        note,
    } = draft;
    let shown = |value: Value| {
        let value = steps.without_secrets(readable(value));
        match bodies {
            Bodies::Redacted => hide.value(value),
            Bodies::Full => value,
        }
    };
    let write =
        |write: &KvWrite| shown(json!({ "scope": write.key.scope, "key": write.key.key, "entry": write.entry }));
    let timer = |change: &TimerChange| {
        shown(match change {
            TimerChange::Set(timer) => json!({ "set": timer }),
            TimerChange::Cancel(id) => json!({ "cancel": id.as_str() }),
        })
    };
    let flow = match flow {
        Flow::Next => "next",
        Flow::Stop => "stop",
        Flow::Drop => "drop",
    };
    let effect = |action| shown(serde_json::to_value(action).unwrap_or_default());
    let sent_key = |sent: &SentKey| shown(sent.key.as_ref().into());
    let topic = |topic: &Publication| {
        let Publication { topic, body, hops } = topic;
        shown(json!({ "topic": topic.as_str(), "body": body, "hops": hops }))
    };
    let answer = |response: &Response| {
        let Response { status, headers, body } = response;
        shown(json!({ "status": status, "headers": headers, "body": body }))
    };
    json!({
        "effects": effects.iter().map(effect).collect::<Value>(),
        "values": kv.iter().map(write).collect::<Value>(),
        "dialogues": dialogues.iter().map(write).collect::<Value>(),
        "timers": timers.iter().map(timer).collect::<Value>(),
        "sent_keys": sent_keys.iter().map(sent_key).collect::<Value>(),
        "topics": topics.iter().map(topic).collect::<Value>(),
        "response": response.as_ref().map(answer),
        "flow": flow,
        "note": note.as_deref().map(|note| shown(note.into())),
    })
}

/// The rest of a record, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail(Map<String, Value>);

impl Detail {
    /// Reads a text that [`Story::text`] made; none for another one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Some(Self(fields)),
            Ok(_) | Err(_) => None,
        }
    }

    fn field(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// What it holds of what people wrote.
    #[must_use]
    pub fn bodies(&self) -> Bodies {
        match self.field("bodies").as_str() {
            Some("full") => Bodies::Full,
            Some(_) | None => Bodies::Redacted,
        }
    }

    /// Name of the rule that brought the event.
    #[must_use]
    pub fn binding(&self) -> &str {
        self.field("binding").as_str().unwrap_or_default()
    }

    /// Where the call belonged in a trace, if in any.
    #[must_use]
    pub fn traceparent(&self) -> Option<&str> {
        self.field("traceparent").as_str()
    }

    /// What the call wanted; null if it failed.
    #[must_use]
    pub fn draft(&self) -> &Value {
        self.field("draft")
    }

    /// What the event was to the plugin; none where that is not told in full.
    #[must_use]
    pub fn was(&self) -> Option<Was> {
        match self.field("occasion").as_str() {
            Some("reply") => {
                let (scope, answered, entry) = read::<Wait>(&unhex(self.field("wait").as_str()?)?)?;
                let wait =
                    waspnest_core::codec::decode::<waspnest_core::dialogue::Wait>(b"a wait", &entry.value).ok()?;
                let end = if answered { End::Answered } else { End::Expired };
                let state = wait.state;
                Some(Was::Reply(Box::new(Pending {
                    scope,
                    state,
                    end,
                    entry,
                })))
            }
            Some("command") => Some(Was::Command),
            Some(_) | None => Some(Was::Event),
        }
    }

    /// What was asked, as far as it can be read back; nothing of a redacted record can.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let steps = self.field("steps").as_array().map(Vec::as_slice).unwrap_or_default();
        steps.iter().filter_map(step_in).collect()
    }

    /// For an operator: everything but what only a replay needs.
    #[must_use]
    pub fn shown(mut self) -> Value {
        self.0.remove("wait");
        if let Some(steps) = self.0.get_mut("steps").and_then(Value::as_array_mut) {
            for step in steps.iter_mut().filter_map(Value::as_object_mut) {
                step.remove("raw");
            }
        }
        Value::Object(self.0)
    }
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len().max(1)).any(|window| window == what)
}

fn step_in(step: &Value) -> Option<Step> {
    let raw = |index: usize| unhex(step.get("raw")?.get(index)?.as_str()?);
    Some(Step {
        function: Function::named(step.get("function")?.as_str()?)?,
        question: raw(0)?,
        answer: raw(1)?,
    })
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<_>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    digits?
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high * 16 + low).ok(),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "swordfish";

    fn text(bodies: Bodies) -> String {
        let asked = |answer: &str| Step {
            function: Function::SentUnder,
            question: plain(&"a key"),
            answer: plain(&Some(answer)),
        };
        let steps = Steps {
            taken: vec![asked("3EB0"), asked(SECRET)],
            left_out: 0,
            secrets: vec![("token".parse().expect("a name"), SECRET.parse().expect("a secret"))],
        };
        let draft = Draft {
            note: Some(format!("it is {SECRET}").into()),
            ..Draft::default()
        };
        let story = Story {
            binding: "all",
            traceparent: None,
            occasion: &Was::Event,
            error: None,
            draft: Some(&draft),
            steps: &steps,
            lines: &[],
        };
        story.text(bodies, &Hide::under([1; 32]))
    }

    #[test]
    fn no_record_holds_a_secret() {
        for bodies in [Bodies::Redacted, Bodies::Full] {
            let text = text(bodies);
            assert!(
                !text.contains(SECRET) && !text.contains(&hex(SECRET.as_bytes())),
                "{text}"
            );
        }
        let full = Detail::read(&text(Bodies::Full)).expect("a record");
        assert_eq!(full.draft()["note"], "it is recorded-secret-token");
        assert_eq!(full.steps().len(), 1, "what held it is not recorded");
    }

    #[test]
    fn a_draft_is_hidden_whole() {
        let draft = Draft {
            topics: vec![Publication {
                topic: "said.loud".parse().expect("a name"),
                body: b"soup".to_vec(),
                hops: 1,
            }],
            response: Some(Response {
                status: 200,
                headers: vec![("x-who".into(), "ada".into())],
                body: b"soup".to_vec(),
            }),
            ..Draft::default()
        };
        let hide = Hide::under([1; 32]);
        let hidden = drafted(&draft, &Steps::default(), Bodies::Redacted, &hide);
        let text = hidden.to_string();
        assert!(!text.contains("soup") && !text.contains("ada"), "{text}");
        assert_eq!(hidden["topics"][0]["body"], hidden["response"]["body"]);
        assert_eq!(hidden["response"]["status"], 200);
        let full = drafted(&draft, &Steps::default(), Bodies::Full, &hide);
        assert_eq!(full["topics"][0]["body"], "soup");
        assert_eq!(full["response"]["headers"][0][1], "ada");
    }
}
