//! Facts about taxes that hold for every price and every set of rules, as another crate sees them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

use bayar_domain::tax::{
    Assessment, BaseFactor, Rate, RoundTo, Rounding, TaxEffect, TaxMode, TaxPolicy, TaxRule,
    TaxType, Validity, share,
};
use bayar_domain::{Currency, Money};
use chrono::NaiveDate;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()
}

fn rate() -> impl Strategy<Value = Rate> {
    let percent = (1_i64..=100).prop_map(|percent| Decimal::new(percent, 2));
    let millionths = (1_i64..=1_000_000).prop_map(|millionths| Decimal::new(millionths, 6));
    prop_oneof![percent, millionths].prop_map(|rate| Rate::new(rate).unwrap())
}

fn factor() -> impl Strategy<Value = BaseFactor> {
    let any = (1_u32..=100).prop_flat_map(|denominator| {
        (1..=denominator)
            .prop_map(move |numerator| BaseFactor::new(numerator, denominator).unwrap())
    });
    prop_oneof![Just(BaseFactor::WHOLE), any]
}

prop_compose! {
    fn rule()(
        effect in select(TaxEffect::ALL),
        rate in rate(),
        factor in factor(),
        rounding in select(Rounding::ALL),
        round_to in select(RoundTo::ALL),
    ) -> TaxRule {
        TaxRule {
            currency: Currency::Idr,
            tax_type: TaxType::new("tax").unwrap(),
            effect,
            rate,
            factor,
            rounding,
            round_to,
            validity: Validity::since(NaiveDate::MIN),
        }
    }
}

/// Up to three taxes, told apart by a number.
fn rules() -> impl Strategy<Value = Vec<TaxRule>> {
    prop::collection::vec(rule(), 0..=3).prop_map(|rules| {
        let numbered = rules.into_iter().enumerate();
        numbered
            .map(|(number, rule)| {
                let tax_type = TaxType::new(format!("tax {number}")).unwrap();
                TaxRule { tax_type, ..rule }
            })
            .collect()
    })
}

/// From 10.00 up, so that taxes rounded up to a whole unit stay below the price.
fn price() -> impl Strategy<Value = Money> {
    prop_oneof![1_000_i64..1_000_000, 1_000_i64..1_000_000_000_000]
        .prop_map(|minor| Money::new(minor, Currency::Idr))
}

fn assess(mode: TaxMode, rules: Vec<TaxRule>, price: Money) -> Assessment {
    TaxPolicy::new(mode, rules)
        .unwrap()
        .assess(price, today())
        .unwrap()
}

fn added(assessment: &Assessment) -> Money {
    let lines = assessment
        .lines()
        .iter()
        .filter(|line| line.effect == TaxEffect::Added);
    Money::sum(assessment.price().currency(), lines.map(|line| line.amount)).unwrap()
}

