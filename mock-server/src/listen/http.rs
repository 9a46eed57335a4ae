//! One TCP connection: HTTP until the upgrade, and where a request goes.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use glimesh_proto::connect::Endpoint;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;

use crate::driver::drive;
use crate::ending::{Stage, ending};
use crate::limits::Limits;
use crate::listen::first_byte::{FirstByte, Remembering, TLS_HANDSHAKE};
use crate::listen::tls::Tls;
use crate::listen::{api, control, oauth, status, upgrade};
use crate::scenario::{Awaited, Span, TlsFault};
use crate::shared::{Peer, Shared};
use crate::transcript::{From, What};
use crate::websocket::Link;
use crate::why::Why;

pub(super) type Answer = Response<Full<Bytes>>;

/// A granted upgrade that waits for its 101 to be sent.
struct Granted {
    peer: Peer,
    upgrade: OnUpgrade,
}

type Slot = Arc<Mutex<Option<Granted>>>;

/// Serves one connection, of this number and from this address, to its end. `tls` is what it is encrypted by.
pub(super) async fn serve<L: Link>(
    link: L,
    (conn, from): (u32, Option<IpAddr>),
    tls: Option<(&Tls, Option<TlsFault>)>,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<Stage>,
) {
    let slot = Slot::default();
    let first = FirstByte::default();
    let link = Remembering::new(link, first.clone());
    let service = service_fn(|request| {
        let (shared, slot) = (Arc::clone(&shared), Arc::clone(&slot));
        async move { Ok::<_, Infallible>(answer(&shared, (conn, from), &slot, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.head_timeout)
        .max_buf_size(shared.limits.head)
        .serve_connection(TokioIo::new(link), service)
        .with_upgrades();
    // In a box that goes with the upgrade: a WebSocket's task would keep the room.
    let served = Box::pin(served);
    let result = tokio::select! {
        biased;
        result = served => result,
        _ = ending(&mut stop) => return ended(&shared, conn, From::Server),
    };
    let granted = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    match granted {
        Some(Granted { peer, upgrade }) if result.is_ok() => {
            // Their room would be kept as long as the WebSocket is open.
            drop((slot, first));
            run::<L>(&shared, peer, upgrade, stop).await;
        }
        _ => {
            let within = Span(shared.limits.head_timeout);
            let no_request = tls.map(|(tls, fault)| tls.no_request(fault));
            let (from, why) = why_ended(result.err().as_ref(), within, &first, no_request);
            if let Some((code, text)) = why {
                shared.recorder.note(Some(conn), code, &text);
            }
            ended(&shared, conn, from);
        }
    }
}

async fn run<L: Link>(
    shared: &Arc<Shared>,
    peer: Peer,
    upgrade: OnUpgrade,
    stop: watch::Receiver<Stage>,
) {
    let conn = peer.conn;
    let parts = match upgrade.await.map(Upgraded::downcast::<TokioIo<Remembering<L>>>) {
        Ok(Ok(parts)) => parts,
        Ok(Err(_)) => unreachable!("the connection was made of this type"),
        Err(_) => return ended(shared, conn, From::Client),
    };
    let link = parts.io.into_inner().into_link();
    // A copy: the original would keep all of hyper's buffer.
    let early = parts.read_buf.to_vec();
    drop(parts.read_buf);
    drive(Arc::clone(shared), peer, link, early, stop).await;
}

/// Who ended a connection that never became a WebSocket, and what there is to say about it. `no_request`: what there is
/// to say, under TLS, about a client that asked for nothing.
fn why_ended(
    error: Option<&hyper::Error>,
    head_timeout: Span,
    first: &FirstByte,
    no_request: Option<Why>,
) -> (From, Option<Why>) {
    match (error, no_request) {
        (Some(error), _) if error.is_timeout() => {
            let text = format!("closed: the request's head was not complete within {head_timeout}");
            (From::Server, Some(("slow-request", text)))
        }
        (Some(error), None) if error.is_parse() && first.get() == Some(TLS_HANDSHAKE) => {
            let text = "refused: a TLS handshake on a port that speaks plain HTTP: wss against a plain port; connect \
                        with ws (or http), or start the server with TLS";
            (From::Server, Some(("tls-to-plain-port", text.to_owned())))
        }
        (Some(error), _) if error.is_parse() => {
            (From::Server, Some(("not-http", format!("refused: not an HTTP request: {error}"))))
        }
        (_, Some(why)) if first.get().is_none() => (From::Client, Some(why)),
        // After an answer that ends the connection, as that to a client of HTTP/1.0.
        (None, _) if !first.has_ended() => (From::Server, None),
        _ => (From::Client, None),
    }
}

/// A connection that never became a WebSocket has ended.
pub(super) fn ended(shared: &Shared, conn: u32, from: From) {
    shared.recorder.append(Some(conn), What::Eof { from, reset: false });
    shared.recorder.happened(Awaited::End);
}

async fn answer(
    shared: &Arc<Shared>,
    (conn, from): (u32, Option<IpAddr>),
    slot: &Slot,
    mut request: Request<Incoming>,
) -> Answer {
    let upgrade = hyper::upgrade::on(&mut request);
    let (head, body) = request.into_parts();
    let answer = route(shared, (conn, from), &head, body).await;
    record(shared, conn, &head, Some(&answer.answer));
    if let Some(mut peer) = answer.granted {
        peer.opened_at = shared.recorder.now();
        shared.recorder.happened(Awaited::Open);
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(Granted { peer, upgrade });
    }
    answer.answer
}

/// An answer, and whom it lets in.
pub(super) struct Routed {
    pub(super) answer: Answer,
    pub(super) granted: Option<Peer>,
}

impl std::convert::From<Answer> for Routed {
    fn from(answer: Answer) -> Self {
        Self { answer, granted: None }
    }
}

async fn route(
    shared: &Shared,
    (conn, from): (u32, Option<IpAddr>),
    head: &hyper::http::request::Parts,
    body: Incoming,
) -> Routed {
    if head.version == Version::HTTP_11 && !head.headers.contains_key(header::HOST) {
        return no_host().into();
    }
    let Some(body) = read_body(body, &shared.limits).await else {
        return text(StatusCode::PAYLOAD_TOO_LARGE, head, "Request Entity Too Large").into();
    };
    let path = head.uri.path();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match (Endpoint::at_path(path), &parts[..]) {
        (Some(_), _) => match shared.script.meet_upgrade() {
            None => upgrade::answer(shared, conn, head),
            Some(rule) if rule.ignore => {
                shared.recorder.mark("step:ignore-upgrade");
                record(shared, conn, head, None);
                std::future::pending().await
            }
            Some(rule) => upgrade::answer_by(rule, shared, conn, head).await,
        },
        (None, ["api", "graph", ..]) => api::answer(shared, head, &body).into(),
        (None, [control::PATH, action]) if shared.control => {
            control::answer(shared, from, head, action, &body).into()
        }
        (None, ["api", "oauth", "token"]) => oauth::answer(shared, conn, head, &body).into(),
        (None, ["metrics"]) => status::metrics(shared).into(),
        (None, ["healthz"]) => status::health().into(),
        (None, ["api", ..]) => api::not_logged_in().into(),
        (None, _) => {
            let hint = match parts.first() {
                Some(&control::PATH) => "the control API is off: start with --control",
                _ => "the socket is at /api/graph/websocket",
            };
            let text_line = format!("refused with 404: nothing is at {path}; {hint}");
            shared.recorder.note(Some(conn), "unknown-path", &text_line);
            text(StatusCode::NOT_FOUND, head, "Not Found").into()
        }
    }
}

/// The body, unless it is too large or too slow.
async fn read_body(body: Incoming, limits: &Limits) -> Option<Bytes> {
    let collected = Limited::new(body, limits.body).collect();
    let collected = tokio::time::timeout(limits.body_timeout, collected);
    Some(collected.await.ok()?.ok()?.to_bytes())
}

/// Without an answer, the status is 0.
fn record(shared: &Shared, conn: u32, head: &hyper::http::request::Parts, answer: Option<&Answer>) {
    let status = answer.map_or(0, |answer| answer.status().as_u16());
    let extensions = answer.and_then(|it| it.headers().get(header::SEC_WEBSOCKET_EXTENSIONS));
    let path = head.uri.path();
    let raw_query = head.uri.query().unwrap_or_default();
    let pairs = glimesh_proto::connect::parse_query(raw_query)
        .unwrap_or_else(|| vec![("token".to_owned(), raw_query.to_owned())]);
    let what = shared.recorder.redact(|redactor| What::Upgrade {
        method: redactor.text(head.method.as_str()),
        query: pairs
            .into_iter()
            .map(|(name, value)| (redactor.text(&name), redactor.query_value(&name, &value)))
            .collect(),
        headers: head
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (redactor.text(name.as_str()), redactor.header_value(name.as_str(), &value))
            })
            .collect(),
        path: redactor.text(path),
        status,
        extensions: extensions
            .map(|value| redactor.text(&String::from_utf8_lossy(value.as_bytes()))),
    });
    shared.recorder.append(Some(conn), what);
    if Endpoint::at_path(path).is_some() {
        shared.metrics.upgrade(status);
    }
    let upgrade = head.headers.get(header::UPGRADE).and_then(|value| value.to_str().ok());
    let wants_websocket = upgrade.is_some_and(|it| it.to_ascii_lowercase().contains("websocket"));
    if Endpoint::at_path(path).is_some() || wants_websocket {
        shared.recorder.happened(Awaited::Upgrade);
    }
}

/// An empty answer with the headers of the real server.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    let cache = HeaderValue::from_static("max-age=0, private, must-revalidate");
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::SERVER, HeaderValue::from_static("Cowboy"));
    answer
}

/// An answer with a body.
pub(super) fn with_body(status: StatusCode, content_type: &'static str, body: String) -> Answer {
    let mut answer = empty(status);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    *answer.body_mut() = Full::new(Bytes::from(body));
    answer
}

/// A reason phrase: as JSON for clients that accept nothing else, otherwise as it is.
pub(super) fn text(status: StatusCode, head: &hyper::http::request::Parts, body: &str) -> Answer {
    let accept = head.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("json") && !accept.contains("html")) {
        return with_body(status, "application/json; charset=utf-8", format!("\"{body}\""));
    }
    with_body(status, "text/html; charset=utf-8", body.to_owned())
}

/// Cowboy answers this one by itself, without the application's headers. Source: recording `connect/h_no_host`.
fn no_host() -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::BAD_REQUEST;
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}
