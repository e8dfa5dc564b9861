//! The life of an order.

use bayar_domain::OrderNumber;
use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, eventually, get, payment, post};

struct Shop {
    server: Server,
    patient: Person,
}

impl Shop {
    fn open() -> Self {
        Self::with(&[])
    }

    fn with(settings: &[(&str, &str)]) -> Self {
        let server = Server::with(settings);
        let patient = server.customer();
        Self { server, patient }
    }

    fn fee(&self, id: i64, amount: &str) -> Value {
        json!({
            "consultation_id": id, "patient_id": self.patient.id, "amount": amount, "currency": "PHP",
        })
    }

    fn goods(&self, reference: &str) -> Value {
        json!({
            "user_id": self.patient.id,
            "currency": "IDR",
            "items": [
                { "name": "Vitamin C", "quantity": 2, "unit_amount": "25000" },
                { "name": "Masker", "quantity": 1, "unit_amount": 1000 },
            ],
            "external_ref": reference,
        })
    }

    fn register_goods(&self, body: &Value) -> Answer {
        let request = post("/api/v1/orders").bearer(self.server.service());
        request.json(body).send(&self.server)
    }

    fn pay(&self, id: i64, amount: &str) -> Answer {
        let body = json!({ "consultation_id": id, "amount": amount, "payment_method": "stripe" });
        payment(&self.patient.token).json(&body).send(&self.server)
    }

    fn end(&self, number: &Value, how: &str) -> Answer {
        let path = format!("/api/v1/orders/{}/{how}", number.as_str().unwrap());
        post(&path).bearer(self.server.service()).send(&self.server)
    }

    fn order(&self, number: &Value) -> Value {
        let path = format!("/api/v1/orders/{}", number.as_str().unwrap());
        let answer = get(&path).bearer(&self.patient.token).send(&self.server);
        answer.data(200)
    }
}

#[test]
fn a_consultation_is_registered_once() {
    let shop = Shop::open();
    let mut body = shop.fee(5, "5000");
    body["description"] = json!("Konsultasi dengan dokter");
    let first = shop.server.register(&body).data(201);
    assert_eq!(first["kind"], "consultation");
    assert_eq!(first["consultation_id"], 5);
    assert_eq!(first["external_ref"], Value::Null);
    assert_eq!(first["user_id"], shop.patient.id);
    assert_eq!(
        (&first["amount"], &first["currency"]),
        (&json!("5000.00"), &json!("PHP"))
    );
    assert_eq!(first["status"], "pending");
    assert_eq!(first["description"], "Konsultasi dengan dokter");
    assert_eq!(first["items"], json!([]));
    assert_eq!(first["live_payment_id"], Value::Null);
    let number = first["order_number"].as_str().unwrap();
    assert!(number.parse::<OrderNumber>().is_ok(), "{number}");
    for amount in [json!("5000.00"), json!(5000), json!("5000.0")] {
        body["amount"] = amount;
        assert_eq!(shop.server.register(&body).data(200), first);
    }
    assert_eq!(shop.order(&first["order_number"]), first);
}

#[test]
fn another_price_replaces_the_old_one_while_nobody_pays() {
    let shop = Shop::open();
    let first = shop.server.register(&shop.fee(5, "5000")).data(201);
    let answer = shop.server.register(&shop.fee(5, "6000"));
    let second = answer.data(200);
    assert_eq!(answer.json()["message"], "Harga pesanan berhasil diganti");
    assert_eq!(second["order_number"], first["order_number"]);
    assert_eq!(second["amount"], "6000.00");
    // What the buyer was shown before is the price no more.
    assert_eq!(shop.pay(5, "5000").wrong_fields(), ["amount"]);
    let made = shop.pay(5, "6000").data(201);
    assert_eq!(
        shop.order(&first["order_number"])["live_payment_id"],
        made["payment_id"]
    );
}

