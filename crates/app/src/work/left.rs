//! What a run over the gateways' books leaves behind.

use super::schedule::Outcome;

/// A run that leaves anything behind has failed. One that did not get on begins anew.
#[derive(Default)]
pub(super) struct Left {
    /// How much has to be read again.
    pub(super) unread: usize,
    /// How much money of ours is there of which nothing is written down here.
    pub(super) lost: usize,
    /// What the run did not get on for, in words.
    pub(super) troubles: Vec<String>,
}

impl Left {
    /// What the run came to: what it did, and what it left behind.
    pub(super) fn after(self, mut result: String) -> Outcome {
        let Self {
            unread,
            lost,
            troubles,
        } = self;
        if unread > 0 {
            result.push_str(&format!(", {unread} to be read again"));
        }
        if lost > 0 {
            result.push_str(&format!(
                ", {lost} paid ones are not written down here: see bayar payments rebuild"
            ));
        }
        for trouble in &troubles {
            result.push_str(&format!(", {trouble}"));
        }
        Outcome {
            result,
            has_failed: unread > 0 || lost > 0 || !troubles.is_empty(),
            is_whole: troubles.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(left: Left) -> (String, bool, bool) {
        let outcome = left.after("2 events".to_owned());
        (outcome.result, outcome.has_failed, outcome.is_whole)
    }

    #[test]
    fn a_run_that_leaves_nothing_behind_says_what_it_did() {
        assert_eq!(after(Left::default()), ("2 events".to_owned(), false, true));
    }

    #[test]
    fn a_run_that_leaves_anything_behind_says_so_and_has_failed() {
        let troubles = vec![
            "stripe: too slow".to_owned(),
            "midtrans: not there".to_owned(),
        ];
        for (left, told, is_whole) in [
            (
                Left {
                    unread: 1,
                    ..Left::default()
                },
                "2 events, 1 to be read again",
                true,
            ),
            (
                Left {
                    lost: 3,
                    ..Left::default()
                },
                "2 events, 3 paid ones are not written down here: see bayar payments rebuild",
                true,
            ),
            (
                Left {
                    troubles,
                    ..Left::default()
                },
                "2 events, stripe: too slow, midtrans: not there",
                false,
            ),
        ] {
            assert_eq!(after(left), (told.to_owned(), true, is_whole));
        }
    }
}
