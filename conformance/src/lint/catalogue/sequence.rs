//! What can be wrong with the sequence of frames on one connection.

use glimesh_proto::diagnostic::{ByProfile, Code, Reaction, Severity};

/// The codes of this file.
pub const ALL: &[&Code] = &[
    &HEARTBEAT_LATE,
    &HEARTBEAT_NO_MARGIN,
    &UNANSWERED,
    &REF_REUSED,
    &DOC_BEFORE_REPLY,
    &REFUSAL_IGNORED,
    &UNKNOWN_SUBSCRIPTION,
    &SUBSCRIBED_TWICE,
    &HEARTBEAT_UNANSWERED,
    &NEVER_JOINED,
    &CLOSED_HERE,
];

/// What the server does, where that is no reaction to one frame.
pub fn server(code: &Code) -> Option<&'static str> {
    Some(match code.id {
        "S003" => "answers every push; this answer is not to be seen",
        "S006" => "answers \"unmatched topic\"",
        "S007" => "answers ok, and ends nothing",
        "S008" => "accepts it, and sends every message once for each subscription",
        "S009" => "answers heartbeats at once; a connection without answers is dead",
        "S010" => "answers nothing but heartbeats",
        "S011" => "closed the connection",
        _ => return None,
    })
}

const SEQUENCE: Code = Code {
    id: "",
    slug: "",
    title: "",
    points_at: "",
    clause: None,
    severity: ByProfile::same(Severity::Warning),
    reaction: ByProfile::same(Reaction::Accepts),
    what: "",
    why: "",
    bad: "",
    good: "",
};

/// `S001`
pub static HEARTBEAT_LATE: Code = Code {
    id: "S001",
    slug: "heartbeat-late",
    title: "no heartbeat within the limit",
    points_at: "the frame that came too late, or the last one before the silence",
    clause: Some("GCW-HB-01"),
    severity: ByProfile::same(Severity::Error),
    reaction: ByProfile::same(Reaction::Closes(1000)),
    what: "More than 32 seconds (30, and 2 of grace) passed since the last heartbeat, or since the connection opened. \
           In profile phoenix: more than 60 seconds since the last message of any kind.",
    why: "The server drops the connection without a word. Nothing but a heartbeat counts as one: a busy client is \
          dropped as well.",
    bad: "0.0 s open, 45.0 s [null,\"2\",\"phoenix\",\"heartbeat\",{}]",
    good: "0.0 s open, 25.0 s [null,\"2\",\"phoenix\",\"heartbeat\",{}], 50.0 s [null,\"3\",\"phoenix\",\"heartbeat\",{}]",
};

/// `S002`
pub static HEARTBEAT_NO_MARGIN: Code = Code {
    id: "S002",
    slug: "heartbeat-no-margin",
    title: "a heartbeat that came just in time",
    points_at: "the heartbeat",
    clause: Some("GCW-HB-01"),
    severity: ByProfile { document: Severity::Warning, phoenix: Severity::Note },
    what: "Between 30 and 32 seconds passed since the last heartbeat. A timer of exactly 30 seconds does that: on the \
           wire its gaps are a little longer than 30.",
    why: "One slow network packet, and the heartbeat is late. Beat every 25 seconds.",
    bad: "0.0 s open, 30.2 s [null,\"2\",\"phoenix\",\"heartbeat\",{}]",
    good: "0.0 s open, 25.0 s [null,\"2\",\"phoenix\",\"heartbeat\",{}]",
    ..SEQUENCE
};

/// `S003`
pub static UNANSWERED: Code = Code {
    id: "S003",
    slug: "unanswered",
    title: "a push that was never answered",
    points_at: "the push's ref",
    clause: Some("PHX-02"),
    what: "No reply with the push's ref follows on the connection, although other frames of the server do. The \
           connection ended too early, the channel crashed, or the ref was changed on its way.",
    why: "Whoever waits for the reply waits for ever.",
    bad: r#"> ["1","2","__absinthe__:control","doc",{..}] and no < ["1","2",..,"phx_reply",..]"#,
    good: r#"> ["1","2","__absinthe__:control","doc",{..}] < ["1","2","__absinthe__:control","phx_reply",{..}]"#,
    ..SEQUENCE
};

/// `S004`
pub static REF_REUSED: Code = Code {
    id: "S004",
    slug: "ref-reused",
    title: "a ref that another push still waits with",
    points_at: "the ref",
    clause: Some("GCW-FR-05"),
    severity: ByProfile::same(Severity::Note),
    what: "Two pushes with one ref wait for their replies at the same time. The document allows the same ref for \
           everything.",
    why: "The replies cannot be told apart. Count the refs up.",
    bad: r#"> ["1","1",..,"doc",A] > ["1","1",..,"doc",B]"#,
    good: r#"> ["1","2",..,"doc",A] > ["1","3",..,"doc",B]"#,
    ..SEQUENCE
};

