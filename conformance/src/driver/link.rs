//! A link to an adapter: requests out, replies matched by their id, and everything that crosses it told in order.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::lines::{Cut, Lines};
use super::read::{Line, Read, id_span, read};
use super::{ErrorReply, Fault, Op, Refusal, Reply, Request, Said, Violation};

/// How many lines of an adapter are looked at. The busiest session needs a few thousand.
pub const MOST_LINES: usize = 100_000;

/// How many bytes of an adapter are looked at. Read as JSON they may take twenty times as many.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;

/// A link over any two streams. When dropped, nothing is read any more.
///
/// ```text
/// let link = Link::start(stdout, stdin, |record| println!("{record:?}"));
/// let hello = Op::Hello { protocol: PROTOCOL, run: "r1".to_owned(), deadline_ms: 5000 };
/// let answer = link.ask(hello, Duration::from_secs(5)).await?;
/// ```
pub struct Link {
    shared: Arc<Shared>,
    to: tokio::sync::Mutex<Option<Writer>>,
    next_id: AtomicU64,
    reading: JoinHandle<()>,
}

/// What an adapter made of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// It was done.
    Ok(Reply),
    /// It was tried, and failed.
    Error(ErrorReply),
    /// It cannot be done with this client.
    Unsupported(Refusal),
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Nothing came in time; what comes later is told, and answers nothing.
    #[error("no answer in time")]
    Late,
    /// The adapter's output has ended, or its input is closed.
    #[error("the adapter is gone")]
    Gone,
}

/// Something that crossed the link.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// When.
    pub at: Instant,
    /// What.
    pub what: Heard,
}

/// What crossed the link.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The kit asked; told before the request is written, so that no reply is told before it.
    Asked(Request),
    /// A line of the protocol.
    Said {
        /// The line.
        line: AdapterLine,
        /// What it says.
        read: Read,
    },
    /// A line that should belong to the protocol.
    Broken {
        /// The line.
        line: AdapterLine,
        /// What is wrong with it.
        violation: Violation,
    },
    /// A line of log output.
    Log(AdapterLine),
    /// The adapter has said more than anybody looks at; the rest is read and forgotten.
    Flood,
    /// The adapter's output has ended.
    End,
}

/// A line of an adapter, without its line feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterLine {
    /// Counted from 1, log output included.
    pub number: usize,
    /// The line; one that is longer than [`MOST`](super::MOST) is cut there.
    pub bytes: Vec<u8>,
}

type Writer = Box<dyn AsyncWrite + Send + Unpin>;
type Answered = (oneshot::Sender<Answer>, Answer);
type Tell = Box<dyn FnMut(Record) + Send>;

struct Shared {
    inside: Mutex<Inside>,
}

struct Inside {
    /// Requests without a reply; the value is absent where nobody waits any more.
    asked: HashMap<u64, Option<oneshot::Sender<Answer>>>,
    gone: bool,
    tell: Tell,
}

impl Link {
    /// Starts reading. `tell` gets everything that crosses the link, in order; it must not block.
    pub fn start(
        from: impl AsyncRead + Send + Unpin + 'static,
        to: impl AsyncWrite + Send + Unpin + 'static,
        tell: impl FnMut(Record) + Send + 'static,
    ) -> Self {
        let inside = Inside { asked: HashMap::new(), gone: false, tell: Box::new(tell) };
        let shared = Arc::new(Shared { inside: Mutex::new(inside) });
        let reading = tokio::spawn(listen(Lines::new(from), Arc::clone(&shared)));
        let to: Writer = Box::new(to);
        let to = tokio::sync::Mutex::new(Some(to));
        Self { shared, to, next_id: AtomicU64::new(1), reading }
    }

    /// Asks, and waits for the reply that repeats the request's id. Several requests may wait at once.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`], in time at the latest.
    pub async fn ask(&self, op: Op, within: Duration) -> Result<Answer, NoAnswer> {
        let deadline = Instant::now() + within;
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let mut waiting = Waiting { shared: &self.shared, id };
        let answered = timeout_at(deadline, async {
            let answer = self.send(Request { op, id }).await?;
            answer.await.map_err(|_| NoAnswer::Gone)
        });
        let answer = answered.await.unwrap_or(Err(NoAnswer::Late));
        waiting.give_up();
        answer
    }

