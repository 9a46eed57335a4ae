//! A conversation with an adapter: what it was asked, what it said, and what was wrong with that.

use std::collections::VecDeque;
use std::future::Future;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::finding::{Code, Finding};
use super::{Examined, Outcome, Step};
use crate::driver::{AdapterLine, Answer, Event, Heard, Link, NoAnswer, Op, PREFIX, Record, Said};

/// How long a reply is waited for after a line that may have been meant to be it.
const AFTER_BROKEN: Duration = Duration::from_secs(1);

/// How long after `bye` the adapter's output is read, unless it ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How many lines of log output are kept.
const MOST_LOG: usize = 6;

/// How much of one of them, in characters.
const MOST_LOG_CHARS: usize = 300;

/// The last lines of log output between those of the protocol.
#[derive(Clone, Debug, Default)]
struct LogTail(Arc<Mutex<VecDeque<String>>>);

/// A reply, and the line in which it came.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) request: String,
    pub(super) line: AdapterLine,
    pub(super) answer: Answer,
}

/// A conversation.
pub(super) struct Talk {
    link: Link,
    heard: Arc<Heap>,
    log: LogTail,
    /// What else the adapter has printed.
    also: Box<dyn Fn() -> Vec<String> + Send>,
    deadline: Duration,
    examined: Examined,
    /// Up to which record lines have been looked at.
    looked_at: usize,
    /// How many findings there were when the step began.
    before: usize,
    /// Whether nothing more can be asked.
    over: bool,
}

/// All that crossed the link.
#[derive(Debug)]
struct Heap {
    records: Mutex<Vec<Record>>,
    length: watch::Sender<usize>,
}

impl LogTail {
    fn push(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let mut lines = self.lock();
        if lines.len() == MOST_LOG {
            lines.pop_front();
        }
        lines.push_back(line.trim_end().chars().take(MOST_LOG_CHARS).collect());
    }

