//! Fuzzing of the whole API: requests to every route that are right but for some places, and connections on which anything comes in. Nothing of
//! it may be a mistake of the host's or end it, and every answer is one that the document knows.
//!
//! The parsers alone are tried far more often by `src/http/fuzz.rs`, from which the way of making inputs is.

#[path = "../../src/http/fuzz/change.rs"]
mod change;

use std::io::Write;
use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waspnest::http::{list, openapi};
use waspnest_core::clock::{Clock, SystemClock};

use crate::credentials::{example, start};
use crate::support::{SECRET, TestApi};
use change::{Corpus, cases};

/// Requests to each route.
const REQUESTS: usize = 40;

/// Requests to a route that hashes passwords, which is slow by intention.
const SLOW_REQUESTS: usize = 4;

/// Connections.
const CONNECTIONS: usize = 3000;

/// Codes of what the WhatsApp client cannot do, or cannot do now, which is no mistake of the host's.
const NO_MISTAKES: [&str; 2] = ["not_supported", "session_not_connected"];

/// The variable that says for how many seconds each of the tests goes on; once round without it.
const SECONDS: &str = "WASPNEST_FUZZ_SECONDS";

/// Headers that something is read from, each with values that are right.
const HEADERS: [(&str, &[&str]); 11] = [
    (
        "Content-Type",
        &[
            "application/json",
            "multipart/form-data; boundary=x",
            "application/gzip",
        ],
    ),
    ("Accept", &["*/*", "text/plain;q=0.5, image/png"]),
    ("Accept-Encoding", &["gzip", "br;q=1.0, gzip;q=0.8, *;q=0"]),
    ("Idempotency-Key", &["order-4711"]),
    (
        "Authorization",
        &["Bearer wn_live_01JGFJJZ00B5KQFA4Z8H0N3N6A_00", "Basic YTpi"],
    ),
    ("Range", &["bytes=0-3", "bytes=-5", "bytes=4-"]),
    ("If-None-Match", &["\"abc\"", "W/\"abc\", *"]),
    ("X-Forwarded-For", &["198.51.100.7, 10.0.0.2"]),
    ("X-Request-Id", &["req-1"]),
    ("Origin", &["https://app.example.com"]),
    ("webhook-signature", &["v1,aGVsbG8="]),
];

/// Inputs by chance, the same in every run.
struct Chance {
    runner: TestRunner,
    until: Option<Duration>,
    clock: SystemClock,
}

impl Chance {
    fn new() -> Self {
        let clock = SystemClock::new();
        let lasting = std::env::var_os(SECONDS).map(|seconds| {
            let seconds = seconds.to_str().and_then(|seconds| seconds.parse().ok());
            Duration::from_secs(seconds.expect("a number of seconds"))
        });
        Self {
            runner: TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[0; 32])),
            until: lasting.map(|lasting| clock.monotonic() + lasting),
            clock,
        }
    }

    fn draw<T: std::fmt::Debug>(&mut self, strategy: &impl Strategy<Value = T>) -> T {
        strategy
            .new_tree(&mut self.runner)
            .expect("nothing is rejected")
            .current()
    }

    fn bytes(&mut self, corpus: &Corpus) -> Vec<u8> {
        let case = self.draw(&cases());
        corpus.input(&case)
    }

    /// What can stand in the target of a request: what is no letter of a URL is refused before anybody of ours sees it.
    fn target(&mut self, corpus: &Corpus) -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte);
        let written = self.bytes(corpus).into_iter().map(|byte| match plain(byte) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        });
        written.collect()
    }

    /// What can stand behind the name of a header.
    fn header(&mut self, corpus: &Corpus) -> String {
        let text = String::from_utf8_lossy(&self.bytes(corpus)).into_owned();
        text.chars().filter(|letter| !letter.is_control()).collect()
    }

    fn goes_on(&self) -> bool {
        self.until.is_some_and(|until| self.clock.monotonic() < until)
    }
}

fn corpus(
    seeds: impl IntoIterator<Item = impl AsRef<[u8]>>,
    pieces: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Corpus {
    Corpus {
        seeds: seeds.into_iter().map(|seed| seed.as_ref().to_vec()).collect(),
        pieces: pieces.into_iter().map(|piece| piece.as_ref().to_vec()).collect(),
    }
}

/// The keys of a JSON value and the values in it, as they are written.
fn words(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                found.push(format!("\"{key}\":"));
                words(value, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| words(value, found)),
        plain => found.push(plain.to_string()),
    }
}

