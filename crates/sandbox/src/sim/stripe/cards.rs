//! Stripe's test cards.

use super::model::{Method, RefundHabit};

/// How a card behaves.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    pub number: &'static str,
    pub method: &'static str,
    pub brand: &'static str,
    pub country: &'static str,
    /// It asks for 3-D Secure first.
    pub secure: bool,
    pub decline: Option<Decline>,
    pub refunds: RefundHabit,
    /// The reason of the dispute that follows.
    pub dispute: Option<&'static str>,
}

/// Why a card is declined.
#[derive(Debug, Clone, Copy)]
pub struct Decline {
    pub code: &'static str,
    pub reason: &'static str,
    pub message: &'static str,
}

const GOOD: Card = Card {
    number: "4242424242424242",
    method: "pm_card_visa",
    brand: "visa",
    country: "US",
    secure: false,
    decline: None,
    refunds: RefundHabit::Succeed,
    dispute: None,
};

const fn good(number: &'static str, method: &'static str) -> Card {
    Card {
        number,
        method,
        ..GOOD
    }
}

const fn secure(number: &'static str, method: &'static str, decline: Option<Decline>) -> Card {
    Card {
        number,
        method,
        secure: true,
        decline,
        ..GOOD
    }
}

const fn declined(number: &'static str, method: &'static str, decline: Decline) -> Card {
    Card {
        number,
        method,
        decline: Some(decline),
        ..GOOD
    }
}

const fn card_declined(reason: &'static str) -> Decline {
    Decline {
        code: "card_declined",
        reason,
        message: "Your card was declined.",
    }
}

const EXPIRED: Decline = Decline {
    code: "expired_card",
    reason: "expired_card",
    message: "Your card has expired.",
};
const WRONG_CVC: Decline = Decline {
    code: "incorrect_cvc",
    reason: "incorrect_cvc",
    message: "Your card's security code is incorrect.",
};
const NO_FUNDS: Decline = Decline {
    code: "card_declined",
    reason: "insufficient_funds",
    message: "Your card has insufficient funds.",
};
const PROCESSING: Decline = Decline {
    code: "processing_error",
    reason: "processing_error",
    message: "An error occurred while processing your card. Try again in a little bit.",
};

const CARDS: &[Card] = &[
    GOOD,
    Card {
        brand: "mastercard",
        ..good("5555555555554444", "pm_card_mastercard")
    },
    Card {
        brand: "amex",
        ..good("378282246310005", "pm_card_amex")
    },
    Card {
        country: "MY",
        ..good("4000004580000002", "pm_card_my")
    },
    good("4000000000000077", "pm_card_bypassPending"),
    secure("4000002760003184", "pm_card_authenticationRequired", None),
    secure(
        "4000002500003155",
        "pm_card_authenticationRequiredOnSetup",
        None,
    ),
    secure("4000000000003220", "pm_card_threeDSecure2Required", None),
    secure(
        "4000008400001629",
        "pm_card_threeDSecureRequiredChargeDeclined",
        Some(card_declined("generic_decline")),
    ),
    secure(
        "4000008260003178",
        "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
        Some(NO_FUNDS),
    ),
    declined(
        "4000000000000002",
        "pm_card_visa_chargeDeclined",
        card_declined("generic_decline"),
    ),
    declined(
        "4000000000009995",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        NO_FUNDS,
    ),
    declined(
        "4000000000009987",
        "pm_card_visa_chargeDeclinedLostCard",
        card_declined("lost_card"),
    ),
    declined(
        "4000000000009979",
        "pm_card_visa_chargeDeclinedStolenCard",
        card_declined("stolen_card"),
    ),
    declined(
        "4000000000000069",
        "pm_card_chargeDeclinedExpiredCard",
        EXPIRED,
    ),
    declined(
        "4000000000000127",
        "pm_card_chargeDeclinedIncorrectCvc",
        WRONG_CVC,
    ),
    declined(
        "4000000000000119",
        "pm_card_chargeDeclinedProcessingError",
        PROCESSING,
    ),
    declined(
        "4000000000006975",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        card_declined("card_velocity_exceeded"),
    ),
    declined(
        "4000000000000341",
        "pm_card_chargeCustomerFail",
        card_declined("generic_decline"),
    ),
    declined(
        "4100000000000019",
        "pm_card_radarBlock",
        card_declined("fraudulent"),
    ),
    Card {
        refunds: RefundHabit::Pend,
        ..good("4000000000007726", "pm_card_pendingRefund")
    },
    Card {
        refunds: RefundHabit::FailLater,
        ..good("4000000000005126", "pm_card_refundFail")
    },
    Card {
        dispute: Some("fraudulent"),
        ..good("4000000000000259", "pm_card_createDispute")
    },
    Card {
        dispute: Some("product_not_received"),
        ..good(
            "4000000000002685",
            "pm_card_createDisputeProductNotReceived",
        )
    },
    Card {
        dispute: Some("inquiry"),
        ..good("4000000000001976", "pm_card_createDisputeInquiry")
    },
];

/// Whether the digits of a number add up.
fn luhn(number: &str) -> bool {
    let digits = number.bytes().rev().map(|digit| u32::from(digit - b'0'));
    let weigh = |(place, digit): (usize, u32)| match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, double) if double > 9 => double - 9,
        (_, double) => double,
    };
    digits.enumerate().map(weigh).sum::<u32>() % 10 == 0
}

/// The card of a number, with or without blanks, or of a `pm_card_...`.
/// `None` when it cannot be a card's number.
pub fn find(text: &str) -> Option<Card> {
    if text.starts_with("pm_") {
        return CARDS.iter().find(|card| card.method == text).copied();
    }
    let number: String = text
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '-'))
        .collect();
    let digits = number.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || !(12..=19).contains(&number.len()) || !luhn(&number) {
        return None;
    }
    let known = CARDS.iter().find(|card| card.number == number);
    // Any other well-formed number is no test card, and is declined.
    Some(known.copied().unwrap_or(declined(
        "4000000000000002",
        "pm_card_visa_chargeDeclined",
        card_declined("test_mode_live_card"),
    )))
}

impl Card {
    pub fn as_method(&self) -> Method {
        let last4 = self.number.len().saturating_sub(4);
        Method::Card {
            brand: self.brand.to_owned(),
            last4: self.number.get(last4..).unwrap_or_default().to_owned(),
            country: self.country.to_owned(),
            three_d_secure: self.secure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_card_is_found_by_number_and_by_method_and_its_digits_add_up() {
        for card in CARDS {
            assert!(luhn(card.number), "{}", card.number);
            assert_eq!(find(card.number).unwrap().method, card.method);
            assert_eq!(find(card.method).unwrap().number, card.number);
        }
        assert_eq!(find("4242 4242 4242 4242").unwrap().method, "pm_card_visa");
        assert!(find("4242424242424241").is_none());
        assert!(find("pm_nothing").is_none());
        assert!(find("42").is_none());
    }
}
