use bayar_domain::order::InvalidPrice;
use bayar_domain::{
    ConsultationId, Currency, Money, Order, OrderKind, OrderNumber, OrderTerms, UserId,
};
use chrono::{DateTime, SubsecRound, Utc};

use super::{OrderError, RegisterError};
use crate::port::store::{
    Added, ExternalRef, NewOrder, OrderItem, OrderKey, Repriced, StoredOrder,
};
use crate::{App, Trouble};

/// The fee of a consultation.
#[derive(Debug, Clone)]
pub struct RegisterConsultation {
    /// The consultation.
    pub consultation: ConsultationId,
    /// Who pays.
    pub patient: UserId,
    /// The fee.
    pub price: Money,
    /// What it is for, in words.
    pub description: Option<String>,
}

/// Goods of an application.
#[derive(Debug, Clone)]
pub struct RegisterOrder {
    /// Who pays.
    pub user: UserId,
    /// The currency of every line.
    pub currency: Currency,
    /// The lines.
    pub items: Vec<OrderItem>,
    /// The application's own name for the order.
    pub external_ref: ExternalRef,
    /// What it is for, in words.
    pub description: Option<String>,
}

/// What became of a registration.
#[derive(Debug, Clone)]
pub enum Registered {
    /// There is an order now.
    New(StoredOrder),
    /// It was registered before, just so.
    Same(StoredOrder),
    /// It was registered before, and has a new price now.
    Repriced(StoredOrder),
}

/// How often to look again when somebody else registers or reprices the same order.
const ROUNDS: u32 = 4;

impl App {
    /// Registers the fee of a consultation, or gives it another price while nobody is paying it.
    ///
    /// # Errors
    /// When it was registered for somebody else or in another currency, or may not get another price now.
    pub async fn register_consultation(
        &self,
        wish: &RegisterConsultation,
    ) -> Result<Registered, RegisterError> {
        self.must_be_somebody(wish.patient).await?;
        self.must_take(wish.price)?;
        let key = OrderKey::Consultation(wish.consultation);
        let kind = OrderKind::Consultation {
            consultation_id: wish.consultation,
        };
        for round in 0..ROUNDS {
            let Some(stored) = self.store.order(&key).await? else {
                let order = self.draft(kind, wish.patient, wish.price, round).await?;
                let order = NewOrder {
                    order,
                    external_ref: None,
                    description: wish.description.clone(),
                    items: Vec::new(),
                };
                match self.add(order, &key).await? {
                    Some(registered) => return Ok(registered),
                    None => continue,
                }
            };
            let terms = stored.order.terms();
            if terms.owner != wish.patient {
                return Err(RegisterError::Otherwise("patient"));
            }
            let from = terms.price;
            match stored.order.clone().reprice(wish.price) {
                _ if from == wish.price => return Ok(Registered::Same(stored)),
                Ok(_) => {}
                Err(InvalidPrice::NotPending(status)) => {
                    return Err(OrderError::NotRepriceable(status).into());
                }
                Err(InvalidPrice::Price) => return Err(RegisterError::Otherwise("currency")),
            }
            self.expire_overdue(&stored).await?;
            let repriced = self.store.reprice(terms.id, from, wish.price).await?;
            match (repriced, self.store.order(&key).await?) {
                (Repriced::Yes, Some(stored)) => return Ok(Registered::Repriced(stored)),
                (Repriced::No, Some(stored)) if stored.live_payment.is_some() => {
                    return Err(OrderError::LivePayment.into());
                }
                (Repriced::Yes | Repriced::No, _) => {}
            }
        }
        Err(Trouble::InProgress.into())
    }

    /// Registers goods. The same again finds the order.
    ///
    /// # Errors
    /// When the reference was used for something else.
    pub async fn register_order(&self, wish: &RegisterOrder) -> Result<Registered, RegisterError> {
        self.must_be_somebody(wish.user).await?;
        let lines: Result<Vec<_>, _> = wish
            .items
            .iter()
            .map(|item| item.unit_amount.checked_mul(item.quantity))
            .collect();
        let price = lines
            .and_then(|lines| Money::sum(wish.currency, lines))
            .map_err(|_| RegisterError::TooMuch)?;
        self.must_take(price)?;
        let key = OrderKey::Reference(wish.external_ref.clone());
        for round in 0..ROUNDS {
            if let Some(stored) = self.store.order(&key).await? {
                let terms = stored.order.terms();
                return if terms.owner != wish.user {
                    Err(RegisterError::Otherwise("user"))
                } else if terms.price.currency() != wish.currency {
                    Err(RegisterError::Otherwise("currency"))
                } else if stored.items != wish.items {
                    Err(RegisterError::Otherwise("list of items"))
                } else {
                    Ok(Registered::Same(stored))
                };
            }
            let order = self.draft(OrderKind::Checkout, wish.user, price, round);
            let order = NewOrder {
                order: order.await?,
                external_ref: Some(wish.external_ref.clone()),
                description: wish.description.clone(),
                items: wish.items.clone(),
            };
            if let Some(registered) = self.add(order, &key).await? {
                return Ok(registered);
            }
        }
        Err(Trouble::InProgress.into())
    }

    /// Adds an order. Nothing: somebody else did, or the number is taken.
    async fn add(
        &self,
        order: NewOrder,
        key: &OrderKey,
    ) -> Result<Option<Registered>, RegisterError> {
        let terms = order.order.terms();
        let (user_id, number) = (terms.owner, terms.number.clone());
        match self.store.add_order(&order).await? {
            Added::Yes => {
                tracing::info!(%user_id, order_number = %number, "Order registered");
                let stored = self.store.order(key).await?;
                let stored = stored.ok_or_else(|| Trouble::fault("an order went away"))?;
                Ok(Some(Registered::New(stored)))
            }
            Added::Known | Added::NumberTaken => Ok(None),
        }
    }

    async fn draft(
        &self,
        kind: OrderKind,
        owner: UserId,
        price: Money,
        round: u32,
    ) -> Result<Order, RegisterError> {
        let now: DateTime<Utc> = self.clock.now().trunc_subsecs(6);
        let mut bytes = [0; 4];
        self.random.fill(&mut bytes);
        let suffix = u32::from_be_bytes(bytes);
        // Four digits are enough for most minutes; a number that is taken is followed by a longer one.
        let suffix = if round == 0 { suffix >> 16 } else { suffix };
        let number = OrderNumber::new(now, suffix).map_err(Trouble::fault)?;
        let order = Order::register(OrderTerms {
            id: self.store.reserve_order_id().await?,
            number,
            owner,
            kind,
            price,
            created_at: now,
        });
        Ok(order.map_err(Trouble::fault)?)
    }

    async fn must_be_somebody(&self, user: UserId) -> Result<(), RegisterError> {
        // An identity provider knows its people; we take its application's word.
        if self.settings.people_are_external || self.store.user(user).await?.is_some() {
            Ok(())
        } else {
            Err(RegisterError::UnknownUser)
        }
    }

    fn must_take(&self, price: Money) -> Result<(), RegisterError> {
        let taken = self.settings.amounts.check(price);
        taken.map_err(|_| RegisterError::AmountNotTaken(price))
    }
}
