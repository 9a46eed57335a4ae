//! The shape of a frame: the array and its five elements.

use super::{ByProfile, Code, Reaction, SYNTAX, Severity};

/// The codes of this file.
pub(super) const ALL: &[&Code] = &[
    &DOUBLE_ENCODED,
    &V1_OBJECT_ON_V2,
    &V2_ARRAY_ON_V1,
    &NOT_AN_ARRAY,
    &TOO_FEW_ELEMENTS,
    &TOO_MANY_ELEMENTS,
    &NESTED_ARRAY,
    &REF_NOT_STRING,
    &REF_IS_NULL,
    &TOPIC_NOT_STRING,
    &EVENT_NOT_STRING,
    &OTHER_ORDER,
    &V1_MISSING_KEY,
    &JSON_IN_BINARY,
    &BINARY_NO_PUSH,
    &BINARY_DOC,
];

const SHAPE: Code = Code {
    clause: Some("GCW-FR-02"),
    why: "The server takes a frame apart by position. What it cannot take apart ends the connection, with all its \
          subscriptions and without a reason.",
    ..SYNTAX
};

/// `F001`
pub static DOUBLE_ENCODED: Code = Code {
    id: "F001",
    slug: "double-encoded",
    title: "a JSON string that holds the frame",
    points_at: "the string",
    clause: Some("GCW-FR-03"),
    what: "The frame was turned into JSON twice, so that it arrives as one string. Some libraries encode what they are \
           given; hand those the array itself, and hand the others the text.",
    bad: r#""[\"1\",\"1\",\"__absinthe__:control\",\"phx_join\",{}]""#,
    ..SHAPE
};

/// `F002`
pub static V1_OBJECT_ON_V2: Code = Code {
    id: "F002",
    slug: "v1-object-on-v2",
    title: "an object with topic and event, on a vsn=2.0.0 socket",
    points_at: "the object",
    clause: Some("GCW-FR-01"),
    what: "Before vsn=2.0.0 Phoenix's frames were objects. Old client libraries still send them.",
    bad: r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#,
    good: r#"[null,"1","phoenix","heartbeat",{}]"#,
    ..SHAPE
};

/// `F003`
pub static V2_ARRAY_ON_V1: Code = Code {
    id: "F003",
    slug: "v2-array-on-v1",
    title: "an array, on a socket that was opened without vsn=2.0.0",
    points_at: "the array",
    clause: Some("GCW-CN-01"),
    what: "The frame is good, the socket is not: without vsn=2.0.0 in the URL the server expects the older objects.",
    bad: r#"["1","1","__absinthe__:control","phx_join",{}]"#,
    good: r#"{"event":"phx_join","join_ref":"1","payload":{},"ref":"1","topic":"__absinthe__:control"}"#,
    ..SHAPE
};

/// `F004`
pub static NOT_AN_ARRAY: Code = Code {
    id: "F004",
    slug: "not-an-array",
    title: "JSON, but no array",
    points_at: "the value",
    clause: Some("GCW-FR-01"),
    what: "A frame is an array of five elements. A GraphQL request as sent over HTTP, {\"query\":…}, is only the \
           frame's payload here.",
    bad: r#"{"query":"{myself{id}}"}"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}"}]"#,
    ..SHAPE
};

/// `F005`
pub static TOO_FEW_ELEMENTS: Code = Code {
    id: "F005",
    slug: "too-few-elements",
    title: "an array of fewer than five elements",
    points_at: "the array",
    what: "The five elements are join ref, ref, topic, event, payload. What is not needed is null or {}, but never \
           left out.",
    bad: r#"["1","phoenix","heartbeat",{}]"#,
    good: r#"[null,"1","phoenix","heartbeat",{}]"#,
    ..SHAPE
};

/// `F006`
pub static TOO_MANY_ELEMENTS: Code = Code {
    id: "F006",
    slug: "too-many-elements",
    title: "an array of more than five elements",
    points_at: "the elements after the fifth",
    severity: ByProfile { document: Severity::Error, phoenix: Severity::Warning },
    reaction: ByProfile::same(Reaction::Accepts),
    what: "Elements after the fifth are ignored by the server, so whatever they were meant to do does not happen.",
    why: "The document asks for five elements; another server may refuse more.",
    bad: r#"[null,"1","phoenix","heartbeat",{},"extra"]"#,
    good: r#"[null,"1","phoenix","heartbeat",{}]"#,
    ..SHAPE
};

/// `F007`
pub static NESTED_ARRAY: Code = Code {
    id: "F007",
    slug: "nested-array",
    title: "an array of frames",
    points_at: "the outer array",
    what: "The frame stands inside another array. Each frame is a message of its own; frames cannot be sent in batches.",
    bad: r#"[["1","1","__absinthe__:control","phx_join",{}]]"#,
    ..SHAPE
};

