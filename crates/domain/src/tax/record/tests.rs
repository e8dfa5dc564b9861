use super::*;
use crate::tax::{RoundTo, Rounding, TaxPolicy};
use crate::testing::Told::{Goes, Refused, Stays};
use crate::testing::{Machine, at, each, php};
use crate::{Currency, Money};

/// 600.00 of VAT on 5000.00.
fn line() -> TaxLine {
    TaxPolicy::standard()
        .assess(php(500_000), at(0).date_naive())
        .unwrap()
        .into_lines()
        .swap_remove(0)
}

fn terms(line: TaxLine) -> TaxTerms {
    TaxTerms {
        id: TaxRecordId::new(4).unwrap(),
        payment: PaymentId::new(100).unwrap(),
        line,
    }
}

fn part(minor: i64) -> TaxState {
    TaxState::PartiallyReversed {
        reversed: php(minor),
    }
}

fn takings(refunded: i64) -> Takings {
    Takings::new(php(500_000), php(refunded)).unwrap()
}

impl Machine for TaxRecord {
    type State = TaxState;
    type Status = TaxStatus;

    fn samples() -> Vec<TaxState> {
        vec![
            TaxState::Pending,
            TaxState::Collected,
            part(24_000),
            TaxState::Reversed,
            TaxState::Void,
        ]
    }

    fn sample(state: TaxState) -> Self {
        Self::restore(terms(line()), state).unwrap()
    }

    fn state_of(&self) -> TaxState {
        self.state()
    }

    fn status_of(&self) -> TaxStatus {
        self.status()
    }
}

#[test]
fn the_samples_are_of_every_state() {
    let statuses: Vec<_> = TaxRecord::samples()
        .into_iter()
        .map(|state| TaxRecord::sample(state).status())
        .collect();
    assert_eq!(statuses, TaxStatus::ALL);
}

#[test]
fn states_have_stable_names() {
    let names: Vec<_> = TaxStatus::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "pending",
            "collected",
            "partially_reversed",
            "reversed",
            "void"
        ]
    );
}

#[test]
fn a_recorded_tax_is_pending_and_keeps_its_terms() {
    let record = TaxRecord::record(terms(line())).unwrap();
    assert_eq!(record.state(), TaxState::Pending);
    assert_eq!(*record.terms(), terms(line()));
}

#[test]
fn a_tax_is_not_negative() {
    let taxed = |minor| {
        terms(TaxLine {
            amount: php(minor),
            ..line()
        })
    };
    assert!(TaxRecord::record(taxed(0)).is_ok());
    let refused = Err(InvalidTaxRecord::Amount);
    assert_eq!(TaxRecord::record(taxed(-1)), refused);
    assert_eq!(TaxRecord::restore(taxed(-1), TaxState::Reversed), refused);
}

#[test]
fn a_stored_part_lies_between_nothing_and_all_of_the_tax() {
    let stored =
        |reversed| TaxRecord::restore(terms(line()), TaxState::PartiallyReversed { reversed });
    let refused = Err(InvalidTaxRecord::Reversed);
    assert!(stored(php(0)).is_ok());
    assert!(stored(php(60_000)).is_ok());
    assert_eq!(stored(php(-1)), refused);
    assert_eq!(stored(php(60_001)), refused);
    assert_eq!(stored(Money::new(1, Currency::Usd)), refused);
}

#[test]
fn a_refused_tax_says_what_is_wrong() {
    assert_eq!(
        InvalidTaxRecord::Amount.to_string(),
        "a tax is not negative"
    );
    assert_eq!(
        InvalidTaxRecord::Reversed.to_string(),
        "the reversed part of a tax lies between nothing and all of it"
    );
}

#[test]
fn each_state_tells_how_much_went_back() {
    let reversed: Vec<_> = TaxRecord::samples()
        .into_iter()
        .map(|state| TaxRecord::sample(state).reversed())
        .collect();
    assert_eq!(reversed, [php(0), php(0), php(24_000), php(60_000), php(0)]);
}

#[test]
fn money_collects_a_tax_wherever_it_stands() {
    let collected = || Goes(TaxState::Collected);
    assert_eq!(
        each(|record: TaxRecord| Ok(record.collect())),
        [collected(), Stays, collected(), collected(), collected()]
    );
}

#[test]
fn only_a_collected_tax_is_reversed() {
    use TaxStatus::{Collected, PartiallyReversed, Reversed};
    let reverse = |refunded| each(move |record: TaxRecord| record.reverse(takings(refunded)));
    assert_eq!(
        reverse(0),
        [
            Refused(Collected),
            Stays,
            Goes(TaxState::Collected),
            Goes(TaxState::Collected),
            Refused(Collected)
        ]
    );
    assert_eq!(
        reverse(200_000),
        [
            Refused(PartiallyReversed),
            Goes(part(24_000)),
            Stays,
            Goes(part(24_000)),
            Refused(PartiallyReversed)
        ]
    );
    assert_eq!(
        reverse(500_000),
        [
            Refused(Reversed),
            Goes(TaxState::Reversed),
            Goes(TaxState::Reversed),
            Stays,
            Refused(Reversed)
        ]
    );
}

