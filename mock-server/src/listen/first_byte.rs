//! The first byte that a client sends: it tells a TLS handshake from a request, and a request from silence.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that remembers its first byte.
pub(super) struct Remembering<L> {
    link: L,
    first: FirstByte,
}

/// The first byte, once it came.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstByte(Arc<OnceLock<u8>>);

/// How a TLS record with a handshake begins; no request begins so.
pub(super) const TLS_HANDSHAKE: u8 = 0x16;

impl FirstByte {
    pub(super) fn get(&self) -> Option<u8> {
        self.0.get().copied()
    }
}

impl<L> Remembering<L> {
    pub(super) fn new(link: L, first: FirstByte) -> Self {
        Self { link, first }
    }

    pub(super) fn into_link(self) -> L {
        self.link
    }
}

impl<L: AsyncRead + Unpin> AsyncRead for Remembering<L> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.link).poll_read(context, buffer);
        if let Some(byte) = buffer.filled().get(before) {
            self.first.0.get_or_init(|| *byte);
        }
        polled
    }
}

impl<L: AsyncWrite + Unpin> AsyncWrite for Remembering<L> {
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

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.link).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.link.is_write_vectored()
    }
}
