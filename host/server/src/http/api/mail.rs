//! Reading what a phone shows: messages, chats, people, and how far its past was told.

pub(in crate::http) mod chats;
pub(in crate::http) mod export;
pub(in crate::http) mod messages;
pub(in crate::http) mod past;
pub(in crate::http) mod people;
pub(in crate::http) mod shown;
