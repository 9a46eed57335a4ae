//! Rows of one kind, in the order of their ids.

use std::sync::Arc;

use serde::{Deserialize, Deserializer};

/// Something with an id, which counts from 1.
pub(crate) trait Row {
    fn id(&self) -> u64;
}

/// A table. A row that was handed out stays as it was, even if the table changes.
#[derive(Clone, Debug)]
pub(crate) struct Rows<R> {
    rows: Vec<Arc<R>>,
    /// Never given out twice, even if the last row goes.
    next_id: u64,
}

impl<R: Row> Rows<R> {
    pub(crate) fn find(&self, id: u64) -> Option<&Arc<R>> {
        let index = self.rows.binary_search_by_key(&id, |row| row.id()).ok()?;
        Some(&self.rows[index])
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<R>> {
        self.rows.iter()
    }

    pub(crate) const fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Adds a row whose id is [`next_id`](Self::next_id) or higher.
    pub(crate) fn push(&mut self, row: R) -> Arc<R> {
        self.next_id = row.id() + 1;
        let row = Arc::new(row);
        self.rows.push(Arc::clone(&row));
        row
    }

    pub(crate) fn remove(&mut self, id: u64) -> Option<Arc<R>> {
        let index = self.rows.binary_search_by_key(&id, |row| row.id()).ok()?;
        Some(self.rows.remove(index))
    }

    /// Changes a row; who holds the old one keeps it.
    pub(crate) fn change(&mut self, id: u64, change: impl FnOnce(&mut R)) -> Option<Arc<R>>
    where
        R: Clone,
    {
        let index = self.rows.binary_search_by_key(&id, |row| row.id()).ok()?;
        change(Arc::make_mut(&mut self.rows[index]));
        Some(Arc::clone(&self.rows[index]))
    }
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        Self { rows: Vec::new(), next_id: 1 }
    }
}

impl<'de, R: Row + Deserialize<'de>> Deserialize<'de> for Rows<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rows: Vec<_> =
            Vec::<R>::deserialize(deserializer)?.into_iter().map(Arc::new).collect();
        rows.sort_by_key(|row| row.id());
        let next_id = rows.last().map_or(1, |row| row.id() + 1);
        Ok(Self { rows, next_id })
    }
}
