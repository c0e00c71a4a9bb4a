//! Ways to servers that are closed, and requests that are more than one.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use waspnest_egress::{Guard, Names};

use super::super::harness::{Harness, Install};
use super::{Asker, Ended, judged};

/// The address the operator leaves open; every other one of this machine is inside.
const OPEN: &str = "127.0.0.2";
/// Loopback and what is like it, in the notations that URLs and resolvers know.
const INSIDE: [&str; 25] = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "%31%32%37.0.0.1",
    "0",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[64:ff9b::127.0.0.1]",
    "169.254.169.254",
    "inside.example",
    "both.example",
    "rebinding.example",
];
/// Names and values of headers that would make two requests of one, or one that the host did not write.
const SMUGGLED: [(&str, &str); 13] = [
    ("host", "inside"),
    ("Content-Length", "0"),
    ("Transfer-Encoding", "chunked"),
    ("connection", "close,authorization"),
    ("upgrade", "h2c"),
    ("te", "trailers"),
    ("trailer", "x"),
    ("expect", "100-continue"),
    ("proxy-authorization", "x"),
    ("x", r"a\r\nhost:\sinside"),
    ("x", r"a\n\nGET\s/second\sHTTP/1.1"),
    (r"x\r\nhost", "inside"),
    (r"x\sy", "z"),
];

/// A server on every address of this machine that remembers what it was asked, and on which.
#[derive(Clone)]
struct Witness {
    port: u16,
    heard: Arc<Mutex<Vec<(IpAddr, String)>>>,
}

impl Witness {
    #[expect(clippy::disallowed_methods, reason = "a server of a test ends with it")]
    async fn start() -> Self {
        let listener = TcpListener::bind("0.0.0.0:0").await.expect("a free port");
        let witness = Self {
            port: listener.local_addr().expect("it is bound").port(),
            heard: Arc::default(),
        };
        let me = witness.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(me.clone().serve(socket));
            }
        });
        witness
    }

    async fn serve(self, mut socket: TcpStream) {
        let mut request = Vec::new();
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            if socket.read_buf(&mut request).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let to = socket.local_addr().expect("it is connected").ip();
        let request = String::from_utf8_lossy(&request).into_owned();
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((to, request));
        let answer = if let Some(target) = path.strip_prefix("/to/") {
            format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        } else if path == "/headers" {
            let line = format!("x-{}: {}\r\n", "a".repeat(100), "b".repeat(900));
            format!("HTTP/1.1 200 OK\r\n{}\r\n", line.repeat(2000))
        } else if path == "/body" {
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(8 << 20))
        } else {
            "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nopen".to_owned()
        };
        // Whoever was told to take no more hangs up.
        let _ = socket.write_all(answer.as_bytes()).await;
    }

    /// What was asked since the last time.
    fn heard(&self) -> Vec<(IpAddr, String)> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Names of the tests. One of them means something else each time it is looked up.
#[derive(Debug, Default)]
struct Book {
    looked_up: Mutex<HashMap<String, usize>>,
}

#[async_trait]
impl Names for Book {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut looked_up = self.looked_up.lock().unwrap_or_else(PoisonError::into_inner);
        let before = looked_up.entry(name.to_owned()).or_default();
        *before += 1;
        let found: &[&str] = match (name, *before) {
            ("open.example" | "other.example", _) | ("rebinding.example", 1) => &[OPEN],
            ("inside.example", _) | ("rebinding.example", _) => &["127.0.0.1"],
            ("both.example", _) => &[OPEN, "127.0.0.1"],
            _ => return Err(io::ErrorKind::NotFound.into()),
        };
        Ok(found
            .iter()
            .map(|address| address.parse().expect("an address"))
            .collect())
    }
}

pub(super) async fn all() -> Vec<Ended> {
    let witness = Witness::start().await;
    let guard = Guard {
        allow: vec![format!("{OPEN}/32").parse().expect("a network")],
        ..Guard::default()
    };
    let app = Harness::start_through(guard, Arc::<Book>::default(), vec![Install::of("roamer", "roamer")]).await;
    let asker = Asker::new(&app);
    let mut ended = Vec::new();
    ended.extend(inside(&asker, &witness).await);
    ended.extend(redirects(&asker, &witness).await);
    ended.extend(smuggling(&asker, &witness).await);
    ended.extend(bombs(&asker, &witness).await);
    ended.extend(secrets(&asker, &witness).await);
    app.stop().await;
    ended
}

/// Nobody may be asked at an address that is closed.
async fn inside(asker: &Asker<'_>, witness: &Witness) -> Vec<Ended> {
    let port = witness.port;
    // The name that will mean something else is open the first time.
    let first = asker
        .ask("4915100001", &format!("fetch http://rebinding.example:{port}/"))
        .await;
    assert_eq!(first, "200 open", "the operator opened this address");
    witness.heard();
    let mut ended = Vec::new();
    for host in INSIDE {
        for (what, word) in [("a request to", "fetch"), ("a file from", "grab")] {
            let answer = asker.ask("4915100001", &format!("{word} http://{host}:{port}/")).await;
            let heard = witness.heard();
            ended.push(judged(format!("{what} {host}"), answer, |answer| {
                answer.contains("not on the public internet") && heard.is_empty()
            }));
        }
    }
    ended
}

