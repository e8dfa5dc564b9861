//! The rules. Each file holds one kind of them; what they say stands in [`crate::Check`].

mod calls;
mod captures;
mod history;
mod keys;
mod outbox;
mod papers;
mod refunds;
mod returns;
mod sessions;
mod sources;
mod states;
mod strays;
mod stuck;
mod sums;

use std::collections::BTreeMap;

use self::calls::Asked;
use crate::book::{Book, BookCapture, Captures};
use crate::clients::ClientLog;
use crate::file::{OrderFile, files};
use crate::finding::{Check, Finding, Findings};
use crate::ledger::{JobRow, Ledger};
use crate::options::Options;

/// Everything that is compared.
pub(crate) struct Case<'a> {
    pub ledger: &'a Ledger,
    pub book: &'a Book,
    pub clients: Option<&'a ClientLog>,
    pub options: &'a Options,
    pub files: Vec<OrderFile<'a>>,
    pub money: Captures,
    asked: Asked<'a>,
    /// By kind and subject.
    open_jobs: BTreeMap<(&'a str, i64), &'a JobRow>,
    by_number: BTreeMap<&'a str, usize>,
}

impl<'a> Case<'a> {
    pub fn new(
        ledger: &'a Ledger,
        book: &'a Book,
        clients: Option<&'a ClientLog>,
        options: &'a Options,
    ) -> Self {
        let files = files(ledger);
        let numbers = files.iter().map(OrderFile::number);
        let by_number = numbers.zip(0..).collect();
        let open = ledger.jobs.iter().filter(|job| job.done_at.is_none());
        let open_jobs = open.map(|job| ((job.kind.as_str(), job.subject_id), job));
        Self {
            ledger,
            book,
            clients,
            options,
            by_number,
            asked: Asked::of(book),
            open_jobs: open_jobs.collect(),
            money: book.captures(),
            files,
        }
    }

    pub fn file_of(&self, number: &str) -> Option<&OrderFile<'a>> {
        self.files.get(*self.by_number.get(number)?)
    }

    /// What the gateways took for an order.
    pub fn taken_for(&self, number: &str) -> impl Iterator<Item = &BookCapture> {
        let all = self.money.all.values();
        all.filter(move |capture| capture.order == number)
    }

    pub fn taken(&self, gateway: &str, capture: &str) -> Option<&BookCapture> {
        self.money
            .all
            .get(&(gateway.to_owned(), capture.to_owned()))
    }
}

/// Checks everything.
pub(crate) fn all(case: &Case<'_>) -> Vec<Finding> {
    let mut found = Findings::default();
    for file in &case.files {
        captures::check(case, file, &mut found);
        refunds::check(case, file, &mut found);
        calls::check(case, file, &mut found);
        states::check(file, &mut found);
        sums::check(file, &mut found);
        history::check(file, &mut found);
        papers::check(file, &mut found);
        keys::check(file, &mut found);
        sources::check(file, &mut found);
        stuck::check(case, file, &mut found);
        returns::check(case, file, &mut found);
    }
    returns::check_accounts(case, &mut found);
    outbox::check(case, &mut found);
    sessions::check(case, &mut found);
    strays::check(case, &mut found);
    keys::check_answers(case, &mut found);
    found.sorted()
}

/// What a check of one order writes to.
struct Desk<'a> {
    found: &'a mut Findings,
    order: &'a str,
}

impl<'a> Desk<'a> {
    fn of(file: &OrderFile<'a>, found: &'a mut Findings) -> Self {
        Self {
            order: file.number(),
            found,
        }
    }

    fn add(&mut self, check: Check, what: impl Into<String>) {
        self.found.add(check, Some(self.order), what);
    }
}
