use super::*;

fn rate(text: &str) -> Result<Rate, &'static str> {
    text.parse().map_err(|error: InvalidText| error.rule)
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, day).unwrap()
}

fn days(from: u32, until: u32) -> Validity {
    Validity::new(day(from), Some(day(until))).unwrap()
}

#[test]
fn a_rate_is_shown_without_zeros_at_the_end() {
    for (text, shown) in [
        ("0.12", "0.12"),
        ("0.120", "0.12"),
        ("0.000001", "0.000001"),
        ("0.999999", "0.999999"),
        ("0.1200000000", "0.12"),
        ("1", "1"),
        ("1.0", "1"),
    ] {
        assert_eq!(
            rate(text).map(|rate| rate.to_string()).as_deref(),
            Ok(shown)
        );
    }
    assert_eq!(format!("{:>6}|", rate("0.12").unwrap()), "  0.12|");
}

#[test]
fn a_rate_is_the_decimal_it_was_made_of() {
    let twelve = Rate::new(Decimal::new(1_200, 4)).unwrap();
    assert_eq!(twelve.to_decimal(), Decimal::new(12, 2));
    assert_eq!(twelve.to_decimal().scale(), 2);
    assert_eq!(twelve.fraction(), Fraction::new(3, 25));
}

#[test]
fn a_rate_is_above_nothing_and_at_most_the_whole() {
    let refused = Err("is above 0 and at most 1");
    for text in [
        "0",
        "0.0",
        "0.000000",
        "1.000001",
        "2",
        "5000",
        "79228162514264337593543950335",
    ] {
        assert_eq!(rate(text), refused, "{text}");
    }
    let negative = Rate::new(Decimal::new(-12, 2));
    assert_eq!(negative.map_err(|error| error.rule), refused);
}

#[test]
fn a_rate_has_six_decimals_at_most() {
    for text in [
        "0.1234567",
        "0.0000001",
        "0.99999999999999999999999999999999999999",
    ] {
        assert_eq!(rate(text), Err("has at most six decimals"), "{text}");
    }
}

#[test]
fn a_text_that_is_no_plain_rate_is_refused() {
    for text in [
        "", ".", ".5", "1.", "+0.5", "-0.5", "0,5", "5%", "1e-1", "0.1_2", " 0.1", "0.1.2",
    ] {
        let refused = Err("is written with digits and at most one point, such as 0.12");
        assert_eq!(rate(text), refused, "{text}");
    }
}

#[test]
fn a_base_factor_is_above_nothing_and_at_most_the_whole() {
    for (numerator, denominator) in [(1, 1), (11, 12), (1, 10_000), (10_000, 10_000)] {
        let factor = BaseFactor::new(numerator, denominator).unwrap();
        assert_eq!(
            (factor.numerator(), factor.denominator()),
            (numerator, denominator)
        );
    }
    for (numerator, denominator) in [
        (0, 1),
        (0, 0),
        (1, 0),
        (13, 12),
        (1, 10_001),
        (10_001, 10_001),
    ] {
        assert!(
            BaseFactor::new(numerator, denominator).is_err(),
            "{numerator}/{denominator}"
        );
    }
    assert_eq!(BaseFactor::WHOLE, BaseFactor::new(1, 1).unwrap());
}

#[test]
fn a_base_factor_is_written_as_a_fraction_in_one_way() {
    let factor = BaseFactor::new(11, 12).unwrap();
    assert_eq!(factor.to_string(), "11/12");
    assert_eq!("11/12".parse(), Ok(factor));
    assert_eq!(format!("{factor:>6}|"), " 11/12|");
    for text in [
        "", "11", "/12", "11/", "+11/12", "011/12", "11 / 12", "11/12/1", "-1/2", "0.9", "13/12",
    ] {
        assert!(text.parse::<BaseFactor>().is_err(), "{text}");
    }
}

#[test]
fn a_validity_begins_on_its_first_day_and_ends_before_the_other() {
    let validity = days(10, 20);
    assert_eq!(
        (validity.from(), validity.until()),
        (day(10), Some(day(20)))
    );
    let inside = [9, 10, 19, 20].map(|number| validity.contains(day(number)));
    assert_eq!(inside, [false, true, true, false]);
}

#[test]
fn a_validity_without_an_end_holds_for_ever() {
    let validity = Validity::since(day(10));
    assert_eq!(Validity::new(day(10), None), Ok(validity));
    assert_eq!(validity.until(), None);
    assert!(!validity.contains(day(9)));
    assert!(validity.contains(day(10)));
    assert!(validity.contains(NaiveDate::MAX));
}

#[test]
fn a_validity_holds_for_one_day_at_least() {
    assert!(Validity::new(day(10), Some(day(11))).is_ok());
    for until in [day(10), day(9)] {
        let refused = InvalidValidity {
            from: day(10),
            until,
        };
        assert_eq!(Validity::new(day(10), Some(until)), Err(refused));
    }
}

#[test]
fn validities_overlap_when_they_share_a_day() {
    for (one, other, share) in [
        (days(10, 20), days(19, 30), true),
        (days(10, 20), days(20, 30), false),
        (days(10, 20), days(12, 15), true),
        (days(10, 20), Validity::since(day(19)), true),
        (days(10, 20), Validity::since(day(20)), false),
        (Validity::since(day(1)), Validity::since(day(30)), true),
        (days(10, 20), days(10, 20), true),
    ] {
        assert_eq!(one.overlaps(other), share, "{one:?} {other:?}");
        assert_eq!(other.overlaps(one), share, "{other:?} {one:?}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_rule_is_text_in_json() {
    let json = r#"{"currency":"IDR","tax_type":"PPN","effect":"added","rate":"0.12","factor":"11/12","rounding":"half_up","round_to":"whole_unit","validity":{"from":"2025-01-01","until":null}}"#;
    let rule: TaxRule = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&rule).unwrap(), json);
    for (right, wrong) in [
        (r#""0.12""#, "0.12"),
        (r#""0.12""#, r#""1.2""#),
        ("11/12", "12/11"),
        ("null", r#""2025-01-01""#),
        (r#""added""#, r#""Added""#),
        (r#""PPN""#, r#""""#),
        (r#""currency""#, r#""note":1,"currency""#),
    ] {
        let json = json.replace(right, wrong);
        assert!(serde_json::from_str::<TaxRule>(&json).is_err(), "{json}");
    }
}
