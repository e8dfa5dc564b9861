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

use std::error::Error;
use std::fmt::{Debug, Display, Write as _};
use std::{env, fs, iter};

use bayar_domain::attempt::AttemptState;
use bayar_domain::credit::credits_left;
use bayar_domain::gateway::{Session, TransferReference};
use bayar_domain::invoice::Takings;
use bayar_domain::payment::{Cancellation, PaymentFailure, ReviewReason};
use bayar_domain::refund::{RefundFailure, RefundOrigin};
use bayar_domain::tax::TaxLine;
use bayar_domain::{
    Attempt, AttemptId, AttemptStatus, AttemptTerms, CaptureId, CreditAccount, CreditPurchase,
    Currency, Gateway, Invoice, InvoiceNumber, InvoiceStatus, InvoiceTerms, Mode, Money, Order,
    OrderKind, OrderNumber, OrderStatus, OrderTerms, Papers, Payment, PaymentState, PaymentStatus,
    PaymentTerms, Refund, RefundState, RefundStatus, RefundTerms, Source, TaxPolicy, TaxRecord,
    TaxState, TaxStatus, TaxTerms, Transition,
};
use chrono::{DateTime, TimeDelta, Utc};

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

/// A state machine as the page shows it.
struct Machine<T, S: 'static> {
    title: &'static str,
    /// What moves it: facts, decisions or another machine.
    about: &'static str,
    all: &'static [S],
    meaning: fn(S) -> &'static str,
    live: Option<fn(S) -> bool>,
    status: fn(&T) -> S,
    samples: Vec<Sample<T>>,
    commands: Vec<Command<T>>,
}

struct Sample<T> {
    /// What tells it from other samples of its state.
    note: &'static str,
    value: T,
}

type Answer<T> = Result<Transition<T>, Box<dyn Error>>;

struct Command<T> {
    name: &'static str,
    says: &'static str,
    run: Box<dyn Fn(T) -> Answer<T>>,
}

fn sample<T>(value: T) -> Sample<T> {
    Sample { note: "", value }
}

fn noted<T>(note: &'static str, value: T) -> Sample<T> {
    Sample { note, value }
}

/// A command that some states refuse.
fn command<T, E: Error + 'static>(
    name: &'static str,
    says: &'static str,
    run: impl Fn(T) -> Result<Transition<T>, E> + 'static,
) -> Command<T> {
    Command {
        name,
        says,
        run: Box::new(move |value| run(value).map_err(Into::into)),
    }
}

/// A command that no state refuses.
fn always<T>(
    name: &'static str,
    says: &'static str,
    run: impl Fn(T) -> Transition<T> + 'static,
) -> Command<T> {
    Command {
        name,
        says,
        run: Box::new(move |value| Ok(run(value))),
    }
}

impl<T, S> Machine<T, S>
where
    T: Clone + PartialEq + Debug,
    S: Copy + PartialEq + Display,
{
    fn write(&self, page: &mut String) {
        self.must_have_every_state();
        writeln!(page, "\n## {}\n\n{}\n", self.title, self.about).unwrap();
        self.write_states(page);
        writeln!(page, "\n| command | says |\n|---|---|").unwrap();
        for command in &self.commands {
            writeln!(page, "| `{}` | {} |", command.name, command.says).unwrap();
        }
        self.write_transitions(page);
    }

    fn must_have_every_state(&self) {
        let mut sampled: Vec<_> = self
            .samples
            .iter()
            .map(|sample| (self.status)(&sample.value))
            .collect();
        sampled.dedup();
        assert!(
            sampled == self.all,
            "{}: there must be samples of every state, in the order of the states",
            self.title
        );
    }

    fn write_states(&self, page: &mut String) {
        match self.live {
            Some(live) => {
                writeln!(page, "| state | live | meaning |\n|---|---|---|").unwrap();
                for &state in self.all {
                    let live = if live(state) { "yes" } else { "no" };
                    let meaning = (self.meaning)(state);
                    writeln!(page, "| `{state}` | {live} | {meaning} |").unwrap();
                }
            }
            None => {
                writeln!(page, "| state | meaning |\n|---|---|").unwrap();
                for &state in self.all {
                    writeln!(page, "| `{state}` | {} |", (self.meaning)(state)).unwrap();
                }
            }
        }
    }

    fn write_transitions(&self, page: &mut String) {
        write!(page, "\n| from |").unwrap();
        for command in &self.commands {
            write!(page, " `{}` |", command.name).unwrap();
        }
        write!(page, "\n|---|{}\n", "---|".repeat(self.commands.len())).unwrap();
        for sample in &self.samples {
            let from = (self.status)(&sample.value);
            write!(page, "| `{from}`{} |", sample.note).unwrap();
            for command in &self.commands {
                write!(page, " {} |", self.cell(&sample.value, command)).unwrap();
            }
            page.push('\n');
        }
    }

    fn cell(&self, before: &T, command: &Command<T>) -> String {
        match (command.run)(before.clone()) {
            Err(_) => "refused".to_owned(),
            Ok(Transition::AlreadyApplied(after)) => {
                assert_eq!(after, *before, "{}: it stays as it is", command.name);
                "stays".to_owned()
            }
            Ok(Transition::Changed(after)) => {
                assert_ne!(after, *before, "{}: it changes", command.name);
                let again = (command.run)(after.clone()).unwrap();
                assert_eq!(
                    again,
                    Transition::AlreadyApplied(after.clone()),
                    "{}: the second time changes nothing",
                    command.name
                );
                let (from, to) = ((self.status)(before), (self.status)(&after));
                if from == to {
                    "updates".to_owned()
                } else {
                    format!("→ `{to}`")
                }
            }
        }
    }
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
    orders().write(&mut page);
    payments().write(&mut page);
    attempts().write(&mut page);
    invoices().write(&mut page);
    tax_records().write(&mut page);
    refunds().write(&mut page);
    write_credits(&mut page);
    page
}

