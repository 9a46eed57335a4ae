//! permessage-deflate: the extension that compresses messages, where a server takes a client's offer.
//!
//! The real server takes none. Where the setting `deflate.accepted` says so, this one does: [`agree`] reads the offer,
//! a [`Deflater`] compresses whole messages, and an [`Inflating`] stream stands below the WebSocket and hands it plain
//! frames, for the library knows no extension. Each message is compressed by itself, without the context of earlier
//! ones: that costs some bytes and saves the memory of two windows for every connection.
//!
//! Source: RFC 7692, section 7; RFC 6455, section 5.2, for frames.

mod blocks;
mod compress;
mod inflate;
mod offer;
mod stream;

pub(crate) use blocks::Blocks;
pub use compress::Deflater;
pub use inflate::Fault;
pub(crate) use offer::parameters;
pub use offer::{Agreed, agree};
pub use stream::Inflating;

/// The bit of a frame's first byte that says that the message is compressed. Source: RFC 7692, section 6: RSV1.
pub(crate) const COMPRESSED: u8 = 0x40;

/// What ends the output of a flushed compressor; it does not travel. Source: RFC 7692, sections 7.2.1 and 7.2.2.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

#[cfg(test)]
mod tests;
