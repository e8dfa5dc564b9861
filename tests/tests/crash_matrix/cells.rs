//! What the matrix is made of.

use std::fmt;

/// What is asked for when the process is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    Checkout,
    Confirm,
    Cancel,
    Refund,
    Surplus,
}

/// Where it is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    BeforeIntent,
    AfterIntent,
    CallLeft,
    Replied,
    OutcomeCommitted,
    BeforeAnswer,
}

/// How it is stopped. Those after which the process lives come first: it is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Error,
    Pause,
    Kill,
}

/// Which gateway is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gateway {
    Stripe,
    Midtrans,
}

/// One of all the combinations. They are in the order in which they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub fault: Fault,
    pub operation: Operation,
    pub point: Point,
    pub gateway: Gateway,
}

pub const OPERATIONS: [Operation; 5] = [
    Operation::Checkout,
    Operation::Confirm,
    Operation::Cancel,
    Operation::Refund,
    Operation::Surplus,
];

pub const POINTS: [Point; 6] = [
    Point::BeforeIntent,
    Point::AfterIntent,
    Point::CallLeft,
    Point::Replied,
    Point::OutcomeCommitted,
    Point::BeforeAnswer,
];

pub const FAULTS: [Fault; 3] = [Fault::Kill, Fault::Error, Fault::Pause];

pub const GATEWAYS: [Gateway; 2] = [Gateway::Stripe, Gateway::Midtrans];

impl Operation {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checkout => "start checkout",
            Self::Confirm => "confirm",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
            Self::Surplus => "surplus refund",
        }
    }
}

impl Point {
    pub const fn name(self) -> &'static str {
        match self {
            Self::BeforeIntent => "before the intent commits",
            Self::AfterIntent => "after it",
            Self::CallLeft => "after the call left",
            Self::Replied => "after the reply",
            Self::OutcomeCommitted => "after the outcome commits",
            Self::BeforeAnswer => "before the client hears",
        }
    }
}

impl Fault {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill -9",
            Self::Error => "error",
            Self::Pause => "pause",
        }
    }
}

impl Gateway {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stripe => "Stripe",
            Self::Midtrans => "Midtrans",
        }
    }

    /// As the API calls it.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Midtrans => "midtrans",
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            fault,
            operation,
            point,
            gateway,
        } = self;
        write!(
            f,
            "{}, {}, {}, {}",
            operation.name(),
            point.name(),
            fault.name(),
            gateway.name()
        )
    }
}

/// All of them, in the order in which they run.
pub fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for operation in OPERATIONS {
        for point in POINTS {
            for fault in FAULTS {
                for gateway in GATEWAYS {
                    cells.push(Cell {
                        fault,
                        operation,
                        point,
                        gateway,
                    });
                }
            }
        }
    }
    cells.sort();
    cells
}

/// Those that every run of the tests goes through: each operation, point, fault and gateway is among them.
pub fn sample() -> Vec<Cell> {
    use Fault::{Error, Kill, Pause};
    use Gateway::{Midtrans, Stripe};
    use Operation::{Cancel, Checkout, Confirm, Refund, Surplus};
    use Point::{AfterIntent, BeforeAnswer, BeforeIntent, CallLeft, OutcomeCommitted, Replied};
    let cell = |operation, point, fault, gateway| Cell {
        fault,
        operation,
        point,
        gateway,
    };
    let mut cells = vec![
        cell(Checkout, CallLeft, Kill, Stripe),
        cell(Checkout, BeforeIntent, Error, Midtrans),
        cell(Checkout, Replied, Pause, Midtrans),
        cell(Confirm, OutcomeCommitted, Error, Stripe),
        cell(Confirm, CallLeft, Pause, Midtrans),
        cell(Cancel, AfterIntent, Pause, Stripe),
        cell(Cancel, Replied, Error, Midtrans),
        cell(Refund, Replied, Kill, Midtrans),
        cell(Refund, CallLeft, Pause, Stripe),
        cell(Refund, BeforeAnswer, Error, Stripe),
        cell(Surplus, AfterIntent, Error, Midtrans),
        cell(Surplus, OutcomeCommitted, Kill, Stripe),
        cell(Surplus, Replied, Pause, Stripe),
    ];
    cells.sort();
    cells
}

#[test]
fn the_sample_is_spread_over_everything() {
    use std::collections::BTreeSet;
    let sample = sample();
    let different: BTreeSet<_> = sample.iter().copied().collect();
    assert_eq!(different.len(), sample.len());
    assert!(sample.len() >= 12);
    for operation in OPERATIONS {
        assert!(sample.iter().any(|cell| cell.operation == operation));
    }
    for point in POINTS {
        assert!(sample.iter().any(|cell| cell.point == point), "{point:?}");
    }
    for fault in FAULTS {
        for gateway in GATEWAYS {
            let both = |cell: &Cell| cell.fault == fault && cell.gateway == gateway;
            assert!(sample.iter().any(both));
        }
    }
}

#[test]
fn there_are_180_cells() {
    assert_eq!(all().len(), 180);
}
