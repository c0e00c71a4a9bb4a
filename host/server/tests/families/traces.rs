//! A collector of traces is told what a request or a message led to, and servers are told where what they get belongs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message as _;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};

use crate::host::{Host, PATIENCE};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// What servers outside have heard.
#[derive(Debug, Clone, Default)]
struct Heard {
    spans: Vec<Span>,
    /// Requests that are no spans: their path and where they say that they belong.
    asked: Vec<(String, Option<String>)>,
    /// All bytes that the collector was told.
    raw: Vec<u8>,
}

/// A collector, and a server of everything else.
struct Outside {
    address: SocketAddr,
    heard: watch::Receiver<Heard>,
    _tasks: JoinSet<()>,
}

impl Outside {
    async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (sender, heard) = watch::channel(Heard::default());
        let sender = Arc::new(sender);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // One that breaks off is asked again by whoever cares.
                let _ = serve(socket, &sender).await;
            }
        });
        Ok(Self {
            address,
            heard,
            _tasks: tasks,
        })
    }

    /// What was heard, as soon as it is what is waited for.
    async fn until(&self, says: impl FnMut(&Heard) -> bool) -> Result<Heard> {
        let mut heard = self.heard.clone();
        let found = tokio::time::timeout(PATIENCE, heard.wait_for(says)).await;
        let Ok(found) = found else {
            let heard = self.heard.borrow();
            let told: Vec<_> = heard
                .spans
                .iter()
                .map(|span| (&span.name, hex(&span.trace_id)))
                .collect();
            anyhow::bail!("it was never told; but {told:?} and {:?}", heard.asked);
        };
        Ok(found?.clone())
    }

    /// Where a request to a path says that it belongs: a trace and a span.
    async fn asked(&self, path: &str) -> Result<(String, String)> {
        let heard = self
            .until(|heard| heard.asked.iter().any(|(asked, _)| asked == path))
            .await?;
        let said = heard.asked.iter().find(|(asked, _)| asked == path);
        let said = said
            .and_then(|(_, said)| said.clone())
            .context("it says where it belongs")?;
        let parts: Vec<&str> = said.split('-').collect();
        assert_eq!((parts.len(), parts[0], parts[3]), (4, "00", "01"), "{said}");
        Ok((parts[1].to_owned(), parts[2].to_owned()))
    }

    /// The spans of a trace by their names, as soon as all of these are there.
    async fn trace(&self, trace: &str, names: &[&str]) -> Result<BTreeMap<String, Span>> {
        let of = |heard: &Heard| -> BTreeMap<String, Span> {
            let spans = heard.spans.iter().filter(|span| hex(&span.trace_id) == trace);
            spans.map(|span| (span.name.clone(), span.clone())).collect()
        };
        let heard = self
            .until(|heard| names.iter().all(|name| of(heard).contains_key(*name)))
            .await?;
        Ok(of(&heard))
    }
}

