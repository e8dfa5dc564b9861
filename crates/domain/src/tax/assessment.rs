//! What the taxes on a price come to, and what a refund takes back of them.

use chrono::NaiveDate;
use thiserror::Error;

use super::fraction::Fraction;
use super::{BaseFactor, Rate, RoundTo, Rounding, TaxEffect, TaxMode, TaxPolicy, TaxRule, TaxType};
use crate::{Money, MoneyError};

/// The taxes on one price on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Assessment {
    price: Money,
    charge: Money,
    base: Money,
    lines: Vec<TaxLine>,
}

/// One tax on one price, with everything that led to its amount.
///
/// It is a record of what was computed, for keeping: nothing is computed from it again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TaxLine {
    /// The name of the tax.
    pub tax_type: TaxType,
    /// Who feels it.
    pub effect: TaxEffect,
    /// How much was taken.
    pub rate: Rate,
    /// Of which part of the base.
    pub factor: BaseFactor,
    /// What happened to the rest that was too small.
    pub rounding: Rounding,
    /// What was too small.
    pub round_to: RoundTo,
    /// How price and tax made up the charge.
    pub mode: TaxMode,
    /// The price without any tax.
    pub base: Money,
    /// The tax.
    pub amount: Money,
}

/// Taxes that cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TaxError {
    /// Only a price above zero is taxed.
    #[error("a price is above zero")]
    PriceNotPositive,
    /// The price is so small that its taxes, rounded, are more than all of it.
    #[error("the taxes included in the price are more than the price")]
    TaxesAbovePrice,
    /// More than the whole, or less than nothing, was refunded.
    #[error("a part is between nothing and the whole, which is above zero")]
    NotAPart,
    /// The amounts do not add up to something.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Assessment {
    /// What was asked for.
    #[must_use]
    pub const fn price(&self) -> Money {
        self.price
    }

    /// What the buyer pays.
    #[must_use]
    pub const fn charge(&self) -> Money {
        self.charge
    }

    /// What the taxes are taken of.
    #[must_use]
    pub const fn base(&self) -> Money {
        self.base
    }

    /// The taxes, in the order of the rules.
    #[must_use]
    pub fn lines(&self) -> &[TaxLine] {
        &self.lines
    }

    /// The same, for whoever keeps them.
    #[must_use]
    pub fn into_lines(self) -> Vec<TaxLine> {
        self.lines
    }
}

impl TaxPolicy {
    /// Computes the taxes on `price` as the rules are on the day `on`.
    ///
    /// Each tax is computed exactly and rounded once. In the modes [`TaxMode::Added`] and
    /// [`TaxMode::Included`] the base and the added taxes sum to the charge, whatever was rounded.
    ///
    /// # Errors
    /// When the price is not above zero, does not hold its taxes, or an amount overflows.
    pub fn assess(&self, price: Money, on: NaiveDate) -> Result<Assessment, TaxError> {
        if !price.is_positive() {
            return Err(TaxError::PriceNotPositive);
        }
        let rules: Vec<_> = self.rules_on(price.currency(), on).collect();
        let added = || rules.iter().filter(|rule| rule.effect == TaxEffect::Added);

        // What the price is of the price without taxes.
        let inside = match self.mode() {
            TaxMode::Recorded | TaxMode::Added => Some(Fraction::ONE),
            TaxMode::Included => added().try_fold(Fraction::ONE, |sum, rule| {
                sum.checked_add(share_of_base(rule)?)
            }),
        };
        let added_tax = |rule: &TaxRule| {
            let share = share_of_base(rule)
                .zip(inside)
                .and_then(|(share, inside)| share.checked_div(inside))
                .ok_or(MoneyError::Overflow)?;
            share.of(price, rule.rounding, rule.round_to)
        };
        let taxes = added()
            .map(|rule| added_tax(rule))
            .collect::<Result<Vec<_>, _>>()?;
        let taxes = Money::sum(price.currency(), taxes)?;
        let (base, charge) = match self.mode() {
            TaxMode::Recorded => (price, price),
            TaxMode::Added => (price, price.checked_add(taxes)?),
            TaxMode::Included => (price.checked_sub(taxes)?, price),
        };
        if base.is_negative() {
            return Err(TaxError::TaxesAbovePrice);
        }

        let withheld_tax = |rule: &TaxRule| {
            let share = share_of_base(rule).ok_or(MoneyError::Overflow)?;
            share.of(base, rule.rounding, rule.round_to)
        };
        let line = |rule: &&TaxRule| {
            let amount = match rule.effect {
                TaxEffect::Added => added_tax(rule),
                TaxEffect::Withheld => withheld_tax(rule),
            };
            Ok(TaxLine {
                tax_type: rule.tax_type.clone(),
                effect: rule.effect,
                rate: rule.rate,
                factor: rule.factor,
                rounding: rule.rounding,
                round_to: rule.round_to,
                mode: self.mode(),
                base,
                amount: amount?,
            })
        };
        let lines = rules.iter().map(line).collect::<Result<_, TaxError>>()?;
        Ok(Assessment {
            price,
            charge,
            base,
            lines,
        })
    }
}

/// The rate on the part of the base that it is taken of.
fn share_of_base(rule: &TaxRule) -> Option<Fraction> {
    rule.rate.fraction()?.checked_mul(rule.factor.fraction()?)
}

/// The share of `of`, a tax say, that belongs to `part` of `whole`: `of * part / whole`, rounded.
///
/// Give it what was refunded *so far*, and take the difference to what was reversed before:
/// the differences then sum to `of` when everything was refunded, in however many steps.
/// No part has no share, the whole has all of it, and a larger part never has a smaller share.
///
/// # Errors
/// When `part` is not between zero and `whole`, in the same currency.
pub fn share(
    part: Money,
    whole: Money,
    of: Money,
    rounding: Rounding,
    round_to: RoundTo,
) -> Result<Money, TaxError> {
    part.compare(whole)?;
    if part.is_negative() || part.minor() > whole.minor() {
        return Err(TaxError::NotAPart);
    }
    let fraction = Fraction::new(part.minor().into(), whole.minor().into());
    let share = fraction
        .ok_or(TaxError::NotAPart)?
        .of(of, rounding, round_to)?;
    // Steps that `of` is no multiple of must neither leave a rest nor go beyond it.
    let beyond = share.minor().unsigned_abs() > of.minor().unsigned_abs();
    Ok(if beyond || part == whole { of } else { share })
}

#[cfg(test)]
mod tests;
