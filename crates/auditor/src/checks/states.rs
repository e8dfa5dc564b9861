//! Where things stand, by their proofs and decisions.

use serde_json::Value;

use super::Desk;
use crate::file::{LIVE_ATTEMPT, LIVE_PAYMENT, OrderFile, PaymentFile, by_hand};
use crate::finding::{Check, Findings};

pub(super) fn check(file: &OrderFile<'_>, found: &mut Findings) {
    let mut desk = Desk::of(file, found);
    order(file, &mut desk);
    for payment in &file.payments {
        payment_state(file, payment, &mut desk);
    }
    attempts(file, &mut desk);
    refunds(file, &mut desk);
    live_pointer(file, &mut desk);
    primary(file, &mut desk);
}

fn decided(file: &OrderFile<'_>, what: &str) -> bool {
    file.decisions.iter().any(|row| {
        let decision: Option<Value> = serde_json::from_str(&row.decision).ok();
        decision.is_some_and(|decision| decision.get("decision").is_some_and(|it| it == what))
    })
}

fn order(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    let served = decided(file, "complete_order");
    let paying = file.paying().and_then(|(row, _)| file.sums(&row.capture));
    let expected = match paying {
        _ if decided(file, "cancel_order") => "cancelled",
        Some((sums, _)) if sums.refunded >= sums.captured => "refunded",
        _ if paying.is_none() && went_back(file) => "refunded",
        _ if served => "completed",
        Some(_) => "processing",
        None => "pending",
    };
    if file.order.status != expected {
        let status = &file.order.status;
        desk.add(
            Check::OrderState,
            format!("the order is {status}, and by its money it is {expected}"),
        );
    }
}

/// Whether all money that once paid the order went back.
fn went_back(file: &OrderFile<'_>) -> bool {
    file.primaries.iter().any(|row| {
        let came = file.proofs.captures.get(&row.capture);
        let came = came.and_then(|proved| proved.amount.as_ref());
        let went = file.sums(&row.capture).map(|(sums, _)| sums.refunded);
        came.zip(went)
            .is_some_and(|(came, went)| went >= came.minor)
    })
}

fn status_in(state: &str) -> Option<String> {
    let state: Value = serde_json::from_str(state).ok()?;
    Some(state.get("status")?.as_str()?.to_owned())
}

fn payment_state(file: &OrderFile<'_>, payment: &PaymentFile<'_>, desk: &mut Desk<'_>) {
    let row = payment.row;
    let what = format!("payment {} is {}", row.id, row.status);
    if status_in(&row.state).as_deref() != Some(row.status.as_str()) {
        desk.add(
            Check::PaymentState,
            format!("{what}, and its state says something else"),
        );
    }
    let paying = file.paying().and_then(|(primary, proved)| {
        let attempt = file.attempts.iter().find(|it| it.id == proved.attempt)?;
        let sums = file.sums(&primary.capture)?.0;
        (attempt.payment_id == row.id).then_some(sums)
    });
    if let Some(sums) = paying {
        let expected = match sums.refunded {
            0 => "completed",
            part if part < sums.captured => "partially_refunded",
            _ => "refunded",
        };
        if row.status != expected {
            desk.add(
                Check::PaymentState,
                format!("{what}, and by its money it is {expected}"),
            );
        }
        return;
    }
    let mut own = file.attempts.iter().filter(|it| it.payment_id == row.id);
    let live = own.any(|it| LIVE_ATTEMPT.contains(&it.status.as_str()));
    match row.status.as_str() {
        "processing" if !live => {
            desk.add(Check::PaymentState, format!("{what}, and no checkout is"));
        }
        "pending" if live => {
            desk.add(
                Check::PaymentState,
                format!("{what}, and a checkout of it is open"),
            );
        }
        "under_review" => {
            let capture: Option<Value> = serde_json::from_str(&row.state).ok();
            let capture =
                capture.and_then(|state| Some(state.get("capture")?.as_str()?.to_owned()));
            if !capture.is_some_and(|capture| file.proofs.captures.contains_key(&capture)) {
                desk.add(
                    Check::PaymentState,
                    format!("{what}, and no proof tells of its money"),
                );
            }
        }
        _ => {}
    }
}

