//! The list of words made anew from the messages, when words are cut in another way than before.
//!
//! Messages that are added meanwhile are indexed twice, which is the same as once.

use serde::{Deserialize, Serialize};

use super::record::{Number, key};
use super::{Behind, Mailbox};
use crate::codec::Record;
use crate::id::SessionId;
use crate::schema::{session, trailing_number};
use crate::store::{KeyRange, Order, Store, StoreError};

/// The way in which words are cut and listed by this program.
const WAY: u32 = 1;

/// Rows that one step removes, and messages that it indexes.
const PAGE: usize = 200;

/// How the list was made, and how far the making has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Made {
    way: u32,
    /// Messages behind this one are not in it yet; none when all are.
    upto: Option<Number>,
}

impl Record for Made {
    const VERSION: u8 = 1;
}

impl Mailbox {
    /// Takes one step towards a list of words as this program makes it; nothing to do is the rule.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn index_anew(&self, session: SessionId) -> Result<Behind, StoreError> {
        self.index_in_way(session, WAY).await
    }

    pub(super) async fn index_in_way(&self, session: SessionId, way: u32) -> Result<Behind, StoreError> {
        let desk = self.sessions.of(session);
        let _turn = desk.turn.lock().await;
        let writing = self.writing(session).await?;
        let space = Self::space(session);
        let row = key::words_made();
        let made: Option<Made> = writing.record(&row).await?;
        let messages = KeyRange::prefix(&[session::MAILBOX_MESSAGE]);
        let next = match made {
            Some(Made {
                way: as_now,
                upto: None,
            }) if as_now == way => return Ok(Behind::No),
            Some(Made {
                way: as_now,
                upto: Some(upto),
            }) if as_now == way => {
                let range = messages.after(&key::message(upto));
                let rows = writing.batch.scan(space, range, Order::Ascending, PAGE).await?;
                let mut last = None;
                for (key, _) in rows {
                    let number = Number(trailing_number(&key).unwrap_or_default());
                    if let Some(stored) = writing.reading().stored(number).await? {
                        writing.index(number, &stored.message.content).await?;
                    }
                    last = Some(number);
                }
                last
            }
            Some(_) | None => {
                let words = KeyRange::prefix(&[session::MAILBOX_WORD]);
                let rows = writing.batch.scan(space, words, Order::Ascending, PAGE).await?;
                let any = writing.batch.scan(space, messages, Order::Ascending, 1).await?;
                if !rows.is_empty() {
                    rows.into_iter().for_each(|(key, _)| writing.batch.delete(key));
                    writing.finish().await?;
                    return Ok(Behind::Yes);
                }
                (!any.is_empty()).then_some(Number(0))
            }
        };
        writing.put(&row, &Made { way, upto: next });
        writing.finish().await?;
        Ok(if next.is_some() { Behind::Yes } else { Behind::No })
    }
}
