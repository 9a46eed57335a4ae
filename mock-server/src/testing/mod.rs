//! The server in your own tests: expectations with counts, waiting, orders, and the wire in every failure message.
//!
//! A [`MockServer`] listens on a port of its own, so that many of them run side by side; when it
//! is dropped, its connections end and nothing is left. It answers as the real server does until a
//! [scenario](crate::scenario) or an order says otherwise.
//!
//! # A client that joins and subscribes
//!
//! ```
//! use std::time::Duration;
//!
//! use futures_util::{SinkExt as _, StreamExt as _};
//! use glimesh_mock::MockServer;
//! use glimesh_mock::scenario::Awaited;
//! use glimesh_mock::testing::Frames;
//! use tokio_tungstenite::tungstenite::Message;
//!
//! /// Your client: anything that connects to the URL that it is given.
//! async fn client(url: String) {
//!     # let url = url.strip_prefix("ws://").unwrap();
//!     # let host = url.split('/').next().unwrap();
//!     # let stream = tokio::net::TcpStream::connect(host).await.unwrap();
//!     # let url = format!("ws://{url}");
//!     # let connect_async = async |url| tokio_tungstenite::client_async(url, stream).await;
//!     let (mut socket, _) = connect_async(url).await.unwrap();
//!     let join = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
//!     socket.send(Message::text(join)).await.unwrap();
//!     socket.next().await;
//!     let query = "subscription{chatMessage(channelId:6){message}}";
//!     let doc = format!(r#"["1","2","__absinthe__:control","doc",{{"query":"{query}"}}]"#);
//!     socket.send(Message::text(doc)).await.unwrap();
//!     while let Some(Ok(message)) = socket.next().await {
//!         println!("{message}");
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = MockServer::start().await?;
//! server.expect(Frames::join()).times(1);
//! server.expect(Frames::subscription()).times(1..);
//! server.expect(Frames::event("phx_leave")).never();
//!
//! let client = tokio::spawn(client(server.url()));
//! server.wait_for(Awaited::Subscribed, Duration::from_secs(10)).await?;
//! server.say(6, "TheCat", "hello")?;
//! server.close(1000, "")?;
//! client.await?;
//!
//! server.verify().await;
//! let said = server.frames_on(1);
//! assert!(said.iter().any(|seen| seen.text.contains("subscription:data")));
//! # Ok(())
//! # }
//! ```
//!
//! What is not met fails the test with the counts and the wire:
//!
//! ```text
//! not everything that was expected came:
//!     met  a join of the control topic: expected once, came once
//!   UNMET  a doc on the control topic that subscribes: expected once or more, came none
//! on the wire:
//!     0.004s #1 > GET /api/graph/websocket answered with 101
//!     0.005s #1 > ["1","1","__absinthe__:control","phx_join",{}]
//!     0.005s #1 < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
//! ```
//!
//! # The 30-second rule, in milliseconds
//!
//! A client that can take any stream needs no socket: [`connect`](crate::MockServer::connect) gives it one end of a
//! pipe, and on tokio's paused time two minutes pass at once. Never pause time while real sockets are used: it would
//! leap over what is still on its way.
//!
//! ```
//! use std::time::Duration;
//!
//! use futures_util::StreamExt as _;
//! use glimesh_mock::MockServer;
//! use glimesh_mock::testing::Frames;
//! use tokio_tungstenite::client_async;
//! use tokio_tungstenite::tungstenite::Message;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! tokio::time::pause();
//! let server = MockServer::builder().in_memory().start().await?;
//! server.expect(Frames::heartbeat()).never();
//!
//! // This client forgets its heartbeat.
//! let opened = tokio::time::Instant::now();
//! let (mut socket, _) = client_async(server.url(), server.connect()).await?;
//! let Some(Ok(Message::Close(Some(close)))) = socket.next().await else { panic!() };
//!
//! // 30 s, and 2 s of grace.
//! assert_eq!(u16::from(close.code), 1000);
//! assert_eq!(opened.elapsed().as_secs(), 32);
//! server.verify().await;
//! # Ok(())
//! # }
//! ```
//!
//! # A scenario: the connection is reset, and the client comes back
//!
//! The text is that of a scenario file; [`Scenario::read`](crate::Scenario::read) reads one.
//!
//! ```
//! use std::time::Duration;
//!
//! use futures_util::{SinkExt as _, StreamExt as _};
//! use glimesh_mock::testing::Frames;
//! use glimesh_mock::{MockServer, Scenario};
//! use tokio_tungstenite::tungstenite::Message;
//!
//! const RESET: &str = "
//! title: The connection is reset after the join
//! why: A client comes back by itself and joins again.
//! timeline:
//!   - await: {what: join, within: 10s}
//!   - reset
//!   - await: {what: join, within: 10s}
//!   - end
//! ";
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let scenario = Scenario::parse("reset", RESET)?;
//! let server = MockServer::builder().scenario(scenario).start().await?;
//! server.expect(Frames::join()).on_connection(1).times(1);
//! server.expect(Frames::join()).on_connection(2).times(1);
//!
//! let url = server.url();
//! let client = tokio::spawn(async move {
//!     # let host = url.split('/').nth(2).unwrap().to_owned();
//!     # let connect_async = async |url: String| {
//!     #     let stream = tokio::net::TcpStream::connect(&host).await?;
//!     #     tokio_tungstenite::client_async(url, stream).await
//!     # };
//!     loop {
//!         let Ok((mut socket, _)) = connect_async(url.clone()).await else { continue };
//!         let join = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
//!         let _ = socket.send(Message::text(join)).await;
//!         while let Some(Ok(_)) = socket.next().await {}
//!     }
//! });
//!
//! server.scenario_ended().await;
//! server.verify().await;
//! client.abort();
//! # Ok(())
//! # }
//! ```

