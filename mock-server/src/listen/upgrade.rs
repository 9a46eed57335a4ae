//! The upgrade request: granted, or refused as the real server refuses it.

use std::collections::BTreeMap;

use bytes::Bytes;
use glimesh_proto::Instant;
use glimesh_proto::connect::{ConnectRequest, Credential, Endpoint, Vsn};
use http_body_util::Full;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Version};
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::control::socket_id;
use crate::deflate::{self, Agreed};
use crate::listen::http::{Answer, Routed, empty, text};
use crate::replay::Replay;
use crate::scenario::{self, Redirect, Refuse};
use crate::shared::{Peer, Shared};
use crate::why;
use crate::world::Viewer;

/// The order of the checks is that of the real server. Source: recordings `connect/*`, rules 2 to 7.
pub(super) fn answer(shared: &Shared, conn: u32, head: &Parts) -> Routed {
    let note = |(code, text): why::Why| {
        shared.metrics.refused(code);
        shared.recorder.note(Some(conn), code, &text);
    };
    if head.method != Method::GET {
        let text = format!("refused with 400: the upgrade is a GET, not a {}", head.method);
        note(("wrong-method", text));
        let mut answer = empty(StatusCode::BAD_REQUEST);
        // hyper would leave it out of the answer to a HEAD.
        answer.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        return answer.into();
    }
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    if let Some(replay) = &shared.replay {
        return replayed(shared, replay, conn, head, target);
    }
    let request = match ConnectRequest::parse(target) {
        Ok(request) => request,
        Err(refusal) => {
            note(why::refused(&refusal));
            return refused(refusal.status(), head).into();
        }
    };
    let (name, value) = match &request.credential {
        Credential::Token(value) => ("token", value),
        Credential::ClientId(value) => ("client_id", value),
    };
    let was_given = *value == shared.given.token || *value == shared.given.client_id;
    if was_given && shared.script.is_revoked() {
        note(("revoked", format!("refused with 403: the {name} was revoked by the scenario")));
        return empty(StatusCode::FORBIDDEN).into();
    }
    let Some(viewer) = shared.chat.viewer(&request.credential) else {
        note(why::unknown_credential(name, value));
        return empty(StatusCode::FORBIDDEN).into();
    };
    match handshake(head) {
        Ok(mut answer) => {
            let compression = compression(shared, head);
            if let Some(agreed) = compression {
                let value = HeaderValue::from_str(&agreed.answer());
                let value = value.expect("it has letters, digits and signs of ASCII");
                answer.headers_mut().insert(header::SEC_WEBSOCKET_EXTENSIONS, value);
            }
            let ConnectRequest { endpoint, vsn, credential } = request;
            let socket_id = socket_id(endpoint, &credential, &viewer);
            let opened_at = Instant::ZERO;
            let peer = Peer { conn, endpoint, vsn, viewer, socket_id, opened_at, compression };
            Routed { answer, granted: Some(peer) }
        }
        Err(refused) => {
            let (answer, text) = *refused;
            note(("bad-handshake", text));
            answer.into()
        }
    }
}

/// Answers as a scenario's rule says. The request is not looked at where the rule does not need it.
pub(super) async fn answer_by(
    rule: scenario::Upgrade,
    shared: &Shared,
    conn: u32,
    head: &Parts,
) -> Routed {
    let mark = |verb: &str| shared.recorder.mark(format!("step:{verb}-upgrade"));
    if let Some(delay) = rule.delay {
        mark("hold");
        sleep(delay.0 / shared.pace).await;
    }
    if let Some(Refuse { status, headers, body }) = rule.refuse {
        mark("refuse");
        let mut answer = plain(status);
        *answer.body_mut() = Full::new(Bytes::from(body));
        insert(&mut answer, &headers);
        return answer.into();
    }
    if let Some(Redirect { to, status }) = rule.redirect {
        mark("redirect");
        let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let to = to.replace("{host}", host.unwrap_or_default()).replace("{target}", target);
        let mut answer = plain(status);
        insert(&mut answer, &[("location".to_owned(), to)].into());
        return answer.into();
    }
    let mut routed = answer(shared, conn, head);
    if routed.granted.is_some() {
        insert(&mut routed.answer, &rule.headers);
    }
    routed
}

