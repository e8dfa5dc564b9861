//! Refunds with their papers.

use async_trait::async_trait;
use bayar_app::port::store::{
    Answer, RefundEvent, RefundKey, Refunds, StoredAlert, StoredCreditEntry, StoredExternalRefund,
    StoredRefund, WhichRefunds,
};
use bayar_domain::{CreditNote, OrderId, PaymentId, RefundId, UserId};
use diesel::dsl::exists;
use diesel::prelude::*;

use super::SqliteStore;
use super::error::Failure;
use super::rows::{AlertRow, CreditEntryRow, ExternalRow, NoteRow, RefundEventRow, RefundRow};
use super::schema::{
    alerts, credit_accounts, credit_entries, credit_notes, external_refunds, refund_events, refunds,
};

#[async_trait]
impl Refunds for SqliteStore {
    async fn refund(&self, id: RefundId) -> Answer<Option<StoredRefund>> {
        let refund = self.readers.run(move |connection, _| {
            let row: Option<RefundRow> = refunds::table
                .find(id.get())
                .select(RefundRow::as_select())
                .get_result(connection)
                .optional()?;
            row.map(|row| row.stored()).transpose()
        });
        Ok(refund.await?)
    }

    async fn refund_of_key(&self, key: &RefundKey) -> Answer<Option<StoredRefund>> {
        let key = key.clone();
        let refund = self.readers.run(move |connection, _| {
            let row: Option<RefundRow> = refunds::table
                .filter(refunds::key_owner.eq(key.owner.to_string()))
                .filter(refunds::key.eq(key.key.to_string()))
                .select(RefundRow::as_select())
                .get_result(connection)
                .optional()?;
            row.map(|row| row.stored()).transpose()
        });
        Ok(refund.await?)
    }

    async fn refunds_of(&self, payment: PaymentId) -> Answer<Vec<StoredRefund>> {
        let refunds = self.readers.run(move |connection, _| {
            let rows: Vec<RefundRow> = refunds::table
                .filter(refunds::payment_id.eq(payment.get()))
                .order(refunds::id)
                .select(RefundRow::as_select())
                .load(connection)?;
            rows.iter().map(RefundRow::stored).collect()
        });
        Ok(refunds.await?)
    }

    async fn external_refunds_of(&self, payment: PaymentId) -> Answer<Vec<StoredExternalRefund>> {
        let refunds = self.readers.run(move |connection, _| {
            let rows: Vec<ExternalRow> = external_refunds::table
                .filter(external_refunds::payment_id.eq(payment.get()))
                .order((external_refunds::created_at, external_refunds::refund))
                .select(ExternalRow::as_select())
                .load(connection)?;
            rows.iter().map(ExternalRow::external).collect()
        });
        Ok(refunds.await?)
    }

    async fn credit_notes_of(&self, payment: PaymentId) -> Answer<Vec<CreditNote>> {
        let notes = self
            .readers
            .run(move |connection, _| notes_of(connection, payment));
        Ok(notes.await?)
    }

    async fn refund_events(&self, refund: RefundId) -> Answer<Vec<RefundEvent>> {
        let events = self.readers.run(move |connection, _| {
            let rows: Vec<RefundEventRow> = refund_events::table
                .filter(refund_events::refund_id.eq(refund.get()))
                .order(refund_events::version)
                .select(RefundEventRow::as_select())
                .load(connection)?;
            rows.iter().map(RefundEventRow::event).collect()
        });
        Ok(events.await?)
    }

    async fn refunds(
        &self,
        which: WhichRefunds,
        after: Option<RefundId>,
        at_most: u32,
    ) -> Answer<Vec<StoredRefund>> {
        let after = after.map_or(0, RefundId::get);
        let refunds = self.readers.run(move |connection, _| {
            let page = refunds::table
                .filter(refunds::id.gt(after))
                .order(refunds::id)
                .limit(at_most.into())
                .select(RefundRow::as_select());
            let rows: Vec<RefundRow> = match which {
                WhichRefunds::All => page.load(connection)?,
                WhichRefunds::Open => {
                    let owed = alerts::table
                        .filter(alerts::owed.eq(refunds::id.nullable()))
                        .filter(alerts::cleared_at.is_null());
                    let is_open = refunds::status
                        .ne_all(["succeeded", "failed"])
                        .or(exists(owed));
                    page.filter(is_open).load(connection)?
                }
            };
            rows.iter().map(RefundRow::stored).collect()
        });
        Ok(refunds.await?)
    }

    async fn alerts_of(&self, order: OrderId) -> Answer<Vec<StoredAlert>> {
        let alerts = self.readers.run(move |connection, _| {
            let rows: Vec<AlertRow> = alerts::table
                .filter(alerts::order_id.eq(order.get()))
                .order(alerts::id)
                .select(AlertRow::as_select())
                .load(connection)?;
            rows.iter().map(AlertRow::alert).collect()
        });
        Ok(alerts.await?)
    }

    async fn credit_balance(&self, owner: UserId) -> Answer<i64> {
        let balance = self.readers.run(move |connection, _| {
            let balance: Option<i64> = credit_accounts::table
                .find(owner.get())
                .select(credit_accounts::balance)
                .get_result(connection)
                .optional()?;
            Ok(balance.unwrap_or(0))
        });
        Ok(balance.await?)
    }

    async fn credit_entries_of(&self, owner: UserId) -> Answer<Vec<StoredCreditEntry>> {
        let entries = self.readers.run(move |connection, _| {
            let rows: Vec<CreditEntryRow> = credit_entries::table
                .filter(credit_entries::user_id.eq(owner.get()))
                .order(credit_entries::id)
                .select(CreditEntryRow::as_select())
                .load(connection)?;
            rows.iter().map(CreditEntryRow::entry).collect()
        });
        Ok(entries.await?)
    }
}

/// The credit notes of a payment, in the order they were issued.
pub(super) fn notes_of(
    connection: &mut SqliteConnection,
    payment: PaymentId,
) -> Result<Vec<CreditNote>, Failure> {
    let rows: Vec<NoteRow> = credit_notes::table
        .filter(credit_notes::payment_id.eq(payment.get()))
        .order(credit_notes::id)
        .select(NoteRow::as_select())
        .load(connection)?;
    rows.iter().map(NoteRow::note).collect()
}
