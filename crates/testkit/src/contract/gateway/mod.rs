//! What every [`PaymentGateway`] MUST do, and a stage on which a gateway can be told what happens to it.

pub mod book;
pub mod closing;
pub mod faults;
pub mod opening;
pub mod paying;
pub mod refunding;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::PaymentGateway;
use bayar_app::port::gateway::Line;
use bayar_domain::Money;
use bayar_domain::gateway::Session;
use chrono::{DateTime, Utc};

pub use steps::Attempted;

/// A gateway of one's own, for one case. Everything that people and banks do goes through the stage;
/// what the port does goes through the port.
#[async_trait]
pub trait GatewayStage: Send + Sync {
    /// The port, with a key that the gateway takes.
    fn port(&self) -> Arc<dyn PaymentGateway>;

    /// The port, with a key that the gateway does not know.
    fn stranger(&self) -> Arc<dyn PaymentGateway>;

    /// The port, speaking to a place where nobody listens.
    fn nobody(&self) -> Arc<dyn PaymentGateway>;

    /// An amount that the gateway takes, which can be divided by four.
    fn amount(&self) -> Money;

    /// An amount that it cannot take exactly.
    fn unfit_amount(&self) -> Money;

    /// Now, by the clock of the gateway.
    fn now(&self) -> DateTime<Utc>;

    /// Lets time pass at the gateway.
    async fn pass(&self, time: Duration);

    /// A buyer pays by card. Answers whether the gateway let them.
    async fn pay(&self, session: &Session) -> bool;

    /// A buyer tries a card that is declined.
    async fn decline(&self, session: &Session);

    /// Somebody gives money back at the gateway, without us.
    async fn refund_by_hand(&self, session: &Session, amount: Money);

    /// The buyer's bank asks for the money back.
    async fn dispute(&self, session: &Session);

    /// What goes wrong with the next request of that kind. Called several times, with the next ones.
    async fn trouble(&self, at: At, trouble: Trouble);

    /// Nothing goes wrong any more.
    async fn calm(&self);

    /// What nobody may ever be shown.
    fn secrets(&self) -> Vec<String>;

    /// How many checkouts the gateway ever opened for us, how much it captured and how much it gave back,
    /// by its own book.
    async fn book(&self) -> Totals;
}

/// Which request it happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The one that opens a checkout.
    Open,
    /// The one that closes it.
    Close,
    /// The one that gives money back.
    Refund,
    /// The one that reads.
    Read,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing is done, and nothing is answered.
    SilenceBefore,
    /// It is done, and nothing is answered.
    SilenceAfter,
    /// It is done, and the connection breaks.
    ResetAfter,
    /// It is done, and half the answer comes.
    CutOff,
    /// It is done, and an error is answered.
    ErrorAfter,
    /// A page of some machine in between is answered.
    Page,
    /// It is turned away: too many requests.
    TooMany,
}

impl Trouble {
    /// What leaves everybody in doubt.
    pub const UNCLEAR: [Self; 6] = [
        Self::SilenceBefore,
        Self::SilenceAfter,
        Self::ResetAfter,
        Self::CutOff,
        Self::ErrorAfter,
        Self::Page,
    ];
}

/// What stands in the gateway's own book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// How many checkouts were opened.
    pub opened: usize,
    /// How much came in, in the smallest unit.
    pub captured: i64,
    /// How much went back.
    pub refunded: i64,
}

/// One line over the whole amount.
#[must_use]
pub fn one_line(amount: Money) -> Vec<Line> {
    vec![Line {
        name: "A consultation".to_owned(),
        quantity: 1,
        unit_amount: amount,
    }]
}

/// One test for each case of the suite of [`PaymentGateway`].
///
/// Takes the name of an `async fn` beside it that answers something that implements [`GatewayStage`].
#[macro_export]
macro_rules! gateway_contract {
    ($fresh:ident) => {
        mod opening {
            use $crate::contract::gateway::opening as cases;
            $crate::contract_tests! { $fresh:
                a_checkout_is_opened,
                a_checkout_ends_when_it_was_to_end,
                a_call_made_again_opens_the_same_checkout,
                an_amount_that_cannot_be_taken_exactly_is_unfit,
                lines_that_do_not_sum_are_unfit,
                what_nobody_opened_is_absent_and_proves_nothing,
                an_open_checkout_proves_nothing,
                who_we_are_is_the_same_each_time,
            }
        }
        mod paying {
            use $crate::contract::gateway::paying as cases;
            $crate::contract_tests! { $fresh:
                money_is_proved_with_its_exact_amount,
                the_same_money_is_proved_the_same_each_time,
                a_declined_card_is_history_and_no_end,
                a_card_that_works_after_one_that_did_not_pays,
                every_name_of_the_money_is_told,
                a_dispute_is_proved,
            }
        }
        mod closing {
            use $crate::contract::gateway::closing as cases;
            $crate::contract_tests! { $fresh:
                a_closed_checkout_takes_no_money,
                closing_twice_closes_once,
                closing_what_is_paid_leaves_it_paid,
                a_checkout_whose_time_is_over_is_proved_expired,
                what_expired_takes_no_money,
            }
        }
        mod refunding {
            use $crate::contract::gateway::refunding as cases;
            $crate::contract_tests! { $fresh:
                all_of_it_goes_back,
                a_part_goes_back_and_carries_our_mark,
                a_refund_sent_again_gives_back_once,
                more_than_came_in_is_refused,
                what_was_given_back_by_hand_carries_no_mark,
            }
        }
        mod faults {
            use $crate::contract::gateway::faults as cases;
            $crate::contract_tests! { $fresh:
                where_nobody_listens_nothing_was_sent,
                a_key_that_is_not_known_is_refused_and_told_apart,
                after_every_doubtful_answer_to_opening_nobody_knows,
                after_every_doubt_the_same_call_opens_one_checkout,
                after_every_doubt_the_same_refund_gives_back_once,
                too_many_requests_are_not_sent,
                a_doubtful_answer_to_reading_proves_nothing,
                no_fault_shows_a_secret,
            }
        }
    };
}

/// One test for each case of the suite of [`GatewayBook`](bayar_app::port::GatewayBook).
///
/// Takes the name of an `async fn` beside it that answers something that implements [`GatewayStage`].
#[macro_export]
macro_rules! gateway_book_contract {
    ($fresh:ident) => {
        mod book {
            use $crate::contract::gateway::book as cases;
            $crate::contract_tests! { $fresh:
                what_happened_is_told_with_every_name,
                no_event_is_skipped_however_the_list_is_read,
                what_is_told_again_has_the_same_name,
                an_old_event_is_told_no_more,
                a_cursor_that_nobody_can_read_begins_at_the_beginning,
                a_gateway_says_when_it_has_forgotten,
                every_checkout_of_a_window_is_told_with_its_money,
                a_refund_is_found_by_the_name_that_an_event_tells,
            }
        }
    };
}
