//! What a frame means.

use serde_json::{Map, Value, json};

use crate::frame::{DecodeError, Frame, Ref};
use crate::name::Name;
use crate::names;
use crate::scan::Kind;
use crate::violation::Violation;

/// A GraphQL document with its variables, the payload of `doc`.
///
/// Shape: `{"query": TEXT, "variables": OBJECT}`; `variables` may be absent or `null`, other keys are ignored.
///
/// Source: absinthe_phoenix 2.0.2, `lib/absinthe/phoenix/channel.ex`; recordings `doc/*`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Doc {
    /// The document's text; empty if the payload has none.
    pub query: String,
    /// Values for the document's variables, by name.
    pub variables: Map<String, Value>,
}

impl Doc {
    /// A document without variables.
    pub fn new(query: impl Into<String>) -> Self {
        Self { query: query.into(), variables: Map::new() }
    }

    /// The payload of the push.
    pub fn to_payload(&self) -> Value {
        json!({"query": self.query, "variables": self.variables})
    }
}

/// Names one subscription: `__absinthe__:doc:INTEGER:HASH`. It is also the topic of its data.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(pub String);

/// Whether a push was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// `ok`
    Ok,
    /// `error`
    Error,
}

impl Status {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
        }
    }
}

/// The payload of `phx_reply`: `{"response": RESPONSE, "status": STATUS}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Whether the push was granted.
    pub status: Status,
    /// What it brought; often an empty object.
    pub response: Value,
}

impl Reply {
    /// `{"response":{},"status":"ok"}`
    pub fn ok_empty() -> Self {
        Self::ok(json!({}))
    }

    /// A granted push.
    pub const fn ok(response: Value) -> Self {
        Self { status: Status::Ok, response }
    }

    /// A refused push.
    pub const fn error(response: Value) -> Self {
        Self { status: Status::Error, response }
    }

    /// The real server's answer to anything on a topic that is not joined.
    ///
    /// Source: Phoenix 1.7.0, `lib/phoenix/socket.ex`; recordings, rules 16 and 17.
    pub fn unmatched_topic() -> Self {
        Self::error(json!({"reason": "unmatched topic"}))
    }

    /// The payload on the wire.
    pub fn to_payload(&self) -> Value {
        json!({"response": self.response, "status": self.status.as_str()})
    }
}

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientMessage {
    /// `phx_join` on the control topic.
    Join,
    /// `heartbeat` on `phoenix`.
    Heartbeat,
    /// `doc` on the control topic.
    Doc(Doc),
    /// `unsubscribe` on the control topic.
    Unsubscribe(SubscriptionId),
    /// `phx_leave`, on any topic.
    Leave,
}

impl TryFrom<&Frame> for ClientMessage {
    type Error = Violation;

    fn try_from(frame: &Frame) -> Result<Self, Violation> {
        match (frame.topic.as_str(), frame.event.as_str()) {
            (names::PHOENIX_TOPIC, names::HEARTBEAT) => Ok(Self::Heartbeat),
            (_, names::PHX_LEAVE) => Ok(Self::Leave),
            (names::CONTROL_TOPIC, names::PHX_JOIN) => Ok(Self::Join),
            (names::CONTROL_TOPIC, names::DOC) => read_doc(&frame.payload).map(Self::Doc),
            (names::CONTROL_TOPIC, names::UNSUBSCRIBE) => read_unsubscribe(&frame.payload),
            (names::CONTROL_TOPIC, event) => Err(Violation::UnknownEvent { event: event.into() }),
            // The server wants to log the topic, and cannot print a map. Source: recording `frame/join_topic_object`.
            (_, names::PHX_JOIN) if frame.topic.kind() == Kind::Object => {
                Err(Violation::Unreadable(DecodeError::WrongType {
                    position: 3,
                    expected: "a string",
                    found: Kind::Object.with_article(),
                }))
            }
            _ if frame.topic.kind() != Kind::String => {
                Err(Violation::TopicNotText { found: frame.topic.kind().with_article() })
            }
            (topic, names::PHX_JOIN) if topic.starts_with(names::ABSINTHE_PREFIX) => {
                Err(Violation::NoSuchChannel { topic: topic.into() })
            }
            (topic, _) => Err(Violation::UnknownTopic { topic: topic.into() }),
        }
    }
}

