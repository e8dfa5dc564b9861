//! What can be wrong, by name.

use std::fmt;

use serde::Serialize;

/// Something that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The order it is about, by its number, or by what a gateway calls it where we have none.
    pub order: Option<String>,
    /// The rule that is broken.
    pub check: Check,
    /// What is wrong, in a sentence.
    pub what: String,
}

macro_rules! checks {
    ($( $(#[doc = $doc:literal])+ $name:ident = $wire:literal, )+) => {
        /// A rule that the auditor checks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum Check {
            $( $(#[doc = $doc])+ #[serde(rename = $wire)] $name, )+
        }

        impl Check {
            /// All of them.
            pub const ALL: &'static [Self] = &[$( Self::$name, )+];

            /// Its name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$name => $wire, )+ }
            }

            /// The rule in words.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $( Self::$name => concat!($($doc),+).trim_ascii(), )+ }
            }
        }
    };
}

checks! {
    /// An order keeps one capture at most; each other one has gone back, or its refund is on its way.
    OneCharge = "one_charge",
    /// Every capture at a gateway belongs to an order of ours and is recorded for it.
    NothingLost = "nothing_lost",
    /// Money that is with us pays its order, is looked at by somebody, or goes back.
    MoneyHasAPlace = "money_has_a_place",
    /// Nothing counts as paid without a capture at the gateway, of the same amount and currency.
    NothingInvented = "nothing_invented",
    /// A capture has the same amount, currency, order and gateway on both sides.
    SameMoney = "same_money",
    /// What went back of a capture is the same on both sides, in number and in sum.
    RefundsAgree = "refunds_agree",
    /// Never more goes back than came in, at the gateway or here.
    RefundsWithinCapture = "refunds_within_capture",
    /// A refund of ours was made once at the gateway, with its own amount.
    RefundedOnce = "refunded_once",
    /// At every instant at most one checkout of an order can be paid.
    OneOpenSession = "one_open_session",
    /// Every key of this installation that a gateway saw is written down here.
    KeysKnown = "keys_known",
    /// A call that is done was made; one that never left or was refused made nothing; its key serves one purpose.
    CallsTrue = "calls_true",
    /// The calls for one purpose are numbered without a gap, one at a time, and about something of their order.
    GenerationsWhole = "generations_whole",
    /// Nothing unresolved is older than its bound.
    NothingStuck = "nothing_stuck",
    /// Whatever is not at its end owns an open job.
    JobsOwned = "jobs_owned",
    /// What a gateway told is worked on until it is known what became of it.
    WebhooksHeard = "webhooks_heard",
    /// What has its hour is done.
    ScheduleKept = "schedule_kept",
    /// The history of a payment has no gap, makes legal moves only, and ends where the payment stands.
    HistoryWhole = "history_whole",
    /// An order stands where its money says.
    OrderState = "order_state",
    /// A payment stands where its money says.
    PaymentState = "payment_state",
    /// A checkout stands where the proofs say, and an order has one live checkout at most.
    AttemptState = "attempt_state",
    /// A refund stands where the proofs say.
    RefundState = "refund_state",
    /// An order points at its live payment, and has one at most.
    LivePointer = "live_pointer",
    /// One capture pays an order, and it is one of that order that is with us.
    PrimaryUnique = "primary_unique",
    /// The sums of a capture are those of its proofs and refunds.
    SumsTrue = "sums_true",
    /// Invoice and taxes say what their payment says, and the shares are right.
    PapersAgree = "papers_agree",
    /// Credit notes sum to what went back of the money that pays, and their taxes to what is reversed.
    CreditNotesAgree = "credit_notes_agree",
    /// What somebody gave back at a gateway is written down as its proofs tell.
    ExternalRefundsAgree = "external_refunds_agree",
    /// A balance of credits is the sum of its entries, and a package stands where its money says.
    CreditsAdd = "credits_add",
    /// Whoever has to look at something has been called, and nobody is called for nothing.
    AlertsTrue = "alerts_true",
    /// The answer kept for a key is about the payment that it belongs to.
    KeysAnswerTheirs = "keys_answer_theirs",
    /// What the world is told has no gap, and its last word is true.
    OutboxWhole = "outbox_whole",
    /// Proofs, captures and checkouts of different accounts or modes are never mixed.
    AccountsApart = "accounts_apart",
    /// What a client was told for good is stored.
    AnswersKept = "answers_kept",
    /// An amount for people says what the amount in the smallest unit says.
    AmountsReadable = "amounts_readable",
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where checks write.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Vec<Finding>,
}

impl Findings {
    pub fn add(&mut self, check: Check, order: Option<&str>, what: impl Into<String>) {
        self.found.push(Finding {
            order: order.map(str::to_owned),
            check,
            what: what.into(),
        });
    }

    pub fn sorted(mut self) -> Vec<Finding> {
        self.found.sort();
        self.found.dedup();
        self.found
    }
}
