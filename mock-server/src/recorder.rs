//! Writes the transcript while the session runs, and counts what a timeline may wait for.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glimesh_proto::Instant;
use tokio::sync::watch;

use crate::redact::Redactor;
use crate::scenario::Awaited;
use crate::transcript::{Entry, From, Header, MAX_DATA, Transcript, What};

/// How many entries of connections a session keeps; what comes later is not recorded, and its sender closed.
///
/// No setting: it bounds what stays in memory to be judged, so that all sessions end alike. Where nothing stays there,
/// as in `glimesh-mock serve --record`, the file has no such end.
pub const MAX_ENTRIES: usize = 200_000;

/// How many bytes of messages a session keeps; see [`MAX_ENTRIES`].
pub const MAX_BYTES: usize = 64 << 20;

/// One session's record. Everything that is written is redacted first.
#[derive(Debug)]
pub(crate) struct Recorder {
    started: tokio::time::Instant,
    /// How many seconds pass here while a real one does.
    pace: u32,
    header: Header,
    /// Whether anybody wants the entries, in memory or in a file. Otherwise there is no need to make them.
    records: bool,
    inner: Mutex<Inner>,
    /// How many entries there are.
    length: watch::Sender<usize>,
    counts: watch::Sender<Counts>,
}

#[derive(Debug)]
struct Inner {
    redactor: Redactor,
    /// Whether entries stay in memory; a server for people runs for days.
    keep: bool,
    entries: Vec<Entry>,
    bytes: usize,
    file: Option<BufWriter<File>>,
}

/// How often each thing was done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts([u32; Awaited::COUNT]);

impl Counts {
    pub(crate) const fn of(self, what: Awaited) -> u32 {
        self.0[what as usize]
    }

    pub(crate) const fn add(&mut self, what: Awaited, count: u32) {
        self.0[what as usize] = self.0[what as usize].saturating_add(count);
    }
}

/// Where a transcript goes.
#[derive(Debug)]
pub(crate) struct Sinks<'a> {
    pub(crate) keep: bool,
    pub(crate) file: Option<&'a Path>,
}

impl Recorder {
    /// Begins the session: its time runs from here.
    pub(crate) fn start(header: Header, redactor: Redactor, sinks: &Sinks<'_>) -> io::Result<Self> {
        let mut file = sinks.file.map(File::create).transpose()?.map(BufWriter::new);
        if let Some(file) = &mut file {
            serde_json::to_writer(&mut *file, &header)?;
            file.write_all(b"\n")?;
            file.flush()?;
        }
        let records = sinks.keep || file.is_some();
        let inner = Inner { redactor, keep: sinks.keep, entries: Vec::new(), bytes: 0, file };
        Ok(Self {
            started: tokio::time::Instant::now(),
            pace: header.clock.pace(),
            header,
            records,
            inner: Mutex::new(inner),
            length: watch::Sender::new(0),
            counts: watch::Sender::new(Counts::default()),
        })
    }

    pub(crate) const fn header(&self) -> &Header {
        &self.header
    }

    pub(crate) fn now(&self) -> Instant {
        self.at(tokio::time::Instant::now())
    }

    pub(crate) fn at(&self, time: tokio::time::Instant) -> Instant {
        Instant::from(time.saturating_duration_since(self.started) * self.pace)
    }

    pub(crate) fn time_of(&self, at: Instant) -> tokio::time::Instant {
        // A far-off deadline must not overflow the clock.
        const FAR: Duration = Duration::from_secs(30 * 24 * 60 * 60);
        self.started + at.since_start().min(FAR) / self.pace
    }

    /// Whether what is told here goes anywhere; if not, all of this costs nothing.
    pub(crate) const fn records(&self) -> bool {
        self.records
    }

    /// Whether entries stay in memory.
    pub(crate) fn keeps(&self) -> bool {
        self.lock().keep
    }

    /// Writes an entry whose texts are clean.
    pub(crate) fn append(&self, conn: Option<u32>, what: What) {
        if !self.records {
            return;
        }
        self.lock().push(Entry { at: self.now(), conn, what }, &self.length);
    }

    pub(crate) fn text(&self, conn: u32, at: Instant, from: From, text: &str) {
        self.text_of(conn, at, from, text, text.len());
    }

    /// A text of which only the beginning may be there; `len` is the whole one's, in bytes.
    pub(crate) fn text_of(&self, conn: u32, at: Instant, from: From, text: &str, len: usize) {
        if !self.records {
            return;
        }
        let mut inner = self.lock();
        let data = inner.redactor.message(text);
        let what = What::Text { from, data, len };
        inner.push(Entry { at, conn: Some(conn), what }, &self.length);
    }

