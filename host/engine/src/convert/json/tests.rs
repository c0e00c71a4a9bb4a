use waspnest_core::clock::{Ids, SeededIds, UnixMs};
use waspnest_core::id::EventId;
use waspnest_core::message::Content;

use super::content;
use crate::convert::tests::every_kind;

#[test]
fn every_kind_of_message_has_a_form() {
    let event = EventId::new(SeededIds::new(3).ulid(UnixMs(1)));
    let shown: Vec<_> = every_kind()
        .iter()
        .map(|it| serde_json::json!({ "type": it.kind(), "content": content::content(it, event) }))
        .collect();
    assert_eq!(shown.len(), Content::KINDS.len());
    insta::assert_json_snapshot!(shown);
}