/// The exact tax on `base`: numerator and denominator.
fn exact(rule: &TaxRule, base: Money) -> (i128, i128) {
    let millionths = (rule.rate.to_decimal() * Decimal::from(1_000_000))
        .normalize()
        .mantissa();
    (
        i128::from(base.minor()) * millionths * i128::from(rule.factor.numerator()),
        1_000_000 * i128::from(rule.factor.denominator()),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn recorded_taxes_change_nothing(rules in rules(), price in price()) {
        let assessment = assess(TaxMode::Recorded, rules.clone(), price);
        prop_assert_eq!(assessment.base(), price);
        prop_assert_eq!(assessment.charge(), price);
        prop_assert_eq!(assessment.lines().len(), rules.len());
    }

    #[test]
    fn base_and_added_taxes_sum_to_the_charge(rules in rules(), price in price()) {
        let on_top = assess(TaxMode::Added, rules.clone(), price);
        prop_assert_eq!(on_top.base(), price);
        prop_assert_eq!(price.checked_add(added(&on_top)), Ok(on_top.charge()));

        let inside = assess(TaxMode::Included, rules, price);
        prop_assert_eq!(inside.charge(), price);
        prop_assert_eq!(inside.base().checked_add(added(&inside)), Ok(price));
    }

    #[test]
    fn every_tax_is_within_one_step_of_the_exact_amount(
        rules in rules(),
        price in price(),
        mode in select(TaxMode::ALL),
    ) {
        let assessment = assess(mode, rules.clone(), price);
        for (line, rule) in assessment.lines().iter().zip(&rules) {
            if mode == TaxMode::Included && line.effect == TaxEffect::Added {
                continue; // taken of the unrounded base, which the next fact is about
            }
            let step = match rule.round_to {
                RoundTo::MinorUnit => 1,
                RoundTo::WholeUnit => 100,
            };
            let (numerator, denominator) = exact(rule, assessment.base());
            let amount = i128::from(line.amount.minor());
            prop_assert_eq!(amount % step, 0);
            // Twice, because half a step may be no whole number.
            let error = 2 * (amount * denominator - numerator);
            let half = step * denominator;
            let allowed = match rule.rounding {
                Rounding::HalfUp => -half + 1..=half,
                Rounding::HalfEven => -half..=half,
                Rounding::Down => -2 * half + 1..=0,
                Rounding::Up => 0..=2 * half - 1,
            };
            prop_assert!(allowed.contains(&error), "{} is not in {:?}", error, allowed);
        }
    }

    #[test]
    fn one_included_tax_is_the_tax_on_its_base(rule in rule(), price in price()) {
        let rule = TaxRule {
            effect: TaxEffect::Added,
            rounding: Rounding::HalfUp,
            round_to: RoundTo::MinorUnit,
            ..rule
        };
        let inside = assess(TaxMode::Included, vec![rule.clone()], price);
        let (numerator, denominator) = exact(&rule, inside.base());
        let error = i128::from(inside.lines()[0].amount.minor()) * denominator - numerator;
        // Half a minor unit in the tax, and as much in the base it is compared with.
        prop_assert!(error.abs() <= denominator);
    }

    #[test]
    fn any_price_is_assessed_or_refused(
        rules in rules(),
        minor in any::<i64>(),
        mode in select(TaxMode::ALL),
    ) {
        let price = Money::new(minor, Currency::Idr);
        if let Ok(assessment) = TaxPolicy::new(mode, rules).unwrap().assess(price, today()) {
            prop_assert!(price.is_positive());
            prop_assert!(!assessment.base().is_negative());
            prop_assert!(assessment.lines().iter().all(|line| !line.amount.is_negative()));
        }
    }

    #[test]
    fn partial_refunds_reverse_the_whole_tax_in_the_end(
        refunds in prop::collection::vec(1_i64..1_000_000, 1..8),
        tax in 0_i64..1_000_000_000,
        rounding in select(Rounding::ALL),
    ) {
        let idr = |minor| Money::new(minor, Currency::Idr);
        let whole = idr(refunds.iter().sum());
        let tax = idr(tax);
        let mut refunded = idr(0);
        let mut reversed = share(refunded, whole, tax, rounding, RoundTo::MinorUnit).unwrap();
        prop_assert_eq!(reversed, idr(0));
        for refund in refunds {
            refunded = refunded.checked_add(idr(refund)).unwrap();
            let so_far = share(refunded, whole, tax, rounding, RoundTo::MinorUnit).unwrap();
            prop_assert!(!so_far.checked_sub(reversed).unwrap().is_negative());
            reversed = so_far;
        }
        prop_assert_eq!(reversed, tax);
    }

    #[test]
    fn a_larger_part_never_has_a_smaller_share(
        parts in prop::array::uniform3(0..=i64::MAX),
        of in 0..=i64::MAX,
        rounding in select(Rounding::ALL),
    ) {
        let idr = |minor| Money::new(minor, Currency::Idr);
        let mut parts = parts;
        parts.sort_unstable();
        let [smaller, larger, whole] = parts.map(idr);
        prop_assume!(whole.is_positive());
        let of_part = |part| share(part, whole, idr(of), rounding, RoundTo::MinorUnit).unwrap().minor();
        prop_assert!(of_part(smaller) <= of_part(larger));
        prop_assert_eq!(of_part(whole), of);
    }
}
