//! A stream whose outgoing bytes are chopped, delayed, throttled, corrupted or cut off, by order.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::scenario::BytesFault;
use crate::websocket::Link;

/// How many bytes may wait in here, so that a writer is held up as by a slow network: as many as TCP has in
/// flight without window scaling. Source: RFC 9293, 16 bits for the window.
const MOST_WAITING: usize = 64 << 10;

/// How far apart pieces are that nothing else keeps apart.
const GAP: Duration = Duration::from_millis(1);

/// The stream. What is written waits for its time; a flush waits for all of it.
#[derive(Debug)]
pub(crate) struct FaultIo<L> {
    link: L,
    /// An order may come from the side while the stream is deep inside others.
    orders: Mutex<Orders>,
    pieces: VecDeque<Piece>,
    waiting: usize,
    /// When the last piece that waits is due.
    last_due: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    is_cut: bool,
}

#[derive(Debug)]
struct Orders {
    fault: BytesFault,
    /// How many bytes were taken since the order.
    taken: u64,
}

#[derive(Debug)]
struct Piece {
    due: Instant,
    bytes: Vec<u8>,
    sent: usize,
    /// The connection is reset after it.
    is_last: bool,
}

impl<L> FaultIo<L> {
    pub(crate) fn new(link: L, fault: BytesFault) -> Self {
        Self {
            link,
            orders: Mutex::new(Orders { fault, taken: 0 }),
            pieces: VecDeque::new(),
            waiting: 0,
            last_due: Instant::now(),
            timer: None,
            is_cut: false,
        }
    }

    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Cuts bytes into pieces, and says for each when it is due.
    fn take(&mut self, bytes: &[u8]) {
        let (fault, already) = {
            let mut orders = self.orders();
            let already = orders.taken;
            orders.taken = already.saturating_add(bytes.len() as u64);
            (orders.fault, already)
        };
        let mut bytes = bytes.to_vec();
        let at = |offset: u32| usize::try_from(u64::from(offset).checked_sub(already)?).ok();
        if let Some(byte) = fault.corrupt_after.and_then(at).and_then(|at| bytes.get_mut(at)) {
            *byte ^= 0xff;
        }
        let end = fault.cut_after.map(|offset| at(offset).unwrap_or(0));
        let is_cut_short = end.is_some_and(|end| end <= bytes.len());
        bytes.truncate(end.unwrap_or(usize::MAX));
        let now = Instant::now();
        for piece in bytes.chunks(piece_size(fault, bytes.len())) {
            let pause = pause_before(fault, piece.len());
            let due =
                (self.last_due + pause).max(now + fault.latency.map_or(Duration::ZERO, |it| it.0));
            self.put(Piece { due, bytes: piece.to_vec(), sent: 0, is_last: false });
        }
        if is_cut_short {
            self.put(Piece { due: self.last_due, bytes: Vec::new(), sent: 0, is_last: true });
        }
    }

    fn put(&mut self, piece: Piece) {
        self.last_due = piece.due;
        self.waiting += piece.bytes.len();
        self.pieces.push_back(piece);
    }
}

fn piece_size(fault: BytesFault, all: usize) -> usize {
    let a_tenth = fault.per_second.map(|rate| (rate.0 as usize / 10).max(1));
    let chop = fault.chop.map(|size| size.0 as usize);
    [a_tenth, chop].into_iter().flatten().min().unwrap_or(all).max(1)
}

fn pause_before(fault: BytesFault, length: usize) -> Duration {
    let throttled =
        fault.per_second.map(|rate| Duration::from_secs_f64(length as f64 / f64::from(rate.0)));
    let apart = fault.chop.map(|_| GAP);
    throttled.or(apart).unwrap_or_default()
}

impl<L: Link> Link for FaultIo<L> {
    fn reset_on_drop(&self) {
        self.link.reset_on_drop();
    }

    fn tamper(&self, fault: BytesFault) {
        *self.orders() = Orders { fault, taken: 0 };
    }

    fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl<L: Link> FaultIo<L> {
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_cut {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        while let Some(piece) = self.pieces.front_mut() {
            if piece.due > Instant::now() {
                let due = piece.due;
                let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(due)));
                if timer.deadline() != due {
                    timer.as_mut().reset(due);
                }
                ready!(timer.as_mut().poll(context));
            }
            if piece.is_last {
                self.is_cut = true;
                self.link.reset_on_drop();
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            while piece.sent < piece.bytes.len() {
                let rest = &piece.bytes[piece.sent..];
                let sent = ready!(Pin::new(&mut self.link).poll_write(context, rest))?;
                if sent == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                piece.sent += sent;
            }
            self.waiting -= piece.bytes.len();
            self.pieces.pop_front();
        }
        Poll::Ready(Ok(()))
    }
}

impl<L: Link> AsyncRead for FaultIo<L> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Some layers above write, and do not flush again before they read.
        if let Poll::Ready(Err(error)) = self.poll_drain(context) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.link).poll_read(context, buffer)
    }
}

impl<L: Link> AsyncWrite for FaultIo<L> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let drained = self.poll_drain(context)?;
        if drained.is_pending() && self.waiting >= MOST_WAITING {
            return Poll::Pending;
        }
        let taken = bytes.len().min(MOST_WAITING);
        self.take(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.link).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(context))?;
        Pin::new(&mut self.link).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// What a reader gets of a text, and how many milliseconds after the beginning each piece comes.
    async fn seen(fault: &str, text: &str) -> Vec<(u128, String)> {
        let fault: BytesFault = serde_saphyr::from_str(fault).unwrap();
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let mut io = FaultIo::new(ours, fault);
        let text = text.to_owned();
        let began = Instant::now();
        tokio::spawn(async move {
            let _ = io.write_all(text.as_bytes()).await;
            let _ = io.flush().await;
        });
        let mut seen = Vec::new();
        let mut buffer = [0; 100];
        while let Ok(length @ 1..) = theirs.read(&mut buffer).await {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            seen.push((began.elapsed().as_millis(), text));
        }
        seen
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_come_as_they_are_told() {
        let pieces = |pieces: &[(u128, &str)]| {
            pieces.iter().map(|(at, text)| (*at, (*text).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(seen("{}", "abcd").await, pieces(&[(0, "abcd")]));
        assert_eq!(seen("{chop: 2}", "abcde").await, pieces(&[(1, "ab"), (2, "cd"), (3, "e")]));
        assert_eq!(seen("{latency: 2s}", "abcd").await, pieces(&[(2_000, "abcd")]));
        assert_eq!(
            seen("{per_second: 20}", "abcde").await,
            pieces(&[(100, "ab"), (200, "cd"), (250, "e")])
        );
        assert_eq!(
            seen("{per_second: 20, latency: 1s}", "abc").await,
            pieces(&[(1_000, "ab"), (1_050, "c")])
        );
        assert_eq!(seen("{cut_after: 3}", "abcd").await, pieces(&[(0, "abc")]));
        assert_eq!(seen("{cut_after: 0}", "abcd").await, []);
        assert_eq!(seen("{corrupt_after: 1}", "abcd").await[0].1, "a\u{FFFD}cd");
    }
}
