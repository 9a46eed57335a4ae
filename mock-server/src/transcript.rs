//! What crossed the wire, and when: pure data that reads and writes itself as JSON lines.
//!
//! The first line is the [`Header`], every further line one [`Entry`]:
//!
//! ```text
//! {"format":1,"session":"quiet","scenario":"quiet","profile":"glimesh","settings":{},"clock":{"mode":"real","rate":1},"given":{"auth":"token","channel_id":"6"}}
//! {"at_ms":41,"conn":1,"what":{"kind":"accept"}}
//! {"at_ms":43,"conn":1,"what":{"kind":"upgrade","method":"GET","path":"/api/graph/websocket","query":[["vsn","2.0.0"],["token","<token>"]],"headers":[],"status":101}}
//! {"at_ms":45,"conn":1,"what":{"kind":"text","from":"client","data":"[\"1\",\"1\",\"__absinthe__:control\",\"phx_join\",{}]","len":46}}
//! ```

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

use glimesh_proto::Instant;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of the file format; fields are added within a version, never changed.
pub const FORMAT: u32 = 1;

/// One session on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// Under which circumstances it was written.
    pub header: Header,
    /// What happened, in the order of time.
    pub entries: Vec<Entry>,
}

/// The first line of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u32,
    /// The session's name.
    pub session: String,
    /// The scenario's name.
    pub scenario: String,
    /// The profile's name.
    pub profile: String,
    /// The profile's settings by name, as text.
    pub settings: BTreeMap<String, String>,
    /// How the client's seconds relate to the times of the entries.
    pub clock: ClockStamp,
    /// What the client was told.
    pub given: Given,
}

/// What the client under test was told: the values of its placeholders, without secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Which credential: `token` or `client_id`. Its value stands in the transcript as `<token>` or `<client_id>`.
    pub auth: String,
    /// The channel to subscribe to.
    pub channel_id: String,
}

/// The clock of a session. The times of its entries are real milliseconds, except under `accel`, where they are the
/// client's: `rate` of its seconds pass in a real one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockStamp {
    /// `real`, `contract` or `accel`.
    pub mode: String,
    /// How many of the client's seconds fit into a real one; 1 for `real`.
    pub rate: u32,
}

impl ClockStamp {
    /// How many seconds pass in the session while a real one does: all of the client's time is accelerated, and the
    /// server's with it.
    pub fn pace(&self) -> u32 {
        if self.mode == "accel" { self.rate.max(1) } else { 1 }
    }

    /// How many of the client's heartbeat seconds pass in one of the session's: only its interval is shortened.
    pub fn beats(&self) -> u32 {
        if self.mode == "accel" { 1 } else { self.rate.max(1) }
    }
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The time since the session began; the server was listening by then.
    #[serde(rename = "at_ms", serialize_with = "write_ms", deserialize_with = "read_ms")]
    pub at: Instant,
    /// The connection, counted from 1 in the order of acceptance; absent where none is concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conn: Option<u32>,
    /// What happened.
    pub what: What,
}

/// Who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum From {
    /// The client under test.
    Client,
    /// The mock.
    Server,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum What {
    /// A TCP connection was accepted.
    Accept,
    /// An HTTP request was read and answered. Status 101 opens the WebSocket: the client's time runs from here.
    Upgrade {
        /// The request's method.
        method: String,
        /// The target's path, as sent.
        path: String,
        /// The query's pairs in order, decoded, with secrets replaced.
        query: Vec<(String, String)>,
        /// The request's headers, with lower-case names, and secrets replaced.
        headers: Vec<(String, String)>,
        /// The answer's status; 0: it was not answered.
        status: u16,
        /// The answer's header `Sec-WebSocket-Extensions`, which names what was agreed on; absent if it has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        extensions: Option<String>,
    },
    /// A text message.
    Text {
        /// Who sent it.
        from: From,
        /// The text, cut after [`MAX_DATA`] bytes, with secrets replaced.
        data: String,
        /// The whole message's length in bytes.
        len: usize,
    },
    /// A binary message.
    Binary {
        /// Who sent it.
        from: From,
        /// The bytes in hexadecimal, cut after [`MAX_DATA`] digits.
        hex: String,
        /// The whole message's length in bytes.
        len: usize,
    },
    /// A ping.
    Ping {
        /// Who sent it.
        from: From,
        /// Its payload in hexadecimal, with secrets replaced; absent if it is empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        hex: String,
    },
    /// A pong.
    Pong {
        /// Who sent it.
        from: From,
        /// Its payload in hexadecimal, with secrets replaced; absent if it is empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        hex: String,
    },
    /// A close frame.
    Close {
        /// Who sent it.
        from: From,
        /// The close code, if it has one.
        code: Option<u16>,
        /// The close reason.
        reason: String,
    },
    /// The TCP connection ended.
    Eof {
        /// Who ended it.
        from: From,
        /// Whether it was reset rather than ended in order.
        reset: bool,
    },
    /// What the server has to say beyond the wire: why it refused or dropped a client.
    Note {
        /// A permanent word for the reason, such as `no-heartbeat`.
        code: String,
        /// One line for a person.
        text: String,
    },
    /// The scenario's timeline reached a step.
    Mark {
        /// The step's name.
        name: String,
    },
    /// How badly the machine stalled while the session ran, measured by a ticker beside it.
    Noise {
        /// The longest time by which a tick came late, in real milliseconds.
        worst_stall_ms: u64,
    },
    /// The client's process was started, asked to stop, killed, or has ended.
    Process {
        /// What happened to it.
        event: ProcessEvent,
    },
    /// A line of the driver protocol, in a session in which the client is driven.
    Driver {
        /// Who says it: `server` for the kit, `client` for the adapter.
        from: From,
        /// The line without its prefix, cut after [`MAX_DATA`] bytes, with secrets replaced.
        data: String,
    },
}

