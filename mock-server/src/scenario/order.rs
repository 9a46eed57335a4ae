//! What a timeline wants of one connection, beyond what others may want of it, too.

use crate::scenario::{BytesFault, Fragment, WireFrame};

/// An order to one connection.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// Sends a frame with placeholders, once for each number.
    Push { frame: String, numbers: std::ops::RangeInclusive<u32> },
    /// Sends mutations of a frame with placeholders.
    Fuzz { frame: String, seed: u64, numbers: std::ops::RangeInclusive<u32> },
    /// Sends a text in several WebSocket frames.
    Fragment(Fragment),
    /// Sends a WebSocket frame of any kind.
    Frame(WireFrame),
    /// Ends the channel in order.
    CloseChannel,
    /// Ends the channel, and does not tell.
    ForgetChannel,
    /// Answers these events no more; without any, says nothing at all.
    Mute(Vec<String>),
    /// Speaks again.
    Unmute,
    /// Reads nothing, or again.
    Read(bool),
    /// Ends TCP in our direction.
    HalfClose,
    /// Tampers with the bytes that are sent.
    Tamper(BytesFault),
}
