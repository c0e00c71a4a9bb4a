//! What clients ask on the way up and hardly use: answered with the least that lets them go on. All of it is modelled.

use whatsapp_rust::NodeBuilder;

use crate::stanza::iq::{Answer, Verb};

/// Seconds until a client asks for its experiment settings again.
const PROPS_REFRESH_S: u32 = 86_400;

/// The switch `privacy_token_sending_on_all_1_on_1_messages`: messages carry the recipient's trusted-contact token. Baileys has it on by
/// itself; a server that asks for tokens has to tell whatsapp-rust.
const TOKENS_IN_MESSAGES: u32 = 10_518;

pub(super) fn handle(namespace: &str, verb: Verb) -> Answer {
    match (namespace, verb) {
        // No experiments: every switch but one stays at the client's default.
        ("abt" | "w", Verb::Get) => Answer::Result(vec![
            NodeBuilder::new("props")
                .attr("protocol", "1")
                .attr("ab_key", "sim")
                .attr("hash", "sim")
                .attr("refresh", PROPS_REFRESH_S)
                .attr("refresh_id", 1_u8)
                .children([NodeBuilder::new("prop")
                    .attr("config_code", TOKENS_IN_MESSAGES)
                    .attr("config_value", "1")
                    .build()])
                .build(),
        ]),
        ("tos", Verb::Get) => Answer::Result(vec![NodeBuilder::new("tos").build()]),
        (
            "tos" | "urn:xmpp:whatsapp:dirty" | "urn:xmpp:whatsapp:push" | "w:stats" | "w:auth:token" | "optoutlist",
            Verb::Set,
        ) => Answer::done(),
        (_, Verb::Get | Verb::Set) => Answer::not_implemented(),
    }
}
