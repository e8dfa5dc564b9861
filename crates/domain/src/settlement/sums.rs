//! How much of some money came in, went back, is on its way back, or is disputed.

use crate::Money;

/// The sums of one capture, all in its currency and none of them negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Sums {
    /// What came in; nothing after a reversal.
    pub captured: Money,
    /// What went back.
    pub refunded: Money,
    /// What is on its way back.
    pub reserved: Money,
    /// What disputes hold.
    pub disputed: Money,
}

impl Sums {
    /// The sums of money that just came in.
    pub(super) fn of(captured: Money) -> Self {
        let zero = Money::zero(captured.currency());
        Self {
            captured,
            refunded: zero,
            reserved: zero,
            disputed: zero,
        }
    }

    /// What is gone or going.
    #[must_use]
    pub fn out(self) -> Money {
        add(add(self.refunded, self.reserved), self.disputed)
    }

    /// What can still be given back.
    #[must_use]
    pub fn available(self) -> Money {
        excess(self.captured, self.out())
    }

    /// What went out beyond what came in. Facts are never refused, so it can happen; it always raises an alert.
    #[must_use]
    pub fn loss(self) -> Money {
        excess(self.out(), self.captured)
    }
}

/// Adds amounts of one currency without ever refusing: a sum that no longer fits stays at the largest amount there is.
/// Facts are never refused, and no book comes near it.
pub(super) fn add(a: Money, b: Money) -> Money {
    Money::new(a.minor().saturating_add(b.minor()), a.currency())
}

/// By how much `a` is more than `b`.
fn excess(a: Money, b: Money) -> Money {
    Money::new(a.minor().saturating_sub(b.minor()).max(0), a.currency())
}
