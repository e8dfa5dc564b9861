//! Papers of money that went back, refunds that others made, credits, and what operators are called for.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::store::{Actor, Credits, Loaded, Records, Save, Store};
use bayar_domain::credit::CreditMove;
use bayar_domain::credit_note::TaxShare;
use bayar_domain::fact::RefundStep;
use bayar_domain::order::OrderKind;
use bayar_domain::settlement::{Alert, Changes, ExternalRefund, RefundRef};
use bayar_domain::{
    CreditEntry, CreditNote, CreditNoteNumber, CreditNoteTerms, Money, Order, Settlement,
};

use super::checkouts::{Checkout, assert_refused, request_refund};
use super::refund_records::write;
use super::steps::{bare, begin, patiently};
use crate::builders::{AnOrder, a_capture, php};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! refund_paper_cases {
    ($fresh:ident) => {
        mod refund_papers {
            use $crate::contract::store::refund_papers as cases;
            $crate::contract_tests! { $fresh:
                credit_notes_come_back_as_they_were_issued,
                a_credit_note_for_something_of_another_order_is_refused,
                a_refund_of_somebody_else_is_kept_until_it_turns_out_to_be_ours,
                an_alert_is_open_once,
                credits_move_by_entries,
                credits_that_are_not_as_they_were_loaded_are_refused,
                two_orders_of_one_buyer_share_their_credits,
            }
        }
    };
}

/// A note over that amount of a payment.
async fn a_note(
    store: &dyn Store,
    checkout: &Checkout,
    refund: RefundRef,
    amount: Money,
) -> CreditNote {
    let tax = checkout.opening.bill.taxes[0].terms().id;
    let (mut unit, _, now) = begin(store, checkout.order).await;
    let id = unit.credit_note_id().await.unwrap();
    unit.commit().await.unwrap();
    CreditNote::issue(CreditNoteTerms {
        id,
        payment: checkout.payment,
        refund,
        number: CreditNoteNumber::new(now, id).unwrap(),
        amount,
        taxes: vec![TaxShare {
            record: tax,
            amount: Money::new(amount.minor() / 10, amount.currency()),
        }],
        issued_at: checkout.opening.bill.invoice.terms().issued_at,
    })
    .unwrap()
}

fn noted(note: CreditNote) -> Records {
    Records {
        notes: vec![note],
        ..Records::default()
    }
}

pub async fn credit_notes_come_back_as_they_were_issued(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let refund = request_refund(&*store, &checkout, Some(php(100))).await;
    let ours = RefundRef::Ours(refund);
    let theirs = RefundRef::External("re_9".parse().unwrap());
    let mut issued = Vec::new();
    for (refund, amount) in [(ours.clone(), 100), (theirs, 50), (ours, -100)] {
        let note = a_note(&*store, &checkout, refund, php(amount)).await;
        write(&*store, &checkout, &noted(note.clone())).await;
        issued.push(note);
    }
    let notes = beside.credit_notes_of(checkout.payment).await.unwrap();
    assert_eq!(notes, issued);
    let (mut unit, _, _) = begin(&*store, checkout.order).await;
    assert_eq!(unit.credit_notes(checkout.payment).await.unwrap(), issued);
    unit.rollback().await;
    let numbers: std::collections::BTreeSet<_> = notes
        .iter()
        .map(|note| note.terms().number.to_string())
        .collect();
    assert_eq!(numbers.len(), 3);
    let for_people = "SELECT CAST(amount AS text) FROM credit_notes ORDER BY id";
    assert_eq!(fixture.texts(for_people).await, ["1.00", "0.50", "-1.00"]);
}

