//! Opening a payment: one statement, one round trip, all of it or nothing.

use bayar_app::port::store::{Answer, Opened, Opening};
use bayar_domain::TaxRecord;
use chrono::{DateTime, Utc};
use diesel::pg::data_types::PgInterval;
use diesel::sql_types::{Array, BigInt, Binary, Interval, Text, Timestamptz};

use crate::PgStore;
use crate::error::{Failure, Wrong, broken};
use crate::keys::KeyColumns;
use crate::rows::state_text;
use crate::run::Refused;
use crate::statement::{interval, statement};

statement! {
    /// `taken` is lock, check and decision in one: an UPDATE that had to wait looks at the newest row again,
    /// which a SELECT FOR UPDATE beside a subquery would not. Everything else is made of the row before it,
    /// so that without `taken` there is nothing. A clash with a key or an id undoes all of it.
    struct OpenPayment {
        payment_id: i64 as BigInt,
        order_id: i64 as BigInt,
        user_id: i64 as BigInt,
        price_minor: i64 as BigInt,
        currency: &'static str as Text,
        amount_minor: i64 as BigInt,
        amount: String as Text,
        payment_method: &'static str as Text,
        status: &'static str as Text,
        state: String as Text,
        deadline: DateTime<Utc> as Timestamptz,
        created_at: DateTime<Utc> as Timestamptz,
        tax_ids: Vec<i64> as Array<BigInt>,
        tax_types: Vec<String> as Array<Text>,
        tax_rates: Vec<String> as Array<Text>,
        tax_minors: Vec<i64> as Array<BigInt>,
        tax_amounts: Vec<String> as Array<Text>,
        tax_statuses: Vec<&'static str> as Array<Text>,
        tax_lines: Vec<String> as Array<Text>,
        invoice_id: i64 as BigInt,
        invoice_number: String as Text,
        invoice_minor: i64 as BigInt,
        invoice_amount: String as Text,
        invoice_status: &'static str as Text,
        issued_at: DateTime<Utc> as Timestamptz,
        actor: String as Text,
        owner: String as Text,
        route: &'static str as Text,
        key: String as Text,
        request_hash: Vec<u8> as Binary,
        body: Vec<u8> as Binary,
        kept_for: PgInterval as Interval,
    }
    "WITH taken AS (
        UPDATE orders
        SET live_payment_id = " payment_id ", version = version + 1, updated_at = bayar_now()
        WHERE id = " order_id " AND user_id = " user_id " AND price_minor = " price_minor " AND currency = " currency "
            AND status = 'pending' AND live_payment_id IS NULL
        RETURNING id, user_id, consultation_id, price_minor, currency, live_payment_id
    ), opened AS (
        INSERT INTO payments (id, order_id, user_id, consultation_id, price_minor, amount_minor, amount, currency,
            payment_method, status, state, version, deadline, created_at, updated_at)
        SELECT taken.live_payment_id, taken.id, taken.user_id, taken.consultation_id, taken.price_minor,
            " amount_minor ", CAST(" amount " AS numeric), taken.currency,
            " payment_method ", " status ", " state ", 1, " deadline ", " created_at ", " created_at "
        FROM taken
        RETURNING id, currency, status, deadline
    ), taxed AS (
        INSERT INTO tax_records (id, payment_id, position, tax_type, rate, tax_amount_minor, tax_amount, currency,
            status, line)
        SELECT tax.id, opened.id, tax.position, tax.tax_type, CAST(tax.rate AS numeric),
            tax.minor, CAST(tax.amount AS numeric), opened.currency, tax.status, tax.line
        FROM opened, unnest(" tax_ids ", " tax_types ", " tax_rates ", " tax_minors ", " tax_amounts ",
            " tax_statuses ", " tax_lines ")
            WITH ORDINALITY AS tax (id, tax_type, rate, minor, amount, status, line, position)
    ), invoiced AS (
        INSERT INTO invoices (id, payment_id, invoice_number, amount_minor, amount, currency, status, issued_at)
        SELECT " invoice_id ", opened.id, " invoice_number ", " invoice_minor ", CAST(" invoice_amount " AS numeric),
            opened.currency, " invoice_status ", " issued_at "
        FROM opened
    ), recorded AS (
        INSERT INTO payment_events (payment_id, version, from_status, to_status, actor, at)
        SELECT opened.id, 1, NULL, opened.status, " actor ", bayar_now()
        FROM opened
    ), announced AS (
        INSERT INTO outbox (aggregate, sequence, kind, created_at)
        SELECT 'payment:' || opened.id, 1, 'payment.created', bayar_now()
        FROM opened
    ), scheduled AS (
        INSERT INTO jobs (kind, subject_id, due_at)
        SELECT 'expire_payment', opened.id, opened.deadline
        FROM opened
    ), answered AS (
        INSERT INTO idempotency_keys (owner, route, key, request_hash, payment_id, body, created_at, kept_until)
        SELECT " owner ", " route ", " key ", " request_hash ", opened.id, " body ", bayar_now(), bayar_now() + " kept_for "
        FROM opened
    )
    SELECT id FROM opened"
}

