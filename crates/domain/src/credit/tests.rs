use super::*;
use crate::Currency;
use crate::testing::php;

fn owner() -> UserId {
    UserId::new(7).unwrap()
}

fn account(balance: i64) -> CreditAccount {
    CreditAccount::restore(owner(), balance).unwrap()
}

fn purchase(standing: i64, shortfall: i64) -> CreditPurchase {
    CreditPurchase::restore(OrderId::new(1).unwrap(), standing, shortfall).unwrap()
}

fn moved(balance: i64, change: i64, shortfall: i64) -> CreditMove {
    CreditMove {
        account: account(balance),
        entry: CreditEntry { change, shortfall },
    }
}

#[test]
fn the_part_of_a_package_that_goes_rounds_up() {
    let left = |returned| credits_left(10, php(returned), php(10_000));
    assert_eq!(left(0), 10);
    assert_eq!(left(1), 9);
    assert_eq!(left(999), 9);
    assert_eq!(left(1_000), 9);
    assert_eq!(left(1_001), 8);
    assert_eq!(left(8_999), 1);
    assert_eq!(left(9_000), 1);
    assert_eq!(left(9_001), 0);
    assert_eq!(left(9_999), 0);
    assert_eq!(left(10_000), 0);
}

#[test]
fn credits_that_do_not_divide_the_money_round_for_the_seller() {
    let left = |returned| credits_left(3, php(returned), php(100));
    assert_eq!(left(33), 2);
    assert_eq!(left(34), 1);
    assert_eq!(left(66), 1);
    assert_eq!(left(67), 0);
    assert_eq!(credits_left(1, php(0), php(1)), 1);
    assert_eq!(credits_left(1, php(1), php(2)), 0);
}

#[test]
fn more_than_all_takes_all_and_less_than_nothing_takes_none() {
    assert_eq!(credits_left(10, php(10_001), php(10_000)), 0);
    assert_eq!(credits_left(10, php(-1), php(10_000)), 10);
    assert_eq!(credits_left(10, php(0), php(0)), 10);
    assert_eq!(credits_left(10, php(1), php(0)), 0);
}

#[test]
fn the_largest_package_and_sum_fit() {
    let all = Money::new(i64::MAX, Currency::Idr);
    let none = Money::zero(Currency::Idr);
    assert_eq!(credits_left(u32::MAX, none, all), u32::MAX);
    assert_eq!(
        credits_left(u32::MAX, Money::new(1, Currency::Idr), all),
        u32::MAX - 1
    );
    assert_eq!(credits_left(u32::MAX, all, all), 0);
}

#[test]
fn a_new_account_and_an_unpaid_package_hold_nothing() {
    let account = CreditAccount::open(owner());
    assert_eq!((account.owner(), account.balance()), (owner(), 0));
    let order = OrderId::new(1).unwrap();
    let purchase = CreditPurchase::unpaid(order);
    assert_eq!(purchase.order(), order);
    assert_eq!((purchase.standing(), purchase.shortfall()), (0, 0));
}

#[test]
fn what_was_stored_is_kept() {
    assert_eq!(account(3).balance(), 3);
    assert_eq!(account(3).owner(), owner());
    let purchase = purchase(5, 2);
    assert_eq!(purchase.order(), OrderId::new(1).unwrap());
    assert_eq!((purchase.standing(), purchase.shortfall()), (5, 2));
}

#[test]
fn a_stored_number_is_not_negative() {
    let order = OrderId::new(1).unwrap();
    let negative = CreditError::Negative;
    assert!(CreditAccount::restore(owner(), 0).is_ok());
    assert_eq!(CreditAccount::restore(owner(), -1), Err(negative));
    assert!(CreditPurchase::restore(order, 0, 0).is_ok());
    assert_eq!(CreditPurchase::restore(order, -1, 0), Err(negative));
    assert_eq!(CreditPurchase::restore(order, 0, -1), Err(negative));
}

#[test]
fn credits_that_are_there_are_used() {
    assert_eq!(account(3).spend(1), Ok(moved(2, -1, 0)));
    assert_eq!(account(3).spend(3), Ok(moved(0, -3, 0)));
}

#[test]
fn credits_that_are_not_there_are_not_used() {
    let missing = |needed, balance| Err(CreditError::Insufficient { needed, balance });
    assert_eq!(account(3).spend(4), missing(4, 3));
    assert_eq!(account(0).spend(1), missing(1, 0));
    assert_eq!(account(3).spend(0), Err(CreditError::Nothing));
}

#[test]
fn a_balance_covers_what_is_not_above_it() {
    assert_eq!(account(3).covers(0), Ok(()));
    assert_eq!(account(3).covers(3), Ok(()));
    assert_eq!(
        account(3).covers(4),
        Err(CreditError::Insufficient {
            needed: 4,
            balance: 3
        })
    );
}

