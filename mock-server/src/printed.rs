//! The frames that the protocol document prints, or that a file lists in the same form.

use std::path::Path;

use glimesh_proto::{ClientMessage, Frame, ServerMessage, SubscriptionId, names};
use serde::Deserialize;
use serde_json::Value;

use crate::transcript::From;

/// A conversation on paper: the client's frames, each with what the server says to it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Printed(Vec<Exchange>);

#[derive(Clone, Debug, PartialEq)]
struct Exchange {
    asked: Frame,
    said: Vec<String>,
}

/// Why a text is not a conversation.
#[derive(Debug, thiserror::Error)]
pub enum PrintedError {
    /// It cannot be read.
    #[error("cannot read {path}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not YAML of the right form.
    #[error("{name} is not a list of frames: {message}")]
    Syntax {
        /// The file.
        name: String,
        /// What is wrong, with line and column.
        message: String,
    },
    /// A client's frame is none.
    #[error("frame {number} of {name} is not a frame")]
    Frame {
        /// The file.
        name: String,
        /// The frame, counted from 1.
        number: usize,
        /// Why not.
        source: glimesh_proto::DecodeError,
    },
    /// The server speaks first.
    #[error("{name} begins with a frame of the server; a client's frame comes first")]
    ServerFirst {
        /// The file.
        name: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    from: From,
    frame: String,
}

const DOCUMENT: &str = include_str!("../../fixtures/document.yaml");

impl Printed {
    /// The frames of the protocol document.
    pub fn document() -> Self {
        Self::parse("fixtures/document.yaml", DOCUMENT).expect("a test reads the embedded file")
    }

    /// Reads a file of frames: a list of `{from: client|server, frame: TEXT}`, in the order of the conversation.
    ///
    /// # Errors
    ///
    /// [`PrintedError`] names the file and what is wrong with it.
    pub fn read(path: &Path) -> Result<Self, PrintedError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|source| PrintedError::Io { path: name.clone(), source })?;
        Self::parse(&name, &text)
    }

    /// Reads a list of frames from text.
    ///
    /// # Errors
    ///
    /// [`PrintedError`] says what is wrong.
    pub fn parse(name: &str, text: &str) -> Result<Self, PrintedError> {
        let lines: Vec<Line> = serde_saphyr::from_str(text).map_err(|error| {
            PrintedError::Syntax { name: name.to_owned(), message: error.to_string() }
        })?;
        let mut exchanges: Vec<Exchange> = Vec::new();
        for (index, line) in lines.into_iter().enumerate() {
            match (line.from, exchanges.last_mut()) {
                (From::Client, _) => {
                    let asked = Frame::decode(&line.frame).map_err(|source| {
                        PrintedError::Frame { name: name.to_owned(), number: index + 1, source }
                    })?;
                    exchanges.push(Exchange { asked, said: Vec::new() });
                }
                (From::Server, Some(exchange)) => exchange.said.push(line.frame),
                (From::Server, None) => {
                    return Err(PrintedError::ServerFirst { name: name.to_owned() });
                }
            }
        }
        Ok(Self(exchanges))
    }

    /// The same conversation with replies alone: without what the server says unasked.
    #[must_use]
    pub fn replies_only(mut self) -> Self {
        for exchange in &mut self.0 {
            exchange.said.retain(|text| {
                Frame::decode(text).is_ok_and(|frame| frame.event == names::PHX_REPLY)
            });
        }
        self
    }

    /// What the server says to a frame, if the frame is among the printed ones.
    ///
    /// Blanks and the order of keys do not matter in the question.
    pub(crate) fn answer(&self, asked: &Frame) -> Option<&[String]> {
        let exchange = self.0.iter().find(|exchange| exchange.asked == *asked)?;
        (!exchange.said.is_empty()).then_some(&exchange.said)
    }

    /// The id that the printed reply gives to the subscription that a frame asks for.
    pub(crate) fn subscription_id(&self, asked: &Frame) -> Option<SubscriptionId> {
        let reply = Frame::decode(self.answer(asked)?.first()?).ok()?;
        let Ok(ServerMessage::Reply(reply)) = ServerMessage::try_from(&reply) else { return None };
        let id = reply.response.get("subscriptionId").and_then(Value::as_str)?;
        let is_doc = matches!(ClientMessage::try_from(asked), Ok(ClientMessage::Doc(_)));
        is_doc.then(|| SubscriptionId(id.to_owned()))
    }
}
