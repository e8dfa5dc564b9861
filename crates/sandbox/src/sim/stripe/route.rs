//! Which request is which.

use super::{Answer, Job};
use super::{account, charges, disputes, endpoints, events, intents, refunds, search, sessions};
use crate::sim::faults::Fault;
use crate::sim::http::Incoming;
use crate::sim::world::World;

macro_rules! operations {
    ($($variant:ident = $name:literal,)*) => {
        /// What can be asked for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Operation { $($variant,)* }

        impl Operation {
            /// Its name in rules and in the book.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

operations! {
    SessionCreate = "checkout_session.create",
    SessionRetrieve = "checkout_session.retrieve",
    SessionUpdate = "checkout_session.update",
    SessionList = "checkout_session.list",
    SessionExpire = "checkout_session.expire",
    SessionLineItems = "checkout_session.line_items",
    IntentCreate = "payment_intent.create",
    IntentRetrieve = "payment_intent.retrieve",
    IntentUpdate = "payment_intent.update",
    IntentList = "payment_intent.list",
    IntentSearch = "payment_intent.search",
    IntentConfirm = "payment_intent.confirm",
    IntentCapture = "payment_intent.capture",
    IntentCancel = "payment_intent.cancel",
    ChargeRetrieve = "charge.retrieve",
    ChargeList = "charge.list",
    RefundCreate = "refund.create",
    RefundRetrieve = "refund.retrieve",
    RefundUpdate = "refund.update",
    RefundList = "refund.list",
    RefundCancel = "refund.cancel",
    EventRetrieve = "event.retrieve",
    EventList = "event.list",
    DisputeRetrieve = "dispute.retrieve",
    DisputeUpdate = "dispute.update",
    DisputeList = "dispute.list",
    DisputeClose = "dispute.close",
    Balance = "balance.retrieve",
    Account = "account.retrieve",
    EndpointCreate = "webhook_endpoint.create",
    EndpointRetrieve = "webhook_endpoint.retrieve",
    EndpointList = "webhook_endpoint.list",
    EndpointDelete = "webhook_endpoint.delete",
}

/// The operation of a request, and the id in its path.
pub fn find(incoming: &Incoming) -> Option<(Operation, &str)> {
    use Operation as Op;
    let segments = incoming.segments();
    let (_, rest) = segments.split_first()?;
    let method = incoming.method.as_str();
    let found = match (method, rest) {
        ("POST", ["checkout", "sessions"]) => (Op::SessionCreate, ""),
        ("GET", ["checkout", "sessions"]) => (Op::SessionList, ""),
        ("GET", ["checkout", "sessions", id]) => (Op::SessionRetrieve, *id),
        ("POST", ["checkout", "sessions", id]) => (Op::SessionUpdate, *id),
        ("POST", ["checkout", "sessions", id, "expire"]) => (Op::SessionExpire, *id),
        ("GET", ["checkout", "sessions", id, "line_items"]) => (Op::SessionLineItems, *id),
        ("POST", ["payment_intents"]) => (Op::IntentCreate, ""),
        ("GET", ["payment_intents"]) => (Op::IntentList, ""),
        ("GET", ["payment_intents", "search"]) => (Op::IntentSearch, ""),
        ("GET", ["payment_intents", id]) => (Op::IntentRetrieve, *id),
        ("POST", ["payment_intents", id]) => (Op::IntentUpdate, *id),
        ("POST", ["payment_intents", id, "confirm"]) => (Op::IntentConfirm, *id),
        ("POST", ["payment_intents", id, "capture"]) => (Op::IntentCapture, *id),
        ("POST", ["payment_intents", id, "cancel"]) => (Op::IntentCancel, *id),
        ("GET", ["charges"]) => (Op::ChargeList, ""),
        ("GET", ["charges", id]) => (Op::ChargeRetrieve, *id),
        ("POST", ["refunds"]) => (Op::RefundCreate, ""),
        ("GET", ["refunds"]) => (Op::RefundList, ""),
        ("GET", ["refunds", id]) => (Op::RefundRetrieve, *id),
        ("POST", ["refunds", id]) => (Op::RefundUpdate, *id),
        ("POST", ["refunds", id, "cancel"]) => (Op::RefundCancel, *id),
        ("GET", ["events"]) => (Op::EventList, ""),
        ("GET", ["events", id]) => (Op::EventRetrieve, *id),
        ("GET", ["disputes"]) => (Op::DisputeList, ""),
        ("GET", ["disputes", id]) => (Op::DisputeRetrieve, *id),
        ("POST", ["disputes", id]) => (Op::DisputeUpdate, *id),
        ("POST", ["disputes", id, "close"]) => (Op::DisputeClose, *id),
        ("GET", ["balance"]) => (Op::Balance, ""),
        ("GET", ["account"]) => (Op::Account, ""),
        ("GET", ["accounts", id]) => (Op::Account, *id),
        ("POST", ["webhook_endpoints"]) => (Op::EndpointCreate, ""),
        ("GET", ["webhook_endpoints"]) => (Op::EndpointList, ""),
        ("GET", ["webhook_endpoints", id]) => (Op::EndpointRetrieve, *id),
        ("DELETE", ["webhook_endpoints", id]) => (Op::EndpointDelete, *id),
        _ => return None,
    };
    Some(found)
}

/// Does what is asked for.
pub fn dispatch(world: &mut World, job: &Job, twist: Option<&Fault>) -> Answer {
    match job.operation {
        Operation::SessionCreate => sessions::create(world, job, twist),
        Operation::SessionRetrieve => sessions::retrieve(world, job),
        Operation::SessionUpdate => sessions::update(world, job),
        Operation::SessionList => sessions::list(world, job),
        Operation::SessionExpire => sessions::expire(world, job),
        Operation::SessionLineItems => sessions::line_items(world, job),
        Operation::IntentCreate => intents::create(world, job),
        Operation::IntentRetrieve => intents::retrieve(world, job),
        Operation::IntentUpdate => intents::update(world, job),
        Operation::IntentList => intents::list(world, job),
        Operation::IntentSearch => search::intents(world, job),
        Operation::IntentConfirm => intents::confirm(world, job),
        Operation::IntentCapture => intents::capture(world, job),
        Operation::IntentCancel => intents::cancel(world, job),
        Operation::ChargeRetrieve => charges::retrieve(world, job),
        Operation::ChargeList => charges::list(world, job),
        Operation::RefundCreate => refunds::create(world, job, twist),
        Operation::RefundRetrieve => refunds::retrieve(world, job),
        Operation::RefundUpdate => refunds::update(world, job),
        Operation::RefundList => refunds::list(world, job),
        Operation::RefundCancel => refunds::cancel(world, job),
        Operation::EventRetrieve => events::retrieve(world, job),
        Operation::EventList => events::list(world, job),
        Operation::DisputeRetrieve => disputes::retrieve(world, job),
        Operation::DisputeUpdate => disputes::update(world, job),
        Operation::DisputeList => disputes::list(world, job),
        Operation::DisputeClose => disputes::close(world, job),
        Operation::Balance => account::balance(world, job),
        Operation::Account => account::account(world, job),
        Operation::EndpointCreate => endpoints::create(world, job),
        Operation::EndpointRetrieve => endpoints::retrieve(world, job),
        Operation::EndpointList => endpoints::list(world, job),
        Operation::EndpointDelete => endpoints::delete(world, job),
    }
}
