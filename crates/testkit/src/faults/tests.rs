use std::sync::atomic::{AtomicU32, Ordering};

use bayar_app::port::store::{Answer, StoreError};

use super::plan::{Fault, Operation, Plan};

/// Asks once. Answers what came of it, and how often the store behind did something.
async fn ask(plan: &Plan, operation: Operation) -> (Answer<u32>, u32) {
    let done = AtomicU32::new(0);
    let call = async {
        done.fetch_add(1, Ordering::Relaxed);
        Ok(7)
    };
    let answer = plan.around(operation, call).await;
    (answer, done.into_inner())
}

#[tokio::test]
async fn without_a_fault_the_store_behind_answers() {
    let plan = Plan::default();
    let (answer, done) = ask(&plan, Operation::OpenPayment).await;
    assert_eq!((answer.unwrap(), done), (7, 1));
    assert_eq!(plan.calls(Operation::OpenPayment), 1);
    assert_eq!(plan.calls(Operation::Survey), 0);
}

#[tokio::test]
async fn a_fault_before_the_call_does_nothing() {
    let plan = Plan::default();
    let faults = [
        Fault::Unavailable,
        Fault::Busy,
        Fault::Broken,
        Fault::UnsureNotDone,
    ];
    for fault in faults {
        plan.fail(Operation::Commit, fault, 1);
        let (answer, done) = ask(&plan, Operation::Commit).await;
        let error = answer.unwrap_err();
        let as_told = match fault {
            Fault::Unavailable => matches!(error, StoreError::Unavailable(_)),
            Fault::Busy => matches!(error, StoreError::Busy(_)),
            Fault::Broken => matches!(error, StoreError::Broken(_)),
            Fault::UnsureNotDone | Fault::UnsureDone => matches!(error, StoreError::Unsure(_)),
        };
        assert!(as_told, "{fault:?}: {error:?}");
        assert_eq!(done, 0);
    }
    assert_eq!(plan.calls(Operation::Commit), 4);
}

#[tokio::test]
async fn a_lost_answer_is_unsure_and_the_change_is_made() {
    let plan = Plan::default();
    plan.fail(Operation::Commit, Fault::UnsureDone, 1);
    let (answer, done) = ask(&plan, Operation::Commit).await;
    assert!(matches!(answer, Err(StoreError::Unsure(_))));
    assert_eq!(done, 1);
}

#[tokio::test]
async fn what_the_store_behind_refused_is_not_unsure() {
    let plan = Plan::default();
    plan.fail(Operation::Commit, Fault::UnsureDone, 1);
    let refused = async { Err::<(), _>(StoreError::Busy("it was".into())) };
    let answer = plan.around(Operation::Commit, refused).await;
    assert!(matches!(answer, Err(StoreError::Busy(_))));
}

#[tokio::test]
async fn faults_come_in_the_order_and_number_they_were_told_in() {
    let plan = Plan::default();
    plan.fail(Operation::Begin, Fault::Busy, 2);
    plan.fail(Operation::Begin, Fault::Broken, 1);
    let mut answers = Vec::new();
    for _ in 0..4 {
        // Nothing is planned for this one.
        assert!(ask(&plan, Operation::Survey).await.0.is_ok());
        answers.push(match ask(&plan, Operation::Begin).await.0 {
            Ok(_) => "ok",
            Err(StoreError::Busy(_)) => "busy",
            Err(_) => "broken",
        });
    }
    assert_eq!(answers, ["busy", "busy", "broken", "ok"]);
}

#[tokio::test]
async fn a_healed_store_does_not_fail() {
    let plan = Plan::default();
    plan.fail(Operation::Now, Fault::Unavailable, 5);
    assert!(ask(&plan, Operation::Now).await.0.is_err());
    plan.heal();
    assert!(ask(&plan, Operation::Now).await.0.is_ok());
}
