//! A client that can say anything: any bytes, any WebSocket frame.
//!
//! It shares no code with the server's side, so that a mistake in one shows in the other.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, WriteHalf};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

pub use super::raw_frame::RawFrame;
use super::reader::Reader;
pub use super::reader::Seen;

/// The WebSocket key that the recordings used.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// One connection. A task reads whatever comes, so that no writer ever waits for us.
///
/// Dropping it ends the connection.
pub struct Line {
    writer: Box<dyn Writer>,
    seen: mpsc::UnboundedReceiver<(Instant, Seen)>,
    reading: AbortHandle,
}

impl Line {
    /// A TCP connection on which nothing was said yet.
    ///
    /// # Errors
    ///
    /// Nobody listens there.
    pub async fn dial(addr: impl ToSocketAddrs) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        Ok(Self::start(reader, Box::new(writer), false))
    }

    /// Any stream; `upgraded` says that the server's 101 is behind it.
    pub fn over(stream: impl AsyncRead + AsyncWrite + Send + 'static, upgraded: bool) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self::start(reader, Box::new(writer), upgraded)
    }

    fn start(
        reader: impl AsyncRead + Unpin + Send + 'static,
        writer: Box<dyn Writer>,
        upgraded: bool,
    ) -> Self {
        let (sender, seen) = mpsc::unbounded_channel();
        let reading = tokio::spawn(async move {
            let mut reader = Reader::new(reader, upgraded);
            loop {
                // Whatever kind of end it is, it is the end.
                let seen = reader.read().await.unwrap_or(Seen::Eof);
                let ended = matches!(seen, Seen::Eof | Seen::Malformed(_));
                if sender.send((Instant::now(), seen)).is_err() || ended {
                    return;
                }
            }
        });
        Self { writer, seen, reading: reading.abort_handle() }
    }

    /// Sends bytes as they are. That the server does not read them any more is not our affair.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _ = self.writer.write_all(bytes).await;
        let _ = self.writer.flush().await;
    }

    /// Sends a frame.
    pub async fn frame(&mut self, frame: &RawFrame) {
        self.send(&frame.bytes()).await;
    }

    /// Ends only the direction to the server.
    pub async fn shutdown(&mut self) {
        let _ = self.writer.shutdown().await;
    }

    /// Ends the connection by a reset, where it is TCP.
    pub fn abort(self) {
        self.writer.reset_at_end();
    }

    /// What came next and when it came; `None` if nothing came in time.
    pub async fn next_at(&mut self, within: Duration) -> Option<(Instant, Seen)> {
        let came = tokio::time::timeout(within, self.seen.recv()).await.ok()?;
        Some(came.unwrap_or_else(|| (Instant::now(), Seen::Eof)))
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

/// The sending half of a connection.
trait Writer: AsyncWrite + Unpin + Send {
    /// Lets the connection end by a reset when it is dropped, if it can.
    fn reset_at_end(&self) {}
}

impl Writer for OwnedWriteHalf {
    fn reset_at_end(&self) {
        // A connection that is gone already needs no reset.
        let _ = self.as_ref().set_zero_linger();
    }
}

impl<T: AsyncRead + AsyncWrite + Send> Writer for WriteHalf<T> {}
