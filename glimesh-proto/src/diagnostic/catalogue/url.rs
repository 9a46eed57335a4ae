//! The upgrade URL, and the port behind it.

use super::{ByProfile, Code, Reaction, SYNTAX, Severity};

/// The codes of the URL up to the query.
pub(super) const PARTS: &[&Code] = &[
    &SCHEME,
    &NOT_SECURE,
    &PATH,
    &OLDER_API,
    &MISSING_AMPERSAND,
    &HTML_AMPERSAND,
    &SEMICOLON,
    &FRAGMENT,
    &VSN_MISSING,
    &VSN_1,
    &VSN_UNKNOWN,
];

/// The rest of the codes of this file; the credential's stand between.
pub(super) const REST: &[&Code] =
    &[&DUPLICATE_PARAMETER, &QUERY_NOT_UTF8, &TLS_ON_PLAIN_PORT, &PLAIN_ON_TLS_PORT];

pub(super) const GOOD: &str = "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=3aB9xQ";

pub(super) const UPGRADE: Code = Code {
    clause: Some("GCW-CN-01"),
    reaction: ByProfile::same(Reaction::Refuses(403)),
    why: "The upgrade is refused with a bare status and an empty body; libraries report it as a failed handshake.",
    good: GOOD,
    ..SYNTAX
};

/// `U001`
pub static SCHEME: Code = Code {
    id: "U001",
    slug: "scheme",
    title: "a URL whose scheme is neither wss nor ws",
    points_at: "the scheme",
    reaction: ByProfile::same(Reaction::Accepts),
    what: "The document's URL begins with wss://. Many WebSocket libraries refuse https://.",
    why: "The server never sees the scheme, but the library may not connect at all, or do plain HTTP.",
    bad: "https://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=3aB9xQ",
    ..UPGRADE
};

/// `U002`
pub static NOT_SECURE: Code = Code {
    id: "U002",
    slug: "not-secure",
    title: "a connection without TLS to a host other than this machine",
    points_at: "the scheme",
    clause: Some("GCW-CN-04"),
    severity: ByProfile::same(Severity::Warning),
    reaction: ByProfile::same(Reaction::Accepts),
    what: "The socket is opened over TLS. ws:// is for tests against a server on the same machine.",
    why: "The credential in the URL travels in clear text.",
    bad: "ws://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=3aB9xQ",
    ..UPGRADE
};

/// `U003`
pub static PATH: Code = Code {
    id: "U003",
    slug: "path",
    title: "a path at which no socket is served",
    points_at: "the path",
    reaction: ByProfile::same(Reaction::Refuses(401)),
    what: "The socket is at /api/graph/websocket. Phoenix's own client appends /websocket by itself, others do not. \
           Letter case matters, doubled and trailing slashes do not.",
    why: "Below /api the HTTP API answers 401, elsewhere the web site answers 404.",
    bad: "wss://glimesh.tv/api/graph?vsn=2.0.0&token=3aB9xQ",
    ..UPGRADE
};

/// `U004`
pub static OLDER_API: Code = Code {
    id: "U004",
    slug: "older-api",
    title: "the older API's path",
    points_at: "the path",
    severity: ByProfile::same(Severity::Warning),
    reaction: ByProfile::same(Reaction::Accepts),
    what: "/api/socket/websocket leads to the older API. Its schema differs: avatar, channel(username:), plain lists.",
    why: "Documents written for the current API are refused there, one by one.",
    bad: "wss://glimesh.tv/api/socket/websocket?vsn=2.0.0&token=3aB9xQ",
    ..UPGRADE
};

/// `U005`
pub static MISSING_AMPERSAND: Code = Code {
    id: "U005",
    slug: "missing-ampersand",
    title: "two parameters without & between them",
    points_at: "where the & should stand",
    what: "The value of one parameter runs on into the name of the next, as in vsn=2.0.0token=…, or a second ? stands \
           in the place of the &.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0token=3aB9xQ",
    ..UPGRADE
};

/// `U006`
pub static HTML_AMPERSAND: Code = Code {
    id: "U006",
    slug: "html-ampersand",
    title: "&amp; between two parameters",
    points_at: "the &amp;",
    what: "The URL was copied from HTML or XML source. The parameter behind it is called amp;token then.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&amp;token=3aB9xQ",
    ..UPGRADE
};

/// `U007`
pub static SEMICOLON: Code = Code {
    id: "U007",
    slug: "semicolon",
    title: "a semicolon between two parameters",
    points_at: "the semicolon",
    what: "Parameters are parted by & alone.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0;token=3aB9xQ",
    ..UPGRADE
};

