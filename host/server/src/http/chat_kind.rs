//! Kinds of chats, by the words that callers read and write.

use waspnest_core::address::ChatKind;

/// Every kind with its word.
pub(super) const KINDS: &[(&str, ChatKind)] = &[
    (word(ChatKind::Direct), ChatKind::Direct),
    (word(ChatKind::Group), ChatKind::Group),
    (word(ChatKind::Community), ChatKind::Community),
    (word(ChatKind::Broadcast), ChatKind::Broadcast),
    (word(ChatKind::Status), ChatKind::Status),
    (word(ChatKind::Newsletter), ChatKind::Newsletter),
    (word(ChatKind::Bot), ChatKind::Bot),
    (word(ChatKind::Other), ChatKind::Other),
];

/// The word of a kind.
pub(super) const fn word(kind: ChatKind) -> &'static str {
    match kind {
        ChatKind::Direct => "direct",
        ChatKind::Group => "group",
        ChatKind::Community => "community",
        ChatKind::Broadcast => "broadcast",
        ChatKind::Status => "status",
        ChatKind::Newsletter => "newsletter",
        ChatKind::Bot => "bot",
        ChatKind::Other => "other",
    }
}
