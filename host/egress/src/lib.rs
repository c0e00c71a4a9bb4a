//! The way out: HTTP requests on behalf of plugins and webhooks, to where they may go and nowhere else.
//!
//! One [`guard`] for everybody. A name is resolved once, every address it has is checked, and exactly those addresses are dialled, so that
//! a name cannot mean one thing when it is checked and another when it is used. Redirects are never followed here: whoever asked decides
//! about the next address and asks again. Proxies of the environment are not looked at, cookies are not kept.

mod body;
mod exchange;
pub mod guard;
mod meters;
mod names;
mod played;

pub use body::Body;
pub use exchange::{Egress, EgressError, Inbound, Opened, Outbound, Rest, SetUpError};
pub use guard::{Forbidden, Guard};
pub use meters::Meters;
pub use names::{Names, SystemNames};
pub use played::{Part, Played, PlayedBody, Servers};
