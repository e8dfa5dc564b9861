//! Orders of credit packages.

use super::*;

fn bought() -> Story {
    let mut story = Story::of(OrderKind::Credits { quantity: 10 });
    story.pay(1);
    story.attempt(1, 1);
    story.facts([captured(1, "cap-1", PRICE)]);
    story
}

fn with_balance(minor: i64, credit_balance: i64) -> RefundRequest {
    RefundRequest {
        credit_balance,
        ..request(1, Some(minor))
    }
}

#[test]
fn a_paid_package_grants_its_credits() {
    let story = bought();
    assert!(story.effects.contains(&Effect::SetCredits { standing: 10 }));
}

#[test]
fn an_order_of_goods_has_no_credits() {
    assert_eq!(Story::paid().now.standing().credits, 0);
}

#[test]
fn a_refund_takes_credits_when_it_is_asked_for_and_rounds_up() {
    let mut story = bought();
    story.command(|now| now.request_refund(with_balance(PRICE / 10 + 1, 10)));
    assert!(story.effects.contains(&Effect::SetCredits { standing: 8 }));
}

#[test]
fn a_failed_refund_gives_the_credits_back() {
    let mut story = bought();
    story.command(|now| now.request_refund(with_balance(PRICE, 10)));
    assert_eq!(story.now.standing().credits, 0);
    story.command(|now| now.refund_refused(refund_id(1)));
    assert!(story.effects.contains(&Effect::SetCredits { standing: 10 }));
}

#[test]
fn a_refund_of_used_credits_is_refused() {
    let story = bought();
    let refused = story.refused(|now| now.request_refund(with_balance(PRICE / 2, 4)));
    assert_eq!(
        refused,
        Refused::InsufficientCredits {
            needed: 5,
            balance: 4
        }
    );
    assert!(story.now.request_refund(with_balance(PRICE / 2, 5)).is_ok());
}

#[test]
fn a_refund_at_the_gateway_takes_credits_whatever_the_balance() {
    let mut story = bought();
    story.facts([refunded(
        1,
        "cap-1",
        "re-1",
        PRICE / 2,
        RefundStep::Succeeded,
        None,
    )]);
    assert!(story.effects.contains(&Effect::SetCredits { standing: 5 }));
}

#[test]
fn reversed_money_takes_all_credits() {
    let mut story = bought();
    story.facts([reversed(1, "cap-1")]);
    assert!(story.effects.contains(&Effect::SetCredits { standing: 0 }));
}

#[test]
fn taking_over_a_failed_refund_takes_its_credits_again() {
    let mut story = bought();
    story.command(|now| now.request_refund(with_balance(PRICE / 2, 10)));
    story.command(|now| now.refund_refused(refund_id(1)));
    let refused = story.refused(|now| now.take_over_refund(refund_id(1), 4));
    let (needed, balance) = (5, 4);
    assert_eq!(refused, Refused::InsufficientCredits { needed, balance });
    story.command(|now| now.take_over_refund(refund_id(1), 5));
    assert!(story.effects.contains(&Effect::SetCredits { standing: 5 }));
}

#[test]
fn a_dispute_takes_credits_when_it_is_lost_and_not_while_it_is_open() {
    let mut story = bought();
    story.facts([disputed(1, "cap-1", "dp-1", PRICE / 2, 4)]);
    assert_eq!(story.now.standing().credits, 10);
    story.facts([lost(1, "cap-1", "dp-1", PRICE / 2, 6)]);
    assert!(story.effects.contains(&Effect::SetCredits { standing: 5 }));
    // An appeal was won.
    story.facts([disputed(1, "cap-1", "dp-1", 0, 10)]);
    assert!(story.effects.contains(&Effect::SetCredits { standing: 10 }));
}

#[test]
fn what_a_lost_dispute_took_is_not_taken_from_other_money() {
    let mut story = bought();
    story.facts([
        captured(1, "cap-2", PRICE),
        lost(1, "cap-2", "dp-2", PRICE, 6),
    ]);
    assert_eq!(story.now.standing().credits, 10);
}

#[test]
fn asking_anew_for_a_failed_refund_takes_its_credits_again() {
    let mut story = bought();
    story.command(|now| now.request_refund(with_balance(PRICE / 2, 10)));
    story.command(|now| now.refund_refused(refund_id(1)));
    let refused = story.refused(|now| now.retry_refund(refund_id(1), refund_id(2), 4));
    let (needed, balance) = (5, 4);
    assert_eq!(refused, Refused::InsufficientCredits { needed, balance });
    story.command(|now| now.retry_refund(refund_id(1), refund_id(2), 5));
    assert!(story.effects.contains(&Effect::SetCredits { standing: 5 }));
}
