//! Facts that are not about this order.

use super::*;

#[test]
fn a_fact_of_another_order_is_not_applied() {
    let story = Story::open();
    let stray = story.now.apply([captured(1, "cap-1", PRICE), expired(2)]);
    assert_eq!(stray, Err(ApplyError::UnknownAttempt(attempt_id(2))));
    assert_eq!(story.now.facts().count(), 0);
}

#[test]
fn a_fact_of_another_account_or_mode_is_not_applied() {
    let story = Story::open();
    let ours = source(Gateway::Stripe);
    let strangers = [
        Source {
            mode: Mode::Live,
            ..ours.clone()
        },
        Source {
            account: AccountRef::new("acct_2").unwrap(),
            ..ours.clone()
        },
        Source {
            gateway: Gateway::Midtrans,
            ..ours
        },
    ];
    for source in strangers {
        let proof = captured(1, "cap-1", PRICE).proof().clone();
        let stray = Fact::new(attempt_id(1), source, proof, epoch()).unwrap();
        assert_eq!(
            story.now.apply([stray]),
            Err(ApplyError::OtherSource(attempt_id(1)))
        );
    }
}

#[test]
fn money_of_one_attempt_is_not_told_of_another() {
    let mut story = Story::second_try();
    story.facts([captured(1, "cap-1", PRICE)]);
    let stray = story.now.apply([expired(2), captured(2, "cap-1", PRICE)]);
    assert_eq!(stray, Err(ApplyError::OtherAttempt(attempt_id(2))));
    let batch = [captured(2, "cap-2", PRICE), reversed(1, "cap-2")];
    assert_eq!(
        story.now.apply(batch),
        Err(ApplyError::OtherAttempt(attempt_id(1)))
    );
}
