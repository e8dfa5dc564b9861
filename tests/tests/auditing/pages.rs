//! The simulator's book, to be spoiled.

use bayar_auditor::Book;
use bayar_sandbox::sim::book::Book as Original;
use serde_json::{Value, json};

/// Its lines.
#[derive(Debug, Clone)]
pub struct Pages(Vec<Value>);

impl Pages {
    pub fn of(book: &Original) -> Self {
        let lines = book.records().iter();
        Self(
            lines
                .map(|line| serde_json::to_value(line).unwrap())
                .collect(),
        )
    }

    /// As the auditor reads it.
    pub fn read(&self) -> Book {
        let lines: Vec<String> = self.0.iter().map(Value::to_string).collect();
        Book::of_lines(lines.iter().map(String::as_str)).unwrap()
    }

    fn each(&mut self, mut change: impl FnMut(&mut Value)) {
        for line in &mut self.0 {
            for what in line["what"].as_array_mut().unwrap() {
                change(what);
            }
        }
    }

    /// The first thing of a kind that happened to an order.
    pub fn find(&self, kind: &str, order: &str) -> Value {
        let mut all = self
            .0
            .iter()
            .flat_map(|line| line["what"].as_array().unwrap());
        let found = all.find(|what| what["kind"] == kind && what["order"] == order);
        found
            .unwrap_or_else(|| panic!("no {kind} of {order}"))
            .clone()
    }

    /// Everything of a kind never happened to an order.
    pub fn tear_out(&mut self, kind: &str, order: &str) {
        for line in &mut self.0 {
            let what = line["what"].as_array_mut().unwrap();
            what.retain(|what| what["kind"] != kind || what["order"] != order);
        }
    }

    /// Everything of a kind that happened to an order says something else.
    pub fn forge(&mut self, kind: &str, order: &str, field: &str, value: &Value) {
        let mut changed = 0;
        self.each(|what| {
            if what["kind"] == kind && what["order"] == order {
                what[field] = value.clone();
                changed += 1;
            }
        });
        assert!(changed > 0, "no {kind} of {order}");
    }

    /// Something happened at the end.
    pub fn add(&mut self, what: Value) {
        let last = self.0.last().unwrap().clone();
        let line = json!({ "n": 0, "at": last["at"], "real": last["real"], "what": [what] });
        self.0.push(line);
    }

    /// Something happened once more, a little differently.
    pub fn repeat(&mut self, kind: &str, order: &str, field: &str, value: Value) {
        let mut what = self.find(kind, order);
        what[field] = value;
        self.add(what);
    }
}
