//! What people do.

/// What somebody does about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    PaysAndComesBack,
    PaysAndNeverComesBack,
    LeavesAtOnce,
    LeavesTheCheckout,
    CancelsIt,
    CancelsItAndBuysAgain,
    SwitchesAndPays,
    SwitchesTwiceAndPays,
    PaysLate,
    PaysTwice,
    IsDeclinedAndPays,
    PaysByABankThatTakesItsTime,
}

impl Plan {
    /// Every twenty people do the same, whatever the seed is: nothing of it is ever left out.
    pub const fn of(number: usize) -> Self {
        match number % 20 {
            0..=4 => Self::PaysAndComesBack,
            5..=8 => Self::PaysAndNeverComesBack,
            9 => Self::LeavesAtOnce,
            10 => Self::LeavesTheCheckout,
            11 => Self::CancelsIt,
            12 => Self::CancelsItAndBuysAgain,
            13 | 14 => Self::SwitchesAndPays,
            15 => Self::SwitchesTwiceAndPays,
            16 => Self::PaysLate,
            17 => Self::PaysTwice,
            18 => Self::IsDeclinedAndPays,
            _ => Self::PaysByABankThatTakesItsTime,
        }
    }
}

/// What an operator does about a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refunding {
    All,
    InParts,
    /// Two people press at once.
    AllTwice,
}

impl Refunding {
    pub const fn of(number: usize) -> Option<Self> {
        match (number + number / 20) % 12 {
            0 => Some(Self::All),
            4 => Some(Self::InParts),
            8 => Some(Self::AllTwice),
            _ => None,
        }
    }
}
