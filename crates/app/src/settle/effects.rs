//! What follows from a step: papers, announcements, and calls to gateways.

use bayar_domain::Step;
use bayar_domain::gateway::CaptureId;
use bayar_domain::settlement::Effect;

use super::{Seen, SettleError};
use crate::App;
use crate::port::store::{Announcement, NewCall, OrderUnit, PaperSet};
use crate::trouble::Trouble;

/// What is to be written with a step.
#[derive(Debug, Default)]
pub(super) struct Consequences {
    pub papers: Vec<PaperSet>,
    pub announcements: Vec<Announcement>,
    pub calls: Vec<NewCall>,
    /// Money that has to go back.
    pub due_back: Vec<CaptureId>,
}

impl App {
    pub(super) async fn consequences(
        &self,
        unit: &mut dyn OrderUnit,
        step: &Step,
        seen: &Seen,
    ) -> Result<Consequences, SettleError> {
        let mut found = Consequences {
            announcements: announcements(&step.effects),
            ..Consequences::default()
        };
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
                Effect::RaiseAlert(alert) => {
                    metrics::counter!("bayar_alerts_total").increment(1);
                    tracing::error!(?alert, "an operator has to look");
                }
                Effect::ClearAlert(alert) => tracing::info!(?alert, "an alert is over"),
                // The announcement of the order tells the application to serve it, and when to stop.
                Effect::FulfilOrder | Effect::HaltOrder => {}
                // The facts tell of these refunds, and their papers are drawn from the facts.
                Effect::RecordExternalRefund { .. }
                | Effect::ForgetExternalRefund { .. }
                | Effect::SetCreditNotes { .. } => {
                    tracing::info!(?effect, "money went back");
                }
                Effect::SetCredits { .. } => {
                    let message = format!("no account of credits is there to carry out {effect:?}");
                    return Err(Trouble::fault(message).into());
                }
                Effect::AnnounceOrder { .. }
                | Effect::AnnouncePayment { .. }
                | Effect::AnnounceRefund { .. } => {}
            }
        }
        Ok(found)
    }
}

/// What the world is told.
pub(super) fn announcements(effects: &[Effect]) -> Vec<Announcement> {
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
