//! What an application keeps outside a settlement.

use super::*;

/// The papers and the credits, as an application would keep them: by carrying out the effects.
pub struct Outside {
    standing: Standing,
    invoices: BTreeMap<PaymentId, Invoice>,
    taxes: BTreeMap<PaymentId, Vec<TaxRecord>>,
    pub account: CreditAccount,
    pub purchase: CreditPurchase,
    pub spent: i64,
}

impl Outside {
    pub fn new(settlement: &Settlement) -> Self {
        Self {
            standing: settlement.standing(),
            invoices: BTreeMap::new(),
            taxes: BTreeMap::new(),
            account: CreditAccount::open(UserId::new(1).unwrap()),
            purchase: CreditPurchase::unpaid(OrderId::new(1).unwrap()),
            spent: 0,
        }
    }

    /// The papers of a payment are written with it.
    fn write_papers(&mut self, payment: PaymentId) {
        let invoice = InvoiceTerms {
            id: InvoiceId::new(payment.get()).unwrap(),
            payment,
            number: InvoiceNumber::new(epoch(), payment).unwrap(),
            amount: idr(PRICE),
            issued_at: epoch(),
        };
        self.invoices
            .insert(payment, Invoice::issue(invoice).unwrap());
        let lines = TaxPolicy::standard()
            .assess(idr(PRICE), epoch().date_naive())
            .unwrap();
        let record = |(n, line): (usize, _)| {
            let id = payment.get() * 10 + i64::try_from(n).unwrap();
            let id = TaxRecordId::new(id).unwrap();
            TaxRecord::record(TaxTerms { id, payment, line }).unwrap()
        };
        let records = lines
            .into_lines()
            .into_iter()
            .enumerate()
            .map(record)
            .collect();
        self.taxes.insert(payment, records);
    }

    pub fn carry_out(&mut self, effect: Effect) {
        let standing = &mut self.standing;
        match effect {
            Effect::AnnounceOrder { status } => standing.order = Some(status),
            Effect::AnnouncePayment { payment, status } => {
                standing.payments.insert(payment, status);
            }
            Effect::AnnounceRefund { refund, status } => {
                standing.refunds.insert(refund, status);
            }
            Effect::SettlePapers { payment, papers } => {
                standing.papers.insert(payment, papers);
                self.settle_papers(payment, papers);
            }
            Effect::FulfilOrder => standing.served = true,
            Effect::HaltOrder => standing.served = false,
            Effect::SetCredits { standing: target } => {
                standing.credits = target;
                let settled = self.account.settle(self.purchase, target).unwrap();
                assert!(
                    settled.has_changed(),
                    "credits are set to what they are not"
                );
                let (step, purchase) = settled.into_inner();
                (self.account, self.purchase) = (step.account, purchase);
            }
            Effect::CloseAttempt { attempt } => {
                standing.closing.insert(attempt);
            }
            Effect::AnswerChallenge { capture, verdict } => {
                standing.verdicts.insert(capture, verdict);
            }
            Effect::RefundSurplus { capture, due } => {
                standing.due_back.insert(capture, due);
            }
            Effect::RecordExternalRefund { refund, state } => {
                standing.external.insert(refund, state);
            }
            Effect::ForgetExternalRefund { refund } => {
                assert!(standing.external.remove(&refund).is_some());
            }
            Effect::SetCreditNotes { refund, total } => {
                let known = standing.credited.insert(refund.clone(), total);
                assert_ne!(known, Some(total), "a note is about something");
                if total.is_zero() {
                    standing.credited.remove(&refund);
                }
            }
            Effect::RaiseAlert(alert) => {
                assert!(!standing.alerts.contains(&alert), "an alert is raised once");
                standing.alerts.push(alert);
            }
            Effect::ClearAlert(alert) => {
                let known = standing.alerts.iter().position(|raised| *raised == alert);
                standing
                    .alerts
                    .remove(known.expect("what was raised is cleared"));
            }
        }
    }

    fn settle_papers(&mut self, payment: PaymentId, papers: Papers) {
        if let Some(invoice) = self.invoices.get_mut(&payment) {
            *invoice = invoice.clone().settle(papers).unwrap().into_inner();
            for tax in self.taxes.get_mut(&payment).unwrap() {
                *tax = tax.clone().settle(papers).unwrap().into_inner();
            }
        } else {
            assert_eq!(papers, Papers::Due, "a payment begins unpaid");
            self.write_papers(payment);
        }
    }

    /// Everything outside is as the settlement says, though it only ever heard of changes.
    pub fn check(&mut self, settlement: &Settlement) {
        let told = settlement.standing();
        let notes: i64 = told.credited.values().map(|sum| sum.minor()).sum();
        let papers = told.papers.values().find_map(|papers| match papers {
            Papers::Settled(takings) => Some(takings.refunded().minor()),
            Papers::Due | Papers::Void => None,
        });
        assert_eq!(
            notes,
            papers.unwrap_or(0),
            "the notes are over what went back"
        );
        assert!(
            !told.served || settlement.primary().is_some(),
            "nothing is served unpaid"
        );
        assert_eq!(i64::from(told.credits), self.purchase.standing());
        assert_eq!(
            self.account.balance(),
            self.purchase.standing() + self.purchase.shortfall() - self.spent
        );
        for payment in settlement.payments() {
            let id = payment.terms().id;
            let papers = Papers::of(payment.state());
            let invoice = self.invoices.get(&id).unwrap();
            assert_eq!(
                invoice.clone().settle(papers),
                Ok(crate::Transition::AlreadyApplied(invoice.clone()))
            );
            for tax in self.taxes.get(&id).unwrap() {
                assert_eq!(
                    tax.clone().settle(papers),
                    Ok(crate::Transition::AlreadyApplied(tax.clone()))
                );
                let whole = tax.terms().line.amount.minor();
                assert!((0..=whole).contains(&tax.reversed().minor()));
                if let PaymentState::Refunded { .. } = payment.state() {
                    assert_eq!(
                        tax.reversed().minor(),
                        whole,
                        "all of the money takes all of the tax"
                    );
                }
            }
        }
        // What is only ever asked for once is not told when it is over.
        self.standing.closing.clone_from(&told.closing);
        self.standing.verdicts.clone_from(&told.verdicts);
        self.standing.due_back.clone_from(&told.due_back);
        let by_text = |alert: &Alert| format!("{alert:?}");
        let mut told = told;
        told.alerts.sort_by_key(by_text);
        self.standing.alerts.sort_by_key(by_text);
        assert!(
            self.standing == told,
            "{:#?}\nis not\n{told:#?}",
            self.standing
        );
    }
}
