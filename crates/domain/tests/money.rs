//! Facts about money and numbers that hold for every amount, as another crate sees them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test fails by panicking"
)]

use bayar_domain::{
    CreditNoteId, CreditNoteNumber, Currency, InvoiceNumber, Money, MoneyError, OrderNumber,
    PaymentId,
};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

const FIRST_SECOND_OF_YEAR_0: i64 = -62_167_219_200;
const LAST_SECOND_OF_YEAR_9999: i64 = 253_402_300_799;

fn currency() -> impl Strategy<Value = Currency> {
    select(Currency::ALL)
}

/// Half of them small, since most amounts are, and half anywhere.
fn minor() -> impl Strategy<Value = i64> {
    prop_oneof![
        -10_000_i64..10_000,
        any::<i64>(),
        select(vec![i64::MIN, i64::MAX])
    ]
}

fn money() -> impl Strategy<Value = Money> {
    (minor(), currency()).prop_map(|(minor, currency)| Money::new(minor, currency))
}

fn weight() -> impl Strategy<Value = u64> {
    prop_oneof![0_u64..10, any::<u64>()]
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (
        FIRST_SECOND_OF_YEAR_0..=LAST_SECOND_OF_YEAR_9999,
        0_u32..1_000_000_000,
    )
        .prop_map(|(seconds, nanos)| DateTime::from_timestamp(seconds, nanos).unwrap())
}

