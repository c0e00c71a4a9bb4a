//! Whether a version may follow another one without an operator's look at it.

use waspnest_core::version::{Approval, Version};
use waspnest_engine::Plugin;

use crate::config::installation::Pin;

/// Judges a version that shall follow another one. What of the one before is not known any more counts as nothing.
pub(super) fn judge(
    pin: Pin,
    (before, known): (&Plugin, Option<&Version>),
    (plugin, version): (&Plugin, &Version),
) -> Approval {
    let mut because = plugin.manifest.requests.beyond(&before.manifest.requests);
    match pin {
        Pin::Requests => {}
        Pin::Publisher => because.extend(another_publisher(known, version)),
        Pin::Digest => because.push("every version of this installation is looked at (pin = \"digest\")".into()),
    }
    match because.is_empty() {
        true => Approval::NotNeeded,
        false => Approval::Waiting { because },
    }
}

fn another_publisher(before: Option<&Version>, version: &Version) -> Option<Box<str>> {
    let before = before.and_then(|version| version.signed_by.as_deref());
    let words = |key: Option<&str>| key.map_or_else(|| "nobody who is trusted".to_owned(), str::to_owned);
    match (before, version.signed_by.as_deref()) {
        (Some(before), Some(after)) if before == after => None,
        (before, after) => Some(
            format!(
                "it is signed by {}; the version at work by {}",
                words(after),
                words(before)
            )
            .into(),
        ),
    }
}
