//! Which request is which.

use super::{Answer, Job, charge, manage, refund, snap};
use crate::sim::faults::Fault;
use crate::sim::http::Incoming;
use crate::sim::world::World;

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    SnapCreate,
    SnapCancel,
    Charge,
    Status,
    Cancel,
    Expire,
    Refund,
    RefundDirect,
    Approve,
    Deny,
    Capture,
}

impl Operation {
    /// Its name in rules and in the book.
    pub fn name(self) -> &'static str {
        match self {
            Self::SnapCreate => "snap.create",
            Self::SnapCancel => "snap.cancel",
            Self::Charge => "core.charge",
            Self::Status => "core.status",
            Self::Cancel => "core.cancel",
            Self::Expire => "core.expire",
            Self::Refund => "core.refund",
            Self::RefundDirect => "core.refund_direct",
            Self::Approve => "core.approve",
            Self::Deny => "core.deny",
            Self::Capture => "core.capture",
        }
    }

    pub fn of_snap(self) -> bool {
        matches!(self, Self::SnapCreate | Self::SnapCancel)
    }
}

/// The operation of a request, and the id in its path.
pub fn find(incoming: &Incoming) -> Option<(Operation, &str)> {
    let segments = incoming.segments();
    let found = match (incoming.method.as_str(), segments.as_slice()) {
        ("POST", ["snap", "v1", "transactions"]) => (Operation::SnapCreate, ""),
        ("POST", ["snap", "v1", "transactions", token, "cancel"]) => {
            (Operation::SnapCancel, *token)
        }
        ("POST", ["v2", "charge"]) => (Operation::Charge, ""),
        ("POST", ["v2", "capture"]) => (Operation::Capture, ""),
        ("GET", ["v2", id, "status"]) => (Operation::Status, *id),
        ("POST", ["v2", id, "cancel"]) => (Operation::Cancel, *id),
        ("POST", ["v2", id, "expire"]) => (Operation::Expire, *id),
        ("POST", ["v2", id, "refund"]) => (Operation::Refund, *id),
        ("POST", ["v2", id, "refund", "online", "direct"]) => (Operation::RefundDirect, *id),
        ("POST", ["v2", id, "approve"]) => (Operation::Approve, *id),
        ("POST", ["v2", id, "deny"]) => (Operation::Deny, *id),
        _ => return None,
    };
    Some(found)
}

/// Does what is asked for.
pub fn dispatch(world: &mut World, job: &Job, twist: Option<&Fault>) -> Answer {
    match job.operation {
        Operation::SnapCreate => snap::create(world, job, twist),
        Operation::SnapCancel => snap::cancel(world, job),
        Operation::Charge => charge::charge(world, job),
        Operation::Status => manage::status(world, job),
        Operation::Cancel => manage::cancel(world, job),
        Operation::Expire => manage::expire(world, job),
        Operation::Refund | Operation::RefundDirect => refund::create(world, job, twist),
        Operation::Approve => manage::approve(world, job),
        Operation::Deny => manage::deny(world, job),
        Operation::Capture => manage::capture(world, job),
    }
}
