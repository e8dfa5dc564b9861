//! The tax rules of an installation.

use chrono::NaiveDate;
use thiserror::Error;

use super::rule::standard_rules;
use super::{TaxMode, TaxRule, TaxType};
use crate::Currency;

/// Which taxes there are, and how they make up what a buyer pays.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(try_from = "wire::TaxPolicy", into = "wire::TaxPolicy")
)]
pub struct TaxPolicy {
    mode: TaxMode,
    rules: Vec<TaxRule>,
}

/// Two rules about the same tax for the same day.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("two rules for {tax_type} in {currency} hold on {day}")]
pub struct OverlappingRules {
    /// The currency of both.
    pub currency: Currency,
    /// The name of both.
    pub tax_type: TaxType,
    /// The first day on which both hold.
    pub day: NaiveDate,
}

impl TaxPolicy {
    /// Takes rules of which at most one holds for each currency, tax and day.
    ///
    /// # Errors
    /// When two rules hold at once.
    pub fn new(mode: TaxMode, rules: Vec<TaxRule>) -> Result<Self, OverlappingRules> {
        let mut rest = rules.as_slice();
        while let Some((rule, others)) = rest.split_first() {
            let rival = others.iter().find(|other| {
                other.currency == rule.currency
                    && other.tax_type == rule.tax_type
                    && other.validity.overlaps(rule.validity)
            });
            if let Some(rival) = rival {
                return Err(OverlappingRules {
                    currency: rule.currency,
                    tax_type: rule.tax_type.clone(),
                    day: rule.validity.from().max(rival.validity.from()),
                });
            }
            rest = others;
        }
        Ok(Self { mode, rules })
    }

    /// The rules this crate knows, recorded only:
    ///
    /// | currency | tax | effect | rate | of the price | since |
    /// |---|---|---|---|---|---|
    /// | PHP | VAT | added | 12 % | all | 2006-02-01 |
    /// | PHP | PPh | withheld | 15 % | all | 2006-02-01 |
    /// | IDR | PPN | added | 11 % | all | 2022-04-01, until before 2025 |
    /// | IDR | PPN | added | 12 % | 11/12 | 2025-01-01 |
    /// | IDR | PPh | withheld | 2 % | all | 2009-01-01 |
    ///
    /// Pesos are rounded to the centavo, rupiah to the whole rupiah, both half up.
    /// This is a start and no tax advice: rules are configuration.
    #[must_use]
    pub fn standard() -> Self {
        Self {
            mode: TaxMode::Recorded,
            rules: standard_rules(),
        }
    }

    /// The same rules in another mode.
    #[must_use]
    pub fn with_mode(self, mode: TaxMode) -> Self {
        Self { mode, ..self }
    }

    /// How price and taxes make up what a buyer pays.
    #[must_use]
    pub const fn mode(&self) -> TaxMode {
        self.mode
    }

    /// Every rule, whenever it holds.
    #[must_use]
    pub fn rules(&self) -> &[TaxRule] {
        &self.rules
    }

    /// The rules that hold for `currency` on `day`, in the order they were given in.
    pub fn rules_on(&self, currency: Currency, day: NaiveDate) -> impl Iterator<Item = &TaxRule> {
        let rules = self.rules.iter();
        rules.filter(move |rule| rule.currency == currency && rule.validity.contains(day))
    }
}

#[cfg(feature = "serde")]
mod wire {
    use serde::{Deserialize, Serialize};

    use super::{OverlappingRules, TaxMode, TaxRule};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct TaxPolicy {
        mode: TaxMode,
        rules: Vec<TaxRule>,
    }

    impl From<super::TaxPolicy> for TaxPolicy {
        fn from(policy: super::TaxPolicy) -> Self {
            Self {
                mode: policy.mode,
                rules: policy.rules,
            }
        }
    }

    impl TryFrom<TaxPolicy> for super::TaxPolicy {
        type Error = OverlappingRules;