/// The sum as it would be if amounts had no limit.
fn exact(result: i128, currency: Currency) -> Result<Money, MoneyError> {
    let minor = i64::try_from(result).map_err(|_| MoneyError::Overflow)?;
    Ok(Money::new(minor, currency))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn an_amount_is_read_back_from_its_text(money in money()) {
        prop_assert_eq!(Money::parse(&money.to_string(), money.currency()), Ok(money));
    }

    #[test]
    fn a_text_that_is_read_is_the_amount_it_shows(
        text in "-?[0-9]{1,6}(\\.[0-9]{1,4})?",
        currency in currency(),
    ) {
        if let Ok(money) = Money::parse(&text, currency) {
            prop_assert_eq!(money.to_decimal(), text.parse::<Decimal>().unwrap());
            prop_assert!(money.to_string().starts_with(&text));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".{0,12}", currency in currency()) {
        if let Ok(money) = Money::parse(&text, currency) {
            prop_assert!(text.bytes().all(|byte| b"-.0123456789".contains(&byte)));
            prop_assert_eq!(money.currency(), currency);
        }
    }

    #[test]
    fn an_amount_is_read_back_from_its_decimal(money in money()) {
        prop_assert_eq!(Money::from_decimal(money.to_decimal(), money.currency()), Ok(money));
    }

    #[test]
    fn a_decimal_is_taken_only_without_loss(
        mantissa in any::<i64>(),
        scale in 0_u32..10,
        currency in currency(),
    ) {
        let decimal = Decimal::new(mantissa, scale);
        if let Ok(money) = Money::from_decimal(decimal, currency) {
            prop_assert_eq!(money.to_decimal(), decimal);
        }
    }

    #[test]
    fn an_amount_of_another_currency_is_refused(
        one in money(),
        other in money(),
    ) {
        prop_assume!(one.currency() != other.currency());
        let mixed = MoneyError::MixedCurrencies { left: one.currency(), right: other.currency() };
        prop_assert_eq!(one.checked_add(other), Err(mixed));
        prop_assert_eq!(one.checked_sub(other), Err(mixed));
        prop_assert_eq!(one.compare(other), Err(mixed));
        prop_assert_eq!(Money::sum(one.currency(), [one, other]), Err(mixed));
    }

    #[test]
    fn arithmetic_is_exact_or_an_overflow(
        one in minor(),
        other in minor(),
        currency in currency(),
    ) {
        let (left, right) = (Money::new(one, currency), Money::new(other, currency));
        let (one, other) = (i128::from(one), i128::from(other));
        prop_assert_eq!(left.checked_add(right), exact(one + other, currency));
        prop_assert_eq!(left.checked_sub(right), exact(one - other, currency));
        prop_assert_eq!(left.checked_neg(), exact(-one, currency));
        prop_assert_eq!(left.compare(right), Ok(one.cmp(&other)));
    }

    #[test]
    fn a_sum_does_not_depend_on_the_order(
        minors in prop::collection::vec(minor(), 0..8),
        currency in currency(),
    ) {
        let amounts = || minors.iter().map(|minor| Money::new(*minor, currency));
        let total = minors.iter().copied().map(i128::from).sum();
        prop_assert_eq!(Money::sum(currency, amounts()), exact(total, currency));
        prop_assert_eq!(Money::sum(currency, amounts().rev()), exact(total, currency));
    }

    #[test]
    fn parts_sum_to_the_whole_and_are_within_one_of_their_share(
        whole in money(),
        weights in prop::collection::vec(weight(), 1..8),
    ) {
        let total = weights.iter().copied().map(i128::from).sum::<i128>();
        prop_assume!(total > 0);
        let parts = whole.allocate(&weights).unwrap();
        prop_assert_eq!(parts.len(), weights.len());
        prop_assert_eq!(Money::sum(whole.currency(), parts.iter().copied()), Ok(whole));
        for (part, weight) in parts.iter().zip(weights) {
            // The share is product / total: rounded towards zero it is `floor`, and one further `ceiling`.
            let product = i128::from(whole.minor()) * i128::from(weight);
            let floor = product / total;
            let ceiling = if product % total == 0 { floor } else { floor + product.signum() };
            let part = i128::from(part.minor());
            prop_assert!(part == floor || part == ceiling);
        }
    }

    #[test]
    fn a_split_differs_by_one_at_most_and_never_grows(whole in money(), parts in 1_u32..50) {
        let parts = whole.split(parts).unwrap();
        prop_assert_eq!(Money::sum(whole.currency(), parts.iter().copied()), Ok(whole));
        let sizes: Vec<_> = parts.iter().map(|part| part.minor().unsigned_abs()).collect();
        prop_assert!(sizes.is_sorted_by(|one, next| one >= next));
        prop_assert!(sizes[0] - sizes[sizes.len() - 1] <= 1);
    }

    #[test]
    fn an_order_number_is_read_back_from_its_text(now in moment(), suffix in any::<u32>()) {
        let number = OrderNumber::new(now, suffix).unwrap();
        prop_assert_eq!(number.suffix(), suffix);
        prop_assert_eq!(number.made_at().timestamp(), now.timestamp().div_euclid(60) * 60);
        prop_assert_eq!(number.to_string().parse(), Ok(number));
    }

    #[test]
    fn an_invoice_number_is_read_back_from_its_text(now in moment(), id in 1..=i64::MAX) {
        let payment = PaymentId::new(id).unwrap();
        let number = InvoiceNumber::new(now, payment).unwrap();
        prop_assert_eq!(number.payment_id(), payment);
        prop_assert_eq!(number.issued_at().timestamp(), now.timestamp());
        prop_assert_eq!(number.to_string().parse(), Ok(number));
    }

    #[test]
    fn a_credit_note_number_is_read_back_from_its_text(now in moment(), id in 1..=i64::MAX) {
        let refund = CreditNoteId::new(id).unwrap();
        let number = CreditNoteNumber::new(now, refund).unwrap();
        prop_assert_eq!(number.credit_note_id(), refund);
        prop_assert_eq!(number.to_string().parse(), Ok(number));
    }

    #[test]
    fn a_number_that_is_read_is_written_the_same(
        text in "(INV|INV-|CN-)[0-9]{12,14}-[0-9A-F]{3,9}",
    ) {
        if let Ok(number) = text.parse::<OrderNumber>() {
            prop_assert_eq!(number.as_str(), text.as_str());
        }
        if let Ok(number) = text.parse::<InvoiceNumber>() {
            prop_assert_eq!(number.as_str(), text.as_str());
        }
        if let Ok(number) = text.parse::<CreditNoteNumber>() {
            prop_assert_eq!(number.as_str(), text.as_str());
        }
    }
}
