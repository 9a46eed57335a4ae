//! One WebSocket: messages in and out, and the many ways it can end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt as _, Stream};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// What a WebSocket runs over: a TCP connection, or a pipe in tests.
pub(crate) trait Link: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the coming drop a reset, where that exists.
    fn reset_on_drop(&self);
}

impl Link for TcpStream {
    fn reset_on_drop(&self) {
        // The socket may be gone already; then there is nothing to reset.
        let _ = self.set_zero_linger();
    }
}

impl Link for tokio::io::DuplexStream {
    fn reset_on_drop(&self) {}
}

/// A WebSocket, seen from the server, after the 101.
pub(crate) struct Socket<L> {
    inner: WebSocketStream<Timed<L>>,
    /// Whether something was sent and not flushed.
    unflushed: bool,
}

/// What came from the client.
#[derive(Debug)]
pub(crate) enum Input {
    Text(Utf8Bytes),
    Binary(Bytes),
    /// Answered already.
    Ping,
    Pong,
    /// A close frame, not answered yet.
    Close(Option<CloseFrame>),
    /// The TCP connection ended without a close frame.
    Gone { reset: bool },
    /// A message over the limit.
    TooBig { size: usize },
    /// Bytes that are no WebSocket frame; `code` says what RFC 6455 calls it.
    Fault { code: u16, why: String },
}

/// The client reads so slowly that too much is waiting for it.
#[derive(Debug)]
pub(crate) struct TooSlow;

/// How much may wait for a slow reader, in bytes, before the connection is cut.
const MAX_UNSENT: usize = 8 << 20;

/// tungstenite's default would cost 128 KiB for every connection.
const READ_BUFFER: usize = 4 << 10;

/// How long the last bytes may take to go out.
const LAST_FLUSH: Duration = Duration::from_secs(1);

/// How long the client's last bytes are read after the end; closing with unread input would send a reset.
const DRAIN: Duration = Duration::from_secs(1);

impl<L: Link> Socket<L> {
    /// `early` is what came behind the upgrade request.
    pub(crate) async fn new(link: L, early: &[u8], message_limit: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(64 << 10)
            .max_write_buffer_size(MAX_UNSENT)
            .max_message_size(Some(message_limit))
            .max_frame_size(Some(message_limit));
        let link = Timed { link, last_byte: Instant::now() };
        let inner =
            WebSocketStream::from_partially_read(link, early.to_vec(), Role::Server, Some(config))
                .await;
        Self { inner, unflushed: false }
    }

    /// When the last byte came from the client; the open, if none came.
    pub(crate) fn last_byte(&self) -> Instant {
        self.inner.get_ref().last_byte
    }

    /// Puts a message behind those that wait; [`next`](Self::next) flushes them together.
    pub(crate) fn send(&mut self, message: Message) -> Result<(), TooSlow> {
        self.unflushed = true;
        // Every other error shows itself at the next read.
        match Pin::new(&mut self.inner).start_send(message) {
            Err(Error::WriteBufferFull(_)) => Err(TooSlow),
            _ => Ok(()),
        }
    }

    /// Flushes what was sent, as far as the client takes it, and waits for its next message. Can be cancelled.
    pub(crate) async fn next(&mut self) -> Input {
        std::future::poll_fn(|context| {
            if self.unflushed && Pin::new(&mut self.inner).poll_flush(context).is_ready() {
                self.unflushed = false;
            }
            Pin::new(&mut self.inner).poll_next(context).map(read)
        })
        .await
    }