pub async fn a_credit_note_for_something_of_another_order_is_refused(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let one = Checkout::paid(&*store, "pi_1").await;
    let other = Checkout::paid(&*store, "pi_2").await;
    let refund = request_refund(&*store, &one, Some(php(100))).await;
    let strange = a_note(&*store, &one, RefundRef::Ours(refund), php(100)).await;
    let unknown = a_note(&*store, &other, RefundRef::Ours(refund), php(100)).await;
    for note in [strange, unknown] {
        let (mut unit, settlement, _) = begin(&*store, other.order).await;
        let saved = unit
            .save(&Save {
                records: &noted(note),
                ..bare(&settlement, &Changes::default())
            })
            .await;
        assert_refused(saved);
        unit.rollback().await;
    }
    let (mut unit, _, _) = begin(&*store, other.order).await;
    assert_refused(unit.credit_notes(one.payment).await);
    unit.rollback().await;
    for checkout in [&one, &other] {
        let notes = store.credit_notes_of(checkout.payment).await.unwrap();
        assert_eq!(notes, []);
    }
}

pub async fn a_refund_of_somebody_else_is_kept_until_it_turns_out_to_be_ours(
    fixture: &dyn StoreFixture,
) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let pending = ExternalRefund {
        payment: Some(checkout.payment),
        capture: a_capture("pi_1"),
        amount: php(100),
        step: RefundStep::Pending,
    };
    let done = ExternalRefund {
        step: RefundStep::Succeeded,
        ..pending.clone()
    };
    let known = async || {
        let known = store.external_refunds_of(checkout.payment).await.unwrap();
        let known = known.into_iter().map(|it| (it.id.to_string(), it.state));
        known.collect::<Vec<_>>()
    };
    for state in [pending, done] {
        let records = Records {
            external: vec![("re_1".parse().unwrap(), state.clone())],
            ..Records::default()
        };
        write(&*store, &checkout, &records).await;
        assert_eq!(known().await, [("re_1".to_owned(), state)]);
    }
    let records = Records {
        forgotten: vec!["re_1".parse().unwrap()],
        ..Records::default()
    };
    write(&*store, &checkout, &records).await;
    assert_eq!(known().await, []);
}

pub async fn an_alert_is_open_once(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let checkout = Checkout::paid(&*store, "pi_1").await;
    let surplus = Alert::Surplus {
        capture: a_capture("pi_1"),
    };
    let records = |raised: &[&Alert], cleared: &[&Alert]| Records {
        raised: raised.iter().map(|alert| (*alert).clone()).collect(),
        cleared: cleared.iter().map(|alert| (*alert).clone()).collect(),
        ..Records::default()
    };
    for records in [
        records(&[&surplus], &[]),
        records(&[&surplus, &Alert::ServedUnpaid], &[]),
        records(&[], &[&surplus]),
        records(&[], &[&surplus]),
        records(&[&surplus], &[]),
    ] {
        write(&*store, &checkout, &records).await;
    }
    let alerts = store.alerts_of(checkout.order).await.unwrap();
    let told: Vec<_> = alerts
        .iter()
        .map(|stored| (&stored.alert, stored.cleared_at.is_some()))
        .collect();
    assert_eq!(
        told,
        [
            (&surplus, true),
            (&Alert::ServedUnpaid, false),
            (&surplus, false)
        ]
    );
    assert!(alerts.iter().all(|stored| stored.order == checkout.order));
}

async fn loaded_credits(store: &dyn Store, order: &Order) -> (Settlement, Credits) {
    let begun = patiently(|| store.begin(order.terms().id)).await.unwrap();
    let (unit, loaded) = begun.unwrap();
    unit.rollback().await;
    let Loaded { parts, credits, .. } = loaded;
    (Settlement::new(parts.order), credits.unwrap())
}

async fn move_credits(store: &dyn Store, order: &Order, moved: CreditMove) -> Result<(), String> {
    let (mut unit, settlement, _) = begin(store, order.terms().id).await;
    let records = Records {
        credits: vec![moved],
        ..Records::default()
    };
    let saved = unit
        .save(&Save {
            records: &records,
            ..bare(&settlement, &Changes::default())
        })
        .await;
    match saved {
        Ok(()) => {
            unit.commit().await.unwrap();
            Ok(())
        }
        error => {
            unit.rollback().await;
            Err(assert_refused(error))
        }
    }
}

