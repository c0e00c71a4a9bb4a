//! Forms of values: how one is read, and what is told of it. The same form does both, so the document cannot promise what is not read.

use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use serde_json::{Value, json};

use waspnest_core::clock::UnixMs;
use waspnest_core::given::Given;

use super::told::Told;
use crate::did_you_mean;

/// What a value must be.
pub(super) trait Form: Sized {
    /// What is read.
    type Out;

    /// Reads a value of a JSON body; the error says what is wrong, in words.
    fn read(&self, value: Value) -> Result<Self::Out, String>;

    /// Reads a parameter, which is a text.
    fn read_text(&self, text: &str) -> Result<Self::Out, String> {
        self.read(Value::String(text.to_owned()))
    }

    /// Its JSON Schema.
    fn schema(&self) -> Value;

    /// The same, where it also passes `check`, of which `schema` tells what a schema can.
    fn checked<T, C: Fn(Self::Out) -> Result<T, String>>(self, schema: Value, check: C) -> Checked<Self, C> {
        Checked {
            form: self,
            schema,
            check,
        }
    }
}

/// Whether something has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
}

/// What a reader is run for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To read a request.
    #[default]
    Reading,
    /// To tell what it would ask for.
    Telling,
}

/// What a value is, in words.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A text.
#[derive(Clone, Copy)]
pub(super) struct Text;

impl Form for Text {
    type Out = String;

    fn read(&self, value: Value) -> Result<String, String> {
        match value {
            Value::String(text) => Ok(text),
            other => Err(format!("expected a text, found {}", kind(&other))),
        }
    }

    fn schema(&self) -> Value {
        json!({ "type": "string" })
    }
}

/// A text of so many bytes.
pub(super) fn text_of(from: usize, to: usize) -> impl Form<Out = String> {
    let schema = json!({ "minLength": from, "maxLength": to });
    Text.checked(schema, move |text: String| match text.len() {
        0 if from > 0 => Err("must not be empty".to_owned()),
        length if length < from => Err(format!("has {length} bytes; at least {from} are needed")),
        length if length > to => Err(format!("has {length} bytes; at most {to} are allowed")),
        _ => Ok(text),
    })
}

/// A point in time.
pub(super) fn moment() -> impl Form<Out = UnixMs> {
    let schema = json!({ "format": "date-time", "examples": ["2030-01-01T00:00:00Z"] });
    Text.checked(schema, |text: String| {
        let moment = chrono::DateTime::parse_from_rfc3339(&text).ok();
        let millis = moment.and_then(|moment| u64::try_from(moment.timestamp_millis()).ok());
        let wrong = || {
            format!(
                "{:?} is not a point in time such as \"2030-01-01T00:00:00Z\"",
                Given::of(&text)
            )
        };
        millis.map(UnixMs).ok_or_else(wrong)
    })
}

/// `true` or `false`.
#[derive(Clone, Copy)]
pub(super) struct Flag;

impl Form for Flag {
    type Out = bool;

    fn read(&self, value: Value) -> Result<bool, String> {
        match value {
            Value::Bool(flag) => Ok(flag),
            other => Err(format!("expected true or false, found {}", kind(&other))),
        }
    }

    fn read_text(&self, text: &str) -> Result<bool, String> {
        text.parse()
            .map_err(|_| format!("{:?} is neither true nor false", Given::of(text)))
    }

    fn schema(&self) -> Value {
        json!({ "type": "boolean" })
    }
}

/// A whole number within bounds.
#[derive(Clone, Copy)]
pub(super) struct Integer {
    from: u64,
    to: u64,
}

/// A whole number from `from` to `to`.
pub(super) const fn integer(from: u64, to: u64) -> Integer {
    Integer { from, to }
}

/// The largest whole number that every JSON reader takes exactly.
pub(super) const LARGEST: u64 = (1 << 53) - 1;

impl Integer {
    fn within(self, number: Option<u64>, given: &str) -> Result<u64, String> {
        let Self { from, to } = self;
        number
            .filter(|number| (from..=to).contains(number))
            .ok_or_else(|| match to {
                LARGEST => format!("{given} is not a whole number of {from} or more"),
                to => format!("{given} is not a whole number from {from} to {to}"),
            })
    }
}

impl Form for Integer {
    type Out = u64;

