//! What a recorded client did. The fields are told in `fixtures/recordings/README.md`, too.

use serde::Deserialize;
use serde_json::Value;

/// One thing that the client did. `c` names the connection.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Step {
    /// Opens TCP and sends a request.
    Connect(Connect),
    /// Sends a masked text frame.
    Text {
        /// On this connection.
        c: String,
        /// A text, or an object of `parts`.
        data: Value,
        /// Whether the next step follows at once.
        #[serde(default)]
        nowait: bool,
    },
    /// Sends any frame.
    Frame {
        /// On this connection.
        c: String,
        /// Four bits.
        opcode: u8,
        /// Yes unless said.
        fin: Option<bool>,
        /// Three bits, zero unless said.
        #[serde(default)]
        rsv: u8,
        /// Yes unless said.
        masked: Option<bool>,
        /// The payload, as in a text.
        data: Option<Value>,
        /// The payload in hexadecimal.
        hex: Option<String>,
    },
    /// Sends raw bytes.
    Bytes {
        /// On this connection.
        c: String,
        /// The bytes in hexadecimal.
        hex: String,
    },
    /// Waits.
    Sleep {
        /// So long.
        ms: u64,
    },
    /// Waits for quiet.
    Settle {},
    /// Waits for the end of the connection.
    WaitEof {
        /// No longer than this.
        max_ms: u64,
    },
    /// Closes the sending half.
    TcpShutdown {
        /// Of this connection.
        c: String,
    },
    /// Resets the connection.
    TcpAbort {
        /// This one.
        c: String,
    },
    /// Something was done inside the server.
    Control {
        /// An action of the mock's control API.
        action: String,
        /// Its arguments.
        args: Value,
    },
    /// The server's program was stopped.
    ServerStop {
        /// `graceful`, or `sigkill`.
        how: String,
    },
}

/// A request to be sent on a new connection.
#[derive(Clone, Debug, Deserialize)]
pub struct Connect {
    /// The connection's name.
    pub c: String,
    /// `/api/graph/websocket` unless said.
    pub path: Option<String>,
    /// `None`: no question mark at all.
    pub query: Option<String>,
    /// `GET` unless said.
    pub method: Option<String>,
    /// `HTTP/1.1` unless said.
    pub http: Option<String>,
    /// Beside the usual ones; `None` takes one of these out.
    #[serde(default)]
    pub headers: Vec<(String, Option<String>)>,
    /// After the headers.
    pub body: Option<String>,
    /// The whole request instead of all that; `$HOST` stands for host and port.
    pub raw_http: Option<String>,
}

impl Step {
    /// Whether the client waited for answers after it.
    pub const fn waits(&self) -> bool {
        !matches!(self, Self::Text { nowait: true, .. })
    }
}
