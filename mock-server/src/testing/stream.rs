//! A stream that the caller brings, in place of an accepted connection.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

use crate::listen::Source;
use crate::websocket::Link;

/// Anything that carries bytes both ways.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The caller's stream. It has no reset: ending it is all that can be done.
pub(crate) struct GivenStream {
    stream: Box<dyn Stream>,
    /// What was read before its time.
    peeked: Option<u8>,
}

impl GivenStream {
    pub(crate) fn new(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self { stream: Box::new(stream), peeked: None }
    }
}

impl fmt::Debug for GivenStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenStream").finish_non_exhaustive()
    }
}

impl Link for GivenStream {
    fn reset_on_drop(&self) {}
}

impl Source for GivenStream {
    async fn peek_byte(&mut self) -> io::Result<Option<u8>> {
        if self.peeked.is_none() {
            let mut first = [0];
            if self.stream.read(&mut first).await? > 0 {
                self.peeked = Some(first[0]);
            }
        }
        Ok(self.peeked)
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }
}

impl AsyncRead for GivenStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() > 0
            && let Some(byte) = self.peeked.take()
        {
            buffer.put_slice(&[byte]);
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for GivenStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
