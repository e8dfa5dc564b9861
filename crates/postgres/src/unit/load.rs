//! What a unit begins with.

use std::collections::BTreeMap;

use bayar_app::port::store::{Answer, RefundClaim, StoredCall};
use bayar_domain::decision::Decision;
use bayar_domain::settlement::Sums;
use bayar_domain::{Attempt, CaptureId, Fact, OrderId, Payment, Refund};
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};

use super::{Seen, Unit};
use crate::error::Unreadable;
use crate::rows::{AttemptRow, CallRow, CaptureRow, FactRow, PaymentRow, RefundRow};
use crate::schema::{
    attempts, captures, decisions, facts, gateway_calls, payments, primary_captures, refunds,
};

impl Unit {
    pub(super) async fn load_payments(&mut self) -> Answer<Vec<Payment>> {
        let rows = payments::table
            .filter(payments::order_id.eq(self.order.get()))
            .order(payments::id)
            .select(PaymentRow::as_select());
        let rows: Vec<PaymentRow> = self.transaction.load(rows).await?;
        let mut loaded = Vec::with_capacity(rows.len());
        for row in rows {
            let payment = row.payment()?;
            let (version, status) = (row.version, payment.status());
            self.payments
                .insert(payment.terms().id, Seen { version, status });
            loaded.push(payment);
        }
        Ok(loaded)
    }

    pub(super) async fn load_attempts(&mut self) -> Answer<Vec<Attempt>> {
        let rows = attempts::table
            .filter(attempts::order_id.eq(self.order.get()))
            .order(attempts::id)
            .select(AttemptRow::as_select());
        let rows: Vec<AttemptRow> = self.transaction.load(rows).await?;
        let mut loaded = Vec::with_capacity(rows.len());
        for row in rows {
            let attempt = row.attempt()?;
            let (version, status) = (row.version, attempt.status());
            self.attempts
                .insert(attempt.terms().id, Seen { version, status });
            loaded.push(attempt);
        }
        Ok(loaded)
    }

    /// The refunds, and what they were asked for by.
    pub(super) async fn load_refunds(&mut self) -> Answer<(Vec<Refund>, Vec<RefundClaim>)> {
        let rows = refunds::table
            .filter(refunds::order_id.eq(self.order.get()))
            .order(refunds::id)
            .select(RefundRow::as_select());
        let rows: Vec<RefundRow> = self.transaction.load(rows).await?;
        let mut loaded = Vec::with_capacity(rows.len());
        let mut claims = Vec::new();
        for row in rows {
            let refund = row.refund()?;
            let (version, status) = (row.version, refund.status());
            self.refunds
                .insert(refund.terms().id, Seen { version, status });
            claims.extend(row.claim()?);
            loaded.push(refund);
        }
        Ok((loaded, claims))
    }

    pub(super) async fn load_facts(&mut self) -> Answer<Vec<Fact>> {
        let rows = facts::table
            .filter(facts::order_id.eq(self.order.get()))
            .select(FactRow::as_select());
        let rows: Vec<FactRow> = self.transaction.load(rows).await?;
        rows.iter().map(FactRow::fact).collect()
    }

    pub(super) async fn load_decisions(&mut self) -> Answer<Vec<Decision>> {
        let rows = decisions::table
            .filter(decisions::order_id.eq(self.order.get()))
            .order(decisions::position)
            .select((decisions::position, decisions::decision));
        let rows: Vec<(i32, String)> = self.transaction.load(rows).await?;
        self.last_decision = rows.last().map_or(0, |(position, _)| *position);
        let order: OrderId = self.order;
        let decision = |(_, text): (i32, String)| {
            serde_json::from_str::<Decision>(&text)
                .map_err(Unreadable::of("a decision about order", order))
        };
        rows.into_iter().map(decision).collect()
    }

    pub(super) async fn load_calls(&mut self) -> Answer<Vec<StoredCall>> {
        let rows = gateway_calls::table
            .filter(gateway_calls::order_id.eq(self.order.get()))
            .order(gateway_calls::position)
            .select(CallRow::as_select())
            // Nobody takes one between this look and what is written by it.
            .for_update();
        let rows: Vec<CallRow> = self.transaction.load(rows).await?;
        self.last_call = rows.last().map_or(0, |row| row.position);
        rows.into_iter().map(CallRow::call).collect()
    }

    /// What the tables say about its money: a settlement says it by its facts.
    pub(super) async fn load_captures(&mut self) -> Answer<()> {
        let rows = captures::table
            .filter(captures::order_id.eq(self.order.get()))
            .select(CaptureRow::as_select());
        let rows: Vec<CaptureRow> = self.transaction.load(rows).await?;
        let known: Answer<BTreeMap<CaptureId, Option<Sums>>> =
            rows.iter().map(CaptureRow::capture).collect();
        self.captures = known?;
        let kept = primary_captures::table
            .filter(primary_captures::order_id.eq(self.order.get()))
            .filter(primary_captures::released_at.is_null())
            .select(primary_captures::capture);
        let kept: Vec<String> = self.transaction.load(kept).await?;
        let kept = kept.into_iter().next().map(CaptureId::new).transpose();
        self.primary = kept.map_err(Unreadable::of("the money that pays order", self.order))?;
        Ok(())
    }
}
