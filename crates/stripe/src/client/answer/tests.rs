use reqwest::header::HeaderValue;

use super::*;

fn headers(of: &[(&'static str, &'static str)]) -> HeaderMap {
    of.iter()
        .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
        .collect()
}

fn words(class: &str, code: &str) -> String {
    format!(
        r#"{{"error":{{"type":"{class}","code":"{code}","message":"about jane@example.com","new":1}}}}"#
    )
}

fn judged(status: u16, body: &str) -> Judged {
    Judged::of_answer(status, &headers(&[]), body.as_bytes())
}

#[derive(Debug, PartialEq)]
enum Proves {
    NotSent,
    Refused,
    Nothing,
}

fn proves(error: &CallError) -> (Proves, FaultKind) {
    let kind = error.fault().kind;
    match error {
        CallError::NotSent(_) => (Proves::NotSent, kind),
        CallError::Refused(_) => (Proves::Refused, kind),
        CallError::Unknown(_) => (Proves::Nothing, kind),
    }
}

#[test]
fn each_class_of_errors_proves_what_it_proves() {
    use FaultKind as K;
    use Proves::{NotSent, Nothing, Refused};
    let request = "invalid_request_error";
    for (status, class, code, expected, again) in [
        (
            400,
            request,
            "parameter_missing",
            (Refused, K::InvalidRequest),
            false,
        ),
        (
            400,
            request,
            "brand_new_code",
            (Refused, K::InvalidRequest),
            false,
        ),
        (
            400,
            request,
            "amount_too_small",
            (Refused, K::Amount),
            false,
        ),
        (
            400,
            request,
            "amount_too_large",
            (Refused, K::Amount),
            false,
        ),
        (
            400,
            request,
            "charge_already_refunded",
            (Refused, K::WrongState),
            false,
        ),
        (
            400,
            request,
            "charge_disputed",
            (Refused, K::WrongState),
            false,
        ),
        (
            400,
            request,
            "refund_disputed_payment",
            (Refused, K::WrongState),
            false,
        ),
        (
            400,
            request,
            "charge_not_refundable",
            (Refused, K::NotRefundable),
            false,
        ),
        (
            400,
            request,
            "resource_missing",
            (Refused, K::NotFound),
            false,
        ),
        (
            400,
            request,
            "livemode_mismatch",
            (Refused, K::Authentication),
            false,
        ),
        (
            400,
            "idempotency_error",
            "",
            (Nothing, K::Idempotency),
            false,
        ),
        (401, request, "", (Refused, K::Authentication), false),
        (
            401,
            request,
            "amount_too_small",
            (Refused, K::Authentication),
            false,
        ),
        (
            402,
            "card_error",
            "card_declined",
            (Refused, K::Card),
            false,
        ),
        (403, request, "", (Refused, K::Authentication), false),
        (
            404,
            request,
            "resource_missing",
            (Refused, K::NotFound),
            false,
        ),
        (404, request, "", (Refused, K::NotFound), false),
        (
            409,
            "idempotency_error",
            "idempotency_key_in_use",
            (Nothing, K::Idempotency),
            true,
        ),
        (
            409,
            request,
            "idempotency_key_in_use",
            (Nothing, K::Idempotency),
            true,
        ),
        (409, request, "", (Nothing, K::Api), true),
        (424, "api_error", "", (Nothing, K::Api), true),
        (429, request, "rate_limit", (NotSent, K::RateLimit), true),
        (429, request, "lock_timeout", (Nothing, K::RateLimit), true),
        (405, request, "", (Nothing, K::InvalidRequest), false),
        (422, request, "", (Nothing, K::InvalidRequest), false),
        (500, "api_error", "", (Nothing, K::Api), true),
        (503, "brand_new_error", "x", (Nothing, K::Api), true),
        (302, request, "", (Nothing, K::InvalidRequest), false),
    ] {
        let judged = judged(status, &words(class, code));
        assert_eq!(proves(&judged.error), expected, "{status} {class} {code}");
        assert_eq!(judged.again, again, "{status} {class} {code}");
    }
}

