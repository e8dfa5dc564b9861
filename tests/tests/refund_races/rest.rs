//! Everything comes to an end, and is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bayar_auditor::{Book, Database, Ledger, Options, audit};
use bayar_sandbox::sim::book::{Book as GatewayBook, Capture};
use chrono::DateTime;
use futures_util::StreamExt as _;
use futures_util::stream;

use crate::desk::{Told, Wish};
use crate::race::{AT_ONCE, Race};

/// How often what is left is asked about before it counts as stuck.
const ROUNDS: usize = 12;

impl Race {
    /// Asks about every order, and then about those that are not done until all are.
    pub async fn come_to_rest(&self) {
        // Nobody has a call in hand any more, whatever became of it.
        self.must_have_no_lease().await;
        self.look_at(self.orders.iter().map(|order| order.payment).collect())
            .await;
        for round in 0..ROUNDS {
            let left = self.unfinished().await;
            if left.is_empty() {
                return;
            }
            if round == 2 {
                self.let_a_day_pass().await;
            }
            self.look_at(left.into_iter().collect()).await;
        }
        let left = self.unfinished().await;
        let stuck = (self.orders.iter()).filter(|order| left.contains(&order.payment));
        let stuck = stuck.map(|order| self.stage.installation.explain(&order.number));
        let stuck: Vec<_> = stuck.map(|told| format!("{told:#}")).collect();
        assert!(stuck.is_empty(), "these are stuck: {}", stuck.join("\n"));
    }

    /// What a bank confirms, it confirms within a day; and what has not shown up by then, never will.
    async fn let_a_day_pass(&self) {
        let day = Duration::from_secs(25 * 60 * 60);
        self.stage.gateways.advance(day).await.unwrap();
        let long_ago = "UPDATE refunds SET updated_at = '2020-01-01T00:00:00.000000Z' \
                        WHERE status IN ('requested', 'sent', 'unknown')";
        self.stage.store.run(long_ago).await;
    }

    /// Work that goes on after its client has gone has ended by then.
    async fn must_have_no_lease(&self) {
        bayar_tests::program::wait_until("nobody has a call in hand", async || {
            let held = "SELECT order_id AS n FROM gateway_calls \
                        WHERE leased_until IS NOT NULL AND status IN ('planned', 'sent')";
            self.numbers(held).await.is_empty()
        })
        .await;
    }

    async fn look_at(&self, payments: Vec<i64>) {
        stream::iter(payments)
            .for_each_concurrent(AT_ONCE / 2, |payment| async move {
                self.stage.refresh(payment).await;
            })
            .await;
    }

    /// What is stored and what happened are the same, without any grace.
    pub async fn must_be_sound(&self) {
        let database = match self.stage.installation.database_url() {
            Some(url) => Database::Postgres(url.to_owned()),
            None => Database::Sqlite(self.stage.installation.data_dir().join("bayar.sqlite")),
        };
        let ledger = Ledger::read(&database).await.unwrap();
        let book = self.stage.book();
        let lines = book.records().iter();
        let lines: Vec<_> = lines
            .map(|line| serde_json::to_string(line).unwrap())
            .collect();
        let last = book.records().last().unwrap().real;
        let last = DateTime::from_timestamp_millis(last).unwrap();
        let options = Options::settled(last + chrono::TimeDelta::seconds(5));
        let read = Book::of_lines(lines.iter().map(String::as_str)).unwrap();
        let report = audit(&ledger, &read, None, &options);
        assert!(report.is_clean(), "the auditor: {report}");
        assert_eq!(report.orders(), self.orders.len());
        self.must_be_kept_once(&book);
    }

    fn must_be_kept_once(&self, book: &GatewayBook) {
        let open = book.by_order();
        let captures = by_order(book);
        for order in &self.orders {
            let at_once = open[&order.number].most_open_at_once;
            assert!(
                at_once <= 1,
                "{at_once} checkouts of {order:?} were open at once"
            );
            let captures = &captures[&order.number];
            let kept = captures.iter().filter(|it| it.kept() > 0).count();
            assert!(
                kept <= 1,
                "charged twice: {captures:#?}\n{:#}",
                self.stage.installation.explain(&order.number)
            );
            let more: Vec<_> = captures.iter().filter(|it| it.kept() < 0).collect();
            assert!(more.is_empty(), "more went back than came in: {more:?}");
        }
    }

    /// The same button once more, long after: the same refund, and no more money.
    pub async fn wishes_again(&self, wishes: &[Wish]) {
        let mut refunds: BTreeMap<_, BTreeSet<i64>> = BTreeMap::new();
        for wish in wishes {
            let whose = refunds
                .entry((wish.payment, wish.who, &wish.key))
                .or_default();
            whose.extend(&wish.refunds);
            assert!(
                whose.len() <= 1,
                "one wish, several refunds: {whose:?} for {wish:?}"
            );
        }
        let before = by_order(&self.stage.book());
        for (turn, wish) in wishes.iter().enumerate() {
            // A wish that made no refund binds nothing: it would be a new one.
            if wish.refunds.is_empty() {
                continue;
            }
            let mut again = wish.clone();
            let told = self.ask(turn, &mut again).await;
            assert!(matches!(told, Told::Again | Told::Failed), "{again:?}");
        }
        assert_eq!(by_order(&self.stage.book()), before, "money moved again");
    }
}

pub fn by_order(book: &GatewayBook) -> BTreeMap<String, Vec<Capture>> {
    let mut orders: BTreeMap<String, Vec<Capture>> = BTreeMap::new();
    for capture in book.all_captures() {
        orders
            .entry(capture.order.clone())
            .or_default()
            .push(capture);
    }
    orders
}
