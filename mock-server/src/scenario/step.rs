//! The steps of a timeline, one verb each.

use serde::{Deserialize, Deserializer, de};

use crate::scenario::{Again, BytesFault, Count, Span, TlsFault, WireFrame};

/// One step of the timeline: a mapping with the verb as its only key. What is sent or ended concerns the newest open
/// connection.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Waits until the client has done something.
    Await(Await),
    /// Waits for so many of the client's seconds: under a contract clock they pass faster.
    Wait(Span),
    /// Waits for so many real seconds.
    Pause(Span),
    /// Lets a user of the world say something, in the given channel unless said.
    Say(Say),
    /// Sends a frame with placeholders.
    Push(Push),
    /// Sends a text message, verbatim.
    Send(String),
    /// Sends a binary message, given in hexadecimal.
    SendBinary(Bytes),
    /// Sends a text with placeholders in several WebSocket frames.
    Fragment(Fragment),
    /// Sends one WebSocket frame, well-formed or not.
    Frame(WireFrame),
    /// Sends mutations of a frame: parts are lost, repeated and replaced, the same with every run of a seed.
    Fuzz(Fuzz),
    /// Ends the channel as a crash does, with `phx_error`: what is pushed before the next join is unmatched.
    PhxError,
    /// Ends the channel in order, with `phx_close`.
    PhxClose,
    /// Ends the channel without telling the client: what is pushed before the next join is unmatched.
    ForgetChannel,
    /// From here on the connection is open and the server says nothing on it, or answers some events no more. While
    /// it says nothing at all, no silent client is dropped.
    Mute(Mute),
    /// The server speaks and answers again. What it had to say meanwhile is lost.
    Unmute,
    /// From here on nothing is read from the connection, and no silent client is dropped.
    StopReading,
    /// Reads again.
    ReadOn,
    /// Ends TCP in the server's direction, and reads on.
    HalfClose,
    /// Ends TCP without a close frame.
    Cut,
    /// Resets the TCP connection.
    Reset,
    /// Closes the WebSocket.
    Close(CloseStep),
    /// From here on something happens to the bytes that the server sends.
    Bytes(BytesFault),
    /// Nobody listens at the port any more; connections stand.
    StopListening,
    /// Listens at the same port again.
    Listen,
    /// Ends all connections and stops listening, and listens at the same port again after a pause.
    Restart(Restart),
    /// The given token and client id are unknown from here on: upgrades with them are refused. A token that is granted
    /// at `/api/oauth/token` is known.
    RevokeCredentials,
    /// From here on this is wrong with TLS; connections stand. A scenario with this step is always played over TLS.
    Tls(TlsFault),
    /// Has whoever runs the client stop its processes, as a computer does that goes to sleep. Where nobody can, the
    /// client is told nothing.
    Freeze,
    /// Lets the client's processes go on.
    Thaw,
    /// Has whoever runs the client count what its processes hold: open descriptors, and memory. Where nobody can,
    /// nothing is counted.
    Measure,
    /// Writes a mark into the transcript. Rules may be for what comes after it.
    Mark(String),
    /// Goes back to a mark, and does once more what is done from there to here.
    Again(Again),
    /// Ends the timeline.
    End,
}

impl Step {
    /// The verb as it is written.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Await(_) => "await",
            Self::Wait(_) => "wait",
            Self::Pause(_) => "pause",
            Self::Say(_) => "say",
            Self::Push(_) => "push",
            Self::Send(_) => "send",
            Self::SendBinary(_) => "send_binary",
            Self::Fragment(_) => "fragment",
            Self::Frame(_) => "frame",
            Self::Fuzz(_) => "fuzz",
            Self::PhxError => "phx_error",
            Self::PhxClose => "phx_close",
            Self::ForgetChannel => "forget_channel",
            Self::Mute(_) => "mute",
            Self::Unmute => "unmute",
            Self::StopReading => "stop_reading",
            Self::ReadOn => "read_on",
            Self::HalfClose => "half_close",
            Self::Cut => "cut",
            Self::Reset => "reset",
            Self::Close(_) => "close",
            Self::Bytes(_) => "bytes",
            Self::StopListening => "stop_listening",
            Self::Listen => "listen",
            Self::Restart(_) => "restart",
            Self::RevokeCredentials => "revoke_credentials",
            Self::Tls(_) => "tls",
            Self::Freeze => "freeze",
            Self::Thaw => "thaw",
            Self::Measure => "measure",
            Self::Mark(_) => "mark",
            Self::Again(_) => "again",
            Self::End => "end",
        }
    }
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Await {
    /// What the client shall do.
    pub what: Awaited,
    /// How often, since the last step began that was no `await`; what other awaits have counted is not counted again.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("default" = 1)))]
    pub count: Count,
    /// How long it may take, in real time.
    pub within: Span,
    /// What happens if it does not come.
    #[serde(default, rename = "or")]
    #[cfg_attr(test, schemars(extend("default" = "end")))]
    pub otherwise: Otherwise,
}

