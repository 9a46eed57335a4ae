//! What a scenario does to the wire: WebSocket frames of any kind, and bytes that are late, chopped or wrong.

mod frame;
mod io;

pub(crate) use frame::{fragments, frame_bytes};
pub(crate) use io::FaultIo;
