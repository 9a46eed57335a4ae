//! What a recorded client saw.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::line::Seen;

/// One thing that the client saw.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Written")]
pub struct Event {
    /// During which step; a run of steps without waiting counts as its last one.
    pub step: usize,
    /// On which connection.
    pub c: String,
    /// Milliseconds since that connection was opened.
    pub at_ms: u64,
    /// What.
    pub what: What,
    /// A text as it came, with what varies from run to run, where the recording has it.
    pub text: Option<String>,
}

/// What a client sees.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Something that came over the wire; in texts, what varies from run to run is replaced.
    Came(Seen),
    /// A text that was too long to be recorded in full.
    LongText {
        /// In bytes.
        len: usize,
        /// Of the text, in hexadecimal.
        sha256: String,
    },
    /// The step could not be done, because the connection was gone.
    NotSent,
    /// No connection came about.
    NotConnected(String),
    /// Another kind of the recordings, by its name.
    Other(String),
}

/// An event as it stands in the files.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    step: usize,
    c: String,
    t: u64,
    k: String,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    data: Option<String>,
    norm: Option<String>,
    #[serde(default)]
    hex: String,
    #[serde(default)]
    len: usize,
    sha256: Option<String>,
    code: Option<u16>,
    #[serde(default)]
    reason: String,
    #[serde(rename = "data_head")]
    _data_head: Option<String>,
    #[serde(rename = "why")]
    _why: Option<String>,
}

impl From<Written> for Event {
    fn from(written: Written) -> Self {
        let Written {
            step,
            c,
            t,
            k,
            status,
            headers,
            body,
            data,
            norm,
            hex,
            len,
            sha256,
            code,
            reason,
            ..
        } = written;
        let text = data.clone();
        let bytes = || hex::decode(&hex).expect("a recording's hex is hexadecimal");
        let what = match (&*k, sha256) {
            ("text", Some(sha256)) => What::LongText { len, sha256 },
            ("text", None) => What::Came(Seen::Text(norm.or(data).unwrap_or_default())),
            ("http", _) => {
                What::Came(Seen::Http { status, headers: headers.into_iter().collect(), body })
            }
            ("binary", _) => What::Came(Seen::Binary(bytes())),
            ("ping", _) => What::Came(Seen::Ping(bytes())),
            ("pong", _) => What::Came(Seen::Pong(bytes())),
            ("close", _) => What::Came(Seen::Close { code, reason }),
            ("eof", _) => What::Came(Seen::Eof),
            ("not_sent", _) => What::NotSent,
            _ => What::Other(k),
        };
        Self { step, c, at_ms: t, what, text }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Came(seen) => write!(f, "{seen}"),
            Self::LongText { len, sha256 } => write!(f, "a text of {len} bytes, SHA-256 {sha256}"),
            Self::NotSent => f.write_str("the connection is gone before the step"),
            Self::NotConnected(why) => write!(f, "no connection: {why}"),
            Self::Other(kind) => f.write_str(kind),
        }
    }
}