fn orders() -> Machine<Order, OrderStatus> {
    let terms = OrderTerms {
        id: 1.try_into().unwrap(),
        number: OrderNumber::new(at(0), 0x3C2A).unwrap(),
        owner: 1.try_into().unwrap(),
        kind: OrderKind::Checkout,
        price: pesos(100),
        created_at: at(0),
    };
    Machine {
        title: "Order",
        about: "\
What is paid for.
Facts pay it, refund it and reopen it; that it was served or called off are decisions.
A failed payment leaves its order `pending`.",
        all: OrderStatus::ALL,
        meaning: |status| match status {
            OrderStatus::Pending => "waiting for its money",
            OrderStatus::Processing => "paid, being served",
            OrderStatus::Completed => "served",
            OrderStatus::Cancelled => "called off before it was paid",
            OrderStatus::Refunded => "all of its money went back",
        },
        live: None,
        status: Order::status,
        samples: OrderStatus::ALL
            .iter()
            .map(|&status| sample(Order::restore(terms.clone(), status).unwrap()))
            .collect(),
        commands: vec![
            command(
                "pay",
                "its money is in, or did not go back after all",
                Order::pay,
            ),
            command("complete", "it was served", Order::complete),
            command("cancel", "it is called off", Order::cancel),
            command("refund", "all of its money went back", Order::refund),
            command(
                "reopen",
                "the gateway took its money back: it may be paid again",
                Order::reopen,
            ),
        ],
    }
}

