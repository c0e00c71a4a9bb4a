//! A length of time in a persona: exact, or drawn anew each time.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest time a persona may name: a day.
const LONGEST: u64 = 24 * 60 * 60 * 1_000;

/// Milliseconds: `500`, or `[500, 3000]` for something in between, bounds included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    least: u64,
    most: u64,
}

impl Span {
    /// Exactly so many milliseconds, a day at most.
    pub fn exactly(ms: u64) -> Self {
        Self::between(ms, ms)
    }

    /// Something in between, in either order; a day at most.
    pub fn between(a: u64, b: u64) -> Self {
        Self {
            least: a.min(b).min(LONGEST),
            most: a.max(b).min(LONGEST),
        }
    }

    /// Whether it is never any time at all.
    pub(crate) fn is_nothing(self) -> bool {
        self.most == 0
    }

    /// One length.
    pub(crate) fn draw(self, random: &mut StdRng) -> Duration {
        Duration::from_millis(random.random_range(self.least..=self.most))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.least == self.most {
            serializer.serialize_u64(self.least)
        } else {
            [self.least, self.most].serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl SpanVisitor {
    fn bound<E: de::Error>(ms: u64) -> Result<u64, E> {
        if ms > LONGEST {
            return Err(E::custom(format_args!(
                "{ms} milliseconds are longer than a day ({LONGEST})"
            )));
        }
        Ok(ms)
    }
}

impl<'de> Visitor<'de> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("milliseconds, such as 500, or a range of them, such as [500, 3000]")
    }

    fn visit_u64<E: de::Error>(self, ms: u64) -> Result<Span, E> {
        Self::bound(ms).map(Span::exactly)
    }

    fn visit_i64<E: de::Error>(self, ms: i64) -> Result<Span, E> {
        let ms = u64::try_from(ms).map_err(|_negative| E::invalid_value(de::Unexpected::Signed(ms), &self))?;
        self.visit_u64(ms)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bounds: A) -> Result<Span, A::Error> {
        let mut next = |n| {
            bounds
                .next_element::<u64>()?
                .ok_or_else(|| de::Error::invalid_length(n, &self))
        };
        let (least, most) = (Self::bound(next(0)?)?, Self::bound(next(1)?)?);
        if bounds.next_element::<u64>()?.is_some() {
            return Err(de::Error::invalid_length(3, &self));
        }
        if least > most {
            return Err(de::Error::custom(format_args!(
                "the range [{least}, {most}] begins after its end"
            )));
        }
        Ok(Span { least, most })
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Milliseconds, or a range of them from which one is drawn each time.",
            "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": LONGEST },
                {
                    "type": "array",
                    "items": { "type": "integer", "minimum": 0, "maximum": LONGEST },
                    "minItems": 2,
                    "maxItems": 2,
                },
            ],
        })
    }
}
