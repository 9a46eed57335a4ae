//! The file format of scenarios: YAML with two parts, rules and a timeline.

use glimesh_proto::{Reply, Status};
use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use crate::scenario::Span;

/// What a file says. Keys that are not listed here are refused.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) title: String,
    pub(super) why: String,
    #[serde(default)]
    pub(super) credential: Auth,
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
    #[serde(default)]
    pub(super) timeline: Vec<Step>,
}

/// Which credential a client is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// An access token that may post.
    #[default]
    Token,
    /// A client id: read-only.
    ClientId,
}

impl Auth {
    /// The name of the query's parameter.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::ClientId => "client_id",
        }
    }
}

/// What the server does with frames that match, instead of answering correctly at once.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which frames.
    pub on: On,
    /// Answers correctly, but this much later, in real time.
    pub delay: Option<Span>,
    /// Answers nothing.
    #[serde(default)]
    pub ignore: bool,
    /// Answers this.
    pub reply: Option<RuleReply>,
}

/// A pattern for the client's frames.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct On {
    /// The frame's event.
    pub event: String,
    /// The frame's topic; absent: any.
    pub topic: Option<String>,
    /// Only the nth such frame of the session, counted from 1; absent: every one.
    pub nth: Option<u32>,
}

/// A reply in place of the correct one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleReply {
    /// `ok` or `error`.
    pub status: ReplyStatus,
    /// Any JSON value; absent: an empty object.
    #[serde(default = "empty_object")]
    pub response: Value,
}

/// The status of a [`RuleReply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyStatus {
    /// `ok`
    Ok,
    /// `error`
    Error,
}

impl RuleReply {
    /// The reply as the core knows it.
    pub fn to_reply(&self) -> Reply {
        let status = match self.status {
            ReplyStatus::Ok => Status::Ok,
            ReplyStatus::Error => Status::Error,
        };
        Reply { status, response: self.response.clone() }
    }
}

/// One step of the timeline: a mapping with the verb as its only key.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Waits until the client has done something.
    Await(Await),
    /// Waits for so many of the client's seconds: under a contract clock they pass faster.
    Wait(Span),
    /// Waits for so many real seconds.
    Pause(Span),
    /// Lets a user of the world say something in the given channel.
    Say(Say),
    /// Sends a text message, verbatim.
    Send(String),
    /// Sends a binary message, given in hexadecimal.
    SendBinary(Bytes),
    /// Resets the TCP connection.
    Reset,
    /// Closes the WebSocket.
    Close(CloseStep),
    /// Writes a mark into the transcript.
    Mark(String),
    /// Ends the timeline.
    End,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Await {
    /// What the client shall do.
    pub what: Awaited,
    /// How often, since the last step began that was no `await`; what other awaits have counted is not counted again.
    #[serde(default = "one")]
    pub count: u32,
    /// How long it may take, in real time.
    pub within: Span,
    /// What happens if it does not come.
    #[serde(default, rename = "or")]
    pub otherwise: Otherwise,
}

/// Something that a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// Its upgrade request was answered, whatever the status.
    Upgrade,
    /// Its WebSocket was opened.
    Open,
    /// It sent `phx_join` on the control topic.
    Join,
    /// It was given a subscription.
    Subscribed,
    /// It sent a heartbeat.
    Heartbeat,
    /// It sent a document.
    Doc,
    /// Its connection ended.
    End,
}

impl Awaited {
    /// The word as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Upgrade => "upgrade",
            Self::Open => "open",
            Self::Join => "join",
            Self::Subscribed => "subscribed",
            Self::Heartbeat => "heartbeat",
            Self::Doc => "doc",
            Self::End => "end",
        }
    }
}

/// What happens when an `await` misses; the mark `missed:WHAT` is written either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// The timeline ends.
    #[default]
    End,
    /// The timeline goes on.
    Continue,
}

/// What a user of the world says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// The text; `{n}` stands for the number of the repetition, from 1.
    pub text: String,
    /// How often.
    #[serde(default = "one")]
    pub times: u32,
    /// Who.
    #[serde(default = "the_cat")]
    pub username: String,
}

/// How the WebSocket is closed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseStep {
    /// The close code.
    #[serde(default = "normal")]
    pub code: u16,
    /// The close reason.
    #[serde(default)]
    pub reason: String,
}

/// Bytes, written in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(&text)
            .map(Self)
            .map_err(|error| de::Error::custom(format!("{text:?} is not hexadecimal: {error}")))
    }
}

const fn one() -> u32 {
    1
}

const fn normal() -> u16 {
    glimesh_proto::names::CLOSE_NORMAL
}

fn the_cat() -> String {
    "TheCat".to_owned()
}

fn empty_object() -> Value {
    Value::Object(serde_json::Map::new())
}