impl PgStore {
    pub(crate) async fn open(&self, opening: &Opening) -> Answer<Opened> {
        match self.write(OpenPayment::new(opening)?).await {
            Ok(0) | Err(Refused::Failed(Failure::Taken(_))) => Ok(Opened::No),
            Ok(_) => Ok(Opened::Yes),
            Err(refused) => Err(refused.into()),
        }
    }
}

impl OpenPayment {
    fn new(opening: &Opening) -> Answer<Self> {
        let (payment, invoice) = (&opening.bill.payment, &opening.bill.invoice);
        let (order, terms, paper) = (opening.order.terms(), payment.terms(), invoice.terms());
        // The row of the payment is made of the row of the order: the bill must be of that order.
        if (terms.order, terms.user, terms.price) != (order.id, order.owner, order.price) {
            let fault = "was made for another order than it is opened for";
            return Err(broken(Wrong::new("payment", terms.id, fault)));
        }
        let KeyColumns { owner, route, key } = KeyColumns::of(&opening.claim.scope);
        let answer = &opening.claim.answer;
        let taxes = || opening.bill.taxes.iter();
        let line = |tax: &TaxRecord| serde_json::to_string(&tax.terms().line).map_err(broken);
        Ok(Self {
            payment_id: terms.id.get(),
            order_id: order.id.get(),
            user_id: order.owner.get(),
            price_minor: order.price.minor(),
            currency: order.price.currency().code(),
            amount_minor: terms.amount.minor(),
            amount: terms.amount.to_string(),
            payment_method: payment.payment_method().as_str(),
            status: payment.status().as_str(),
            state: state_text(payment.state())?,
            deadline: terms.deadline,
            created_at: terms.created_at,
            tax_ids: taxes().map(|tax| tax.terms().id.get()).collect(),
            tax_types: taxes()
                .map(|tax| tax.terms().line.tax_type.to_string())
                .collect(),
            tax_rates: taxes()
                .map(|tax| tax.terms().line.rate.to_string())
                .collect(),
            tax_minors: taxes().map(|tax| tax.terms().line.amount.minor()).collect(),
            tax_amounts: taxes()
                .map(|tax| tax.terms().line.amount.to_string())
                .collect(),
            tax_statuses: taxes().map(|tax| tax.status().as_str()).collect(),
            tax_lines: taxes().map(line).collect::<Answer<_>>()?,
            invoice_id: paper.id.get(),
            invoice_number: paper.number.to_string(),
            invoice_minor: paper.amount.minor(),
            invoice_amount: paper.amount.to_string(),
            invoice_status: invoice.status().as_str(),
            issued_at: paper.issued_at,
            actor: opening.by.to_string(),
            owner,
            route,
            key,
            request_hash: answer.request.as_bytes().to_vec(),
            body: answer.body.clone(),
            kept_for: interval(opening.claim.kept_for)?,
        })
    }
}
