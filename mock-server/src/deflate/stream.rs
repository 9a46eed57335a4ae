//! A stream below a WebSocket, in which the peer's compressed messages are plain ones.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Fault;
use super::inflate::Inflater;

/// A stream whose compressed messages are read as plain ones. What is written goes out as it is.
///
/// What cannot be inflated is an error of kind [`InvalidData`](io::ErrorKind::InvalidData) that holds a [`Fault`];
/// after it the peer's bytes come as they are.
pub struct Inflating<S> {
    inner: S,
    inflates: Option<Box<Inflates>>,
}

/// What is kept for a stream on which the extension was agreed on.
struct Inflates {
    inflater: Inflater,
    /// What the WebSocket has not read yet.
    ready: Bytes,
    /// What it is told when it has read that.
    fault: Option<Fault>,
    /// Where bytes are read into.
    portion: Vec<u8>,
}

/// How much is read at a time. Compressed text of that length may be three megabytes.
const PORTION: usize = 3 << 10;

impl<S> Inflating<S> {
    /// A stream on which no extension was agreed on.
    pub const fn plain(inner: S) -> Self {
        Self { inner, inflates: None }
    }

    /// A stream on which it was. `most` is how long a message may be when it is inflated, in bytes; `early` is what was
    /// read from the stream already.
    pub fn new(inner: S, most: usize, early: &[u8]) -> Self {
        let mut inflates = Inflates {
            inflater: Inflater::new(most),
            ready: Bytes::new(),
            fault: None,
            portion: vec![0; PORTION],
        };
        inflates.take(early);
        Self { inner, inflates: Some(Box::new(inflates)) }
    }

    /// The stream below.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    /// The stream below, to be written to.
    pub const fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }
}

impl Inflates {
    fn take(&mut self, bytes: &[u8]) {
        let mut out = Vec::new();
        self.fault = self.inflater.feed(bytes, &mut out).err();
        self.ready = out.into();
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Inflating<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { inner, inflates } = self.get_mut();
        while let Some(state) = inflates {
            if state.ready.has_remaining() {
                let now = state.ready.len().min(buffer.remaining());
                buffer.put_slice(&state.ready.split_to(now));
                return Poll::Ready(Ok(()));
            }
            if let Some(fault) = state.fault.take() {
                *inflates = None;
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, fault)));
            }
            let mut portion = std::mem::take(&mut state.portion);
            let mut raw = ReadBuf::new(&mut portion);
            let polled = Pin::new(&mut *inner).poll_read(context, &mut raw);
            let read = raw.filled().len();
            if read > 0 {
                state.take(&portion[..read]);
            }
            state.portion = portion;
            ready!(polled)?;
            if read == 0 {
                return Poll::Ready(Ok(()));
            }
        }
        Pin::new(inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Inflating<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(context)
    }
}

impl<S> fmt::Debug for Inflating<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inflates = self.inflates.is_some();
        f.debug_struct("Inflating").field("inflates", &inflates).finish_non_exhaustive()
    }
}