#[tokio::test]
async fn whatever_a_request_says_it_is_answered_as_the_document_says() {
    let document = openapi();
    let mut chance = Chance::new();
    let (mut asked, mut done) = (0, 0);
    let mut api = start().await;
    loop {
        for route in list() {
            // Whatever was asked of the routes before may have been done.
            if api.get("/v1/sessions/main").await.status != 200 {
                api = start().await;
            }
            let (method, path, body) = example(&route);
            let operation = &document["paths"][route.path.replace("{*", "{")][method.to_lowercase()];
            let names = operation["parameters"].as_array().into_iter().flatten();
            let names = names
                .filter(|told| told["in"] == "query")
                .filter_map(|told| told["name"].as_str());
            let queries = corpus(
                names.clone().map(|name| format!("{name}=1")),
                names.map(|name| format!("&{name}=")),
            );
            let mut pieces = ["{", "}", "[", "]", "null", "true", "\":\"", "\\u0000"]
                .map(str::to_owned)
                .to_vec();
            body.iter().for_each(|body| words(body, &mut pieces));
            let bodies = corpus(body.iter().map(Value::to_string), pieces);
            let segments = corpus(path.split(['/', '?']).skip(1), ["..", "@g.us", ":", "sha256:", "ses_"]);
            let hashes = body.as_ref().is_some_and(|body| body.get("password").is_some());
            for _ in 0..if hashes { SLOW_REQUESTS } else { REQUESTS } {
                let succeeded = ask(&api, &mut chance, method, &path, [&queries, &bodies, &segments]).await;
                asked += 1;
                done += usize::from(succeeded);
            }
        }
        if !chance.goes_on() {
            break;
        }
    }
    let routes = list().len();
    let percent = done * 100 / asked;
    writeln!(
        std::io::stderr(),
        "fuzz: requests: {asked} cases to {routes} routes, {percent} % of them succeeded"
    )
    .expect("a line");
}

/// Makes one request that is wrong in some place; whether it succeeded all the same.
async fn ask(api: &TestApi, chance: &mut Chance, method: &str, path: &str, corpora: [&Corpus; 3]) -> bool {
    let [queries, bodies, segments] = corpora;
    let (place, query) = path.split_once('?').unwrap_or((path, ""));
    let (mut place, mut query) = (place.to_owned(), query.to_owned());
    let mut body = bodies.seeds.first().cloned();
    let (name, values) = HEADERS[chance.draw(&(0..HEADERS.len()))];
    let mut header = None;
    match chance.draw(&(0..8_u8)) {
        0 => query = chance.target(queries),
        1 => {
            let mut parts: Vec<String> = place.split('/').map(str::to_owned).collect();
            let which = chance.draw(&(1..parts.len()));
            parts[which] = chance.target(segments);
            place = parts.join("/");
        }
        2 => header = Some((name, chance.header(&corpus(values, [""; 0])))),
        _ if method == "GET" => query = format!("{query}&{}", chance.target(queries)),
        _ => body = Some(chance.bytes(bodies)),
    }
    let target = match query.is_empty() {
        true => place,
        false => format!("{place}?{query}"),
    };
    let shows = match &header {
        Some(("Authorization", shown)) => shown.clone(),
        _ => format!("Bearer {SECRET}"),
    };
    let mut request = api.bare(method, &target).header("Authorization", &shows);
    let mut says_type = false;
    if let Some((name, value)) = header.iter().find(|(name, _)| *name != "Authorization") {
        says_type = *name == "Content-Type";
        request = request.header(name, value);
    }
    if let Some(body) = &body {
        if !says_type {
            request = request.header("Content-Type", "application/json");
        }
        request = request.body(body);
    }
    let what = format!(
        "{method} {target} {header:?} {:?}",
        body.as_deref().map(String::from_utf8_lossy)
    );
    let answer = api.while_time_passes(Duration::from_secs(5), request.send()).await;
    let status = answer.status;
    let expected = status < 500 || NO_MISTAKES.contains(&answer.json()["code"].as_str().unwrap_or_default());
    assert!(expected, "{what}: {}", String::from_utf8_lossy(&answer.body));
    (200..300).contains(&status)
}

