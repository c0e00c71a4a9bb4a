//! Sessions against the simulator: a real protocol on both sides, real encryption, no network beyond loopback.

mod bench;
mod inbound;
mod life;
mod outbound;
mod pairing;
mod proxy;
mod redelivery;
mod terminal;