/// `S005`
pub static DOC_BEFORE_REPLY: Code = Code {
    id: "S005",
    slug: "doc-before-join-reply",
    title: "a document before the join was answered",
    points_at: "the event",
    clause: Some("GCW-JN-03"),
    severity: ByProfile::same(Severity::Note),
    what: "The join was sent, but its reply had not come yet. The server takes frames in their order, so this works \
           when the join succeeds.",
    why: "The reply means that the server is ready; if it is a refusal, everything sent behind the join is lost.",
    bad: r#"> ["1","1",..,"phx_join",{}] > ["1","2",..,"doc",{..}] < ["1","1",..,"phx_reply",..]"#,
    good: r#"> ["1","1",..,"phx_join",{}] < ["1","1",..,"phx_reply",..] > ["1","2",..,"doc",{..}]"#,
    ..SEQUENCE
};

/// `S006`
pub static REFUSAL_IGNORED: Code = Code {
    id: "S006",
    slug: "refusal-ignored",
    title: "a document after the join was refused",
    points_at: "the event",
    clause: Some("GCW-JN-03"),
    severity: ByProfile::same(Severity::Error),
    reaction: ByProfile::same(Reaction::AnswersUnmatchedTopic),
    what: "The reply to the join had another status than ok, and the client went on as if it were joined.",
    why: "Nothing is subscribed and nothing posted. Read the status of the reply; join again after a while.",
    bad: r#"< ["1","1",..,"phx_reply",{"response":{..},"status":"error"}] > ["1","2",..,"doc",{..}]"#,
    good: r#"< ["1","1",..,"phx_reply",{"response":{..},"status":"error"}] > ["2","2",..,"phx_join",{}]"#,
};

/// `S007`
pub static UNKNOWN_SUBSCRIPTION: Code = Code {
    id: "S007",
    slug: "unknown-subscription",
    title: "an unsubscribe of an id that no reply gave",
    points_at: "the payload",
    clause: Some("ABS-01"),
    what: "The subscriptionId is none of those that the server gave out on this connection since the join.",
    why: "The server answers ok all the same, and the messages go on. Ids end with their connection and their join.",
    bad: r#"> ["1","4",..,"unsubscribe",{"subscriptionId":"1"}]"#,
    good: r#"> ["1","4",..,"unsubscribe",{"subscriptionId":"__absinthe__:doc:-57:33B2"}]"#,
    ..SEQUENCE
};

/// `S008`
pub static SUBSCRIBED_TWICE: Code = Code {
    id: "S008",
    slug: "subscribed-twice",
    title: "the same subscription a second time",
    points_at: "the payload",
    clause: None,
    what: "A subscription with the same document and variables was sent on this join already. Often two pieces of \
           code subscribe, or a retry did not wait for the reply.",
    why: "Every message arrives twice.",
    bad: r#"> ["1","2",..,"doc",{"query":"subscription{..}"}] > ["1","3",..,"doc",{"query":"subscription{..}"}]"#,
    good: r#"> ["1","2",..,"doc",{"query":"subscription{..}"}]"#,
    ..SEQUENCE
};

/// `S009`
pub static HEARTBEAT_UNANSWERED: Code = Code {
    id: "S009",
    slug: "heartbeat-unanswered",
    title: "a heartbeat while the former one is unanswered",
    points_at: "the heartbeat's ref",
    clause: Some("GCW-HB-03"),
    what: "The former heartbeat got no reply, and the client beats on. A connection whose heartbeats are not answered \
           is dead, however open the socket looks.",
    why: "Nothing arrives any more, and nobody notices. Close the connection and open a new one.",
    bad: r#"> [null,"2","phoenix","heartbeat",{}] > [null,"3","phoenix","heartbeat",{}]"#,
    good: r#"> [null,"2","phoenix","heartbeat",{}] < [null,"2","phoenix","phx_reply",..] > [null,"3","phoenix","heartbeat",{}]"#,
    ..SEQUENCE
};

/// `S010`
pub static NEVER_JOINED: Code = Code {
    id: "S010",
    slug: "never-joined",
    title: "a connection on which the control topic was never joined",
    points_at: "the last frame of the client",
    clause: Some("GCW-CN-05"),
    what: "The client opened the connection and sent frames, but no join.",
    why: "Without the join no document is answered and no message arrives.",
    bad: r#"open > [null,"1","phoenix","heartbeat",{}]"#,
    good: r#"open > ["1","1","__absinthe__:control","phx_join",{}]"#,
    ..SEQUENCE
};

/// `S011`
pub static CLOSED_HERE: Code = Code {
    id: "S011",
    slug: "closed-here",
    title: "the server closed the connection, and nothing before it explains why",
    points_at: "the last frame of the client",
    clause: Some("GCW-TR-01"),
    severity: ByProfile::same(Severity::Note),
    what: "The server closed, and neither the client's frames nor the times of its heartbeats are at fault, as far as \
           they are known. A restart of the server does that: 1012, or 1000 without a reason.",
    why: "A client has to come back from this by itself: connect, join and subscribe again, after a while.",
    bad: "< close 1012",
    good: "< close 1012, and after a second: a new connection, a join, the subscriptions",
    ..SEQUENCE
};
