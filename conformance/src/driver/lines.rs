//! Lines out of a stream, each of bounded length.

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use super::MOST;

/// Reads lines; of a longer one than [`MOST`] only the beginning is kept.
#[derive(Debug)]
pub(super) struct Lines<R> {
    from: BufReader<R>,
    /// What has come of the next line; kept here so that a reader may be cancelled.
    begun: Vec<u8>,
    whole: usize,
}

/// Whether a line was kept whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It was.
    Not,
    /// It has so many bytes, its line feed included, of which the first [`MOST`] are kept.
    At { whole: usize },
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from: BufReader::new(from), begun: Vec::new(), whole: 0 }
    }

    /// The next line without its line feed; the last one may have none. `None` at the end, and if reading fails.
    pub(super) async fn next(&mut self) -> Option<(Vec<u8>, Cut)> {
        loop {
            let chunk = self.from.fill_buf().await.unwrap_or_default();
            if chunk.is_empty() {
                return (self.whole > 0).then(|| self.taken());
            }
            let end = chunk.iter().position(|&byte| byte == b'\n');
            let text = &chunk[..end.unwrap_or(chunk.len())];
            let fits = text.len().min(MOST - self.begun.len());
            self.begun.extend_from_slice(&text[..fits]);
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.whole += used;
            self.from.consume(used);
            if end.is_some() {
                return Some(self.taken());
            }
        }
    }

    fn taken(&mut self) -> (Vec<u8>, Cut) {
        let whole = std::mem::take(&mut self.whole);
        let line = std::mem::take(&mut self.begun);
        let cut = if line.len() == MOST { Cut::At { whole } } else { Cut::Not };
        (line, cut)
    }
}
