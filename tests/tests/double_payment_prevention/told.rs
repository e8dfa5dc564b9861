//! What a server tells those who want a payment. Whatever is not one of these is a fault.

use bayar_tests::program::Answer;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// There is a payment now: the answer.
    New { payment: i64, body: String },
    /// The first answer once more.
    Replayed { payment: i64, body: String },
    /// There is a payment already.
    Existing { payment: i64, same_key: bool },
    /// Somebody else is at it.
    InProgress,
    /// The order has another price.
    OtherPrice,
    /// The order is called off.
    NotPayable,
    /// The key is bound to something else.
    KeyReused,
}

impl Told {
    pub fn by(answer: &Answer) -> Self {
        let body = answer.json();
        let code = answer.code();
        match (answer.status, code.as_deref()) {
            (201, None) => {
                let payment = answer.number("/data/payment_id");
                let body = answer.text.clone();
                match answer.header("Idempotent-Replayed") {
                    None => Self::New { payment, body },
                    Some("true") => Self::Replayed { payment, body },
                    Some(other) => panic!("Idempotent-Replayed: {other}"),
                }
            }
            (409, Some("duplicate_payment")) => {
                let same_key = body.pointer("/data/same_key");
                Self::Existing {
                    payment: answer.number("/data/payment_id"),
                    same_key: same_key.and_then(|it| it.as_bool()).expect("same_key"),
                }
            }
            (409, Some("payment_in_progress")) => {
                assert!(answer.header("Retry-After").is_some(), "{answer:?}");
                Self::InProgress
            }
            (409, Some("order_not_payable")) => Self::NotPayable,
            (422, Some("validation_failed")) if body.pointer("/errors/amount").is_some() => {
                Self::OtherPrice
            }
            (422, Some("idempotency_key_reused")) => Self::KeyReused,
            _ => panic!("this answer is not documented: {answer:?}"),
        }
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::New { .. } => "new",
            Self::Replayed { .. } => "replayed",
            Self::Existing { same_key: true, .. } => "existing, same key",
            Self::Existing {
                same_key: false, ..
            } => "existing",
            Self::InProgress => "in progress",
            Self::OtherPrice => "other price",
            Self::NotPayable => "not payable",
            Self::KeyReused => "key reused",
        }
    }

    /// The payment it speaks of.
    pub const fn payment(&self) -> Option<i64> {
        match self {
            Self::New { payment, .. }
            | Self::Replayed { payment, .. }
            | Self::Existing { payment, .. } => Some(*payment),
            Self::InProgress | Self::OtherPrice | Self::NotPayable | Self::KeyReused => None,
        }
    }
}

/// Whether a payment, a price or an order was changed. Whatever is neither a change nor `refusals` is a fault.
pub fn changed(answer: &Answer, refusals: &[&str]) -> bool {
    let code = answer.code();
    match (answer.status, code.as_deref()) {
        (200, None) => true,
        (409, Some("payment_in_progress")) => false,
        (409, Some(code)) if refusals.contains(&code) => false,
        _ => panic!("this answer is not documented: {answer:?}"),
    }
}