#[test]
fn what_is_not_in_stripes_words_proves_nothing() {
    for body in [
        "",
        "<html>",
        "{}",
        "[]",
        "[[]]",
        r#"[["invalid_request_error","x"]]"#,
        r#"[{"type":"invalid_request_error"}]"#,
        r#"{"error":[]}"#,
        r#"{"error":["invalid_request_error","x"]}"#,
        r#"{"error":{}}"#,
        r#"{"error":{"code":"x"}}"#,
        r#"{"error":{"type":7}}"#,
        r#"{"error":"no"}"#,
        r#"{"error":{"type":"#,
    ] {
        for (status, kind) in [
            (302, FaultKind::Garbage),
            (400, FaultKind::Garbage),
            (403, FaultKind::Garbage),
            (429, FaultKind::RateLimit),
            (503, FaultKind::Api),
        ] {
            let judged = judged(status, body);
            assert_eq!(
                proves(&judged.error),
                (Proves::Nothing, kind),
                "{status} {body}"
            );
        }
    }
}

#[test]
fn an_error_with_odd_fields_is_an_error_all_the_same() {
    let odd =
        r#"{"error":{"type":"brand new!","code":{"a":1},"param":null,"payment_intent":"pi"}}"#;
    let judged = judged(400, odd);
    assert_eq!(
        proves(&judged.error),
        (Proves::Refused, FaultKind::InvalidRequest)
    );
    assert_eq!(judged.error.fault().code, None);
}

#[test]
fn stripe_says_whether_to_try_again() {
    for (status, said, again) in [
        (500, "false", false),
        (409, "false", false),
        (429, "false", false),
        (400, "true", true),
        (402, "true", true),
        (500, "true", true),
        (500, "perhaps", true),
    ] {
        let headers = headers(&[("stripe-should-retry", said)]);
        let judged = Judged::of_answer(status, &headers, words("api_error", "x").as_bytes());
        assert_eq!(judged.again, again, "{status} {said}");
    }
}

#[test]
fn a_failure_that_stripe_keeps_is_not_asked_for_again() {
    let headers = headers(&[
        ("idempotent-replayed", "true"),
        ("stripe-should-retry", "true"),
    ]);
    let judged = Judged::of_answer(500, &headers, words("api_error", "x").as_bytes());
    assert!(!judged.again);
    assert_eq!(proves(&judged.error), (Proves::Nothing, FaultKind::Api));
    assert_eq!(
        judged.error.fault().code.as_deref(),
        Some(Fault::STORED_FAILURE)
    );

    // A refusal that it keeps is a refusal.
    let judged = Judged::of_answer(
        402,
        &headers,
        words("card_error", "card_declined").as_bytes(),
    );
    assert_eq!(proves(&judged.error), (Proves::Refused, FaultKind::Card));
    assert_eq!(judged.error.fault().code.as_deref(), Some("card_declined"));
}

#[test]
fn the_number_of_the_request_and_the_time_to_come_back_are_kept() {
    let headers = headers(&[("request-id", "req_1"), ("retry-after", "7")]);
    let judged = Judged::of_answer(429, &headers, words("x", "rate_limit").as_bytes());
    let fault = judged.error.fault();
    assert_eq!(fault.request_id.as_deref(), Some("req_1"));
    assert_eq!(fault.code.as_deref(), Some("rate_limit"));
    assert_eq!(fault.retry_after, Some(Duration::from_secs(7)));
}

#[test]
fn nothing_personal_is_taken_from_an_error() {
    let judged = judged(400, &words("jane doe", "jane@example.com"));
    assert!(
        !format!("{judged:?} {}", judged.error).contains("jane"),
        "{judged:?}"
    );
}

#[test]
fn after_an_unclear_try_nothing_is_proof() {
    let kinds = [
        FaultKind::Connection,
        FaultKind::Authentication,
        FaultKind::InvalidRequest,
        FaultKind::Card,
    ];
    for kind in kinds {
        for error in [CallError::NotSent, CallError::Refused] {
            let told = error(Fault::of(kind));
            let among = |unclear| Judged::final_word(told.clone()).among(unclear);
            assert_eq!(among(true), CallError::Unknown(Fault::of(kind)));
            assert_eq!(among(false), told);
        }
    }
}
