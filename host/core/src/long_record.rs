//! Records that are larger than one value of the store: the rest goes to rows of its own, in the same commit.
//!
//! A message can be larger than [`MAX_VALUE`] (65 536 characters of text, thumbnails), and it must not be lost for that. The first
//! row then starts with [`PARTED`] and the number of further parts; every other record starts with its version, which is smaller.

use bytes::{Bytes, BytesMut};

use crate::schema::{Key, session};
use crate::store::{MAX_VALUE, Op, Space, Store, StoreError};

/// First byte of a record that continues in other rows.
const PARTED: u8 = 0xFF;
/// Bytes of one part.
const PART: usize = MAX_VALUE - 2;
/// With these a record may be 16 MiB.
const MAX_PARTS: usize = 255;

/// Adds the writes of one record.
///
/// # Errors
/// [`StoreError::TooLarge`] when it does not even fit into parts.
pub(crate) fn put(ops: &mut Vec<Op>, key: Bytes, record: Bytes) -> Result<(), StoreError> {
    if record.len() <= MAX_VALUE {
        ops.push(Op::Put(key, record));
        return Ok(());
    }
    let mut parts = record.chunks(PART);
    let first = parts.next().unwrap_or_default();
    let Some(more) = u8::try_from(parts.len())
        .ok()
        .filter(|more| usize::from(*more) <= MAX_PARTS)
    else {
        return Err(StoreError::TooLarge { size: record.len() });
    };
    for (number, part) in (0..more).zip(parts) {
        ops.push(Op::Put(part_key(&key, number), record.slice_ref(part)));
    }
    let mut head = BytesMut::with_capacity(2 + PART);
    head.extend_from_slice(&[PARTED, more]);
    head.extend_from_slice(first);
    ops.push(Op::Put(key, head.freeze()));
    Ok(())
}

/// The whole record whose first row is `value`.
///
/// # Errors
/// Those of the store, and [`StoreError::Damaged`] when a part is missing.
pub(crate) async fn get(store: &dyn Store, space: Space, key: &[u8], value: Bytes) -> Result<Bytes, StoreError> {
    let [PARTED, more, first @ ..] = value.as_ref() else {
        return Ok(value);
    };
    let mut whole = BytesMut::from(first);
    for number in 0..*more {
        let part = store
            .get(space, &part_key(key, number))
            .await?
            .ok_or_else(|| StoreError::Damaged {
                key: key.escape_ascii().to_string().into(),
                reason: format!("part {number} of {more} is missing").into(),
            })?;
        whole.extend_from_slice(&part);
    }
    Ok(whole.freeze())
}

/// Adds the writes that remove a record whose first row is `value`.
pub(crate) fn delete(ops: &mut Vec<Op>, key: Bytes, value: &[u8]) {
    if let [PARTED, more, ..] = value {
        ops.extend((0..*more).map(|number| Op::Delete(part_key(&key, number))));
    }
    ops.push(Op::Delete(key));
}

fn part_key(key: &[u8], number: u8) -> Bytes {
    Key::table(session::PART).bytes(key).bytes(&[number]).into()
}
