//! What a frame means: topic, event, and whether they go together.

use super::{ByProfile, Code, Reaction, SYNTAX, Severity};

/// The codes of this file.
pub(super) const ALL: &[&Code] = &[
    &TOPIC_MISSPELLED,
    &TOPIC_UNKNOWN,
    &TOPIC_IS_SUBSCRIPTION,
    &EVENT_MISSPELLED,
    &EVENT_UNKNOWN,
    &EVENT_OF_SERVER,
    &EVENT_ON_WRONG_TOPIC,
    &HEARTBEAT_ON_WRONG_TOPIC,
    &HEARTBEAT_MISSPELLED,
    &HEARTBEAT_PAYLOAD,
    &PUSH_BEFORE_JOIN,
    &JOIN_AGAIN,
];

const MEANING: Code = Code {
    clause: Some("GCW-JN-01"),
    reaction: ByProfile::same(Reaction::AnswersUnmatchedTopic),
    why: "The connection stays, so nothing seems wrong, but what was asked for never happens. Read the status of \
          every reply.",
    ..SYNTAX
};

/// Without good heartbeats a client is dropped in the profiles that follow the document.
const BEAT: Code = Code {
    clause: Some("GCW-HB-02"),
    reaction: ByProfile {
        document: Reaction::AnswersUnmatchedTopicThenDrops,
        phoenix: Reaction::AnswersUnmatchedTopic,
    },
    why: "It is not a heartbeat, so after 30 seconds the connection is closed without a reason. (The deployed server \
          lets any traffic count.)",
    good: r#"[null,"1","phoenix","heartbeat",{}]"#,
    ..MEANING
};

/// `M001`
pub static TOPIC_MISSPELLED: Code = Code {
    id: "M001",
    slug: "topic-misspelled",
    title: "a topic that resembles a known one",
    points_at: "the topic",
    what: "There are two topics a client sends to: __absinthe__:control, with two underscores on each side, and \
           phoenix. Letter case matters.",
    bad: r#"["1","1","_absinthe_:control","phx_join",{}]"#,
    ..MEANING
};

/// `M002`
pub static TOPIC_UNKNOWN: Code = Code {
    id: "M002",
    slug: "topic-unknown",
    title: "a topic that nobody serves",
    points_at: "the topic",
    what: "Chat channels are not topics here: join __absinthe__:control once, and subscribe to any number of chats \
           by documents.",
    bad: r#"["1","1","room:6","phx_join",{}]"#,
    ..MEANING
};

/// `M003`
pub static TOPIC_IS_SUBSCRIPTION: Code = Code {
    id: "M003",
    slug: "topic-is-subscription",
    title: "a push to a subscription's own topic",
    points_at: "the topic",
    clause: Some("GCW-SB-04"),
    reaction: ByProfile::same(Reaction::AnswersJoinCrashed),
    what: "A subscription's id is the topic of what the server pushes. It needs no join, and an unsubscribe goes to \
           the control topic, with the id in its payload.",
    bad: r#"["1","3","__absinthe__:doc:-57:33B2","phx_join",{}]"#,
    good: r#"["1","3","__absinthe__:control","unsubscribe",{"subscriptionId":"__absinthe__:doc:-57:33B2"}]"#,
    ..MEANING
};

/// `M004`
pub static EVENT_MISSPELLED: Code = Code {
    id: "M004",
    slug: "event-misspelled",
    title: "an event that resembles a known one",
    points_at: "the event",
    reaction: ByProfile::same(Reaction::CrashesChannel),
    what: "On the control topic a client sends phx_join, phx_leave, doc and unsubscribe, in small letters.",
    why: "An event that a joined channel does not know crashes it: no reply comes, all subscriptions are gone.",
    bad: r#"["1","1","__absinthe__:control","phx_jion",{}]"#,
    ..MEANING
};