async fn a_package(store: &dyn Store) -> Order {
    let package = OrderKind::Credits { quantity: 100 };
    AnOrder::of_a_cart().of_kind(package).add(store).await
}

pub async fn credits_move_by_entries(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = a_package(&*store).await;
    let owner = order.terms().owner;
    let other = AnOrder::of_a_cart().add(&*store).await;
    let begun = patiently(|| store.begin(other.terms().id)).await.unwrap();
    let (unit, loaded) = begun.unwrap();
    unit.rollback().await;
    assert_eq!(loaded.credits, None);
    assert_eq!(store.credit_balance(owner).await.unwrap(), 0);
    for (standing, balance) in [(100, 100), (40, 40), (60, 60), (0, 0)] {
        let (_, credits) = loaded_credits(&*store, &order).await;
        let (moved, _) = credits
            .account
            .settle(credits.purchase, standing)
            .unwrap()
            .into_inner();
        move_credits(&*store, &order, moved).await.unwrap();
        assert_eq!(store.credit_balance(owner).await.unwrap(), balance);
        let (_, credits) = loaded_credits(&*store, &order).await;
        assert_eq!(credits.purchase.standing(), i64::from(standing));
        assert_eq!(credits.account.balance(), balance);
    }
    let entries = store.credit_entries_of(owner).await.unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|stored| (stored.entry.change, stored.balance, stored.order))
        .collect();
    let order = Some(order.terms().id);
    assert_eq!(
        told,
        [
            (100, 100, order),
            (-60, 40, order),
            (20, 60, order),
            (-60, 0, order)
        ]
    );
    assert!(entries.iter().all(|stored| stored.by == Actor::System));
}

pub async fn credits_that_are_not_as_they_were_loaded_are_refused(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let order = a_package(&*store).await;
    let (_, before) = loaded_credits(&*store, &order).await;
    let bought = before.account.settle(before.purchase, 100).unwrap();
    let (bought, _) = bought.into_inner();
    move_credits(&*store, &order, bought).await.unwrap();
    move_credits(&*store, &order, bought).await.unwrap_err();
    let owner = order.terms().owner;
    assert_eq!(store.credit_balance(owner).await.unwrap(), 100);
    assert_eq!(store.credit_entries_of(owner).await.unwrap().len(), 1);
}

/// What one package takes is missing where the other one is taken back: the balance never goes below zero.
pub async fn two_orders_of_one_buyer_share_their_credits(fixture: &dyn StoreFixture) {
    let store = fixture.store();
    let (one, other) = (a_package(&*store).await, a_package(&*store).await);
    assert_eq!(one.terms().owner, other.terms().owner);
    let owner = one.terms().owner;
    let (_, credits) = loaded_credits(&*store, &one).await;
    let (bought, _) = credits
        .account
        .settle(credits.purchase, 100)
        .unwrap()
        .into_inner();
    move_credits(&*store, &one, bought).await.unwrap();
    let (_, seen) = loaded_credits(&*store, &other).await;
    assert_eq!((seen.account.balance(), seen.purchase.standing()), (100, 0));
    let used = seen.account.spend(70).unwrap();
    move_credits(&*store, &other, used).await.unwrap();
    let (_, credits) = loaded_credits(&*store, &one).await;
    let (taken, _) = credits
        .account
        .settle(credits.purchase, 0)
        .unwrap()
        .into_inner();
    let missing = CreditEntry {
        change: -30,
        shortfall: 70,
    };
    assert_eq!(taken.entry, missing);
    move_credits(&*store, &one, taken).await.unwrap();
    assert_eq!(store.credit_balance(owner).await.unwrap(), 0);
    let (_, credits) = loaded_credits(&*store, &one).await;
    assert_eq!(credits.purchase.shortfall(), 70);
}