#[test]
fn a_refused_command_says_why() {
    let insufficient = CreditError::Insufficient {
        needed: 4,
        balance: 3,
    };
    assert_eq!(
        insufficient.to_string(),
        "4 credits are needed and 3 are there"
    );
    assert_eq!(
        CreditError::Negative.to_string(),
        "a number of credits is not negative"
    );
    assert_eq!(
        CreditError::Nothing.to_string(),
        "at least one credit is used"
    );
    assert_eq!(
        CreditError::Overflow.to_string(),
        "the balance would be too large"
    );
}

/// Settles a package of which `standing` credits stand and `shortfall` are missing.
fn settle(
    balance: i64,
    (standing, shortfall): (i64, i64),
    target: u32,
) -> Result<Transition<(CreditMove, CreditPurchase)>, CreditError> {
    account(balance).settle(purchase(standing, shortfall), target)
}

fn settled(
    step: CreditMove,
    standing: i64,
    shortfall: i64,
) -> Result<Transition<(CreditMove, CreditPurchase)>, CreditError> {
    Ok(Transition::Changed((step, purchase(standing, shortfall))))
}

#[test]
fn a_paid_package_adds_its_credits() {
    assert_eq!(settle(3, (0, 0), 10), settled(moved(13, 10, 0), 10, 0));
}

#[test]
fn a_package_that_stands_there_already_stays() {
    for (standing, shortfall) in [(0, 0), (10, 0), (5, 5)] {
        let target = u32::try_from(standing).unwrap();
        assert_eq!(
            settle(3, (standing, shortfall), target),
            Ok(Transition::AlreadyApplied((
                moved(3, 0, 0),
                purchase(standing, shortfall)
            )))
        );
    }
}

#[test]
fn a_returned_part_takes_its_credits() {
    assert_eq!(settle(10, (10, 0), 4), settled(moved(4, -6, 0), 4, 0));
    assert_eq!(settle(6, (10, 0), 4), settled(moved(0, -6, 0), 4, 0));
}

#[test]
fn what_was_used_already_is_missing_and_the_balance_stops_at_zero() {
    assert_eq!(settle(5, (10, 0), 4), settled(moved(0, -5, 1), 4, 1));
    assert_eq!(settle(0, (10, 0), 0), settled(moved(0, 0, 10), 0, 10));
    assert_eq!(settle(1, (4, 6), 0), settled(moved(0, -1, 3), 0, 9));
}

#[test]
fn what_is_missing_is_made_good_before_the_balance_grows() {
    assert_eq!(settle(0, (0, 7), 5), settled(moved(0, 0, -5), 5, 2));
    assert_eq!(settle(0, (0, 7), 7), settled(moved(0, 0, -7), 7, 0));
    assert_eq!(settle(2, (0, 7), 10), settled(moved(5, 3, -7), 10, 0));
    assert_eq!(settle(2, (5, 2), 6), settled(moved(2, 0, -1), 6, 1));
}

#[test]
fn taking_and_giving_back_ends_where_it_began() {
    let (before, package) = (account(4), purchase(10, 0));
    for part in 0..10 {
        let (taken, short) = before.settle(package, part).unwrap().into_inner();
        assert!(taken.account.balance() >= 0);
        assert_eq!(
            taken.entry.change - taken.entry.shortfall,
            i64::from(part) - 10
        );
        let (given, whole) = taken.account.settle(short, 10).unwrap().into_inner();
        assert_eq!((given.account, whole), (before, package));
    }
}

#[test]
fn a_balance_too_large_to_store_is_refused() {
    let overflow = Err(CreditError::Overflow);
    assert_eq!(settle(i64::MAX, (0, 0), 1), overflow);
    assert_eq!(
        settle(i64::MAX - 1, (0, 0), 1),
        settled(moved(i64::MAX, 1, 0), 1, 0)
    );
    assert_eq!(settle(0, (1, i64::MAX), 0), overflow);
    assert_eq!(
        settle(0, (1, i64::MAX - 1), 0),
        settled(moved(0, 0, 1), 0, i64::MAX)
    );
}

#[cfg(feature = "serde")]
mod json {
    use super::*;
    use crate::testing::{assert_json, refusal};

    #[test]
    fn accounts_packages_and_entries_are_flat_objects() {
        assert_json(&account(3), r#"{"owner":7,"balance":3}"#);
        assert_json(&purchase(5, 2), r#"{"order":1,"standing":5,"shortfall":2}"#);
        assert_json(&moved(0, -3, 2).entry, r#"{"change":-3,"shortfall":2}"#);
    }

    #[test]
    fn negative_numbers_are_refused() {
        let negative = CreditError::Negative.to_string();
        assert_eq!(
            refusal::<CreditAccount>(r#"{"owner":7,"balance":-1}"#),
            negative
        );
        for json in [
            r#"{"order":1,"standing":-1,"shortfall":0}"#,
            r#"{"order":1,"standing":0,"shortfall":-1}"#,
        ] {
            assert_eq!(refusal::<CreditPurchase>(json), negative);
        }
    }
}
