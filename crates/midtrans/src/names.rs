//! Finds a checkout by the name that it must have: Midtrans keeps no list.

use async_trait::async_trait;
use bayar_app::port::gateway::{CallError, Fault, FaultKind};
use bayar_app::port::gateway_book::{BookedCheckout, GatewayNames, Mark, Names, Taken};
use bayar_app::port::store::{CallKey, Installation};
use bayar_domain::gateway::CaptureId;
use bayar_domain::{AttemptId, Currency};

use crate::gateway::MidtransGateway;
use crate::wire::{Body, Fraud, Word};
use crate::{open, rupiah, time};

#[async_trait]
impl GatewayNames for MidtransGateway {
    fn key_of(&self, installation: &Installation, attempt: AttemptId) -> CallKey {
        CallKey::of_attempt(installation, attempt)
    }

    async fn checkout(&self, key: &CallKey) -> Result<Option<BookedCheckout>, CallError> {
        let found = self.in_time(self.transaction(key.as_str())).await?;
        found.map(|body| booked(&body, key)).transpose()
    }
}

fn booked(body: &Body, key: &CallKey) -> Result<BookedCheckout, CallError> {
    let garbage =
        |what: &str| CallError::Unknown(Fault::of(FaultKind::Garbage).with_code(what.to_owned()));
    let name = body.transaction_id.as_deref().unwrap_or_default();
    let capture = CaptureId::new(name).map_err(|_| garbage("transaction_id"))?;
    let moment = |text: &Option<String>| time::read(text.as_deref()?);
    let opened_at = moment(&body.transaction_time).or_else(|| moment(&body.settlement_time));
    let fields = [
        body.custom_field1.as_deref().unwrap_or_default(),
        body.custom_field2.as_deref().unwrap_or_default(),
        body.custom_field3.as_deref().unwrap_or_default(),
    ];
    let cut = |nth: usize, words| {
        fields
            .get(nth)
            .map_or(("", ""), |field| open::cut(field, words))
    };
    let (order, first) = cut(0, 1);
    let (mark, second) = cut(1, 2);
    let (whose, third) = cut(2, 3);
    let record = [first, second, third].concat();
    let amount = body
        .gross_amount
        .as_deref()
        .and_then(|text| rupiah::read(text, Currency::Idr).ok());
    Ok(BookedCheckout {
        opened_at: opened_at.ok_or_else(|| garbage("transaction_time"))?,
        names: Names {
            capture: Some(capture.clone()),
            reference: Some(order.to_owned()),
            mark: marked(order, mark, whose),
            ..Names::default()
        },
        status: body.status(),
        taken: came_in(body).then_some(Taken {
            capture,
            amount,
            has_gone_back: went_back(body),
        }),
        is_over: !came_in(body) && is_over(body),
        key: Some(key.clone()),
        url: None,
        expires_at: moment(&body.expiry_time),
        record: (!record.is_empty()).then_some(record),
    })
}

fn marked(order: &str, mark: &str, whose: &str) -> Option<Mark> {
    let installation = whose.split(' ').next()?;
    let payment = mark.split(' ').next()?.strip_prefix("payment:")?;
    Some(Mark {
        installation: Installation::new(installation).ok()?,
        order: order.parse().ok(),
        payment: payment.parse().ok(),
        attempt: open::marked_attempt(mark).and_then(|attempt| attempt.parse().ok()),
        refund: None,
    })
}

/// Whether money came in, whatever became of it since.
fn came_in(body: &Body) -> bool {
    match body.word() {
        Word::Capture | Word::Settlement => body.fraud() == Fraud::Accept,
        Word::Refund | Word::PartialRefund | Word::Chargeback | Word::PartialChargeback => true,
        Word::Deny | Word::Cancel | Word::Expire | Word::Failure => body.settlement_time.is_some(),
        Word::Pending | Word::Authorize | Word::Other => false,
    }
}

fn went_back(body: &Body) -> bool {
    matches!(
        body.word(),
        Word::Refund | Word::PartialRefund | Word::Chargeback | Word::PartialChargeback
    )
}

/// Whether nobody can pay any more. A card that was declined can be tried again.
fn is_over(body: &Body) -> bool {
    matches!(body.word(), Word::Cancel | Word::Failure)
        || body.word() == Word::Expire && body.payment_type.as_deref() != Some("credit_card")
}