fn read_doc(payload: &Value) -> Result<Doc, Violation> {
    let Value::Object(payload) = payload else {
        return Err(Violation::PayloadNotObject { found: crate::frame::kind(payload) });
    };
    let variables = match payload.get("variables") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(variables)) => variables.clone(),
        Some(other) => {
            return Err(Violation::VariablesNotObject { found: crate::frame::kind(other) });
        }
    };
    let query = match payload.get("query") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(query)) => query.clone(),
        Some(other) => return Err(Violation::QueryNotText { found: crate::frame::kind(other) }),
    };
    Ok(Doc { query, variables })
}

fn read_unsubscribe(payload: &Value) -> Result<ClientMessage, Violation> {
    match payload.get("subscriptionId") {
        Some(Value::String(id)) => Ok(ClientMessage::Unsubscribe(SubscriptionId(id.clone()))),
        _ => Err(Violation::NoSubscriptionId),
    }
}

/// What a server says.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerMessage {
    /// `phx_reply`
    Reply(Reply),
    /// `subscription:data`, whose payload is `{"result": RESULT, "subscriptionId": ID}`.
    Data {
        /// Whose data it is.
        subscription_id: SubscriptionId,
        /// A GraphQL result: `{"data": ..}`, with `errors` if there are some.
        result: Value,
    },
    /// `phx_error`: the channel crashed.
    Error,
    /// `phx_close`: the channel is gone.
    Close,
}

impl TryFrom<&Frame> for ServerMessage {
    type Error = Violation;

    fn try_from(frame: &Frame) -> Result<Self, Violation> {
        match frame.event.as_str() {
            names::PHX_REPLY => read_reply(&frame.payload).map(Self::Reply),
            names::PHX_ERROR => Ok(Self::Error),
            names::PHX_CLOSE => Ok(Self::Close),
            names::SUBSCRIPTION_DATA => Ok(Self::Data {
                subscription_id: SubscriptionId(frame.topic.to_string()),
                result: frame.payload.get("result").cloned().unwrap_or_default(),
            }),
            event => Err(Violation::UnknownEvent { event: event.into() }),
        }
    }
}

fn read_reply(payload: &Value) -> Result<Reply, Violation> {
    let status = match payload.get("status").and_then(Value::as_str) {
        Some("ok") => Status::Ok,
        Some("error") => Status::Error,
        _ => return Err(Violation::ReplyWithoutStatus),
    };
    Ok(Reply { status, response: payload.get("response").cloned().unwrap_or_default() })
}

impl Frame {
    /// The frame of a push to the server.
    pub fn push(
        join_ref: Option<Ref>,
        msg_ref: Option<Ref>,
        topic: impl Into<Name>,
        event: &str,
        payload: Value,
    ) -> Self {
        let (topic, event, payload) = (topic.into(), event.into(), payload.into());
        Self { join_ref, msg_ref, topic, event, payload }
    }

    /// The frame of a heartbeat: `[null, ref, "phoenix", "heartbeat", {}]`.
    pub fn heartbeat(msg_ref: Ref) -> Self {
        Self::push(None, Some(msg_ref), names::PHOENIX_TOPIC, names::HEARTBEAT, json!({}))
    }

    /// The frame of a result for a subscriber.
    ///
    /// Shape: `[null, null, ID, "subscription:data", {"result": RESULT, "subscriptionId": ID}]`.
    pub fn data(subscription_id: &SubscriptionId, result: Value) -> Self {
        let payload = json!({"result": result, "subscriptionId": subscription_id.0});
        Self::push(None, None, subscription_id.0.as_str(), names::SUBSCRIPTION_DATA, payload)
    }
}
