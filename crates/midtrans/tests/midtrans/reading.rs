//! What a transaction proves, by its word and by what is known already.

use bayar_app::port::gateway::{CallError, Door, FaultKind, PaymentGateway as _, Place, Reading};
use bayar_domain::fact::{Proof, RefundStep};
use bayar_domain::gateway::{CaptureId, GatewayRefundId};
use bayar_domain::{Currency, Money, RefundId};
use chrono::{DateTime, TimeDelta, Utc};

use super::support::{Fixture, KEY, Reply, Server, TRANSACTION, idr, transaction};

const MISSING: &str = r#"{"status_code":"404","status_message":"Transaction doesn't exist."}"#;

/// What is known of the money before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    Captured,
    Challenged,
}

impl Known {
    const ALL: [Self; 3] = [Self::Nothing, Self::Captured, Self::Challenged];

    fn at(self, server: &Server) -> Fixture {
        let fixture = Fixture::at(server);
        match self {
            Self::Nothing => fixture,
            Self::Captured => fixture.with_captured(),
            Self::Challenged => fixture.with_challenged(),
        }
    }
}

async fn told(known: Known, status: &str, fields: &str) -> Reading {
    told_to(|server| known.at(server), transaction(status, fields))
        .await
        .unwrap()
}

async fn told_to(
    make: impl FnOnce(&Server) -> Fixture,
    body: String,
) -> Result<Reading, CallError> {
    let server = Server::of([Reply::Of(200, body)]).await;
    let fixture = make(&server);
    let reading = fixture.gateway.read(&fixture.place()).await;
    assert_eq!(server.seen().len(), 1);
    reading
}

/// The proofs in a few words.
fn proofs(reading: &Reading) -> Vec<String> {
    let in_words = |(proof, _): &(Proof, DateTime<Utc>)| match proof {
        Proof::Captured { capture, amount } => {
            assert_eq!(capture.as_str(), TRANSACTION);
            format!("captured {amount}")
        }
        Proof::Challenged { capture, amount } => {
            assert_eq!(capture.as_str(), TRANSACTION);
            format!("challenged {amount}")
        }
        Proof::Reversed { capture } => {
            assert_eq!(capture.as_str(), TRANSACTION);
            "reversed".to_owned()
        }
        Proof::Declined { .. } => "declined".to_owned(),
        Proof::Failed { .. } => "failed".to_owned(),
        Proof::Expired => "expired".to_owned(),
        Proof::Refunded {
            refund,
            amount,
            step,
            ours,
            ..
        } => {
            let ours = ours.map(|id| format!(" for {id}")).unwrap_or_default();
            format!("refunded {refund} {amount} {step}{ours}")
        }
        Proof::Disputed { held, step, .. } => format!("disputed {held} {step}"),
    };
    reading.proofs.iter().map(in_words).collect()
}

/// The word, more of the answer, what is known, and what is read from that.
type Row = (
    &'static str,
    &'static str,
    &'static [Known],
    Door,
    &'static [&'static str],
);