#[test]
fn a_tax_is_voided_wherever_it_stands() {
    let void = || Goes(TaxState::Void);
    assert_eq!(
        each(|record: TaxRecord| Ok(record.void())),
        [void(), void(), void(), void(), Stays]
    );
}

#[test]
fn a_tax_follows_its_payment() {
    use TaxStatus::Pending;
    let settle = |papers| each(move |record: TaxRecord| record.settle(papers));
    assert_eq!(
        settle(Papers::Due),
        [
            Stays,
            Refused(Pending),
            Refused(Pending),
            Refused(Pending),
            Refused(Pending)
        ]
    );
    let collected = || Goes(TaxState::Collected);
    assert_eq!(
        settle(Papers::Settled(takings(0))),
        [collected(), Stays, collected(), collected(), collected()]
    );
    let partly = || Goes(part(24_000));
    assert_eq!(
        settle(Papers::Settled(takings(200_000))),
        [partly(), partly(), Stays, partly(), partly()]
    );
    let reversed = || Goes(TaxState::Reversed);
    assert_eq!(
        settle(Papers::Settled(takings(500_000))),
        [reversed(), reversed(), reversed(), Stays, reversed()]
    );
    let void = || Goes(TaxState::Void);
    assert_eq!(
        settle(Papers::Void),
        [void(), void(), void(), void(), Stays]
    );
}

/// How much of 1.00 of tax is reversed after each third of the money went back.
fn reversed_by_thirds(rounding: Rounding, round_to: RoundTo) -> Vec<i64> {
    let line = TaxLine {
        amount: php(100),
        rounding,
        round_to,
        ..line()
    };
    let mut record = TaxRecord::restore(terms(line), TaxState::Collected).unwrap();
    let mut reversed = Vec::new();
    for refunded in [1, 2, 3] {
        let takings = Takings::new(php(3), php(refunded)).unwrap();
        record = record.reverse(takings).unwrap().into_inner();
        reversed.push(record.reversed().minor());
    }
    reversed
}

#[test]
fn shares_are_rounded_over_all_that_went_back_and_sum_to_the_tax() {
    use RoundTo::{MinorUnit, WholeUnit};
    use Rounding::{Down, HalfUp, Up};
    assert_eq!(reversed_by_thirds(HalfUp, MinorUnit), [33, 67, 100]);
    assert_eq!(reversed_by_thirds(Down, MinorUnit), [33, 66, 100]);
    assert_eq!(reversed_by_thirds(Up, MinorUnit), [34, 67, 100]);
    assert_eq!(reversed_by_thirds(HalfUp, WholeUnit), [0, 100, 100]);
    assert_eq!(reversed_by_thirds(Up, WholeUnit), [100, 100, 100]);
}

#[test]
fn money_of_another_currency_takes_its_share_of_the_tax() {
    let usd = |minor| Money::new(minor, Currency::Usd);
    let half = Takings::new(usd(10_000), usd(5_000)).unwrap();
    let record = TaxRecord::sample(TaxState::Collected)
        .reverse(half)
        .unwrap()
        .into_inner();
    assert_eq!(record.reversed(), php(30_000));
}

#[test]
fn a_refusal_says_from_where_and_to_where() {
    let refusal = TaxRecord::sample(TaxState::Void)
        .reverse(takings(1))
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "tax record cannot go from void to partially_reversed"
    );
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use crate::testing::{assert_json, refusal};

    const TERMS: &str = r#""id":4,"payment":100,"tax_type":"VAT","effect":"added","rate":"0.12","factor":"1/1","rounding":"half_up","round_to":"minor_unit","mode":"recorded","base":{"amount":"5000.00","currency":"PHP"},"amount":{"amount":"600.00","currency":"PHP"}"#;

    const STATES: [&str; 5] = [
        r#""status":"pending""#,
        r#""status":"collected""#,
        r#""status":"partially_reversed","reversed":{"amount":"240.00","currency":"PHP"}"#,
        r#""status":"reversed""#,
        r#""status":"void""#,
    ];

    #[test]
    fn a_tax_is_one_flat_object_in_every_state() {
        for (state, json) in TaxRecord::samples().into_iter().zip(STATES) {
            assert_json(&state, &format!("{{{json}}}"));
            assert_json(&TaxRecord::sample(state), &format!("{{{TERMS},{json}}}"));
        }
    }

    #[test]
    fn a_tax_that_cannot_be_is_refused() {
        let [pending, _, part, ..] = STATES;
        let negative = format!("{{{TERMS},{pending}}}").replace("600.00", "-600.00");
        assert_eq!(
            refusal::<TaxRecord>(&negative),
            InvalidTaxRecord::Amount.to_string()
        );
        let beyond = format!("{{{TERMS},{}}}", part.replace("240.00", "600.01"));
        assert_eq!(
            refusal::<TaxRecord>(&beyond),
            InvalidTaxRecord::Reversed.to_string()
        );
    }
}