/// Something that a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Awaited {
    /// Its upgrade request was answered, whatever the status, or will not be.
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
    /// It sent `unsubscribe`.
    Unsubscribe,
    /// It sent `phx_leave`.
    Leave,
    /// It sent a ping.
    Ping,
    /// It sent a pong.
    Pong,
    /// It sent a close frame.
    Close,
    /// A recorded connection was played to its end, or the client ended it before.
    #[serde(skip)]
    Replayed,
}

impl Awaited {
    /// How many there are.
    pub(crate) const COUNT: usize = Self::Replayed as usize + 1;

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
            Self::Unsubscribe => "unsubscribe",
            Self::Leave => "leave",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Close => "close",
            Self::Replayed => "replayed",
        }
    }
}

/// What happens when an `await` misses; the mark `missed:WHAT` is written either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// The text; `{n}` stands for the number of the repetition, from 1.
    pub text: String,
    /// How often.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("default" = 1)))]
    pub times: Count,
    /// How many of the client's seconds lie between two repetitions; absent: all at once.
    pub every: Option<Span>,
    /// Who.
    #[serde(default = "the_cat")]
    pub username: String,
    /// The id of the channel; absent: the one that the client was given.
    pub channel: Option<u64>,
}

/// A frame with placeholders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// The text of the frame.
    pub frame: String,
    /// How often.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("default" = 1)))]
    pub times: Count,
    /// How many of the client's seconds lie between two repetitions; absent: all go out in one write.
    pub every: Option<Span>,
}

/// A text in several WebSocket frames.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fragment {
    /// The text of the message, with placeholders.
    pub text: String,
    /// How many bytes each WebSocket frame carries.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("default" = 1)))]
    pub size: Count,
    /// Whether a ping stands between every two of them.
    #[serde(default)]
    pub pings: bool,
}

/// Mutations of a frame.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Fuzz {
    /// The frame, with placeholders.
    pub frame: String,
    /// How many mutations.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("default" = 1)))]
    pub times: Count,
    /// How many of the client's seconds lie between two; absent: all go out in one write.
    pub every: Option<Span>,
}

/// What is not answered any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mute {
    /// Frames of these events, such as `heartbeat`, are not answered. Absent or empty: nothing is said at all, not
    /// even a pong.
    #[serde(default)]
    pub events: Vec<String>,
}

/// How the WebSocket is closed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CloseStep {
    /// The close code.
    #[serde(default = "normal")]
    pub code: u16,
    /// The close reason.
    #[serde(default)]
    pub reason: String,
}

/// A server that goes and comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// How long nobody listens, in real time.
    pub pause: Span,
    /// How the connections end.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("default" = "cut")))]
    pub ending: RestartEnding,
}

/// How connections end when the server goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RestartEnding {
    /// TCP ends without a close frame, as when the real server is killed.
    #[default]
    Cut,
    /// With a close frame of code 1000.
    Close,
    /// By a TCP reset.
    Reset,
}

/// Bytes, written in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        hex::decode(&text)
            .map(Self)
            .map_err(|error| de::Error::custom(format!("{text:?} is not hexadecimal: {error}")))
    }
}

const fn normal() -> u16 {
    glimesh_proto::names::CLOSE_NORMAL
}

fn the_cat() -> String {
    "TheCat".to_owned()
}
