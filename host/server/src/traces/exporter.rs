//! The task that tells the collector, and the way there.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry::trace::{self, SpanContext, SpanKind, Status, TraceFlags, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter as Otlp, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanExporter, SpanLinks};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use waspnest_core::clock::Clock;
use waspnest_core::trace_context::Sampled;
use waspnest_egress::{Egress, Guard, Outbound, SetUpError, SystemNames};

use super::{Fact, Inner, Meters, Parent, QUEUE, Role, Told, Traces, Work};
use crate::config::traces::Traces as Rules;

/// Pieces of work that are told together at most.
const TOGETHER: usize = 512;
/// How long the first of them waits for the others.
const GATHER: Duration = Duration::from_secs(2);
/// How long telling may take, and bytes that are read of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_BYTES: usize = 64 << 10;

/// Why nobody can be told of traces.
#[derive(Debug, thiserror::Error)]
pub enum ExportSetUpError {
    /// There is no way to the collector.
    #[error("no way to the collector of traces can be made")]
    Way(#[from] SetUpError),
    /// What is told cannot be written.
    #[error("the exporter of traces cannot be made")]
    Exporter(#[from] ExporterBuildError),
}

/// The task that tells a collector.
#[derive(Debug)]
pub(crate) struct Exporter {
    queue: mpsc::Receiver<Told>,
    otlp: Otlp,
    scope: InstrumentationScope,
    meters: Meters,
    clock: Arc<dyn Clock>,
}

/// Where work is told, and the task that tells it on; nobody is told and nothing runs if the configuration names no collector.
///
/// # Errors
/// [`ExportSetUpError`].
pub(crate) fn exporting(
    rules: &Rules,
    meters: Meters,
    clock: &Arc<dyn Clock>,
) -> Result<(Traces, Option<Exporter>), ExportSetUpError> {
    let Some(endpoint) = &rules.endpoint else {
        return Ok((Traces::default(), None));
    };
    // The operator says where the collector is, which is where its kind is: next door.
    let anywhere = ["0.0.0.0/0", "::/0"]
        .into_iter()
        .filter_map(|network| network.parse().ok());
    let guard = Guard {
        allow: anywhere.collect(),
        ..Guard::default()
    };
    let egress = Egress::new(guard, Arc::new(SystemNames), Arc::clone(clock))?;
    let mut otlp = Otlp::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/')))
        .with_timeout(TIMEOUT)
        .with_http_client(Way(egress))
        .build()?;
    let service = KeyValue::new("service.name", rules.service_name.to_string());
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    otlp.set_resource(&Resource::builder_empty().with_attributes([service, version]).build());
    let (sender, queue) = mpsc::channel(QUEUE);
    let traces = Traces(Some(Arc::new(Inner {
        queue: sender,
        below: below(rules.sample),
        meters: meters.clone(),
        clock: Arc::clone(clock),
    })));
    let exporter = Exporter {
        queue,
        otlp,
        scope: InstrumentationScope::builder("waspnest").build(),
        meters,
        clock: Arc::clone(clock),
    };
    Ok((traces, Some(exporter)))
}

impl Exporter {
    /// Tells until `stop`, and then what is left.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut failing = false;
        loop {
            let mut told = Vec::new();
            let ended = tokio::select! {
                () = stop.cancelled() => true,
                first = self.queue.recv() => {
                    told.extend(first);
                    false
                }
            };
            if !ended {
                let until = self.clock.now().plus(GATHER);
                while told.len() < TOGETHER {
                    tokio::select! {
                        () = stop.cancelled() => break,
                        () = self.clock.sleep_until(until) => break,
                        Some(more) = self.queue.recv() => told.push(more),
                    }
                }
            }
            while ended && let Ok(more) = self.queue.try_recv() {
                told.push(more);
            }
            let batch: Vec<_> = told.into_iter().map(|told| self.data(told)).collect();
            let count = batch.len() as u64;
            if count > 0 {
                match self.otlp.export(batch).await {
                    Ok(()) => {
                        self.meters.told.inc_by(count);
                        failing = false;
                    }
                    Err(error) => {
                        self.meters.refused.inc_by(count);
                        // Once, not every two seconds.
                        if !std::mem::replace(&mut failing, true) {
                            tracing::warn!(%error, "the collector of traces does not take what it is told");
                        }
                    }
                }
            }
            if ended {
                return;
            }
        }
    }

    fn data(&self, told: Told) -> SpanData {
        let Told { context, work, ended } = told;
        let Work {
            name,
            role,
            parent,
            took,
            failed,
            facts,
        } = work;
        let flags = match context.sampled {
            Sampled::Yes => TraceFlags::SAMPLED,
            Sampled::No => TraceFlags::default(),
        };
        let end = SystemTime::UNIX_EPOCH + Duration::from_millis(ended.0);
        let mut attributes: Vec<_> = facts
            .into_iter()
            .map(|(name, fact)| KeyValue::new(name, value(fact)))
            .collect();
        if let Some(class) = failed {
            attributes.push(KeyValue::new("error.type", class));
        }
        let (parent, elsewhere) = match parent {
            None => (trace::SpanId::INVALID, false),
            Some(Parent::Here(span)) => (trace::SpanId::from_bytes(span.bytes()), false),
            Some(Parent::Elsewhere(span)) => (trace::SpanId::from_bytes(span.bytes()), true),
        };
        SpanData {
            span_context: SpanContext::new(
                trace::TraceId::from_bytes(context.trace.bytes()),
                trace::SpanId::from_bytes(context.span.bytes()),
                flags,
                false,
                TraceState::NONE,
            ),
            parent_span_id: parent,
            parent_span_is_remote: elsewhere,
            span_kind: match role {
                Role::Server => SpanKind::Server,
                Role::Client => SpanKind::Client,
                Role::Consumer => SpanKind::Consumer,
                Role::Internal => SpanKind::Internal,
            },
            name: name.into(),
            start_time: end.checked_sub(took).unwrap_or(SystemTime::UNIX_EPOCH),
            end_time: end,
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: match failed {
                None => Status::Unset,
                Some(class) => Status::error(class),
            },
            instrumentation_scope: self.scope.clone(),
        }
    }
}

/// The share of traces as a bound for 63 bits of their names.
fn below(share: f64) -> u64 {
    // 0 to 1, and nobody counts on the last bits.
    (share * (1_u64 << 63) as f64) as u64
}

fn value(fact: Fact) -> Value {
    match fact {
        Fact::Text(text) => text.into(),
        Fact::Number(number) => number.into(),
    }
}

/// The way to the collector: one request, no redirects, a bounded answer.
struct Way(Egress);

impl fmt::Debug for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Way(…)")
    }
}

#[async_trait]
impl HttpClient for Way {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let request = Outbound {
            method: head.method,
            url: head.uri.to_string().parse()?,
            headers: head.headers,
            body,
            timeout: TIMEOUT,
            max_bytes: ANSWER_BYTES,
        };
        let answer = self.0.exchange(request).await?;
        let mut response = Response::new(answer.body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}
