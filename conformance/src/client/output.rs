//! What a client prints: read to the end, kept up to a limit, written without secrets.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::printed::{PrintedLine, Stream};

/// How much of each stream is kept.
const MOST: usize = 1024 * 1024;

/// What is dropped before a cut inside a line, so that no part of a secret is left at the cut.
const LONGEST_SECRET: usize = 4096;

/// How long a stream may stay open after the client and all its processes are gone.
const PATIENCE: Duration = Duration::from_secs(1);

/// One stream of a client, being read.
///
/// It is kept in memory until the session is over: only then the server knows all secrets that the client used.
#[derive(Debug)]
pub(super) struct Capture {
    kept: Arc<Mutex<Kept>>,
    reading: JoinHandle<()>,
    /// Closed when nothing more is read.
    end: watch::Receiver<()>,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    text: Vec<u8>,
    /// From which byte on the text came at which time; at most one for each millisecond.
    marks: Vec<(usize, Instant)>,
    dropped: usize,
}

/// What a stream has said last, while it is being read.
#[derive(Clone, Debug)]
pub struct Tail {
    kept: Arc<Mutex<Kept>>,
    /// Closed when the stream has ended.
    end: watch::Receiver<()>,
}

/// How much of a stream its tail is, in bytes.
const TAIL: usize = 4096;

impl Tail {
    /// Returns when the stream has ended, or a while after the client and all its processes are gone.
    pub async fn ended(&mut self) {
        let ended = async { while self.end.changed().await.is_ok() {} };
        // Whoever has inherited the stream may keep it open; then this is all there is.
        let _ = tokio::time::timeout(PATIENCE, ended).await;
    }

    /// The last lines, `most` at most.
    pub fn lines(&self, most: usize) -> Vec<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = &kept.text[kept.text.len().saturating_sub(TAIL)..];
        let tail = String::from_utf8_lossy(tail);
        let mut lines: Vec<_> = tail.lines().rev().take(most).map(str::to_owned).collect();
        lines.reverse();
        lines
    }
}

impl Capture {
    pub(super) fn tail(&self) -> Tail {
        Tail { kept: Arc::clone(&self.kept), end: self.end.clone() }
    }

    /// Reads a stream; `copy` gets the same bytes as they come.
    pub(super) fn start(
        mut stream: impl AsyncRead + Send + Unpin + 'static,
        mut copy: Option<DuplexStream>,
    ) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let sink = Arc::clone(&kept);
        let (reads, end) = watch::channel(());
        let reading = tokio::spawn(async move {
            let _reads = reads;
            let mut chunk = vec![0; 16 * 1024];
            // A stream that cannot be read any more has said all that it will.
            while let Ok(n @ 1..) = stream.read(&mut chunk).await {
                sink.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take(&chunk[..n], Instant::now());
                if let Some(to) = &mut copy
                    && to.write_all(&chunk[..n]).await.is_err()
                {
                    // Nobody reads it any more.
                    copy = None;
                }
            }
        });
        Self { kept, reading, end }
    }

    /// Writes what was read into a file, after `redact` has replaced the secrets. Returns its lines, of which each came
    /// so long after `zero`, where `pace` seconds pass in a real one.
    pub(super) async fn save(
        mut self,
        path: &Path,
        (stream, zero, pace): (Stream, Instant, u32),
        redact: &(dyn Fn(&str) -> String + Sync),
    ) -> io::Result<Vec<PrintedLine>> {
        if tokio::time::timeout(PATIENCE, &mut self.reading).await.is_err() {
            self.reading.abort();
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let times = kept.times();
        let told = kept.told(redact);
        fs::write(path, &told)?;
        // A cut adds a line, which came when the one before it did.
        let times = times.iter().chain(times.last().into_iter().cycle());
        let lines = told.lines().zip(times);
        let lines = lines.map(|(text, at)| PrintedLine::new(stream, (*at - zero) * pace, text));
        Ok(lines.collect())
    }
}

impl Kept {
    fn take(&mut self, bytes: &[u8], now: Instant) {
        let fits = bytes.len().min(MOST - self.text.len());
        let is_new = |&(_, last): &(usize, Instant)| now - last >= Duration::from_millis(1);
        if fits > 0 && self.marks.last().is_none_or(is_new) {
            self.marks.push((self.text.len(), now));
        }
        self.text.extend_from_slice(&bytes[..fits]);
        self.dropped += bytes.len() - fits;
    }

    /// When each line began to come.
    fn times(&self) -> Vec<Instant> {
        let mut marks = self.marks.iter().peekable();
        let Some(&&(_, mut time)) = marks.peek() else { return Vec::new() };
        let mut start = 0;
        let lines = self.text.split_inclusive(|&byte| byte == b'\n');
        lines
            .map(|line| {
                while let Some((_, next)) = marks.next_if(|(from, _)| *from <= start) {
                    time = *next;
                }
                start += line.len();
                time
            })
            .collect()
    }

    fn told(mut self, redact: &dyn Fn(&str) -> String) -> String {
        if self.dropped == 0 {
            return redact(&String::from_utf8_lossy(&self.text));
        }
        let line_end = self.text.iter().rposition(|&byte| byte == b'\n').map(|at| at + 1);
        let cut = line_end.unwrap_or(MOST - LONGEST_SECRET);
        self.dropped += self.text.len() - cut;
        self.text.truncate(cut);
        let mut told = redact(&String::from_utf8_lossy(&self.text));
        if !told.ends_with('\n') {
            told.push('\n');
        }
        told.push_str(&format!("[cut here: {} more bytes]\n", self.dropped));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(chunks: &[&[u8]]) -> String {
        let mut kept = Kept::default();
        let now = Instant::now();
        chunks.iter().for_each(|chunk| kept.take(chunk, now));
        kept.told(&|text| text.replace("secret", "<token>"))
    }

    #[test]
    fn secrets_are_replaced_across_chunks() {
        assert_eq!(told(&[b"my sec", b"ret\xff\n"]), "my <token>\u{fffd}\n");
    }

    #[test]
    fn a_line_has_the_time_of_its_first_byte() {
        let zero = Instant::now();
        let mut kept = Kept::default();
        for (ms, bytes) in [(5, "one\ntw"), (9, "o\n"), (9, "three\n"), (20, "four")] {
            kept.take(bytes.as_bytes(), zero + Duration::from_millis(ms));
        }
        let times: Vec<_> = kept.times().iter().map(|&time| (time - zero).as_millis()).collect();
        assert_eq!(times, [5, 5, 9, 20]);
    }

    #[test]
    fn a_flood_is_cut_at_the_end_of_a_line_and_says_so() {
        let told = told(&[&b"y\n".repeat(MOST / 2 - 1), b"secret\n", b"and more\n"]);
        assert_eq!(told.lines().last(), Some("[cut here: 16 more bytes]"));
        assert!(told.len() < MOST + 100 && !told.contains("se"));
    }

    #[test]
    fn a_cut_inside_a_line_leaves_no_part_of_a_secret() {
        let told = told(&[&vec![b'x'; MOST - 3], b"secret"]);
        assert!(told.starts_with("xxx") && !told.contains("sec"));
        assert!(told.ends_with("x\n[cut here: 4099 more bytes]\n"));
    }
}
