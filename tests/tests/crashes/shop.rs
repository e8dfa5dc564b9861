//! An installation with one customer and one application, before it meets its trouble.

use std::io;

use bayar_testkit::servers::FreshDatabase;
use bayar_tests::program::{
    Answer, Book, CURRENCY, Client, Installation, MIGRATIONS, Server, amount,
};
use serde_json::json;

pub const PRICE: i64 = 500_000;

/// A database with the tables of the program.
pub async fn database() -> FreshDatabase {
    FreshDatabase::new(MIGRATIONS, async |url| {
        Installation::on_postgres(url).migrate();
    })
    .await
}

pub struct Shop {
    pub installation: Installation,
    customer: Client,
    customer_id: i64,
    service: Client,
    consultations: i64,
}

impl Shop {
    /// Opens the shop with a server of that installation, whose tables are there.
    pub async fn open(installation: Installation, server: &Server) -> Self {
        let (customer_id, customer) = installation.customer("buyer@example.com", server).await;
        Self {
            service: installation.service("shop", server),
            customer,
            customer_id,
            installation,
            consultations: 0,
        }
    }

    /// Opens the shop, and stops the server that this needs.
    pub async fn prepare(installation: Installation) -> Self {
        let server = installation.serve().await;
        let shop = Self::open(installation, &server).await;
        assert_eq!(server.stop().await.status.code(), Some(0));
        shop
    }

    /// Registers the fee of a new consultation. Answers its number.
    pub async fn order(&mut self, server: &Server) -> i64 {
        self.consultations += 1;
        let wish = json!({
            "consultation_id": self.consultations,
            "patient_id": self.customer_id,
            "amount": amount(PRICE),
            "currency": CURRENCY,
        });
        let service = self.service.at(server.address);
        let answer = service.post("/api/v1/consultations", &[], &wish).await;
        let answer = answer.expect("an answer about the order");
        assert_eq!(answer.status, 201, "{}", answer.text);
        self.consultations
    }

    /// Asks for a payment.
    pub async fn ask(&self, server: &Server, consultation: i64, key: &str) -> io::Result<Answer> {
        let customer = self.customer.at(server.address);
        ask(&customer, consultation, key).await
    }

    /// Somebody who can be sent to another task.
    pub fn customer(&self, server: &Server) -> Client {
        self.customer.at(server.address)
    }

    /// Calls a payment off.
    pub async fn cancel(&self, server: &Server, payment: i64) -> io::Result<Answer> {
        let customer = self.customer.at(server.address);
        let path = format!("/api/v1/payments/{payment}/cancel");
        customer.post(&path, &[], &json!({})).await
    }

    /// What is stored about an order while a server runs.
    pub async fn book(&self, consultation: i64) -> Book {
        let store = self.installation.store().await;
        store.of_consultations(&[consultation]).await
    }

    /// The same request again gives the one payment, and another one hears of it.
    pub async fn must_have_one_payment(&self, server: &Server, consultation: i64, key: &str) {
        let again = self.ask(server, consultation, key).await;
        let again = again.expect("an answer to the same request");
        assert_eq!(again.status, 201, "{}", again.text);
        assert_eq!(again.header("Idempotent-Replayed"), Some("true"));
        let payment = again.number("/data/payment_id");

        let other = self
            .ask(server, consultation, &format!("{key}-other"))
            .await;
        let other = other.expect("an answer to another request");
        assert_eq!(other.status, 409, "{}", other.text);
        assert_eq!(other.number("/data/payment_id"), payment);

        let book = self.book(consultation).await;
        book.must_be_whole();
        let ids: Vec<_> = book.payments.iter().map(|payment| payment.id).collect();
        assert_eq!(ids, [payment], "{book:#?}");
    }
}

/// Asks for a payment.
pub async fn ask(customer: &Client, consultation: i64, key: &str) -> io::Result<Answer> {
    let wish = json!({
        "consultation_id": consultation,
        "amount": amount(PRICE),
        "payment_method": "stripe",
    });
    let headers = [("Idempotency-Key", key)];
    customer.post("/api/v1/payments", &headers, &wish).await
}
