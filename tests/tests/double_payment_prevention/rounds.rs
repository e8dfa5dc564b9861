//! The kinds of rounds, and what must be true after each.

use std::collections::{BTreeMap, BTreeSet};

use bayar_tests::program::Book;

use crate::racers::{Deed, RACERS, Racer, Wish, ask, race};
use crate::stage::{Order, Stage};
use crate::told::Told;

/// What an order costs, in minor units.
const PRICES: [i64; 3] = [500_000, 750_000, 1_000_000];

const STANDARD: &str = "Idempotency-Key";
const FAMILIAR: &str = "X-Idempotency-Key";

pub async fn run_rounds(stage: &mut Stage, rounds: u32) {
    for round in 0..rounds {
        match round % 4 {
            0 => same_key(stage).await,
            1 => different_keys(stage).await,
            2 => one_key_over_two_orders(stage).await,
            _ => everything_at_once(stage, round % 8 == 7).await,
        }
        stage.tally.count_round();
    }
}

fn wish(order: &Order, key: &str, header: &'static str) -> Wish {
    Wish {
        consultation: order.consultation,
        order_number: None,
        price: PRICES[0],
        key: key.to_owned(),
        header,
    }
}

/// Everybody repeats the same wish.
async fn same_key(stage: &mut Stage) {
    let order = stage.order(PRICES[0]).await;
    let key = format!("same-{}", order.consultation);
    // Half of the clients of each server get the first answer again, the others hear that there is one.
    let header = |number| if number % 4 < 2 { STANDARD } else { FAMILIAR };
    let racers = (0..RACERS).map(|number| Racer::Ask(wish(&order, &key, header(number))));
    let racers = racers.collect();
    let deeds = race(stage, racers).await;
    let book = settled(stage, &[&order], &deeds).await;
    assert_eq!(book.payments.len(), 1, "{book:#?}");
    for told in tellings(&deeds) {
        let is_expected = matches!(
            told,
            Told::New { .. }
                | Told::Replayed { .. }
                | Told::Existing { same_key: true, .. }
                | Told::InProgress
        );
        assert!(is_expected, "{told:?}");
    }
}

/// The same wish, by the number of the order for half of the clients of each server.
fn by_number(order: &Order, number: usize, wish: Wish) -> Wish {
    let order_number = (number % 4 < 2).then(|| order.number.clone());
    Wish {
        order_number,
        ..wish
    }
}

/// Everybody has a wish of their own.
async fn different_keys(stage: &mut Stage) {
    let order = stage.order(PRICES[0]).await;
    let racers = (0..RACERS)
        .map(|number| {
            let key = format!("own-{}-{number}", order.consultation);
            Racer::Ask(by_number(&order, number, wish(&order, &key, STANDARD)))
        })
        .collect();
    let deeds = race(stage, racers).await;
    let book = settled(stage, &[&order], &deeds).await;
    assert_eq!(book.payments.len(), 1, "{book:#?}");
    for told in tellings(&deeds) {
        let is_expected = matches!(
            told,
            Told::New { .. }
                | Told::Existing {
                    same_key: false,
                    ..
                }
                | Told::InProgress
        );
        assert!(is_expected, "{told:?}");
    }
}

/// Half of the clients use the key for one order, and half of them for another one.
async fn one_key_over_two_orders(stage: &mut Stage) {
    let one = stage.order(PRICES[0]).await;
    let other = stage.order(PRICES[0]).await;
    let key = format!("shared-{}", one.consultation);
    let racers = (0..RACERS)
        .map(|number| {
            let order = if number % 4 < 2 { &one } else { &other };
            Racer::Ask(wish(order, &key, STANDARD))
        })
        .collect();
    let deeds = race(stage, racers).await;
    let book = settled(stage, &[&one, &other], &deeds).await;
    assert_eq!(book.payments.len(), 1, "one payment for the key: {book:#?}");
    let winner = deeds.iter().find_map(|deed| match deed {
        Deed::Asked {
            consultation,
            told: Told::New { .. },
        } => Some(*consultation),
        _ => None,
    });
    for deed in &deeds {
        let Deed::Asked { consultation, told } = deed else {
            panic!("nobody did that: {deed:?}");
        };
        let is_expected = if Some(*consultation) == winner {
            matches!(
                told,
                Told::New { .. } | Told::Replayed { .. } | Told::InProgress
            )
        } else {
            matches!(told, Told::KeyReused | Told::InProgress)
        };
        assert!(is_expected, "{deed:?}, and {winner:?} has the payment");
    }
}

