//! What gateways proved, and the money it tells of.

use std::collections::BTreeMap;

use bayar_app::port::store::{Answer, Save};
use bayar_domain::settlement::Sums;
use bayar_domain::{AttemptTerms, CaptureId, Fact, Money, Settlement};
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl};

use super::Unit;
use super::save::NOT_AS_LOADED;
use crate::error::{Wrong, broken};
use crate::schema::{bayar_now, facts, primary_captures};
use crate::statement::statement;

statement! {
    struct InsertCapture {
        gateway: &'static str as Text,
        account: String as Text,
        mode: &'static str as Text,
        capture: String as Text,
        order: i64 as BigInt,
        payment: i64 as BigInt,
        attempt: i64 as BigInt,
    }
    "INSERT INTO captures (gateway, account, mode, capture, order_id, payment_id, attempt_id,
        captured_minor, captured, refunded_minor, refunded, reserved_minor, reserved, disputed_minor, disputed,
        loss_minor, loss, created_at, updated_at)
    VALUES (" gateway ", " account ", " mode ", " capture ", " order ", " payment ", " attempt ",
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, bayar_now(), bayar_now())
    ON CONFLICT DO NOTHING"
}

statement! {
    struct UpdateCapture {
        order: i64 as BigInt,
        capture: String as Text,
        old_currency: Option<&'static str> as Nullable<Text>,
        old_captured: i64 as BigInt,
        old_refunded: i64 as BigInt,
        old_reserved: i64 as BigInt,
        old_disputed: i64 as BigInt,
        added: Option<i64> as Nullable<BigInt>,
        currency: Option<&'static str> as Nullable<Text>,
        captured_minor: i64 as BigInt,
        captured: String as Text,
        refunded_minor: i64 as BigInt,
        refunded: String as Text,
        reserved_minor: i64 as BigInt,
        reserved: String as Text,
        disputed_minor: i64 as BigInt,
        disputed: String as Text,
        loss_minor: i64 as BigInt,
        loss: String as Text,
    }
    "UPDATE captures SET currency = " currency ",
        captured_minor = " captured_minor ", captured = CAST(CAST(" captured " AS text) AS numeric),
        refunded_minor = " refunded_minor ", refunded = CAST(CAST(" refunded " AS text) AS numeric),
        reserved_minor = " reserved_minor ", reserved = CAST(CAST(" reserved " AS text) AS numeric),
        disputed_minor = " disputed_minor ", disputed = CAST(CAST(" disputed " AS text) AS numeric),
        loss_minor = " loss_minor ", loss = CAST(CAST(" loss " AS text) AS numeric), updated_at = bayar_now()
    WHERE order_id = " order " AND capture = " capture " AND currency IS NOT DISTINCT FROM " old_currency "
        AND captured_minor = " old_captured " AND refunded_minor = " old_refunded "
        AND reserved_minor = " old_reserved " AND disputed_minor = " old_disputed "
        AND coalesce(refunded_minor + reserved_minor + disputed_minor + " added " <= captured_minor, true)"
}

/// One of the sums.
type Part = fn(Sums) -> Money;

impl Unit {
    pub(super) async fn write_facts(&mut self, save: &Save<'_>, is_ours: bool) -> Answer<()> {
        for fact in save.facts {
            self.insert_fact(fact).await?;
        }
        let money = money_of(save.settlement);
        let sums = save.settlement.sums();
        for (capture, terms) in &money {
            if !self.captures.contains_key(*capture) {
                self.insert_capture(capture, terms).await?;
            }
            self.write_sums(capture, sums.get(*capture).copied(), is_ours)
                .await?;
        }
        let primary = save.settlement.primary();
        if primary != self.primary.as_ref() {
            self.release_primary().await?;
        }
        if let Some(capture) = primary
            && self.primary.is_none()
        {
            let terms = money.get(capture).copied();
            let unknown = || broken(Wrong::new("capture", capture, "is told of by no fact"));
            self.insert_primary(capture, terms.ok_or_else(unknown)?)
                .await?;
        }
        Ok(())
    }

    async fn insert_fact(&mut self, fact: &Fact) -> Answer<()> {
        let key = fact.key();
        let wrong = |fault| {
            let name = format!("{} {}", key.kind, key.object);
            broken(Wrong::new("fact", name, fault))
        };
        if !self.attempts.contains_key(&fact.attempt()) {
            return Err(wrong("is about no attempt of the order"));
        }
        let insert = diesel::insert_into(facts::table)
            .values((
                facts::gateway.eq(key.source.gateway.as_str()),
                facts::account.eq(key.source.account.as_str()),
                facts::mode.eq(key.source.mode.as_str()),
                facts::kind.eq(key.kind.as_str()),
                facts::object.eq(key.object.clone()),
                facts::step.eq(key.step.clone()),
                facts::order_id.eq(self.order.get()),
                facts::attempt_id.eq(fact.attempt().get()),
                facts::fact.eq(serde_json::to_string(fact).map_err(broken)?),
                facts::at.eq(fact.at()),
                facts::recorded_at.eq(bayar_now()),
            ))
            .on_conflict_do_nothing();
        if self.transaction.execute(insert).await? != 1 {
            return Err(wrong("counts already"));
        }
        Ok(())
    }

