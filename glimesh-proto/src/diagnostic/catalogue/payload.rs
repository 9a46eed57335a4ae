//! What a frame means: the payload.

use super::{ByProfile, Code, Reaction, SYNTAX, Severity};

/// The codes of this file.
pub(super) const ALL: &[&Code] = &[
    &PAYLOAD_NOT_OBJECT,
    &PAYLOAD_IS_TEXT,
    &QUERY_MISSING,
    &QUERY_NOT_TEXT,
    &QUERY_EMPTY,
    &QUERY_HOLDS_PAYLOAD,
    &VARIABLES_NOT_OBJECT,
    &VARIABLES_IS_TEXT,
    &SUBSCRIPTION_ID_MISSING,
    &SUBSCRIPTION_ID_NOT_TEXT,
    &DUPLICATE_KEY,
];

const DOC: Code = Code {
    clause: Some("GCW-SB-04"),
    reaction: ByProfile::same(Reaction::CrashesChannel),
    why: "The channel crashes: no reply comes, all subscriptions are gone, the topic has to be joined again.",
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}"}]"#,
    ..SYNTAX
};

/// After a document that is none, the channel has lost who asks.
const FORGETTING: Code = Code {
    reaction: ByProfile::same(Reaction::AnswersErrorAndForgetsClient),
    why: "The reply has the status error. Worse, the channel has then forgotten who the client is: the next document \
          that needs a user crashes it. Join again.",
    ..DOC
};

const VARIABLES: Code = Code {
    clause: Some("GCW-SB-05"),
    reaction: ByProfile::same(Reaction::AnswersError),
    why: "The document is not run; the reply says \"Could not parse variables as map\".",
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}","variables":{}}]"#,
    ..DOC
};

/// `M020`
pub static PAYLOAD_NOT_OBJECT: Code = Code {
    id: "M020",
    slug: "payload-not-object",
    title: "a payload that is not an object",
    points_at: "the payload",
    what: "doc and unsubscribe read their payload by key. Joins and leaves ignore theirs; {} is the usual one.",
    bad: r#"["1","2","__absinthe__:control","doc",["{myself{id}}"]]"#,
    ..DOC
};

/// `M021`
pub static PAYLOAD_IS_TEXT: Code = Code {
    id: "M021",
    slug: "payload-is-text",
    title: "a payload that is a string holding an object",
    points_at: "the payload",
    what: "The payload was turned into JSON by itself before it was put into the frame, so it arrives as a string.",
    bad: r#"["1","2","__absinthe__:control","doc","{\"query\":\"{myself{id}}\"}"]"#,
    ..DOC
};

/// `M022`
pub static QUERY_MISSING: Code = Code {
    id: "M022",
    slug: "query-missing",
    title: "a doc without query",
    points_at: "the payload, or the key that was probably meant",
    what: "The document's text stands under the key query, in small letters, also for mutations and subscriptions. \
           Persisted queries are not known.",
    bad: r#"["1","2","__absinthe__:control","doc",{"Query":"{myself{id}}"}]"#,
    ..FORGETTING
};

/// `M023`
pub static QUERY_NOT_TEXT: Code = Code {
    id: "M023",
    slug: "query-not-text",
    title: "a query that is not a string",
    points_at: "the value of query",
    what: "query holds the GraphQL document as text. A library's parsed document has to be printed first.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":["{myself{id}}"]}]"#,
    ..FORGETTING
};

/// `M024`
pub static QUERY_EMPTY: Code = Code {
    id: "M024",
    slug: "query-empty",
    title: "an empty query",
    points_at: "the value of query",
    what: "The document has no operation. Often a file or template could not be loaded.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":""}]"#,
    ..FORGETTING
};

/// `M025`
pub static QUERY_HOLDS_PAYLOAD: Code = Code {
    id: "M025",
    slug: "query-holds-payload",
    title: "a query that holds the whole payload as JSON",
    points_at: "the value of query",
    what: "A GraphQL request as sent over HTTP, {\"query\":…}, was put into query as text. It is the payload itself.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"{\"query\":\"{myself{id}}\"}"}]"#,
    ..FORGETTING
};

/// `M026`
pub static VARIABLES_NOT_OBJECT: Code = Code {
    id: "M026",
    slug: "variables-not-object",
    title: "variables that are neither an object nor null",
    points_at: "the value of variables",
    what: "variables is an object with a member for each variable. It may be null or left out.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}","variables":[]}]"#,
    ..VARIABLES
};

/// `M027`
pub static VARIABLES_IS_TEXT: Code = Code {
    id: "M027",
    slug: "variables-is-text",
    title: "variables that are a string holding an object",
    points_at: "the value of variables",
    what: "variables was turned into JSON by itself before it was put into the payload, so it arrives as a string.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}","variables":"{}"}]"#,
    ..VARIABLES
};

/// `M028`
pub static SUBSCRIPTION_ID_MISSING: Code = Code {
    id: "M028",
    slug: "subscription-id-missing",
    title: "an unsubscribe without subscriptionId",
    points_at: "the payload, or the key that was probably meant",
    clause: None,
    what: "unsubscribe carries the id that the reply to the subscription brought, under the key subscriptionId.",
    bad: r#"["1","3","__absinthe__:control","unsubscribe",{"subscription_id":"__absinthe__:doc:-57:33B2"}]"#,
    good: r#"["1","3","__absinthe__:control","unsubscribe",{"subscriptionId":"__absinthe__:doc:-57:33B2"}]"#,
    ..DOC
};

/// `M029`
pub static SUBSCRIPTION_ID_NOT_TEXT: Code = Code {
    id: "M029",
    slug: "subscription-id-not-text",
    title: "a subscriptionId that is not a string",
    points_at: "the value of subscriptionId",
    clause: None,
    what: "The id is a string. null is left when the reply to the subscription was not read, or had an error.",
    bad: r#"["1","3","__absinthe__:control","unsubscribe",{"subscriptionId":null}]"#,
    good: r#"["1","3","__absinthe__:control","unsubscribe",{"subscriptionId":"__absinthe__:doc:-57:33B2"}]"#,
    ..DOC
};

/// `M030`
pub static DUPLICATE_KEY: Code = Code {
    id: "M030",
    slug: "duplicate-key",
    title: "the same key twice in one object",
    points_at: "the later key",
    clause: None,
    severity: ByProfile::same(Severity::Warning),
    reaction: ByProfile::same(Reaction::Accepts),
    what: "An object has two members of the same name.",
    why: "The deployed server takes the first; most parsers take the last. One of the two is lost without a word.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}","query":"{myself{username}}"}]"#,
    ..DOC
};
