//! What an adapter says.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A line of an adapter: a reply has an `id`, an event has none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Said {
    /// It was done.
    Ok(Reply),
    /// It was tried, and failed.
    Error(ErrorReply),
    /// It cannot be done with this client.
    Unsupported(Refusal),
    /// Something happened.
    Event(Event),
}

/// A request was fulfilled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reply {
    /// The request's.
    pub id: u64,
    /// What the request asked for; `{}` where it asked for nothing. See [`Hello`] for the first reply.
    pub ok: Map<String, Value>,
}

/// A request failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorReply {
    /// The request's.
    pub id: u64,
    /// Why.
    pub error: Refused,
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// What failed.
    pub kind: ErrorKind,
    /// In the client's own words.
    pub message: String,
    /// Whatever else is known.
    #[serde(default)]
    pub detail: Map<String, Value>,
}

/// A request that this client has nothing for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// The request's.
    pub id: u64,
    /// Why, in a few words.
    pub unsupported: String,
    /// Where it is asked for.
    #[serde(default)]
    pub issue: Option<String>,
}

/// What can fail. The set is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// TCP or TLS.
    Transport,
    /// The upgrade to a WebSocket.
    Handshake,
    /// The credential was refused.
    Auth,
    /// Nothing came in time.
    Timeout,
    /// The server answered with an error.
    Server,
    /// What came could not be read.
    Decode,
    /// The connection is closed.
    Closed,
    /// The request makes no sense now, such as a join without a connection.
    Usage,
    /// A fault of the client or the adapter.
    Internal,
}

/// The `ok` of the first reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// The version of this protocol that the adapter speaks.
    pub protocol: u32,
    /// Which client it drives.
    pub client: Client,
    /// What it can be asked.
    pub ops: Vec<String>,
    /// What it knows of the client.
    #[serde(default)]
    pub facts: Facts,
}

/// Which client an adapter drives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Client {
    /// The client's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is written in.
    pub language: String,
}

/// What an adapter knows of its client; nothing is assumed where it is silent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Facts {
    /// Whether it comes back after a lost connection.
    pub reconnects: Option<bool>,
    /// The time between two heartbeats.
    pub heartbeat_ms: Option<u64>,
    /// Whether it tells of frames as they come, too.
    pub raw_events: Option<bool>,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The application has received a chat message.
    Chat {
        /// The connection.
        conn: String,
        /// The subscription.
        sub: String,
        /// Counts the messages of the subscription.
        n: u64,
        /// The message, as the application sees it.
        data: Map<String, Value>,
    },
    /// A frame has been answered.
    Reply {
        /// The connection.
        conn: String,
        /// The frame's.
        #[serde(rename = "ref")]
        reference: String,
        /// What the server says.
        status: ReplyStatus,
        /// What else it says.
        response: Map<String, Value>,
    },
    /// A connection has ended.
    Closed {
        /// The connection.
        conn: String,
        /// The close code; absent without a close frame.
        #[serde(default)]
        code: Option<u16>,
        /// Whether there was a close frame.
        clean: bool,
        /// Whether the client comes back.
        will_retry: bool,
        /// When.
        #[serde(default)]
        retry_ms: Option<u64>,
    },
    /// A connection has changed its state.
    State {
        /// The connection.
        conn: String,
        /// The new one.
        state: ConnState,
    },
    /// The client complains.
    Error {
        /// The connection, if it is about one.
        #[serde(default)]
        conn: Option<String>,
        /// What failed.
        kind: ErrorKind,
        /// In the client's own words.
        message: String,
    },
    /// For whoever reads the log.
    Log {
        /// How grave it is.
        level: LogLevel,
        /// What there is to say.
        message: String,
    },
}

/// What a server's answer begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReplyStatus {
    /// It was done.
    Ok,
    /// It was not.
    Error,
}

/// What a connection is doing, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnState {
    /// It is being opened.
    Connecting,
    /// It is open, and nothing is joined.
    Open,
    /// The control topic is joined.
    Joined,
    /// It is gone.
    Closed,
}

/// How grave a log message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For the author.
    Debug,
    /// For the user.
    Info,
    /// Something is odd.
    Warn,
    /// Something is wrong.
    Error,
}
