//! The picture of a newsletter: in Base64 among the changes of one, as a path in what is said about it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

use crate::address::AccountId;
use crate::newsletters::NewsletterId;
use crate::pictures::{MAX_PICTURE, PictureOf};
use crate::stanza::mex::MexError;
use crate::stanza::newsletters::mex::bad_request;
use crate::world::World;

/// What shall become of the picture.
pub(super) enum Wanted {
    Nothing,
    Another(Bytes),
    /// None at all: clients send an empty text.
    None,
}

/// Whether it is another one now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    Changed,
    Unchanged,
}

/// Reads what somebody wants of the picture.
pub(super) fn wanted(asked: &Value) -> Result<Wanted, MexError> {
    match &asked["picture"] {
        Value::Null => Ok(Wanted::Nothing),
        Value::String(text) if text.is_empty() => Ok(Wanted::None),
        Value::String(text) => {
            let jpeg = STANDARD.decode(text).map_err(|_| bad_request())?;
            if jpeg.is_empty() || jpeg.len() > MAX_PICTURE {
                return Err(bad_request());
            }
            Ok(Wanted::Another(jpeg.into()))
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Err(bad_request()),
    }
}

impl Wanted {
    /// Does it. `by` may.
    pub(super) fn make(self, world: &mut World, newsletter: NewsletterId, by: AccountId) -> Made {
        let of = PictureOf::Newsletter(newsletter);
        match self {
            Self::Nothing => Made::Unchanged,
            Self::Another(jpeg) => {
                world.set_picture(of, by, jpeg);
                Made::Changed
            }
            Self::None => {
                world.remove_picture(of, by);
                Made::Changed
            }
        }
    }
}

/// The picture as it is.
pub(super) fn full(world: &World, newsletter: NewsletterId) -> Value {
    written(world, newsletter, "IMAGE")
}

/// A smaller one (modelled: the same).
pub(super) fn preview(world: &World, newsletter: NewsletterId) -> Value {
    written(world, newsletter, "PREVIEW")
}

/// Without a picture, one client wants an object there, the other no path in it.
fn written(world: &World, newsletter: NewsletterId, kind: &str) -> Value {
    let picture = world.pictures.of(PictureOf::Newsletter(newsletter));
    json!({
        "id": picture.map(|picture| picture.id.to_string()),
        "type": kind,
        "direct_path": picture.map(|picture| picture.stored.direct_path.as_str()),
    })
}
