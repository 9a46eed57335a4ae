//! A stream that gathers what is written until it is flushed, and knows when its last byte was read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// How much is gathered before the stream is asked to take some of it.
const GATHERED: usize = 64 << 10;

/// The least that is set aside for writing; some frames fit in.
const ROOM: usize = 4 << 10;

/// The client reads so slowly that too much is waiting for it.
#[derive(Debug)]
pub(crate) struct TooSlow;

/// A stream with a buffer in front, which has no memory while it is empty.
#[derive(Debug)]
pub(crate) struct Wire<L> {
    link: L,
    last_byte: Instant,
    waiting: BytesMut,
    /// How much may wait for a slow reader, in bytes, before the connection is cut.
    most_waiting: usize,
    /// Whether the stream may hold back something that it took, as TLS does.
    unflushed: bool,
    /// Whether what is written is lost.
    mute: bool,
}

impl<L> Wire<L> {
    pub(crate) fn new(link: L, most_waiting: usize) -> Self {
        let (last_byte, waiting) = (Instant::now(), BytesMut::new());
        Self { link, last_byte, waiting, most_waiting, unflushed: false, mute: false }
    }

    pub(crate) const fn link(&self) -> &L {
        &self.link
    }

    /// What was written before still goes out.
    pub(crate) const fn set_mute(&mut self, mute: bool) {
        self.mute = mute;
    }

    pub(crate) const fn is_mute(&self) -> bool {
        self.mute
    }

    /// When the last byte was read; the beginning, if none was.
    pub(crate) const fn last_byte(&self) -> Instant {
        self.last_byte
    }

    /// Whether everything is on its way.
    pub(crate) const fn is_flushed(&self) -> bool {
        !self.unflushed
    }
}

impl<L: AsyncWrite + Unpin> Wire<L> {
    /// Puts parts behind what waits already. Flush to be told of a broken stream.
    pub(crate) fn put<'a>(
        &mut self,
        parts: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Result<(), TooSlow> {
        if self.mute {
            return Ok(());
        }
        let length: usize = parts.clone().map(<[u8]>::len).sum();
        if self.waiting.len() + length > self.most_waiting {
            return Err(TooSlow);
        }
        if self.waiting.capacity() - self.waiting.len() < length {
            self.waiting.reserve(length.max(ROOM));
        }
        self.unflushed = true;
        for part in parts {
            self.waiting.extend_from_slice(part);
        }
        if self.waiting.len() > GATHERED {
            // The waker is not needed: the flush that follows brings its own.
            let _ = self.poll_drain(&mut Context::from_waker(Waker::noop()));
        }
        Ok(())
    }

    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.waiting.is_empty() {
            let taken = ready!(Pin::new(&mut self.link).poll_write(context, &self.waiting))?;
            if taken == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.waiting.advance(taken);
        }
        self.waiting = BytesMut::new();
        Poll::Ready(Ok(()))
    }
}

impl<L: AsyncRead + Unpin> AsyncRead for Wire<L> {
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

impl<L: AsyncWrite + Unpin> AsyncWrite for Wire<L> {
    /// Takes all or nothing, so that a frame is never torn by what [`put`](Wire::put) adds.
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.mute {
            return Poll::Ready(Ok(bytes.len()));
        }
        if self.waiting.len() >= self.most_waiting {
            ready!(self.poll_drain(context))?;
        }
        self.unflushed = true;
        self.waiting.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        ready!(Pin::new(&mut self.link).poll_flush(context))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.link).poll_shutdown(context)
    }
}