    /// Closes the adapter's input, which is how it learns that nothing more is asked.
    pub async fn close(&self) {
        if let Some(mut to) = self.to.lock().await.take() {
            // Whoever does not read any more need not be told.
            let _ = to.shutdown().await;
        }
    }

    /// Whether the adapter's output has ended.
    pub fn is_gone(&self) -> bool {
        self.shared.lock().gone
    }

    async fn send(&self, request: Request) -> Result<oneshot::Receiver<Answer>, NoAnswer> {
        let line = request.line().map_err(|_| NoAnswer::Gone)?;
        // Taken out while it is written to: of a line that is given up halfway nobody could read the next.
        let mut slot = self.to.lock().await;
        let mut to = slot.take().ok_or(NoAnswer::Gone)?;
        let answer = self.shared.expect(request)?;
        to.write_all(line.as_bytes()).await.map_err(|_| NoAnswer::Gone)?;
        to.flush().await.map_err(|_| NoAnswer::Gone)?;
        *slot = Some(to);
        Ok(answer)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// A request whose asker may go away at any await.
struct Waiting<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Waiting<'_> {
    fn give_up(&mut self) {
        if let Some(waiting) = self.shared.lock().asked.get_mut(&self.id) {
            *waiting = None;
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect(&self, request: Request) -> Result<oneshot::Receiver<Answer>, NoAnswer> {
        let mut inside = self.lock();
        if inside.gone {
            return Err(NoAnswer::Gone);
        }
        let (sender, answer) = oneshot::channel();
        inside.asked.insert(request.id, Some(sender));
        inside.tell(Heard::Asked(request));
        Ok(answer)
    }
}

impl Inside {
    fn tell(&mut self, what: Heard) {
        (self.tell)(Record { at: Instant::now(), what });
    }

    /// Nobody will be answered any more.
    fn leave(&mut self) {
        self.gone = true;
        self.asked.clear();
    }

    fn hear(&mut self, line: AdapterLine, cut: Cut) {
        match read(&line.bytes) {
            Line::Log => self.tell(Heard::Log(line)),
            Line::Violation(mut violation) => {
                if let Cut::At { whole } = cut {
                    violation.message = format!("the line is {whole} bytes long");
                }
                self.tell(Heard::Broken { line, violation });
            }
            Line::Said(read) => match self.answer(&read.said) {
                Ok(answered) => {
                    self.tell(Heard::Said { line, read });
                    if let Some((waiting, answer)) = answered {
                        // Whoever asked may have gone meanwhile.
                        let _ = waiting.send(answer);
                    }
                }
                Err(id) => {
                    let violation = unasked(id, id_span(&line.bytes));
                    self.tell(Heard::Broken { line, violation });
                }
            },
        }
    }

    /// Whom a line answers, if somebody waits for it; an error with the id of a reply to nothing.
    fn answer(&mut self, said: &Said) -> Result<Option<Answered>, u64> {
        let (id, answer) = match said {
            Said::Ok(reply) => (reply.id, Answer::Ok(reply.clone())),
            Said::Error(reply) => (reply.id, Answer::Error(reply.clone())),
            Said::Unsupported(refusal) => (refusal.id, Answer::Unsupported(refusal.clone())),
            Said::Event(_) => return Ok(None),
        };
        let waiting = self.asked.remove(&id).ok_or(id)?;
        Ok(waiting.map(|waiting| (waiting, answer)))
    }
}

fn unasked(id: u64, span: Range<usize>) -> Violation {
    Violation {
        fault: Fault::WrongId,
        message: format!("no request with the id {id} waits for a reply"),
        help: "reply once to each request, with its own id".to_owned(),
        span,
    }
}

async fn listen(mut lines: Lines<impl AsyncRead + Unpin>, shared: Arc<Shared>) {
    let (mut number, mut bytes) = (0, 0);
    let mut flooded = false;
    while let Some((line, cut)) = lines.next().await {
        number += 1;
        bytes += line.len();
        let mut inside = shared.lock();
        if number <= MOST_LINES && bytes <= MOST_BYTES {
            inside.hear(AdapterLine { number, bytes: line }, cut);
        } else if !flooded {
            flooded = true;
            inside.tell(Heard::Flood);
            inside.leave();
        }
    }
    let mut inside = shared.lock();
    inside.tell(Heard::End);
    inside.leave();
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("next_id", &self.next_id).finish_non_exhaustive()
    }
}

mod odd;

#[cfg(test)]
mod tests;
