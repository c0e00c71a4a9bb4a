//! A connection through a proxy: the few bytes that are said before it is as if there were none.
//!
//! Blocking, as files are fetched by a blocking client; what waits for no thread asks for one of its own. Every wait is bounded, and so is
//! what a proxy may say.

use std::io::{self, Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Credentials, Proxy, ProxyKind};

/// Until a proxy is reached, and for each of its answers.
const PATIENCE: Duration = Duration::from_secs(15);

/// How many addresses of its name are tried.
const ADDRESSES: usize = 4;

/// Bytes of the longest answer to CONNECT.
const LONGEST: usize = 8 << 10;

impl Proxy {
    /// Connects to a host and port on the far side of the proxy.
    ///
    /// # Errors
    /// With words that name the proxy and what it said, and never what it was told.
    pub(crate) fn dial(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("the proxy {self}: {error}"));
        let mut stream = self.reach().map_err(named)?;
        match self.kind {
            ProxyKind::Connect => connect(&mut stream, self.credentials.as_ref(), host, port),
            ProxyKind::Socks5 => socks5(&mut stream, self.credentials.as_ref(), host, port),
        }
        .map_err(named)?;
        stream.set_read_timeout(None)?;
        stream.set_write_timeout(None)?;
        Ok(stream)
    }

    fn reach(&self) -> io::Result<TcpStream> {
        let mut last = io::Error::other("its name has no address");
        for address in (self.host.as_ref(), self.port).to_socket_addrs()?.take(ADDRESSES) {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream.set_nodelay(true)?;
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn said(words: impl Into<String>) -> io::Error {
    io::Error::other(words.into())
}

fn connect<S: Read + Write>(
    stream: &mut S,
    credentials: Option<&Credentials>,
    host: &str,
    port: u16,
) -> io::Result<()> {
    let place = if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    };
    let mut asked = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n");
    if let Some(Credentials { user, password }) = credentials {
        let told = STANDARD.encode(format!("{user}:{password}"));
        asked += &format!("Proxy-Authorization: Basic {told}\r\n");
    }
    asked += "\r\n";
    stream.write_all(asked.as_bytes())?;
    // One byte at a time: what comes behind the answer is the other side's already.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        answer.push(byte[0]);
        if answer.len() > LONGEST {
            return Err(said("its answer has no end"));
        }
    }
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let status = line.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1));
    match status.and_then(|status| status.parse::<u16>().ok()) {
        Some(200..=299) => Ok(()),
        Some(407) => Err(said("it refuses the credentials, or wants some (407)")),
        Some(status) => Err(said(format!("it answered {status}"))),
        None => Err(said("it does not speak HTTP")),
    }
}

/// RFC 1928, and RFC 1929 for credentials.
fn socks5<S: Read + Write>(stream: &mut S, credentials: Option<&Credentials>, host: &str, port: u16) -> io::Result<()> {
    const WITHOUT: u8 = 0;
    const PASSWORD: u8 = 2;
    let offered = match credentials {
        Some(_) => PASSWORD,
        None => WITHOUT,
    };
    stream.write_all(&[5, 1, offered])?;
    let [version, chosen] = read(stream)?;
    if version != 5 {
        return Err(said("it does not speak SOCKS5"));
    }
    match (chosen, credentials) {
        (WITHOUT, _) => {}
        (PASSWORD, Some(Credentials { user, password })) => {
            let mut told = vec![1];
            for part in [user, password] {
                // They were measured when they were read.
                told.push(u8::try_from(part.len()).unwrap_or(u8::MAX));
                told.extend_from_slice(part.as_bytes());
            }
            stream.write_all(&told)?;
            let [_, status] = read(stream)?;
            if status != 0 {
                return Err(said("it refuses the credentials"));
            }
        }
        _ => return Err(said("it wants credentials of another kind, or wants some")),
    }
    let mut asked = vec![5, 1, 0];
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            asked.push(1);
            asked.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            asked.push(4);
            asked.extend(address.octets());
        }
        Err(_) => {
            let length = u8::try_from(host.len()).map_err(|_| said("the name behind it is too long"))?;
            asked.extend([3, length]);
            asked.extend(host.as_bytes());
        }
    }
    asked.extend(port.to_be_bytes());
    stream.write_all(&asked)?;
    let [_, status, _, kind] = read(stream)?;
    if status != 0 {
        return Err(said(match status {
            2 => "its rules forbid the connection".to_owned(),
            3 | 4 => "it cannot reach the other side".to_owned(),
            5 => "the other side refused the connection".to_owned(),
            status => format!("it refused with {status}"),
        }));
    }
    // Where it is bound to is of no use, and has to be read all the same.
    let rest = match kind {
        1 => 4,
        3 => usize::from(read::<1, _>(stream)?[0]),
        4 => 16,
        _ => return Err(said("it does not speak SOCKS5")),
    };
    stream.read_exact(&mut vec![0; rest + 2])
}