    /// Money counts for the order that a fact first told it of.
    async fn insert_capture(&mut self, capture: &CaptureId, terms: &AttemptTerms) -> Answer<()> {
        let insert = InsertCapture {
            gateway: terms.source.gateway.as_str(),
            account: terms.source.account.to_string(),
            mode: terms.source.mode.as_str(),
            capture: capture.to_string(),
            order: self.order.get(),
            payment: terms.payment.get(),
            attempt: terms.id.get(),
        };
        if self.transaction.execute(insert).await? != 1 {
            let fault = "counts for another order";
            return Err(broken(Wrong::new("capture", capture, fault)));
        }
        self.captures.insert(capture.clone(), None);
        Ok(())
    }

    async fn write_sums(
        &mut self,
        capture: &CaptureId,
        sums: Option<Sums>,
        is_ours: bool,
    ) -> Answer<()> {
        let seen = self.captures.get(capture).copied().flatten();
        if seen == sums {
            return Ok(());
        }
        let minor = |sums: Option<Sums>, money: Part| sums.map_or(0, |sums| money(sums).minor());
        let text =
            |money: Part| sums.map_or_else(|| "0".to_owned(), |sums| money(sums).to_string());
        let currency = |sums: Option<Sums>| sums.map(|sums| sums.captured.currency().code());
        let update = UpdateCapture {
            order: self.order.get(),
            capture: capture.to_string(),
            old_currency: currency(seen),
            old_captured: minor(seen, |sums| sums.captured),
            old_refunded: minor(seen, |sums| sums.refunded),
            old_reserved: minor(seen, |sums| sums.reserved),
            old_disputed: minor(seen, |sums| sums.disputed),
            // By our doing never more is reserved than is there.
            added: is_ours
                .then(|| {
                    let reserved = |sums| minor(sums, |sums| sums.reserved);
                    reserved(sums).saturating_sub(reserved(seen))
                })
                .filter(|added| *added > 0),
            currency: currency(sums),
            captured_minor: minor(sums, |sums| sums.captured),
            captured: text(|sums| sums.captured),
            refunded_minor: minor(sums, |sums| sums.refunded),
            refunded: text(|sums| sums.refunded),
            reserved_minor: minor(sums, |sums| sums.reserved),
            reserved: text(|sums| sums.reserved),
            disputed_minor: minor(sums, |sums| sums.disputed),
            disputed: text(|sums| sums.disputed),
            loss_minor: minor(sums, Sums::loss),
            loss: text(Sums::loss),
        };
        if self.transaction.execute(update).await? != 1 {
            return Err(broken(Wrong::new("capture", capture, NOT_AS_LOADED)));
        }
        self.captures.insert(capture.clone(), sums);
        Ok(())
    }

    async fn release_primary(&mut self) -> Answer<()> {
        let Some(capture) = self.primary.take() else {
            return Ok(());
        };
        let kept = primary_captures::order_id
            .eq(self.order.get())
            .and(primary_captures::capture.eq(capture.to_string()))
            .and(primary_captures::released_at.is_null());
        let release = diesel::update(primary_captures::table.filter(kept))
            .set(primary_captures::released_at.eq(bayar_now().nullable()));
        if self.transaction.execute(release).await? != 1 {
            return Err(broken(Wrong::new("capture", capture, NOT_AS_LOADED)));
        }
        Ok(())
    }

    async fn insert_primary(&mut self, capture: &CaptureId, terms: &AttemptTerms) -> Answer<()> {
        let insert = diesel::insert_into(primary_captures::table)
            .values((
                primary_captures::order_id.eq(self.order.get()),
                primary_captures::gateway.eq(terms.source.gateway.as_str()),
                primary_captures::account.eq(terms.source.account.to_string()),
                primary_captures::mode.eq(terms.source.mode.as_str()),
                primary_captures::capture.eq(capture.to_string()),
                primary_captures::decided_at.eq(bayar_now()),
            ))
            .on_conflict_do_nothing();
        if self.transaction.execute(insert).await? != 1 {
            let fault = "is not the only money that pays the order";
            return Err(broken(Wrong::new("capture", capture, fault)));
        }
        self.primary = Some(capture.clone());
        Ok(())
    }
}

/// All money that the facts tell of, and the attempt it came through.
fn money_of(settlement: &Settlement) -> BTreeMap<&CaptureId, &AttemptTerms> {
    let told = settlement.facts().filter_map(|fact| {
        let attempt = settlement.attempt(fact.attempt())?;
        Some((fact.proof().capture()?, attempt.terms()))
    });
    told.collect()
}
