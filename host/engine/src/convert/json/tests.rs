use waspnest_core::clock::{Ids, SeededIds, UnixMs};
use waspnest_core::event::Position;
use waspnest_core::id::EventId;
use waspnest_core::message::Content;

use super::content;
use crate::convert::FileOf;
use crate::convert::tests::every_kind;

#[test]
fn every_kind_of_message_has_a_form() {
    let file = FileOf {
        event: EventId::new(SeededIds::new(3).ulid(UnixMs(1))),
        position: Position(4),
    };
    let shown: Vec<_> = every_kind()
        .iter()
        .map(|it| serde_json::json!({ "type": it.kind(), "content": content::content(it, file) }))
        .collect();
    assert_eq!(shown.len(), Content::KINDS.len());
    insta::assert_json_snapshot!(shown);
}
