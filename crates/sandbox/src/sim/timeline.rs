//! What happens by itself when its time comes, and moving the time.

use std::sync::Arc;
use std::time::Duration;

use super::clock::{Millis, millis};
use super::state::Due;
use super::webhooks;
use super::world::{Broken, Shared, World};
use super::{midtrans, stripe};

/// Does everything whose time has come.
pub fn tick(world: &mut World) {
    loop {
        let now = world.now();
        let Some((time, _)) = world.state.agenda.first() else {
            return;
        };
        if *time > now {
            return;
        }
        let Some((_, due)) = world.state.agenda.pop_first() else {
            return;
        };
        match due {
            Due::SessionExpires(id) => stripe::sessions::time_is_up(world, &id),
            Due::HoldExpires(id) => stripe::intents::hold_is_up(world, &id),
            Due::RefundMoves(id) => stripe::refunds::move_on(world, &id),
            Due::PageExpires(token) => midtrans::expiry::page_is_up(world, &token),
            Due::TransactionExpires(id) => midtrans::expiry::transaction_is_up(world, &id),
            Due::TransactionSettles(id) => midtrans::buyer::card_settles(world, &id),
            Due::RefundConfirms(id, key) => midtrans::refund::confirm(world, &id, &key),
        }
    }
}

/// When the next thing happens by itself.
pub fn next(world: &World) -> Option<Millis> {
    let agenda = world.state.agenda.first().map(|(time, _)| *time);
    let outgoing = world.state.outgoing.first().map(|(time, _)| *time);
    agenda.into_iter().chain(outgoing).min()
}

/// Moves the clock on, stopping wherever something is due, so that everything happens in its order
/// and every webhook is answered before its next attempt is due.
pub async fn advance(shared: &Arc<Shared>, by: Duration) -> Result<(), Broken> {
    let _alone = shared.advancing.lock().await;
    let target = shared.with(|world| world.now().saturating_add(millis(by)))?;
    webhooks::settle(shared).await?;
    loop {
        let stop = shared.with(|world| {
            let next = next(world).filter(|next| *next <= target);
            if let Some(next) = next {
                world.move_clock(next);
                tick(world);
            }
            next
        })?;
        if stop.is_none() {
            break;
        }
        webhooks::settle(shared).await?;
    }
    shared.with(|world| {
        world.move_clock(target);
        tick(world);
    })
}
