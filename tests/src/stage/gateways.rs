//! What happens at the gateways, and what their own book says of it.

use bayar_sandbox::sim::book::Book;
use bayar_sandbox::sim::{Action, Fault, Rule};
use serde_json::Value;

use super::{Ordered, Stage};

impl Stage {
    /// The buyer pays the newest checkout of an order at Stripe.
    pub fn pay_stripe(&self, order: &Ordered) {
        self.gateways.pay_stripe(&order.number).unwrap();
    }

    /// The buyer pays the newest page of an order at Midtrans.
    pub fn pay_midtrans(&self, order: &Ordered) {
        self.gateways.pay_midtrans(&order.number, "gopay").unwrap();
    }

    /// Something happens at the gateways.
    pub fn act(&self, action: Action) -> Value {
        self.gateways.act(action).unwrap()
    }

    /// The next request of a kind goes wrong.
    pub fn next(&self, operation: &str, fault: Fault) {
        self.gateways
            .add_fault(Rule::next(fault).at(operation))
            .unwrap();
    }

    /// All requests of a kind go wrong.
    pub fn all(&self, operation: &str, fault: Fault) {
        let rule = Rule::next(fault).at(operation).times(0);
        self.gateways.add_fault(rule).unwrap();
    }

    /// Nothing goes wrong any more.
    pub fn calm(&self) {
        self.gateways.clear_faults().unwrap();
    }

    /// The gateways' own book.
    pub fn book(&self) -> Book {
        self.gateways.book()
    }

    /// By the gateways' own book: at most one checkout was ever open at once, and so much was taken and kept.
    pub fn must_have_kept(&self, order: &Ordered, captures: usize) {
        let book = self.book();
        let open = book.most_open_at_once(&order.number);
        assert!(
            open <= 1,
            "{open} checkouts were open at once: {:?}",
            book.sessions(&order.number)
        );
        let kept = book.kept_captures(&order.number);
        assert_eq!(kept.len(), captures, "{kept:?}");
    }

    /// How many checkouts were ever opened.
    pub fn opened(&self, order: &Ordered) -> usize {
        self.book().sessions(&order.number).len()
    }
}
