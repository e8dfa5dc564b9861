//! Objects by their id, in the order they were made.

use std::collections::BTreeMap;

/// Objects by their id, in the order they were made.
#[derive(Debug)]
pub struct Table<T> {
    by_id: BTreeMap<String, T>,
    in_order: Vec<String>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            by_id: BTreeMap::new(),
            in_order: Vec::new(),
        }
    }
}

impl<T> Table<T> {
    /// Adds an object, or replaces it where it stands.
    pub fn put(&mut self, id: &str, object: T) {
        if self.by_id.insert(id.to_owned(), object).is_none() {
            self.in_order.push(id.to_owned());
        }
    }

    pub fn get(&self, id: &str) -> Option<&T> {
        self.by_id.get(id)
    }

    pub fn len(&self) -> usize {
        self.in_order.len()
    }

    /// The newest first.
    pub fn newest(&self) -> impl Iterator<Item = &T> {
        self.in_order
            .iter()
            .rev()
            .filter_map(|id| self.by_id.get(id))
    }

    /// The oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.in_order.iter().filter_map(|id| self.by_id.get(id))
    }
}
