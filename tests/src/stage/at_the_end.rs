//! The auditor has the last word.

use bayar_auditor::{Book, Database, Ledger, Options, audit};
use bayar_sandbox::sim::Handle;
use chrono::{DateTime, TimeDelta, Utc};

/// So long after the last that happened at a gateway, all of it is known.
const AFTERWARDS: TimeDelta = TimeDelta::seconds(5);

/// Has the auditor look at everything when a case is over.
/// Whatever happened at the gateways must be known by then, unless the case says otherwise.
/// It is dropped while the tables and the gateways are still there.
pub struct AtTheEnd {
    database: Database,
    gateways: Handle,
    forgotten: Option<(DateTime<Utc>, DateTime<Utc>)>,
    is_settled: bool,
}

impl AtTheEnd {
    /// Looks at these tables and at the book of these gateways.
    #[must_use]
    pub const fn new(database: Database, gateways: Handle) -> Self {
        Self {
            database,
            gateways,
            forgotten: None,
            is_settled: true,
        }
    }

    /// The case ends while the gateways know what we do not: news may still come.
    pub const fn news_may_come(&mut self) {
        self.is_settled = false;
    }

    /// The tables remember less than the gateways of what they were asked between these times.
    pub const fn forgotten(&mut self, from: DateTime<Utc>, to: DateTime<Utc>) {
        self.forgotten = Some((from, to));
    }
}

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let (database, gateways) = (self.database.clone(), self.gateways.clone());
        let (forgotten, is_settled) = (self.forgotten, self.is_settled);
        // A thread of its own: the test stands in a runtime, which cannot wait here.
        let looking = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            // The tables first: whatever they tell of has happened at the gateways by then.
            let ledger = runtime.block_on(Ledger::read(&database)).unwrap();
            let book = gateways.book();
            let lines = book.records().iter();
            let lines: Vec<_> = lines
                .map(|line| serde_json::to_string(line).unwrap())
                .collect();
            let last = book.records().last().map_or(0, |line| line.real);
            let last = DateTime::from_timestamp_millis(last).unwrap();
            let options = match is_settled {
                true => Options::settled(last + AFTERWARDS),
                false => Options::at(last),
            };
            let options = Options {
                forgotten,
                ..options
            };
            let book = Book::of_lines(lines.iter().map(String::as_str)).unwrap();
            let report = audit(&ledger, &book, None, &options);
            assert!(report.is_clean(), "the auditor: {report}");
        });
        if let Err(panic) = looking.join() {
            std::panic::resume_unwind(panic);
        }
    }
}
