use super::*;
use Currency::{Eur, Idr, Jpy, Kwd, Myr, Php, Sgd, Usd, Vnd};

fn php(minor: i64) -> Money {
    Money::new(minor, Php)
}

fn minors(parts: Result<Vec<Money>, MoneyError>) -> Vec<i64> {
    parts.unwrap().into_iter().map(Money::minor).collect()
}

const MIXED: MoneyError = MoneyError::MixedCurrencies {
    left: Php,
    right: Idr,
};

#[test]
fn money_keeps_what_it_was_made_of() {
    assert_eq!((php(7).minor(), php(7).currency()), (7, Php));
    assert_eq!(Money::zero(Idr), Money::new(0, Idr));
    assert_ne!(Money::zero(Idr), Money::zero(Php));
}

#[test]
fn the_sign_of_an_amount_is_known_on_both_sides_of_zero() {
    let signs = |minor| {
        (
            php(minor).is_negative(),
            php(minor).is_zero(),
            php(minor).is_positive(),
        )
    };
    assert_eq!(signs(-1), (true, false, false));
    assert_eq!(signs(0), (false, true, false));
    assert_eq!(signs(1), (false, false, true));
}

#[test]
fn sums_and_differences_are_exact_up_to_the_limits() {
    assert_eq!(php(500_000).checked_add(php(60_000)), Ok(php(560_000)));
    assert_eq!(php(500_000).checked_sub(php(560_000)), Ok(php(-60_000)));
    assert_eq!(php(i64::MAX - 1).checked_add(php(1)), Ok(php(i64::MAX)));
    assert_eq!(php(i64::MIN + 1).checked_sub(php(1)), Ok(php(i64::MIN)));
    assert_eq!(php(i64::MIN + 1).checked_neg(), Ok(php(i64::MAX)));
    assert_eq!(php(5).checked_neg(), Ok(php(-5)));
}

#[test]
fn arithmetic_beyond_the_limits_is_an_overflow() {
    assert_eq!(php(i64::MAX).checked_add(php(1)), Err(MoneyError::Overflow));
    assert_eq!(
        php(i64::MIN).checked_add(php(-1)),
        Err(MoneyError::Overflow)
    );
    assert_eq!(php(i64::MIN).checked_sub(php(1)), Err(MoneyError::Overflow));
    assert_eq!(
        php(i64::MAX).checked_sub(php(-1)),
        Err(MoneyError::Overflow)
    );
    assert_eq!(php(i64::MIN).checked_neg(), Err(MoneyError::Overflow));
}

#[test]
fn two_currencies_have_no_sum_no_difference_and_no_order() {
    let idr = Money::new(1, Idr);
    assert_eq!(php(1).checked_add(idr), Err(MIXED));
    assert_eq!(php(1).checked_sub(idr), Err(MIXED));
    assert_eq!(php(1).compare(idr), Err(MIXED));
    assert_eq!(Money::sum(Php, [php(1), idr]), Err(MIXED));
    assert_eq!(MIXED.to_string(), "PHP and IDR do not mix");
}

#[test]
fn amounts_of_one_currency_are_compared() {
    assert_eq!(php(1).compare(php(2)), Ok(Ordering::Less));
    assert_eq!(php(2).compare(php(2)), Ok(Ordering::Equal));
    assert_eq!(php(2).compare(php(-2)), Ok(Ordering::Greater));
}

#[test]
fn a_sum_fits_when_its_end_result_does() {
    assert_eq!(Money::sum(Jpy, []), Ok(Money::zero(Jpy)));
    assert_eq!(Money::sum(Php, [php(1), php(2), php(-7)]), Ok(php(-4)));
    assert_eq!(
        Money::sum(Php, [php(i64::MAX), php(1), php(-1)]),
        Ok(php(i64::MAX))
    );
    assert_eq!(
        Money::sum(Php, [php(i64::MAX), php(1)]),
        Err(MoneyError::Overflow)
    );
    assert_eq!(
        Money::sum(Php, [php(i64::MIN), php(-1)]),
        Err(MoneyError::Overflow)
    );
}

#[test]
fn the_largest_remainder_gets_the_minor_unit_left_over() {
    assert_eq!(minors(php(100).allocate(&[1, 1, 1])), [34, 33, 33]);
    assert_eq!(minors(php(200).allocate(&[1, 1, 1])), [67, 67, 66]);
    // 100 * 1/6 = 16.67, 100 * 2/6 = 33.33, 100 * 3/6 = 50
    assert_eq!(minors(php(100).allocate(&[3, 2, 1])), [50, 33, 17]);
    // 10 * 1/8 = 1.25, 10 * 3/8 = 3.75, 10 * 4/8 = 5
    assert_eq!(minors(php(10).allocate(&[1, 3, 4])), [1, 4, 5]);
}

#[test]
fn a_tie_goes_to_the_earlier_part() {
    assert_eq!(minors(php(1).allocate(&[1, 1])), [1, 0]);
    assert_eq!(minors(php(5).allocate(&[2, 1, 1])), [3, 1, 1]);
    assert_eq!(minors(php(-1).allocate(&[1, 1])), [-1, 0]);
}

