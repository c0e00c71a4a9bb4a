//! Which messages have a word: lists of numbers in the store, in rows of bounded size.
//!
//! A row holds the numbers from the one in its key up to the next row of the same word. A row that has grown too long is split in the
//! middle, so that adding a number costs one short row wherever it belongs. Everything here can be made again from the messages.

use bytes::Bytes;

use super::batch::Batch;
use super::record::{Number, key};
use crate::schema::trailing_number;
use crate::store::{KeyRange, Order, Space, Store, StoreError};

/// Numbers in one row.
const LONGEST: usize = 400;

/// Adds a number to a word's list, unless it is there.
pub(super) async fn add(batch: &Batch, space: Space, word: &str, number: Number) -> Result<(), StoreError> {
    let Some((row, mut numbers)) = row_with(batch, space, word, number).await? else {
        batch.put(key::word(word).number(number.0).finish(), encode(&[number]));
        return Ok(());
    };
    match numbers.binary_search(&number) {
        Ok(_) => return Ok(()),
        Err(place) => numbers.insert(place, number),
    }
    if numbers.len() > LONGEST {
        // Numbers mostly come in order: what is full stays full.
        let half = if numbers.last() == Some(&number) {
            LONGEST
        } else {
            LONGEST / 2
        };
        let rest = numbers.split_off(half);
        if let Some(first) = rest.first() {
            batch.put(key::word(word).number(first.0).finish(), encode(&rest));
        }
    }
    // A number in front of all others moves the row.
    if let Some(first) = numbers.first().filter(|first| Some(first.0) != trailing_number(&row)) {
        batch.put(key::word(word).number(first.0).finish(), encode(&numbers));
        batch.delete(row);
    } else {
        batch.put(row, encode(&numbers));
    }
    Ok(())
}

/// Takes a number out of a word's list.
pub(super) async fn remove(batch: &Batch, space: Space, word: &str, number: Number) -> Result<(), StoreError> {
    let Some((row, mut numbers)) = row_with(batch, space, word, number).await? else {
        return Ok(());
    };
    let Ok(place) = numbers.binary_search(&number) else {
        return Ok(());
    };
    numbers.remove(place);
    if numbers.is_empty() {
        batch.delete(row);
    } else {
        // The key may be smaller than the first number in the row.
        batch.put(row, encode(&numbers));
    }
    Ok(())
}

/// The row a number belongs to: the last one that begins with it or before it, or else the first.
async fn row_with(
    batch: &Batch,
    space: Space,
    word: &str,
    number: Number,
) -> Result<Option<(Bytes, Vec<Number>)>, StoreError> {
    let rows = KeyRange::prefix(key::word(word).as_slice());
    let upto = KeyRange {
        end: Some(key::word(word).number(number.0).bytes(&[0]).finish()),
        ..rows.clone()
    };
    let mut found = batch.scan(space, upto, Order::Descending, 1).await?;
    if found.is_empty() {
        found = batch.scan(space, rows, Order::Ascending, 1).await?;
    }
    found
        .pop()
        .map(|(key, value)| Ok((key.clone(), decode(&key, &value)?)))
        .transpose()
}

/// The largest number of a word below `below`, and those before it in the same row, largest last.
pub(super) async fn below(
    store: &dyn Store,
    space: Space,
    word: &str,
    below: Number,
) -> Result<Vec<Number>, StoreError> {
    let mut range = KeyRange::prefix(key::word(word).as_slice());
    range.end = Some(key::word(word).number(below.0).finish());
    loop {
        let found = store.scan(space, range.clone(), Order::Descending, 1).await?;
        let Some((key, value)) = found.into_iter().next() else {
            return Ok(Vec::new());
        };
        let mut numbers = decode(&key, &value)?;
        numbers.retain(|number| *number < below);
        if !numbers.is_empty() {
            return Ok(numbers);
        }
        range = range.before(&key);
    }
}

fn encode(numbers: &[Number]) -> Bytes {
    let mut bytes = Vec::with_capacity(numbers.len() * 5);
    let mut last = 0;
    for Number(number) in numbers {
        let mut step = number - last;
        last = *number;
        while step >= 0x80 {
            bytes.push(step as u8 | 0x80);
            step >>= 7;
        }
        bytes.push(step as u8);
    }
    bytes.into()
}

fn decode(key: &[u8], bytes: &[u8]) -> Result<Vec<Number>, StoreError> {
    let mut numbers = Vec::new();
    let (mut last, mut step, mut shift) = (0_u64, 0_u64, 0);
    for byte in bytes {
        step |= u64::from(byte & 0x7F).checked_shl(shift).unwrap_or_default();
        shift += 7;
        if byte & 0x80 == 0 {
            last = last.wrapping_add(step);
            numbers.push(Number(last));
            (step, shift) = (0, 0);
        }
    }
    if shift == 0 {
        return Ok(numbers);
    }
    Err(StoreError::Damaged {
        key: key.escape_ascii().to_string().into(),
        reason: "it ends within a number".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::SESSION;
    use crate::store::MemoryStore;

    const SPACE: Space = Space::Session(SESSION);

    async fn all(batch: &Batch) -> Vec<u64> {
        let mut all = Vec::new();
        let mut end = Number::END;
        loop {
            let page = below(batch, SPACE, "word", end).await.expect("it reads");
            let Some(first) = page.first() else {
                all.reverse();
                return all;
            };
            end = *first;
            all.extend(page.iter().rev().map(|number| number.0));
        }
    }

    #[tokio::test]
    async fn numbers_are_kept_in_whatever_order_they_come() {
        let orders: [fn(u64) -> u64; 3] = [|n| n * 1000, |n| (2000 - n) * 1000, |n| (n * 7919 % 2003) << 20];
        for order in orders {
            let batch = Batch::new(MemoryStore::new(), SPACE);
            let mut expected: Vec<u64> = (1..2000).map(order).collect();
            for number in &expected {
                add(&batch, SPACE, "word", Number(*number)).await.expect("it adds");
                add(&batch, SPACE, "word", Number(*number)).await.expect("it is there");
                add(&batch, SPACE, "words", Number(*number)).await.expect("it adds");
            }
            expected.sort_unstable();
            assert_eq!(all(&batch).await, expected);
            let (gone, left): (Vec<u64>, Vec<u64>) = expected.iter().partition(|number| *number % 3 != 0);
            for number in gone {
                remove(&batch, SPACE, "word", Number(number)).await.expect("it removes");
            }
            assert_eq!(all(&batch).await, left);
            for number in &left {
                remove(&batch, SPACE, "word", Number(*number))
                    .await
                    .expect("it removes");
            }
            assert_eq!(all(&batch).await, [0; 0]);
        }
    }
}
