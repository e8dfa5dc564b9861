use super::*;
use crate::Currency::{Idr, Jpy, Php};
use crate::{Currency, tax::Validity};

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

fn today() -> NaiveDate {
    day(2026, 1, 1)
}

fn money(text: &str, currency: Currency) -> Money {
    Money::parse(text, currency).unwrap()
}

fn php(minor: i64) -> Money {
    Money::new(minor, Php)
}

fn standard(mode: TaxMode) -> TaxPolicy {
    TaxPolicy::standard().with_mode(mode)
}

fn taxes(assessment: &Assessment) -> Vec<(String, String)> {
    let lines = assessment.lines().iter();
    lines
        .map(|line| (line.tax_type.to_string(), line.amount.to_string()))
        .collect()
}

fn named(taxes: &[(&str, &str)]) -> Vec<(String, String)> {
    taxes
        .iter()
        .map(|(name, amount)| ((*name).to_owned(), (*amount).to_owned()))
        .collect()
}

fn rule(rate: &str, effect: TaxEffect, rounding: Rounding) -> TaxRule {
    TaxRule {
        currency: Php,
        tax_type: TaxType::new(format!("{rate} {effect} {rounding}")).unwrap(),
        effect,
        rate: rate.parse().unwrap(),
        factor: BaseFactor::WHOLE,
        rounding,
        round_to: RoundTo::MinorUnit,
        validity: Validity::since(NaiveDate::MIN),
    }
}

fn policy<const N: usize>(mode: TaxMode, rules: [TaxRule; N]) -> TaxPolicy {
    TaxPolicy::new(mode, rules.to_vec()).unwrap()
}

#[test]
fn five_thousand_pesos_bear_600_of_vat_and_750_of_withholding() {
    let price = money("5000", Php);
    let assessment = standard(TaxMode::Recorded).assess(price, today()).unwrap();
    assert_eq!(
        taxes(&assessment),
        named(&[("VAT", "600.00"), ("PPh", "750.00")])
    );
    assert_eq!(assessment.price(), price);
    assert_eq!(assessment.base(), price);
    assert_eq!(assessment.charge(), price);
}

#[test]
fn a_million_rupiah_bear_eleven_percent_in_effect() {
    let price = money("1000000", Idr);
    let assessment = standard(TaxMode::Recorded).assess(price, today()).unwrap();
    assert_eq!(
        taxes(&assessment),
        named(&[("PPN", "110000.00"), ("PPh", "20000.00")])
    );
}

#[test]
fn the_rules_of_the_day_are_taken() {
    let price = money("1000000", Idr);
    let policy = standard(TaxMode::Recorded);
    let factor = |on| {
        policy
            .assess(price, on)
            .unwrap()
            .into_lines()
            .remove(0)
            .factor
            .to_string()
    };
    assert_eq!(factor(day(2024, 12, 31)), "1/1");
    assert_eq!(factor(day(2025, 1, 1)), "11/12");
}

#[test]
fn rupiah_taxes_are_whole_rupiah() {
    let policy = standard(TaxMode::Recorded);
    // 11 % of 50.00 is 5.50, of 49.99 is 5.4989; 2 % are 1.00 and 0.9998.
    let of = |text| taxes(&policy.assess(money(text, Idr), today()).unwrap());
    assert_eq!(of("50.00"), named(&[("PPN", "6.00"), ("PPh", "1.00")]));
    assert_eq!(of("49.99"), named(&[("PPN", "5.00"), ("PPh", "1.00")]));
    assert_eq!(of("24.99"), named(&[("PPN", "3.00"), ("PPh", "0.00")]));
}

#[test]
fn added_taxes_are_paid_on_top_and_withheld_ones_are_not() {
    let price = money("5000", Php);
    let assessment = standard(TaxMode::Added).assess(price, today()).unwrap();
    assert_eq!(
        taxes(&assessment),
        named(&[("VAT", "600.00"), ("PPh", "750.00")])
    );
    assert_eq!(assessment.price(), price);
    assert_eq!(assessment.base(), price);
    assert_eq!(assessment.charge(), money("5600", Php));
}

#[test]
fn included_taxes_are_taken_out_of_the_price() {
    let price = money("5600", Php);
    let assessment = standard(TaxMode::Included).assess(price, today()).unwrap();
    assert_eq!(
        taxes(&assessment),
        named(&[("VAT", "600.00"), ("PPh", "750.00")])
    );
    assert_eq!(assessment.price(), price);
    assert_eq!(assessment.base(), money("5000", Php));
    assert_eq!(assessment.charge(), price);
}

#[test]
fn included_ppn_is_exact_through_its_factor() {
    let assessment = standard(TaxMode::Included)
        .assess(money("1110000", Idr), today())
        .unwrap();
    assert_eq!(
        taxes(&assessment),
        named(&[("PPN", "110000.00"), ("PPh", "20000.00")])
    );
    assert_eq!(assessment.base(), money("1000000", Idr));
}

