//! The credential in an upgrade's URL.

use super::super::catalogue::credential as codes;
use super::super::code::Reaction;
use super::super::context::Context;
use super::super::report::{Diagnostic, Span};
use super::super::spelling::nearest;
use super::super::syntax::shorten;
use super::query::Parameter;
use crate::connect::{self, encode_query_value};

/// What people call a token.
const TOKEN_NAMES: [&str; 8] = [
    "token",
    "access_token",
    "accesstoken",
    "auth",
    "auth_token",
    "authorization",
    "bearer",
    "api_token",
];
const CLIENT_ID_NAMES: [&str; 5] = ["client_id", "clientid", "client-id", "client", "app_id"];
/// What documents and templates write where a credential belongs, in small letters.
const PLACEHOLDERS: [&str; 14] = [
    "token_here",
    "client_id",
    "client_id_here",
    "token",
    "your_token",
    "your-token",
    "your_token_here",
    "your_client_id",
    "access_token",
    "accesstoken",
    "changeme",
    "xxx",
    "todo",
    "clientid",
];
/// What languages print where there is no value.
const NOTHING: [&str; 6] = ["null", "undefined", "None", "nil", "nan", "[object Object]"];

pub(super) fn look(
    parameters: &[Parameter<'_>],
    query: &Span,
    context: &Context,
    found: &mut Vec<Diagnostic>,
) {
    let last = |name: &str| parameters.iter().rev().find(|parameter| parameter.name == name);
    match (last("token"), last("client_id")) {
        (Some(token), Some(client_id)) => {
            let message = "both token and client_id";
            let fault = Diagnostic::new(&codes::BOTH_CREDENTIALS, context, token.span(), message)
                .label(client_id.span(), "this one alone counts, and is read-only")
                .help("keep the token to post messages, the client_id to read");
            found.push(fault);
            found.extend(value(client_id, true, context));
        }
        (Some(token), None) => found.extend(value(token, false, context)),
        (None, Some(client_id)) => found.extend(value(client_id, true, context)),
        (None, None) => found.push(none(parameters, query, context)),
    }
}

fn none(parameters: &[Parameter<'_>], query: &Span, context: &Context) -> Diagnostic {
    let meant = parameters.iter().find_map(|parameter| {
        let name = parameter.name.to_lowercase();
        if nearest(&name, &TOKEN_NAMES).is_some() {
            Some((parameter, "token"))
        } else {
            nearest(&name, &CLIENT_ID_NAMES).map(|_| (parameter, "client_id"))
        }
    });
    match meant {
        Some((parameter, name)) => {
            let span = parameter.name_at.clone();
            let message = format!("expected {name}, found {}", shorten(parameter.name));
            Diagnostic::new(&codes::CREDENTIAL_NAME, context, span.clone(), message)
                .help(format!("did you mean {name}?"))
                .edit(span, name)
        }
        None => {
            let message = "neither token nor client_id in the query";
            Diagnostic::new(&codes::NO_CREDENTIAL, context, query.clone(), message)
                .help("add &token=… or &client_id=…; headers are not looked at")
        }
    }
}

fn value(parameter: &Parameter<'_>, is_client_id: bool, context: &Context) -> Option<Diagnostic> {
    let value = connect::decode(parameter.raw)?;
    let span = parameter.value_at.clone();
    // Sixteen bytes are taken for a raw UUID. Source: recordings, rule 5.
    let refused = match is_client_id && !connect::is_uuid(&value) && value.len() != 16 {
        true => Reaction::Refuses(400),
        false => Reaction::Refuses(403),
    };
    let name = parameter.name;
    let fault = |code, span, message: String| {
        Some(Diagnostic::new(code, context, span, message).reaction(refused))
    };
    if value.is_empty() || NOTHING.contains(&value.as_str()) {
        let message = format!("{name} has no value");
        return fault(&codes::CREDENTIAL_EMPTY, parameter.span(), message).map(|fault| {
            fault.help("put the credential there; is an environment variable not set?")
        });
    }
    if is_placeholder(&value) {
        let message = format!("{} stands in the place of a credential", shorten(&value));
        return fault(&codes::PLACEHOLDER, span, message)
            .map(|fault| fault.help("replace it with the real token or client id"));
    }
    let bare = bare(&value);
    if bare != value {
        let message = format!("{name} has something around it that is no part of it");
        let right = encode_query_value(bare);
        return fault(&codes::CREDENTIAL_QUOTED, span.clone(), message)
            .map(|fault| fault.help("write the credential alone").edit(span, right));
    }
    if let Some(offset) = parameter.raw.find(['+', ' ', '"', '\t', '\n']) {
        let at = span.start + offset;
        let found = &parameter.raw[offset..=offset];
        let message = format!("{found:?} in {name} is not percent-encoded");
        let right = encode_query_value(found);
        let diagnostic =
            Diagnostic::new(&codes::CREDENTIAL_NOT_ENCODED, context, at..at + 1, message);
        return Some(diagnostic.help(format!("write {right}")).edit(at..at + 1, right));
    }
    if is_client_id && !connect::is_uuid(&value) {
        let message =
            format!("expected a UUID as client_id, found {} characters", value.chars().count());
        return fault(&codes::CLIENT_ID_NOT_UUID, span.clone(), message).map(|fault| {
            let fault = fault.help("a client id looks like 01234567-89ab-cdef-0123-456789abcdef");
            match hyphenated(&value) {
                Some(right) => fault.edit(span, right),
                None => fault,
            }
        });
    }
    None
}

fn is_placeholder(value: &str) -> bool {
    let lower = value.to_lowercase();
    let lower = lower.trim_matches(|c: char| matches!(c, '<' | '>' | '[' | ']' | '"' | '\''));
    PLACEHOLDERS.contains(&lower)
        || value.starts_with(['$', '{'])
        || value.starts_with("#{")
        || value.starts_with('%') && value.ends_with('%')
        || lower.ends_with("_here")
}

/// The credential without quotes, angle brackets and `Bearer`.
fn bare(value: &str) -> &str {
    let value = value.trim_matches(|c: char| matches!(c, '"' | '\'' | '<' | '>' | '`' | '“' | '”'));
    value.strip_prefix("Bearer ").unwrap_or(value).trim()
}

/// A UUID whose hyphens are missing.
fn hyphenated(value: &str) -> Option<String> {
    let digits = value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| {
        let part = |from, to| &value[from..to];
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    })
}