async fn serve(mut socket: TcpStream, heard: &watch::Sender<Heard>) -> Result<()> {
    let mut request = Vec::new();
    let (head, length) = loop {
        if let Some(end) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8(request.drain(..end + 4).collect())?.to_lowercase();
            let length = header(&head, "content-length").map_or(Ok(0), |length| length.parse::<usize>())?;
            break (head, length);
        }
        anyhow::ensure!(socket.read_buf(&mut request).await? > 0, "it broke off");
    };
    while request.len() < length {
        anyhow::ensure!(socket.read_buf(&mut request).await? > 0, "it broke off");
    }
    socket
        .write_all(b"HTTP/1.1 200 Heard\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        .await?;
    let path = head.split(' ').nth(1).context("a path")?.to_owned();
    if path != "/v1/traces" {
        let said = header(&head, "traceparent").map(str::to_owned);
        heard.send_modify(|heard| heard.asked.push((path, said)));
        return Ok(());
    }
    let told = ExportTraceServiceRequest::decode(&*request)?;
    heard.send_modify(|heard| {
        heard.raw.extend_from_slice(&request);
        for resource in told.resource_spans {
            heard
                .spans
                .extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    });
    Ok(())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A fact of a span, in words.
fn fact(span: &Span, name: &str) -> Option<String> {
    let found = span.attributes.iter().find(|fact| fact.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        AnyValue::StringValue(text) => Some(text.clone()),
        AnyValue::IntValue(number) => Some(number.to_string()),
        other => panic!("{name} is {other:?}"),
    }
}

fn is_part_of(part: &Span, whole: &Span) {
    assert_eq!(
        hex(&part.parent_span_id),
        hex(&whole.span_id),
        "{} is part of {}",
        part.name,
        whole.name
    );
    assert!(
        part.end_time_unix_nano >= part.start_time_unix_nano,
        "{} ends before it began",
        part.name
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_something_led_to_is_told_as_one_trace() -> Result<()> {
    let outside = Outside::start().await?;
    let address = outside.address;
    let dir = tempfile::tempdir()?;
    let secret = dir.path().join("hook");
    std::fs::write(&secret, "what callers know\n")?;
    let host = Host::with(|_| {
        format!(
            r#"
[traces]
endpoint = "http://{address}"
[secrets.shop]
from = "file:{secret}"
[webhooks.crm]
url = "http://{address}/crm"
[[plugin]]
id = "board"
source = "switchboard"
grants = {{ "messages.send" = true, kv = true }}
hook = {{ secret = "shop" }}
[[plugin]]
id = "bot"
source = "hostile"
[plugin.grants]
"messages.send" = true
"messages.react" = true
"messages.read" = true
"messages.typing" = true
kv = true
schedule = true
webhooks = ["crm"]
http = true
[[bind]]
id = "all"
plugin = "bot"
events = ["message"]
"#,
            secret = secret.display()
        )
    })
    .await?;

    // A request from outside, to the message that a person gets.
    let url = format!(
        "http://{}/v1/hooks/main/board/send/{}",
        host.address,
        host.ana.account().phone
    );
    let call = spawn_blocking(move || {
        ureq::post(&url)
            .header("Authorization", "Bearer what callers know")
            .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
            .send("an order of tangerines")
    });
    assert_eq!(call.await??.status().as_u16(), 202);
    host.hears("an order of tangerines").await?;
    let names = [
        "http.request",
        "event",
        "plugin.handle",
        "plugin.call",
        "effect.attempt",
    ];
    let spans = outside.trace(TRACE, &names).await?;
    let [request, event, handling, plugin, effect] = names.map(|name| &spans[name]);
    assert_eq!(hex(&request.parent_span_id), CALLER);
    is_part_of(event, request);
    is_part_of(handling, event);
    is_part_of(plugin, handling);
    is_part_of(effect, handling);
    assert_eq!(
        fact(request, "http.route").as_deref(),
        Some("/v1/hooks/{s}/{i}/{*path}")
    );
    assert_eq!(fact(event, "event.type").as_deref(), Some("request.received"));
    assert_eq!(fact(plugin, "outcome").as_deref(), Some("committed"));
    assert_eq!(fact(effect, "plugin.id").as_deref(), Some("board"));

    // A message, to a server that a plugin asks.
    host.ana
        .say(&host.phone, &format!("fetch http://{address}/asked"))
        .await?;
    let (trace, span) = outside.asked("/asked").await?;
    let spans = outside
        .trace(&trace, &["event", "plugin.call", "plugin.request", "effect.attempt"])
        .await?;
    assert_eq!(hex(&spans["plugin.request"].span_id), span);
    is_part_of(&spans["plugin.request"], &spans["plugin.call"]);
    assert!(spans["event"].parent_span_id.is_empty(), "it began here");
    assert_eq!(
        fact(&spans["plugin.request"], "http.response.status_code").as_deref(),
        Some("200")
    );

    // A message, to a server that a plugin wants told.
    host.ana
        .say(&host.phone, "tell crm order.placed {\"dish\":\"soup\"}")
        .await?;
    let (trace, span) = outside.asked("/crm").await?;
    let heard = outside
        .until(|heard| heard.spans.iter().any(|told| hex(&told.span_id) == span))
        .await?;
    let told = heard
        .spans
        .iter()
        .find(|told| hex(&told.span_id) == span)
        .context("it is there")?;
    assert_eq!((told.name.as_str(), hex(&told.trace_id)), ("effect.attempt", trace));
    assert_eq!(fact(told, "effect.kind").as_deref(), Some("webhook"));

    // A message, to a webhook that a tenant made.
    let made = json!({ "url": format!("http://{address}/hook"), "events": ["message.received"] });
    let made = host
        .api("POST", "/v1/webhooks", "application/json", made.to_string().into())
        .await?;
    let (status, made) = made;
    assert_eq!(status, 201, "{made}");
    host.ana.say(&host.phone, "a last word").await?;
    let (trace, span) = outside.asked("/hook").await?;
    let spans = outside
        .trace(&trace, &["event", "plugin.call", "webhook.attempt"])
        .await?;
    assert_eq!(hex(&spans["webhook.attempt"].span_id), span);
    is_part_of(&spans["webhook.attempt"], &spans["event"]);
    assert!(
        spans.values().all(|span| span
            .status
            .as_ref()
            .is_none_or(|status| status.code() != StatusCode::Error)),
        "all went well"
    );

    // Nobody is told who wrote, or what.
    let raw = outside.heard.borrow().raw.clone();
    let told = String::from_utf8_lossy(&raw).into_owned();
    for word in [
        "tangerines",
        "last word",
        "dish",
        "what callers know",
        &host.phone,
        &host.ana.account().phone,
    ] {
        assert!(!told.contains(word), "{word} is told");
    }
    host.stop().await
}