/// A step in the life of the client's process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum ProcessEvent {
    /// It was started.
    Started,
    /// It could not be started.
    NotStarted {
        /// Why.
        error: String,
    },
    /// It was asked to stop.
    Stop {
        /// How: the name of a signal.
        signal: String,
    },
    /// It did not stop in time and was killed.
    Killed,
    /// It ended by itself or as asked.
    Exited {
        /// Its exit status, unless a signal ended it.
        status: Option<i32>,
        /// The signal that ended it, by name.
        signal: Option<String>,
    },
    /// What its processes held, all together, when the timeline reached a step `measure`.
    Measured {
        /// How many processes.
        processes: u32,
        /// Their open descriptors.
        descriptors: u32,
        /// Their memory that belongs to no file, in RAM or swapped out, in KiB.
        memory_kib: u64,
    },
    /// Processes that it had started were still alive after its end, and were killed.
    Leaked {
        /// How many.
        processes: u32,
    },
}

/// How much of a message's data a transcript keeps, in bytes.
pub const MAX_DATA: usize = 256 * 1024;

impl Entry {
    /// The text of a message that the client sent, if this is one and it was kept whole.
    pub fn client_text(&self) -> Option<&str> {
        self.whole_text(From::Client)
    }

    /// The text of a message that the server sent, if this is one and it was kept whole.
    pub fn server_text(&self) -> Option<&str> {
        self.whole_text(From::Server)
    }

    fn whole_text(&self, sender: From) -> Option<&str> {
        match &self.what {
            What::Text { from, data, len } if *from == sender && *len <= MAX_DATA => Some(data),
            _ => None,
        }
    }
}

/// What stands for the token that the client was given.
pub const TOKEN_MARK: &str = "<token>";

/// What stands for the client id that the client was given.
pub const CLIENT_ID_MARK: &str = "<client_id>";

/// What a transcript shows where a request carries a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential<'a> {
    /// `<token>`: the token that the client was given.
    Token,
    /// `<client_id>`: the client id that the client was given.
    ClientId,
    /// One of these two with a few characters around it, such as `"<token>"` in quotes.
    Wrapped(&'a str),
    /// `<other:N>`: another one, of `N` bytes.
    Other {
        /// Its length in bytes.
        len: usize,
    },
    /// Kept as sent, because it cannot be one, such as `TOKEN_HERE`. The client's own text `<token>` stands as
    /// `<<token>>`.
    Placeholder(&'a str),
}

impl<'a> Credential<'a> {
    /// Reads the value of a parameter that carries a credential.
    pub fn read(shown: &'a str) -> Self {
        let other = || shown.strip_prefix("<other:")?.strip_suffix('>')?.parse().ok();
        let holds_a_mark = || shown.contains(TOKEN_MARK) || shown.contains(CLIENT_ID_MARK);
        let doubled = || shown.starts_with("<<") && shown.ends_with(">>");
        match shown {
            TOKEN_MARK => Self::Token,
            CLIENT_ID_MARK => Self::ClientId,
            _ if holds_a_mark() && !doubled() => Self::Wrapped(shown),
            _ => other().map_or(Self::Placeholder(shown), |len| Self::Other { len }),
        }
    }
}

/// Why a file is not a transcript.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("cannot read the transcript")]
    Io(#[from] io::Error),
    /// A line is not what it should be.
    #[error("line {line} of the transcript is not valid")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The file has no line.
    #[error("the transcript is empty; its first line is the header")]
    Empty,
    /// The file is of another version.
    #[error("the transcript has format {found}, this program reads format {FORMAT}")]
    Format {
        /// The format as written.
        found: u32,
    },
}

impl Transcript {
    /// Reads the JSON lines.
    ///
    /// # Errors
    ///
    /// [`ReadError`] says which line is wrong.
    pub fn read(from: impl BufRead) -> Result<Self, ReadError> {
        let mut lines = from.lines().enumerate();
        let (_, first) = lines.next().ok_or(ReadError::Empty)?;
        let header: Header = parse(1, &first?)?;
        if header.format != FORMAT {
            return Err(ReadError::Format { found: header.format });
        }
        let entries = lines
            .map(|(index, line)| parse(index + 1, &line?))
            .collect::<Result<_, ReadError>>()?;
        Ok(Self { header, entries })
    }

    /// Writes the JSON lines.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut to, &self.header)?;
        to.write_all(b"\n")?;
        for entry in &self.entries {
            serde_json::to_writer(&mut to, entry)?;
            to.write_all(b"\n")?;
        }
        Ok(())
    }
}

fn parse<T: for<'a> Deserialize<'a>>(line: usize, text: &str) -> Result<T, ReadError> {
    serde_json::from_str(text).map_err(|source| ReadError::Line { line, source })
}

fn write_ms<S: Serializer>(at: &Instant, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(at.as_millis())
}

fn read_ms<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Instant, D::Error> {
    u64::deserialize(deserializer).map(Instant::from_millis)
}
