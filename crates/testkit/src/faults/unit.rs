use std::sync::Arc;

use async_trait::async_trait;
use bayar_app::port::store::{Actor, Answer, Counted, OrderUnit, PaperSet, RefundDay, Save};
use bayar_domain::{Bill, CreditNote, CreditNoteId, Money, PaymentId};

use super::plan::{Operation, Plan};

/// A unit that does what another one does, and fails when it is told to.
pub(super) struct FaultyUnit {
    inner: Box<dyn OrderUnit>,
    plan: Arc<Plan>,
}

impl FaultyUnit {
    pub(super) fn new(inner: Box<dyn OrderUnit>, plan: Arc<Plan>) -> Self {
        Self { inner, plan }
    }
}

#[async_trait]
impl OrderUnit for FaultyUnit {
    async fn papers(&mut self, payment: PaymentId) -> Answer<PaperSet> {
        let call = self.inner.papers(payment);
        self.plan.around(Operation::Papers, call).await
    }

    async fn credit_notes(&mut self, payment: PaymentId) -> Answer<Vec<CreditNote>> {
        let call = self.inner.credit_notes(payment);
        self.plan.around(Operation::CreditNotes, call).await
    }

    async fn credit_note_id(&mut self) -> Answer<CreditNoteId> {
        let call = self.inner.credit_note_id();
        self.plan.around(Operation::CreditNoteId, call).await
    }

    async fn count_refund(
        &mut self,
        day: &RefundDay,
        amount: Money,
        limit: Money,
    ) -> Answer<Counted> {
        let call = self.inner.count_refund(day, amount, limit);
        self.plan.around(Operation::CountRefund, call).await
    }

    async fn restore_bill(&mut self, bill: &Bill, by: Actor) -> Answer<()> {
        let call = self.inner.restore_bill(bill, by);
        self.plan.around(Operation::RestoreBill, call).await
    }

    async fn save(&mut self, save: &Save<'_>) -> Answer<()> {
        let call = self.inner.save(save);
        self.plan.around(Operation::Save, call).await
    }

    async fn commit(self: Box<Self>) -> Answer<()> {
        let call = self.inner.commit();
        self.plan.around(Operation::Commit, call).await
    }

    /// It cannot fail: a unit that is not given back is dropped, and never happened either.
    async fn rollback(self: Box<Self>) {
        let Self { inner, plan } = *self;
        let call = async {
            inner.rollback().await;
            Ok(())
        };
        plan.around(Operation::Rollback, call).await.ok();
    }
}
