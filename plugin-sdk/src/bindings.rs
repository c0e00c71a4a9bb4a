//! What wit-bindgen makes of `wit/`: the only place that calls it.
//!
//! One invocation for the imports and one for each handler interface. A plugin invokes the export macros of the handlers it
//! has; each brings the description of its own world, and the linker unites them, so that a component exports exactly those
//! handlers and imports only what it calls. Authors use the modules of this crate instead, which have better names and errors.

/// The capabilities and all types.
pub mod imports {
    wit_bindgen::generate!({
        path: "wit",
        world: "imports",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
        pub_export_macro: true,
    });
}

/// The module of one handler interface.
macro_rules! handler {
    ($name:ident, $world:tt) => {
        #[doc = concat!("`", stringify!($name), "-handler` alone.")]
        pub mod $name {
            wit_bindgen::generate!({
                path: "wit",
                world: $world,
                with: {
                    "waspnest:plugin/types@0.1.0": crate::bindings::imports::waspnest::plugin::types,
                    "waspnest:plugin/messaging@0.1.0": crate::bindings::imports::waspnest::plugin::messaging,
                    "waspnest:plugin/media-store@0.1.0": crate::bindings::imports::waspnest::plugin::media_store,
                    "waspnest:plugin/kv@0.1.0": crate::bindings::imports::waspnest::plugin::kv,
                    "waspnest:plugin/dialogue@0.1.0": crate::bindings::imports::waspnest::plugin::dialogue,
                    "waspnest:plugin/schedule@0.1.0": crate::bindings::imports::waspnest::plugin::schedule,
                    "waspnest:plugin/http@0.1.0": crate::bindings::imports::waspnest::plugin::http,
                    "waspnest:plugin/groups@0.1.0": crate::bindings::imports::waspnest::plugin::groups,
                    "waspnest:plugin/contacts@0.1.0": crate::bindings::imports::waspnest::plugin::contacts,
                    "waspnest:plugin/chats@0.1.0": crate::bindings::imports::waspnest::plugin::chats,
                    "waspnest:plugin/webhooks@0.1.0": crate::bindings::imports::waspnest::plugin::webhooks,
                    "waspnest:plugin/bus@0.1.0": crate::bindings::imports::waspnest::plugin::bus,
                    "waspnest:plugin/secrets@0.1.0": crate::bindings::imports::waspnest::plugin::secrets,
                    "waspnest:plugin/config@0.1.0": crate::bindings::imports::waspnest::plugin::config,
                    "waspnest:plugin/log@0.1.0": crate::bindings::imports::waspnest::plugin::log,
                    "waspnest:plugin/meta@0.1.0": crate::bindings::imports::waspnest::plugin::meta,
                },
                additional_derives: [PartialEq],
                pub_export_macro: true,
            });
        }
    };
}

handler!(message, "message-plugin");
handler!(command, "command-plugin");
handler!(reply, "reply-plugin");
handler!(schedule, "schedule-plugin");
handler!(receipt, "receipt-plugin");
handler!(group, "group-plugin");
handler!(presence, "presence-plugin");
handler!(contact, "contact-plugin");
handler!(chat, "chat-plugin");
handler!(call, "call-plugin");
handler!(session, "session-plugin");
handler!(topic, "topic-plugin");
handler!(request, "request-plugin");
handler!(raw, "raw-plugin");
handler!(lifecycle, "lifecycle-plugin");
handler!(config_check, "config-check-plugin");
