//! The one place where the contract's WIT becomes Rust.
//!
//! Nothing outside [`crate::convert`], [`crate::capability`] and [`crate::call`] sees these types: the rest of the host speaks the
//! vocabulary of `waspnest_core`.

wasmtime::component::bindgen!({
    path: "../../plugin-sdk/wit",
    world: "everything",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "waspnest:plugin/kv.store": crate::capability::kv::OpenStore,
        "waspnest:plugin/secrets.secret": crate::capability::secrets::OpenSecret,
        "waspnest:plugin/http.incoming": crate::capability::http::Incoming,
        "waspnest:plugin/media-store.blob": crate::capability::media::OpenBlob,
        "waspnest:plugin/media-store.sink": crate::capability::media::OpenSink,
    },
});