    pub(crate) fn binary(&self, conn: u32, at: Instant, from: From, bytes: &[u8]) {
        self.binary_of(conn, at, from, bytes, bytes.len());
    }

    /// As [`text_of`](Self::text_of).
    pub(crate) fn binary_of(&self, conn: u32, at: Instant, from: From, bytes: &[u8], len: usize) {
        if !self.records {
            return;
        }
        let mut inner = self.lock();
        let mut clean = inner.redactor.bytes(bytes);
        clean.truncate(MAX_DATA / 2);
        let what = What::Binary { from, hex: hex::encode(clean), len };
        inner.push(Entry { at, conn: Some(conn), what }, &self.length);
    }

    pub(crate) fn close(&self, conn: u32, from: From, code: Option<u16>, reason: &str) {
        if !self.records {
            return;
        }
        let mut inner = self.lock();
        let reason = inner.redactor.text(reason);
        let what = What::Close { from, code, reason };
        inner.push(Entry { at: self.now(), conn: Some(conn), what }, &self.length);
    }

    /// Says why something was done, in the transcript and in the log.
    pub(crate) fn note(&self, conn: Option<u32>, code: &str, text: &str) {
        let mut inner = self.lock();
        let text = inner.redactor.text(text);
        tracing::info!(conn, code, "{text}");
        let what = What::Note { code: code.to_owned(), text };
        inner.push(Entry { at: self.now(), conn, what }, &self.length);
    }

    pub(crate) fn mark(&self, name: impl Into<String>) {
        let name = name.into();
        tracing::debug!("the timeline reached {name}");
        self.append(None, What::Mark { name });
    }

    /// Lets the redactor work on a request.
    pub(crate) fn redact<T>(&self, work: impl FnOnce(&mut Redactor) -> T) -> T {
        work(&mut self.lock().redactor)
    }

    /// A control frame's payload in hexadecimal, without secrets; nothing if nothing is recorded.
    pub(crate) fn payload(&self, bytes: &[u8]) -> String {
        if !self.records || bytes.is_empty() {
            return String::new();
        }
        self.redact(|redactor| hex::encode(redactor.bytes(bytes)))
    }

    /// Says that a client did something that a timeline may wait for.
    pub(crate) fn happened(&self, what: Awaited) {
        self.counts.send_modify(|counts| counts.add(what, 1));
    }

    pub(crate) fn counts(&self) -> watch::Receiver<Counts> {
        self.counts.subscribe()
    }

    pub(crate) fn length(&self) -> watch::Receiver<usize> {
        self.length.subscribe()
    }

    /// Whether the session holds all it may hold.
    pub(crate) fn is_full(&self) -> bool {
        self.records && self.lock().is_full()
    }

    pub(crate) fn entries_from(&self, index: usize) -> Vec<Entry> {
        self.lock().entries.get(index..).unwrap_or_default().to_vec()
    }

    pub(crate) fn transcript(&self) -> Transcript {
        Transcript { header: self.header.clone(), entries: self.entries_from(0) }
    }

    /// A panic elsewhere must not take the evidence with it.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn is_full(&self) -> bool {
        self.entries.len() >= MAX_ENTRIES || self.bytes >= MAX_BYTES
    }

    fn push(&mut self, mut entry: Entry, length: &watch::Sender<usize>) {
        // Notes, marks and processes are few and say how the session ended: they have room beyond the limit.
        let of_the_wire = entry.conn.is_some() && !matches!(entry.what, What::Note { .. });
        if of_the_wire && self.is_full() || self.entries.len() >= MAX_ENTRIES * 2 {
            return;
        }
        // Several tasks write; what was read a moment earlier may come a moment later. Time never goes back.
        // Whole milliseconds, as the file has them, so that both give the same findings.
        entry.at = Instant::from_millis(entry.at.as_millis());
        if let Some(last) = self.entries.last() {
            entry.at = entry.at.max(last.at);
        }
        self.write(&entry);
        if self.keep {
            self.bytes += data_len(&entry.what);
            self.entries.push(entry);
            length.send_replace(self.entries.len());
        }
    }

    fn write(&mut self, entry: &Entry) {
        let Some(file) = &mut self.file else { return };
        let written = serde_json::to_writer(&mut *file, entry)
            .map_err(io::Error::from)
            .and_then(|()| file.write_all(b"\n"))
            .and_then(|()| file.flush());
        if let Err(error) = written {
            tracing::error!("cannot write the transcript any more: {error}");
            self.file = None;
        }
    }
}

const fn data_len(what: &What) -> usize {
    match what {
        What::Text { data, .. } => data.len(),
        What::Binary { hex, .. } => hex.len(),
        _ => 0,
    }
}