    fn read(&self, value: Value) -> Result<u64, String> {
        match value {
            Value::Number(number) => {
                // 3.0 is 3 in JSON.
                let whole = number.as_f64().filter(|float| float.fract() == 0.0 && *float >= 0.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "whole and not negative; what is too large saturates, and is beyond every bound"
                )]
                let exact = number.as_u64().or_else(|| whole.map(|float| float as u64));
                self.within(exact, &number.to_string())
            }
            other => Err(format!("expected a number, found {}", kind(&other))),
        }
    }

    fn read_text(&self, text: &str) -> Result<u64, String> {
        self.within(text.parse().ok(), &format!("{:?}", Given::of(text)))
    }

    fn schema(&self) -> Value {
        json!({ "type": "integer", "minimum": self.from, "maximum": self.to })
    }
}

/// A text with a type that says itself what is wrong.
pub(super) struct Parsed<T>(PhantomData<fn() -> T>);

/// A text that is parsed.
pub(super) const fn parsed<T: FromStr<Err: Display> + Told>() -> Parsed<T> {
    Parsed(PhantomData)
}

impl<T: FromStr<Err: Display> + Told> Form for Parsed<T> {
    type Out = T;

    fn read(&self, value: Value) -> Result<T, String> {
        self.read_text(&Text.read(value)?)
    }

    fn read_text(&self, text: &str) -> Result<T, String> {
        text.parse().map_err(|error: T::Err| error.to_string())
    }

    fn schema(&self) -> Value {
        T::told()
    }
}

/// One of a few words.
pub(super) struct OneOf<T: 'static>(&'static [(&'static str, T)]);

/// One of a few words, each with what it stands for.
pub(super) const fn one_of<T: Clone>(words: &'static [(&'static str, T)]) -> OneOf<T> {
    OneOf(words)
}

impl<T: Clone> Form for OneOf<T> {
    type Out = T;

    fn read(&self, value: Value) -> Result<T, String> {
        self.read_text(&Text.read(value)?)
    }

    fn read_text(&self, text: &str) -> Result<T, String> {
        let found = self.0.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| value.clone()).ok_or_else(|| {
            let known: Vec<String> = self.0.iter().map(|(word, _)| format!("{word:?}")).collect();
            let hint = did_you_mean::hint(text, self.0.iter().map(|(word, _)| *word));
            format!(
                "{:?} is not allowed: expected {}{hint}",
                Given::of(text),
                known.join(", ")
            )
        })
    }

    fn schema(&self) -> Value {
        let words: Vec<&str> = self.0.iter().map(|(word, _)| *word).collect();
        json!({ "type": "string", "enum": words })
    }
}

/// A list of values of one form.
pub(super) struct List<F> {
    form: F,
    most: usize,
}

/// A list of at most `most` values of one form. As a parameter they are separated by commas.
pub(super) const fn list<F: Form>(form: F, most: usize) -> List<F> {
    List { form, most }
}

impl<F: Form> List<F> {
    fn all<V>(&self, values: Vec<V>, read: impl Fn(V) -> Result<F::Out, String>) -> Result<Vec<F::Out>, String> {
        if values.len() > self.most {
            return Err(format!(
                "has {} elements; at most {} are allowed",
                values.len(),
                self.most
            ));
        }
        let numbered = values.into_iter().enumerate();
        numbered
            .map(|(index, value)| read(value).map_err(|detail| format!("element {}: {detail}", index + 1)))
            .collect()
    }
}

impl<F: Form> Form for List<F> {
    type Out = Vec<F::Out>;

    fn read(&self, value: Value) -> Result<Self::Out, String> {
        match value {
            Value::Array(values) => self.all(values, |value| self.form.read(value)),
            other => Err(format!("expected a list, found {}", kind(&other))),
        }
    }

    fn read_text(&self, text: &str) -> Result<Self::Out, String> {
        self.all(text.split(',').collect(), |part| self.form.read_text(part))
    }

    fn schema(&self) -> Value {
        json!({ "type": "array", "items": self.form.schema(), "maxItems": self.most })
    }
}

/// A form with a condition.
pub(super) struct Checked<F, C> {
    form: F,
    schema: Value,
    check: C,
}

impl<F: Form, T, C: Fn(F::Out) -> Result<T, String>> Form for Checked<F, C> {
    type Out = T;

    fn read(&self, value: Value) -> Result<T, String> {
        (self.check)(self.form.read(value)?)
    }

    fn read_text(&self, text: &str) -> Result<T, String> {
        (self.check)(self.form.read_text(text)?)
    }

    fn schema(&self) -> Value {
        let mut schema = self.form.schema();
        if let (Value::Object(schema), Value::Object(more)) = (&mut schema, &self.schema) {
            schema.extend(more.clone());
        }
        schema
    }
}
