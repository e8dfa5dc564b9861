//! Who works off what came: so many at once, and never all of them for one gateway.

use std::sync::Arc;

use bayar_domain::Gateway;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The hands of a process. One gateway never has all of them, so that it cannot keep those of another waiting while
/// it does not answer. Where there is only one hand, the gateways take turns.
pub(super) struct Hands {
    all: Arc<Semaphore>,
    shares: Vec<(Gateway, Arc<Semaphore>)>,
}

/// A hand that is at work until it is dropped.
pub(super) struct Hand {
    _of_all: Option<OwnedSemaphorePermit>,
    _of_share: Option<OwnedSemaphorePermit>,
}

impl Hands {
    pub(super) fn new(at_once: u32) -> Self {
        let hands = |number: u32| {
            let number = usize::try_from(number).unwrap_or(usize::MAX);
            Arc::new(Semaphore::new(number.min(Semaphore::MAX_PERMITS)))
        };
        let share = at_once.saturating_sub(1).max(1);
        Self {
            all: hands(at_once),
            shares: Gateway::ALL.iter().map(|of| (*of, hands(share))).collect(),
        }
    }

    /// The gateways, another one first each time.
    pub(super) fn in_turn(&mut self) -> Vec<Gateway> {
        if !self.shares.is_empty() {
            self.shares.rotate_left(1);
        }
        self.shares.iter().map(|(gateway, _)| *gateway).collect()
    }

    /// How many hands are free for a gateway.
    pub(super) fn free(&self, gateway: Gateway) -> u32 {
        let share = self.share(gateway).map_or(0, |of| of.available_permits());
        let free = share.min(self.all.available_permits());
        u32::try_from(free).unwrap_or(u32::MAX)
    }

    /// Takes one of those that are free.
    pub(super) fn take(&self, gateway: Gateway) -> Hand {
        let take = |of: &Arc<Semaphore>| Arc::clone(of).try_acquire_owned().ok();
        Hand {
            _of_all: take(&self.all),
            _of_share: self.share(gateway).and_then(take),
        }
    }

    fn share(&self, gateway: Gateway) -> Option<&Arc<Semaphore>> {
        let mut shares = self.shares.iter();
        shares.find_map(|(of, share)| (*of == gateway).then_some(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_gateway_never_has_all_hands() {
        let hands = Hands::new(4);
        let taken: Vec<_> = (0..3).map(|_| hands.take(Gateway::Stripe)).collect();
        assert_eq!(hands.free(Gateway::Stripe), 0);
        assert_eq!(hands.free(Gateway::Midtrans), 1);
        let other = hands.take(Gateway::Midtrans);
        assert_eq!(hands.free(Gateway::Midtrans), 0);
        drop(taken);
        assert_eq!(hands.free(Gateway::Stripe), 3);
        drop(other);
        assert_eq!(hands.free(Gateway::Midtrans), 3);
    }

    #[test]
    fn a_single_hand_serves_them_in_turn() {
        let mut hands = Hands::new(1);
        let first = hands.in_turn();
        assert_ne!(first, hands.in_turn());
        let hand = hands.take(Gateway::Stripe);
        assert_eq!(hands.free(Gateway::Midtrans), 0);
        drop(hand);
        assert_eq!(hands.free(Gateway::Midtrans), 1);
    }
}