/// Requests as they are on the wire.
fn wires() -> Vec<String> {
    let bearer = format!("Host: test\r\nAuthorization: Bearer {SECRET}\r\n");
    let json = r#"{"type":"text","to":"+4915112345678","text":"hello"}"#;
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nab\r\n--x--\r\n";
    let send = "POST /v1/sessions/main/messages HTTP/1.1\r\n";
    let put = "POST /v1/sessions/main/media HTTP/1.1\r\n";
    vec![
        format!("GET /v1/sessions?limit=5 HTTP/1.1\r\n{bearer}\r\n"),
        format!("GET /v1/me HTTP/1.1\r\n{bearer}\r\nGET /v1/version HTTP/1.1\r\n{bearer}\r\n"),
        format!("{send}{bearer}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}", json.len()),
        format!(
            "{send}{bearer}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{json}\r\n0\r\n\r\n",
            json.len()
        ),
        format!(
            "{put}{bearer}Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        ),
        format!(
            "{put}{bearer}Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{}\r\n{:x};a=b\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
            &form[..16],
            form.len() - 16,
            &form[16..]
        ),
        format!("{put}{bearer}Content-Type: image/png\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab"),
        format!("GET /v1/sessions/main/media/{} HTTP/1.1\r\n{bearer}Range: bytes=0-3\r\n\r\n", "0".repeat(64)),
        "GET /healthz HTTP/1.0\r\n\r\n".to_owned(),
        format!("OPTIONS /v1/sessions HTTP/1.1\r\n{bearer}Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n\r\n"),
        "POST /v1/hooks/main/echo/a?b=c HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer x\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u{4}\0\0\0\0\0".to_owned(),
    ]
}

const OF_HTTP: [&str; 24] = [
    "\r\n\r\n",
    "\r\n",
    "HTTP/1.1",
    "HTTP/9.9",
    "Content-Length: 5\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 18446744073709551616\r\n",
    "Content-Length: 1\r\nContent-Length: 2\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Expect: 100-continue\r\n",
    "Upgrade: websocket\r\nConnection: Upgrade\r\n",
    "Connection: close\r\n",
    "0\r\n\r\n",
    "ffffffffffffffff\r\n",
    "-1\r\n",
    "Host: \r\n",
    "GET ",
    "CONNECT example.com:443",
    "http://[::1",
    "/..%2f..%2f",
    " : ",
    "Cookie: a=b\r\n",
    "Content-Type: application/json\r\n",
];

#[tokio::test]
async fn whatever_comes_in_on_a_connection_the_next_one_is_served() {
    let api = start().await;
    let mut chance = Chance::new();
    let corpus = corpus(wires(), OF_HTTP);
    let (mut made, mut answered, mut done) = (0, 0, 0);
    let mut long = corpus.long(64 << 10).collect::<Vec<_>>();
    loop {
        for _ in 0..CONNECTIONS {
            let input = long.pop().unwrap_or_else(|| chance.bytes(&corpus));
            let statuses = converse(&api, &input).await;
            made += 1;
            answered += usize::from(!statuses.is_empty());
            done += usize::from(statuses.iter().any(|status| (200..300).contains(status)));
            let shown = String::from_utf8_lossy(&input[..input.len().min(2000)]);
            assert!(statuses.iter().all(|status| *status < 500), "{statuses:?}: {shown}");
            if made % 100 == 0 {
                assert_eq!(api.get("/healthz").await.status, 200, "after {shown}");
            }
        }
        if !chance.goes_on() {
            break;
        }
    }
    let (answered, done) = (answered * 100 / made, done * 100 / made);
    writeln!(
        std::io::stderr(),
        "fuzz: connections: {made} cases, {answered} % of them answered, {done} % with something that succeeded"
    )
    .expect("a line");
    assert!(done > 0, "nothing ever succeeded, which is no trial");
}

/// Says something and hears the answer to its end; the statuses in it.
async fn converse(api: &TestApi, said: &[u8]) -> Vec<u16> {
    let conversation = async {
        let mut connection = TcpStream::connect(api.address).await.expect("the API listens");
        // A host that refuses what it hears may close before it has heard all of it.
        let (mut hears, mut says) = connection.split();
        let mut answer = Vec::new();
        let saying = async {
            let _ = says.write_all(said).await;
            let _ = says.shutdown().await;
        };
        let hearing = async {
            let _ = hears.read_to_end(&mut answer).await;
        };
        tokio::join!(saying, hearing);
        answer
    };
    let patience = tokio::time::timeout(Duration::from_secs(30), conversation);
    let answer = patience
        .await
        .unwrap_or_else(|_| panic!("it hangs: {}", String::from_utf8_lossy(said)));
    let text = String::from_utf8_lossy(&answer);
    let lines = text.split("HTTP/1.").skip(1);
    lines.filter_map(|line| line.get(2..5)?.parse().ok()).collect()
}
