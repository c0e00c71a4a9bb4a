//! What the codec between WhatsApp's messages and the host's promises. Nothing here has a session; messages go through bytes.

mod envelope;
mod events;
mod fixtures;
mod garbage;
mod protocol;
mod refusal;
mod round_trip;
mod samples;
mod sealed;
mod world;