fn payments() -> Machine<Payment, PaymentStatus> {
    let terms = PaymentTerms {
        id: 1.try_into().unwrap(),
        order: 1.try_into().unwrap(),
        user: 1.try_into().unwrap(),
        amount: pesos(100),
        created_at: at(0),
        deadline: at(1),
    };
    let captured = pesos(100);
    let states = [
        PaymentState::Pending,
        PaymentState::Processing {
            attempt: attempt_id(1),
        },
        PaymentState::UnderReview {
            capture: capture(1),
            reason: ReviewReason::AmountDiffers,
        },
        PaymentState::Completed {
            capture: capture(1),
            captured,
        },
        PaymentState::PartiallyRefunded {
            capture: capture(1),
            captured,
            refunded: pesos(10),
        },
        PaymentState::Refunded {
            capture: capture(1),
            captured,
        },
        PaymentState::Failed {
            reason: PaymentFailure::Refused,
        },
        PaymentState::Cancelled {
            reason: Cancellation::Superseded,
        },
        PaymentState::Expired,
    ];
    let complete = |refunded| {
        let takings = Takings::new(pesos(100), pesos(refunded)).unwrap();
        move |payment: Payment| payment.complete(capture(1), takings)
    };
    Machine {
        title: "Payment",
        about: "\
One try to settle one order; while it is live, no other may begin beside it.
Facts hold it for review, complete it, refund it and fail it; that it was called off or not paid in time are decisions, and an operator's verdict ends a review.
The attempts decide whether a checkout is open.
Late money completes a payment that had ended, when the order takes it.",
        all: PaymentStatus::ALL,
        meaning: |status| match status {
            PaymentStatus::Pending => "nothing is open at a gateway",
            PaymentStatus::Processing => "a checkout is open",
            PaymentStatus::UnderReview => "money came that an operator has to look at",
            PaymentStatus::Completed => "paid",
            PaymentStatus::PartiallyRefunded => "paid, and a part went back",
            PaymentStatus::Refunded => "paid, and all of it went back",
            PaymentStatus::Failed => "proved to be no payment",
            PaymentStatus::Cancelled => "called off",
            PaymentStatus::Expired => "not paid in time",
        },
        live: Some(PaymentStatus::is_live),
        status: Payment::status,
        samples: states
            .into_iter()
            .map(|state| Payment::restore(terms.clone(), Gateway::Stripe, state).unwrap())
            .map(sample)
            .collect(),
        commands: vec![
            command(
                "start_checkout(open)",
                "a checkout is opened: the one that is open already",
                |payment: Payment| payment.start_checkout(attempt_id(1), Gateway::Stripe),
            ),
            command(
                "start_checkout(other)",
                "a checkout is opened: another one",
                |payment: Payment| payment.start_checkout(attempt_id(2), Gateway::Midtrans),
            ),
            command(
                "end_checkout",
                "the open checkout ended unpaid: the buyer may try again",
                Payment::end_checkout,
            ),
            command(
                "hold",
                "money came that an operator has to look at",
                |payment: Payment| payment.hold(capture(1), ReviewReason::Challenged),
            ),
            always("complete(all kept)", "its money is in", complete(0)),
            always(
                "complete(part returned)",
                "its money came in, and some more of it went back",
                complete(20),
            ),
            always(
                "complete(all returned)",
                "its money came in, and all of it went back",
                complete(100),
            ),
            always(
                "fail",
                "it is proved to be no payment, for another reason than was known",
                |payment: Payment| payment.fail(PaymentFailure::Reversed),
            ),
            command("cancel", "it is called off", |payment: Payment| {
                payment.cancel(Cancellation::Requested)
            }),
            command("expire", "it was not paid in time", Payment::expire),
        ],
    }
}

fn attempts() -> Machine<Attempt, AttemptStatus> {
    let terms = AttemptTerms {
        id: attempt_id(1),
        payment: 1.try_into().unwrap(),
        source: Source {
            gateway: Gateway::Stripe,
            account: "acct_1".parse().unwrap(),
            mode: Mode::Test,
        },
    };
    let known = || Some(session(1));
    let states = [
        ("", AttemptState::Creating),
        (
            "",
            AttemptState::Open {
                session: session(1),
            },
        ),
        (
            ", no session known",
            AttemptState::Unknown { session: None },
        ),
        (
            ", session known",
            AttemptState::Unknown { session: known() },
        ),
        (
            ", no session known",
            AttemptState::Closing { session: None },
        ),
        (
            ", session known",
            AttemptState::Closing { session: known() },
        ),
        (
            "",
            AttemptState::Paid {
                capture: capture(1),
                session: known(),
            },
        ),
        ("", AttemptState::Failed { session: known() }),
        ("", AttemptState::Expired { session: known() }),
        ("", AttemptState::Closed { session: known() }),
    ];
    Machine {
        title: "Attempt",
        about: "\
One checkout session of a payment at one gateway; while it is live, somebody might still pay through it.
Facts pay it, fail it and end it; that it must go is a decision.
After its end it only ever moves up this list, whatever comes late: closed, expired, failed, paid; only a proved reversal takes `paid` back.",
        all: AttemptStatus::ALL,
        meaning: |status| match status {
            AttemptStatus::Creating => "the gateway is being asked for a session",
            AttemptStatus::Open => "the buyer can pay",
            AttemptStatus::Unknown => "nobody knows whether the gateway has a session",
            AttemptStatus::Closing => {
                "the session must go, and the gateway has not yet said that it did"
            }
            AttemptStatus::Paid => "money came in",
            AttemptStatus::Failed => "the gateway ended it without money",
            AttemptStatus::Expired => "its time ran out",
            AttemptStatus::Closed => "we had it closed",
        },
        live: Some(AttemptStatus::is_live),
        status: Attempt::status,
        samples: states
            .into_iter()
            .map(|(note, state)| noted(note, Attempt::restore(terms.clone(), state)))
            .collect(),
        commands: vec![
            command(
                "opened",
                "the gateway told us about the session",
                |attempt: Attempt| attempt.opened(session(1)),
            ),
            command(
                "opened(second)",
                "the gateway told us about a session that is not the known one",
                |attempt: Attempt| attempt.opened(session(2)),
            ),
            always(
                "lose_track",
                "an answer of the gateway was lost",
                Attempt::lose_track,
            ),
            always("close", "the session must go", Attempt::close),
            always("pay", "money came in", |attempt: Attempt| {
                attempt.pay(capture(1))
            }),
            command("fail", "the gateway ended it without money", Attempt::fail),
            always(
                "reverse",
                "the gateway took its money back",
                Attempt::reverse,
            ),
            always(
                "expire",
                "the gateway proved that nobody can pay through it any more",
                Attempt::expire,
            ),
        ],
    }
}