#[tokio::test]
async fn every_word_is_read_by_what_is_known() {
    use Door::{Open, Overdue, Paid, Shut, Waiting};
    use Known::{Captured, Challenged, Nothing};
    const VA: &str = r#""payment_type":"bank_transfer""#;
    const CHALLENGE: &str = r#""fraud_status":"challenge","status_code":"201""#;
    const FDS: &str = r#""fraud_status":"deny","status_code":"202""#;
    let all: &[Known] = &Known::ALL;
    let money: &[Known] = &[Captured, Challenged];
    let captured: &[&str] = &["captured 10000.00"];
    let challenged: &[&str] = &["challenged 10000.00"];
    let rows: &[Row] = &[
        ("pending", "", all, Open, &[]),
        (
            "pending",
            r#""expiry_time":"2025-07-18 11:08:00""#,
            all,
            Open,
            &[],
        ),
        (
            "pending",
            r#""expiry_time":"2025-07-18 11:06:59""#,
            all,
            Overdue,
            &[],
        ),
        ("capture", "", all, Paid, captured),
        ("capture", r#""fraud_status":"accept""#, all, Paid, captured),
        ("Capture", r#""fraud_status":"ACCEPT""#, all, Paid, captured),
        ("settlement", "", all, Paid, captured),
        (
            "SETTLEMENT",
            r#""gross_amount":10000,"status_code":200"#,
            all,
            Paid,
            captured,
        ),
        ("settlement", r#""fraud_status":null"#, all, Paid, captured),
        // The code has to say so too.
        ("capture", r#""status_code":"201""#, all, Waiting, &[]),
        ("settlement", r#""status_code":"202""#, all, Waiting, &[]),
        ("capture", CHALLENGE, all, Paid, challenged),
        ("authorize", CHALLENGE, all, Paid, challenged),
        ("authorize", "", all, Waiting, &[]),
        ("capture", r#""fraud_status":"odd""#, all, Waiting, &[]),
        ("capture", FDS, &[Nothing], Open, &["declined"]),
        ("capture", FDS, money, Open, &["reversed"]),
        ("deny", "", &[Nothing], Open, &["declined"]),
        ("deny", "", money, Open, &["reversed"]),
        (
            "deny",
            r#""settlement_time":"2025-07-18 11:06:40""#,
            all,
            Open,
            &["reversed"],
        ),
        ("cancel", "", &[Nothing], Shut, &["expired"]),
        ("cancel", "", money, Shut, &["reversed"]),
        (
            "cancel",
            r#""settlement_time":"2025-07-18 11:06:40""#,
            all,
            Shut,
            &["reversed"],
        ),
        ("expire", VA, &[Nothing], Shut, &["expired"]),
        (
            "expire",
            r#""status_code":"407","payment_type":"qris""#,
            &[Nothing],
            Shut,
            &["expired"],
        ),
        ("expire", VA, money, Shut, &["reversed"]),
        // A card was not confirmed in time, and its page lives on.
        ("expire", "", &[Nothing], Open, &["declined"]),
        ("expire", "", money, Shut, &["reversed"]),
        ("failure", "", &[Nothing], Shut, &["failed"]),
        ("failure", "", money, Shut, &["reversed"]),
        (
            "chargeback",
            "",
            all,
            Paid,
            &["captured 10000.00", "disputed 10000.00 2"],
        ),
        (
            "partial_chargeback",
            "",
            all,
            Paid,
            &["captured 10000.00", "disputed 10000.00 1"],
        ),
        (
            "partial_chargeback",
            r#""chargeback_amount":"2500.00""#,
            all,
            Paid,
            &["captured 10000.00", "disputed 2500.00 1"],
        ),
        ("paused", "", all, Waiting, &[]),
    ];
    for (status, fields, knowns, door, expected) in rows {
        for known in *knowns {
            let shown = format!("{status} {fields} {known:?}");
            let reading = told(*known, status, fields).await;
            assert_eq!(reading.door, *door, "{shown}");
            assert_eq!(proofs(&reading), *expected, "{shown}");
            assert!(reading.is_ours, "{shown}");
            assert_eq!(reading.names, [KEY, TRANSACTION], "{shown}");
            assert_eq!(reading.status, status.to_lowercase(), "{shown}");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_proves_nothing_until_nobody_can_pay_any_more() {
    let missing = || MISSING.to_owned();
    let reading = told_to(Fixture::at, missing()).await.unwrap();
    assert_eq!((reading.door, reading.proofs.len()), (Door::Absent, 0));
    for (minutes, is_over) in [(0, false), (15, false), (16, true), (60 * 24, true)] {
        let late = |server: &Server| Fixture::at(server).after_the_end(TimeDelta::minutes(minutes));
        let reading = told_to(late, missing()).await.unwrap();
        let expected = if is_over { vec!["expired"] } else { vec![] };
        assert_eq!(proofs(&reading), expected, "{minutes}");
        let door = if is_over { Door::Shut } else { Door::Absent };
        assert_eq!(reading.door, door, "{minutes}");
    }
}

#[tokio::test]
async fn known_money_is_looked_for_by_its_own_name_and_never_declared_absent() {
    let missing = || Reply::Of(200, MISSING.to_owned());
    let found = Reply::Of(200, transaction("settlement", r#""payment_type":"dana""#));
    let server = Server::of([missing(), found]).await;
    let fixture = Fixture::at(&server).with_captured();
    let reading = fixture.gateway.read(&fixture.place()).await.unwrap();
    assert_eq!(proofs(&reading), ["captured 10000.00"]);
    assert_eq!(
        server.lines(),
        [
            format!("GET /v2/{KEY}/status"),
            format!("GET /v2/{TRANSACTION}/status")
        ]
    );

    let server = Server::of([missing(), missing()]).await;
    let fixture = Fixture::at(&server)
        .with_captured()
        .after_the_end(TimeDelta::days(1));
    let reading = fixture.gateway.read(&fixture.place()).await.unwrap();
    assert_eq!((reading.door, reading.proofs.len()), (Door::Absent, 0));
}

#[tokio::test]
async fn a_denied_try_ends_the_attempt_only_when_nobody_can_pay_any_more() {
    let late = |server: &Server| Fixture::at(server).after_the_end(TimeDelta::minutes(16));
    let reading = told_to(late, transaction("deny", "")).await.unwrap();
    assert_eq!(
        (reading.door, proofs(&reading)),
        (Door::Shut, vec!["declined".into(), "expired".into()])
    );
    let late = |server: &Server| Fixture::at(server).after_the_end(TimeDelta::minutes(1));
    let reading = told_to(late, transaction("expire", "")).await.unwrap();
    assert_eq!(
        (reading.door, proofs(&reading)),
        (Door::Shut, vec!["expired".into()])
    );
}

#[tokio::test]
async fn two_tries_of_one_transaction_are_two_and_one_is_one() {
    let name = async |time: &str| {
        let fields =
            format!(r#""transaction_time":"{time}","channel_response_message":"Do not honor""#);
        let reading = told(Known::Nothing, "deny", &fields).await;
        let (
            Proof::Declined {
                payment_try,
                reason,
            },
            _,
        ) = reading.proofs[0].clone()
        else {
            panic!("{:?}", reading.proofs);
        };
        assert_eq!(reason.as_str(), "Do not honor");
        payment_try
    };
    let first = name("2025-07-18 11:06:30").await;
    assert_eq!(first, name("2025-07-18 11:06:30").await);
    assert_ne!(first, name("2025-07-18 11:08:30").await);
    assert!(first.as_str().contains(TRANSACTION));
}

#[tokio::test]
async fn money_known_under_another_name_says_nothing_about_this() {
    let other = |server: &Server| {
        Fixture::at(server).with_proof(Proof::Captured {
            capture: CaptureId::new("other").unwrap(),
            amount: idr(10_000),
        })
    };
    let reading = told_to(other, transaction("cancel", "")).await.unwrap();
    assert_eq!(proofs(&reading), ["expired"]);
}

#[tokio::test]
async fn a_refund_of_money_that_had_not_settled_is_our_refund_and_no_reversal() {
    let ours = |rupiah: i64| {
        move |server: &Server| {
            Fixture::at(server)
                .with_captured()
                .with_refund(5, "by-shop0001-r5", rupiah)
        }
    };
    let reading = told_to(ours(10_000), transaction("cancel", ""))
        .await
        .unwrap();
    assert_eq!(
        proofs(&reading),
        ["refunded by-shop0001-r5 10000.00 succeeded for 5"]
    );
    assert_eq!(reading.door, Door::Shut);
    // Only all of it can be cancelled: a part that we asked for is another matter.
    let reading = told_to(ours(4_000), transaction("cancel", ""))
        .await
        .unwrap();
    assert_eq!(proofs(&reading), ["reversed"]);
}

#[tokio::test]
async fn every_refund_is_told_with_its_name_its_step_and_our_mark() {
    let list = r#""refund_amount":"6000.00","refunds":[
        {"refund_chargeback_id":1,"refund_key":"by-shop0001-r5","refund_amount":"1000.00","created_at":"2025-07-18 11:10:00","refund_method":"online"},
        {"refund_chargeback_id":2,"refund_key":"by-shop0001-r6","refund_amount":2000,"created_at":"2025-07-18 11:10:00","refund_method":"online","bank_confirmed_at":"2025-07-18 11:20:00"},
        {"refund_chargeback_id":3,"refund_key":"desk","refund_amount":"500.00","refund_method":"offline"},
        {"refund_chargeback_id":4,"refund_amount":"1500.00","refund_method":"ONLINE"},
        {"refund_amount":"1000.00","created_at":"2025-07-18 11:30:00"},
        {"refund_chargeback_id":5,"refund_amount":"0.00"}]"#;
    let ours = |server: &Server| {
        Fixture::at(server)
            .with_captured()
            .with_refund(5, "by-shop0001-r5", 1_000)
            .with_refund(6, "by-shop0001-old", 2_000)
            .with_refund(6, "by-shop0001-r6", 2_000)
            .with_refund(7, "by-shop0001-r7", 500)
    };
    let reading = told_to(ours, transaction("partial_refund", list))
        .await
        .unwrap();
    assert_eq!(
        proofs(&reading),
        [
            "captured 10000.00".to_owned(),
            "refunded by-shop0001-r5 1000.00 pending for 5".to_owned(),
            "refunded by-shop0001-r6 2000.00 succeeded for 6".to_owned(),
            "refunded desk 500.00 succeeded".to_owned(),
            format!("refunded {TRANSACTION} 4 1500.00 pending"),
            format!("refunded {TRANSACTION} 2025-07-18 11:30:00 1000.00 1000.00 pending"),
        ]
    );
    assert_eq!(reading.door, Door::Paid);
    let times: Vec<_> = reading
        .proofs
        .iter()
        .map(|(_, at)| at.to_string())
        .collect();
    assert_eq!(times[1], "2025-07-18 04:10:00 UTC");
    assert_eq!(times[2], "2025-07-18 04:20:00 UTC");
}

#[tokio::test]
async fn a_refund_of_all_that_is_not_listed_is_still_told() {
    let reading = told(Known::Captured, "refund", "").await;
    assert_eq!(
        proofs(&reading),
        [
            "captured 10000.00".to_owned(),
            format!("refunded {TRANSACTION} refund 10000.00 succeeded")
        ]
    );
    let ours = |server: &Server| {
        Fixture::at(server)
            .with_refund(5, "by-shop0001-r5", 4_000)
            .with_refund(6, "by-shop0001-old", 6_000)
            .with_refund(6, "by-shop0001-r6", 6_000)
    };
    let reading = told_to(ours, transaction("refund", r#""refunds":[]"#))
        .await
        .unwrap();
    assert_eq!(
        proofs(&reading),
        [
            "captured 10000.00",
            "refunded by-shop0001-r5 4000.00 succeeded for 5",
            "refunded by-shop0001-r6 6000.00 succeeded for 6",
        ]
    );
}

#[tokio::test]
async fn a_refund_that_was_asked_for_anew_is_the_one_that_is_not_listed() {
    let unlisted = async |of: fn(&Server) -> Fixture| {
        let reading = told_to(of, transaction("refund", "")).await.unwrap();
        proofs(&reading).remove(1)
    };
    let anew = |server: &Server| {
        Fixture::at(server)
            .with_failed_refund(5, "by-shop0001-r5", 10_000)
            .with_refund(6, "by-shop0001-r6", 10_000)
    };
    let told = unlisted(anew).await;
    assert_eq!(told, "refunded by-shop0001-r6 10000.00 succeeded for 6");
    // Where there is no other, it did not fail after all.
    let alone =
        |server: &Server| Fixture::at(server).with_failed_refund(5, "by-shop0001-r5", 10_000);
    let told = unlisted(alone).await;
    assert_eq!(told, "refunded by-shop0001-r5 10000.00 succeeded for 5");
}

/// Whoever takes such an answer for all there is takes a refund of ours for one that never was.
#[tokio::test]
async fn an_answer_that_lists_less_than_went_back_is_not_read() {
    let listed = r#""refunds":[{"refund_key":"desk","refund_amount":"4000.00"}]"#;
    for (word, fields) in [
        ("partial_refund", String::new()),
        ("partial_refund", r#""refunds":[]"#.to_owned()),
        ("partial_refund", r#""refund_amount":"4000.00""#.to_owned()),
        (
            "partial_refund",
            format!(r#""refund_amount":"4000.01",{listed}"#),
        ),
        (
            "partial_refund",
            format!(r#""refund_amount":"4.000,00",{listed}"#),
        ),
        ("refund", format!(r#""refund_amount":10000,{listed}"#)),
        ("chargeback", r#""refund_amount":"4000.00""#.to_owned()),
        (
            "partial_chargeback",
            format!(r#""refund_amount":"4001.00",{listed}"#),
        ),
    ] {
        let ours = |server: &Server| {
            Fixture::at(server)
                .with_captured()
                .with_refund(5, "by-shop0001-r5", 4_000)
        };
        let error = told_to(ours, transaction(word, &fields)).await;
        let error = match error {
            Err(error) => error,
            Ok(reading) => panic!("{word} {fields}: {reading:?}"),
        };
        assert!(matches!(error, CallError::Unknown(_)), "{word} {fields}");
        assert_eq!(error.fault().kind, FaultKind::Garbage, "{word} {fields}");
    }
    for told in ["4000.00", "0.00"] {
        let fields = format!(r#""refund_amount":"{told}",{listed}"#);
        let reading = self::told(Known::Captured, "partial_refund", &fields).await;
        assert_eq!(
            proofs(&reading)[1..],
            ["refunded desk 4000.00 pending".to_owned()]
        );
    }
}

fn refunded(name: &str, rupiah: i64, step: RefundStep, ours: Option<i64>) -> Proof {
    Proof::Refunded {
        capture: CaptureId::new(TRANSACTION).unwrap(),
        refund: GatewayRefundId::new(name).unwrap(),
        amount: idr(rupiah),
        step,
        ours: ours.map(|id| RefundId::new(id).unwrap()),
    }
}

const LISTED: &str =
    r#""refunds":[{"refund_key":"desk","refund_amount":"10000.00","refund_method":"offline"}]"#;

#[tokio::test]
async fn what_was_not_listed_at_first_gives_way_to_what_is_listed() {
    let unlisted = format!("{TRANSACTION} refund");
    let nameless = |server: &Server| {
        let told = refunded(
            &format!("{TRANSACTION} refund"),
            10_000,
            RefundStep::Succeeded,
            None,
        );
        Fixture::at(server).with_captured().with_proof(told)
    };
    let reading = told_to(nameless, transaction("refund", LISTED)).await;
    assert_eq!(
        proofs(&reading.unwrap())[1..],
        [
            "refunded desk 10000.00 succeeded".to_owned(),
            format!("refunded {unlisted} 10000.00 failed"),
        ]
    );
    // A refund that had failed was taken for the one that was not listed.
    let for_ours = |server: &Server| {
        let told = refunded("by-shop0001-r5", 10_000, RefundStep::Succeeded, Some(5));
        Fixture::at(server)
            .with_captured()
            .with_refund(5, "by-shop0001-r5", 10_000)
            .with_proof(told)
    };
    let reading = told_to(for_ours, transaction("refund", LISTED)).await;
    assert_eq!(
        proofs(&reading.unwrap())[1..],
        [
            "refunded desk 10000.00 succeeded",
            "refunded by-shop0001-r5 10000.00 failed for 5",
        ]
    );
}

#[tokio::test]
async fn what_fits_beside_what_is_listed_stays() {
    let list = r#""refunds":[{"refund_key":"desk","refund_amount":"4000.00"}]"#;
    let both = |server: &Server| {
        Fixture::at(server)
            .with_captured()
            .with_refund(5, "by-shop0001-r5", 6_000)
            .with_proof(refunded(
                "by-shop0001-r5",
                6_000,
                RefundStep::Pending,
                Some(5),
            ))
            .with_proof(refunded("desk", 4_000, RefundStep::Pending, None))
    };
    let reading = told_to(both, transaction("refund", list)).await.unwrap();
    assert_eq!(
        proofs(&reading)[1..],
        ["refunded desk 4000.00 pending".to_owned()]
    );
}

/// The gateway lists, and just now it does not.
#[tokio::test]
async fn what_was_listed_is_not_told_once_more_under_another_name() {
    let known = |server: &Server| {
        Fixture::at(server).with_captured().with_proof(refunded(
            "desk",
            10_000,
            RefundStep::Pending,
            None,
        ))
    };
    let failed = told_to(known, transaction("refund", "")).await;
    assert!(matches!(failed, Err(CallError::Unknown(_))), "{failed:?}");
    // What was told without a list is told again.
    let unlisted = |server: &Server| {
        let name = format!("{TRANSACTION} refund");
        let told = refunded(&name, 10_000, RefundStep::Succeeded, None);
        Fixture::at(server).with_captured().with_proof(told)
    };
    let reading = told_to(unlisted, transaction("refund", "")).await.unwrap();
    assert_eq!(
        proofs(&reading)[1..],
        [format!("refunded {TRANSACTION} refund 10000.00 succeeded")]
    );
}

#[tokio::test]
async fn a_refund_that_never_left_is_not_what_was_cancelled() {
    let cancelled = async |of: fn(&Server) -> Fixture| {
        let reading = told_to(of, transaction("cancel", "")).await.unwrap();
        proofs(&reading)
    };
    let withdrawn = |server: &Server| {
        Fixture::at(server)
            .with_captured()
            .with_refund_that_never_left(5, "by-shop0001-r5", 10_000)
    };
    assert_eq!(cancelled(withdrawn).await, ["reversed"]);
    // Of several, it is one that is still wanted.
    let wanted = |server: &Server| {
        Fixture::at(server)
            .with_captured()
            .with_refund(5, "by-shop0001-r5", 10_000)
            .with_failed_refund(6, "by-shop0001-r6", 10_000)
            .with_refund_that_never_left(7, "by-shop0001-r7", 10_000)
    };
    let ours = "refunded by-shop0001-r5 10000.00 succeeded for 5";
    assert_eq!(cancelled(wanted).await, [ours]);
    // One that was believed to have failed, and had left, did not fail after all.
    let failed = |server: &Server| {
        Fixture::at(server)
            .with_captured()
            .with_failed_refund(5, "by-shop0001-r5", 10_000)
    };
    assert_eq!(cancelled(failed).await, [ours]);
}

#[tokio::test]
async fn a_dispute_holds_what_was_not_refunded() {
    let list =
        r#""refunds":[{"refund_key":"desk","refund_amount":"4000.00","refund_method":"offline"}]"#;
    let reading = told(Known::Captured, "chargeback", list).await;
    assert_eq!(
        proofs(&reading),
        [
            "captured 10000.00",
            "refunded desk 4000.00 succeeded",
            "disputed 6000.00 2"
        ]
    );
}

#[tokio::test]
async fn times_are_those_of_jakarta() {
    let fields = r#""settlement_time":"2025-07-18 11:08:00""#;
    let reading = told(Known::Nothing, "settlement", fields).await;
    assert_eq!(reading.proofs[0].1.to_string(), "2025-07-18 04:08:00 UTC");
    let reading = told(Known::Nothing, "settlement", "").await;
    assert_eq!(reading.proofs[0].1.to_string(), "2025-07-18 04:06:30 UTC");
}

#[tokio::test]
async fn an_amount_is_told_exactly_as_the_gateway_has_it() {
    for (told_as, minor) in [
        (r#""10000.00""#, 1_000_000),
        ("10000.00", 1_000_000),
        (r#""10000""#, 1_000_000),
        (r#""9999.50""#, 999_950),
        (r#""0.01""#, 1),
    ] {
        let reading = told(
            Known::Nothing,
            "settlement",
            &format!(r#""gross_amount":{told_as}"#),
        )
        .await;
        let expected = Proof::Captured {
            capture: CaptureId::new(TRANSACTION).unwrap(),
            amount: Money::new(minor, Currency::Idr),
        };
        assert_eq!(reading.proofs[0].0, expected, "{told_as}");
    }
}

#[tokio::test]
async fn money_that_cannot_be_understood_is_no_money_and_not_lost() {
    for fields in [
        r#""gross_amount":"10.000,00""#,
        r#""gross_amount":"10000.005""#,
        r#""gross_amount":null"#,
        r#""currency":"XYZ1""#,
        r#""transaction_id":null"#,
        r#""order_id":"other","transaction_id":"other""#,
        r#""transaction_status":null"#,
    ] {
        let error = told_to(Fixture::at, transaction("settlement", fields)).await;
        let error = match error {
            Err(error) => error,
            Ok(reading) => panic!("{fields}: {reading:?}"),
        };
        assert!(
            matches!(error, CallError::Unknown(_)),
            "{fields}: {error:?}"
        );
        assert_eq!(error.fault().kind, FaultKind::Garbage, "{fields}");
    }
}

#[tokio::test]
async fn another_currency_is_told_as_it_is() {
    let reading = told(Known::Nothing, "settlement", r#""currency":"usd""#).await;
    let (Proof::Captured { amount, .. }, _) = &reading.proofs[0] else {
        panic!("{:?}", reading.proofs);
    };
    assert_eq!(*amount, Money::new(1_000_000, Currency::Usd));
}

#[tokio::test]
async fn a_transaction_of_another_order_under_our_name_is_not_ours() {
    let sent =
        r#"{"custom_field1":"INV202507180407-3C2A 1;o","custom_field2":"payment:7 attempt:12 ,1"}"#;
    for (fields, is_ours) in [
        (r#""custom_field1":"INV202507180407-3C2A 1;o""#, true),
        (r#""custom_field1":"INV202507180407-3C2A""#, true),
        (r#""custom_field1":null"#, true),
        (r#""custom_field1":"INV202507180407-3C2B 1;o""#, false),
        (r#""custom_field2":"payment:7 attempt:12 ,1""#, true),
        (r#""custom_field2":"payment:8 attempt:12 ,1""#, false),
    ] {
        let found = Reply::Of(200, transaction("settlement", fields));
        let server = Server::of(vec![found]).await;
        let fixture = Fixture::at(&server);
        let place = Place {
            opened_with: sent,
            ..fixture.place()
        };
        let reading = fixture.gateway.read(&place).await.unwrap();
        assert_eq!(reading.is_ours, is_ours, "{fields}");
    }
}

#[tokio::test]
async fn a_transaction_is_ours_by_its_name_and_never_against_its_mark() {
    for (fields, is_ours) in [
        ("", true),
        (r#""custom_field2":"""#, true),
        (r#""custom_field2":"payment:7 attempt:12""#, true),
        (r#""custom_field2":"payment:7 attempt:13""#, false),
        (r#""custom_field2":"payment:7 attempt:120""#, false),
        (r#""custom_field2":"hello""#, false),
        (r#""order_id":"by-shop0001-another""#, false),
        (
            r#""order_id":"by-shop0001-another","custom_field2":"payment:7 attempt:12""#,
            true,
        ),
    ] {
        let missing = Reply::Of(200, MISSING.to_owned());
        let found = Reply::Of(200, transaction("settlement", fields));
        let by_order = !fields.contains("order_id");
        let server = Server::of(if by_order {
            vec![found]
        } else {
            vec![missing, found]
        })
        .await;
        let fixture = Fixture::at(&server).with_captured();
        let reading = fixture.gateway.read(&fixture.place()).await.unwrap();
        assert_eq!(reading.is_ours, is_ours, "{fields}");
    }
}

#[tokio::test]
async fn a_refund_moves_on_when_the_bank_confirms_it_and_keeps_its_name() {
    let entry = |more: &str| {
        format!(
            r#""refunds":[{{"refund_key":"by-shop0001-r5","refund_chargeback_id":9,"refund_amount":"10000.00"{more}}}]"#
        )
    };
    let first = told(Known::Captured, "refund", &entry("")).await;
    let later = told(
        Known::Captured,
        "refund",
        &entry(r#","bank_confirmed_at":"2025-07-19 10:00:00""#),
    )
    .await;
    let step = |reading: &Reading| match &reading.proofs[1].0 {
        Proof::Refunded {
            refund, step, ours, ..
        } => (refund.clone(), *step, *ours),
        other => panic!("{other:?}"),
    };
    assert_eq!(step(&first).0, step(&later).0);
    assert_eq!(step(&first).1, RefundStep::Pending);
    assert_eq!(step(&later).1, RefundStep::Succeeded);
    assert_eq!(step(&first).2, None::<RefundId>);
}