fn read<const COUNT: usize, S: Read>(stream: &mut S) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A proxy that says what is written down, whatever it hears.
    struct Played {
        says: io::Cursor<Vec<u8>>,
        heard: Vec<u8>,
    }

    impl Played {
        fn saying(says: &[u8]) -> Self {
            Self {
                says: io::Cursor::new(says.to_vec()),
                heard: Vec::new(),
            }
        }
    }

    impl Read for Played {
        fn read(&mut self, part: &mut [u8]) -> io::Result<usize> {
            self.says.read(part)
        }
    }

    impl Write for Played {
        fn write(&mut self, part: &[u8]) -> io::Result<usize> {
            self.heard.extend_from_slice(part);
            Ok(part.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn ana() -> Credentials {
        Credentials {
            user: "ana".into(),
            password: "sesame".into(),
        }
    }

    #[test]
    fn connect_names_the_place_and_leaves_the_rest() {
        let mut proxy = Played::saying(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nrest");
        connect(&mut proxy, Some(&ana()), "web.whatsapp.com", 443).expect("let through");
        let heard = String::from_utf8(proxy.heard).expect("text");
        assert!(
            heard.starts_with("CONNECT web.whatsapp.com:443 HTTP/1.1\r\n"),
            "{heard}"
        );
        assert!(
            heard.contains("Proxy-Authorization: Basic YW5hOnNlc2FtZQ==\r\n"),
            "{heard}"
        );
        let mut rest = String::new();
        proxy.says.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, "rest");
    }

    #[test]
    fn socks5_tells_who_asks_and_names_the_host() {
        let mut proxy = Played::saying(&[5, 2, 1, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0, b'!']);
        socks5(&mut proxy, Some(&ana()), "web.whatsapp.com", 443).expect("let through");
        let mut expected = vec![5, 1, 2, 1, 3];
        expected.extend(b"ana\x06sesame");
        expected.extend([5, 1, 0, 3, 16]);
        expected.extend(b"web.whatsapp.com\x01\xBB");
        assert_eq!(proxy.heard, expected);
        assert_eq!(proxy.says.position(), 14, "what follows is not the proxy's");
    }

    #[test]
    fn refusals_say_why_and_nothing_secret() {
        let refused = |answer: &[u8]| {
            let error = connect(&mut Played::saying(answer), Some(&ana()), "h", 1).expect_err("refused");
            error.to_string()
        };
        assert!(refused(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").contains("credentials"));
        assert!(refused(b"HTTP/1.1 503 No\r\n\r\n").contains("503"));
        assert!(refused(b"SSH-2.0-x\r\n\r\n").contains("does not speak HTTP"));
        assert!(refused(&vec![b'x'; LONGEST + 1]).contains("no end"));
        for (answer, words) in [
            (&[4, 0][..], "does not speak SOCKS5"),
            (&[5, 255], "credentials"),
            (&[5, 2, 1, 1], "refuses the credentials"),
            (&[5, 0, 5, 5, 0, 1], "the other side refused"),
        ] {
            let error = socks5(&mut Played::saying(answer), Some(&ana()), "h", 1).expect_err("refused");
            let said = error.to_string();
            assert!(said.contains(words) && !said.contains("sesame"), "{said}");
        }
    }
}
