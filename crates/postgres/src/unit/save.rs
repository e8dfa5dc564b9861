//! What a unit writes. Every row is written over only when it is as it was loaded.

use bayar_app::port::store::{Actor, Announcement, Answer, PaperSet, Save};
use bayar_domain::decision::Decision;
use bayar_domain::{Invoice, Payment, PaymentStatus, Refund, RefundStatus, TaxRecord};
use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl};

use super::jobs::{Job, waits_for_money};
use super::{Seen, Unit};
use crate::error::{Wrong, broken};
use crate::rows::state_text;
use crate::schema::{
    bayar_now, decisions, invoices, orders, outbox, payment_events, payments, tax_records,
};

impl Unit {
    pub(super) async fn write(&mut self, save: &Save<'_>) -> Answer<()> {
        if save.settlement.order().terms().id != self.order {
            return Err(self.wrong("is not the order that is to be saved"));
        }
        self.write_order(save).await?;
        let is_ours = self.is_by_our_doing(save);
        // What leaves the order's only place goes before what takes it.
        let mut payments: Vec<_> = save.changes.payments.iter().collect();
        payments.sort_by_key(|payment| payment.status().is_live());
        for payment in payments {
            self.write_payment(payment, save.by).await?;
        }
        self.write_attempts(&save.changes.attempts).await?;
        for refund in &save.changes.refunds {
            self.write_refund(refund, save).await?;
        }
        self.write_facts(save, is_ours).await?;
        self.write_calls(save).await?;
        for decision in save.decisions {
            self.write_decision(decision, save).await?;
        }
        for papers in save.papers {
            self.write_papers(papers).await?;
        }
        self.write_records(save).await?;
        for announcement in save.announcements {
            self.announce(*announcement, save).await?;
        }
        Ok(())
    }

    /// Whether money is reserved because we want it to go back, and not because a gateway says that it does.
    fn is_by_our_doing(&self, save: &Save<'_>) -> bool {
        let is_new = |refund: &Refund| match self.refunds.get(&refund.terms().id) {
            None => true,
            Some(seen) => {
                seen.status == RefundStatus::Failed && refund.status() == RefundStatus::Manual
            }
        };
        save.facts.is_empty() && save.changes.refunds.iter().any(is_new)
    }

    async fn write_order(&mut self, save: &Save<'_>) -> Answer<()> {
        let live = save.settlement.live_payment();
        let live = live.map(|payment| payment.terms().id.get());
        // What is told of the order is told under a version of its own.
        let is_told = save
            .announcements
            .iter()
            .any(|announcement| matches!(announcement, Announcement::Order(_)));
        if save.changes.order.is_none() && live == self.live_payment && !is_told {
            return Ok(());
        }
        let next = self.order_version.saturating_add(1);
        let as_loaded = orders::id
            .eq(self.order.get())
            .and(orders::version.eq(self.order_version));
        let order = save.settlement.order();
        let update = diesel::update(orders::table.filter(as_loaded)).set((
            orders::price_minor.eq(order.terms().price.minor()),
            orders::status.eq(order.status().as_str()),
            orders::live_payment_id.eq(live),
            orders::version.eq(next),
            orders::updated_at.eq(bayar_now()),
        ));
        if self.transaction.execute(update).await? != 1 {
            return Err(self.wrong(NOT_AS_LOADED));
        }
        self.order_version = next;
        self.live_payment = live;
        Ok(())
    }

    async fn write_payment(&mut self, payment: &Payment, by: Actor) -> Answer<()> {
        let id = payment.terms().id;
        let wrong = |fault| broken(Wrong::new("payment", id, fault));
        let Some(seen) = self.payments.get(&id).copied() else {
            return Err(wrong("is none of the order as it was loaded"));
        };
        let now = Seen {
            version: seen.version.saturating_add(1),
            status: payment.status(),
        };
        let as_loaded = payments::id
            .eq(id.get())
            .and(payments::version.eq(seen.version));
        let update = diesel::update(payments::table.filter(as_loaded)).set((
            payments::payment_method.eq(payment.payment_method().as_str()),
            payments::status.eq(now.status.as_str()),
            payments::state.eq(state_text(payment.state())?),
            payments::version.eq(now.version),
            payments::updated_at.eq(bayar_now()),
        ));
        if self.transaction.execute(update).await? != 1 {
            return Err(wrong(NOT_AS_LOADED));
        }
        let event = diesel::insert_into(payment_events::table).values((
            payment_events::payment_id.eq(id.get()),
            payment_events::version.eq(now.version),
            payment_events::from_status.eq(Some(seen.status.as_str())),
            payment_events::to_status.eq(now.status.as_str()),
            payment_events::actor.eq(by.to_string()),
            payment_events::at.eq(bayar_now()),
        ));
        self.transaction.execute(event).await?;
        let job = Job::ExpirePayment(id.get());
        match (waits_for_money(seen.status), waits_for_money(now.status)) {
            (false, true) => self.open_job(job, payment.terms().deadline).await?,
            (true | false, false) => self.end_job(job).await?,
            (true, true) => {}
        }
        let job = Job::WatchReview(id.get());
        if now.status == PaymentStatus::UnderReview {
            self.open_job_soon(job).await?;
        } else {
            self.end_job(job).await?;
        }
        self.payments.insert(id, now);
        Ok(())
    }

