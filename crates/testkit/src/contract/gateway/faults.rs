//! What goes wrong on the way.
#![allow(missing_docs, reason = "the name of a case says what must be")]

use bayar_app::port::gateway::{Call, CallError, FaultKind};
use bayar_app::port::store::Operation;
use bayar_domain::Money;

use super::{At, Attempted, GatewayStage, Trouble};

type Case<'a> = &'a dyn GatewayStage;

pub async fn where_nobody_listens_nothing_was_sent(stage: Case<'_>) {
    let attempted = Attempted::planned(stage).await;
    let place = attempted.place();
    let call = Call {
        key: &attempted.key,
        operation: Operation::Open,
        request: &attempted.request,
        place: &place,
    };
    let sent = stage.nobody().send(&call).await;
    let fault = match &sent {
        Err(CallError::NotSent(fault)) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault.kind, FaultKind::Connection);
    let read = stage.nobody().read(&place).await;
    assert!(matches!(read, Err(CallError::NotSent(_))), "{read:?}");
}

pub async fn a_key_that_is_not_known_is_refused_and_told_apart(stage: Case<'_>) {
    let attempted = Attempted::planned(stage).await;
    let place = attempted.place();
    let call = Call {
        key: &attempted.key,
        operation: Operation::Open,
        request: &attempted.request,
        place: &place,
    };
    let errors = [
        stage.stranger().send(&call).await.unwrap_err(),
        stage.stranger().read(&place).await.unwrap_err(),
        stage.stranger().check().await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, CallError::Refused(_)), "{error:?}");
        assert_eq!(error.fault().kind, FaultKind::Authentication);
    }
    assert_eq!(stage.book().await.opened, 0);
}

pub async fn after_every_doubtful_answer_to_opening_nobody_knows(stage: Case<'_>) {
    for trouble in Trouble::UNCLEAR {
        let mut attempted = fresh(stage, trouble).await;
        // An adapter tries a few times: each of them meets the same trouble.
        for _ in 0..8 {
            stage.trouble(At::Open, trouble).await;
        }
        let opened = attempted.open().await;
        assert!(
            matches!(opened, Err(CallError::Unknown(_))),
            "{trouble:?}: {opened:?}"
        );
        stage.calm().await;
    }
}

pub async fn after_every_doubt_the_same_call_opens_one_checkout(stage: Case<'_>) {
    for (number, trouble) in Trouble::UNCLEAR.into_iter().enumerate() {
        // An error that a gateway keeps for the key is never anything else: looking tells, and another call.
        if trouble == Trouble::ErrorAfter {
            continue;
        }
        let mut attempted = fresh(stage, trouble).await;
        for _ in 0..8 {
            stage.trouble(At::Open, trouble).await;
        }
        let _ = attempted.open().await;
        stage.calm().await;
        attempted.open().await.unwrap();
        let opened = stage.book().await.opened;
        let before = if number > 4 { number - 1 } else { number };
        assert_eq!(opened, before + 1, "{trouble:?}");
    }
}

pub async fn after_every_doubt_the_same_refund_gives_back_once(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    let part = Money::new(stage.amount().minor() / 4, stage.amount().currency());
    let troubles = [Trouble::SilenceAfter, Trouble::ResetAfter, Trouble::CutOff];
    for (number, trouble) in (11..).zip(troubles) {
        let (key, request) = attempted.asked(number, part);
        stage.trouble(At::Refund, trouble).await;
        let _ = attempted.send(&key, Operation::Refund, &request).await;
        stage.calm().await;
        let _ = attempted.send(&key, Operation::Refund, &request).await;
        attempted
            .read_until(|reading| {
                let refunds = Attempted::proved_refunds(reading);
                refunds.contains(&(part.minor(), Some(number)))
            })
            .await;
        let times = number - 10;
        assert_eq!(
            stage.book().await.refunded,
            times * part.minor(),
            "{trouble:?}"
        );
    }
}

pub async fn too_many_requests_are_not_sent(stage: Case<'_>) {
    let mut attempted = Attempted::planned(stage).await;
    for _ in 0..8 {
        stage.trouble(At::Open, Trouble::TooMany).await;
    }
    let opened = attempted.open().await;
    let fault = match &opened {
        Err(CallError::NotSent(fault)) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault.kind, FaultKind::RateLimit);
    stage.calm().await;
    assert_eq!(stage.book().await.opened, 0);
}

pub async fn a_doubtful_answer_to_reading_proves_nothing(stage: Case<'_>) {
    let mut attempted = Attempted::paid(stage).await;
    for trouble in [Trouble::SilenceBefore, Trouble::CutOff, Trouble::Page] {
        for _ in 0..8 {
            stage.trouble(At::Read, trouble).await;
        }
        let read = attempted.read().await;
        assert!(
            matches!(read, Err(CallError::Unknown(_))),
            "{trouble:?}: {read:?}"
        );
        stage.calm().await;
    }
    attempted.read().await.unwrap();
}

pub async fn no_fault_shows_a_secret(stage: Case<'_>) {
    let attempted = Attempted::planned(stage).await;
    let place = attempted.place();
    let call = Call {
        key: &attempted.key,
        operation: Operation::Open,
        request: &attempted.request,
        place: &place,
    };
    for port in [stage.stranger(), stage.nobody()] {
        let error = port.send(&call).await.unwrap_err();
        let shown = format!("{error} {error:?} {:?}", attempted.request);
        for secret in stage.secrets() {
            assert!(!shown.contains(&secret), "{shown}");
        }
        assert!(!shown.contains("shop.example"), "{shown}");
    }
}

/// An attempt with a name of its own.
async fn fresh<'a>(stage: Case<'a>, trouble: Trouble) -> Attempted<'a> {
    let mut attempted = Attempted::planned(stage).await;
    attempted.rename(&format!("{trouble:?}"));
    attempted
}
