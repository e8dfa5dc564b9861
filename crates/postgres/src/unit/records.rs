//! What is written down beside what moved.

use bayar_app::port::store::{Actor, Answer, Counted, Credits, RefundDay, Save};
use bayar_domain::credit::CreditMove;
use bayar_domain::gateway::GatewayRefundId;
use bayar_domain::settlement::{Alert, ExternalRefund, RefundRef};
use bayar_domain::{
    CreditAccount, CreditNote, CreditNoteId, CreditPurchase, Money, Order, OrderKind, PaymentId,
};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::sql_types::{BigInt, Date, Nullable, Text, Timestamptz};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl, QueryableByName,
    SelectableHelper,
};

use super::Unit;
use super::save::{NOT_AS_LOADED, THERE_ALREADY};
use crate::error::{Unreadable, Wrong, broken};
use crate::rows::NoteRow;
use crate::schema::{
    alerts, bayar_now, credit_accounts, credit_entries, credit_notes, external_refunds, refund_days,
};
use crate::statement::statement;

statement! {
    /// Whoever waits for the row looks at it again, and finds what the other one took.
    struct CountRefund {
        actor: String as Text,
        day: NaiveDate as Date,
        currency: &'static str as Text,
        amount: i64 as BigInt,
        limit: i64 as BigInt,
    }
    "UPDATE refund_days SET used_minor = used_minor + " amount "
    WHERE actor = " actor " AND day = " day " AND currency = " currency "
        AND used_minor + " amount " <= " limit
}

statement! {
    struct InsertNote {
        id: i64 as BigInt,
        number: String as Text,
        payment: i64 as BigInt,
        refund: Option<i64> as Nullable<BigInt>,
        external: Option<String> as Nullable<Text>,
        amount_minor: i64 as BigInt,
        amount: String as Text,
        currency: &'static str as Text,
        taxes: String as Text,
        issued_at: DateTime<Utc> as Timestamptz,
    }
    "INSERT INTO credit_notes (id, number, payment_id, refund_id, external_refund, amount_minor, amount, currency,
        taxes, issued_at)
    VALUES (" id ", " number ", " payment ", " refund ", " external ", " amount_minor ",
        CAST(CAST(" amount " AS text) AS numeric), " currency ", " taxes ", " issued_at ")
    ON CONFLICT DO NOTHING"
}

statement! {
    struct PutExternal {
        order: i64 as BigInt,
        refund: String as Text,
        payment: Option<i64> as Nullable<BigInt>,
        capture: String as Text,
        amount_minor: i64 as BigInt,
        amount: String as Text,
        currency: &'static str as Text,
        step: &'static str as Text,
    }
    "INSERT INTO external_refunds (order_id, refund, payment_id, capture, amount_minor, amount, currency, step,
        created_at, updated_at)
    VALUES (" order ", " refund ", " payment ", " capture ", " amount_minor ",
        CAST(CAST(" amount " AS text) AS numeric), " currency ", " step ", bayar_now(), bayar_now())
    ON CONFLICT (order_id, refund) DO UPDATE SET payment_id = excluded.payment_id, capture = excluded.capture,
        amount_minor = excluded.amount_minor, amount = excluded.amount, currency = excluded.currency,
        step = excluded.step, updated_at = excluded.updated_at"
}

