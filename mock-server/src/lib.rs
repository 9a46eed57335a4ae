//! A mock Glimesh chat server: listens on a real port, answers as the recordings of the real server do, enforces
//! the heartbeat rule on time, and writes down everything that crosses the wire.
//!
//! ```
//! use glimesh_mock::MockServer;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), glimesh_mock::StartError> {
//! let server = MockServer::start().await?;
//! let url = server.url(); // ws://127.0.0.1:PORT/api/graph/websocket?vsn=2.0.0&token=TOKEN
//! // Point a client at the URL, then look at what it said.
//! assert!(url.starts_with("ws://127.0.0.1:"));
//! let transcript = server.stop().await;
//! assert_eq!(transcript.header.profile, "glimesh");
//! # Ok(())
//! # }
//! ```
//!
//! [`testing`] has what a test needs besides: expectations with counts, waiting, orders, paused time. [`proxy`] stands
//! between any client and any server, [`replay`] serves a recorded session, and [`skeleton`](fn@skeleton) makes a
//! scenario of one.

// The tests inside share helpers with the tests outside, which know this crate by its name.
#[cfg(test)]
extern crate self as glimesh_mock;

mod mock;
pub mod profile;
pub mod scenario;
pub mod transcript;

mod metrics;
mod printed;
mod recorder;
mod redact;
mod trust;
mod why;

pub mod deflate;
mod limits;
mod listen;
mod websocket;
mod wire;

mod chatter;
mod driver;
mod ending;
mod fault;
mod timeline;

mod conversation;
mod held;
mod shared;

mod audience;
mod chat;
mod control;
pub mod graphql;
mod mailbox;
pub mod world;

pub mod recording;

pub mod testing;

pub mod proxy;
pub mod replay;
mod skeleton;

pub use chat::{CHANNEL_ID, CHANNEL_NAME};
pub use chatter::{Chatter, ChatterError};
pub use ending::{Ending, UnknownEnding};
pub use limits::Limits;
pub use mock::{Builder, CLIENT_ID, CLIENT_SECRET, MockServer, StartError, TOKEN};
pub use printed::{Printed, PrintedError};
pub use profile::Profile;
pub use recorder::{MAX_BYTES, MAX_ENTRIES};
pub use scenario::Scenario;
pub use skeleton::skeleton;
pub use trust::{Trust, TrustError};
pub use world::SayError;
