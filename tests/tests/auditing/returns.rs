//! What happens in a play to money that goes back.

use std::collections::BTreeSet;

use bayar_app::identity::Role;
use bayar_app::port::store::{Actor, IdempotencyKey, Refunds};
use bayar_app::{AmountText, Caller, Claimant, RefundError, RefundPayment};
use bayar_domain::gateway::{Reason, TransferReference};
use bayar_domain::{OrderKind, Refund, RefundStatus};
use bayar_sandbox::sim::book::Happening;
use bayar_sandbox::sim::{Action, Gateway, RefundMove};
use diesel::connection::SimpleConnection;
use diesel::{Connection, SqliteConnection};

use crate::play::{Play, Played};

impl Play {
    /// An operator gives money back, a part of it or all, and sometimes says so twice.
    pub async fn refund(&mut self, played: &mut Played) {
        let before = self.any(&played.wishes).filter(|_| self.below(4) == 0);
        let wish = match before {
            Some(before) => before,
            None => {
                let Some(payment) = self.any(&played.payments) else {
                    return;
                };
                let parts = [None, None, Some("50000"), Some("33333.33"), Some("150000")];
                let amount = self.any(&parts).flatten();
                let key = format!("back {} {}", played.number(), played.wishes.len());
                RefundPayment {
                    by: operator(played),
                    payment,
                    amount: amount.map(|amount| AmountText::new(amount).unwrap()),
                    reason: Reason::new("it was too much").unwrap(),
                    key: IdempotencyKey::new(key).unwrap(),
                }
            }
        };
        played.wishes.push(wish.clone());
        let is_part = wish.amount.is_some();
        match self.app.refund(wish).await {
            Ok(refunded) if refunded.again => self.note("a refund is asked for again"),
            Ok(_) if is_part => self.note("a part is given back"),
            Ok(_) => self.note("all is given back"),
            Err(RefundError::NeedsManualTransfer { .. }) => self.note("a transfer is needed"),
            Err(RefundError::InsufficientCredits { .. }) => self.note("the credits were used"),
            Err(_) => self.note("a refund is refused or unclear"),
        }
    }

    /// An operator transfers what is in their hands.
    pub async fn transfer_by_hand(&mut self, played: &Played) {
        for refund in self.refunds(played).await {
            let id = refund.terms().id;
            if refund.status() != RefundStatus::Manual {
                continue;
            }
            let reference = TransferReference::new(format!("transfer {id}")).unwrap();
            let settled = self.app.settle_refund(Actor::Command, id, reference).await;
            if settled.is_ok() {
                self.note("a transfer by hand");
            }
        }
    }

    /// An operator takes over what did not work, or calls it off.
    pub async fn take_in_hand(&mut self, played: &Played) {
        for refund in self.refunds(played).await {
            let id = refund.terms().id;
            let by = Actor::Command;
            match self.below(3) {
                0 if self.app.take_over_refund(by, id).await.is_ok() => {
                    self.note("a refund is taken over");
                }
                1 if self.app.withdraw_refund(by, id).await.is_ok() => {
                    self.note("a refund is withdrawn");
                }
                _ => {}
            }
        }
    }

    /// Somebody gives back without asking us.
    pub fn refund_at_the_dashboard(&mut self, played: &Played) {
        let part = (self.below(2) == 0).then_some(5_000_000);
        let action = Action::StripeRefund {
            payment_intent: played.number(),
            amount: part,
        };
        self.act("a refund at the dashboard", action);
        if self.below(2) == 0 {
            self.act(
                "a refund at the dashboard of Midtrans",
                Action::MidtransRefund {
                    transaction: played.number(),
                    amount: part.map(|part| part / 100),
                },
            );
        }
    }

    /// A refund goes on at Stripe, or fails after all.
    pub fn move_a_refund(&mut self, played: &Played) {
        let made = self.named(|happening| match happening {
            Happening::Refund {
                gateway: Gateway::Stripe,
                refund,
                order,
                ..
            } if *order == played.number() => Some(refund.clone()),
            _ => None,
        });
        let Some(refund) = self.any(&made) else {
            return;
        };
        let (what, to) = match self.below(2) {
            0 => ("a refund fails later", RefundMove::Failed),
            _ => ("a refund arrives", RefundMove::Succeeded),
        };
        self.act(what, Action::StripeRefundMoves { refund, to });
    }

    pub fn dispute(&mut self, played: &Played) {
        let action = Action::StripeDispute {
            payment_intent: played.number(),
            reason: "fraudulent".to_owned(),
            amount: None,
        };
        self.act("a dispute", action);
    }

    pub fn end_a_dispute(&mut self, played: &Played) {
        let opened = self.named(|happening| match happening {
            Happening::Dispute { dispute, order, .. } if *order == played.number() => {
                Some(dispute.clone())
            }
            _ => None,
        });
        let Some(dispute) = self.any(&opened) else {
            return;
        };
        let won = self.below(2) == 0;
        let what = if won {
            "a dispute is won"
        } else {
            "a dispute is lost"
        };
        self.act(what, Action::StripeDisputeEnds { dispute, won });
    }

    /// The buyer uses credits. No use case does that yet, so it is written as one would write it.
    pub fn use_credits(&mut self, played: &Played) {
        let terms = played.order.terms();
        if !matches!(terms.kind, OrderKind::Credits { .. }) {
            return;
        }
        let used = 1 + self.below(5);
        let owner = terms.owner;
        let at = self.now().format("%Y-%m-%dT%H:%M:%S%.6fZ");
        let enough = format!("user_id = {owner} AND balance >= {used}");
        let path = self.file();
        let mut file = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
        file.batch_execute(&format!(
            "PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE; \
             INSERT INTO credit_entries (user_id, order_id, change, shortfall, balance, actor, at) \
             SELECT user_id, NULL, -{used}, 0, balance - {used}, 'user:{owner}', '{at}' \
             FROM credit_accounts WHERE {enough}; \
             UPDATE credit_accounts SET balance = balance - {used} WHERE {enough}; COMMIT"
        ))
        .unwrap();
        self.note("credits are used");
    }

    /// What the gateways gave a name to, by their book.
    fn named(&self, name: impl Fn(&Happening) -> Option<String>) -> Vec<String> {
        let book = self.gateways.book();
        let happened = book.records().iter().flat_map(|record| &record.what);
        let names: BTreeSet<_> = happened.filter_map(name).collect();
        names.into_iter().collect()
    }

    async fn refunds(&self, played: &Played) -> Vec<Refund> {
        let mut all = Vec::new();
        for payment in &played.payments {
            let stored = self.store.refunds_of(*payment).await.unwrap();
            all.extend(stored.into_iter().map(|stored| stored.refund));
        }
        all
    }
}

fn operator(played: &Played) -> Claimant {
    Claimant::known(Caller::Person {
        id: played.order.terms().owner,
        role: Role::Operator,
    })
}
