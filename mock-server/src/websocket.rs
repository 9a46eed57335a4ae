//! One WebSocket: messages in and out, and the many ways it can end.

use std::io;
use std::iter;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt as _, Stream as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::deflate::{self, Agreed, COMPRESSED, Deflater, Inflating};
use crate::mailbox::Data;
use crate::scenario::BytesFault;
use crate::wire::{TooSlow, Wire};

/// What a WebSocket runs over: a TCP connection, or a pipe in tests.
pub(crate) trait Link: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// Makes the coming drop a reset, where that exists.
    fn reset_on_drop(&self);

    /// From here on something happens to the bytes that are sent, where the link was made for it.
    fn tamper(&self, _fault: BytesFault) {}

    /// Whether it was cut off by an order.
    fn is_cut(&self) -> bool {
        false
    }
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
///
/// tungstenite reads, and writes pongs and close frames. Messages go around it: into the wire's buffer, part by part.
pub(crate) struct Socket<L> {
    inner: WebSocketStream<Inflating<Wire<L>>>,
    /// Compresses what is sent, where the client agreed to that.
    deflater: Option<Deflater>,
    half_close: HalfClose,
}

/// Whether TCP ends in our direction while the client's is read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HalfClose {
    No,
    Asked,
    Done,
}

/// What came from the client.
#[derive(Debug)]
pub(crate) enum Input {
    Text(Utf8Bytes),
    Binary(Bytes),
    /// Answered already.
    Ping(Bytes),
    Pong(Bytes),
    /// A close frame, not answered yet.
    Close(Option<CloseFrame>),
    /// The TCP connection ended without a close frame.
    Gone {
        reset: bool,
    },
    /// A message over the limit.
    TooBig {
        size: usize,
    },
    /// Bytes that are no WebSocket frame, or no text. `code` says what RFC 6455 calls it, `word` what the note does.
    Fault {
        code: u16,
        word: &'static str,
        why: String,
    },
}

/// tungstenite's default would cost 128 KiB for every connection.
const READ_BUFFER: usize = 3 << 10;

/// How much tungstenite may hold back, in bytes: pongs that the wire has no room for. A control frame has 127 bytes at
/// most, so a client may send over a hundred pings without reading.
const MOST_PONGS: usize = 16 << 10;

/// How long the last bytes may take to go out.
const LAST_FLUSH: Duration = Duration::from_secs(1);

/// How long the client's last bytes are read after the end; closing with unread input would send a reset.
const DRAIN: Duration = Duration::from_secs(1);

