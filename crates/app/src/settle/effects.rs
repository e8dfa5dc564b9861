//! What follows from a step: papers, announcements, records, and calls to gateways.

use bayar_domain::Step;
use bayar_domain::gateway::CaptureId;
use bayar_domain::settlement::{Alert, Effect};

use super::notes::notes;
use super::{Seen, SettleError};
use crate::App;
use crate::port::store::{Announcement, Credits, NewCall, OrderUnit, PaperSet, Records};
use crate::trouble::Trouble;

/// What is to be written with a step.
#[derive(Debug, Default)]
pub(super) struct Consequences {
    pub papers: Vec<PaperSet>,
    pub announcements: Vec<Announcement>,
    pub calls: Vec<NewCall>,
    pub records: Records,
    /// Money that has to go back.
    pub due_back: Vec<CaptureId>,
}

impl App {
    pub(super) async fn consequences(
        &self,
        unit: &mut dyn OrderUnit,
        credits: &mut Option<Credits>,
        step: &Step,
        seen: &Seen,
    ) -> Result<Consequences, SettleError> {
        let mut found = Consequences {
            announcements: announcements(&step.effects),
            ..Consequences::default()
        };
        found.records.notes = notes(unit, step, seen.now).await?;
        for effect in &step.effects {
            match effect {
                Effect::SettlePapers {
                    payment,
                    papers: state,
                } => {
                    let PaperSet { invoice, taxes } = unit.papers(*payment).await?;
                    let invoice = invoice.settle(*state).map_err(Trouble::fault)?.into_inner();
                    let taxes: Result<_, _> = taxes
                        .into_iter()
                        .map(|tax| Ok(tax.settle(*state).map_err(Trouble::fault)?.into_inner()))
                        .collect();
                    let taxes = taxes.map_err(|error: Trouble| error)?;
                    found.papers.push(PaperSet { invoice, taxes });
                }
                Effect::CloseAttempt { attempt } => {
                    let call = self.close_call(&step.settlement, seen, *attempt);
                    found.calls.extend(call);
                }
                Effect::AnswerChallenge { capture, verdict } => {
                    let call = self.answer_call(&step.settlement, seen, capture, *verdict);
                    found.calls.extend(call);
                }
                Effect::RefundSurplus { capture, .. } => found.due_back.push(capture.clone()),
                Effect::RecordExternalRefund { refund, state } => {
                    tracing::warn!(%refund, ?state, "money went back without us");
                    let known = (refund.clone(), state.clone());
                    found.records.external.push(known);
                }
                Effect::ForgetExternalRefund { refund } => {
                    found.records.forgotten.push(refund.clone());
                }
                Effect::SetCredits { standing } => {
                    set_credits(credits, *standing, &mut found.records)?;
                }
                Effect::RaiseAlert(alert) => found.records.raised.push(alert.clone()),
                Effect::ClearAlert(alert) => found.records.cleared.push(alert.clone()),
                // The announcement of the order tells the application to serve it, and when to stop.
                Effect::FulfilOrder | Effect::HaltOrder => {}
                // They were issued above, all together.
                Effect::SetCreditNotes { .. } => {}
                Effect::AnnounceOrder { .. }
                | Effect::AnnouncePayment { .. }
                | Effect::AnnounceRefund { .. } => {}
            }
        }
        tell_raised(&found.records.raised);
        for alert in &found.records.cleared {
            tracing::info!(?alert, "an alert is over");
        }
        // Whether anybody was called for its silence is not known here: if so, that is over.
        let moved = step.changes.refunds.iter();
        let ended = moved.filter(|refund| !refund.status().is_under_way());
        let heard = ended.map(|refund| Alert::RefundSilent {
            refund: refund.terms().id,
        });
        found.records.cleared.extend(heard);
        Ok(found)
    }
}

/// Says what an operator is called for.
pub(super) fn tell_raised(raised: &[Alert]) {
    for alert in raised {
        metrics::counter!("bayar_alerts_total").increment(1);
        tracing::error!(?alert, "an operator has to look");
    }
}

/// Moves the buyer's credits until the package stands where it should. What cannot be taken is missing, and told.
fn set_credits(
    credits: &mut Option<Credits>,
    standing: u32,
    records: &mut Records,
) -> Result<(), Trouble> {
    let Some(Credits { account, purchase }) = *credits else {
        return Err(Trouble::fault("no account of credits was loaded"));
    };
    let settled = account.settle(purchase, standing).map_err(Trouble::fault)?;
    if !settled.has_changed() {
        return Ok(());
    }
    let (moved, now) = settled.into_inner();
    let missing = |missing| Alert::CreditsMissing { missing };
    if purchase.shortfall() != now.shortfall() {
        let before = purchase.shortfall();
        records
            .cleared
            .extend((before > 0).then(|| missing(before)));
        let after = now.shortfall();
        records.raised.extend((after > 0).then(|| missing(after)));
    }
    records.credits.push(moved);
    *credits = Some(Credits {
        account: moved.account,
        purchase: now,
    });
    Ok(())
}

/// What the world is told.
fn announcements(effects: &[Effect]) -> Vec<Announcement> {
    let told = |effect: &Effect| match effect {
        Effect::AnnounceOrder { status } => Some(Announcement::Order(*status)),
        Effect::AnnouncePayment { payment, status } => {
            Some(Announcement::Payment(*payment, *status))
        }
        Effect::AnnounceRefund { refund, status } => Some(Announcement::Refund(*refund, *status)),
        Effect::SettlePapers { .. }
        | Effect::FulfilOrder
        | Effect::HaltOrder
        | Effect::SetCredits { .. }
        | Effect::CloseAttempt { .. }
        | Effect::AnswerChallenge { .. }
        | Effect::RefundSurplus { .. }
        | Effect::RecordExternalRefund { .. }
        | Effect::ForgetExternalRefund { .. }
        | Effect::SetCreditNotes { .. }
        | Effect::RaiseAlert(_)
        | Effect::ClearAlert(_) => None,
    };
    effects.iter().filter_map(told).collect()
}