/// A redirect is a new request, and judged like one.
async fn redirects(asker: &Asker<'_>, witness: &Witness) -> Vec<Ended> {
    let port = witness.port;
    let mut ended = Vec::new();
    for (target, refusal) in [
        (format!("http://127.0.0.1:{port}/"), "not on the public internet"),
        (format!("http://inside.example:{port}/"), "not on the public internet"),
        (format!("http://[::1]:{port}/"), "not on the public internet"),
        (format!("https://open.example:{port}/"), "is not granted"),
        (
            format!("http://user:password@{OPEN}:{port}/"),
            "must not hold a user name",
        ),
        ("file:///etc/passwd".to_owned(), "must begin with http"),
        ("gopher://127.0.0.1/".to_owned(), "must begin with http"),
    ] {
        let answer = asker
            .ask("4915100001", &format!("follow http://{OPEN}:{port}/to/{target}"))
            .await;
        let heard = witness.heard();
        ended.push(judged(format!("a redirect to {target}"), answer, |answer| {
            answer.contains(refusal) && heard.len() == 1
        }));
    }
    let endless = format!("http://{OPEN}:{port}/to/").repeat(9);
    let answer = asker.ask("4915100001", &format!("follow {endless}")).await;
    let heard = witness.heard();
    ended.push(judged("redirects without end", answer, |answer| {
        answer.starts_with("302 ") && heard.len() == 6
    }));
    let told = format!("follow-with authorization secret http://open.example:{port}/to/http://other.example:{port}/");
    let answer = asker.ask("4915100001", &told).await;
    let heard = witness.heard();
    let secret: Vec<bool> = heard.iter().map(|(_, request)| request.contains("secret")).collect();
    ended.push(judged("a redirect that takes a secret along", answer, |answer| {
        answer == "200 open" && secret == [true, false]
    }));
    ended
}

/// One call is one request with one host.
async fn smuggling(asker: &Asker<'_>, witness: &Witness) -> Vec<Ended> {
    let port = witness.port;
    let mut ended = Vec::new();
    for (name, value) in SMUGGLED {
        let answer = asker
            .ask("4915100001", &format!("header {name} {value} http://{OPEN}:{port}/"))
            .await;
        let heard = witness.heard();
        ended.push(judged(format!("the header {name}: {value}"), answer, |answer| {
            answer.contains("invalid") && heard.is_empty()
        }));
    }
    for method in [
        "CONNECT",
        "TRACE",
        r"GET\s/second\sHTTP/1.1\r\nhost:\sinside\r\n\r\n",
        "get",
    ] {
        let answer = asker
            .ask("4915100001", &format!("method {method} http://{OPEN}:{port}/"))
            .await;
        let heard = witness.heard();
        ended.push(judged(format!("the method {method}"), answer, |answer| {
            answer.contains("must be GET") && heard.is_empty()
        }));
    }
    let path = r"/\sHTTP/1.1\r\nhost:\sinside\r\n\r\nGET\s/second";
    let answer = asker
        .ask("4915100001", &format!("method GET http://{OPEN}:{port}{path}"))
        .await;
    let heard = witness.heard();
    ended.push(judged("a second request in the path", answer, |_| {
        match heard.as_slice() {
            [(_, request)] => {
                let hosts = request
                    .lines()
                    .filter(|line| line.to_ascii_lowercase().starts_with("host:"));
                hosts.count() == 1 && !request.contains("GET /second")
            }
            others => others.is_empty(),
        }
    }));
    ended
}

/// Answers that are too much.
async fn bombs(asker: &Asker<'_>, witness: &Witness) -> Vec<Ended> {
    let port = witness.port;
    let headers = asker
        .ask("4915100001", &format!("fetch http://{OPEN}:{port}/headers"))
        .await;
    let body = asker
        .ask("4915100001", &format!("grab http://{OPEN}:{port}/body"))
        .await;
    witness.heard();
    vec![
        judged("an answer of 2 MB of headers", headers, |answer| {
            answer.contains("the other side answered 0")
        }),
        judged("a file of 8 MiB where 64 KiB are granted", body, |answer| {
            answer.contains("larger than 65536 bytes")
        }),
    ]
}

/// The harness has one secret, which is for another server than the one that is open.
async fn secrets(asker: &Asker<'_>, witness: &Witness) -> Vec<Ended> {
    let port = witness.port;
    let mut ended = Vec::new();
    for words in [
        format!("secret-header token http://{OPEN}:{port}/"),
        format!("secret-query token http://{OPEN}:{port}/"),
        format!("secret-body token http://{OPEN}:{port}/"),
        format!("secret-header token http://open.example:{port}/"),
        "reveal token".to_owned(),
        "reveal absent".to_owned(),
    ] {
        let answer = asker.ask("4915100001", &words).await;
        let heard = witness.heard();
        let name = words.replace(&format!(":{port}"), "");
        ended.push(judged(name, answer, |answer| {
            answer.contains("refused") && !answer.contains("swordfish") && heard.is_empty()
        }));
    }
    ended
}
