//! The `waspnest` program as others run it: under systemd, behind TLS, and with signals.

mod notify;
mod program;
mod reload;
mod stopping;
mod tls;