/// `F008`
pub static REF_NOT_STRING: Code = Code {
    id: "F008",
    slug: "ref-not-string",
    title: "a join ref or ref that is neither a string nor null",
    points_at: "the ref",
    clause: Some("GCW-FR-04"),
    severity: ByProfile { document: Severity::Error, phoenix: Severity::Note },
    reaction: ByProfile::same(Reaction::Accepts),
    what: "The document says that refs must be surrounded by quotes.",
    why: "The deployed server echoes any JSON value, but re-prints it (1e2 comes back as 100.0), so a comparison with \
          what was sent can fail. Other servers may refuse it.",
    bad: r#"[1,1,"__absinthe__:control","phx_join",{}]"#,
    ..SHAPE
};

/// `F009`
pub static REF_IS_NULL: Code = Code {
    id: "F009",
    slug: "ref-is-null",
    title: "a push without a ref",
    points_at: "the null",
    severity: ByProfile::same(Severity::Note),
    reaction: ByProfile::same(Reaction::Accepts),
    what: "The second element is null. The server answers with a null ref.",
    why: "An answer with a null ref cannot be matched to its push.",
    bad: r#"[null,null,"phoenix","heartbeat",{}]"#,
    good: r#"[null,"1","phoenix","heartbeat",{}]"#,
    ..SHAPE
};

/// `F010`
pub static TOPIC_NOT_STRING: Code = Code {
    id: "F010",
    slug: "topic-not-string",
    title: "a topic that is not a string",
    points_at: "the third element",
    reaction: ByProfile::same(Reaction::AnswersUnmatchedTopic),
    what: "The third element names the topic and is a string: \"__absinthe__:control\" or \"phoenix\".",
    why: "Nobody serves such a topic: the push does nothing. (A join of {} even closes the connection with 1011.)",
    bad: r#"["1","1",null,"phx_join",{}]"#,
    ..SHAPE
};

/// `F011`
pub static EVENT_NOT_STRING: Code = Code {
    id: "F011",
    slug: "event-not-string",
    title: "an event that is not a string",
    points_at: "the fourth element",
    reaction: ByProfile::same(Reaction::CrashesChannel),
    what: "The fourth element names the event and is a string, such as \"doc\".",
    why: "On a joined topic it crashes the channel; elsewhere it is answered with \"unmatched topic\".",
    bad: r#"["1","1","__absinthe__:control",null,{}]"#,
    ..SHAPE
};

/// `F012`
pub static OTHER_ORDER: Code = Code {
    id: "F012",
    slug: "other-order",
    title: "the five elements in another order",
    points_at: "the array",
    reaction: ByProfile::same(Reaction::AnswersUnmatchedTopic),
    what: "Topic and event stand in other places than third and fourth.",
    why: "The server goes by position: it takes something else for the topic, and finds nobody who serves it.",
    bad: r#"["__absinthe__:control","phx_join",{},"1","1"]"#,
    ..SHAPE
};

/// `F013`
pub static V1_MISSING_KEY: Code = Code {
    id: "F013",
    slug: "v1-missing-key",
    title: "an older object frame without one of its four keys",
    points_at: "the object",
    what: "On a socket without vsn=2.0.0 a frame is an object with topic, event, payload and ref.",
    bad: r#"{"topic":"phoenix","event":"heartbeat","ref":"1"}"#,
    good: r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#,
    ..SHAPE
};

/// `F014`
pub static JSON_IN_BINARY: Code = Code {
    id: "F014",
    slug: "json-in-binary",
    title: "JSON in a binary message",
    points_at: "the message",
    clause: Some("GCW-FR-03"),
    what: "The text was handed to the socket as bytes (a Buffer, bytes, Vec<u8>), so the library sent a binary message. \
           The server takes binary messages for Phoenix's own binary format.",
    bad: "a message with opcode 2 (binary): [\"1\",\"1\",\"__absinthe__:control\",\"phx_join\",{}]",
    good: "the same with opcode 1 (text)",
    ..SHAPE
};

/// `F015`
pub static BINARY_NO_PUSH: Code = Code {
    id: "F015",
    slug: "binary-no-push",
    title: "a binary message that is no Phoenix binary push",
    points_at: "the byte that does not fit",
    clause: Some("GCW-FR-03"),
    what: "A binary push is a zero byte, the lengths of join ref, ref, topic and event in one byte each, these four \
           texts, and data. Compressed, encrypted or MessagePack frames are not understood.",
    bad: "de ad be ef (bytes)",
    good: "00 00 01 07 09 31 70 68 6f 65 6e 69 78 68 65 61 72 74 62 65 61 74 (bytes: a heartbeat)",
    ..SHAPE
};

/// `F016`
pub static BINARY_DOC: Code = Code {
    id: "F016",
    slug: "binary-doc",
    title: "a doc or unsubscribe as a binary push",
    points_at: "the event",
    clause: Some("GCW-FR-03"),
    reaction: ByProfile::same(Reaction::CrashesChannel),
    what: "Heartbeats, joins and leaves work in the binary form. The payload of a binary push is bytes, in which the \
           channel finds no query.",
    why: "The channel crashes: the document is not answered and all subscriptions are gone.",
    bad: "a binary push of doc",
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}"}] as text"#,
    ..SHAPE
};
