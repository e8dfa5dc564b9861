//! What is to be sent.

use serde::{Deserialize, Serialize};

use super::rules::Tamper;
use crate::sim::clock::Millis;
use crate::sim::gateway::Gateway;
use crate::sim::state::Put;
use crate::sim::world::World;

/// Where webhooks go. A gateway without an address sends none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookUrls {
    /// Those of Stripe.
    #[serde(default)]
    pub stripe: Option<String>,
    /// Those of Midtrans.
    #[serde(default)]
    pub midtrans: Option<String>,
}

/// A webhook to one address, with all its attempts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// Who sends it.
    pub gateway: Gateway,
    /// Where it goes.
    pub url: String,
    /// The event's id at Stripe, the transaction's at Midtrans.
    pub subject: String,
    /// The event's type at Stripe, the transaction's status at Midtrans.
    pub event: String,
    /// The order it is about.
    pub order: Option<String>,
    /// What it says.
    pub body: String,
    /// What Stripe signs with.
    pub secrets: Vec<String>,
    /// When its next attempt is due, in simulated milliseconds.
    pub due: Millis,
    /// How many attempts there were.
    pub attempts: u32,
    /// Where it stands.
    pub state: DeliveryState,
    /// It was put off once, and is not put off again.
    pub put_off: bool,
    /// It waits for another one to overtake it.
    pub held: bool,
    /// A forgery: sent once, and not what the gateway means.
    pub forged: Option<Tamper>,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// For its next attempt.
    Waiting,
    /// Somebody took it.
    Delivered,
    /// Nobody did.
    GivenUp,
}

/// What changes about a delivery, so that its body is written down once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Moved {
    pub id: String,
    due: Millis,
    attempts: u32,
    state: DeliveryState,
    put_off: bool,
    held: bool,
}

impl Moved {
    pub fn of(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.clone(),
            due: delivery.due,
            attempts: delivery.attempts,
            state: delivery.state,
            put_off: delivery.put_off,
            held: delivery.held,
        }
    }

    pub fn apply(&self, delivery: &mut Delivery) {
        delivery.due = self.due;
        delivery.attempts = self.attempts;
        delivery.state = self.state;
        delivery.put_off = self.put_off;
        delivery.held = self.held;
    }
}

/// What a gateway wants to send.
pub struct Message {
    pub gateway: Gateway,
    pub url: String,
    pub subject: String,
    pub event: String,
    pub order: Option<String>,
    pub body: String,
    pub secrets: Vec<String>,
}

impl World {
    /// Queues a webhook, and gives the delivery's id.
    pub fn send(&mut self, message: Message) -> String {
        self.send_as(message, None)
    }

    pub fn send_as(&mut self, message: Message, forged: Option<Tamper>) -> String {
        let id = self.ids.object("dlv");
        let delivery = Delivery {
            id: id.clone(),
            gateway: message.gateway,
            url: message.url,
            subject: message.subject,
            event: message.event,
            order: message.order,
            body: message.body,
            secrets: message.secrets,
            due: self.now(),
            attempts: 0,
            state: DeliveryState::Waiting,
            put_off: false,
            held: false,
            forged,
        };
        self.put(Put::Delivery(Box::new(delivery)));
        id
    }

    /// The next delivery whose time has come and that nobody sends yet.
    pub fn take_due(&mut self) -> Option<Delivery> {
        loop {
            let now = self.now();
            let (due, _) = self.state.outgoing.first()?;
            if *due > now {
                return None;
            }
            let (due, id) = self.state.outgoing.pop_first()?;
            let delivery = self.state.deliveries.get(&id)?.clone();
            let current = delivery.state == DeliveryState::Waiting && delivery.due == due;
            if current && self.sending.insert(id) {
                return Some(delivery);
            }
        }
    }
}

/// Sends a webhook once more, as somebody at the dashboard can. Whether there is such a one.
pub fn resend(world: &mut World, id: &str) -> bool {
    let Some(mut delivery) = world.state.deliveries.get(id).cloned() else {
        return false;
    };
    delivery.state = DeliveryState::Waiting;
    delivery.due = world.now();
    world.put(Put::DeliveryMoved(Box::new(Moved::of(&delivery))));
    true
}
