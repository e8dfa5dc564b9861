//! Writes a payment again that a restored database does not have.

use bayar_app::port::store::{Actor, Answer};
use bayar_domain::{Bill, Payment, PaymentStatus, TaxRecord};
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};

use super::jobs::Job;
use super::{Seen, Unit};
use crate::error::{Wrong, broken};
use crate::rows::state_text;
use crate::statement::statement;

statement! {
    struct RestorePayment {
        id: i64 as BigInt,
        order: i64 as BigInt,
        user: i64 as BigInt,
        price_minor: i64 as BigInt,
        amount_minor: i64 as BigInt,
        amount: String as Text,
        currency: &'static str as Text,
        method: &'static str as Text,
        status: &'static str as Text,
        state: String as Text,
        deadline: chrono::DateTime<chrono::Utc> as Timestamptz,
        created_at: chrono::DateTime<chrono::Utc> as Timestamptz,
    }
    "INSERT INTO payments (id, order_id, user_id, consultation_id, price_minor, amount_minor, amount, currency,
        payment_method, status, state, version, deadline, created_at, updated_at)
    SELECT " id ", orders.id, " user ", orders.consultation_id, " price_minor ", " amount_minor ",
        CAST(CAST(" amount " AS text) AS numeric), " currency ", " method ", " status ", " state ", 1,
        " deadline ", " created_at ", bayar_now()
    FROM orders WHERE orders.id = " order ""
}

statement! {
    struct RestoreInvoice {
        id: i64 as BigInt,
        payment: i64 as BigInt,
        number: String as Text,
        amount_minor: i64 as BigInt,
        amount: String as Text,
        currency: &'static str as Text,
        status: &'static str as Text,
        issued_at: chrono::DateTime<chrono::Utc> as Timestamptz,
    }
    "INSERT INTO invoices (id, payment_id, invoice_number, amount_minor, amount, currency, status, issued_at)
    VALUES (" id ", " payment ", " number ", " amount_minor ", CAST(CAST(" amount " AS text) AS numeric), "
        currency ", " status ", " issued_at ")"
}

statement! {
    struct RestoreTax {
        id: i64 as BigInt,
        payment: i64 as BigInt,
        position: i64 as BigInt,
        tax_type: String as Text,
        rate: String as Text,
        minor: i64 as BigInt,
        amount: String as Text,
        currency: &'static str as Text,
        status: &'static str as Text,
        line: String as Text,
    }
    "INSERT INTO tax_records (id, payment_id, position, tax_type, rate, tax_amount_minor, tax_amount, currency,
        status, line)
    VALUES (" id ", " payment ", CAST(" position " AS integer), " tax_type ", CAST(CAST(" rate " AS text) AS numeric), "
        minor ", CAST(CAST(" amount " AS text) AS numeric), " currency ", " status ", " line ")"
}

statement! {
    struct RestoreHistory {
        payment: i64 as BigInt,
        from: Option<&'static str> as Nullable<Text>,
        status: &'static str as Text,
        actor: String as Text,
    }
    "WITH told AS (
        INSERT INTO outbox (aggregate, sequence, kind, created_at)
        VALUES ('payment:' || " payment ", 1, 'payment.created', bayar_now())
    )
    INSERT INTO payment_events (payment_id, version, from_status, to_status, actor, at)
    VALUES (" payment ", 1, " from ", " status ", " actor ", bayar_now())"
}

impl Unit {
    pub(super) async fn write_bill(&mut self, bill: &Bill, by: Actor) -> Answer<()> {
        let payment: &Payment = &bill.payment;
        let terms = payment.terms();
        if terms.order != self.order {
            let fault = "is of another order";
            return Err(broken(Wrong::new("payment", terms.id, fault)));
        }
        self.insert(RestorePayment {
            id: terms.id.get(),
            order: terms.order.get(),
            user: terms.user.get(),
            price_minor: terms.price.minor(),
            amount_minor: terms.amount.minor(),
            amount: terms.amount.to_string(),
            currency: terms.amount.currency().code(),
            method: payment.payment_method().as_str(),
            status: payment.status().as_str(),
            state: state_text(payment.state())?,
            deadline: terms.deadline,
            created_at: terms.created_at,
        })
        .await?;
        let paper = bill.invoice.terms();
        self.insert(RestoreInvoice {
            id: paper.id.get(),
            payment: terms.id.get(),
            number: paper.number.to_string(),
            amount_minor: paper.amount.minor(),
            amount: paper.amount.to_string(),
            currency: paper.amount.currency().code(),
            status: bill.invoice.status().as_str(),
            issued_at: paper.issued_at,
        })
        .await?;
        for (position, tax) in (1_i64..).zip(&bill.taxes) {
            self.insert_tax(position, tax).await?;
        }
        // Every payment begins so. That it had ended is the next that is written of it.
        let status = PaymentStatus::Pending;
        self.insert(RestoreHistory {
            payment: terms.id.get(),
            from: None,
            status: status.as_str(),
            actor: by.to_string(),
        })
        .await?;
        self.open_job(Job::ExpirePayment(terms.id.get()), terms.deadline)
            .await?;
        self.payments.insert(terms.id, Seen { version: 1, status });
        Ok(())
    }

    async fn insert<Q>(&mut self, row: Q) -> Answer<()>
    where
        Q: QueryFragment<Pg> + QueryId + Send,
    {
        match self.transaction.execute(row).await? {
            1 => Ok(()),
            _ => Err(self.wrong("has no room for a row that is to be restored")),
        }
    }

    async fn insert_tax(&mut self, position: i64, tax: &TaxRecord) -> Answer<()> {
        let terms = tax.terms();
        let line = &terms.line;
        self.insert(RestoreTax {
            id: terms.id.get(),
            payment: terms.payment.get(),
            position,
            tax_type: line.tax_type.to_string(),
            rate: line.rate.to_string(),
            minor: line.amount.minor(),
            amount: line.amount.to_string(),
            currency: line.amount.currency().code(),
            status: tax.status().as_str(),
            line: serde_json::to_string(line).map_err(broken)?,
        })
        .await
    }
}
