//! Documents that were read and judged before: whoever sends the same again shares the work.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use serde_json::{Map, Value};

use super::api::Ready;
use super::document::{ParsedDocument, Unreadable};

/// How many bytes of documents are kept, and as many again with their variables. A document takes up to a hundred
/// times its length once it is read.
const MOST_BYTES: usize = 256 << 10;

/// The longest document that is kept.
const LONGEST: usize = 16 << 10;

/// What one API has read and judged.
#[derive(Debug, Default)]
pub(super) struct Documents {
    parsed: Kept<ParsedDocument>,
    ready: Kept<Ready>,
    n_parsed: AtomicU64,
    n_validated: AtomicU64,
}

/// How much work an [`Api`](super::Api) has had so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// How many documents were parsed.
    pub parsed: u64,
    /// How many documents were validated, with the values of their variables.
    pub validated: u64,
}

impl Documents {
    pub(super) fn work(&self) -> Work {
        Work { parsed: self.n_parsed.load(Relaxed), validated: self.n_validated.load(Relaxed) }
    }

    /// Reads a document. One that cannot be read is not kept.
    pub(super) fn parse(&self, query: &str) -> Result<Arc<ParsedDocument>, Unreadable> {
        if let Some(document) = self.parsed.get(query) {
            return Ok(document);
        }
        self.n_parsed.fetch_add(1, Relaxed);
        let document = Arc::new(ParsedDocument::parse(query)?);
        self.parsed.keep(query.to_owned(), &document);
        Ok(document)
    }

    /// Judges a document with the given values, of which only those count that it asks for. One that is refused is
    /// not kept.
    pub(super) fn judge<E>(
        &self,
        query: &str,
        document: &ParsedDocument,
        given: &Map<String, Value>,
        judge: impl FnOnce() -> Result<Ready, E>,
    ) -> Result<Arc<Ready>, E> {
        let key = key(query, document, given);
        if let Some(ready) = self.ready.get(&key) {
            return Ok(ready);
        }
        self.n_validated.fetch_add(1, Relaxed);
        let ready = Arc::new(judge()?);
        self.ready.keep(key, &ready);
        Ok(ready)
    }
}

/// The document, and behind it what it is given: texts of JSON cannot be mistaken for a part of it.
fn key(query: &str, document: &ParsedDocument, given: &Map<String, Value>) -> String {
    let operations = document.operations.iter().flat_map(|operation| &operation.variables);
    let mut names: Vec<&str> = operations.map(|variable| variable.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut key = format!("{query}\0");
    for (name, value) in names.into_iter().filter_map(|name| given.get_key_value(name)) {
        key.push_str(&format!("{name}:{value}\0"));
    }
    key
}

/// The latest values by their text, as many as fit.
#[derive(Debug)]
struct Kept<V>(Mutex<Shelf<V>>);

#[derive(Debug)]
struct Shelf<V> {
    values: LruCache<String, Arc<V>>,
    bytes: usize,
}

impl<V> Default for Kept<V> {
    fn default() -> Self {
        Self(Mutex::new(Shelf { values: LruCache::unbounded(), bytes: 0 }))
    }
}

impl<V> Kept<V> {
    fn get(&self, text: &str) -> Option<Arc<V>> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.values.get(text).map(Arc::clone)
    }

    fn keep(&self, text: String, value: &Arc<V>) {
        if text.len() > LONGEST {
            return;
        }
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let length = text.len();
        if shelf.values.put(text, Arc::clone(value)).is_none() {
            shelf.bytes += length;
        }
        while shelf.bytes > MOST_BYTES {
            let Some((oldest, _)) = shelf.values.pop_lru() else { return };
            shelf.bytes -= oldest.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_as_far_as_they_fit() {
        let kept = Kept::default();
        let text = |n: usize| format!("{n:0>width$}", width = LONGEST);
        let most = MOST_BYTES / LONGEST;
        for n in 0..=most {
            kept.keep(text(n), &Arc::new(n));
            // Whoever is asked for again and again stays.
            kept.get(&text(0));
        }
        let found: Vec<_> = (0..=most).filter(|n| kept.get(&text(*n)).is_some()).collect();
        assert_eq!(found, [vec![0], (2..=most).collect()].concat());
        kept.keep("x".repeat(LONGEST + 1), &Arc::new(0));
        assert!(kept.get(&"x".repeat(LONGEST + 1)).is_none());
    }
}
