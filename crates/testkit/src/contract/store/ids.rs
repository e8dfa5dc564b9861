//! Ids that are taken before the rows are written: nobody else ever gets them.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use std::collections::BTreeSet;
use std::sync::Arc;

use bayar_domain::TaxRecordId;
use futures_util::future::join_all;

use super::steps::{ids_of, patiently};
use crate::builders::{AnOpening, AnOrder};
use crate::contract::StoreFixture;

#[doc(hidden)]
#[macro_export]
macro_rules! id_cases {
    ($fresh:ident) => {
        mod ids {
            use $crate::contract::store::ids as cases;
            $crate::contract_tests! { $fresh:
                no_order_id_is_given_out_twice,
                no_id_of_a_bill_is_given_out_twice,
            }
        }
    };
}

pub async fn no_order_id_is_given_out_twice(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let mut given = BTreeSet::new();
    for _ in 0..3 {
        given.insert(AnOrder::of_a_cart().add(&*store).await.terms().id);
        given.insert(AnOrder::of_a_cart().add(&*beside).await.terms().id);
    }
    assert_eq!(given.len(), 6);
    let reserving = (0..40).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..25 {
                let id = patiently(|| store.reserve_order_id()).await;
                ids.push(id.unwrap());
            }
            ids
        })
    });
    for ids in join_all(reserving).await {
        for id in ids.unwrap() {
            assert!(given.insert(id), "{id} was given out twice");
        }
    }
}

pub async fn no_id_of_a_bill_is_given_out_twice(fixture: &dyn StoreFixture) {
    let (store, beside) = (fixture.store(), fixture.beside().await);
    let order = AnOrder::of_a_cart().add(&*store).await;
    let opened = ids_of(&AnOpening::of(&order).open(&*store).await);
    let reserving = (0..40_usize).map(|task| {
        let store = Arc::clone(if task % 2 == 0 { &store } else { &beside });
        tokio::spawn(async move {
            let mut reserved = Vec::new();
            for round in 0..25 {
                // None, some, and once more than a block is likely to hold.
                let taxes = if round == 7 { 500 } else { (task + round) % 4 };
                let ids = patiently(|| store.reserve_bill_ids(taxes)).await;
                let ids = ids.unwrap();
                assert_eq!(ids.taxes.len(), taxes);
                reserved.push(ids);
            }
            reserved
        })
    });
    let mut reserved = vec![opened];
    for ids in join_all(reserving).await {
        reserved.extend(ids.unwrap());
    }
    let payments: BTreeSet<_> = reserved.iter().map(|ids| ids.payment).collect();
    let invoices: BTreeSet<_> = reserved.iter().map(|ids| ids.invoice).collect();
    let taxes: Vec<TaxRecordId> = reserved.iter().flat_map(|ids| ids.taxes.clone()).collect();
    assert_eq!(payments.len(), reserved.len());
    assert_eq!(invoices.len(), reserved.len());
    assert_eq!(taxes.iter().collect::<BTreeSet<_>>().len(), taxes.len());
}
