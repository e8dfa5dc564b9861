//! One cell, from the order that is ready to the truth.

use bayar_tests::program::wait_until;

use crate::cells::{Cell, Fault, Point};
use crate::lane::Lane;
use crate::places::Place;
use crate::subject::Subject;

pub async fn play(lane: &mut Lane, cell: Cell) {
    let subject = Subject::prepared(lane, cell).await;
    let victim = lane.victim().await.address;
    let other = lane.stage.server.address;
    let already = lane.requests(cell.request(), &subject.order).len();
    let struck_before = struck(lane);
    lane.arm(cell, &subject.order);
    let asking = subject.clone();
    let mut asked = Some(tokio::spawn(async move { asking.ask(victim).await }));
    let mut told = Vec::new();

    match cell.fault {
        Fault::Kill => {
            if matches!(cell.place(), Place::Request(_)) {
                lane.must_come_to(cell, &subject.order, already).await;
            }
            lane.must_die(cell).await;
            let lost = asked.take().unwrap().await.unwrap();
            assert!(lost.is_err(), "the client heard: {lost:?}");
            must_stand_at(lane, &subject, already).await;
            // As long as the call may be in the hands of the dead, nobody else makes it.
            let early = subject.ask(other).await.unwrap();
            told.extend(subject.result(&early));
        }
        Fault::Error => {
            let answer = asked.take().unwrap().await.unwrap();
            told.extend(subject.result(&answer.expect("an answer to an error")));
            match cell.place() {
                Place::Step { .. } => lane.must_come_to(cell, &subject.order, already).await,
                Place::Request(operation) => {
                    assert_eq!(struck(lane), struck_before + 1, "{operation}");
                }
            }
            lane.forget();
        }
        Fault::Pause => {
            lane.must_come_to(cell, &subject.order, already).await;
            lane.put_to_sleep();
            if let Place::Request(operation) = cell.place() {
                let answered = lane.requests(operation, &subject.order);
                assert!(!answered[already], "it fell asleep after the answer");
                wait_until("the answer came while it slept", async || {
                    lane.requests(operation, &subject.order)[already]
                })
                .await;
            }
            must_stand_at(lane, &subject, already).await;
            lane.let_transactions_end().await;
        }
    }

    // One refresh, and the same request again, at another process.
    lane.let_leases_end().await;
    let path = format!("/api/v1/payments/{}/refresh", subject.order.payment);
    let operator = lane.stage.operator();
    let refreshed = operator
        .post(&path, &[], &serde_json::json!({}))
        .await
        .unwrap();
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);
    lane.let_turns_end().await;
    let again = subject.ask(other).await.unwrap();
    let result = subject.result(&again);
    let result = result.unwrap_or_else(|| panic!("{}: {}", again.status, again.text));
    subject.must_be_right(&result);
    subject.must_be_true(lane).await;

    if let Some(asked) = asked {
        let before = lane.everything().await;
        lane.wake_up();
        let late = asked.await.unwrap().expect("an answer from who slept");
        told.extend(subject.result(&late));
        for (before, after) in before.into_iter().zip(lane.everything().await) {
            assert_eq!(before, after, "who slept wrote something");
        }
        subject.must_be_true(lane).await;
    }

    for earlier in told {
        assert_eq!(earlier, result, "two results for one wish");
    }
    lane.let_turns_end().await;
    let last = subject.ask(other).await.unwrap();
    assert_eq!(subject.result(&last), Some(result), "{}", last.text);
    subject.must_be_true(lane).await;
    subject.must_go_on(lane).await;
    lane.must_be_in_order().await;
}

/// How many requests at the gateways went wrong so far.
fn struck(lane: &Lane) -> usize {
    lane.stage.book().faults().count()
}

/// While nothing of the process runs: it came as far as the point says, and no further.
async fn must_stand_at(lane: &Lane, subject: &Subject, already: usize) {
    let cell = subject.cell;
    let requests = lane.requests(cell.request(), &subject.order);
    // A killed process never gets the answer to what left; for one that sleeps it lies there.
    let left = cell.point >= Point::CallLeft;
    assert_eq!(requests.len() > already, left, "requests: {requests:?}");
    if left {
        assert!(requests[already], "the request was not served");
    }

    let of_order = "order_id = (SELECT id FROM orders WHERE order_number = $1)";
    let number = &subject.order.number;
    let Some(operation) = cell.call() else {
        let known = format!("SELECT count(*) FROM facts WHERE {of_order} AND kind = 'captured'");
        let known = lane.database().query_one(&known, &[number]).await;
        let is_known = known.unwrap().get::<_, i64>(0) > 0;
        let should = cell.point >= Point::OutcomeCommitted;
        assert_eq!(is_known, should, "whether the money is written down");
        return;
    };
    let calls = format!(
        "SELECT status, leased_until IS NOT NULL FROM gateway_calls WHERE {of_order} AND operation = $2"
    );
    let calls = lane.database().query(&calls, &[number, &operation]).await;
    let calls: Vec<(String, bool)> = calls
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    let wanted = match cell.point {
        Point::BeforeIntent => vec![],
        Point::AfterIntent | Point::CallLeft | Point::Replied => vec![("sent".to_owned(), true)],
        Point::OutcomeCommitted | Point::BeforeAnswer => vec![("done".to_owned(), false)],
    };
    assert_eq!(calls, wanted, "what is written down about the call");
}