#[test]
fn several_included_taxes_leave_one_base() {
    let half_up = |rate| rule(rate, TaxEffect::Added, Rounding::HalfUp);
    let policy = policy(
        TaxMode::Included,
        [half_up("0.1"), half_up("0.05"), half_up("0.000001")],
    );
    // 100.00 / 1.150001 = 86.956446…
    let assessment = policy.assess(php(10_000), today()).unwrap();
    let amounts: Vec<_> = assessment
        .lines()
        .iter()
        .map(|line| line.amount.minor())
        .collect();
    assert_eq!(amounts, [870, 435, 0]);
    assert_eq!(assessment.base(), php(8_695));
}

#[test]
fn a_line_says_what_led_to_its_amount() {
    let assessment = standard(TaxMode::Included)
        .assess(money("5600", Php), today())
        .unwrap();
    assert_eq!(
        assessment.lines().first(),
        Some(&TaxLine {
            tax_type: TaxType::new("VAT").unwrap(),
            effect: TaxEffect::Added,
            rate: "0.12".parse().unwrap(),
            factor: BaseFactor::WHOLE,
            rounding: Rounding::HalfUp,
            round_to: RoundTo::MinorUnit,
            mode: TaxMode::Included,
            base: money("5000", Php),
            amount: money("600", Php),
        })
    );
    assert_eq!(assessment.clone().into_lines(), assessment.lines());
}

#[test]
fn a_currency_without_rules_has_no_taxes_in_any_mode() {
    for mode in TaxMode::ALL {
        let price = Money::new(5_000, Jpy);
        let assessment = standard(*mode).assess(price, today()).unwrap();
        assert!(assessment.lines().is_empty());
        assert_eq!((assessment.base(), assessment.charge()), (price, price));
    }
}

#[test]
fn each_rule_rounds_in_its_own_way() {
    let rules = [
        Rounding::HalfUp,
        Rounding::HalfEven,
        Rounding::Down,
        Rounding::Up,
    ]
    .map(|rounding| rule("0.1", TaxEffect::Added, rounding));
    let policy = policy(TaxMode::Recorded, rules);
    let amounts = |minor| -> Vec<_> {
        let lines = policy.assess(php(minor), today()).unwrap().into_lines();
        lines.into_iter().map(|line| line.amount.minor()).collect()
    };
    assert_eq!(amounts(24), [2, 2, 2, 3]);
    assert_eq!(amounts(25), [3, 2, 2, 3]);
    assert_eq!(amounts(26), [3, 3, 2, 3]);
    assert_eq!(amounts(35), [4, 4, 3, 4]);
    assert_eq!(amounts(30), [3, 3, 3, 3]);
}

#[test]
fn withholding_is_taken_of_the_rounded_base() {
    let vat = rule("0.12", TaxEffect::Added, Rounding::HalfUp);
    let withheld = rule("1", TaxEffect::Withheld, Rounding::HalfUp);
    let assessment = policy(TaxMode::Included, [withheld, vat])
        .assess(php(100), today())
        .unwrap();
    // 100 * 12/112 = 10.71, so that 89 are left.
    assert_eq!(assessment.base(), php(89));
    let amounts: Vec<_> = assessment
        .lines()
        .iter()
        .map(|line| line.amount.minor())
        .collect();
    assert_eq!(amounts, [89, 11]);
}

#[test]
fn only_a_price_above_zero_is_taxed() {
    for mode in TaxMode::ALL {
        assert!(standard(*mode).assess(php(1), today()).is_ok());
        for minor in [0, -1, i64::MIN] {
            let refused = standard(*mode).assess(php(minor), today());
            assert_eq!(refused, Err(TaxError::PriceNotPositive));
        }
    }
}

#[test]
fn a_price_that_its_rounded_taxes_exceed_is_refused() {
    let up = |rate| rule(rate, TaxEffect::Added, Rounding::Up);
    let policy = policy(TaxMode::Included, [up("0.1"), up("0.2")]);
    assert_eq!(
        policy.assess(php(1), today()),
        Err(TaxError::TaxesAbovePrice)
    );
    assert_eq!(policy.assess(php(2), today()).unwrap().base(), php(0));
}

#[test]
fn an_amount_beyond_the_largest_is_an_overflow() {
    let overflow = Err(TaxError::Money(MoneyError::Overflow));
    let tax = |round_to| TaxRule {
        round_to,
        ..rule("1", TaxEffect::Added, Rounding::Up)
    };
    let most = php(i64::MAX);
    let whole = policy(TaxMode::Recorded, [tax(RoundTo::WholeUnit)]);
    assert_eq!(whole.assess(most, today()), overflow);
    let minor = policy(TaxMode::Recorded, [tax(RoundTo::MinorUnit)]);
    assert_eq!(
        minor
            .assess(most, today())
            .unwrap()
            .lines()
            .first()
            .unwrap()
            .amount,
        most
    );
    assert_eq!(
        minor.with_mode(TaxMode::Added).assess(most, today()),
        overflow
    );
}

#[test]
fn the_largest_price_holds_its_taxes() {
    let most = Money::new(i64::MAX, Idr);
    let assessment = standard(TaxMode::Included).assess(most, today()).unwrap();
    let tax = assessment.lines().first().unwrap().amount;
    assert_eq!(tax.minor() % 100, 0);
    assert_eq!(assessment.base().checked_add(tax), Ok(most));
}

