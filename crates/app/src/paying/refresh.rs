//! Asks the gateway now.

use std::sync::Arc;
use std::time::Duration;

use bayar_domain::{OrderNumber, PaymentId, PaymentStatus};
use tracing::Instrument;

use super::PayError;
use super::resolve::Resolved;
use crate::failpoint;
use crate::port::gateway::{CallError, Reading};
use crate::port::store::{Actor, OrderKey, StoredPayment};
use crate::{App, Caller, Trouble};

/// A payment after the gateway was asked.
#[derive(Debug, Clone)]
pub struct Refreshed {
    /// The payment as it is now.
    pub payment: StoredPayment,
    /// Where it stood before.
    pub before: PaymentStatus,
    /// Whether the gateway was asked: somebody may have done so a moment ago.
    pub asked: bool,
    /// The gateway's own word for where it stands.
    pub gateway_status: Option<String>,
    /// Whether it proved anything that was not written down.
    pub learned: bool,
    /// Whether it could not be asked about all of it.
    pub incomplete: bool,
}

/// How often a gateway is asked about one payment, by all who press a button together.
pub(super) const SPACING: Duration = Duration::from_secs(3);

impl App {
    /// Asks the gateway about a payment, and applies what it proves.
    ///
    /// # Errors
    /// When there is no such payment, it is somebody else's, or the gateway cannot be asked.
    pub async fn refresh_payment(
        self: &Arc<Self>,
        caller: &Caller,
        id: PaymentId,
    ) -> Result<Refreshed, PayError> {
        let stored = self.store.payment(id).await?.ok_or(PayError::NotFound)?;
        if !caller.may_see(stored.payment.terms().user) {
            return Err(PayError::Forbidden);
        }
        let refreshed = self.refresh(stored, caller.actor()).await;
        failpoint::hit("refresh.before_answer")?;
        refreshed
    }

    /// Asks the gateways about every payment of an order. For operators: nobody is asked who they are.
    ///
    /// # Errors
    /// When there is no such order.
    pub async fn check_order(
        self: &Arc<Self>,
        number: &OrderNumber,
    ) -> Result<Vec<Result<Refreshed, PayError>>, PayError> {
        let key = OrderKey::Number(number.clone());
        self.store.order(&key).await?.ok_or(PayError::NotFound)?;
        let mut checked = Vec::new();
        for stored in self.store.payments_of(number).await? {
            checked.push(self.refresh(stored, Actor::System).await);
        }
        Ok(checked)
    }

    pub(super) async fn refresh(
        self: &Arc<Self>,
        stored: StoredPayment,
        by: Actor,
    ) -> Result<Refreshed, PayError> {
        let id = stored.payment.terms().id;
        let before = stored.payment.status();
        let (asked, found) = self.ask_about(&stored, by).await?;
        let payment = self.store.payment(id).await?.ok_or(PayError::NotFound)?;
        let Resolved {
            readings,
            is_new,
            errors,
        } = found;
        if asked && readings.is_empty() {
            match errors.into_iter().next().map(|(_, error)| error) {
                Some(CallError::NotSent(fault) | CallError::Unknown(fault)) => {
                    return Err(PayError::Unavailable(fault));
                }
                Some(CallError::Refused(fault)) => return Err(PayError::RefusedByGateway(fault)),
                None => {}
            }
            return Ok(Refreshed {
                payment,
                before,
                asked,
                gateway_status: None,
                learned: is_new,
                incomplete: false,
            });
        }
        Ok(Refreshed {
            payment,
            before,
            asked,
            gateway_status: readings
                .last()
                .map(|(_, Reading { status, .. })| status.clone()),
            learned: is_new,
            incomplete: !errors.is_empty(),
        })
    }

    /// The same, for somebody who has to know: waits for a turn to ask.
    pub(super) async fn ask_in_turn(
        self: &Arc<Self>,
        stored: &StoredPayment,
        by: Actor,
    ) -> Result<(bool, Resolved), PayError> {
        const LOOK_EVERY: Duration = Duration::from_millis(250);
        let mut waited = Duration::ZERO;
        loop {
            let asked = self.ask_about(stored, by).await?;
            if asked.0 || waited > SPACING {
                return Ok(asked);
            }
            tokio::time::sleep(LOOK_EVERY).await;
            waited = waited.saturating_add(LOOK_EVERY);
        }
    }

    /// Does all that is left to do about a payment, unless somebody has just done it.
    pub(super) async fn ask_about(
        self: &Arc<Self>,
        stored: &StoredPayment,
        by: Actor,
    ) -> Result<(bool, Resolved), PayError> {
        let terms = stored.payment.terms();
        let (order, id) = (terms.order, terms.id);
        failpoint::hit("turn.before")?;
        if !self.store.may_read(id, SPACING).await? {
            return Ok((false, Resolved::default()));
        }
        let app = Arc::clone(self);
        let asking = async move { app.resolve(order, Some(id), by).await };
        let found = tokio::spawn(asking.in_current_span()).await;
        Ok((true, found.map_err(Trouble::fault)??))
    }
}
