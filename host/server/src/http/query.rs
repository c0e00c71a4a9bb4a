//! Parameters behind the question mark, asked for by name; unknown ones are errors.
//!
//! The function that reads them also describes them, as [`super::body`] does with bodies.

use serde_json::{Value, json};
use waspnest_core::given::Given;

use super::error::ApiError;
use super::form::{Form, Need, Purpose};
use crate::did_you_mean;

/// Something that is read from the parameters of a request.
pub(super) trait FromQuery: Sized {
    /// Reads it; none only when something was wrong.
    fn from_query(params: &mut Params) -> Option<Self>;
}

/// The parameters of one request, or none at all for whoever wants to know what is asked for.
#[derive(Default)]
pub(super) struct Params {
    pairs: Vec<(String, String)>,
    asked: Vec<Asked>,
    fault: Option<String>,
    purpose: Purpose,
}

struct Asked {
    name: &'static str,
    /// What the document says of it; null when nobody wants to know.
    told: Value,
}

impl Params {
    pub(super) fn new(pairs: Vec<(String, String)>) -> Self {
        Self {
            pairs,
            ..Self::default()
        }
    }

    /// What `read` asks for, as parameters of an OpenAPI operation.
    pub(super) fn told_by<T>(read: impl FnOnce(&mut Self) -> Option<T>) -> Vec<Value> {
        let mut params = Self {
            purpose: Purpose::Telling,
            ..Self::default()
        };
        read(&mut params);
        params.asked.into_iter().map(|asked| asked.told).collect()
    }

    /// All of them, as they came: for who passes them on.
    pub(super) fn take_all(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.pairs)
    }

    fn ask(&mut self, name: &'static str, told: impl FnOnce() -> Value) -> Option<&str> {
        let told = match self.purpose {
            Purpose::Reading => Value::Null,
            Purpose::Telling => told(),
        };
        self.asked.push(Asked { name, told });
        let found = self.pairs.iter().rev().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The last value of a parameter that may be left out. `says` what it is for.
    pub(super) fn optional<F: Form>(&mut self, name: &'static str, form: F, says: &str) -> Option<F::Out> {
        let told = || told(name, &form, says, Need::Optional);
        let read = form.read_text(self.ask(name, told)?);
        read.map_err(|detail| self.fault(name, &detail)).ok()
    }

    /// A parameter that must be there.
    pub(super) fn required<F: Form>(&mut self, name: &'static str, form: F, says: &str) -> Option<F::Out> {
        let told = || told(name, &form, says, Need::Required);
        let Some(text) = self.ask(name, told).map(str::to_owned) else {
            self.fault(name, "is missing");
            return None;
        };
        form.read_text(&text).map_err(|detail| self.fault(name, &detail)).ok()
    }

    /// Says what is wrong with a parameter; the first that is wrong is told.
    pub(super) fn fault(&mut self, name: &str, detail: &str) {
        self.fault.get_or_insert_with(|| format!("{name}: {detail}"));
    }

    /// What was read, if nothing was wrong.
    pub(super) fn result<T>(&mut self, found: Option<T>) -> Result<T, ApiError> {
        match (self.fault.take(), found) {
            (None, Some(found)) => Ok(found),
            (fault, _) => Err(ApiError::invalid_query(
                fault.unwrap_or_else(|| "the parameters cannot be read".to_owned()),
            )),
        }
    }

    /// Refuses what nobody asked for. Called when everything was.
    pub(super) fn finish(&self) -> Result<(), ApiError> {
        let asked = self.asked.iter().map(|asked| asked.name);
        match self
            .pairs
            .iter()
            .find(|(key, _)| !asked.clone().any(|name| name == key))
        {
            None => Ok(()),
            Some((key, _)) => {
                let hint = did_you_mean::hint(key, asked);
                Err(ApiError::invalid_query(format!(
                    "unknown parameter {:?}{hint}",
                    Given::of(key)
                )))
            }
        }
    }
}

fn told<F: Form>(name: &str, form: &F, says: &str, need: Need) -> Value {
    let schema = form.schema();
    let mut told = json!({
        "name": name,
        "in": "query",
        "required": need == Need::Required,
        "description": says,
        "schema": schema,
    });
    if schema["type"] == "array" {
        // A list is one value, with commas.
        told["style"] = json!("form");
        told["explode"] = json!(false);
    }
    told
}
