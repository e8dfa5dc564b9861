//! The control API: what a test or a demonstration does to the simulator.
//!
//! Everything under `/_sim`, JSON in and out; the same as methods of [`Handle`].
//! Errors are `{"error": "..."}` with 400, 402 (declined), 404 or 409.
//!
//! | call | what it does |
//! |---|---|
//! | `GET /_sim` | where everything is, and the simulated time |
//! | `POST /_sim/actions` | makes something happen: an [`Action`] |
//! | `POST`, `GET`, `DELETE /_sim/faults`, `DELETE /_sim/faults/{id}` | requests that go wrong: [`Rule`](super::Rule) |
//! | `POST`, `GET`, `DELETE /_sim/webhook-rules`, `DELETE /_sim/webhook-rules/{id}` | webhooks that go wrong: [`WebhookRule`](super::WebhookRule) |
//! | `PUT /_sim/webhook-urls` `{"stripe": "..", "midtrans": ".."}` | where webhooks go from now on; left out is nowhere |
//! | `POST /_sim/advance` `{"seconds": 90}` | moves the clock; whatever is due on the way happens in its order |
//! | `POST /_sim/settle` | waits until every webhook that is due was answered |
//! | `GET /_sim/webhooks?order=` | the deliveries and where they stand |
//! | `GET /_sim/book?after=` | the lines of the book after a number |
//! | `GET /_sim/orders`, `GET /_sim/orders/{order}` | what the book says about orders |

mod action;
mod handle;
mod lookup;
mod routes;

pub use self::action::{Action, ActionError, RefundMove};
pub use self::handle::Handle;

pub(in crate::sim) use self::routes::serve;