#[test]
fn a_share_of_a_tax_goes_with_its_part_of_the_whole() {
    let of = |part| {
        share(
            php(part),
            php(3),
            php(100),
            Rounding::HalfUp,
            RoundTo::MinorUnit,
        )
        .unwrap()
        .minor()
    };
    assert_eq!([0, 1, 2, 3].map(of), [0, 33, 67, 100]);
}

#[test]
fn a_share_at_halfway_is_rounded_by_the_mode() {
    let of = |rounding| {
        share(php(1), php(2), php(5), rounding, RoundTo::MinorUnit)
            .unwrap()
            .minor()
    };
    use Rounding::{Down, HalfEven, HalfUp, Up};
    assert_eq!([HalfUp, HalfEven, Down, Up].map(of), [3, 2, 2, 3]);
}

#[test]
fn a_negative_amount_is_shared_like_its_opposite() {
    let of = |part| {
        share(
            php(part),
            php(2),
            php(-5),
            Rounding::HalfUp,
            RoundTo::MinorUnit,
        )
        .unwrap()
        .minor()
    };
    assert_eq!([0, 1, 2].map(of), [0, -3, -5]);
}

#[test]
fn the_largest_amounts_are_shared_exactly() {
    let of = |part, of| {
        share(
            php(part),
            php(i64::MAX),
            php(of),
            Rounding::HalfUp,
            RoundTo::MinorUnit,
        )
        .unwrap()
        .minor()
    };
    assert_eq!(of(i64::MAX, i64::MAX), i64::MAX);
    assert_eq!(of(i64::MAX, i64::MIN), i64::MIN);
    assert_eq!(of(i64::MAX - 1, i64::MAX), i64::MAX - 1);
    assert_eq!(of(1, i64::MIN), -1);
}

#[test]
fn what_is_no_part_of_the_whole_has_no_share() {
    for (part, whole) in [(-1, 3), (4, 3), (0, 0), (-3, -3), (-1, 0), (0, -1)] {
        let refused = share(
            php(part),
            php(whole),
            php(100),
            Rounding::HalfUp,
            RoundTo::MinorUnit,
        );
        assert_eq!(refused, Err(TaxError::NotAPart), "{part} of {whole}");
    }
    assert_eq!(
        share(php(3), php(3), php(0), Rounding::Up, RoundTo::MinorUnit),
        Ok(php(0))
    );
}

#[test]
fn a_part_is_of_the_currency_of_its_whole() {
    let (php, idr) = (php(1), Money::new(1, Idr));
    for (part, whole) in [(idr, php), (php, idr)] {
        let refused = share(part, whole, php, Rounding::HalfUp, RoundTo::MinorUnit);
        assert!(matches!(
            refused,
            Err(TaxError::Money(MoneyError::MixedCurrencies { .. }))
        ));
    }
}

#[test]
fn a_tax_follows_the_part_of_money_in_another_currency() {
    let half = share(
        Money::new(1, Idr),
        Money::new(2, Idr),
        php(600),
        Rounding::HalfUp,
        RoundTo::MinorUnit,
    );
    assert_eq!(half, Ok(php(300)));
}

#[test]
fn a_share_in_whole_units_stays_within_the_tax_and_ends_with_all_of_it() {
    let of = |part, tax| {
        let (part, whole, tax) = (
            Money::new(part, Idr),
            Money::new(100, Idr),
            Money::new(tax, Idr),
        );
        share(part, whole, tax, Rounding::HalfUp, RoundTo::WholeUnit)
            .unwrap()
            .minor()
    };
    assert_eq!(
        [0, 1, 33, 50, 99, 100].map(|part| of(part, 11_000)),
        [0, 100, 3_600, 5_500, 10_900, 11_000]
    );
    assert_eq!([99, 100].map(|part| of(part, 160)), [160, 160]);
    assert_eq!([99, 100].map(|part| of(part, 140)), [100, 140]);
    assert_eq!([99, 100].map(|part| of(part, -160)), [-160, -160]);
}

#[cfg(feature = "serde")]
#[test]
fn an_assessment_is_readable_in_json() {
    let assessment = standard(TaxMode::Recorded)
        .assess(money("5000", Php), today())
        .unwrap();
    let json = serde_json::to_value(&assessment).unwrap();
    let line = json.pointer("/lines/1").unwrap();
    assert_eq!(
        *line,
        serde_json::json!({
            "tax_type": "PPh",
            "effect": "withheld",
            "rate": "0.15",
            "factor": "1/1",
            "rounding": "half_up",
            "round_to": "minor_unit",
            "mode": "recorded",
            "base": {"amount": "5000.00", "currency": "PHP"},
            "amount": {"amount": "750.00", "currency": "PHP"},
        })
    );
    let read: TaxLine = serde_json::from_value(line.clone()).unwrap();
    assert_eq!(assessment.lines().last(), Some(&read));
    assert_eq!(json.pointer("/charge/amount").unwrap(), "5000.00");
}