fn attempts(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    let is_live = |status: &str| LIVE_ATTEMPT.contains(&status);
    let live = file.attempts.iter().filter(|it| is_live(&it.status));
    if live.count() > 1 {
        desk.add(Check::AttemptState, "two checkouts are live");
    }
    for attempt in &file.attempts {
        let what = format!("attempt {} is {}", attempt.id, attempt.status);
        let tells = |kind: &str| {
            let mut facts = file.facts.iter();
            facts.any(|fact| fact.row.kind == kind && fact.row.attempt_id == attempt.id)
        };
        let own = || {
            let captures = file.proofs.captures.values();
            captures.filter(|proved| proved.attempt == attempt.id)
        };
        let has_money = own().any(|proved| proved.amount.is_some() && !proved.reversed);
        let went = own().any(|proved| proved.amount.is_some() && proved.reversed);
        let is_proved = match attempt.status.as_str() {
            "paid" => has_money,
            "failed" => !has_money && (tells("failed") || went),
            "expired" | "closed" => !has_money && tells("expired"),
            _ => !has_money && !went && !tells("expired") && !tells("failed"),
        };
        if !is_proved {
            desk.add(
                Check::AttemptState,
                format!("{what}, and the proofs say something else"),
            );
        }
        if status_in(&attempt.state).as_deref() != Some(attempt.status.as_str()) {
            desk.add(
                Check::AttemptState,
                format!("{what}, and its state says something else"),
            );
        }
        if file.payment(attempt.payment_id).is_none() {
            desk.add(
                Check::AttemptState,
                format!("{what}, of a payment of another order"),
            );
        }
    }
}

fn refunds(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    for refund in &file.refunds {
        let what = format!("refund {} is {}", refund.id, refund.status);
        let at = |step: u8| file.proofs.marked(refund.id).any(|it| it.step == step);
        let is_proved = match refund.status.as_str() {
            "succeeded" => at(1) || by_hand(refund),
            // The gateway's own word outweighs everything.
            "sent" => !at(1),
            _ => !at(1) && !at(0),
        };
        if !is_proved {
            desk.add(
                Check::RefundState,
                format!("{what}, and the gateway says something else"),
            );
        }
        if status_in(&refund.state).as_deref() != Some(refund.status.as_str()) {
            desk.add(
                Check::RefundState,
                format!("{what}, and its state says something else"),
            );
        }
        let capture = file.captures.iter().find(|it| it.capture == refund.capture);
        if capture.is_none_or(|capture| capture.payment_id != refund.payment_id) {
            desk.add(
                Check::RefundState,
                format!("{what}, of money that is not its payment's"),
            );
        }
    }
}

fn live_pointer(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    let live: Vec<_> = file
        .payments
        .iter()
        .filter(|payment| LIVE_PAYMENT.contains(&payment.row.status.as_str()))
        .map(|payment| payment.row.id)
        .collect();
    if live.len() > 1 {
        desk.add(Check::LivePointer, format!("payments {live:?} are live"));
    }
    let points_at = file.order.live_payment_id;
    if points_at != live.first().copied() {
        let says = points_at.map_or_else(|| "none".to_owned(), |id| format!("payment {id}"));
        desk.add(
            Check::LivePointer,
            format!("the order points at {says}, and live is {live:?}"),
        );
    }
    for payment in &file.payments {
        let (row, order) = (payment.row, file.order);
        if (row.user_id, row.currency.as_str()) != (order.user_id, order.currency.as_str()) {
            desk.add(
                Check::LivePointer,
                format!("payment {} is for another person or currency", row.id),
            );
        }
    }
}

fn primary(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    let open = file.primaries.iter().filter(|it| it.released_at.is_none());
    if open.count() > 1 {
        desk.add(Check::PrimaryUnique, "two captures pay the order");
    }
    for row in &file.primaries {
        let id = &row.capture;
        let known = file.captures.iter().any(|it| {
            (&it.capture, &it.gateway, &it.account, &it.mode)
                == (id, &row.gateway, &row.account, &row.mode)
        });
        let was_decided = file
            .decisions
            .iter()
            .any(|it| it.decision.contains("\"primary\"") && it.decision.contains(id.as_str()));
        if !known || !was_decided {
            desk.add(
                Check::PrimaryUnique,
                format!("{id} pays the order, and is none of it or was never decided"),
            );
        }
        let reversed = file.proofs.captures.get(id).is_some_and(|it| it.reversed);
        if reversed && row.released_at.is_none() {
            desk.add(
                Check::PrimaryUnique,
                format!("{id} pays the order, and the gateway took it back"),
            );
        }
        if !reversed && row.released_at.is_some() {
            desk.add(
                Check::PrimaryUnique,
                format!("{id} was released, and the gateway did not take it back"),
            );
        }
    }
    let paid_status = |payment: &&PaymentFile<'_>| {
        let status = payment.row.status.as_str();
        matches!(status, "completed" | "partially_refunded" | "refunded")
    };
    if file.payments.iter().filter(paid_status).count() > 1 {
        desk.add(Check::PrimaryUnique, "two payments of the order are paid");
    }
    for capture in &file.captures {
        let attempt = file.attempts.iter().find(|it| it.id == capture.attempt_id);
        if attempt.is_none_or(|attempt| attempt.payment_id != capture.payment_id) {
            let id = &capture.capture;
            desk.add(
                Check::PrimaryUnique,
                format!("{id} counts for a payment that its checkout is not of"),
            );
        }
    }
}
