//! What a refusal means.

use bayar_app::port::gateway::{CallError, Fault, FaultKind};

use crate::http::Answer;

/// The fault of an answer.
pub fn fault(answer: &Answer, kind: FaultKind) -> Fault {
    Fault {
        kind,
        code: Some(answer.code.to_string()),
        request_id: answer.request_id.clone(),
        retry_after: None,
    }
}

/// It was refused. That proves nothing when an earlier try may have come through.
pub fn refused(answer: &Answer, kind: FaultKind) -> CallError {
    let fault = fault(answer, kind);
    if answer.was_unclear {
        CallError::Unknown(fault)
    } else {
        CallError::Refused(fault)
    }
}

/// Nobody knows what became of it.
pub fn unknown(answer: &Answer, kind: FaultKind) -> CallError {
    CallError::Unknown(fault(answer, kind))
}

/// What an answer means that is not what was hoped for, where an operation has no reading of its own.
pub fn by_code(answer: &Answer) -> CallError {
    match answer.code {
        401 | 402 | 403 | 410 => refused(answer, FaultKind::Authentication),
        404 => refused(answer, FaultKind::NotFound),
        // There is one by this name: only reading tells whether it is ours.
        406 => unknown(answer, FaultKind::Idempotency),
        409 | 411 => refused(answer, FaultKind::Card),
        412 => refused(answer, FaultKind::WrongState),
        414 => refused(answer, FaultKind::Amount),
        400 | 405 | 408 | 413 => refused(answer, FaultKind::InvalidRequest),
        _ => unknown(answer, FaultKind::Garbage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Body;

    fn answer(code: u16, was_unclear: bool) -> Answer {
        Answer {
            code,
            body: Body::default(),
            request_id: Some("abc".to_owned()),
            was_unclear,
        }
    }

    #[test]
    fn each_code_has_its_kind_and_its_class() {
        use FaultKind::{
            Amount, Authentication, Card, Garbage, Idempotency, InvalidRequest, NotFound,
            WrongState,
        };
        for (code, kind, is_refused) in [
            (400, InvalidRequest, true),
            (401, Authentication, true),
            (402, Authentication, true),
            (403, Authentication, true),
            (404, NotFound, true),
            (405, InvalidRequest, true),
            (406, Idempotency, false),
            (408, InvalidRequest, true),
            (409, Card, true),
            (410, Authentication, true),
            (411, Card, true),
            (412, WrongState, true),
            (413, InvalidRequest, true),
            (414, Amount, true),
            (300, Garbage, false),
            (200, Garbage, false),
            (499, Garbage, false),
        ] {
            let error = by_code(&answer(code, false));
            assert_eq!(matches!(error, CallError::Refused(_)), is_refused, "{code}");
            assert_eq!(error.fault().kind, kind, "{code}");
            assert_eq!(error.fault().code, Some(code.to_string()));
            assert_eq!(error.fault().request_id.as_deref(), Some("abc"));
        }
    }

    #[test]
    fn a_refusal_proves_nothing_after_a_try_that_was_unclear() {
        for code in [400, 401, 404, 412, 414] {
            assert!(
                matches!(by_code(&answer(code, true)), CallError::Unknown(_)),
                "{code}"
            );
        }
    }
}
