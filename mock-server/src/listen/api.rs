//! GraphQL over HTTP: `/api/graph`.
//!
//! Source: recordings `http/*`; absinthe_plug 1.5.8.

use glimesh_proto::connect::{Credential, parse_query};
use hyper::StatusCode;
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use serde_json::{Map, Value, json};

use crate::graphql::Answer as GraphAnswer;
use crate::listen::http::{Answer, text, with_body};
use crate::shared::Shared;
use crate::world::Viewer;

const JSON: &str = "application/json; charset=utf-8";

/// The answer to any path below `/api` that needs a credential and has none.
pub(super) fn not_logged_in() -> Answer {
    let body = json!({"errors": [{"message": "You must be logged in to access the api"}]});
    with_body(StatusCode::UNAUTHORIZED, JSON, body.to_string())
}

pub(super) fn answer(shared: &Shared, head: &Parts, body: &[u8]) -> Answer {
    let questions = || read(head, body);
    match viewer(shared, head) {
        Err(refused) => open_to_all(*refused),
        Ok(viewer) => match questions() {
            Some(questions) => open_to_all(answer_all(shared, &viewer, questions)),
            None => text(StatusCode::BAD_REQUEST, head, "Bad Request"),
        },
    }
}

/// One document, or a list of them.
enum Questions {
    One(Value),
    Many(Vec<Value>),
}

/// `None` if the body is not what its type says.
fn read(head: &Parts, body: &[u8]) -> Option<Questions> {
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    match content_type.trim() {
        "application/json" => Some(match serde_json::from_slice(body).ok()? {
            Value::Array(many) => Questions::Many(many),
            one => Questions::One(one),
        }),
        "application/graphql" => {
            Some(Questions::One(json!({"query": std::str::from_utf8(body).ok()?})))
        }
        _ => {
            let pairs = parse_query(head.uri.query().unwrap_or_default())?;
            let pairs = pairs.into_iter().map(|(name, value)| (name, Value::String(value)));
            Some(Questions::One(Value::Object(pairs.collect())))
        }
    }
}

fn answer_all(shared: &Shared, viewer: &Viewer, questions: Questions) -> Answer {
    match questions {
        Questions::One(question) => {
            let (status, result) = execute(shared, viewer, &question);
            with_body(status, JSON, result.to_string())
        }
        Questions::Many(questions) => {
            let results = questions.iter().map(|question| {
                let (_, result) = execute(shared, viewer, question);
                json!({"payload": result})
            });
            with_body(StatusCode::OK, JSON, Value::Array(results.collect()).to_string())
        }
    }
}

fn execute(shared: &Shared, viewer: &Viewer, question: &Value) -> (StatusCode, Value) {
    let failed = |status, message: &str| (status, json!({"errors": [{"message": message}]}));
    let Some(query) =
        question.get("query").and_then(Value::as_str).filter(|query| !query.is_empty())
    else {
        return failed(StatusCode::BAD_REQUEST, "No query document supplied");
    };
    let variables = match question.get("variables") {
        Some(Value::Object(variables)) => variables.clone(),
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => Map::new(),
    };
    match shared.chat.execute_http(viewer, query, &variables) {
        GraphAnswer::Ok(result) | GraphAnswer::Error(result) => (StatusCode::OK, result),
        GraphAnswer::Subscribed(_) => failed(
            StatusCode::BAD_REQUEST,
            "subscriptions need the WebSocket at /api/graph/websocket",
        ),
        GraphAnswer::Crash { reason } => {
            shared.recorder.note(None, "request-crashed", &format!("answered with 500: {reason}"));
            failed(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    }
}

fn viewer(shared: &Shared, head: &Parts) -> Result<Viewer, Box<Answer>> {
    let authorization =
        head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let (scheme, value) = authorization.and_then(|text| text.split_once(' ')).unwrap_or_default();
    let value = value.trim().to_owned();
    if value.is_empty() {
        return Err(Box::new(not_logged_in()));
    }
    let (credential, error, message) = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => (
            Credential::Token(value),
            "invalid_access_token",
            "Given access token is invalid, revoked, or expired.",
        ),
        "client-id" => {
            (Credential::ClientId(value), "invalid_client_id", "Given client id is invalid.")
        }
        _ => return Err(Box::new(not_logged_in())),
    };
    shared.chat.viewer(&credential).ok_or_else(|| {
        let body = json!({"errors": [{"header_error": error, "message": message}]});
        Box::new(with_body(StatusCode::UNAUTHORIZED, JSON, body.to_string()))
    })
}

fn open_to_all(mut answer: Answer) -> Answer {
    let all = HeaderValue::from_static("*");
    answer.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, all);
    answer
}
