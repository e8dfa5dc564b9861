//! What must be true of everything that is stored, whenever nobody is writing.

use std::collections::BTreeSet;

use super::Book;
use super::book::{OrderRow, PaymentRow, Sight};

/// The states of a payment that has the only place of its order.
const LIVE: [&str; 5] = [
    "pending",
    "processing",
    "under_review",
    "completed",
    "partially_refunded",
];

/// The taxes on an amount in the currency of the tests, and their rates in percent.
const TAXES: [(&str, i64); 2] = [("PPh", 15), ("VAT", 12)];

impl PaymentRow {
    /// Whether it has the only place of its order.
    #[must_use]
    pub fn is_live(&self) -> bool {
        LIVE.contains(&self.status.as_str())
    }
}

impl Book {
    /// Whether there is nothing at all of any payment.
    #[must_use]
    pub fn has_no_trace_of_payments(&self) -> bool {
        let Self {
            orders,
            payments,
            invoices,
            taxes,
            events,
            keys,
            outbox,
            jobs,
            sights: _,
        } = self;
        orders.iter().all(|order| order.live_payment_id.is_none())
            && payments.is_empty()
            && invoices.is_empty()
            && taxes.is_empty()
            && events.is_empty()
            && keys.is_empty()
            && outbox.iter().all(|row| !row.kind.starts_with("payment."))
            && jobs.is_empty()
    }

    /// What the world is told, by its kind.
    #[must_use]
    pub fn announced(&self) -> Vec<String> {
        self.outbox.iter().map(|row| row.kind.clone()).collect()
    }

    /// Fails when something is half-way, double or lost.
    pub fn must_be_whole(&self) {
        for order in &self.orders {
            self.order_must_be_whole(order);
        }
        for payment in &self.payments {
            self.papers_must_be_whole(payment);
            self.history_must_be_whole(payment);
        }
        let count = self.payments.len();
        assert_eq!(self.invoices.len(), count, "one invoice for each payment");
        assert_eq!(self.taxes.len(), 2 * count, "two taxes for each payment");
    }

    fn order_must_be_whole(&self, order: &OrderRow) {
        let payments = self.payments_of(order.id);
        let live: Vec<_> = payments
            .iter()
            .filter(|payment| payment.is_live())
            .collect();
        assert!(live.len() <= 1, "two live payments: {live:?}");
        let live = live.first();
        assert_eq!(
            order.live_payment_id,
            live.map(|payment| payment.id),
            "{order:?} and its payments {payments:?}"
        );
        if let Some(live) = live {
            assert_eq!(
                live.price_minor, order.price_minor,
                "{order:?} and {live:?}"
            );
        }
        let aggregate = format!("order:{}", order.id);
        let told: Vec<_> = self
            .outbox
            .iter()
            .filter(|row| row.aggregate == aggregate)
            .map(|row| row.kind.as_str())
            .collect();
        let expected: &[&str] = match order.status.as_str() {
            "pending" => &[],
            "cancelled" => &["order.cancelled"],
            other => panic!("an order without a gateway is {other}: {order:?}"),
        };
        assert_eq!(told, expected, "{order:?}");
        if let Some(sights) = &self.sights {
            let sights: Vec<_> = sights
                .iter()
                .filter(|sight| sight.order_id == order.id)
                .collect();
            lives_must_follow_each_other(order, &payments, &sights);
        }
    }

    fn papers_must_be_whole(&self, payment: &PaymentRow) {
        // Taxes are recorded, and not added.
        assert_eq!(payment.amount_minor, payment.price_minor, "{payment:?}");
        let (invoice_status, tax_status) = match payment.status.as_str() {
            "pending" => ("pending", "pending"),
            "cancelled" => ("void", "void"),
            other => panic!("a payment without a gateway is {other}: {payment:?}"),
        };
        let invoices: Vec<_> = self
            .invoices
            .iter()
            .filter(|invoice| invoice.payment_id == payment.id)
            .map(|invoice| (invoice.amount_minor, invoice.status.as_str()))
            .collect();
        assert_eq!(
            invoices,
            [(payment.amount_minor, invoice_status)],
            "{payment:?}"
        );
        let mut taxes: Vec<_> = self
            .taxes
            .iter()
            .filter(|tax| tax.payment_id == payment.id)
            .map(|tax| {
                (
                    tax.tax_type.as_str(),
                    tax.tax_amount_minor,
                    tax.status.as_str(),
                )
            })
            .collect();
        taxes.sort_unstable();
        let expected =
            TAXES.map(|(name, percent)| (name, payment.amount_minor * percent / 100, tax_status));
        assert_eq!(taxes, expected, "{payment:?}");
    }