/// `U008`
pub static FRAGMENT: Code = Code {
    id: "U008",
    slug: "fragment",
    title: "a # in the URL",
    points_at: "the # and what follows",
    what: "What stands behind a # is never sent. In a credential it must be written %23.",
    why: "The server sees a URL that ends before the #, so the credential is cut or gone.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=3aB9#xQ",
    good: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=3aB9%23xQ",
    ..UPGRADE
};

/// `U009`
pub static VSN_MISSING: Code = Code {
    id: "U009",
    slug: "vsn-missing",
    title: "no vsn",
    points_at: "the query",
    severity: ByProfile { document: Severity::Error, phoenix: Severity::Warning },
    reaction: ByProfile::same(Reaction::Accepts),
    what: "Without vsn the server takes 1.0.0, and expects objects in the place of arrays.",
    why: "The upgrade succeeds, and the first frame of five elements closes the connection with 1011.",
    bad: "wss://glimesh.tv/api/graph/websocket?token=3aB9xQ",
    ..UPGRADE
};

/// `U010`
pub static VSN_1: Code = Code {
    id: "U010",
    slug: "vsn-1",
    title: "vsn=1.0.0",
    points_at: "the value of vsn",
    severity: ByProfile { document: Severity::Error, phoenix: Severity::Warning },
    reaction: ByProfile::same(Reaction::Accepts),
    what: "This selects the older frames, objects with topic, event, payload and ref.",
    why: "The upgrade succeeds, and the first frame of five elements closes the connection with 1011.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=1.0.0&token=3aB9xQ",
    ..UPGRADE
};

/// `U011`
pub static VSN_UNKNOWN: Code = Code {
    id: "U011",
    slug: "vsn-unknown",
    title: "a vsn that selects no frame format",
    points_at: "the value of vsn",
    what: "vsn is a full semantic version, 2.0.0. Neither 2.0 nor v2.0.0 nor 2.1.0 is one that the server knows.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0&token=3aB9xQ",
    ..UPGRADE
};

/// `U021`
pub static DUPLICATE_PARAMETER: Code = Code {
    id: "U021",
    slug: "duplicate-parameter",
    title: "a parameter given twice",
    points_at: "the earlier one",
    clause: None,
    severity: ByProfile::same(Severity::Warning),
    reaction: ByProfile::same(Reaction::Accepts),
    what: "Of a repeated parameter the last one counts. Phoenix's own client appends vsn by itself.",
    why: "The earlier value is lost without a word.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=1.0.0&vsn=2.0.0&token=3aB9xQ",
    ..UPGRADE
};

/// `U022`
pub static QUERY_NOT_UTF8: Code = Code {
    id: "U022",
    slug: "query-not-utf8",
    title: "percent escapes that are not UTF-8",
    points_at: "the query",
    clause: None,
    reaction: ByProfile::same(Reaction::Refuses(400)),
    what: "Decoded, the query's bytes are not UTF-8.",
    bad: "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=3aB9%ff",
    ..UPGRADE
};

/// `U030`
pub static TLS_ON_PLAIN_PORT: Code = Code {
    id: "U030",
    slug: "tls-on-plain-port",
    title: "a TLS handshake on a port that speaks plain HTTP",
    points_at: "the first bytes",
    clause: Some("GCW-CN-04"),
    reaction: ByProfile::same(Reaction::NoHandshake),
    what: "The URL says wss://, the port speaks ws://. The first bytes of the connection, 16 03, are TLS's.",
    why: "The client reports a TLS error, such as \"wrong version number\" or \"record layer failure\".",
    bad: "wss://127.0.0.1:4000/api/graph/websocket?vsn=2.0.0&token=3aB9xQ",
    good: "ws://127.0.0.1:4000/api/graph/websocket?vsn=2.0.0&token=3aB9xQ",
    ..UPGRADE
};

/// `U031`
pub static PLAIN_ON_TLS_PORT: Code = Code {
    id: "U031",
    slug: "plain-on-tls-port",
    title: "plain HTTP on a port that speaks TLS",
    points_at: "the first bytes",
    clause: Some("GCW-CN-04"),
    reaction: ByProfile::same(Reaction::NoHandshake),
    what: "The URL says ws://, the port speaks wss://. The first bytes of the connection are a request line.",
    why: "The client sees the connection end, or bytes that are no HTTP.",
    bad: "ws://127.0.0.1:4001/api/graph/websocket?vsn=2.0.0&token=3aB9xQ",
    good: "wss://127.0.0.1:4001/api/graph/websocket?vsn=2.0.0&token=3aB9xQ",
    ..UPGRADE
};
