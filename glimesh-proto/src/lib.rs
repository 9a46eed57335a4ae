//! The Glimesh chat protocol as values and state machines: no socket, clock, task, file or log.
//!
//! A client opens a WebSocket ([`connect`]), joins the control topic, sends GraphQL documents, and beats every
//! 30 seconds. Everything travels in one form, the [`Frame`]: `[join_ref, ref, topic, event, payload]`.
//!
//! ```text
//! > ["1","1","__absinthe__:control","phx_join",{}]
//! < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
//! > ["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message}}","variables":{}}]
//! < ["1","2","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-57:33B2"},"status":"ok"}]
//! > [null,"3","phoenix","heartbeat",{}]
//! < [null,"3","phoenix","phx_reply",{"response":{},"status":"ok"}]
//! < [null,null,"__absinthe__:doc:-57:33B2","subscription:data",{"result":{"data":{..}},"subscriptionId":"__absinthe__:doc:-57:33B2"}]
//! ```
//!
//! A frame can be read in four depths: the [`Envelope`] looks at its first four elements; the [`RawFrame`] proves the
//! whole text and borrows from it; the [`Frame`] owns its parts and prints them as the real server does; and where
//! all of them refuse, [`scan`](scan::scan) names every fault and its place. [`v1`] and [`binary`] are the other
//! forms in which the same frame travels.
//!
//! What is wrong with a frame that the server answers by a close without a reason, [`diagnostic`] says.
//!
//! [`Client`](client::Client) and [`Server`](server::Server) are the two roles. Each is told what happened and
//! asked what to do. Whoever owns the socket and the clock drives it:
//!
//! ```
//! use glimesh_proto::client::{Client, Config, Event};
//! use glimesh_proto::{Instant, Transmit};
//!
//! let mut client = Client::new(Config::default(), Instant::ZERO);
//! client.join(Instant::ZERO)?;
//!
//! // One turn of the loop: send what is to be sent, learn what is to be learned, sleep until the timeout.
//! let mut wire = Vec::new();
//! while let Some(Transmit::Text(text)) = client.poll_transmit() {
//!     wire.push(text);
//! }
//! assert_eq!(wire, [r#"["1","1","__absinthe__:control","phx_join",{}]"#]);
//! assert_eq!(client.poll_timeout(), Some(Instant::from_millis(10_000)));
//!
//! // The socket has something.
//! let reply = r#"["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#;
//! client.handle_text(Instant::from_millis(12), reply);
//! assert_eq!(client.poll_event(), Some(Event::Joined));
//!
//! // The timeout has come: the first heartbeat.
//! client.handle_timeout(Instant::from_millis(25_000));
//! let beat = r#"[null,"2","phoenix","heartbeat",{}]"#;
//! assert_eq!(client.poll_transmit(), Some(Transmit::Text(beat.into())));
//! # Ok::<(), glimesh_proto::client::CommandError>(())
//! ```

pub mod names;
mod time;

mod json;
mod print;
pub mod scan;

pub mod binary;
mod data;
pub mod frame;
mod message;
mod name;
mod payload;
mod raw;
pub mod v1;

pub mod connect;

mod channel;
mod deadline;
mod subscription;
#[cfg(test)]
mod table;
mod transmit;
mod violation;

pub mod diagnostic;

pub mod client;
pub mod server;

pub use channel::{ChannelState, Step};
pub use data::DataTemplate;
pub use deadline::{ArmedBy, DropRule, RestartedBy};
pub use frame::{DecodeError, Frame, Ref};
pub use json::{Json, MAX_DEPTH};
pub use message::{ClientMessage, Doc, Reply, ServerMessage, Status, SubscriptionId};
pub use name::Name;
pub use payload::Payload;
pub use raw::{Envelope, RawFrame};
pub use subscription::{SubscriptionState, SubscriptionStep};
pub use time::Instant;
pub use transmit::{Close, Transmit};
pub use violation::{Consequence, Violation};
