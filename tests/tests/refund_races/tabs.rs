//! Buyers with two tabs, and money that comes when its page is closed already.

use std::time::Duration;

use bayar_sandbox::sim::Action;
use bayar_tests::program::wait_until;
use bayar_tests::stage::Ordered;
use serde_json::json;
use tokio::time::sleep;

use crate::race::Race;

/// What goes back at a dashboard, in whole rupiah.
const PART: i64 = 10_000;

/// How often somebody at a dashboard tries.
const TRIES: u32 = 20;

impl Race {
    /// Each tab wants another gateway, at another process.
    pub async fn both_tabs(&self, number: usize, order: &Ordered) {
        tokio::join!(
            self.tab(order, "stripe", number),
            self.tab(order, "midtrans", number + 1),
        );
    }

    /// Presses the button until the buyer has paid, or hears that nothing is to be paid any more.
    async fn tab(&self, order: &Ordered, gateway: &str, turn: usize) {
        let path = format!("/api/v1/payments/{}/process", order.payment);
        let customer = self.at(&self.stage.customer(), turn);
        wait_until("a tab is done", async || {
            let wish = json!({ "gateway": gateway });
            let answer = customer.post(&path, &[], &wish).await.unwrap();
            match (answer.status, answer.code().as_deref()) {
                // It may be shut by now: the other tab wants another door.
                (200, _) if self.pay(order, gateway) => true,
                (409, Some("payment_not_payable")) => true,
                (200 | 202 | 409 | 503, _) => {
                    sleep(Duration::from_millis(30)).await;
                    false
                }
                _ => panic!("{}: {}", answer.status, answer.text),
            }
        })
        .await;
        self.look(order, turn).await;
    }

    fn pay(&self, order: &Ordered, gateway: &str) -> bool {
        let paid = if gateway == "stripe" {
            self.stage.gateways.pay_stripe(&order.number)
        } else {
            self.stage.gateways.pay_midtrans(&order.number, "gopay")
        };
        paid.is_ok()
    }

    /// The buyer has opened a wallet, changes their mind, and pays both: one of them when its page is closed already.
    pub async fn paid_twice(&self, number: usize, order: &Ordered) {
        self.stage.open_in_the_end(order.payment, "midtrans").await;
        let chosen = self.stage.gateways.act(Action::MidtransChoose {
            page: order.number.clone(),
            method: "gopay".to_owned(),
        });
        let chosen = chosen.expect("the page is open: nobody else closes it");
        let transaction = chosen["transaction_id"].as_str().unwrap().to_owned();
        let late = Action::MidtransPay {
            transaction,
            late: true,
        };
        let pay_late = || {
            self.stage
                .gateways
                .act(late.clone())
                .expect("money comes when it wants")
        };
        if number.is_multiple_of(8) {
            // As it comes: before, between or after.
            let wallet = async {
                sleep(Duration::from_millis(self.below(400))).await;
                pay_late();
                self.look(order, number + 1).await;
            };
            tokio::join!(self.tab(order, "stripe", number), wallet);
        } else {
            self.tab(order, "stripe", number).await;
            pay_late();
            self.look(order, number + 1).await;
        }
    }

    /// Somebody gives a part back at a gateway's dashboard, while the payment desk does its work.
    pub async fn dashboard(&self, number: usize, order: &Ordered) {
        self.is_paid(number, order).await;
        for _ in 0..TRIES {
            let at_stripe = self.stage.gateways.act(Action::StripeRefund {
                payment_intent: order.number.clone(),
                amount: Some(PART * 100),
            });
            let at_midtrans = || {
                self.stage.gateways.act(Action::MidtransRefund {
                    transaction: order.number.clone(),
                    amount: Some(PART),
                })
            };
            if at_stripe.is_ok() || at_midtrans().is_ok() {
                break;
            }
            // The desk was faster, perhaps for good.
            sleep(Duration::from_millis(50)).await;
        }
    }
}
