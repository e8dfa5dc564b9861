//! How things are spoiled: each kind by its name, with the order it is done to and the rule that must notice.

use bayar_auditor::Check;
use bayar_tests::stage::Ordered;
use serde_json::{Value, json};

use crate::pages::Pages;
use crate::scenario::Scenario;

/// The order something is done to.
pub type Which = fn(&Scenario) -> &Ordered;

/// What is done.
pub enum Spoil {
    /// To the tables. `{order}` and `{payment}` are ids.
    Tables(&'static str),
    /// To the gateways' book.
    Book(fn(&mut Pages, &Ordered)),
    /// To what a client says it was told.
    Told(fn(&mut Value)),
}

pub struct Kind {
    pub name: &'static str,
    pub which: Which,
    pub notices: Check,
    pub spoil: Spoil,
}

const fn tables(name: &'static str, which: Which, notices: Check, sql: &'static str) -> Kind {
    let spoil = Spoil::Tables(sql);
    Kind {
        name,
        which,
        notices,
        spoil,
    }
}

const fn book(
    name: &'static str,
    which: Which,
    notices: Check,
    change: fn(&mut Pages, &Ordered),
) -> Kind {
    let spoil = Spoil::Book(change);
    Kind {
        name,
        which,
        notices,
        spoil,
    }
}

const fn told(name: &'static str, change: fn(&mut Value)) -> Kind {
    let (which, notices) = (paid as Which, Check::AnswersKept);
    let spoil = Spoil::Told(change);
    Kind {
        name,
        which,
        notices,
        spoil,
    }
}

fn paid(scenario: &Scenario) -> &Ordered {
    &scenario.paid
}
fn part(scenario: &Scenario) -> &Ordered {
    &scenario.part
}
fn whole(scenario: &Scenario) -> &Ordered {
    &scenario.whole
}
fn twice(scenario: &Scenario) -> &Ordered {
    &scenario.twice
}
fn cancelled(scenario: &Scenario) -> &Ordered {
    &scenario.cancelled
}
fn open(scenario: &Scenario) -> &Ordered {
    &scenario.open
}
fn waiting(scenario: &Scenario) -> &Ordered {
    &scenario.waiting
}

/// Every kind. `docs/AUDIT.md` lists them by these names.
#[rustfmt::skip] // a table
pub fn kinds() -> Vec<Kind> {
    use Check as C;
    vec![
        // The tables.
        tables("the order forgets its live payment", paid, C::LivePointer,
            "UPDATE orders SET live_payment_id = NULL WHERE id = {order}"),
        tables("the order points at a payment that has ended", cancelled, C::LivePointer,
            "UPDATE orders SET live_payment_id = {payment} WHERE id = {order}"),
        tables("a payment counts as paid without money", waiting, C::NothingInvented,
            "UPDATE payments SET status = 'completed' WHERE id = {payment}"),
        tables("the proof of money is gone, with all that follows from it", paid, C::NothingLost,
            "DELETE FROM primary_captures WHERE order_id = {order}; DELETE FROM captures WHERE order_id = {order};
             DELETE FROM facts WHERE order_id = {order}"),
        tables("money is proved and has no account", paid, C::NothingLost,
            "DELETE FROM captures WHERE order_id = {order}"),
        tables("a proof tells another amount", paid, C::SameMoney,
            "UPDATE facts SET fact = replace(fact, '150000.00', '149999.00') WHERE order_id = {order} AND kind = 'captured'"),
        tables("a proof tells another currency", paid, C::SameMoney,
            "UPDATE facts SET fact = replace(fact, 'IDR', 'PHP') WHERE order_id = {order} AND kind = 'captured'"),
        tables("the payment was opened over another amount than came in", paid, C::NothingInvented,
            "UPDATE payments SET amount_minor = amount_minor + 100 WHERE id = {payment}"),
        tables("a captured sum is larger than what came in", paid, C::SumsTrue,
            "UPDATE captures SET captured_minor = captured_minor + 1 WHERE order_id = {order}"),
        tables("a refunded sum is forgotten", part, C::SumsTrue,
            "UPDATE captures SET refunded_minor = 0 WHERE order_id = {order}"),
        tables("a reservation is left behind", paid, C::SumsTrue,
            "UPDATE captures SET reserved_minor = 100 WHERE order_id = {order}"),
        tables("two captures pay one order", twice, C::PrimaryUnique,
            "INSERT INTO primary_captures (order_id, gateway, account, mode, capture, decided_at)
             SELECT order_id, gateway, account, mode, capture, created_at FROM captures
             WHERE order_id = {order} AND gateway = 'midtrans'"),
        tables("the capture that pays was released without cause", paid, C::PrimaryUnique,
            "UPDATE primary_captures SET released_at = decided_at WHERE order_id = {order}"),
        tables("a capture counts for the payment of another order", paid, C::PrimaryUnique,
            "UPDATE captures SET payment_id = (SELECT min(id) FROM payments WHERE id <> {payment}) WHERE order_id = {order}"),
        tables("the history has a gap", paid, C::HistoryWhole,
            "DELETE FROM payment_events WHERE payment_id = {payment} AND version = 2"),
        tables("the history makes a move that is not legal", cancelled, C::HistoryWhole,
            "UPDATE payment_events SET to_status = 'expired' WHERE payment_id = {payment} AND version = 2;
             UPDATE payment_events SET from_status = 'expired' WHERE payment_id = {payment} AND version = 3"),
        tables("a payment stands elsewhere than its history ends", cancelled, C::HistoryWhole,
            "UPDATE payments SET status = 'expired' WHERE id = {payment}"),
        tables("a payment stands elsewhere than its money says", part, C::PaymentState,
            "UPDATE payments SET status = 'completed' WHERE id = {payment}"),
        tables("an order stands elsewhere than its money says", paid, C::OrderState,
            "UPDATE orders SET status = 'pending' WHERE id = {order}"),
        tables("an order that gave everything back counts as served", whole, C::OrderState,
            "UPDATE orders SET status = 'completed' WHERE id = {order}"),
        tables("a paid checkout counts as closed", paid, C::AttemptState,
            "UPDATE attempts SET status = 'closed' WHERE order_id = {order}"),
        tables("a checkout counts as closed without proof", open, C::AttemptState,
            "UPDATE attempts SET status = 'closed' WHERE order_id = {order}"),
        tables("the invoice of paid money is void", paid, C::PapersAgree,
            "UPDATE invoices SET status = 'void' WHERE payment_id = {payment}"),
        tables("an invoice is over another amount", waiting, C::PapersAgree,
            "UPDATE invoices SET amount_minor = amount_minor + 1 WHERE payment_id = {payment}"),
        tables("an invoice is missing", waiting, C::PapersAgree,
            "DELETE FROM invoices WHERE payment_id = {payment}"),
        tables("a tax was not collected", paid, C::PapersAgree,
            "UPDATE tax_records SET status = 'pending' WHERE payment_id = {payment}"),
        tables("the reversed share of a tax is wrong", part, C::PapersAgree,
            "UPDATE tax_records SET reversed_minor = reversed_minor - 100 WHERE payment_id = {payment}"),
        tables("the refund of surplus was never written down", twice, C::RefundState,
            "DELETE FROM refunds WHERE order_id = {order}"),
        tables("the refund of surplus counts as failed", twice, C::RefundState,
            "UPDATE refunds SET status = 'failed' WHERE order_id = {order}"),
        tables("the refund of surplus is over another amount", twice, C::RefundedOnce,
            "UPDATE refunds SET amount_minor = amount_minor - 100 WHERE order_id = {order}"),
        tables("surplus is given back twice", twice, C::RefundsWithinCapture,
            "INSERT INTO refunds (id, payment_id, order_id, capture, origin, amount_minor, amount, currency, status, state,
                version, created_at, updated_at)
             SELECT id + 1000, payment_id, order_id, capture, origin, amount_minor, amount, currency, 'sent', state,
                version, created_at, updated_at FROM refunds WHERE order_id = {order}"),
        tables("a refund and the one in its place both go back", twice, C::RefundedOnce,
            "INSERT INTO refunds (id, payment_id, order_id, capture, origin, amount_minor, amount, currency, status, state,
                version, created_at, updated_at)
             SELECT id + 1000, payment_id, order_id, capture, origin, amount_minor, amount, currency, 'sent', state,
                version, created_at, updated_at FROM refunds WHERE order_id = {order};
             INSERT INTO decisions (order_id, position, decision, actor, at)
             SELECT order_id, 1000, '{\"decision\":\"retry_refund\",\"refund\":' || (id - 1000) || ',\"anew\":' || id || '}',
                'command', created_at FROM refunds WHERE order_id = {order} AND id > 1000"),
        tables("a refund at the dashboard is forgotten", part, C::RefundsAgree,
            "DELETE FROM facts WHERE order_id = {order} AND kind = 'refunded'"),
        tables("a payment that waits owns no job", waiting, C::JobsOwned,
            "DELETE FROM jobs WHERE kind = 'expire_payment' AND subject_id = {payment}"),
        tables("the job of an open checkout is done already", open, C::JobsOwned,
            "UPDATE jobs SET done_at = due_at WHERE kind = 'watch_attempt'
                AND subject_id IN (SELECT id FROM attempts WHERE order_id = {order})"),
        tables("a payment waits for ever", waiting, C::NothingStuck,
            "UPDATE payments SET deadline = '2020-01-01T00:00:00.000000Z', created_at = '2019-01-01T00:00:00.000000Z'
             WHERE id = {payment}"),
        tables("a checkout is open for ever", open, C::NothingStuck,
            "UPDATE attempts SET created_at = '2020-01-01T00:00:00.000000Z' WHERE order_id = {order}"),
        tables("nobody knows what became of a call, for ever", paid, C::NothingStuck,
            "UPDATE gateway_calls SET status = 'sent', finished_at = NULL, created_at = '2020-01-01T00:00:00.000000Z'
             WHERE order_id = {order}"),
        tables("a job is due for ever", waiting, C::NothingStuck,
            "UPDATE jobs SET due_at = '2020-01-01T00:00:00.000000Z' WHERE kind = 'expire_payment' AND subject_id = {payment}"),
        tables("the job of an answer is due for ever", open, C::NothingStuck,
            "INSERT INTO jobs (kind, subject_id, due_at) SELECT 'carry_answer', id, '2020-01-01T00:00:00.000000Z'
             FROM attempts WHERE order_id = {order}"),
        tables("the job of a review is due for ever", waiting, C::NothingStuck,
            "INSERT INTO jobs (kind, subject_id, due_at) VALUES ('watch_review', {payment}, '2020-01-01T00:00:00.000000Z')"),
        tables("a job is due for ever and about nothing", waiting, C::NothingStuck,
            "INSERT INTO jobs (kind, subject_id, due_at) VALUES ('watch_attempt', 4711, '2020-01-01T00:00:00.000000Z')"),
        tables("money under review owns no job", waiting, C::JobsOwned,
            "UPDATE payments SET status = 'under_review' WHERE id = {payment}"),
        tables("an answer that a gateway waits for owns no job", paid, C::JobsOwned,
            "UPDATE gateway_calls SET operation = 'answer', status = 'sent', finished_at = NULL WHERE order_id = {order}"),
        tables("a call outlives its checkout and owns no job", paid, C::JobsOwned,
            "UPDATE gateway_calls SET status = 'sent', finished_at = NULL WHERE order_id = {order}"),
        tables("nobody works on a webhook that came", paid, C::WebhooksHeard,
            "INSERT INTO inbox (gateway, account, mode, event_key, event_type, headers, body, received_at, status,
                next_try_at, order_id)
             SELECT 'stripe', '-', 'test', 'evt_lost', 'charge.refunded', '{}', hash, '2020-01-01T00:00:00.000000Z',
                'received', '2020-01-01T00:00:00.000000Z', {order} FROM api_keys LIMIT 1"),
        tables("nobody does what the schedule has due", waiting, C::ScheduleKept,
            "INSERT INTO schedule (name, due_at) VALUES ('check-unresolved', '2020-01-01T00:00:00.000000Z')"),
        tables("a call that was made is written down nowhere", paid, C::KeysKnown,
            "DELETE FROM gateway_calls WHERE order_id = {order}"),
        tables("a checkout was opened without a call", paid, C::GenerationsWhole,
            "DELETE FROM gateway_calls WHERE order_id = {order}"),
        tables("the generations of a call have a gap", paid, C::GenerationsWhole,
            "UPDATE gateway_calls SET generation = 3 WHERE order_id = {order}"),
        tables("a call that was made counts as never sent", paid, C::CallsTrue,
            "UPDATE gateway_calls SET status = 'planned', epoch = 0, finished_at = NULL WHERE order_id = {order}"),
        tables("a call that opened a checkout counts as refused", paid, C::CallsTrue,
            "UPDATE gateway_calls SET status = 'refused' WHERE order_id = {order}"),
        tables("a key answers with somebody else's payment", paid, C::KeysAnswerTheirs,
            "UPDATE idempotency_keys SET body = (SELECT body FROM idempotency_keys WHERE payment_id <> {payment} LIMIT 1)
             WHERE payment_id = {payment}"),
        tables("the world is not told that a payment is paid", paid, C::OutboxWhole,
            "DELETE FROM outbox WHERE aggregate = 'payment:{payment}' AND kind = 'payment.completed'"),
        tables("the world is told something else of an order", paid, C::OutboxWhole,
            "UPDATE outbox SET kind = 'order.cancelled' WHERE aggregate = 'order:' || {order}"),
        tables("play money and money are mixed", paid, C::AccountsApart,
            "UPDATE captures SET mode = 'live' WHERE order_id = {order}"),
        tables("a checkout belongs to another account", open, C::AccountsApart,
            "INSERT INTO facts (gateway, account, mode, kind, object, step, order_id, attempt_id, fact, at, recorded_at)
             SELECT gateway, 'acct_of_a_stranger', mode, 'declined', 'try', 'once', order_id, id, '{}', created_at, created_at
             FROM attempts WHERE order_id = {order}"),
        tables("an amount for people says something else", paid, C::AmountsReadable,
            "UPDATE payments SET amount = '1.00' WHERE id = {payment}"),
        tables("a credit note is missing", part, C::CreditNotesAgree,
            "DELETE FROM credit_notes WHERE payment_id = {payment}"),
        tables("a credit note reverses another part of a tax", part, C::CreditNotesAgree,
            "UPDATE credit_notes SET taxes = '[]' WHERE payment_id = {payment}"),
        tables("a refund at the dashboard is not written down", whole, C::ExternalRefundsAgree,
            "DELETE FROM external_refunds WHERE order_id = {order}"),
        tables("somebody is called for nothing", paid, C::AlertsTrue,
            "INSERT INTO alerts (order_id, alert, raised_at) SELECT order_id,
                '{\"alert\":\"review\",\"payment\":' || id || ',\"capture\":\"x\",\"reason\":\"amount_differs\"}', created_at
             FROM payments WHERE id = {payment}"),
        tables("somebody is called for a refund that goes back", twice, C::AlertsTrue,
            "INSERT INTO alerts (order_id, owed, alert, raised_at)
             SELECT order_id, id, '{\"alert\":\"refund_failed\",\"refund\":' || id || '}', created_at
             FROM refunds WHERE payment_id = {payment}"),
        tables("the history of a refund has another end", twice, C::HistoryWhole,
            "UPDATE refund_events SET to_status = 'failed'
             WHERE refund_id IN (SELECT id FROM refunds WHERE order_id = {order})"),
        tables("a balance of credits comes from nowhere", paid, C::CreditsAdd,
            "INSERT INTO credit_accounts (user_id, balance, updated_at) SELECT user_id, 5, created_at FROM payments
             WHERE id = {payment}"),
        // The gateways' book.
        book("the gateway knows nothing of the money", paid, C::NothingInvented,
            |pages, order| pages.tear_out("captured", &order.number)),
        book("the gateway took the money twice", paid, C::OneCharge,
            |pages, order| pages.repeat("captured", &order.number, "capture", json!("pi_twice"))),
        book("money came that is recorded nowhere", waiting, C::NothingLost,
            |pages, order| pages.add(json!({"kind": "captured", "gateway": "stripe", "capture": "pi_lost", "session": null,
                "order": order.number, "amount": 15_000_000, "currency": "idr"}))),
        book("money came for an order of nobody", waiting, C::NothingLost,
            |pages, _| pages.add(json!({"kind": "captured", "gateway": "stripe", "capture": "pi_lost", "session": null,
                "order": NOBODY, "amount": 15_000_000, "currency": "idr"}))),
        book("the gateway took another amount", paid, C::SameMoney,
            |pages, order| pages.forge("captured", &order.number, "amount", &json!(14_999_900))),
        book("the gateway took it for another order", paid, C::SameMoney,
            |pages, order| pages.forge("captured", &order.number, "order", &json!(NOBODY))),
        book("the surplus never went back at the gateway", twice, C::RefundsAgree,
            |pages, order| pages.tear_out("refund", &order.number)),
        book("the surplus went back twice at the gateway", twice, C::RefundsWithinCapture,
            |pages, order| pages.repeat("refund", &order.number, "refund", json!("once-more"))),
        book("a part went back that nobody recorded", paid, C::RefundsAgree,
            |pages, order| {
                let capture = pages.find("captured", &order.number)["capture"].clone();
                pages.add(json!({"kind": "refund", "gateway": "stripe", "refund": "re_lost", "capture": capture,
                    "order": order.number, "amount": 100, "status": "succeeded", "by": "dashboard"}));
            }),
        book("the money was reversed and still counts as paid", paid, C::RefundsAgree,
            |pages, order| {
                let capture = pages.find("captured", &order.number)["capture"].clone();
                pages.add(json!({"kind": "reversed", "gateway": "stripe", "capture": capture, "order": order.number,
                    "amount": 15_000_000}));
            }),
        book("two checkouts could be paid at once", open, C::OneOpenSession,
            |pages, order| pages.repeat("session_opened", &order.number, "session", json!("cs_second"))),
        book("a call was made twice under another key", paid, C::KeysKnown,
            |pages, order| {
                let mut asked = pages.find("request_received", &order.number);
                let key = format!("{}f", asked["key"].as_str().unwrap());
                asked["key"] = json!(key);
                pages.add(asked);
            }),
        book("a key was used for another order", paid, C::CallsTrue,
            |pages, order| {
                let mut asked = pages.find("request_received", &order.number);
                asked["order"] = json!(NOBODY);
                pages.add(asked);
            }),
        // What clients were told.
        told("a client was told of a payment that is not there",
            |body| body["data"] = json!({"payment_id": 4711})),
        told("a client was told of an end that never was",
            |body| body["data"]["payment"]["status"] = json!("refunded")),
        told("a client was told another amount",
            |body| body["data"]["payment"]["amount"] = json!("1.00")),
        told("a client was told of a refund that is not there",
            |body| body["data"]["refund"] = json!({"id": 4711})),
    ]
}

/// An order that is not there.
pub const NOBODY: &str = "INV202501010000-0BAD";
