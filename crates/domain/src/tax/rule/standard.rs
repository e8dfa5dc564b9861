//! The rules of [`TaxPolicy::standard`](crate::tax::TaxPolicy::standard), whose table shows them at a glance.

use chrono::NaiveDate;

use super::{BaseFactor, Rate, TaxEffect, TaxRule, TaxType, Validity};
use crate::Currency;
use crate::tax::{RoundTo, Rounding};

const PERCENT_2: Rate = Rate { millionths: 20_000 };
const PERCENT_11: Rate = Rate {
    millionths: 110_000,
};
const PERCENT_12: Rate = Rate {
    millionths: 120_000,
};
const PERCENT_15: Rate = Rate {
    millionths: 150_000,
};

/// The "other value" that Indonesian law takes 12 % of, so that most prices still bear 11 %.
const ELEVEN_TWELFTHS: BaseFactor = BaseFactor {
    numerator: 11,
    denominator: 12,
};

/// When the Philippine VAT became 12 %.
const PH_VAT_12: Validity = Validity {
    from: day(2006, 2, 1),
    until: None,
};
/// When the Indonesian withholding on services became 2 %.
const ID_PPH_2: Validity = Validity {
    from: day(2009, 1, 1),
    until: None,
};
/// The years in which the Indonesian VAT was 11 %.
const ID_PPN_11: Validity = Validity {
    from: day(2022, 4, 1),
    until: Some(day(2025, 1, 1)),
};
/// When it became 12 %.
const ID_PPN_12: Validity = Validity {
    from: day(2025, 1, 1),
    until: None,
};

pub(in crate::tax) fn rules() -> Vec<TaxRule> {
    use TaxEffect::{Added, Withheld};
    let whole = BaseFactor::WHOLE;
    vec![
        php("VAT", Added, PERCENT_12, PH_VAT_12),
        php("PPh", Withheld, PERCENT_15, PH_VAT_12),
        idr("PPN", Added, PERCENT_11, whole, ID_PPN_11),
        idr("PPN", Added, PERCENT_12, ELEVEN_TWELFTHS, ID_PPN_12),
        idr("PPh", Withheld, PERCENT_2, whole, ID_PPH_2),
    ]
}

fn php(name: &str, effect: TaxEffect, rate: Rate, validity: Validity) -> TaxRule {
    TaxRule {
        currency: Currency::Php,
        tax_type: TaxType(name.to_owned()),
        effect,
        rate,
        factor: BaseFactor::WHOLE,
        rounding: Rounding::HalfUp,
        round_to: RoundTo::MinorUnit,
        validity,
    }
}

fn idr(
    name: &str,
    effect: TaxEffect,
    rate: Rate,
    factor: BaseFactor,
    validity: Validity,
) -> TaxRule {
    TaxRule {
        currency: Currency::Idr,
        factor,
        round_to: RoundTo::WholeUnit,
        ..php(name, effect, rate, validity)
    }
}

#[expect(
    clippy::expect_used,
    reason = "only constants call it: a day that does not exist does not compile"
)]
const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day of the calendar")
}
