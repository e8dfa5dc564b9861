//! Money that came in.

use super::{Case, Desk};
use crate::book::BookCapture;
use crate::file::{OPEN_REFUND, OrderFile};
use crate::finding::{Check, Findings};

pub(super) fn check(case: &Case<'_>, file: &OrderFile<'_>, found: &mut Findings) {
    let mut desk = Desk::of(file, found);
    kept_once(case, file, &mut desk);
    for taken in case.taken_for(file.number()) {
        recorded(case, file, taken, &mut desk);
    }
    for (id, proved) in &file.proofs.captures {
        let Some(amount) = &proved.amount else {
            continue;
        };
        let fact = file.facts.iter().find(|fact| {
            fact.row.kind == "captured"
                && fact.row.object == *id
                && fact.row.order_id == file.order.id
        });
        let Some(fact) = fact.map(|fact| fact.row) else {
            continue;
        };
        let in_the_book = case.book.tells_of(&fact.gateway, &fact.account, &fact.mode)
            && case.book.reaches(fact.at);
        if !in_the_book {
            continue;
        }
        let Some(taken) = case.taken(&proved.gateway, id) else {
            let gateway = &proved.gateway;
            desk.add(
                Check::NothingInvented,
                format!("{gateway} knows nothing of {id} over {amount}"),
            );
            continue;
        };
        if taken.order != file.number() {
            let (theirs, what) = (&taken.order, format!("{id} is for order"));
            desk.add(Check::SameMoney, format!("{what} {theirs} at the gateway"));
        }
        if taken.amount != *amount && !proved.told_twice {
            let theirs = &taken.amount;
            desk.add(
                Check::SameMoney,
                format!("{id} is {amount} here and {theirs} at the gateway"),
            );
        }
    }
    paid_by_proof(file, &mut desk);
}

/// Of all that was taken for an order, one is kept.
fn kept_once(case: &Case<'_>, file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    let kept: Vec<_> = case
        .taken_for(file.number())
        .filter(|taken| taken.kept() > 0)
        .collect();
    if kept.len() < 2 {
        return;
    }
    let primary = file.primary().map(|row| row.capture.as_str());
    let stays = |taken: &&&BookCapture| {
        Some(taken.id.as_str()) != primary
            && !goes_back(file, &taken.id)
            && !is_looked_at(file, &taken.id)
            && !is_gone_here(file, &taken.id)
            && case.options.must_know(taken.at)
    };
    let staying: Vec<_> = kept.iter().filter(stays).collect();
    if !staying.is_empty() {
        let names: Vec<_> = kept
            .iter()
            .map(|taken| format!("{} over {}", taken.id, taken.amount))
            .collect();
        let names = names.join(" and ");
        desk.add(
            Check::OneCharge,
            format!("{} captures are kept: {names}", kept.len()),
        );
    }
}

/// What was taken is known here, for this order, and has a place.
fn recorded(case: &Case<'_>, file: &OrderFile<'_>, taken: &BookCapture, desk: &mut Desk<'_>) {
    let BookCapture { id, amount, .. } = taken;
    let proved = file.proofs.captures.get(id);
    let Some(_) = proved.and_then(|proved| proved.amount.as_ref()) else {
        // What a gateway holds back is not captured for us, though it may call it so.
        let is_held = proved.is_some_and(|proved| proved.challenged);
        let is_gone = taken.kept() <= 0;
        if case.options.must_know(taken.at) && !is_gone && !is_held {
            desk.add(
                Check::NothingLost,
                format!(
                    "{} took {amount} ({id}), and it is not recorded",
                    taken.gateway
                ),
            );
        }
        return;
    };
    if !file.captures.iter().any(|row| row.capture == *id) {
        desk.add(
            Check::NothingLost,
            format!("{id} over {amount} is proved and in no account of captures"),
        );
    }
    let is_ours = file.primary().is_some_and(|row| row.capture == *id);
    let has_a_place = is_ours
        || goes_back(file, id)
        || is_looked_at(file, id)
        || taken.kept() <= 0
        || proved.is_some_and(|proved| proved.reversed)
        || is_gone_here(file, id);
    if !has_a_place && case.options.must_know(taken.touched) {
        desk.add(
            Check::MoneyHasAPlace,
            format!("{id} over {amount} pays nothing, is looked at by nobody and does not go back"),
        );
    }
}

/// Whether a refund of ours takes it back, or took it back and failed, which is an operator's business then.
fn goes_back(file: &OrderFile<'_>, capture: &str) -> bool {
    file.refunds.iter().any(|refund| {
        refund.capture == capture
            && (OPEN_REFUND.contains(&refund.status.as_str()) || refund.status == "failed")
    })
}

/// Whether nothing of it is left by our own books, a transfer by hand counted.
fn is_gone_here(file: &OrderFile<'_>, capture: &str) -> bool {
    file.sums(capture)
        .is_some_and(|(sums, _)| sums.refunded.saturating_add(sums.disputed) >= sums.captured)
}

/// Whether its payment waits for somebody's verdict.
fn is_looked_at(file: &OrderFile<'_>, capture: &str) -> bool {
    let proved = file.proofs.captures.get(capture);
    let attempt = proved.and_then(|proved| file.attempts.iter().find(|it| it.id == proved.attempt));
    let payment = attempt.and_then(|attempt| file.payment(attempt.payment_id));
    payment.is_some_and(|payment| payment.row.status == "under_review")
}

/// What counts as paid has its money.
fn paid_by_proof(file: &OrderFile<'_>, desk: &mut Desk<'_>) {
    for payment in &file.payments {
        let row = payment.row;
        let is_paid = matches!(
            row.status.as_str(),
            "completed" | "partially_refunded" | "refunded"
        );
        if !is_paid {
            continue;
        }
        let paying = file.paying().and_then(|(primary, proved)| {
            let attempt = file.attempts.iter().find(|it| it.id == proved.attempt)?;
            (attempt.payment_id == row.id).then_some((primary, proved))
        });
        let Some((primary, proved)) = paying else {
            desk.add(
                Check::NothingInvented,
                format!("payment {} is {} without money", row.id, row.status),
            );
            continue;
        };
        let Some(amount) = &proved.amount else {
            continue;
        };
        let asked = (row.amount_minor, row.currency.as_str());
        let accepted = file.decisions.iter().any(|it| {
            it.decision.contains("\"review\"")
                && it.decision.contains("\"accept\"")
                && it.decision.contains(&format!("\"{}\"", primary.capture))
        });
        if asked != (amount.minor, amount.currency.as_str()) && !accepted {
            desk.add(
                Check::NothingInvented,
                format!(
                    "payment {} counts as paid by {amount}, and nobody accepted that",
                    row.id
                ),
            );
        }
    }
}
