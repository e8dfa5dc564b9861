//! Webhooks that come at the same time are kept together: each is answered by what became of it, and none is lost.

use bayar_app::NotReceived;
use bayar_app::port::store::{Inbox, Page, WebhookFilter};
use bayar_app::port::webhook::Delivery;
use bayar_domain::Gateway;
use bayar_testkit::faults::{Fault, Operation};
use futures_util::future::join_all;

use crate::stage::Stage;

/// So many come at the same time.
const FLOOD: usize = 200;

/// How often is always.
const ALWAYS: usize = 10_000;

/// Each of these comes, all at the same time.
async fn receive(stage: &Stage, bodies: &[String]) -> Vec<Result<(), NotReceived>> {
    let receiving = bodies.iter().map(async |body| {
        let delivery = Delivery {
            body: body.as_bytes(),
            headers: &[],
            from: "192.0.2.1",
        };
        stage.app.receive_webhook(Gateway::Stripe, &delivery).await
    });
    join_all(receiving).await
}

fn bodies() -> Vec<String> {
    (0..FLOOD)
        .map(|number| format!("webhook {number}"))
        .collect()
}

async fn kept(stage: &Stage) -> u64 {
    let all = WebhookFilter {
        gateway: None,
        status: None,
    };
    let page = Page { number: 1, size: 1 };
    stage.store.webhooks(&all, page).await.unwrap().total
}

fn times(stage: &Stage) -> usize {
    let operations = [Operation::KeepWebhook, Operation::KeepWebhooks];
    let calls = operations.map(|operation| stage.store.calls(operation));
    usize::try_from(calls.iter().sum::<u32>()).unwrap()
}

#[tokio::test]
async fn a_flood_is_kept_by_few_statements() {
    let stage = Stage::new().await;
    // Each comes twice, the second time while the first is on its way.
    let twice: Vec<_> = bodies()
        .into_iter()
        .flat_map(|body| [body.clone(), body])
        .collect();
    let told = receive(&stage, &twice).await;
    assert_eq!(told.len(), 2 * FLOOD);
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert_eq!(kept(&stage).await, FLOOD as u64);
    assert!(times(&stage) < FLOOD / 4, "{}", times(&stage));
}

#[tokio::test]
async fn a_single_one_waits_for_no_other() {
    let stage = Stage::new().await;
    for body in bodies().iter().take(3) {
        let told = receive(&stage, std::slice::from_ref(body)).await;
        assert!(matches!(told[..], [Ok(())]), "{told:?}");
    }
    assert_eq!(stage.store.calls(Operation::KeepWebhook), 3);
    assert_eq!(stage.store.calls(Operation::KeepWebhooks), 0);
}

#[tokio::test]
async fn what_is_wrong_with_one_is_no_fault_of_the_others() {
    for fault in [
        Fault::Broken,
        Fault::Busy,
        Fault::UnsureNotDone,
        Fault::UnsureDone,
    ] {
        let stage = Stage::new().await;
        stage.store.fail(Operation::KeepWebhooks, fault, ALWAYS);
        stage.store.fail(Operation::KeepWebhook, Fault::Broken, 1);
        let told = receive(&stage, &bodies()).await;
        let refused = told.iter().filter(|told| told.is_err()).count();
        assert_eq!(refused, 1, "{fault:?}: {told:?}");
        let there = FLOOD as u64;
        let all_there = fault == Fault::UnsureDone;
        let kept = kept(&stage).await;
        assert!(
            kept == there - 1 || all_there && kept == there,
            "{fault:?}: {kept}"
        );
    }
}

#[tokio::test]
async fn while_the_store_is_away_nobody_is_told_that_a_webhook_is_kept() {
    let stage = Stage::new().await;
    for operation in [Operation::KeepWebhook, Operation::KeepWebhooks] {
        stage.store.fail(operation, Fault::Unavailable, ALWAYS);
    }
    let told = receive(&stage, &bodies()).await;
    let not_stored =
        |told: &Result<(), NotReceived>| matches!(told, Err(NotReceived::NotStored(_)));
    assert!(told.iter().all(not_stored), "{told:?}");
    // Nobody is asked one by one what all of them were told.
    assert!(times(&stage) < FLOOD / 4, "{}", times(&stage));
    stage.store.heal();
    assert_eq!(kept(&stage).await, 0);
    let told = receive(&stage, &bodies()).await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert_eq!(kept(&stage).await, FLOOD as u64);
}

#[tokio::test]
async fn more_than_can_be_kept_in_time_are_sent_away_and_not_forgotten() {
    let stage = Stage::new().await;
    let bodies: Vec<_> = (0..20_000).map(|number| number.to_string()).collect();
    let told = receive(&stage, &bodies).await;
    let (well, sent_away): (Vec<_>, Vec<_>) = told.into_iter().partition(Result::is_ok);
    assert!(!well.is_empty() && !sent_away.is_empty());
    let not_stored = |told: &_| matches!(told, Err(NotReceived::NotStored(_)));
    assert!(sent_away.iter().all(not_stored));
    assert_eq!(kept(&stage).await, well.len() as u64);
    let told = receive(&stage, &bodies[..FLOOD]).await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_found_by_asking_again() {
    let stage = Stage::new().await;
    stage
        .store
        .fail(Operation::KeepWebhook, Fault::UnsureDone, 1);
    stage
        .store
        .fail(Operation::KeepWebhooks, Fault::UnsureDone, 2);
    let told = receive(&stage, &bodies()).await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert_eq!(kept(&stage).await, FLOOD as u64);
}
