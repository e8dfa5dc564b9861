//! When an attempt is followed by another.

use crate::sim::book::Outcome;
use crate::sim::gateway::Gateway;

/// How many more attempts an answer of this kind allows Midtrans.
fn midtrans_allows(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Answered(500) => 1,
        Outcome::Answered(503) => 4,
        Outcome::Answered(400 | 404) => 2,
        Outcome::Answered(301..=303) | Outcome::Dropped => 0,
        Outcome::Answered(_) | Outcome::Failed(_) => 5,
    }
}

/// Seconds until the next attempt, after the `made`th one.
pub fn next(gateway: Gateway, table: &[u64], made: u32, outcome: &Outcome) -> Option<u64> {
    if let Outcome::Answered(200..=299) = outcome {
        return None;
    }
    let retries = usize::try_from(made).unwrap_or(usize::MAX).checked_sub(1)?;
    let allowed = match gateway {
        Gateway::Stripe => table.len(),
        Gateway::Midtrans => midtrans_allows(outcome),
    };
    if retries >= allowed {
        return None;
    }
    table.get(retries).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u64] = &[120, 600, 1800, 5400, 12600];

    fn attempts(gateway: Gateway, outcome: &Outcome) -> usize {
        let more = |made: &u32| next(gateway, TABLE, *made, outcome).is_some();
        1 + (1..).take_while(more).count()
    }

    #[test]
    fn midtrans_tries_again_as_often_as_the_answer_says() {
        let times = |status| attempts(Gateway::Midtrans, &Outcome::Answered(status));
        assert_eq!(times(200), 1);
        assert_eq!(times(500), 2);
        assert_eq!(times(503), 5);
        assert_eq!((times(400), times(404)), (3, 3));
        assert_eq!((times(301), times(302), times(303)), (1, 1, 1));
        assert_eq!((times(502), times(429), times(307)), (6, 6, 6));
        let silent = Outcome::Failed("no answer".to_owned());
        assert_eq!(attempts(Gateway::Midtrans, &silent), 6);
    }

    #[test]
    fn stripe_tries_again_until_its_table_ends() {
        let times = |status| attempts(Gateway::Stripe, &Outcome::Answered(status));
        assert_eq!(
            (times(204), times(302), times(400), times(500)),
            (1, 6, 6, 6)
        );
    }
}