    fn history_must_be_whole(&self, payment: &PaymentRow) {
        let mut before: Option<&str> = None;
        let mut version = 0;
        for event in self
            .events
            .iter()
            .filter(|event| event.payment_id == payment.id)
        {
            version += 1;
            assert_eq!(event.version, version, "a gap before {event:?}");
            assert_eq!(
                event.from_status.as_deref(),
                before,
                "a gap before {event:?}"
            );
            before = Some(&event.to_status);
        }
        assert_eq!(
            before,
            Some(payment.status.as_str()),
            "the history of {payment:?}"
        );
        assert_eq!(version, payment.version, "the history of {payment:?}");

        let keys = self.keys.iter().filter(|key| key.payment_id == payment.id);
        assert_eq!(keys.count(), 1, "one key is bound to {payment:?}");
        let jobs: Vec<_> = self
            .jobs
            .iter()
            .filter(|job| job.subject_id == payment.id)
            .map(|job| job.done_at.is_none())
            .collect();
        assert_eq!(jobs, [payment.is_live()], "the one job of {payment:?}");

        let aggregate = format!("payment:{}", payment.id);
        let told: Vec<_> = self
            .outbox
            .iter()
            .filter(|row| row.aggregate == aggregate)
            .collect();
        let created = told.first().map(|row| row.kind.as_str());
        assert_eq!(created, Some("payment.created"), "{payment:?}");
        for (sequence, row) in (1..).zip(&told) {
            assert_eq!(row.sequence, sequence, "a gap in {told:?}");
        }
        let expected = usize::try_from(payment.version).expect("a small number");
        assert_eq!(
            told.len(),
            expected,
            "each change of {payment:?} is told once"
        );
    }

    /// The payments of an order.
    #[must_use]
    pub fn payments_of(&self, order: i64) -> Vec<&PaymentRow> {
        self.payments
            .iter()
            .filter(|payment| payment.order_id == order)
            .collect()
    }
}

/// Each payment takes the only place of its order once, at the price the order has then,
/// and nothing about the order changes until it has left.
fn lives_must_follow_each_other(order: &OrderRow, payments: &[&PaymentRow], sights: &[&Sight]) {
    let mut lived = BTreeSet::new();
    let mut before: Option<&Sight> = None;
    for sight in sights {
        let lived_before = before.and_then(|before| before.live_payment_id);
        match (lived_before, sight.live_payment_id) {
            (None, Some(opened)) => {
                let price = before.map(|before| before.price_minor);
                let payment = payments.iter().find(|payment| payment.id == opened);
                let paid = payment.map(|payment| payment.price_minor);
                assert!(paid.is_some(), "no payment {opened} in {sights:?}");
                assert_eq!(paid, price, "another price in {sights:?}");
                assert_eq!(paid, Some(sight.price_minor), "another price in {sights:?}");
                assert_eq!(sight.status, "pending", "{sights:?}");
                assert!(lived.insert(opened), "payment {opened} twice in {sights:?}");
            }
            (Some(one), Some(other)) => {
                assert_eq!(one, other, "two at once in {sights:?}");
                let price = before.map(|before| before.price_minor);
                assert_eq!(Some(sight.price_minor), price, "{sights:?}");
            }
            (Some(ended), None) => {
                let payment = payments.iter().find(|payment| payment.id == ended);
                assert!(
                    payment.is_some_and(|payment| !payment.is_live()),
                    "payment {ended} left and lives, in {sights:?}"
                );
            }
            (None, None) => {}
        }
        before = Some(sight);
    }
    let payments: BTreeSet<_> = payments.iter().map(|payment| payment.id).collect();
    assert_eq!(
        lived, payments,
        "every payment had its place once: {sights:?}"
    );
    let last = before.map(|sight| (sight.price_minor, sight.live_payment_id));
    assert_eq!(last, Some((order.price_minor, order.live_payment_id)));
}
