//! Core modules that are meant to be components: what compilers without components of their own make (C, Go).
//!
//! Such a module says in a section of its own, `component-type`, which interfaces it imports and exports; wit-bindgen writes that.
//! It becomes a component here, the one place that encodes any: for `waspnest plugin build`, and on the way to the compiler for what
//! is installed as it is. Its calls of WASI's first preview go through wasmtime's adapter, so that it meets the same powerless WASI as
//! everybody. Nothing that is read here is trusted; a host encodes where it compiles, in a process of its own.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as ADAPTER,
};
use wit_component::ComponentEncoder;

/// Bytes that are no component and do not become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AdaptError {
    /// Neither a component nor a core module.
    #[error("it does not begin like WebAssembly")]
    NotWasm,
    /// A core module that does not say which component it is meant to be.
    #[error(
        "it is a core module without a `component-type` section, so nobody can tell which component it is meant to be; link the bindings \
         that wit-bindgen makes for your language, or embed the section with `wasm-tools component embed`"
    )]
    Bare,
    /// What it says of itself and what it is do not fit.
    #[error("it is a core module that cannot be made a component: {0}")]
    Unfit(String),
}

/// What bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A component, as far as its first bytes tell.
    Component,
    /// A core module that says which component it is meant to be.
    Described,
}

/// Looks at the frame of what is read, and no deeper.
pub(super) fn form(wasm: &[u8]) -> Result<Form, AdaptError> {
    match wasm.split_at_checked(8) {
        Some(([0, b'a', b's', b'm', 1, 0, 0, 0], sections)) => match is_described(sections) {
            true => Ok(Form::Described),
            false => Err(AdaptError::Bare),
        },
        Some(([0, b'a', b's', b'm', ..], _)) => Ok(Form::Component),
        Some(_) | None => Err(AdaptError::NotWasm),
    }
}

/// The component that bytes are or are meant to be.
///
/// # Errors
/// [`AdaptError`], which says what to do.
pub fn component_of(wasm: Vec<u8>) -> Result<Vec<u8>, AdaptError> {
    match form(&wasm)? {
        Form::Component => Ok(wasm),
        Form::Described => encode(&wasm).map_err(|error| AdaptError::Unfit(format!("{error:#}"))),
    }
}

fn encode(module: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(module)?.adapter(ADAPTER_NAME, ADAPTER)?;
    Ok(encoder.encode()?)
}

/// Whether a section of a core module tells of a component. What is broken tells nothing.
fn is_described(mut sections: &[u8]) -> bool {
    const CUSTOM: u8 = 0;
    while let [kind, rest @ ..] = sections {
        let Some((content, after)) = counted(rest) else {
            return false;
        };
        let name = counted(content).map(|(name, _)| name);
        if *kind == CUSTOM && name.is_some_and(|name| name.starts_with(b"component-type")) {
            return true;
        }
        sections = after;
    }
    false
}

/// Bytes behind their number, and what comes after them.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut count = 0_usize;
    // A number of 32 bits has at most five bytes of seven.
    for (index, byte) in bytes.iter().take(5).enumerate() {
        count |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes[index + 1..].split_at_checked(count);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_neither_is_told_apart() {
        let module = wat::parse_str("(module (func (export \"on\")))").expect("a module");
        let component = wat::parse_str("(component)").expect("a component");
        assert_eq!(component_of(component.clone()), Ok(component));
        assert_eq!(component_of(module.clone()), Err(AdaptError::Bare));
        for cut in 9..module.len() {
            assert_eq!(form(&module[..cut]), Err(AdaptError::Bare), "cut at {cut}");
        }
        assert_eq!(component_of(b"#!/bin/sh".to_vec()), Err(AdaptError::NotWasm));
    }

    #[test]
    fn a_section_that_tells_nonsense_is_told() {
        let module = wat::parse_str("(module (@custom \"component-type:x\" \"nonsense\"))").expect("a module");
        assert_eq!(form(&module), Ok(Form::Described));
        let told = component_of(module).expect_err("no component").to_string();
        assert!(
            told.starts_with("it is a core module that cannot be made a component: "),
            "{told}"
        );
    }
}