/// What a paid payment says to its papers when so much of it went back.
fn papers(refunded: i64) -> Papers {
    Papers::Settled(Takings::new(pesos(100), pesos(refunded)).unwrap())
}

fn invoices() -> Machine<Invoice, InvoiceStatus> {
    let payment = 1.try_into().unwrap();
    let terms = InvoiceTerms {
        id: 1.try_into().unwrap(),
        payment,
        number: InvoiceNumber::new(at(0), payment).unwrap(),
        amount: pesos(100),
        issued_at: at(0),
    };
    let settle = |papers| move |invoice: Invoice| invoice.settle(papers);
    Machine {
        title: "Invoice",
        about: "\
The paper of a payment.
It follows its payment by `settle`; the other commands are its single steps.",
        all: InvoiceStatus::ALL,
        meaning: |status| match status {
            InvoiceStatus::Pending => "to be paid",
            InvoiceStatus::Paid => "paid",
            InvoiceStatus::PartiallyRefunded => "paid, and a part went back",
            InvoiceStatus::Refunded => "paid, and all of it went back",
            InvoiceStatus::Void => "nothing is asked for it any more",
        },
        live: None,
        status: Invoice::status,
        samples: InvoiceStatus::ALL
            .iter()
            .map(|&status| sample(Invoice::restore(terms.clone(), status).unwrap()))
            .collect(),
        commands: vec![
            always("pay", "its money is in", Invoice::pay),
            command(
                "refund_part",
                "a part of its money went back",
                Invoice::refund_part,
            ),
            command("refund", "all of its money went back", Invoice::refund),
            always("void", "nothing is asked for it any more", Invoice::void),
            command(
                "settle(due)",
                "the payment waits for its money",
                settle(Papers::Due),
            ),
            command(
                "settle(all kept)",
                "the payment has its money",
                settle(papers(0)),
            ),
            command(
                "settle(part returned)",
                "the payment gave a part back",
                settle(papers(20)),
            ),
            command(
                "settle(all returned)",
                "the payment gave all back",
                settle(papers(100)),
            ),
            command("settle(void)", "the payment is none", settle(Papers::Void)),
        ],
    }
}

fn tax_records() -> Machine<TaxRecord, TaxStatus> {
    let line: TaxLine = TaxPolicy::standard()
        .assess(pesos(100), at(0).date_naive())
        .unwrap()
        .into_lines()
        .swap_remove(0);
    let reversed = Money::new(line.amount.minor() / 10, Currency::Php);
    let terms = TaxTerms {
        id: 1.try_into().unwrap(),
        payment: 1.try_into().unwrap(),
        line,
    };
    let states = [
        TaxState::Pending,
        TaxState::Collected,
        TaxState::PartiallyReversed { reversed },
        TaxState::Reversed,
        TaxState::Void,
    ];
    let reverse = |refunded| {
        let takings = Takings::new(pesos(100), pesos(refunded)).unwrap();
        move |record: TaxRecord| record.reverse(takings)
    };
    let settle = |papers| move |record: TaxRecord| record.settle(papers);
    Machine {
        title: "Tax record",
        about: "\
One tax on a payment.
It follows its payment by `settle`, as the invoice does, and reverses the share of what went back.",
        all: TaxStatus::ALL,
        meaning: |status| match status {
            TaxStatus::Pending => "its payment is not paid",
            TaxStatus::Collected => "its payment is paid",
            TaxStatus::PartiallyReversed => {
                "a part of the payment went back, and the same share of the tax"
            }
            TaxStatus::Reversed => "all of the payment went back, and all of the tax",
            TaxStatus::Void => "its payment is none",
        },
        live: None,
        status: TaxRecord::status,
        samples: states
            .into_iter()
            .map(|state| sample(TaxRecord::restore(terms.clone(), state).unwrap()))
            .collect(),
        commands: vec![
            always("collect", "its payment is paid", TaxRecord::collect),
            command(
                "reverse(nothing)",
                "nothing of the payment went back",
                reverse(0),
            ),
            command(
                "reverse(part)",
                "some more of the payment went back",
                reverse(20),
            ),
            command("reverse(all)", "all of the payment went back", reverse(100)),
            always("void", "its payment is none", TaxRecord::void),
            command(
                "settle(due)",
                "the payment waits for its money",
                settle(Papers::Due),
            ),
            command(
                "settle(all kept)",
                "the payment has its money",
                settle(papers(0)),
            ),
            command(
                "settle(part returned)",
                "the payment gave some more back",
                settle(papers(20)),
            ),
            command(
                "settle(all returned)",
                "the payment gave all back",
                settle(papers(100)),
            ),
            command("settle(void)", "the payment is none", settle(Papers::Void)),
        ],
    }
}

