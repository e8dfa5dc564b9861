//! Credits that people buy and use.
//!
//! Every change of a balance is an entry, and entries are never changed.
//! What a purchase stands at is told by its order's settlement: see [`credits_left`].

use core::cmp::Ordering;

use thiserror::Error;

use crate::transition::Transition;
use crate::{Money, OrderId, UserId};

/// A command that a credit account refuses. Nothing has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CreditError {
    /// The balance does not cover it.
    #[error("{needed} credits are needed and {balance} are there")]
    Insufficient {
        /// What is needed.
        needed: i64,
        /// What is there.
        balance: i64,
    },
    /// A balance or a part of one would be negative.
    #[error("a number of credits is not negative")]
    Negative,
    /// Nothing is to be used.
    #[error("at least one credit is used")]
    Nothing,
    /// The balance would be larger than can be stored.
    #[error("the balance would be too large")]
    Overflow,
}

/// How many credits of a package are left to its buyer when `returned` of the `captured` money goes back.
/// The part that goes rounds up: the buyer never keeps a credit that was not paid in full.
#[must_use]
pub fn credits_left(quantity: u32, returned: Money, captured: Money) -> u32 {
    let whole = i128::from(captured.minor()).max(1);
    let gone = i128::from(returned.minor()).clamp(0, whole);
    let kept = whole.saturating_sub(gone);
    // Rounding the part that goes up is rounding the part that stays down.
    let left = i128::from(quantity)
        .saturating_mul(kept)
        .checked_div(whole)
        .unwrap_or(0);
    u32::try_from(left).unwrap_or(quantity)
}

/// One change of a balance. Insert-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CreditEntry {
    /// How far the balance moved.
    pub change: i64,
    /// How far the missing part moved: up when credits should have gone that were used already,
    /// down when they are made good.
    pub shortfall: i64,
}

/// What one order's package stands at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "StoredPurchase"))]
pub struct CreditPurchase {
    order: OrderId,
    standing: i64,
    shortfall: i64,
}

impl CreditPurchase {
    /// A package that has not been paid yet.
    #[must_use]
    pub const fn unpaid(order: OrderId) -> Self {
        Self {
            order,
            standing: 0,
            shortfall: 0,
        }
    }

    /// Loads a purchase that was stored.
    ///
    /// # Errors
    /// When a number is negative.
    pub const fn restore(
        order: OrderId,
        standing: i64,
        shortfall: i64,
    ) -> Result<Self, CreditError> {
        if standing < 0 || shortfall < 0 {
            return Err(CreditError::Negative);
        }
        Ok(Self {
            order,
            standing,
            shortfall,
        })
    }

    /// The order that holds the package.
    #[must_use]
    pub const fn order(self) -> OrderId {
        self.order
    }

    /// How many credits the buyer has paid for and not been given money back for.
    #[must_use]
    pub const fn standing(self) -> i64 {
        self.standing
    }

    /// How many credits should have gone and were used already.
    #[must_use]
    pub const fn shortfall(self) -> i64 {
        self.shortfall
    }
}

/// The credits of one person. The balance is never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "StoredAccount"))]
pub struct CreditAccount {
    owner: UserId,
    balance: i64,
}

/// What came of a command: the account, and the entry to be written with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditMove {
    /// The account after it.
    pub account: CreditAccount,
    /// The entry that says why.
    pub entry: CreditEntry,
}

impl CreditAccount {
    /// An account that holds nothing.
    #[must_use]
    pub const fn open(owner: UserId) -> Self {
        Self { owner, balance: 0 }
    }

    /// Loads an account that was stored.
    ///
    /// # Errors
    /// When the balance is negative.
    pub const fn restore(owner: UserId, balance: i64) -> Result<Self, CreditError> {
        if balance < 0 {
            Err(CreditError::Negative)
        } else {
            Ok(Self { owner, balance })
        }
    }

    /// Whose credits they are.
    #[must_use]
    pub const fn owner(self) -> UserId {
        self.owner
    }

    /// How many credits there are.
    #[must_use]
    pub const fn balance(self) -> i64 {
        self.balance
    }

    /// Uses credits.
    ///
    /// # Errors
    /// When the balance does not cover them, or nothing is to be used.
    pub fn spend(self, amount: u32) -> Result<CreditMove, CreditError> {
        if amount == 0 {
            return Err(CreditError::Nothing);
        }
        self.covers(i64::from(amount))?;
        self.moved(i64::from(amount).saturating_neg(), 0)
    }

    /// Whether a refund that takes `needed` credits may be asked for.
    ///
    /// # Errors
    /// When the balance does not cover them.
    pub const fn covers(self, needed: i64) -> Result<(), CreditError> {
        if needed > self.balance {
            Err(CreditError::Insufficient {
                needed,
                balance: self.balance,
            })
        } else {
            Ok(())
        }
    }

    /// The package of `purchase` stands at `target` credits from now on: bought, partly returned, or gone.
    ///
    /// What cannot be taken because it was used is the purchase's shortfall, and is made good first
    /// when credits come back to the same purchase.
    ///
    /// # Errors
    /// When the balance would be too large to store.
    pub fn settle(
        self,
        purchase: CreditPurchase,
        target: u32,
    ) -> Result<Transition<(CreditMove, CreditPurchase)>, CreditError> {
        let target = i64::from(target);
        let change = target
            .checked_sub(purchase.standing)
            .ok_or(CreditError::Overflow)?;
        let moved = match change.cmp(&0) {
            Ordering::Equal => {
                let (account, shortfall) = (self, 0);
                let entry = CreditEntry { change, shortfall };
                return Ok(Transition::AlreadyApplied((
                    CreditMove { account, entry },
                    purchase,
                )));
            }
            // The shortfall swallows up to what is missing.
            Ordering::Greater => change.saturating_sub(change.min(purchase.shortfall)),
            // The shortfall takes what is not there.
            Ordering::Less => change.max(self.balance.saturating_neg()),
        };
        let shortfall_change = moved.saturating_sub(change);
        let shortfall = purchase
            .shortfall
            .checked_add(shortfall_change)
            .ok_or(CreditError::Overflow)?;
        let step = self.moved(moved, shortfall_change)?;
        let purchase = CreditPurchase {
            order: purchase.order,
            standing: target,
            shortfall,
        };
        Ok(Transition::Changed((step, purchase)))
    }

    fn moved(self, change: i64, shortfall: i64) -> Result<CreditMove, CreditError> {
        let balance = self
            .balance
            .checked_add(change)
            .ok_or(CreditError::Overflow)?;
        let account = Self::restore(self.owner, balance)?;
        Ok(CreditMove {
            account,
            entry: CreditEntry { change, shortfall },
        })
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct StoredPurchase {
    order: OrderId,
    standing: i64,
    shortfall: i64,
}

#[cfg(feature = "serde")]
impl TryFrom<StoredPurchase> for CreditPurchase {
    type Error = CreditError;

    fn try_from(stored: StoredPurchase) -> Result<Self, Self::Error> {
        Self::restore(stored.order, stored.standing, stored.shortfall)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Deserialize)]
struct StoredAccount {
    owner: UserId,
    balance: i64,
}

#[cfg(feature = "serde")]
impl TryFrom<StoredAccount> for CreditAccount {
    type Error = CreditError;

    fn try_from(stored: StoredAccount) -> Result<Self, Self::Error> {
        Self::restore(stored.owner, stored.balance)
    }
}

#[cfg(test)]
mod tests;
