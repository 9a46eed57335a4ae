//! The control API: `POST /__control__/ACTION`, for programs on this machine alone.

use std::net::IpAddr;

use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::control::{ACTIONS, Action, perform};
use crate::listen::http::{Answer, with_body};
use crate::shared::Shared;

/// The first part of its paths.
pub(super) const PATH: &str = "__control__";

/// `from` is where the request comes from, `action` the last part of its path.
pub(super) fn answer(
    shared: &Shared,
    from: Option<IpAddr>,
    head: &Parts,
    action: &str,
    body: &[u8],
) -> Answer {
    if !from.is_some_and(|ip| ip.to_canonical().is_loopback()) {
        let why = "the control API is for programs on the same machine";
        return refused(StatusCode::FORBIDDEN, why, &[]);
    }
    // Any page in a browser on this machine could send a request here; browsers say so.
    if head.headers.contains_key(header::ORIGIN) {
        let why = "the control API is not for web pages; send no Origin header";
        return refused(StatusCode::FORBIDDEN, why, &[]);
    }
    if head.method != Method::POST {
        let why = format!("an action is a POST, not a {}", head.method);
        let mut answer = refused(StatusCode::METHOD_NOT_ALLOWED, &why, &usage());
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return answer;
    }
    let Some((_, arguments)) = ACTIONS.iter().find(|(name, _)| *name == action) else {
        let why = format!("there is no action {action:?}");
        return refused(StatusCode::NOT_FOUND, &why, &usage());
    };
    match read(action, body) {
        Ok(action) => done(shared, &action),
        Err(why) => {
            let why = format!("the arguments of {action} are wrong: {why}");
            refused(StatusCode::BAD_REQUEST, &why, &[(*arguments).to_owned()])
        }
    }
}

/// No body at all is an object without arguments.
fn read(action: &str, body: &[u8]) -> Result<Action, String> {
    let body = if body.trim_ascii().is_empty() { b"{}" } else { body };
    let arguments: Value =
        serde_json::from_slice(body).map_err(|error| format!("not JSON: {error}"))?;
    if !arguments.is_object() {
        return Err("not a JSON object".to_owned());
    }
    let action = json!({"action": action, "arguments": arguments});
    serde_json::from_value(action).map_err(|error| error.to_string())
}

fn done(shared: &Shared, action: &Action) -> Answer {
    match perform(shared, action) {
        Ok(told) => json_answer(StatusCode::OK, &json!({"connections": told})),
        Err(error) => refused(StatusCode::NOT_FOUND, &error.to_string(), &error.allowed(shared)),
    }
}

fn usage() -> Vec<String> {
    ACTIONS.iter().map(|(name, arguments)| format!("{name} {arguments}")).collect()
}

fn refused(status: StatusCode, error: &str, allowed: &[String]) -> Answer {
    json_answer(status, &json!({"error": error, "allowed": allowed}))
}

fn json_answer(status: StatusCode, body: &Value) -> Answer {
    with_body(status, "application/json; charset=utf-8", format!("{body}\n"))
}