mod expect;
mod frames;
mod orders;
mod seen;
mod stream;
mod waiting;

use std::io;
use std::sync::Mutex;

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::sync::mpsc;

pub use expect::{Expectation, Times, Unmet};
pub use frames::Frames;
pub use orders::NoConnection;
pub use seen::SeenFrame;
pub(crate) use stream::GivenStream;
pub use waiting::Missed;

use crate::mock::MockServer;
use crate::recorder::Counts;

/// What a server knows of the test around it.
#[derive(Debug)]
pub(crate) struct Door {
    expectations: expect::Expectations,
    /// What [`wait_for`](MockServer::wait_for) has been asked for so far.
    waited: Mutex<Counts>,
    streams: mpsc::UnboundedSender<GivenStream>,
}

impl Door {
    /// The door, and where the caller's streams come out.
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<GivenStream>) {
        let (streams, given) = mpsc::unbounded_channel();
        let (expectations, waited) = Default::default();
        (Self { expectations, waited, streams }, given)
    }
}

/// How much a pipe of [`connect`](MockServer::connect) holds in each direction, in bytes.
const PIPE: usize = 64 << 10;

/// Streams in place of sockets.
impl MockServer {
    /// Serves a stream as an accepted connection: with TLS, if the server speaks it, and with whatever the scenario
    /// does to the bytes of connections. It has no reset; where TCP would be reset, it ends.
    pub fn serve_stream(&self, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        // An error means that the server has ended; then the stream ends, too.
        let _ = self.door().streams.send(GivenStream::new(stream));
    }

    /// A new connection through memory: this is the client's end of a pipe.
    pub fn connect(&self) -> DuplexStream {
        let (ours, theirs) = tokio::io::duplex(PIPE);
        self.serve_stream(ours);
        theirs
    }

    /// As [`connect`](Self::connect), for a client that has to learn that nobody listens.
    ///
    /// # Errors
    ///
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) while the scenario does not let the server listen, by
    /// `listening: false`, `stop_listening` or `restart`.
    pub fn dial(&self) -> io::Result<DuplexStream> {
        match *self.shared().script.door().is_open.borrow() {
            true => Ok(self.connect()),
            false => Err(io::ErrorKind::ConnectionRefused.into()),
        }
    }
}
