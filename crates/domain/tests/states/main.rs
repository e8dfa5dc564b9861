//! Writes `docs/STATES.md` from what the code does, and fails when the file says something else.
//!
//! Every cell of a table is the answer of the real command to a sample of the state.
//! A state without a sample fails the test, a state without a meaning does not compile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod attempt;
mod credit_account;
mod invoice;
mod machine;
mod order;
mod payment;
mod refund;
mod samples;
mod tax_record;

use std::{env, fs, iter};

const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/STATES.md");

#[test]
fn states_md_says_what_the_code_does() {
    let written = document();
    #[expect(
        clippy::disallowed_methods,
        reason = "`make states` asks for the file by it"
    )]
    let update = env::var_os("UPDATE_DOCS").is_some_and(|value| value == "1");
    if update {
        fs::write(PLACE, &written).unwrap();
    }
    let stored = fs::read_to_string(PLACE).unwrap_or_default();
    if stored == written {
        return;
    }
    let (line, (stored, written)) = stored
        .lines()
        .chain(iter::repeat(""))
        .zip(written.lines().chain(iter::once("(the end)")))
        .enumerate()
        .find(|(_, (stored, written))| stored != written)
        .unwrap();
    panic!(
        "docs/STATES.md is stale, `make states` writes it anew\nline {}\n  in the file: {stored}\n  in the code: {written}",
        line + 1
    );
}

const INTRODUCTION: &str = "\
# States

Every state machine of `bayar-domain`: its states, its commands, and what each command does in each state.
The tables are made by running the commands, so they say what the code does.
`make states` writes this page anew, and a test fails when it is stale; do not edit it.

## What decides

An application does not move these machines one by one.
It holds an order with everything that belongs to it in a `Settlement`, which moves them all.

- **Facts decide what became of money.**
  A gateway proved that money came in, was held back, was taken back, went back or is disputed, or that nobody can pay any more.
  Facts make an attempt paid, failed, expired or closed; a payment completed, refunded, under review or failed; a refund succeeded or failed; an order paid or refunded.
  They may come in any order and any number of times, and no fact of an order is ever refused.
- **Commands decide what is ours to decide.**
  Somebody opens a payment, starts or closes an attempt, calls a payment or an order off, lets a payment expire, says what to do with money under review, asks for a refund, or states that the order was served.
  A command can be refused, and then nothing has changed.
- **Papers and credits follow.**
  An invoice and the tax records say what their payment says, and a credit account what its order says.

Time decides nothing: `unknown` ends by proof only, and nothing is called failed because it took long.

## How to read the tables

| cell | the command |
|---|---|
| → `state` | moves it there |
| updates | leaves it in the state, with other data |
| stays | is no error and changes nothing: it is done already, or what is known outweighs it |
| refused | is an error that says from where and to where; nothing has changed |

A command that is not refused may be given twice: the second time it stays.
";

fn document() -> String {
    let mut page = INTRODUCTION.to_owned();
    order::orders().write(&mut page);
    payment::payments().write(&mut page);
    attempt::attempts().write(&mut page);
    invoice::invoices().write(&mut page);
    tax_record::tax_records().write(&mut page);
    refund::refunds().write(&mut page);
    credit_account::write_credits(&mut page);
    page
}
