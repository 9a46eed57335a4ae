//! The credential in the upgrade URL.

use super::url::UPGRADE;
use super::{ByProfile, Code, Reaction, Severity};

/// The codes of this file.
pub(super) const ALL: &[&Code] = &[
    &NO_CREDENTIAL,
    &CREDENTIAL_NAME,
    &BOTH_CREDENTIALS,
    &PLACEHOLDER,
    &CREDENTIAL_EMPTY,
    &CREDENTIAL_QUOTED,
    &CREDENTIAL_NOT_ENCODED,
    &CREDENTIAL_NOT_TEXT,
    &CLIENT_ID_NOT_UUID,
];

/// `U012`
pub static NO_CREDENTIAL: Code = Code {
    id: "U012",
    slug: "no-credential",
    title: "neither token nor client_id",
    points_at: "the query",
    clause: Some("GCW-AU-01"),
    what: "The credential is a parameter of the URL. An Authorization header is not looked at.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0",
    ..UPGRADE
};

/// `U013`
pub static CREDENTIAL_NAME: Code = Code {
    id: "U013",
    slug: "credential-name",
    title: "a credential under another name",
    points_at: "the parameter's name",
    clause: Some("GCW-AU-01"),
    what: "The names are token and client_id, in small letters.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&access_token=3aB9xQ",
    ..UPGRADE
};

/// `U014`
pub static BOTH_CREDENTIALS: Code = Code {
    id: "U014",
    slug: "both-credentials",
    title: "both token and client_id",
    points_at: "the token",
    clause: Some("GCW-AU-01"),
    reaction: ByProfile::same(Reaction::Accepts),
    what: "A connection carries one credential. If client_id is there, the token is not looked at.",
    why: "With a client id the session can only read: every message that is sent is refused as unauthorized.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=3aB9xQ&client_id=4d4e4f50-0001-4000-8000-000000000001",
    ..UPGRADE
};

/// `U015`
pub static PLACEHOLDER: Code = Code {
    id: "U015",
    slug: "placeholder",
    title: "a placeholder in the place of the credential",
    points_at: "the value",
    clause: Some("GCW-CN-03"),
    what: "The document's TOKEN_HERE or CLIENT_ID, or a template's variable such as ${token}, was not replaced.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=TOKEN_HERE",
    ..UPGRADE
};

/// `U016`
pub static CREDENTIAL_EMPTY: Code = Code {
    id: "U016",
    slug: "credential-empty",
    title: "an empty credential",
    points_at: "the parameter",
    clause: Some("GCW-CN-03"),
    what: "The parameter is there, its value is not. Often an environment variable was not set. The words null, \
           undefined and None are the same thing, printed.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=",
    ..UPGRADE
};

/// `U017`
pub static CREDENTIAL_QUOTED: Code = Code {
    id: "U017",
    slug: "credential-quoted",
    title: "quotes, brackets or a prefix around the credential",
    points_at: "the value",
    clause: Some("GCW-CN-03"),
    what: "Quotes, angle brackets and the word Bearer are taken for a part of the credential.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=%223aB9xQ%22",
    ..UPGRADE
};

/// `U018`
pub static CREDENTIAL_NOT_ENCODED: Code = Code {
    id: "U018",
    slug: "credential-not-encoded",
    title: "a character in the credential that must be percent-encoded",
    points_at: "the character",
    clause: Some("GCW-CN-03"),
    severity: ByProfile::same(Severity::Warning),
    what: "A + in a query means a blank, and a blank ends the request line. They are written %2B and %20.",
    why: "The server compares another credential than the one that was meant, and refuses the upgrade.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=3aB9+xQ",
    good: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=3aB9%2BxQ",
    ..UPGRADE
};

/// `U019`
pub static CREDENTIAL_NOT_TEXT: Code = Code {
    id: "U019",
    slug: "credential-not-text",
    title: "a parameter given as a list or a map",
    points_at: "the parameter's name",
    clause: Some("GCW-AU-01"),
    reaction: ByProfile::same(Reaction::Refuses(400)),
    what: "Some libraries write list parameters as token[]=…. The server finds a list where it expects text.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token[]=3aB9xQ",
    ..UPGRADE
};

/// `U020`
pub static CLIENT_ID_NOT_UUID: Code = Code {
    id: "U020",
    slug: "client-id-not-uuid",
    title: "a client_id that is not a UUID",
    points_at: "the value",
    clause: Some("GCW-CN-02"),
    reaction: ByProfile::same(Reaction::Refuses(400)),
    what: "A client id has the form 8-4-4-4-12 of hexadecimal digits, with its hyphens. The older ids of 64 digits are \
           not accepted any more; neither is a token in the client id's place.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&client_id=4d4e4f50000140008000000000000001",
    good: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&client_id=4d4e4f50-0001-4000-8000-000000000001",
    ..UPGRADE
};