#[test]
fn a_price_stays_while_somebody_pays() {
    let shop = Shop::open();
    shop.server.register(&shop.fee(5, "5000"));
    let made = shop.pay(5, "5000").data(201);
    shop.server
        .register(&shop.fee(5, "6000"))
        .problem(409, "order_has_live_payment");
    // The same price is the same registration.
    let same = shop.server.register(&shop.fee(5, "5000")).data(200);
    assert_eq!(same["live_payment_id"], made["payment_id"]);

    let cancel = post(&format!("/api/v1/payments/{}/cancel", made["payment_id"]));
    cancel
        .bearer(&shop.patient.token)
        .send(&shop.server)
        .data(200);
    let repriced = shop.server.register(&shop.fee(5, "6000")).data(200);
    assert_eq!(
        (&repriced["amount"], &repriced["live_payment_id"]),
        (&json!("6000.00"), &Value::Null)
    );
    assert_eq!(shop.pay(5, "6000").status, 201);
}

#[test]
fn a_consultation_keeps_its_patient_and_its_currency() {
    let shop = Shop::open();
    let other = shop.server.customer();
    shop.server.register(&shop.fee(5, "5000"));
    for (field, value) in [("patient_id", json!(other.id)), ("currency", json!("IDR"))] {
        let mut body = shop.fee(5, "5000");
        body[field] = value;
        shop.server
            .register(&body)
            .problem(409, "order_exists_otherwise");
    }
    assert_eq!(shop.server.register(&shop.fee(5, "5000")).status, 200);
}

#[test]
fn an_order_that_is_over_keeps_its_price() {
    let shop = Shop::open();
    let first = shop.server.register(&shop.fee(5, "5000")).data(201);
    shop.end(&first["order_number"], "cancel").data(200);
    shop.server
        .register(&shop.fee(5, "6000"))
        .problem(409, "order_not_repriceable");
    assert_eq!(
        shop.server.register(&shop.fee(5, "5000")).data(200)["status"],
        "cancelled"
    );
    shop.pay(5, "5000").problem(409, "order_not_payable");
}

#[test]
fn goods_are_registered_once_for_each_reference() {
    let shop = Shop::open();
    let mut body = shop.goods("cart-1");
    let first = shop.register_goods(&body).data(201);
    assert_eq!(first["kind"], "checkout");
    assert_eq!(first["external_ref"], "cart-1");
    assert_eq!(first["consultation_id"], Value::Null);
    assert_eq!(
        (&first["amount"], &first["currency"]),
        (&json!("51000.00"), &json!("IDR"))
    );
    assert_eq!(
        first["items"],
        json!([
            { "name": "Vitamin C", "quantity": 2, "unit_amount": "25000.00" },
            { "name": "Masker", "quantity": 1, "unit_amount": "1000.00" },
        ])
    );
    assert_eq!(shop.register_goods(&body).data(200), first);
    // The same in other words.
    body["items"][0]["unit_amount"] = json!(25000);
    assert_eq!(shop.register_goods(&body).data(200), first);
    let second = shop.register_goods(&shop.goods("cart-2")).data(201);
    assert_ne!(second["order_number"], first["order_number"]);
}

#[test]
fn a_reference_stands_for_one_order() {
    let shop = Shop::open();
    let other = shop.server.customer();
    shop.register_goods(&shop.goods("cart-1")).data(201);
    for (pointer, value) in [
        ("/user_id", json!(other.id)),
        ("/currency", json!("PHP")),
        ("/items/0/quantity", json!(3)),
        ("/items/0/unit_amount", json!("25001")),
        ("/items/0/name", json!("Vitamin D")),
    ] {
        let mut body = shop.goods("cart-1");
        *body.pointer_mut(pointer).unwrap() = value;
        shop.register_goods(&body)
            .problem(409, "order_exists_otherwise");
    }
    let mut body = shop.goods("cart-1");
    body["items"].as_array_mut().unwrap().reverse();
    shop.register_goods(&body)
        .problem(409, "order_exists_otherwise");
    body["items"].as_array_mut().unwrap().pop();
    shop.register_goods(&body)
        .problem(409, "order_exists_otherwise");
}