#[test]
fn a_negative_amount_is_divided_like_its_opposite() {
    assert_eq!(minors(php(-100).allocate(&[3, 2, 1])), [-50, -33, -17]);
    assert_eq!(minors(php(-200).allocate(&[1, 1, 1])), [-67, -67, -66]);
}

#[test]
fn a_part_without_weight_gets_nothing() {
    assert_eq!(minors(php(100).allocate(&[0, 3, 0, 3])), [0, 50, 0, 50]);
    assert_eq!(minors(php(101).allocate(&[0, 3, 0, 3])), [0, 51, 0, 50]);
    assert_eq!(minors(php(0).allocate(&[1, 2])), [0, 0]);
}

#[test]
fn the_largest_amounts_and_weights_are_divided_exactly() {
    assert_eq!(minors(php(i64::MAX).allocate(&[u64::MAX])), [i64::MAX]);
    assert_eq!(minors(php(i64::MIN).allocate(&[u64::MAX])), [i64::MIN]);
    assert_eq!(
        minors(php(i64::MIN).allocate(&[u64::MAX, u64::MAX])),
        [i64::MIN / 2, i64::MIN / 2]
    );
    assert_eq!(
        minors(php(i64::MAX).allocate(&[1, 1])),
        [i64::MAX / 2 + 1, i64::MAX / 2]
    );
}

#[test]
fn an_amount_is_not_divided_among_nobody() {
    assert_eq!(php(1).allocate(&[]), Err(MoneyError::NoWeights));
    assert_eq!(php(1).allocate(&[0, 0]), Err(MoneyError::NoWeights));
    assert_eq!(php(0).allocate(&[0]), Err(MoneyError::NoWeights));
    assert_eq!(php(1).split(0), Err(MoneyError::NoWeights));
}

#[test]
fn a_split_gives_parts_that_differ_by_one_at_most() {
    assert_eq!(minors(php(10).split(1)), [10]);
    assert_eq!(minors(php(10).split(3)), [4, 3, 3]);
    assert_eq!(minors(php(-2).split(3)), [-1, -1, 0]);
    assert!(
        php(10)
            .split(3)
            .unwrap()
            .iter()
            .all(|part| part.currency() == Php)
    );
}

#[test]
fn amounts_are_read_in_the_decimals_of_their_currency() {
    for (text, currency, minor) in [
        ("5000.00", Php, 500_000),
        ("5000", Php, 500_000),
        ("5000.5", Php, 500_050),
        ("50000.00", Idr, 5_000_000),
        ("0.01", Idr, 1),
        ("10.05", Myr, 1_005),
        ("0.50", Sgd, 50),
        ("0", Usd, 0),
        ("0.00", Eur, 0),
        ("-0.5", Eur, -50),
        ("-12.34", Usd, -1_234),
        ("50", Jpy, 50),
        ("-50", Vnd, -50),
        ("5.124", Kwd, 5_124),
        ("5.1", Kwd, 5_100),
        ("92233720368547758.07", Php, i64::MAX),
        ("-92233720368547758.08", Php, i64::MIN),
        ("9223372036854775807", Jpy, i64::MAX),
    ] {
        assert_eq!(
            Money::parse(text, currency),
            Ok(Money::new(minor, currency)),
            "{text}"
        );
    }
}

#[test]
fn a_text_that_is_no_plain_number_is_refused() {
    for text in [
        "", "-", ".", "-.", ".5", "-.5", "5.", "-5.", "5.-5", "--5", "+5", "5-", " 5", "5 ", "1e3",
        "1E3", "5,000", "5_000", "5.000,00", "1.2.3", "5.0.", "0x10", "NaN", "inf", "٥", "5.٥",
        "½", "5.+1", "5\n", "PHP 5",
    ] {
        assert_eq!(
            Money::parse(text, Php),
            Err(AmountError::Malformed),
            "{text:?}"
        );
    }
}

#[test]
fn leading_zeros_are_refused() {
    for text in ["007", "00", "01", "-01", "00.50", "-00"] {
        assert_eq!(
            Money::parse(text, Php),
            Err(AmountError::LeadingZeros),
            "{text}"
        );
    }
}

#[test]
fn a_zero_with_a_sign_is_refused() {
    for text in ["-0", "-0.0", "-0.00"] {
        assert_eq!(
            Money::parse(text, Php),
            Err(AmountError::NegativeZero),
            "{text}"
        );
    }
}

#[test]
fn decimals_beyond_those_of_the_currency_are_refused_even_when_zero() {
    for (text, currency) in [
        ("1.000", Php),
        ("1.001", Idr),
        ("1.0", Jpy),
        ("1.5", Vnd),
        ("1.0000", Kwd),
    ] {
        let refused = AmountError::TooManyDecimals { currency };
        assert_eq!(Money::parse(text, currency), Err(refused), "{text}");
    }
}

#[test]
fn an_amount_beyond_the_limits_is_refused() {
    for (text, currency) in [
        ("92233720368547758.08", Php),
        ("-92233720368547758.09", Php),
        ("92233720368547759", Php),
        ("9223372036854775808", Jpy),
        ("99999999999999999999999999999999999999999999999", Idr),
    ] {
        assert_eq!(
            Money::parse(text, currency),
            Err(AmountError::OutOfRange),
            "{text}"
        );
    }
}