    async fn write_decision(&mut self, decision: &Decision, save: &Save<'_>) -> Answer<()> {
        let position = self.last_decision.saturating_add(1);
        let insert = diesel::insert_into(decisions::table).values((
            decisions::order_id.eq(self.order.get()),
            decisions::position.eq(position),
            decisions::decision.eq(serde_json::to_string(decision).map_err(broken)?),
            decisions::actor.eq(save.by.to_string()),
            decisions::at.eq(bayar_now()),
            decisions::note.eq(save.note),
        ));
        self.transaction.execute(insert).await?;
        self.last_decision = position;
        Ok(())
    }

    async fn write_papers(&mut self, papers: &PaperSet) -> Answer<()> {
        let payment = papers.invoice.terms().payment;
        let wrong = |fault| broken(Wrong::new("papers of payment", payment, fault));
        let Some(loaded) = self.papers.get(&payment).cloned() else {
            return Err(wrong("were not loaded"));
        };
        self.write_invoice(&loaded.invoice, &papers.invoice).await?;
        if loaded.taxes.len() != papers.taxes.len() {
            return Err(wrong("have other taxes than before"));
        }
        for (loaded, tax) in loaded.taxes.iter().zip(&papers.taxes) {
            self.write_tax(loaded, tax).await?;
        }
        self.papers.insert(payment, papers.clone());
        Ok(())
    }

    async fn write_invoice(&mut self, loaded: &Invoice, invoice: &Invoice) -> Answer<()> {
        if loaded == invoice {
            return Ok(());
        }
        let as_loaded = invoices::id
            .eq(loaded.terms().id.get())
            .and(invoices::status.eq(loaded.status().as_str()));
        let update = diesel::update(invoices::table.filter(as_loaded))
            .set(invoices::status.eq(invoice.status().as_str()));
        let same = loaded.terms() == invoice.terms();
        if same && self.transaction.execute(update).await? == 1 {
            Ok(())
        } else {
            let id = invoice.terms().id;
            Err(broken(Wrong::new("invoice", id, NOT_AS_LOADED)))
        }
    }

    async fn write_tax(&mut self, loaded: &TaxRecord, tax: &TaxRecord) -> Answer<()> {
        if loaded == tax {
            return Ok(());
        }
        let as_loaded = tax_records::id
            .eq(loaded.terms().id.get())
            .and(tax_records::status.eq(loaded.status().as_str()))
            .and(tax_records::reversed_minor.eq(loaded.reversed().minor()));
        let update = diesel::update(tax_records::table.filter(as_loaded)).set((
            tax_records::status.eq(tax.status().as_str()),
            tax_records::reversed_minor.eq(tax.reversed().minor()),
        ));
        let same = loaded.terms() == tax.terms();
        if same && self.transaction.execute(update).await? == 1 {
            Ok(())
        } else {
            let id = tax.terms().id;
            Err(broken(Wrong::new("tax record", id, NOT_AS_LOADED)))
        }
    }

    /// What is told is numbered by the version it tells of, so that nothing can be told twice.
    async fn announce(&mut self, announcement: Announcement, save: &Save<'_>) -> Answer<()> {
        let (aggregate, sequence, kind) = match announcement {
            Announcement::Order(status) => (
                format!("order:{}", self.order),
                self.order_version,
                format!("order.{status}"),
            ),
            Announcement::Payment(payment, status) => {
                let Some(seen) = self.payments.get(&payment) else {
                    let fault = "is announced and none of the order";
                    return Err(broken(Wrong::new("payment", payment, fault)));
                };
                (
                    format!("payment:{payment}"),
                    seen.version,
                    format!("payment.{status}"),
                )
            }
            Announcement::Refund(refund, status) => {
                let mut moved = save.changes.refunds.iter();
                let has_moved = moved.any(|moved| moved.terms().id == refund);
                let Some(seen) = self.refunds.get(&refund).filter(|_| has_moved) else {
                    let fault = "is announced and did not move";
                    return Err(broken(Wrong::new("refund", refund, fault)));
                };
                (
                    format!("refund:{refund}"),
                    seen.version,
                    format!("refund.{status}"),
                )
            }
        };
        let insert = diesel::insert_into(outbox::table).values((
            outbox::aggregate.eq(aggregate),
            outbox::sequence.eq(sequence),
            outbox::kind.eq(kind),
            outbox::created_at.eq(bayar_now()),
        ));
        self.transaction.execute(insert).await?;
        Ok(())
    }
}

pub(super) const NOT_AS_LOADED: &str = "is not as it was loaded";
pub(super) const THERE_ALREADY: &str = "clashes with what is there already";
