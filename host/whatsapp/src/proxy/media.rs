//! Files fetched and put through a proxy: the connections of a session's HTTP client.
//!
//! ureq's own proxies resolve names before they ask, or need a feature that would be built for everything; this is the same tunnel as the
//! session's.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, RustlsConnector, Transport,
};
use ureq::{Agent, Error};

use super::Proxy;

/// An agent all of whose connections go through the proxy.
pub(crate) fn agent(config: Config, proxy: Proxy) -> Agent {
    let connector = Through(proxy).chain(RustlsConnector::default());
    Agent::with_parts(config, connector, Unresolved)
}

/// The proxy resolves names, so no name is looked up here.
#[derive(Debug)]
struct Unresolved;

impl Resolver for Unresolved {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut nowhere = self.empty();
        nowhere.push(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        Ok(nowhere)
    }
}

#[derive(Debug)]
struct Through(Proxy);

impl Connector<()> for Through {
    type Out = Line;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Line>, Error> {
        let host = details.uri.host().ok_or(Error::HostNotFound)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let usual = if details.needs_tls() { 443 } else { 80 };
        let stream = self.0.dial(host, details.uri.port_u16().unwrap_or(usual))?;
        let config = details.config;
        Ok(Some(Line {
            stream,
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
        }))
    }
}

/// One connection, once the proxy has let it through.
#[derive(Debug)]
struct Line {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.not_zero().map(|span| *span);
        self.stream.set_write_timeout(timeout)?;
        Ok(self.stream.write_all(&self.buffers.output()[..amount])?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.not_zero().map(|span| *span);
        self.stream.set_read_timeout(timeout)?;
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        let mut byte = [0];
        // Nothing was asked for, so nothing may come; an end is something too.
        let quiet = self.stream.set_nonblocking(true).is_ok()
            && matches!(self.stream.peek(&mut byte), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock);
        quiet && self.stream.set_nonblocking(false).is_ok()
    }
}
