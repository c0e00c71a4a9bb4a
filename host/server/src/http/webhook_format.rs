//! Formats of webhooks, by the words that callers read and write.

use waspnest_core::webhook::Format;

/// Every format with its word.
pub(super) const FORMATS: &[(&str, Format)] = &{
    let mut all = [("", Format::Native); Format::ALL.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = (Format::ALL[at].name(), Format::ALL[at]);
        at += 1;
    }
    all
};