#[test]
fn an_amount_is_shown_with_all_decimals_of_its_currency() {
    for (minor, currency, text) in [
        (500_000, Php, "5000.00"),
        (5, Idr, "0.05"),
        (-5, Idr, "-0.05"),
        (0, Usd, "0.00"),
        (50, Jpy, "50"),
        (-50, Vnd, "-50"),
        (0, Jpy, "0"),
        (1, Kwd, "0.001"),
        (i64::MAX, Eur, "92233720368547758.07"),
        (i64::MIN, Eur, "-92233720368547758.08"),
        (i64::MIN, Jpy, "-9223372036854775808"),
        (i64::MIN, Kwd, "-9223372036854775.808"),
    ] {
        assert_eq!(Money::new(minor, currency).to_string(), text);
    }
}

#[test]
fn a_width_pads_an_amount_and_a_precision_never_cuts_it() {
    assert_eq!(
        format!("{:>9}|{:<8}|{:.1}", php(-500), php(500), php(555)),
        "    -5.00|5.00    |5.55"
    );
}

#[test]
fn a_decimal_becomes_the_amount_it_is() {
    for (decimal, currency, minor) in [
        (Decimal::new(5000, 0), Php, 500_000),
        (Decimal::new(50_005, 1), Php, 500_050),
        (Decimal::new(-1_234, 2), Php, -1_234),
        (Decimal::new(50_000_000, 4), Php, 500_000),
        (Decimal::new(500, 1), Jpy, 50),
        (Decimal::new(5_124, 3), Kwd, 5_124),
        (-Decimal::new(0, 5), Php, 0),
        (Decimal::new(i64::MAX, 2), Php, i64::MAX),
        (Decimal::new(i64::MIN, 2), Php, i64::MIN),
    ] {
        assert_eq!(
            Money::from_decimal(decimal, currency),
            Ok(Money::new(minor, currency))
        );
    }
}

#[test]
fn a_decimal_that_would_lose_something_is_refused() {
    for (decimal, currency) in [
        (Decimal::new(1, 3), Php),
        (Decimal::new(15, 1), Jpy),
        (Decimal::new(12_345, 4), Kwd),
    ] {
        let refused = AmountError::TooManyDecimals { currency };
        assert_eq!(Money::from_decimal(decimal, currency), Err(refused));
    }
    let beyond = Decimal::from_i128_with_scale(i128::from(i64::MAX) + 1, 2);
    for decimal in [
        beyond,
        Decimal::MAX,
        Decimal::MIN,
        Decimal::new(i64::MAX, 1),
    ] {
        assert_eq!(
            Money::from_decimal(decimal, Php),
            Err(AmountError::OutOfRange)
        );
    }
}

#[test]
fn an_amount_as_a_decimal_keeps_its_decimals() {
    assert_eq!(php(500_000).to_decimal().to_string(), "5000.00");
    assert_eq!(Money::new(50, Jpy).to_decimal().to_string(), "50");
}

#[test]
fn an_error_names_the_decimals_of_the_currency() {
    assert_eq!(
        AmountError::TooManyDecimals { currency: Kwd }.to_string(),
        "an amount in KWD has at most 3 decimals"
    );
}

#[cfg(feature = "serde")]
mod json {
    use super::*;

    #[test]
    fn an_amount_is_a_string_beside_its_currency() {
        let json = r#"{"amount":"5000.00","currency":"PHP"}"#;
        assert_eq!(serde_json::to_string(&php(500_000)).unwrap(), json);
        assert_eq!(serde_json::from_str::<Money>(json).unwrap(), php(500_000));
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for json in [
            r#"{"amount":5000,"currency":"PHP"}"#,
            r#"{"amount":5000.00,"currency":"PHP"}"#,
            r#"{"amount":"5e3","currency":"PHP"}"#,
            r#"{"amount":"5.000","currency":"PHP"}"#,
            r#"{"amount":"5.00","currency":"Php"}"#,
            r#"{"amount":"5.00"}"#,
            r#"{"amount":"5.00","currency":"PHP","minor":500}"#,
            r#""5.00""#,
        ] {
            assert!(serde_json::from_str::<Money>(json).is_err(), "{json}");
        }
    }
}

#[test]
fn a_line_costs_its_unit_amount_times_its_quantity() {
    let amount = |minor| Money::new(minor, Currency::Idr);
    assert_eq!(amount(150).checked_mul(3), Ok(amount(450)));
    assert_eq!(amount(150).checked_mul(0), Ok(amount(0)));
    assert_eq!(amount(-150).checked_mul(2), Ok(amount(-300)));
    let whole = i64::from(u32::MAX);
    let most = i64::MAX / whole;
    assert_eq!(amount(most).checked_mul(u32::MAX), Ok(amount(most * whole)));
    assert_eq!(
        amount(most + 1).checked_mul(u32::MAX),
        Err(MoneyError::Overflow)
    );
}
