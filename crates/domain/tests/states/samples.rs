//! Values that the machines are tried on.

use bayar_domain::gateway::{Session, TransferReference};
use bayar_domain::invoice::Takings;
use bayar_domain::{AttemptId, CaptureId, Currency, Money, Papers};
use chrono::{DateTime, TimeDelta, Utc};

/// What a paid payment says to its papers when so much of it went back.
pub fn papers(refunded: i64) -> Papers {
    Papers::Settled(Takings::new(pesos(100), pesos(refunded)).unwrap())
}

pub fn pesos(pesos: i64) -> Money {
    Money::new(pesos * 100, Currency::Php)
}

pub fn at(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_752_811_620, 0).unwrap() + TimeDelta::hours(hours)
}

pub fn attempt_id(id: i64) -> AttemptId {
    id.try_into().unwrap()
}

pub fn capture(number: u32) -> CaptureId {
    CaptureId::new(format!("pi_{number}")).unwrap()
}

pub fn transfer(number: u32) -> TransferReference {
    TransferReference::new(format!("bank transfer {number}")).unwrap()
}

pub fn session(number: u32) -> Session {
    Session {
        reference: format!("cs_{number}").parse().unwrap(),
        url: format!("https://checkout.example/cs_{number}"),
        expires_at: at(1),
    }
}
