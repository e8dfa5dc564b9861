//! The section on credit accounts.

use bayar_domain::credit::credits_left;
use bayar_domain::{CreditAccount, CreditPurchase, Currency, Money};
use std::fmt::Write as _;

use crate::samples::*;

/// One line of the story of a credit account.
enum Chapter {
    Settle(&'static str, u32),
    Spend(&'static str, u32),
}

pub fn write_credits(page: &mut String) {
    page.push_str(
        "
## Credit account

The credits of one person, and beside it what each package stands at.
Facts about the money of the order decide where its package stands, by `settle`; the application uses credits, by `spend`.
The balance is never negative.
What should go and was used already is the shortfall of its package, and is made good first when credits come back to that package.
The missing part is stored with the entry, and what has been written is never changed.

One account, with a package of 10 credits for 100.00:

| what happens | command | answer | change | shortfall moves | balance | package stands at | its shortfall |
|---|---|---|---|---|---|---|---|
",
    );
    let story = [
        Chapter::Settle("the package is paid", left(0)),
        Chapter::Settle("the same is told again", left(0)),
        Chapter::Spend("7 credits are used", 7),
        Chapter::Spend("4 more would be used", 4),
        Chapter::Spend("none would be used", 0),
        Chapter::Settle("50.00 go back", left(5_000)),
        Chapter::Settle("all goes back", left(10_000)),
        Chapter::Settle("the second refund fails after all", left(5_000)),
        Chapter::Settle("the first one too", left(0)),
    ];
    let mut account = CreditAccount::open(1.try_into().unwrap());
    let mut purchase = CreditPurchase::unpaid(1.try_into().unwrap());
    for chapter in story {
        let (what, command, answer, entry) = match chapter {
            Chapter::Settle(what, target) => {
                let step = account.settle(purchase, target).unwrap();
                let answer = if step.has_changed() { "moves" } else { "stays" };
                let (moved, package) = step.into_inner();
                (account, purchase) = (moved.account, package);
                let entry = Some(moved.entry);
                (what, format!("settle({target})"), answer.to_owned(), entry)
            }
            Chapter::Spend(what, amount) => {
                let (answer, entry) = match account.spend(amount) {
                    Ok(moved) => {
                        account = moved.account;
                        ("moves".to_owned(), Some(moved.entry))
                    }
                    Err(error) => (format!("refused: {error}"), None),
                };
                (what, format!("spend({amount})"), answer, entry)
            }
        };
        let (change, short) = entry.map_or((0, 0), |entry| (entry.change, entry.shortfall));
        writeln!(
            page,
            "| {what} | `{command}` | {answer} | {change:+} | {short:+} | {} | {} | {} |",
            account.balance(),
            purchase.standing(),
            purchase.shortfall()
        )
        .unwrap();
    }
    page.push_str(
        "
The part of a package that goes with a refund rounds up.
Of 10 credits for 100.00:

| money that went back | credits left |
|---|---|
",
    );
    for returned in [0, 1, 1_000, 1_001, 9_999, 10_000] {
        let amount = Money::new(returned, Currency::Php);
        writeln!(page, "| {amount} | {} |", left(returned)).unwrap();
    }
}

/// What is left of 10 credits for 100.00.
fn left(returned: i64) -> u32 {
    credits_left(10, Money::new(returned, Currency::Php), pesos(100))
}