/// Wishes with several keys and prices meet new prices, cancelled payments and perhaps a cancelled order.
///
/// Where the order does not end, nobody asks at its first price: whoever sets the last price asks at it,
/// so there is always a payment at a new one, however the race goes.
async fn everything_at_once(stage: &mut Stage, order_ends: bool) {
    let order = stage.order(PRICES[0]).await;
    let consultation = order.consultation;
    let racers = (0..RACERS)
        .map(|number| {
            let prices = if order_ends {
                &PRICES[..]
            } else {
                &PRICES[1..]
            };
            let price = prices[number / 10 % prices.len()];
            let wish = Wish {
                price,
                ..wish(&order, &format!("mixed-{consultation}-{number}"), STANDARD)
            };
            let wish = by_number(&order, number, wish);
            match number % 10 {
                0..=4 => Racer::Ask(wish),
                9 if order_ends => Racer::CallOff {
                    wish,
                    order_number: order.number.clone(),
                },
                5 | 6 | 9 => Racer::AskAndCancel(wish),
                _ => Racer::Price(wish),
            }
        })
        .collect();
    let mut deeds = race(stage, racers).await;
    let book = settled(stage, &[&order], &deeds).await;
    let repriced = book.payments.iter();
    let repriced = repriced.filter(|payment| payment.price_minor != PRICES[0]);
    stage
        .tally
        .count_payments(book.payments.len(), repriced.count());

    // It is not stuck: the next wish for what it costs now gets a payment, unless it has one or is over.
    let stored = &book.orders[0];
    let last = Wish {
        price: stored.price_minor,
        ..wish(&order, &format!("last-{consultation}"), STANDARD)
    };
    let mut connection = stage.customer.connect().await.expect("the server listens");
    let told = ask(&mut connection, &last).await;
    match (stored.status.as_str(), stored.live_payment_id) {
        ("pending", None) => assert!(matches!(told, Told::New { .. }), "{told:?}"),
        ("pending", Some(live)) => {
            let existing = Told::Existing {
                payment: live,
                same_key: false,
            };
            assert_eq!(told, existing);
        }
        ("cancelled", None) => {
            assert!(order_ends, "nobody called the order off");
            assert_eq!(told, Told::NotPayable);
        }
        other => panic!("an order that is {other:?}"),
    }
    for told in tellings(&deeds) {
        assert!(
            order_ends || *told != Told::NotPayable,
            "nobody called the order off"
        );
        assert_ne!(*told, Told::KeyReused, "everybody has a key of their own");
    }
    deeds.push(Deed::Asked { consultation, told });
    settled(stage, &[&order], &deeds).await;
}

fn tellings(deeds: &[Deed]) -> impl Iterator<Item = &Told> {
    deeds.iter().filter_map(|deed| match deed {
        Deed::Asked { told, .. } => Some(told),
        _ => None,
    })
}

/// Looks at everything that is stored about these orders, after everybody has their answers.
///
/// Each payment that there is or was is told as new to exactly one client, and nobody is told of another one;
/// whoever is told again is told the same, byte for byte.
pub async fn settled(stage: &Stage, orders: &[&Order], deeds: &[Deed]) -> Book {
    let consultations: Vec<_> = orders.iter().map(|order| order.consultation).collect();
    let book = stage.store.of_consultations(&consultations).await;
    assert_eq!(book.orders.len(), orders.len());
    book.must_be_whole();

    let mut first_answers = BTreeMap::new();
    for told in tellings(deeds) {
        if let Told::New { payment, body } = told {
            let before = first_answers.insert(*payment, body);
            assert!(
                before.is_none(),
                "payment {payment} is new twice: {deeds:#?}"
            );
        }
    }
    let told: BTreeSet<_> = first_answers.keys().copied().collect();
    let stored: BTreeSet<_> = book.payments.iter().map(|payment| payment.id).collect();
    assert_eq!(
        told, stored,
        "payments that are told as new, and those there are"
    );
    for told in tellings(deeds) {
        if let Some(payment) = told.payment() {
            assert!(stored.contains(&payment), "{told:?}: not of these orders");
        }
        if let Told::Replayed { payment, body } = told {
            assert_eq!(first_answers.get(payment), Some(&body));
        }
    }
    let cancelled = book
        .payments
        .iter()
        .filter(|payment| !payment.is_live())
        .count();
    let cancellations = deeds
        .iter()
        .filter(|deed| matches!(deed, Deed::Cancelled(true)))
        .count();
    // A payment may be called off twice, and not by nobody.
    assert!(
        cancellations >= cancelled,
        "{cancelled} payments ended by themselves"
    );
    book
}
