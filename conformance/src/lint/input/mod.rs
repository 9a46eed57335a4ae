//! What can be linted: read with a limit, told apart, and taken apart into [`Event`]s.
//!
//! Every reader hands its events to a sink as it finds them, and keeps no more than it needs for the next one.

mod capture;
mod detect;
mod har;
mod lines;
mod transcript;

use std::io::{self, Read};

use clap::ValueEnum;
use glimesh_proto::diagnostic::MessageKind;

use super::event::{Event, Origin, What};

pub(super) use lines::split_marker;

/// Nothing longer is read.
pub const MOST_BYTES: u64 = 256 << 20;

/// Where events go.
pub(super) type Sink<'a> = dyn FnMut(Event) + 'a;

/// What an input is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum InputKind {
    /// One frame, perhaps over many lines.
    Frame,
    /// One binary message.
    Binary,
    /// One frame a line; `>` or `<` before it says who sent it.
    Frames,
    /// A transcript of the kit, JSON lines.
    Transcript,
    /// A HAR with the messages of WebSockets, as Chrome's DevTools export it.
    Har,
    /// A pcap or pcapng of plain ws.
    Capture,
    /// A log with frames somewhere in its lines.
    Log,
    /// The URL of an upgrade.
    Url,
}

impl InputKind {
    /// The name, as `--input` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Binary => "binary",
            Self::Frames => "frames",
            Self::Transcript => "transcript",
            Self::Har => "har",
            Self::Capture => "capture",
            Self::Log => "log",
            Self::Url => "url",
        }
    }
}

/// Why an input cannot be linted.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It could not be read.
    #[error("cannot read {name}")]
    Io {
        /// The file's name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It is too long.
    #[error("{name} has more than {} MiB", MOST_BYTES >> 20)]
    TooLong {
        /// The file's name.
        name: String,
    },
    /// It is of the given kind only by its name.
    #[error("{name} is no {kind}: {why}")]
    NotOfKind {
        /// The file's name.
        name: String,
        /// What it should be.
        kind: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// There is no frame in it.
    #[error("{name} holds no frame, as far as can be told; --input says what it is")]
    NoFrame {
        /// The file's name.
        name: String,
    },
}

/// An input in memory.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its name, for people: a path, or `<stdin>`.
    pub name: String,
    /// What it is.
    pub kind: InputKind,
    /// All of it.
    pub bytes: Vec<u8>,
}

impl Input {
    /// Reads an input, and finds out what it is unless that is said.
    ///
    /// # Errors
    ///
    /// [`InputError`]: it cannot be read, is too long, or holds no frame.
    pub fn read(
        name: String,
        from: impl Read,
        kind: Option<InputKind>,
    ) -> Result<Self, InputError> {
        let mut bytes = Vec::new();
        if let Err(source) = from.take(MOST_BYTES + 1).read_to_end(&mut bytes) {
            return Err(InputError::Io { name, source });
        }
        if bytes.len() as u64 > MOST_BYTES {
            return Err(InputError::TooLong { name });
        }
        match kind.or_else(|| detect::kind(&bytes)) {
            Some(kind) => Ok(Self { name, kind, bytes }),
            None => Err(InputError::NoFrame { name }),
        }
    }

    /// Hands every event to the sink. Returns what a person should know about the reading itself.
    ///
    /// # Errors
    ///
    /// [`InputError::NotOfKind`].
    pub(super) fn events(&self, sink: &mut Sink<'_>) -> Result<Vec<String>, InputError> {
        let message = |kind, data: &[u8], offset| Event {
            conn: 1,
            at: None,
            origin: Origin::Plain(offset),
            what: What::Message { sender: None, kind, data: data.to_vec() },
        };
        let read = match self.kind {
            InputKind::Frame => {
                sink(message(MessageKind::Text, self.single(), 0));
                Ok(Vec::new())
            }
            InputKind::Binary => {
                sink(message(MessageKind::Binary, &self.bytes, 0));
                Ok(Vec::new())
            }
            InputKind::Frames => Ok(lines::frames(&self.bytes, sink)),
            InputKind::Log => Ok(lines::log(&self.bytes, sink)),
            InputKind::Url => Ok(lines::urls(&self.bytes, sink)),
            InputKind::Transcript => transcript::read(&self.bytes, sink),
            InputKind::Har => har::read(&self.bytes, sink),
            InputKind::Capture => capture::read(&self.bytes, sink),
        };
        read.map_err(|why| InputError::NotOfKind {
            name: self.name.clone(),
            kind: self.kind.name(),
            why,
        })
    }

    /// The text of a single frame: a file's last line break belongs to the file.
    pub fn single(&self) -> &[u8] {
        let text = self.bytes.strip_suffix(b"\n").unwrap_or(&self.bytes);
        text.strip_suffix(b"\r").unwrap_or(text)
    }
}