        fn try_from(wire: TaxPolicy) -> Result<Self, Self::Error> {
            Self::new(wire.mode, wire.rules)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tax::Validity;

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    /// The taxes of the standard rules on a day, with what is taken of the price.
    fn standard_on(currency: Currency, on: NaiveDate) -> Vec<String> {
        let policy = TaxPolicy::standard();
        let rules = policy.rules_on(currency, on);
        rules
            .map(|rule| {
                let TaxRule {
                    tax_type,
                    effect,
                    rate,
                    factor,
                    rounding,
                    round_to,
                    ..
                } = rule;
                format!("{tax_type} {effect} {rate} of {factor}, {rounding} {round_to}")
            })
            .collect()
    }

    fn php_vat(from: i32, until: Option<i32>) -> TaxRule {
        let mut rule = TaxPolicy::standard().rules().first().unwrap().clone();
        rule.validity = Validity::new(day(from, 1, 1), until.map(|year| day(year, 1, 1))).unwrap();
        rule
    }

    #[test]
    fn pesos_have_vat_and_withholding() {
        let taxes = [
            "VAT added 0.12 of 1/1, half_up minor_unit",
            "PPh withheld 0.15 of 1/1, half_up minor_unit",
        ];
        assert_eq!(standard_on(Currency::Php, day(2006, 2, 1)), taxes);
        assert_eq!(standard_on(Currency::Php, day(2026, 1, 1)), taxes);
        assert!(standard_on(Currency::Php, day(2006, 1, 31)).is_empty());
    }

    #[test]
    fn rupiah_have_the_ppn_of_the_day_and_withholding() {
        let before = [
            "PPN added 0.11 of 1/1, half_up whole_unit",
            "PPh withheld 0.02 of 1/1, half_up whole_unit",
        ];
        let after = [
            "PPN added 0.12 of 11/12, half_up whole_unit",
            "PPh withheld 0.02 of 1/1, half_up whole_unit",
        ];
        assert_eq!(standard_on(Currency::Idr, day(2022, 4, 1)), before);
        assert_eq!(standard_on(Currency::Idr, day(2024, 12, 31)), before);
        assert_eq!(standard_on(Currency::Idr, day(2025, 1, 1)), after);
        assert_eq!(standard_on(Currency::Idr, day(2022, 3, 31)).len(), 1);
        assert_eq!(standard_on(Currency::Idr, day(2009, 1, 1)).len(), 1);
        assert!(standard_on(Currency::Idr, day(2008, 12, 31)).is_empty());
    }

    #[test]
    fn other_currencies_have_no_standard_taxes() {
        let others = Currency::ALL
            .iter()
            .filter(|currency| ![Currency::Idr, Currency::Php].contains(currency));
        for currency in others {
            assert!(
                standard_on(*currency, day(2026, 1, 1)).is_empty(),
                "{currency}"
            );
        }
    }

    #[test]
    fn the_standard_rules_are_recorded_and_do_not_overlap() {
        let standard = TaxPolicy::standard();
        assert_eq!(standard.mode(), TaxMode::Recorded);
        assert_eq!(
            TaxPolicy::new(TaxMode::Recorded, standard.rules().to_vec()),
            Ok(standard)
        );
    }

    #[test]
    fn a_mode_is_changed_without_touching_the_rules() {
        let added = TaxPolicy::standard().with_mode(TaxMode::Added);
        assert_eq!(added.mode(), TaxMode::Added);
        assert_eq!(added.rules(), TaxPolicy::standard().rules());
    }

    #[test]
    fn two_rules_for_one_tax_on_one_day_are_refused() {
        let other = TaxPolicy::standard().rules().to_vec();
        let mut rules = vec![php_vat(2030, None), php_vat(2020, Some(2031))];
        rules.splice(
            0..0,
            other
                .into_iter()
                .filter(|rule| rule.currency == Currency::Idr),
        );
        let refused = TaxPolicy::new(TaxMode::Added, rules).unwrap_err();
        assert_eq!(
            refused,
            OverlappingRules {
                currency: Currency::Php,
                tax_type: TaxType::new("VAT").unwrap(),
                day: day(2030, 1, 1),
            }
        );
        assert_eq!(
            refused.to_string(),
            "two rules for VAT in PHP hold on 2030-01-01"
        );
    }

    #[test]
    fn rules_that_follow_each_other_are_taken() {
        let rules = vec![php_vat(2030, None), php_vat(2020, Some(2030))];
        assert!(TaxPolicy::new(TaxMode::Added, rules).is_ok());
    }

    #[test]
    fn rules_of_another_tax_or_currency_do_not_clash() {
        let vat = php_vat(2020, None);
        let named = TaxRule {
            tax_type: TaxType::new("DST").unwrap(),
            ..vat.clone()
        };
        let foreign = TaxRule {
            currency: Currency::Usd,
            ..vat.clone()
        };
        assert!(TaxPolicy::new(TaxMode::Added, vec![vat, named, foreign]).is_ok());
    }

    #[cfg(feature = "serde")]
    #[test]
    fn a_policy_is_read_back_from_json_and_checked_again() {
        let policy = TaxPolicy::standard();
        let json = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<TaxPolicy>(&json).unwrap(), policy);
        let doubled = json.replace(
            r#""2022-04-01","until":"2025-01-01""#,
            r#""2022-04-01","until":null"#,
        );
        assert_ne!(doubled, json);
        assert!(serde_json::from_str::<TaxPolicy>(&doubled).is_err());
    }
}
