//! Who may call the host from outside, and what for: tenants, their users and keys, tokens of sessions, logins.
//!
//! Records and their tables; who shows which credential in a request is judged by the server. No secret is ever stored, only digests of
//! secrets that were drawn at random, and slow hashes of passwords that people chose. Everything here is in [`Space::System`], but for
//! what belongs to one session (its owner, its token), which is beside the session's record.
//!
//! [`Space::System`]: crate::store::Space::System

mod api_key;
mod credential;
mod login;
mod network;
mod register;
mod scope;
mod session_token;
mod table;
mod tenant;
#[cfg(test)]
mod tests;
mod user;

pub use api_key::{ApiKey, ApiKeys, Overlap};
pub use credential::{Credential, CredentialKind, SecretDigest};
pub use login::{Login, Logins, Refreshed};
pub use network::{InvalidNetwork, Network};
pub use register::{CallerError, Callers};
pub use scope::{Scope, Scopes, UnknownScope};
pub use session_token::{SessionToken, SessionTokens};
pub use tenant::{Tenant, TenantLimits, Tenants};
pub use user::{PasswordHash, Role, Standing, User, Users};