/// What is taken of the client's offer to compress; the real server takes nothing. Source: recording
/// `connect/h_deflate`.
fn compression(shared: &Shared, head: &Parts) -> Option<Agreed> {
    let offers = head.headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS);
    let offers = offers.iter().filter_map(|offer| offer.to_str().ok());
    shared.profile.accepts_deflate.then(|| deflate::agree(offers)).flatten()
}

fn plain(status: u16) -> Answer {
    empty(StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN))
}

/// What cannot be a header is left out; a file's own were looked at when it was read.
fn insert(answer: &mut Answer, headers: &BTreeMap<String, String>) {
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            answer.headers_mut().insert(name, value);
        }
    }
}

/// As the next recorded upgrade was answered, whatever the credential is.
fn replayed(shared: &Shared, replay: &Replay, conn: u32, head: &Parts, target: &str) -> Routed {
    let note = |code, text: &str| shared.recorder.note(Some(conn), code, text);
    let answer = match handshake(head) {
        Ok(answer) => answer,
        Err(refused) => {
            let (answer, text) = *refused;
            note("bad-handshake", &text);
            return answer.into();
        }
    };
    let (endpoint, vsn) = match ConnectRequest::parse(target) {
        Ok(request) => (request.endpoint, request.vsn),
        Err(_) => (Endpoint::Graph, Vsn::V2),
    };
    match replay.next_status(conn) {
        Some(101) => {
            let (viewer, socket_id, opened_at) = (Viewer::Lost, String::new(), Instant::ZERO);
            let peer = Peer {
                conn,
                endpoint,
                vsn,
                viewer,
                socket_id,
                opened_at,
                // What a recording says was said without.
                compression: None,
            };
            Routed { answer, granted: Some(peer) }
        }
        Some(status) => {
            note("replayed-refusal", &format!("refused with {status}, as in the recording"));
            refused(status, head).into()
        }
        None => {
            let text = "refused with 503: the recording has no further connection";
            note("departed", text);
            empty(StatusCode::SERVICE_UNAVAILABLE).into()
        }
    }
}

fn refused(status: u16, head: &Parts) -> Answer {
    match StatusCode::from_u16(status) {
        Ok(StatusCode::BAD_REQUEST) => text(StatusCode::BAD_REQUEST, head, "Bad Request"),
        Ok(status @ StatusCode::INTERNAL_SERVER_ERROR) => {
            text(status, head, "Internal Server Error")
        }
        Ok(status) => empty(status),
        Err(_) => empty(StatusCode::FORBIDDEN),
    }
}

fn handshake(head: &Parts) -> Result<Answer, Box<(Answer, String)>> {
    let headers = &head.headers;
    if head.version != Version::HTTP_11 {
        let mut answer = empty(StatusCode::BAD_REQUEST);
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        return Err(Box::new((answer, "refused with 400: the upgrade needs HTTP/1.1".to_owned())));
    }
    if !lists(headers, header::CONNECTION, "upgrade")
        || !lists(headers, header::UPGRADE, "websocket")
    {
        let text = "refused with 426: send the headers Connection: Upgrade and Upgrade: websocket";
        return Err(Box::new((upgrade_required(headers), text.to_owned())));
    }
    let version = headers.get(header::SEC_WEBSOCKET_VERSION).map(HeaderValue::as_bytes);
    if !matches!(version, Some(b"13" | b"8" | b"7")) {
        let text = "refused with 400: send the header Sec-WebSocket-Version: 13".to_owned();
        return Err(Box::new((empty(StatusCode::BAD_REQUEST), text)));
    }
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else {
        let text = "refused with 400: the header Sec-WebSocket-Key is missing".to_owned();
        return Err(Box::new((empty(StatusCode::BAD_REQUEST), text)));
    };
    Ok(switching(key))
}

fn switching(key: &HeaderValue) -> Answer {
    let mut answer = empty(StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept.expect("base64 is a header's value"));
    answer
}

fn upgrade_required(request: &HeaderMap) -> Answer {
    let mut answer = empty(StatusCode::UPGRADE_REQUIRED);
    let closes = lists(request, header::CONNECTION, "close");
    let connection = if closes { "close, upgrade" } else { "upgrade" };
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static(connection));
    answer.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer
}

/// Whether a header's comma-separated words contain this one, without regard to letter case.
fn lists(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|found| found.trim().eq_ignore_ascii_case(word))
}
