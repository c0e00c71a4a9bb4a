//! `<iq xmlns="status" type="get"><privacy/></iq>`: a companion asks for whom the account's status posts are. Phones alone change it.

use whatsapp_rust::NodeBuilder;

use crate::address::{AccountId, Namespace, PHONE};
use crate::stanza::iq::Answer;
use crate::status_privacy::StatusAudience;
use crate::world::World;

/// Every list there is, and which of them counts. The shape is that of a client library; neither of the two that the rest is taken from
/// asks (modelled).
pub(super) fn answer(world: &World, account: AccountId) -> Answer {
    let privacy = &world.account(account).status_privacy;
    let lists = StatusAudience::ALL.map(|audience| {
        let users = privacy.listed(audience).map(|listed| {
            NodeBuilder::new("user")
                .attr("jid", world.account(listed).jid(PHONE, Namespace::Phone))
                .build()
        });
        let mut list = NodeBuilder::new("list").attr("type", audience.name());
        if audience == privacy.audience {
            list = list.attr("default", "true");
        }
        list.children(users).build()
    });
    Answer::Result(vec![NodeBuilder::new("privacy").children(lists).build()])
}
