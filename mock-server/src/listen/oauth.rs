//! Access tokens: `POST /api/oauth/token` with the client credentials grant.
//!
//! Source: RFC 6749, sections 4.4 and 5; the members of the answer are those of Glimesh's two providers,
//! ex_oauth2_provider and Boruta: Glimesh/glimesh.tv, `lib/glimesh_web/views/oauth_view.ex`.

use glimesh_proto::connect::parse_query;
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::listen::http::{Answer, with_body};
use crate::shared::Shared;
use crate::world::GrantError;

/// How long a token is said to live, in seconds. In truth it lives as long as the server, or until a reset.
const EXPIRES_IN: u32 = 21_600;

const GRANT_TYPE: &str = "client_credentials";

/// Why there is no token: an error code of RFC 6749, section 5.2, and a sentence.
struct Refused(&'static str, String);

pub(super) fn answer(shared: &Shared, conn: u32, head: &Parts, body: &[u8]) -> Answer {
    if head.method != Method::POST {
        let why = format!("a token is asked for by POST, not by {}", head.method);
        let mut answer = refused(StatusCode::METHOD_NOT_ALLOWED, "invalid_request", &why);
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return answer;
    }
    match grant(shared, head, body) {
        Ok(token) => json_answer(StatusCode::OK, &token),
        Err(Refused(code, why)) => {
            let text = format!("no token was granted: {code}: {why}");
            shared.recorder.note(Some(conn), "no-token", &text);
            if code != "invalid_client" {
                return refused(StatusCode::BAD_REQUEST, code, &why);
            }
            let mut answer = refused(StatusCode::UNAUTHORIZED, code, &why);
            let basic = HeaderValue::from_static("Basic realm=\"glimesh-mock\"");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
            answer
        }
    }
}

fn grant(shared: &Shared, head: &Parts, body: &[u8]) -> Result<Value, Refused> {
    let form = Form::read(head, body)?;
    match form.get("grant_type") {
        Some(GRANT_TYPE) => {}
        Some(other) => {
            let why = format!("the grant type {other:?} is not served; write {GRANT_TYPE}");
            return Err(Refused("unsupported_grant_type", why));
        }
        None => return Err(form.missing("grant_type")),
    }
    let client_id = form.get("client_id").ok_or_else(|| form.missing("client_id"))?;
    let secret = form.get("client_secret").ok_or_else(|| form.missing("client_secret"))?;
    let scope = form.get("scope").unwrap_or_default();
    let (token, scope, created_at) =
        shared.chat.grant(client_id, secret, scope).map_err(|error| {
            let code = match error {
                GrantError::UnknownClient => "invalid_client",
                GrantError::UnknownScope(_) => "invalid_scope",
            };
            Refused(code, error.to_string())
        })?;
    shared.recorder.redact(|redactor| redactor.learn_token(&token));
    Ok(json!({
        "access_token": token,
        "created_at": created_at,
        "expires_in": EXPIRES_IN,
        "refresh_token": null,
        "scope": scope,
        "token_type": "bearer",
    }))
}

/// What was sent, by name.
struct Form(Map<String, Value>);

impl Form {
    /// A form or JSON; the client's id and secret may stand in the header `Authorization: Basic` instead.
    fn read(head: &Parts, body: &[u8]) -> Result<Self, Refused> {
        let wrong = |why: &str| Refused("invalid_request", why.to_owned());
        let content_type = text_of(head, header::CONTENT_TYPE).to_ascii_lowercase();
        let mut fields: Map<_, _> = match content_type.split(';').next().unwrap_or_default().trim()
        {
            "application/json" => serde_json::from_slice(body)
                .map_err(|error| wrong(&format!("the body is no JSON object: {error}")))?,
            "application/x-www-form-urlencoded" => {
                let text = std::str::from_utf8(body).ok();
                let pairs = text.and_then(|text| parse_query(text.trim_end()));
                let pairs = pairs.ok_or_else(|| wrong("the form's bytes are not UTF-8"))?;
                pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect()
            }
            _ => {
                return Err(wrong(
                    "send a form, with the header Content-Type: application/x-www-form-urlencoded",
                ));
            }
        };
        if let Some((id, secret)) = basic(text_of(head, header::AUTHORIZATION)) {
            fields.insert("client_id".to_owned(), Value::String(id));
            fields.insert("client_secret".to_owned(), Value::String(secret));
        }
        Ok(Self(fields))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|value| !value.is_empty())
    }

    fn missing(&self, name: &str) -> Refused {
        let names: Vec<_> = self.0.keys().map(String::as_str).collect();
        let there = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        Refused("invalid_request", format!("{name} is missing; found {there}"))
    }
}

fn text_of(head: &Parts, name: header::HeaderName) -> &str {
    head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The two parts of `Basic BASE64(ID:SECRET)`, each of them percent-encoded before. Source: RFC 6749, section 2.3.1.
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(base64(encoded.trim())?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |text: &str| Some(parse_query(&format!("x={text}"))?.pop()?.1);
    Some((decode(id)?, decode(secret)?))
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in text.trim_end_matches('=').bytes() {
        let digit = DIGITS.iter().position(|digit| *digit == byte)?;
        bits = bits << 6 | u32::try_from(digit).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
        }
    }
    Some(bytes)
}

fn refused(status: StatusCode, error: &str, why: &str) -> Answer {
    json_answer(status, &json!({"error": error, "error_description": why}))
}

/// Source: RFC 6749, section 5.1: nobody may keep it.
fn json_answer(status: StatusCode, body: &Value) -> Answer {
    let mut answer = with_body(status, "application/json; charset=utf-8", body.to_string());
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_decoded() {
        let both = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(basic("Basic YWI6Y2Q="), both("ab", "cd"));
        assert_eq!(basic("basic YTpiOmM="), both("a", "b:c"));
        assert_eq!(basic("Basic YSUzQWI6Yw=="), both("a:b", "c"));
        assert_eq!(basic("Basic ***"), None);
        assert_eq!(basic("Bearer YWI6Y2Q="), None);
    }
}