#[test]
fn an_order_is_registered_once_however_many_ask_at_once() {
    let shop = Shop::open();
    let statuses = |ask: &(dyn Fn() -> Answer + Sync)| {
        let mut answers: Vec<_> = std::thread::scope(|scope| {
            let asking: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            asking
                .into_iter()
                .map(|asking| asking.join().unwrap())
                .collect()
        });
        let numbers = answers
            .iter()
            .map(|answer: &Answer| answer.json()["data"]["order_number"].to_string());
        let numbers: std::collections::BTreeSet<_> = numbers.collect();
        assert_eq!(numbers.len(), 1, "{numbers:?}");
        answers.sort_unstable_by_key(|answer| answer.status);
        answers
            .iter()
            .map(|answer| answer.status)
            .collect::<Vec<_>>()
    };
    let once = [200, 200, 200, 200, 200, 200, 200, 201];
    assert_eq!(
        statuses(&|| shop.server.register(&shop.fee(5, "5000"))),
        once
    );
    assert_eq!(
        statuses(&|| shop.register_goods(&shop.goods("cart-1"))),
        once
    );
}

#[test]
fn an_order_is_called_off_once() {
    let shop = Shop::open();
    let number = shop.server.register(&shop.fee(5, "5000")).data(201)["order_number"].clone();
    let cancelled = shop.end(&number, "cancel").data(200);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(shop.end(&number, "cancel").data(200), cancelled);
    shop.end(&number, "complete")
        .problem(409, "order_not_completable");
    shop.pay(5, "5000").problem(409, "order_not_payable");
    assert_eq!(shop.server.payments_of(&shop.patient.token), 0);
}

#[test]
fn an_order_that_somebody_pays_is_not_called_off() {
    let shop = Shop::open();
    let number = shop.server.register(&shop.fee(5, "5000")).data(201)["order_number"].clone();
    let made = shop.pay(5, "5000").data(201);
    shop.end(&number, "cancel")
        .problem(409, "order_has_live_payment");
    assert_eq!(shop.order(&number)["status"], "pending");
    let cancel = post(&format!("/api/v1/payments/{}/cancel", made["payment_id"]));
    cancel
        .bearer(&shop.patient.token)
        .send(&shop.server)
        .data(200);
    assert_eq!(shop.end(&number, "cancel").data(200)["status"], "cancelled");
}

#[test]
fn an_order_that_is_not_paid_is_not_complete() {
    let shop = Shop::open();
    let number = shop.server.register(&shop.fee(5, "5000")).data(201)["order_number"].clone();
    shop.end(&number, "complete")
        .problem(409, "order_not_completable");
    shop.pay(5, "5000").data(201);
    let answer = shop.end(&number, "complete");
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(shop.order(&number)["status"], "pending");
}

#[test]
fn a_payment_whose_time_is_over_holds_no_order() {
    let shop = Shop::with(&[("PAYMENT_TTL", "1s")]);
    let status_of = |made: &Value| {
        let path = format!("/api/v1/payments/{}", made["payment_id"]);
        get(&path)
            .bearer(&shop.patient.token)
            .send(&shop.server)
            .data(200)["status"]
            .clone()
    };
    shop.server.register(&shop.fee(5, "5000"));
    let made = shop.pay(5, "5000").data(201);
    let repriced = eventually("the price is free", || {
        let answer = shop.server.register(&shop.fee(5, "6000"));
        (answer.status != 409).then_some(answer)
    });
    assert_eq!(repriced.data(200)["amount"], "6000.00");
    assert_eq!(status_of(&made), "expired");

    let made = shop.pay(5, "6000").data(201);
    let number = &made["payment"]["order_number"];
    let cancelled = eventually("the order is free", || {
        let answer = shop.end(number, "cancel");
        (answer.status != 409).then_some(answer)
    });
    assert_eq!(cancelled.data(200)["status"], "cancelled");
    assert_eq!(status_of(&made), "expired");
}