fn refunds() -> Machine<Refund, RefundStatus> {
    let terms = RefundTerms {
        id: 1.try_into().unwrap(),
        payment: 1.try_into().unwrap(),
        capture: capture(1),
        origin: RefundOrigin::Requested,
        reason: None,
    };
    let states = [
        ("", RefundState::Requested),
        ("", RefundState::Sent),
        ("", RefundState::Unknown),
        ("", RefundState::Manual),
        (
            ", by the gateway",
            RefundState::Succeeded { transfer: None },
        ),
        (
            ", by hand",
            RefundState::Succeeded {
                transfer: Some(transfer(1)),
            },
        ),
        (
            "",
            RefundState::Failed {
                reason: RefundFailure::Refused,
            },
        ),
    ];
    Machine {
        title: "Refund",
        about: "\
Money going back by our doing.
Facts succeed it and fail it, and a success may fail after all; that it is asked for, and that an operator transfers the money by hand, are decisions.
An automatic refund of a surplus follows what is left to give back until it is sent, and fails as `withdrawn` when nothing is.",
        all: RefundStatus::ALL,
        meaning: |status| match status {
            RefundStatus::Requested => "asked for; no gateway was called yet",
            RefundStatus::Sent => "the gateway is working on it",
            RefundStatus::Unknown => "nobody knows whether the gateway has it",
            RefundStatus::Manual => "an operator has to transfer the money by hand",
            RefundStatus::Succeeded => "the money went back",
            RefundStatus::Failed => "the money did not go back",
        },
        live: None,
        status: Refund::status,
        samples: states
            .into_iter()
            .map(|(note, state)| {
                noted(
                    note,
                    Refund::restore(terms.clone(), pesos(10), state).unwrap(),
                )
            })
            .collect(),
        commands: vec![
            command("send", "the gateway has it", Refund::send),
            command(
                "lose_track",
                "an answer of the gateway was lost",
                Refund::lose_track,
            ),
            always(
                "succeed",
                "the gateway proved that the money went back",
                Refund::succeed,
            ),
            command(
                "fail",
                "the gateway proved that the money did not go back",
                |refund: Refund| refund.fail(RefundFailure::Failed),
            ),
            command(
                "take_over",
                "the gateway cannot give this money back: an operator will",
                Refund::take_over,
            ),
            command(
                "withdraw",
                "it is not needed any more",
                Refund::withdraw,
            ),
            command(
                "settle",
                "an operator transferred the money",
                |refund: Refund| refund.settle(transfer(1)),
            ),
            command(
                "settle(other)",
                "an operator transferred the money, by a transfer that is not the known one",
                |refund: Refund| refund.settle(transfer(2)),
            ),
        ],
    }
}

/// One line of the story of a credit account.
enum Chapter {
    Settle(&'static str, u32),
    Spend(&'static str, u32),
}

fn write_credits(page: &mut String) {
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

fn pesos(pesos: i64) -> Money {
    Money::new(pesos * 100, Currency::Php)
}

fn at(hours: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_752_811_620, 0).unwrap() + TimeDelta::hours(hours)
}

fn attempt_id(id: i64) -> AttemptId {
    id.try_into().unwrap()
}

fn capture(number: u32) -> CaptureId {
    CaptureId::new(format!("pi_{number}")).unwrap()
}

fn transfer(number: u32) -> TransferReference {
    TransferReference::new(format!("bank transfer {number}")).unwrap()
}

fn session(number: u32) -> Session {
    Session {
        reference: format!("cs_{number}").parse().unwrap(),
        url: format!("https://checkout.example/cs_{number}"),
        expires_at: at(1),
    }
}
