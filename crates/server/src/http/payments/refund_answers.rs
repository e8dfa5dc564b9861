//! What refunds and their papers look like in answers.

use bayar_app::port::store::StoredRefund;
use bayar_app::{ExternalShown, RefundShown, RefundsOfPayment};
use bayar_domain::fact::RefundStep;
use bayar_domain::refund::{RefundOrigin, RefundState};
use bayar_domain::{CreditNote, PaymentId, RefundStatus};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::body::{amount, time};

/// Money that went back, or is to go back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundBody {
    /// Its id; null when it was made at the gateway and not here.
    id: Option<i64>,
    /// The gateway's name for it, when it was made there and not here.
    gateway_refund_id: Option<String>,
    /// The payment the money came with.
    payment_id: i64,
    /// How much goes back.
    amount: String,
    /// In which currency.
    currency: &'static str,
    /// Where it stands.
    #[schema(value_type = RefundStatusName)]
    status: &'static str,
    /// Why it failed: `refused`, `failed` or `withdrawn`.
    failure: Option<&'static str>,
    /// Where the proof of a transfer by hand can be found.
    transfer_reference: Option<String>,
    /// Why, as whoever asked for it said.
    reason: Option<String>,
    /// Who wanted it.
    #[schema(value_type = RefundOriginName)]
    origin: &'static str,
    /// Its papers, in the order they were issued.
    credit_notes: Vec<CreditNoteBody>,
    /// When it was asked for, or first seen.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it last changed.
    #[schema(format = DateTime)]
    updated_at: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is only described by")]
enum RefundStatusName {
    Requested,
    Sent,
    Unknown,
    Manual,
    Succeeded,
    Failed,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "it is only described by")]
enum RefundOriginName {
    /// An operator or an application.
    Requested,
    /// We ourselves, because the order had its money already.
    Surplus,
    /// Somebody at the gateway.
    External,
}

impl RefundBody {
    /// A refund that is our doing.
    pub fn ours(shown: &RefundShown) -> Self {
        let StoredRefund {
            refund,
            created_at,
            updated_at,
            ..
        } = &shown.stored;
        let terms = refund.terms();
        let (failure, transfer) = match refund.state() {
            RefundState::Failed { reason } => (Some(reason.as_str()), None),
            RefundState::Succeeded { transfer } => (None, transfer.as_ref()),
            RefundState::Requested
            | RefundState::Sent
            | RefundState::Unknown
            | RefundState::Manual => (None, None),
        };
        Self {
            id: Some(terms.id.get()),
            gateway_refund_id: None,
            payment_id: terms.payment.get(),
            amount: amount(refund.amount()),
            currency: refund.amount().currency().code(),
            status: refund.status().as_str(),
            failure,
            transfer_reference: transfer.map(|reference| reference.as_str().to_owned()),
            reason: terms
                .reason
                .as_ref()
                .map(|reason| reason.as_str().to_owned()),
            origin: terms.origin.as_str(),
            credit_notes: shown.notes.iter().map(CreditNoteBody::new).collect(),
            created_at: time(*created_at),
            updated_at: time(*updated_at),
        }
    }

    /// A refund of a payment that somebody made at its gateway.
    fn external(shown: &ExternalShown, payment: PaymentId) -> Self {
        let stored = &shown.stored;
        let status = match stored.state.step {
            RefundStep::Pending => RefundStatus::Sent,
            RefundStep::Succeeded => RefundStatus::Succeeded,
            RefundStep::Failed => RefundStatus::Failed,
        };
        Self {
            id: None,
            gateway_refund_id: Some(stored.id.as_str().to_owned()),
            payment_id: payment.get(),
            amount: amount(stored.state.amount),
            currency: stored.state.amount.currency().code(),
            status: status.as_str(),
            failure: None,
            transfer_reference: None,
            reason: None,
            origin: RefundOrigin::External.as_str(),
            credit_notes: shown.notes.iter().map(CreditNoteBody::new).collect(),
            created_at: time(stored.created_at),
            updated_at: time(stored.updated_at),
        }
    }

    /// All refunds of a payment, oldest first.
    pub fn all(of: &RefundsOfPayment) -> Vec<Self> {
        let payment = of.payment.payment.terms().id;
        let ours = of.refunds.iter();
        let ours = ours.map(|shown| (shown.stored.created_at, Self::ours(shown)));
        let external = of.external.iter().map(|shown| {
            let body = Self::external(shown, payment);
            (shown.stored.created_at, body)
        });
        let mut all: Vec<_> = ours.chain(external).collect();
        all.sort_by_key(|(created_at, _)| *created_at);
        all.into_iter().map(|(_, body)| body).collect()
    }

    /// How much goes back.
    pub fn amount(&self) -> &str {
        &self.amount
    }
}

/// The paper of a refund. It never changes: one that was wrong is taken back by another one below zero.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditNote)]
pub struct CreditNoteBody {
    /// Its id.
    id: i64,
    /// Its number, for people.
    credit_note_number: String,
    /// How much went back: below zero when the note takes back the one of a refund that failed.
    amount: String,
    /// In which currency.
    currency: &'static str,
    /// How much of each tax it reverses.
    taxes: Vec<TaxShareBody>,
    /// When it was issued.
    #[schema(format = DateTime)]
    issued_at: String,
}

/// How much of a tax goes back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaxShare)]
pub struct TaxShareBody {
    /// The tax, as the taxes of the payment name it.
    tax_id: i64,
    /// How much of it, with the sign of the note.
    tax_amount: String,
}

impl CreditNoteBody {
    fn new(note: &CreditNote) -> Self {
        let terms = note.terms();
        Self {
            id: terms.id.get(),
            credit_note_number: terms.number.to_string(),
            amount: amount(terms.amount),
            currency: terms.amount.currency().code(),
            taxes: terms
                .taxes
                .iter()
                .map(|share| TaxShareBody {
                    tax_id: share.record.get(),
                    tax_amount: amount(share.amount),
                })
                .collect(),
            issued_at: time(terms.issued_at),
        }
    }
}
