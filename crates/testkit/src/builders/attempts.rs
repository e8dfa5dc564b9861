use std::sync::atomic::{AtomicU32, Ordering};

use bayar_app::port::gateway::Request;
use bayar_app::port::store::{CallKey, CallPurpose, NewCall};
use bayar_domain::gateway::AccountRef;
use bayar_domain::{
    AttemptId, AttemptTerms, CaptureId, Fact, Gateway, Mode, Money, PaymentId, Proof, Session,
    Source,
};
use chrono::{DateTime, TimeDelta, Utc};

/// The account of our key: one of Stripe's, where no money moves.
#[must_use]
pub fn a_source() -> Source {
    Source {
        gateway: Gateway::Stripe,
        account: AccountRef::new("acct_1").unwrap(),
        mode: Mode::Test,
    }
}

/// An attempt to settle a payment there.
#[must_use]
pub fn an_attempt(id: AttemptId, payment: PaymentId) -> AttemptTerms {
    AttemptTerms {
        id,
        payment,
        source: a_source(),
    }
}

/// A checkout session of that name, open until 18 July 2025, 04:37.
#[must_use]
pub fn a_session(name: &str) -> Session {
    Session {
        reference: name.parse().unwrap(),
        url: format!("https://checkout.example/{name}"),
        expires_at: a_day() + TimeDelta::minutes(30),
    }
}

/// Money of that name.
#[must_use]
pub fn a_capture(name: &str) -> CaptureId {
    CaptureId::new(name).unwrap()
}

/// What the gateway proved about an attempt, on 18 July 2025, 04:07.
#[must_use]
pub fn a_fact(attempt: AttemptId, proof: Proof) -> Fact {
    Fact::new(attempt, a_source(), proof, a_day()).unwrap()
}

/// The gateway proved that money came in.
#[must_use]
pub fn captured(attempt: AttemptId, name: &str, amount: Money) -> Fact {
    let capture = a_capture(name);
    a_fact(attempt, Proof::Captured { capture, amount })
}

/// The gateway proved that nobody can pay through an attempt any more.
#[must_use]
pub fn expired(attempt: AttemptId) -> Fact {
    a_fact(attempt, Proof::Expired)
}

/// A call that is to be written down: the first one for its purpose, under a key that no other sample has.
#[must_use]
pub fn a_call(purpose: CallPurpose) -> NewCall {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    NewCall {
        key: CallKey::new(format!("by-sample-{next}")).unwrap(),
        purpose,
        generation: 1,
        request: Request {
            path: format!("/v1/{}", purpose.operation().as_str()),
            body: format!("{{\"subject\":{},\"name\":\"Télé\\n\"}}", purpose.subject()),
            good_until: a_day() + TimeDelta::hours(23),
        },
        dead_at: a_day() + TimeDelta::hours(1),
    }
}

fn a_day() -> DateTime<Utc> {
    DateTime::from_timestamp(1_752_811_620, 0).unwrap()
}