/// `M005`
pub static EVENT_UNKNOWN: Code = Code {
    id: "M005",
    slug: "event-unknown",
    title: "an event that the topic does not know",
    points_at: "the event",
    reaction: ByProfile::same(Reaction::CrashesChannel),
    what: "Queries, mutations and subscriptions all travel as doc. On phoenix there is only heartbeat.",
    why: "An event that a joined channel does not know crashes it: no reply comes, all subscriptions are gone.",
    bad: r#"["1","2","__absinthe__:control","subscribe",{"query":"subscription{chatMessage(channelId:6){message}}"}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message}}"}]"#,
    ..MEANING
};

/// `M006`
pub static EVENT_OF_SERVER: Code = Code {
    id: "M006",
    slug: "event-of-server",
    title: "an event that only the server sends",
    points_at: "the event",
    reaction: ByProfile::same(Reaction::CrashesChannel),
    what: "phx_reply, phx_close, phx_error and subscription:data come from the server. To leave, send phx_leave; a \
           push of the server is not answered.",
    why: "On a joined topic it crashes the channel: all subscriptions are gone.",
    bad: r#"["1","2","__absinthe__:control","phx_close",{}]"#,
    good: r#"["1","2","__absinthe__:control","phx_leave",{}]"#,
    ..MEANING
};

/// `M007`
pub static EVENT_ON_WRONG_TOPIC: Code = Code {
    id: "M007",
    slug: "event-on-wrong-topic",
    title: "an event of the control topic, sent to phoenix",
    points_at: "the topic",
    what: "The topic phoenix is for heartbeats alone; it is never joined or left.",
    bad: r#"["1","1","phoenix","phx_join",{}]"#,
    ..MEANING
};

/// `M008`
pub static HEARTBEAT_ON_WRONG_TOPIC: Code = Code {
    id: "M008",
    slug: "heartbeat-on-wrong-topic",
    title: "a heartbeat that is not on the topic phoenix",
    points_at: "the topic",
    what: "A heartbeat belongs to the connection, not to a channel: its topic is phoenix. On the joined control topic \
           it even crashes the channel.",
    bad: r#"["1","1","__absinthe__:control","heartbeat",{}]"#,
    ..BEAT
};

/// `M009`
pub static HEARTBEAT_MISSPELLED: Code = Code {
    id: "M009",
    slug: "heartbeat-misspelled",
    title: "an event on the topic phoenix that is not heartbeat",
    points_at: "the event",
    what: "The topic phoenix knows one event, heartbeat, in small letters. Phoenix's ping is called so.",
    bad: r#"[null,"1","phoenix","ping",{}]"#,
    ..BEAT
};

/// `M010`
pub static HEARTBEAT_PAYLOAD: Code = Code {
    id: "M010",
    slug: "heartbeat-payload",
    title: "a heartbeat whose payload is not {}",
    points_at: "the payload",
    severity: ByProfile { document: Severity::Warning, phoenix: Severity::Note },
    reaction: ByProfile::same(Reaction::Accepts),
    what: "The document gives a heartbeat an empty object as its payload.",
    why: "The deployed server ignores the payload, another may not.",
    bad: r#"[null,"1","phoenix","heartbeat",{"status":"alive"}]"#,
    ..BEAT
};

/// `M011`
pub static PUSH_BEFORE_JOIN: Code = Code {
    id: "M011",
    slug: "push-before-join",
    title: "a push before the join, or after the channel's end",
    points_at: "the event",
    clause: Some("GCW-JN-03"),
    what: "The control topic takes documents after its join. It also has to be joined again after phx_close, \
           phx_error, a leave, and on every new connection.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}"}]"#,
    ..MEANING
};

/// `M012`
pub static JOIN_AGAIN: Code = Code {
    id: "M012",
    slug: "join-again",
    title: "a join while the topic is joined",
    points_at: "the event",
    severity: ByProfile::same(Severity::Note),
    reaction: ByProfile::same(Reaction::Accepts),
    what: "The new join replaces the old one: its reply, then phx_close with the old join ref.",
    why: "The subscriptions of the older join are gone and have to be made again.",
    bad: r#"["2","2","__absinthe__:control","phx_join",{}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}"}]"#,
    ..MEANING
};
