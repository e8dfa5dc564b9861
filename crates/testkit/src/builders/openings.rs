use std::time::Duration;

use bayar_app::port::store::{
    Actor, BillIds, Claim, IdempotencyKey, KeyOwner, KeyScope, Opened, Opening, OrderKey,
    RequestHash, Route, Store, StoredAnswer, Survey,
};
use bayar_domain::tax::TaxMode;
use bayar_domain::{Bill, BillRequest, Gateway, Order, TaxPolicy};
use chrono::{DateTime, TimeDelta, Utc};

/// A payment that is to be opened: at Stripe, now, by the owner of the order, who has a day to pay; taxes are
/// recorded only, and the key is kept for a day. Unless it is told otherwise.
#[derive(Debug, Clone)]
pub struct AnOpening {
    order: Order,
    ids: Option<BillIds>,
    taxes: TaxMode,
    method: Gateway,
    at: Option<DateTime<Utc>>,
    payable_for: TimeDelta,
    by: Actor,
    owner: KeyOwner,
    key: Option<IdempotencyKey>,
    body: Option<Vec<u8>>,
    kept_for: Duration,
}

impl AnOpening {
    /// A payment for `order` as it is here.
    #[must_use]
    pub fn of(order: &Order) -> Self {
        let owner = order.terms().owner;
        Self {
            order: order.clone(),
            ids: None,
            taxes: TaxMode::Recorded,
            method: Gateway::Stripe,
            at: None,
            payable_for: TimeDelta::hours(24),
            by: Actor::User(owner),
            owner: KeyOwner::User(owner),
            key: None,
            body: None,
            kept_for: Duration::from_secs(24 * 60 * 60),
        }
    }

    /// The ids of payment and papers. Otherwise the store reserves some.
    #[must_use]
    pub fn with_ids(self, ids: BillIds) -> Self {
        let ids = Some(ids);
        Self { ids, ..self }
    }

    /// How price and taxes make up what the buyer pays.
    #[must_use]
    pub fn with_taxes(self, taxes: TaxMode) -> Self {
        Self { taxes, ..self }
    }

    /// The gateway.
    #[must_use]
    pub fn by_way_of(self, method: Gateway) -> Self {
        Self { method, ..self }
    }

    /// When it is opened. Otherwise it is now, by the clock of the store.
    #[must_use]
    pub fn at(self, at: DateTime<Utc>) -> Self {
        let at = Some(at);
        Self { at, ..self }
    }

    /// How long there is time to pay.
    #[must_use]
    pub fn payable_for(self, payable_for: TimeDelta) -> Self {
        Self {
            payable_for,
            ..self
        }
    }

    /// Who opens it.
    #[must_use]
    pub fn by(self, by: Actor) -> Self {
        Self { by, ..self }
    }

    /// Whose key it is.
    #[must_use]
    pub fn key_of(self, owner: KeyOwner) -> Self {
        Self { owner, ..self }
    }

    /// The key. Otherwise one is made from the payment's id.
    #[must_use]
    pub fn key(self, key: &str) -> Self {
        let key = Some(IdempotencyKey::new(key).unwrap());
        Self { key, ..self }
    }

    /// The body of the answer. Otherwise it names the payment.
    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let body = Some(body.into());
        Self { body, ..self }
    }

    /// How long the key is kept at least.
    #[must_use]
    pub fn kept_for(self, kept_for: Duration) -> Self {
        Self { kept_for, ..self }
    }

    /// The opening, with what a store has to say about it.
    pub async fn build(self, store: &dyn Store) -> Opening {
        let now = match self.at {
            Some(at) => at,
            None => store.now().await.unwrap(),
        };
        let policy = TaxPolicy::standard().with_mode(self.taxes);
        let (price, tax_day) = (self.order.terms().price, now.date_naive());
        let ids = match self.ids {
            Some(ids) => ids,
            None => {
                let taxes = policy.assess(price, tax_day).unwrap().lines().len();
                store.reserve_bill_ids(taxes).await.unwrap()
            }
        };
        let payment = ids.payment;
        let request = BillRequest {
            payment,
            invoice: ids.invoice,
            taxes: ids.taxes,
            payment_method: self.method,
            now,
            deadline: now + self.payable_for,
            tax_day,
        };
        let key = self
            .key
            .unwrap_or_else(|| IdempotencyKey::new(format!("key-{payment}")).unwrap());
        let number = self.order.terms().number.as_str();
        let answer = StoredAnswer {
            request: RequestHash::of(&[number, &price.to_string()]),
            payment,
            body: self
                .body
                .unwrap_or_else(|| format!(r#"{{"payment_id":{payment}}}"#).into_bytes()),
        };
        Opening {
            bill: Bill::write(&self.order, &policy, request).unwrap(),
            order: self.order,
            claim: Claim {
                scope: KeyScope {
                    owner: self.owner,
                    route: Route::CreatePayment,
                    key,
                },
                answer,
                kept_for: self.kept_for,
            },
            by: self.by,
        }
    }

    /// The opening, done.
    pub async fn open(self, store: &dyn Store) -> Opening {
        let opening = self.build(store).await;
        assert_eq!(store.open_payment(&opening).await.unwrap(), Opened::Yes);
        opening
    }
}

/// The look at all that decides about an opening.
#[must_use]
pub fn survey_of(opening: &Opening) -> Survey {
    Survey {
        person: None,
        scope: opening.claim.scope.clone(),
        order: OrderKey::Id(opening.order.terms().id),
    }
}
