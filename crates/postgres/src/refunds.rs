//! Refunds with their papers.

use async_trait::async_trait;
use bayar_app::port::store::{
    Answer, RefundEvent, RefundKey, Refunds, StoredAlert, StoredCreditEntry, StoredExternalRefund,
    StoredRefund, WhichRefunds,
};
use bayar_domain::{CreditNote, OrderId, PaymentId, RefundId, UserId};
use diesel::dsl::exists;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl, SelectableHelper,
};

use crate::PgStore;
use crate::rows::{AlertRow, CreditEntryRow, ExternalRow, NoteRow, RefundEventRow, RefundRow};
use crate::schema::{
    alerts, credit_accounts, credit_entries, credit_notes, external_refunds, refund_events, refunds,
};

#[async_trait]
impl Refunds for PgStore {
    async fn refund(&self, id: RefundId) -> Answer<Option<StoredRefund>> {
        let refund = refunds::table
            .filter(refunds::id.eq(id.get()))
            .select(RefundRow::as_select());
        let found: Vec<RefundRow> = self.load(refund).await?;
        found.first().map(RefundRow::stored).transpose()
    }

    async fn refund_of_key(&self, key: &RefundKey) -> Answer<Option<StoredRefund>> {
        let refund = refunds::table
            .filter(refunds::key_owner.eq(key.owner.to_string()))
            .filter(refunds::key.eq(key.key.to_string()))
            .select(RefundRow::as_select());
        let found: Vec<RefundRow> = self.load(refund).await?;
        found.first().map(RefundRow::stored).transpose()
    }

    async fn refunds_of(&self, payment: PaymentId) -> Answer<Vec<StoredRefund>> {
        let refunds = refunds::table
            .filter(refunds::payment_id.eq(payment.get()))
            .order(refunds::id)
            .select(RefundRow::as_select());
        let found: Vec<RefundRow> = self.load(refunds).await?;
        found.iter().map(RefundRow::stored).collect()
    }

    async fn external_refunds_of(&self, payment: PaymentId) -> Answer<Vec<StoredExternalRefund>> {
        let refunds = external_refunds::table
            .filter(external_refunds::payment_id.eq(payment.get()))
            .order((external_refunds::created_at, external_refunds::refund))
            .select(ExternalRow::as_select());
        let found: Vec<ExternalRow> = self.load(refunds).await?;
        found.iter().map(ExternalRow::external).collect()
    }

    async fn credit_notes_of(&self, payment: PaymentId) -> Answer<Vec<CreditNote>> {
        let notes = credit_notes::table
            .filter(credit_notes::payment_id.eq(payment.get()))
            .order(credit_notes::id)
            .select(NoteRow::as_select());
        let found: Vec<NoteRow> = self.load(notes).await?;
        found.iter().map(NoteRow::note).collect()
    }

    async fn refund_events(&self, refund: RefundId) -> Answer<Vec<RefundEvent>> {
        let events = refund_events::table
            .filter(refund_events::refund_id.eq(refund.get()))
            .order(refund_events::version)
            .select(RefundEventRow::as_select());
        let found: Vec<RefundEventRow> = self.load(events).await?;
        found.iter().map(RefundEventRow::event).collect()
    }

    async fn refunds(
        &self,
        which: WhichRefunds,
        after: Option<RefundId>,
        at_most: u32,
    ) -> Answer<Vec<StoredRefund>> {
        let after = after.map_or(0, RefundId::get);
        let page = refunds::table
            .filter(refunds::id.gt(after))
            .order(refunds::id)
            .limit(at_most.into())
            .select(RefundRow::as_select());
        let found: Vec<RefundRow> = match which {
            WhichRefunds::All => self.load(page).await?,
            WhichRefunds::Open => {
                let owed = alerts::table
                    .filter(alerts::owed.eq(refunds::id.nullable()))
                    .filter(alerts::cleared_at.is_null());
                let is_open = refunds::status
                    .ne("succeeded")
                    .and(refunds::status.ne("failed"))
                    .or(exists(owed));
                self.load(page.filter(is_open)).await?
            }
        };
        found.iter().map(RefundRow::stored).collect()
    }

    async fn alerts_of(&self, order: OrderId) -> Answer<Vec<StoredAlert>> {
        let alerts = alerts::table
            .filter(alerts::order_id.eq(order.get()))
            .order(alerts::id)
            .select(AlertRow::as_select());
        let found: Vec<AlertRow> = self.load(alerts).await?;
        found.iter().map(AlertRow::alert).collect()
    }

    async fn credit_balance(&self, owner: UserId) -> Answer<i64> {
        let balance = credit_accounts::table
            .filter(credit_accounts::user_id.eq(owner.get()))
            .select(credit_accounts::balance);
        let found: Vec<i64> = self.load(balance).await?;
        Ok(found.first().copied().unwrap_or(0))
    }

    async fn credit_entries_of(&self, owner: UserId) -> Answer<Vec<StoredCreditEntry>> {
        let entries = credit_entries::table
            .filter(credit_entries::user_id.eq(owner.get()))
            .order(credit_entries::id)
            .select(CreditEntryRow::as_select());
        let found: Vec<CreditEntryRow> = self.load(entries).await?;
        found.iter().map(CreditEntryRow::entry).collect()
    }
}
