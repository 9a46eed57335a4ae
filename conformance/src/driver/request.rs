//! What the kit asks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::PREFIX;

/// One request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// What to do.
    #[serde(flatten)]
    pub op: Op,
    /// Repeated by the reply, as the same JSON number.
    pub id: u64,
}

/// What to do. An adapter answers one that it does not know with `unsupported`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// The first request: who are you?
    Hello {
        /// The version of this protocol.
        protocol: u32,
        /// Another one for each run.
        run: String,
        /// How long this reply may take.
        deadline_ms: u64,
    },
    /// Open a connection; answered when it is open.
    Connect {
        /// What the connection is called from now on.
        conn: String,
        /// The socket's URL, with `vsn` and the credential.
        url: String,
        /// The credential by itself, for libraries that build the URL.
        auth: Auth,
        /// The authority to trust, a PEM file; with wss.
        ca_file: Option<String>,
        /// How the client is to behave, as far as it can be told.
        options: Options,
    },
    /// Join the control topic; answered when the join's reply has arrived. A client that joins by itself answers then, too.
    Join {
        /// The connection.
        conn: String,
    },
    /// Subscribe to a channel's chat; answered when the subscription is confirmed.
    Subscribe {
        /// The connection.
        conn: String,
        /// What the subscription is called from now on.
        sub: String,
        /// The channel.
        channel_id: String,
        /// What to ask for in each message, nested fields with dots.
        fields: Vec<String>,
    },
    /// Post a message; answered when the server has answered.
    SendChat {
        /// The connection.
        conn: String,
        /// The channel.
        channel_id: String,
        /// The message.
        text: String,
    },
    /// Send a document; answered with the server's answer.
    Query {
        /// The connection.
        conn: String,
        /// GraphQL.
        document: String,
        /// Its variables.
        variables: Map<String, Value>,
    },
    /// End a subscription.
    Unsubscribe {
        /// The connection.
        conn: String,
        /// The subscription.
        sub: String,
    },
    /// Answer when that many events have been told since the last `expect`, or fail with `timeout`.
    Expect {
        /// The connection.
        conn: String,
        /// The event's name.
        event: String,
        /// How many.
        count: u32,
        /// How long to wait.
        within_ms: u64,
    },
    /// Close the connection for good.
    Disconnect {
        /// The connection.
        conn: String,
    },
    /// Tell what state the connection is in.
    State {
        /// The connection.
        conn: String,
    },
    /// An op of no version of this protocol: whoever knows its ops answers `unsupported`.
    NoSuchOp,
    /// The last request: close everything, answer, and end with status 0.
    Bye,
}

impl Op {
    /// The connection that it names.
    pub fn conn(&self) -> Option<&str> {
        match self {
            Self::Connect { conn, .. }
            | Self::Join { conn }
            | Self::Subscribe { conn, .. }
            | Self::SendChat { conn, .. }
            | Self::Query { conn, .. }
            | Self::Unsubscribe { conn, .. }
            | Self::Expect { conn, .. }
            | Self::Disconnect { conn }
            | Self::State { conn } => Some(conn),
            Self::Hello { .. } | Self::NoSuchOp | Self::Bye => None,
        }
    }
}

/// A credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Auth {
    /// Which query parameter it belongs into.
    pub kind: AuthKind,
    /// The credential, not encoded.
    pub value: String,
}

/// Which credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthKind {
    /// An access token.
    Token,
    /// An application's id, which can only read.
    ClientId,
}

/// How a client is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Options {
    /// The time between two heartbeats; the client's own if absent.
    pub heartbeat_ms: Option<u64>,
    /// Whether to come back after a lost connection.
    pub auto_reconnect: bool,
    /// Whether to subscribe again after coming back.
    pub auto_subscribe: bool,
}

impl Request {
    /// The request as a line for standard input, with prefix and line feed.
    ///
    /// # Errors
    ///
    /// None that a request of this type can cause.
    pub fn line(&self) -> serde_json::Result<String> {
        Ok(format!("{PREFIX}{}\n", serde_json::to_string(self)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(op: Op, line: &str) {
        let request = Request { id: 7, op };
        assert_eq!(request.line().unwrap(), format!("@gck {line}\n"));
        assert_eq!(serde_json::from_str::<Request>(line).unwrap(), request);
    }

    #[test]
    fn each_request_is_one_line() {
        let conn = || "a".to_owned();
        check(
            Op::Hello { protocol: 1, run: "r7".to_owned(), deadline_ms: 5000 },
            r#"{"op":"hello","protocol":1,"run":"r7","deadline_ms":5000,"id":7}"#,
        );
        let auth = Auth { kind: AuthKind::ClientId, value: "4d".to_owned() };
        let options = Options { heartbeat_ms: None, auto_reconnect: true, auto_subscribe: false };
        let url = "ws://h/".to_owned();
        check(
            Op::Connect { conn: conn(), url, auth, ca_file: None, options },
            r#"{"op":"connect","conn":"a","url":"ws://h/","auth":{"kind":"client_id","value":"4d"},"ca_file":null,"options":{"heartbeat_ms":null,"auto_reconnect":true,"auto_subscribe":false},"id":7}"#,
        );
        let text = "say \"hi\" \\ \n".to_owned();
        check(
            Op::SendChat { conn: conn(), channel_id: "6".to_owned(), text },
            r#"{"op":"send_chat","conn":"a","channel_id":"6","text":"say \"hi\" \\ \n","id":7}"#,
        );
        let event = "chat".to_owned();
        check(
            Op::Expect { conn: conn(), event, count: 2, within_ms: 3000 },
            r#"{"op":"expect","conn":"a","event":"chat","count":2,"within_ms":3000,"id":7}"#,
        );
        check(Op::NoSuchOp, r#"{"op":"no_such_op","id":7}"#);
        check(Op::Bye, r#"{"op":"bye","id":7}"#);
    }
}
