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
