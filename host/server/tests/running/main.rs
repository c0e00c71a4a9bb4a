//! The `waspnest` program as others run it: under systemd, behind TLS, with signals, and with the files of `examples/deploy`.

mod deploy;
mod notify;
mod program;
mod reload;
mod stopping;
mod tls;
