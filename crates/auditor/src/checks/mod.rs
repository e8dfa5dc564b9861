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
pub(crate) mod upkeep;

use std::collections::{BTreeMap, BTreeSet};

use self::calls::Asked;
use crate::book::{Book, BookCapture, Captures};
use crate::clients::ClientLog;
use crate::file::{OrderFile, files};
use crate::finding::{Check, Finding, Findings};
use crate::ledger::{JobRow, Ledger, PaymentRow};
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
    /// By the order they are about; those that are about none come under nothing.
    jobs_of: BTreeMap<Option<i64>, Vec<&'a JobRow>>,
    payments: BTreeMap<i64, &'a PaymentRow>,
    refunds: BTreeSet<i64>,
    /// Where each file is: by the number and by the id of its order.
    by_number: BTreeMap<&'a str, usize>,
    by_id: BTreeMap<i64, usize>,
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
        let by_id = files.iter().map(|file| file.order.id).zip(0..).collect();
        let payments: BTreeMap<_, _> = ledger.payments.iter().map(|row| (row.id, row)).collect();
        let attempts: BTreeMap<_, _> = ledger.attempts.iter().map(|row| (row.id, row)).collect();
        let refunds: BTreeMap<_, _> = ledger.refunds.iter().map(|row| (row.id, row)).collect();
        let order_of = |job: &JobRow| {
            let id = job.subject_id;
            match job.kind.as_str() {
                "expire_payment" | "watch_review" => payments.get(&id).map(|row| row.order_id),
                "carry_refund" => refunds.get(&id).map(|row| row.order_id),
                _ => attempts.get(&id).map(|row| row.order_id),
            }
        };
        let mut open_jobs = BTreeMap::new();
        let mut jobs_of: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for job in ledger.jobs.iter().filter(|job| job.done_at.is_none()) {
            open_jobs.insert((job.kind.as_str(), job.subject_id), job);
            jobs_of.entry(order_of(job)).or_default().push(job);
        }
        Self {
            ledger,
            book,
            clients,
            options,
            by_number,
            by_id,
            payments,
            refunds: refunds.into_keys().collect(),
            asked: Asked::of(book),
            open_jobs,
            jobs_of,
            money: book.captures(),
            files,
        }
    }

    pub fn file_of(&self, number: &str) -> Option<&OrderFile<'a>> {
        self.files.get(*self.by_number.get(number)?)
    }

    pub fn file_of_id(&self, order: i64) -> Option<&OrderFile<'a>> {
        self.files.get(*self.by_id.get(&order)?)
    }

    pub fn file_of_payment(&self, payment: i64) -> Option<&OrderFile<'a>> {
        self.file_of_id(self.payments.get(&payment)?.order_id)
    }

    /// What the gateways took for an order.
    pub fn taken_for(&self, number: &str) -> impl Iterator<Item = &BookCapture> {
        self.money.of_order(number)
    }

    /// The open jobs about an order.
    fn jobs_of(&self, order: Option<i64>) -> impl Iterator<Item = &'a JobRow> {
        let jobs = self.jobs_of.get(&order).into_iter().flatten();
        jobs.copied()
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
    upkeep::check(case, &mut found);
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
