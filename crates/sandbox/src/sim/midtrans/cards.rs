//! Midtrans' test cards.

/// How a card behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    Accept,
    /// Denied by the bank.
    Deny,
    /// Denied by the fraud detection.
    DenyFraud,
    Challenge,
    /// Response code 51: no funds.
    NoFunds,
    /// Pending for a minute, then accepted.
    Slow,
}

#[derive(Debug, Clone, Copy)]
pub struct Card {
    pub number: &'static str,
    pub behaviour: Behaviour,
    pub bank: &'static str,
    /// It goes through without a one-time password.
    pub frictionless: bool,
}

const fn card(number: &'static str, behaviour: Behaviour, bank: &'static str) -> Card {
    Card {
        number,
        behaviour,
        bank,
        frictionless: false,
    }
}

const CARDS: &[Card] = &[
    card("4811111111111114", Behaviour::Accept, "bni"),
    card("4911111111111113", Behaviour::Deny, "bni"),
    card("4411111111111118", Behaviour::Accept, "mandiri"),
    card("4611111111111116", Behaviour::DenyFraud, "mandiri"),
    card("4711111111111115", Behaviour::Deny, "mandiri"),
    card("4511111111111117", Behaviour::Challenge, "mandiri"),
    card("5211111111111117", Behaviour::Accept, "cimb"),
    card("5111111111111118", Behaviour::Deny, "cimb"),
    card("4472429869996670", Behaviour::NoFunds, "mandiri"),
    card("4024007176265022", Behaviour::Slow, "mandiri"),
    Card {
        frictionless: true,
        ..card("4556557955726624", Behaviour::Accept, "mandiri")
    },
];

/// The test card of a number, with or without blanks.
pub fn find(text: &str) -> Option<Card> {
    let number: String = text
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-'))
        .collect();
    CARDS.iter().find(|card| card.number == number).copied()
}

impl Card {
    /// `48111111-1114`
    pub fn masked(&self) -> String {
        let start = self.number.get(..8).unwrap_or_default();
        let end = self.number.get(12..).unwrap_or_default();
        format!("{start}-{end}")
    }
}