statement! {
    struct NextNote {}
    "SELECT nextval('credit_note_ids') AS id"
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

statement! {
    struct PurchaseOf {
        order: i64 as BigInt,
    }
    "SELECT CAST(coalesce(sum(change - shortfall), 0) AS bigint) AS standing,
        CAST(coalesce(sum(shortfall), 0) AS bigint) AS shortfall
    FROM credit_entries WHERE order_id = " order
}

#[derive(QueryableByName)]
struct Purchase {
    #[diesel(sql_type = BigInt)]
    standing: i64,
    #[diesel(sql_type = BigInt)]
    shortfall: i64,
}

impl Unit {
    /// The credits of the buyer, where they are what the order sells. Their account is locked with the order.
    pub(super) async fn load_credits(&mut self, order: &Order) -> Answer<Option<Credits>> {
        let OrderKind::Credits { .. } = order.terms().kind else {
            return Ok(None);
        };
        let owner = order.terms().owner;
        let open = diesel::insert_into(credit_accounts::table)
            .values((
                credit_accounts::user_id.eq(owner.get()),
                credit_accounts::balance.eq(0),
                credit_accounts::updated_at.eq(bayar_now()),
            ))
            .on_conflict_do_nothing();
        let balance = credit_accounts::table
            .filter(credit_accounts::user_id.eq(owner.get()))
            .select(credit_accounts::balance)
            .for_update();
        let mut found: Vec<i64> = self.transaction.load(balance).await?;
        if found.is_empty() {
            self.transaction.execute(open).await?;
            found = self.transaction.load(balance).await?;
        }
        let purchase = PurchaseOf {
            order: self.order.get(),
        };
        let purchase: Vec<Purchase> = self.transaction.load(purchase).await?;
        let unreadable = || Unreadable::of("the credits of order", self.order);
        let (standing, shortfall) = purchase
            .first()
            .map_or((0, 0), |it| (it.standing, it.shortfall));
        let balance = found.first().copied().unwrap_or(0);
        Ok(Some(Credits {
            account: CreditAccount::restore(owner, balance).map_err(unreadable())?,
            purchase: CreditPurchase::restore(self.order, standing, shortfall)
                .map_err(unreadable())?,
        }))
    }

    pub(super) async fn load_notes(&mut self, payment: PaymentId) -> Answer<Vec<CreditNote>> {
        if !self.payments.contains_key(&payment) {
            let fault = "is none of the order";
            return Err(broken(Wrong::new("payment", payment, fault)));
        }
        let notes = credit_notes::table
            .filter(credit_notes::payment_id.eq(payment.get()))
            .order(credit_notes::id)
            .select(NoteRow::as_select());
        let notes: Vec<NoteRow> = self.transaction.load(notes).await?;
        notes.iter().map(NoteRow::note).collect()
    }

    pub(super) async fn next_note(&mut self) -> Answer<CreditNoteId> {
        let ids: Vec<Id> = self.transaction.load(NextNote {}).await?;
        let id = ids.first().map_or(0, |next| next.id);
        CreditNoteId::new(id).map_err(broken)
    }

    pub(super) async fn count(
        &mut self,
        day: &RefundDay,
        amount: Money,
        limit: Money,
    ) -> Answer<Counted> {
        let actor = day.actor.to_string();
        let code = day.currency.code();
        let open = diesel::insert_into(refund_days::table)
            .values((
                refund_days::actor.eq(actor.clone()),
                refund_days::day.eq(day.day),
                refund_days::currency.eq(code),
                refund_days::used_minor.eq(0),
            ))
            .on_conflict_do_nothing();
        self.transaction.execute(open).await?;
        let count = CountRefund {
            actor: actor.clone(),
            day: day.day,
            currency: code,
            amount: amount.minor(),
            limit: limit.minor(),
        };
        if self.transaction.execute(count).await? == 1 {
            return Ok(Counted::Yes);
        }
        let used = refund_days::table
            .filter(refund_days::actor.eq(actor))
            .filter(refund_days::day.eq(day.day))
            .filter(refund_days::currency.eq(code))
            .select(refund_days::used_minor);
        let used: Vec<i64> = self.transaction.load(used).await?;
        let used = used.first().copied().unwrap_or(0);
        let left = limit.minor().saturating_sub(used).max(0);
        Ok(Counted::No(Money::new(left, limit.currency())))
    }

    pub(super) async fn write_records(&mut self, save: &Save<'_>) -> Answer<()> {
        let records = save.records;
        for (refund, state) in &records.external {
            self.put_external(refund, state).await?;
        }
        for note in &records.notes {
            self.insert_note(note).await?;
        }
        for refund in &records.forgotten {
            self.forget_external(refund).await?;
        }
        for moved in &records.credits {
            self.write_credits(moved, save.by).await?;
        }
        for alert in &records.cleared {
            self.clear_alert(alert).await?;
        }
        for alert in &records.raised {
            self.raise_alert(alert).await?;
        }
        Ok(())
    }

    async fn put_external(
        &mut self,
        refund: &GatewayRefundId,
        state: &ExternalRefund,
    ) -> Answer<()> {
        let put = PutExternal {
            order: self.order.get(),
            refund: refund.to_string(),
            payment: state.payment.map(PaymentId::get),
            capture: state.capture.to_string(),
            amount_minor: state.amount.minor(),
            amount: state.amount.to_string(),
            currency: state.amount.currency().code(),
            step: state.step.as_str(),
        };
        self.transaction.execute(put).await?;
        Ok(())
    }

    async fn forget_external(&mut self, refund: &GatewayRefundId) -> Answer<()> {
        let known = external_refunds::order_id
            .eq(self.order.get())
            .and(external_refunds::refund.eq(refund.to_string()));
        let forget = diesel::delete(external_refunds::table.filter(known));
        self.transaction.execute(forget).await?;
        Ok(())
    }

    async fn insert_note(&mut self, note: &CreditNote) -> Answer<()> {
        let terms = note.terms();
        let wrong = |fault| broken(Wrong::new("credit note", &terms.number, fault));
        if !self.payments.contains_key(&terms.payment) {
            return Err(wrong("is for no payment of the order"));
        }
        let (refund, external) = match &terms.refund {
            RefundRef::Ours(id) if !self.refunds.contains_key(id) => {
                return Err(wrong("is for no refund of the order"));
            }
            RefundRef::Ours(id) => (Some(id.get()), None),
            RefundRef::External(name) => (None, Some(name.to_string())),
        };
        let insert = InsertNote {
            id: terms.id.get(),
            number: terms.number.to_string(),
            payment: terms.payment.get(),
            refund,
            external,
            amount_minor: terms.amount.minor(),
            amount: terms.amount.to_string(),
            currency: terms.amount.currency().code(),
            taxes: serde_json::to_string(&terms.taxes).map_err(broken)?,
            issued_at: terms.issued_at,
        };
        if self.transaction.execute(insert).await? != 1 {
            return Err(wrong(THERE_ALREADY));
        }
        Ok(())
    }

    async fn write_credits(&mut self, moved: &CreditMove, by: Actor) -> Answer<()> {
        let CreditMove { account, entry } = moved;
        let owner = account.owner();
        let before = account.balance().checked_sub(entry.change);
        let wrong = |fault| broken(Wrong::new("credits of user", owner, fault));
        let as_loaded = credit_accounts::user_id
            .eq(owner.get())
            .and(credit_accounts::balance.eq(before.ok_or_else(|| wrong(NOT_AS_LOADED))?));
        let update = diesel::update(credit_accounts::table.filter(as_loaded)).set((
            credit_accounts::balance.eq(account.balance()),
            credit_accounts::updated_at.eq(bayar_now()),
        ));
        if self.transaction.execute(update).await? != 1 {
            return Err(wrong(NOT_AS_LOADED));
        }
        let insert = diesel::insert_into(credit_entries::table).values((
            credit_entries::user_id.eq(owner.get()),
            credit_entries::order_id.eq(Some(self.order.get())),
            credit_entries::change.eq(entry.change),
            credit_entries::shortfall.eq(entry.shortfall),
            credit_entries::balance.eq(account.balance()),
            credit_entries::actor.eq(by.to_string()),
            credit_entries::at.eq(bayar_now()),
        ));
        self.transaction.execute(insert).await?;
        Ok(())
    }

    async fn raise_alert(&mut self, alert: &Alert) -> Answer<()> {
        let owed = match alert {
            Alert::RefundFailed { refund } => Some(refund.get()),
            _ => None,
        };
        let raise = diesel::insert_into(alerts::table)
            .values((
                alerts::order_id.eq(self.order.get()),
                alerts::owed.eq(owed),
                alerts::alert.eq(serde_json::to_string(alert).map_err(broken)?),
                alerts::raised_at.eq(bayar_now()),
            ))
            .on_conflict_do_nothing();
        self.transaction.execute(raise).await?;
        Ok(())
    }

    /// It may have been raised before alerts were kept.
    async fn clear_alert(&mut self, alert: &Alert) -> Answer<()> {
        let open = alerts::order_id
            .eq(self.order.get())
            .and(alerts::alert.eq(serde_json::to_string(alert).map_err(broken)?))
            .and(alerts::cleared_at.is_null());
        let clear = diesel::update(alerts::table.filter(open))
            .set(alerts::cleared_at.eq(bayar_now().nullable()));
        self.transaction.execute(clear).await?;
        Ok(())
    }
}