    fn lines(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heap {
    fn lock(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at every record from an index on until something is found.
    async fn find<T>(&self, mut from: usize, look: impl Fn(&Heard) -> Option<T>) -> Option<T> {
        let mut length = self.length.subscribe();
        loop {
            length.borrow_and_update();
            {
                let records = self.lock();
                let found = records[from..].iter().find_map(|record| look(&record.what));
                if found.is_some() {
                    return found;
                }
                from = records.len();
                if records.last().is_some_and(|record| record.what == Heard::End) {
                    return None;
                }
            }
            if length.changed().await.is_err() {
                return None;
            }
        }
    }
}

impl Talk {
    pub(super) fn new(
        from: impl AsyncRead + Send + Unpin + 'static,
        to: impl AsyncWrite + Send + Unpin + 'static,
        deadline: Duration,
        also: Box<dyn Fn() -> Vec<String> + Send>,
    ) -> Self {
        let log = LogTail::default();
        let heard = Arc::new(Heap { records: Mutex::default(), length: watch::Sender::new(0) });
        let (sink, tail) = (Arc::clone(&heard), log.clone());
        let link = Link::start(from, to, move |record| {
            if let Heard::Log(line) = &record.what {
                tail.push(&line.bytes);
            }
            let mut records = sink.lock();
            records.push(record);
            sink.length.send_replace(records.len());
        });
        let examined = Examined::default();
        Self { link, heard, log, also, deadline, examined, looked_at: 0, before: 0, over: false }
    }

    /// Begins a step, which is right until something is found.
    pub(super) fn begin(&mut self, name: &str) {
        self.finish();
        self.examined.steps.push(Step { name: name.to_owned(), outcome: Outcome::Right });
    }

    /// A step that cannot be taken.
    pub(super) fn skip(&mut self, name: &str, why: impl Into<String>) {
        self.begin(name);
        if let Some(step) = self.examined.steps.last_mut() {
            step.outcome = Outcome::Skipped { why: why.into() };
        }
    }

    /// The end of a step, or of all.
    fn finish(&mut self) {
        self.look_at_lines();
        let findings = &self.examined.findings[self.before..];
        let is_wrong = findings.iter().any(|it| it.severity == super::Severity::Error);
        self.before = self.examined.findings.len();
        if let (true, Some(step)) = (is_wrong, self.examined.steps.last_mut()) {
            step.outcome = Outcome::Wrong;
        }
    }

    /// The lines that are wrong by themselves become findings, before what the step finds.
    fn look_at_lines(&mut self) {
        let records = self.heard.lock();
        for record in &records[self.looked_at..] {
            match &record.what {
                Heard::Broken { line, violation } => {
                    self.examined.findings.push(Finding::of_line(line, violation, false));
                }
                Heard::Said { line, read } => {
                    let doubts = read.doubts.iter();
                    let doubts = doubts.map(|doubt| Finding::of_line(line, doubt, true));
                    self.examined.findings.extend(doubts);
                }
                Heard::Flood => {
                    let finding = Finding::new(Code::Flood, "the adapter says too much");
                    self.examined.findings.push(finding.log(self.log()));
                }
                Heard::Asked(_) | Heard::Log(_) | Heard::End => {}
            }
        }
        self.looked_at = records.len();
    }

    pub(super) fn found(&mut self, finding: Finding) {
        self.look_at_lines();
        self.examined.findings.push(finding);
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    pub(super) const fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(super) fn introduce(&mut self, client: crate::driver::Client) {
        self.examined.client = Some(client);
    }

    pub(super) async fn ask(&mut self, op: Op) -> Option<Told> {
        let within = self.deadline;
        self.ask_within(op, within).await
    }

    /// Asks; `None`, with a finding, if there is no reply.
    pub(super) async fn ask_within(&mut self, op: Op, within: Duration) -> Option<Told> {
        let from = self.heard.lock().len();
        let text = serde_json::to_string(&op).unwrap_or_default();
        let answer = first(self.link.ask(op, within), self.broken(from)).await;
        self.told(from, text, answer)
    }

    /// Asks with fields that no [`Op`] has.
    pub(super) async fn ask_odd(&mut self, id: u64, fields: Map<String, Value>) -> Option<Told> {
        let from = self.heard.lock().len();
        let text = Value::Object(fields.clone()).to_string();
        let asking = self.link.ask_odd(id, fields, self.deadline);
        let answer = first(asking, self.broken(from)).await;
        self.told(from, text, answer)
    }

    /// Returns a while after a line that was wrong.
    async fn broken(&self, from: usize) {
        let is_broken = |heard: &Heard| matches!(heard, Heard::Broken { .. }).then_some(());
        match self.heard.find(from, is_broken).await {
            Some(()) => sleep(AFTER_BROKEN).await,
            None => std::future::pending().await,
        }
    }

    fn told(
        &mut self,
        from: usize,
        request: String,
        answer: Option<Result<Answer, NoAnswer>>,
    ) -> Option<Told> {
        let number = self.examined.findings.len();
        self.look_at_lines();
        let explained = self.examined.findings[number..].iter().any(is_error);
        let finding = match answer {
            Some(Ok(answer)) => {
                let line = self.line_of(from, id(&answer))?;
                return Some(Told { request, line, answer });
            }
            Some(Err(NoAnswer::Gone)) => {
                self.over = true;
                let what = "the adapter's output ended, and this was not answered";
                let help = "read requests until bye, or until standard input ends; the log may say \
                            why it ended";
                let finding = Finding::new(Code::Gone, what).help(help).asked(&request);
                // What it has printed elsewhere may still come.
                self.found(finding.log(self.log.lines()));
                return None;
            }
            // What was said in place of the reply is a finding already.
            None | Some(Err(NoAnswer::Late)) if explained => return None,
            None | Some(Err(NoAnswer::Late)) => {
                let seconds = self.deadline.as_secs_f64();
                let what = format!("no reply to this request in {seconds} s");
                let help = "write the reply as one line, with the prefix \"@gck \", and flush it; \
                            answer an op that is not there with unsupported";
                Finding::new(Code::Unanswered, what).help(help)
            }
        };
        self.found(finding.asked(&request).log(self.log()));
        None
    }

    fn line_of(&self, from: usize, id: u64) -> Option<AdapterLine> {
        let records = self.heard.lock();
        records[from..].iter().find_map(|record| match &record.what {
            Heard::Said { line, read } if said_id(&read.said) == Some(id) => Some(line.clone()),
            _ => None,
        })
    }

    /// How many records there are, to look for events from here on.
    pub(super) fn mark(&self) -> usize {
        self.heard.lock().len()
    }

    /// Waits for an event, with the line in which it comes.
    pub(super) async fn event<T>(
        &self,
        from: usize,
        look: impl Fn(&Event) -> Option<T>,
    ) -> Option<(AdapterLine, T)> {
        let look = |heard: &Heard| event(heard, &look);
        timeout(self.deadline, self.heard.find(from, look)).await.ok().flatten()
    }

    /// The events that have come.
    pub(super) fn events<T>(
        &self,
        from: usize,
        look: impl Fn(&Event) -> Option<T>,
    ) -> Vec<(AdapterLine, T)> {
        let records = self.heard.lock();
        records[from..].iter().filter_map(|record| event(&record.what, &look)).collect()
    }

    /// The last lines of log output, from wherever they come.
    pub(super) fn log(&self) -> Vec<String> {
        [self.log.lines(), (self.also)()].concat()
    }

    /// Closes the adapter's input, and returns what was found once its output has ended, or might have.
    pub(super) async fn end(mut self) -> Examined {
        self.link.close().await;
        let is_end = |heard: &Heard| (*heard == Heard::End).then_some(());
        // Whether it has ended is seen by whoever watches the process.
        let _ = timeout(LAST_LINES, self.heard.find(0, is_end)).await;
        self.finish();
        self.examined
    }
}

fn event<T>(heard: &Heard, look: &impl Fn(&Event) -> Option<T>) -> Option<(AdapterLine, T)> {
    match heard {
        Heard::Said { line, read } => match &read.said {
            Said::Event(event) => look(event).map(|found| (line.clone(), found)),
            _ => None,
        },
        _ => None,
    }
}

/// What comes first, or `None` if that is the second.
async fn first<T>(one: impl Future<Output = T>, other: impl Future<Output = ()>) -> Option<T> {
    tokio::select! {
        biased;
        value = one => Some(value),
        () = other => None,
    }
}

fn is_error(finding: &Finding) -> bool {
    finding.severity == super::Severity::Error
}

const fn id(answer: &Answer) -> u64 {
    match answer {
        Answer::Ok(reply) => reply.id,
        Answer::Error(reply) => reply.id,
        Answer::Unsupported(refusal) => refusal.id,
    }
}

const fn said_id(said: &Said) -> Option<u64> {
    match said {
        Said::Ok(reply) => Some(reply.id),
        Said::Error(reply) => Some(reply.id),
        Said::Unsupported(refusal) => Some(refusal.id),
        Said::Event(_) => None,
    }
}

/// Where a value of a line stands, by the names that lead to it; the innermost that is there.
pub(super) fn span(line: &AdapterLine, path: &[&str]) -> Range<usize> {
    let Ok(text) = std::str::from_utf8(&line.bytes) else { return 0..0 };
    let Some(json) = text.strip_prefix(PREFIX) else { return 0..0 };
    let Ok(mut value) = serde_json::from_str::<&RawValue>(json.trim_end()) else { return 0..0 };
    for name in path {
        let fields: std::collections::HashMap<String, &RawValue> =
            serde_json::from_str(value.get()).unwrap_or_default();
        match fields.get(*name) {
            Some(inner) => value = inner,
            None => break,
        }
    }
    let start = value.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + value.get().len()
}
