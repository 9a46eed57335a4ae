//! The first byte that a client sends: it tells a TLS handshake from a request, and a request from silence. And its end,
//! which tells who ended the connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream that remembers its first byte, and whether its end was read.
pub(super) struct Remembering<L> {
    link: L,
    first: FirstByte,
}

/// The first byte, once it came, and the end.
#[derive(Clone, Debug, Default)]
pub(super) struct FirstByte(Arc<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    first: OnceLock<u8>,
    has_ended: AtomicBool,
}

/// How a TLS record with a handshake begins; no request begins so.
pub(super) const TLS_HANDSHAKE: u8 = 0x16;

impl FirstByte {
    pub(super) fn get(&self) -> Option<u8> {
        self.0.first.get().copied()
    }

    /// Whether the client has ended its direction.
    pub(super) fn has_ended(&self) -> bool {
        self.0.has_ended.load(Ordering::Relaxed)
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
        let had_room = before < buffer.filled().len() + buffer.remaining();
        match buffer.filled().get(before) {
            Some(byte) => drop(self.first.0.first.get_or_init(|| *byte)),
            None if had_room && polled.is_ready() => {
                self.first.0.has_ended.store(true, Ordering::Relaxed);
            }
            None => {}
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
