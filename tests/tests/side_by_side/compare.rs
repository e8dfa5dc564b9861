//! What is stored, held against what is in memory.

use std::fmt::Debug;

use bayar_domain::settlement::{Alert, RefundRef, Restored, Standing, Sums};
use bayar_domain::{CreditNote, PaymentId, TaxRecordId};

use super::*;

impl Walk<'_> {
    /// The rows say what the model says.
    pub async fn compare(&self, act: &Act) {
        let restored = Settlement::restore(self.stored.parts.clone());
        let sound = Restored::Sound(self.model.clone());
        assert!(
            restored == Ok(sound),
            "after {act:?}:\n{restored:#?}\nis stored, and not\n{:#?}",
            self.model
        );
        self.compare_credits(act).await;
        self.compare_money(act).await;
        let standing = self.model.standing();
        self.compare_alerts(act, &standing).await;
        self.compare_papers(act, &standing).await;
        self.compare_external(act, &standing).await;
    }

    async fn compare_money(&self, act: &Act) {
        let order = self.order();
        let sums = format!(
            "SELECT capture || ' ' || captured_minor || ' ' || refunded_minor || ' ' || reserved_minor || ' ' || \
             disputed_minor || ' ' || loss_minor AS json FROM captures WHERE order_id = {order} AND currency IS NOT NULL"
        );
        let told = self.model.sums().into_iter().map(|(capture, sums)| {
            let Sums {
                captured,
                refunded,
                reserved,
                disputed,
            } = sums;
            let parts = [captured, refunded, reserved, disputed, sums.loss()];
            let parts = parts.map(|money| money.minor().to_string());
            format!("{capture} {}", parts.join(" "))
        });
        let mut told: Vec<_> = told.collect();
        told.sort_unstable();
        let mut stored = self.place.tables.texts(&sums).await;
        stored.sort_unstable();
        same(act, "sums", &stored, &told);
        let primary = format!(
            "SELECT capture AS json FROM primary_captures WHERE order_id = {order} AND released_at IS NULL"
        );
        let stored = self.place.tables.texts(&primary).await;
        let told: Vec<_> = self
            .model
            .primary()
            .map(ToString::to_string)
            .into_iter()
            .collect();
        same(act, "the money that pays", &stored, &told);
    }

    async fn compare_alerts(&self, act: &Act, standing: &Standing) {
        let alerts = self.place.store.alerts_of(self.order()).await.unwrap();
        let open = alerts
            .into_iter()
            .filter(|stored| stored.cleared_at.is_none());
        let text = |alert: &Alert| format!("{alert:?}");
        let mut open: Vec<_> = open.map(|stored| text(&stored.alert)).collect();
        let missing = self.credits.map(|credits| credits.purchase.shortfall());
        let missing = missing.filter(|missing| *missing > 0);
        let missing = missing.map(|missing| Alert::CreditsMissing { missing });
        let told = standing.alerts.iter().chain(&missing);
        let mut told: Vec<_> = told.map(text).collect();
        open.sort_unstable();
        told.sort_unstable();
        same(act, "alerts", &open, &told);
    }

    async fn compare_papers(&self, act: &Act, standing: &Standing) {
        let mut credited: BTreeMap<RefundRef, i64> = BTreeMap::new();
        for (payment, papers) in &self.papers {
            let invoice = self.place.store.invoice(*payment).await.unwrap();
            same(act, "an invoice", &invoice.as_ref(), &Some(&papers.invoice));
            let taxes = self.place.store.taxes(*payment).await.unwrap();
            same(act, "taxes", &taxes, &papers.taxes);
            let notes = self.place.store.credit_notes_of(*payment).await.unwrap();
            for note in &notes {
                let terms = note.terms();
                *credited.entry(terms.refund.clone()).or_default() += terms.amount.minor();
            }
            let shares = shares(&notes);
            for tax in &papers.taxes {
                let reversed = shares.get(&tax.terms().id).copied().unwrap_or_default();
                same(act, "the tax on notes", &reversed, &tax.reversed().minor());
            }
        }
        credited.retain(|_, sum| *sum != 0);
        let told = standing.credited.iter();
        let told: BTreeMap<_, _> = told
            .map(|(refund, total)| (refund.clone(), total.minor()))
            .collect();
        same(act, "credit notes", &credited, &told);
    }

    /// Those of money that no payment is known for yet are told by their order alone.
    async fn compare_external(&self, act: &Act, standing: &Standing) {
        let order = self.order();
        let kept = format!(
            "SELECT refund || ' ' || COALESCE(payment_id, 0) || ' ' || capture || ' ' || amount_minor || ' ' || step \
             AS json FROM external_refunds WHERE order_id = {order}"
        );
        let mut kept = self.place.tables.texts(&kept).await;
        kept.sort_unstable();
        let told = standing.external.iter().map(|(id, state)| {
            let payment = state.payment.map_or(0, PaymentId::get);
            let (amount, step) = (state.amount.minor(), state.step.as_str());
            format!("{id} {payment} {} {amount} {step}", state.capture)
        });
        let mut told: Vec<_> = told.collect();
        told.sort_unstable();
        same(act, "refunds of others", &kept, &told);
        let mut stored = BTreeMap::new();
        for payment in self.papers.keys() {
            let store = &self.place.store;
            let refunds = store.external_refunds_of(*payment).await.unwrap();
            stored.extend(refunds.into_iter().map(|refund| (refund.id, refund.state)));
        }
        let mut told = standing.external.clone();
        told.retain(|_, state| state.payment.is_some());
        same(act, "refunds of others by payment", &stored, &told);
    }

    /// Each change of the buyer's credits, in its order.
    async fn compare_credits(&self, act: &Act) {
        same(act, "credits", &self.stored.credits, &self.credits);
        let Some(credits) = self.credits else {
            return;
        };
        let owner = credits.account.owner();
        let stored = self.place.store.credit_entries_of(owner).await.unwrap();
        let stored: Vec<_> = stored
            .into_iter()
            .map(|stored| (stored.order, stored.entry, stored.balance))
            .collect();
        let order = Some(self.order());
        let told = self.entries.iter();
        let told: Vec<_> = told
            .map(|moved| (order, moved.entry, moved.account.balance()))
            .collect();
        same(act, "credit entries", &stored, &told);
    }

    /// What happened to each payment and each refund ends where it stands.
    pub async fn compare_histories(&self) {
        for payment in self.model.payments() {
            let id = payment.terms().id;
            let stored = self.place.store.payment(id).await.unwrap().unwrap();
            assert_eq!(&stored.payment, payment);
            let events = self.place.store.events(id).await.unwrap();
            let last = events.last().expect("it was opened");
            assert_eq!((last.to, last.version), (payment.status(), stored.version));
        }
        for refund in self.model.refunds() {
            let id = refund.terms().id;
            let stored = self.place.store.refund(id).await.unwrap().unwrap();
            assert_eq!(&stored.refund, refund);
            let events = self.place.store.refund_events(id).await.unwrap();
            let last = events.last().expect("it was asked for");
            assert_eq!((last.to, last.version), (refund.status(), stored.version));
        }
    }
}

/// How much of each tax the notes of a payment take back.
fn shares(notes: &[CreditNote]) -> BTreeMap<TaxRecordId, i64> {
    let mut shares = BTreeMap::new();
    for share in notes.iter().flat_map(|note| &note.terms().taxes) {
        *shares.entry(share.record).or_default() += share.amount.minor();
    }
    shares
}

#[track_caller]
fn same<T: PartialEq + Debug>(act: &Act, what: &str, stored: &T, told: &T) {
    assert!(
        stored == told,
        "{what} after {act:?}: {stored:#?}\nis stored, and not\n{told:#?}"
    );
}
