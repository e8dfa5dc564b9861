//! What a new payment is answered with, and what is found of it afterwards.

use serde_json::{Value, json};

use crate::support::{Server, get, payment};

fn names(value: &Value) -> Vec<&str> {
    let object = value.as_object().unwrap();
    object.keys().map(String::as_str).collect()
}

fn sorted<const N: usize>(mut names: [&str; N]) -> [&str; N] {
    names.sort_unstable();
    names
}

#[test]
fn a_new_payment_comes_with_its_papers() {
    let server = Server::with(&[("PUBLIC_URL", "https://pay.example.com")]);
    let patient = server.customer();
    let consultation = server.consultation(&patient, "5000", "PHP");

    let answer = payment(&patient.token)
        .json(&json!({
            "consultation_id": consultation,
            "amount": 5000,
            "payment_method": "stripe",
        }))
        .send(&server);

    assert_eq!(answer.json()["message"], "Pembayaran berhasil dibuat");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("idempotent-replayed"), None);
    let data = answer.data(201);
    let id = data["payment_id"].as_i64().unwrap();
    let location = format!("/api/v1/payments/{id}");
    assert_eq!(answer.header("location"), Some(location.as_str()));
    let url = data["process_url"].as_str().unwrap();
    let start = format!("https://pay.example.com/payment/{id}/process?ticket=");
    assert!(url.starts_with(&start) && url.len() > start.len(), "{url}");
    assert_eq!(data["type"], "new");
    assert_eq!(
        names(&data),
        sorted([
            "type",
            "payment_id",
            "payment",
            "invoice",
            "taxes",
            "process_url"
        ])
    );

    let made = &data["payment"];
    assert_eq!(
        names(made),
        sorted([
            "id",
            "user_id",
            "order_number",
            "consultation_id",
            "amount",
            "currency",
            "payment_method",
            "status",
            "created_at",
            "updated_at",
        ])
    );
    assert_eq!(made["id"], id);
    assert_eq!(made["user_id"], patient.id);
    assert_eq!(made["consultation_id"], consultation);
    assert_eq!(made["amount"], "5000.00");
    assert_eq!(made["currency"], "PHP");
    assert_eq!(made["payment_method"], "stripe");
    assert_eq!(made["status"], "pending");
    assert_eq!(made["created_at"], made["updated_at"]);

    let invoice = &data["invoice"];
    assert_eq!(invoice["payment_id"], id);
    assert_eq!(invoice["amount"], "5000.00");
    assert_eq!(invoice["status"], "pending");
    assert_eq!(invoice["issued_at"], made["created_at"]);
    let number = invoice["invoice_number"].as_str().unwrap();
    let moment = made["created_at"].as_str().unwrap();
    let digits = moment.split('.').next().unwrap();
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(number, format!("INV-{digits}-{id:06}"));

    let taxes = data["taxes"].as_array().unwrap();
    let told: Vec<_> = taxes
        .iter()
        .map(|tax| {
            assert_eq!(tax["payment_id"], id);
            assert_eq!(tax["status"], "pending");
            assert_eq!(
                names(tax),
                sorted([
                    "id",
                    "payment_id",
                    "tax_type",
                    "rate",
                    "tax_amount",
                    "status"
                ])
            );
            [&tax["tax_type"], &tax["rate"], &tax["tax_amount"]].map(|text| text.as_str().unwrap())
        })
        .collect();
    assert_eq!(told, [["VAT", "0.12", "600.00"], ["PPh", "0.15", "750.00"]]);
}

#[test]
fn what_was_answered_is_what_is_found() {
    let server = Server::start();
    let patient = server.customer();
    let made = server.pay(&patient);
    let id = &made["payment_id"];
    let read = |what: &str| {
        let answer = get(&format!("/api/v1/payments/{id}{what}")).bearer(&patient.token);
        let answer = answer.send(&server);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        answer.data(200)
    };
    assert_eq!(read(""), made["payment"]);
    assert_eq!(read("/invoice"), made["invoice"]);
    assert_eq!(read("/taxes"), made["taxes"]);
    let mut events = read("/events");
    let at = events[0]["at"].take();
    assert!(
        at.as_str() >= made["payment"]["created_at"].as_str(),
        "{at}"
    );
    let by = format!("user:{}", patient.id);
    assert_eq!(
        events,
        json!([{
            "payment_id": id, "version": 1, "from": null, "to": "pending", "by": by, "at": null,
        }])
    );
}

#[test]
fn an_order_is_paid_by_its_number_too() {
    let server = Server::start();
    let patient = server.customer();
    let consultation = server.consultation(&patient, "1500.50", "PHP");
    let order = server.register(&json!({
        "consultation_id": consultation, "patient_id": patient.id, "amount": "1500.5", "currency": "PHP",
    }));
    let number = order.data(200)["order_number"].clone();
    let made = payment(&patient.token)
        .json(&json!({ "order_number": number, "amount": "1500.50", "payment_method": "stripe" }))
        .send(&server)
        .data(201);
    assert_eq!(made["payment"]["order_number"], number);
    assert_eq!(made["payment"]["consultation_id"], consultation);
    assert_eq!(made["payment"]["amount"], "1500.50");
}

#[test]
fn rupiah_have_their_own_taxes_and_two_gateways() {
    let server = Server::start();
    let patient = server.customer();
    for method in ["stripe", "midtrans"] {
        let consultation = server.consultation(&patient, "150000", "IDR");
        let made = payment(&patient.token)
            .json(&json!({
                "consultation_id": consultation,
                "amount": 150_000,
                "currency": "IDR",
                "payment_method": method,
            }))
            .send(&server)
            .data(201);
        assert_eq!(made["payment"]["payment_method"], method);
        let taxes = made["taxes"].as_array().unwrap();
        let told: Vec<_> = taxes
            .iter()
            .map(|tax| [&tax["tax_type"], &tax["tax_amount"]].map(|text| text.as_str().unwrap()))
            .collect();
        // 12 % of eleven twelfths of the price, and 2 % of all of it.
        assert_eq!(told, [["PPN", "16500.00"], ["PPh", "3000.00"]]);
    }
}