impl<L: Link> Socket<L> {
    /// `early` is what came behind the upgrade request; `unsent` is how many bytes may wait for a slow reader.
    pub(crate) async fn new(
        link: L,
        early: Vec<u8>,
        (message_limit, unsent): (usize, usize),
        compression: Option<Agreed>,
    ) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(MOST_PONGS)
            .max_message_size(Some(message_limit))
            .max_frame_size(Some(message_limit));
        let role = Role::Server;
        let wire = Wire::new(link, unsent);
        let (wire, early) = match compression {
            Some(_) => (Inflating::new(wire, message_limit, &early), Vec::new()),
            None => (Inflating::plain(wire), early),
        };
        let inner = WebSocketStream::from_partially_read(wire, early, role, Some(config)).await;
        let deflater = compression.map(Deflater::for_server);
        Self { inner, deflater, half_close: HalfClose::No }
    }

    /// What it runs over.
    pub(crate) fn link(&self) -> &L {
        self.wire().link()
    }

    fn wire(&self) -> &Wire<L> {
        self.inner.get_ref().inner()
    }

    fn wire_mut(&mut self) -> &mut Wire<L> {
        self.inner.get_mut().inner_mut()
    }

    /// From here on everything that is sent is lost, or nothing any more.
    pub(crate) fn set_mute(&mut self, mute: bool) {
        let mute = mute || self.half_close != HalfClose::No;
        self.wire_mut().set_mute(mute);
    }

    pub(crate) fn is_mute(&self) -> bool {
        self.wire().is_mute()
    }

    /// Ends TCP in our direction, after what was sent; the client is read on.
    pub(crate) fn half_close(&mut self) {
        if self.half_close == HalfClose::No {
            self.half_close = HalfClose::Asked;
            self.set_mute(true);
        }
    }

    /// Puts bytes behind what waits, frames or not.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<(), TooSlow> {
        self.wire_mut().put(iter::once(bytes))
    }

    /// When the last byte came from the client; the open, if none came.
    pub(crate) fn last_byte(&self) -> Instant {
        self.wire().last_byte()
    }

    /// Puts a text message behind those that wait; [`next`](Self::next) flushes them together.
    pub(crate) fn send_text(&mut self, text: &str) -> Result<(), TooSlow> {
        self.send(TEXT, [text.as_bytes()])
    }

    /// As [`send_text`](Self::send_text), with a binary message.
    pub(crate) fn send_binary(&mut self, bytes: &[u8]) -> Result<(), TooSlow> {
        self.send(BINARY, [bytes])
    }

    /// As [`send_text`](Self::send_text), and without a text of its own.
    pub(crate) fn send_data(&mut self, data: &Data) -> Result<(), TooSlow> {
        self.send(TEXT, data.template.parts(&data.id).map(str::as_bytes))
    }

    /// Every error but the one shows itself at the next read.
    fn send<const N: usize>(&mut self, opcode: u8, payload: [&[u8]; N]) -> Result<(), TooSlow> {
        let compressed = self.deflater.and_then(|it| it.deflate(payload.iter().copied()));
        if let Some(payload) = compressed {
            let (head, head_length) = frame_head(COMPRESSED | opcode, payload.len());
            return self.wire_mut().put([&head[..head_length], &payload].into_iter());
        }
        let length = payload.iter().map(|part| part.len()).sum();
        let (head, head_length) = frame_head(opcode, length);
        self.wire_mut().put(iter::once(&head[..head_length]).chain(payload))
    }

    /// Flushes what was sent, as far as the client takes it, and waits for its next message if it is to be read. Can
    /// be cancelled.
    pub(crate) async fn next(&mut self, reads: bool) -> Input {
        std::future::poll_fn(|context| {
            let wire = self.wire_mut();
            if !wire.is_flushed() {
                // An error shows itself at the read.
                let _ = Pin::new(&mut *wire).poll_flush(context);
            }
            if self.half_close == HalfClose::Asked
                && Pin::new(self.wire_mut()).poll_shutdown(context).is_ready()
            {
                self.half_close = HalfClose::Done;
            }
            if !reads {
                return Poll::Pending;
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
                match self.next(true).await {
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

    /// Ends TCP without a close frame, after what was sent before.
    pub(crate) async fn cut(mut self) {
        let goodbye = async {
            let _ = self.inner.flush().await;
            let _ = self.inner.get_mut().shutdown().await;
        };
        let _ = timeout(LAST_FLUSH, goodbye).await;
        drain(self.inner.into_inner()).await;
    }

    /// Ends TCP with a reset.
    pub(crate) fn reset(self) {
        self.link().reset_on_drop();
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

const TEXT: u8 = 1;
const BINARY: u8 = 2;

/// The beginning of an unmasked frame that is not fragmented, and how long it is. Source: RFC 6455, section 5.2.
fn frame_head(opcode: u8, length: usize) -> ([u8; 10], usize) {
    let mut head = [0x80 | opcode, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    if let Ok(byte @ ..126) = u8::try_from(length) {
        head[1] = byte;
        (head, 2)
    } else if let Ok(short) = u16::try_from(length) {
        head[1] = 126;
        head[2..4].copy_from_slice(&short.to_be_bytes());
        (head, 4)
    } else {
        head[1] = 127;
        head[2..].copy_from_slice(&(length as u64).to_be_bytes());
        (head, 10)
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
    let fault = |code, why: String| Input::Fault { code, word: "websocket-fault", why };
    match message {
        Some(Ok(Message::Text(text))) => Input::Text(text),
        Some(Ok(Message::Binary(bytes))) => Input::Binary(bytes),
        Some(Ok(Message::Ping(payload))) => Input::Ping(payload),
        Some(Ok(Message::Pong(payload))) => Input::Pong(payload),
        // Only a reader of single frames gets one.
        Some(Ok(Message::Frame(_))) => Input::Pong(Bytes::new()),
        Some(Ok(Message::Close(frame))) => Input::Close(frame),
        // Source: RFC 6455, section 5.2: the most significant bit of a length must be 0.
        Some(Err(Error::Capacity(CapacityError::MessageTooLong { size, .. })))
            if size > isize::MAX as usize =>
        {
            fault(1002, format!("a frame's length has its highest bit set: {size:#x}"))
        }
        Some(Err(Error::Capacity(CapacityError::MessageTooLong { size, .. }))) => {
            Input::TooBig { size }
        }
        Some(Err(Error::Utf8(why))) => {
            let why = format!("a text that is not UTF-8: {why}");
            Input::Fault { code: 1007, word: "not-utf8", why }
        }
        Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake))) | None => {
            Input::Gone { reset: false }
        }
        Some(Err(Error::Protocol(why))) => fault(1002, why.to_string()),
        Some(Err(Error::Io(error))) => match error.downcast::<deflate::Fault>() {
            Ok(deflate::Fault::TooBig(size)) => Input::TooBig { size },
            // Source: RFC 6455, section 7.4.1: data within a message that is not consistent with the message's type.
            Ok(why @ deflate::Fault::Malformed(_)) => {
                Input::Fault { code: 1007, word: "not-deflate", why: why.to_string() }
            }
            Ok(why @ deflate::Fault::Protocol(_)) => fault(1002, why.to_string()),
            Err(error) => Input::Gone { reset: error.kind() != io::ErrorKind::UnexpectedEof },
        },
        Some(Err(error)) => fault(1002, error.to_string()),
    }
}

/// Reads what the client still sends, for a moment.
pub(crate) async fn drain(mut link: impl AsyncRead + Unpin) {
    // Not an array: it would be a part of every connection's task.
    let mut buffer = vec![0; READ_BUFFER];
    let rest = async { while matches!(link.read(&mut buffer).await, Ok(1..)) {} };
    let _ = timeout(DRAIN, rest).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_a_frame_is_written_as_short_as_it_can_be() {
        let heads = [
            (125, "817d"),
            (126, "817e007e"),
            (65_535, "817effff"),
            (65_536, "817f0000000000010000"),
        ];
        for (length, expected) in heads {
            let (head, head_length) = frame_head(TEXT, length);
            assert_eq!(hex::encode(&head[..head_length]), expected);
        }
    }
}