    /// Ends with our close frame; reads on until the client has ended, too, or for a moment.
    ///
    /// The real server ends TCP at once after its close frame: so does this, in the sending direction.
    pub(crate) async fn close(mut self, frame: Option<CloseFrame>, mut seen: impl FnMut(Input)) {
        let goodbye = async {
            let _ = self.inner.send(Message::Close(frame)).await;
            let _ = self.inner.get_mut().shutdown().await;
        };
        let _ = timeout(LAST_FLUSH, goodbye).await;
        let farewell = async {
            loop {
                match self.next().await {
                    Input::Gone { .. } | Input::Fault { .. } | Input::TooBig { .. } => break,
                    input => seen(input),
                }
            }
        };
        let _ = timeout(DRAIN, farewell).await;
        drain(self.inner.into_inner()).await;
    }

    /// Answers the client's close frame as the real server does: with a code and no reason.
    ///
    /// tungstenite would repeat the reason; its answer is not flushed yet and goes with it.
    pub(crate) async fn echo(self, code: Option<u16>) {
        let mut link = self.inner.into_inner();
        let goodbye = async {
            let _ = link.write_all(&close_frame(code)).await;
            let _ = link.shutdown().await;
        };
        let _ = timeout(LAST_FLUSH, goodbye).await;
        drain(link).await;
    }

    /// Ends TCP with a reset.
    pub(crate) fn reset(self) {
        self.inner.get_ref().link.reset_on_drop();
    }

    /// Ends TCP after the client has ended it.
    pub(crate) async fn leave(mut self) {
        let _ = timeout(LAST_FLUSH, self.inner.get_mut().shutdown()).await;
    }
}

/// The code that answers a client's close code: the same, or 1002 if it may not be sent.
///
/// Source: recordings `frame/close_*`, rule 14.
pub(crate) const fn echoed(code: u16) -> u16 {
    match code {
        1000..=1003 | 1007..=1011 | 3000..=4999 => code,
        _ => 1002,
    }
}

/// The bytes of an unmasked close frame without a reason.
fn close_frame(code: Option<u16>) -> Vec<u8> {
    let payload = code.map(u16::to_be_bytes);
    let payload = payload.as_ref().map_or(&[][..], <[u8; 2]>::as_slice);
    let mut bytes = vec![0x88, u8::try_from(payload.len()).expect("it is 0 or 2")];
    bytes.extend_from_slice(payload);
    bytes
}

fn read(message: Option<Result<Message, Error>>) -> Input {
    let fault = |code, why: String| Input::Fault { code, why };
    match message {
        Some(Ok(Message::Text(text))) => Input::Text(text),
        Some(Ok(Message::Binary(bytes))) => Input::Binary(bytes),
        Some(Ok(Message::Ping(_))) => Input::Ping,
        Some(Ok(Message::Pong(_) | Message::Frame(_))) => Input::Pong,
        Some(Ok(Message::Close(frame))) => Input::Close(frame),
        Some(Err(Error::Capacity(CapacityError::MessageTooLong { size, .. }))) => {
            Input::TooBig { size }
        }
        Some(Err(Error::Utf8(why))) => fault(1007, format!("a text that is not UTF-8: {why}")),
        Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) | None => {
            Input::Gone { reset: false }
        }
        Some(Err(Error::Protocol(why))) => fault(1002, why.to_string()),
        Some(Err(Error::Io(error))) => {
            Input::Gone { reset: error.kind() != io::ErrorKind::UnexpectedEof }
        }
        Some(Err(error)) => fault(1002, error.to_string()),
    }
}

async fn drain<L: Link>(mut link: Timed<L>) {
    let mut buffer = [0; READ_BUFFER];
    let rest = async { while matches!(link.read(&mut buffer).await, Ok(1..)) {} };
    let _ = timeout(DRAIN, rest).await;
}

/// A stream that knows when its last byte was read.
#[derive(Debug)]
struct Timed<L> {
    link: L,
    last_byte: Instant,
}

impl<L: AsyncRead + Unpin> AsyncRead for Timed<L> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.link).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.last_byte = Instant::now();
        }
        polled
    }
}

impl<L: AsyncWrite + Unpin> AsyncWrite for Timed<L> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.link).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.link).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.link).poll_shutdown(context)
    }
}
