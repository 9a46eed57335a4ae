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

    /// Forgets the oldest rows, now and then, so that never more than twice as many are there.
    pub(crate) fn forget_all_but(&mut self, most: usize) {
        if self.rows.len() >= most.saturating_mul(2) {
            self.rows.drain(..self.rows.len() - most);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    impl Row for u64 {
        fn id(&self) -> u64 {
            *self
        }
    }

    #[test]
    fn oldest_rows_are_forgotten_and_ids_count_on() {
        let mut rows = Rows::default();
        for _ in 0..7 {
            rows.push(rows.next_id());
            rows.forget_all_but(3);
        }
        assert_eq!(rows.iter().map(|row| **row).collect::<Vec<_>>(), [4, 5, 6, 7]);
        assert_eq!((rows.find(3), rows.next_id()), (None, 8));
    }
}
