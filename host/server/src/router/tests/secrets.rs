//! A secret of the operator reaches the server it is for, and nothing that is stored.

use waspnest_core::store::{KeyRange, MAX_SCAN, Order, Space, Store};

use super::harness::{Harness, hostile};
use crate::test_server::Server;

#[tokio::test]
async fn a_secret_is_sent_and_not_stored() {
    let server = Server::answering(&[]).await;
    let app = Harness::start(vec![hostile("bot")]).await;
    app.hears("4915100001", &format!("secret-header token http://{}/", server.addr))
        .await;
    let replies = app.replies(1).await;
    assert_eq!(replies, [("4915100001".to_owned(), "200 ok".to_owned())]);
    let heard = server.heard();
    assert!(heard[0].contains("x-token: Bearer swordfish\r\n"), "{heard:?}");
    let everything = KeyRange {
        start: Default::default(),
        end: None,
    };
    for space in [Space::System, Space::Session(app.session())] {
        let rows = app
            .store
            .scan(space, everything.clone(), Order::Ascending, MAX_SCAN)
            .await;
        for (_, row) in rows.expect("the store works") {
            assert!(!row.windows(9).any(|part| part == b"swordfish"));
        }
    }
    app.stop().await;
}
