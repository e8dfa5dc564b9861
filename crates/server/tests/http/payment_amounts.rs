//! What an amount is.

use serde_json::json;

use crate::payment_fields::{OTHER_KINDS, Shop};
use crate::support::{Server, payment};

const NO_AMOUNTS: [&str; 30] = [
    "-5000",
    "-0",
    "5e3",
    "5E3",
    "5000e0",
    "5000.0e0",
    "1e400",
    r#""""#,
    r#"" ""#,
    r#"" 5000""#,
    r#""5000 ""#,
    r#""5 000""#,
    r#""5,000""#,
    r#""5.000,00""#,
    r#""+5000""#,
    r#""-5000""#,
    r#""5e3""#,
    r#""0x1388""#,
    r#""05000""#,
    r#""005000.00""#,
    r#""5000.""#,
    r#"".5""#,
    r#"".""#,
    r#""5000.0.0""#,
    r#""NaN""#,
    r#""Infinity""#,
    r#""\u0665\u0660\u0660\u0660""#,
    r#""\uff15\uff10\uff10\uff10""#,
    r#""5000\u0000""#,
    r#""5000\n""#,
];

#[test]
fn an_amount_is_digits_with_at_most_one_point() {
    let shop = Shop::open();
    shop.assert_refuses("amount", &NO_AMOUNTS);
    shop.assert_refuses("amount", &OTHER_KINDS);
    let long = format!("\"{}\"", "5".repeat(33));
    let longer = format!("5000.{}", "0".repeat(10_000));
    shop.assert_refuses("amount", &[&long, &longer]);
}

#[test]
fn an_amount_is_the_price() {
    let shop = Shop::open();
    shop.assert_refuses(
        "amount",
        &[
            "0",
            "0.00",
            r#""0""#,
            "1",
            "4999.99",
            "5000.01",
            "5001",
            "50000",
            "500000",
            "5000.001",
            "5000.000",
            r#""5000.009""#,
            "999.99",
            "10000000.01",
            "10000001",
            "92233720368547758.08",
            "99999999999999999999999999999999",
        ],
    );
}

#[test]
fn an_amount_is_never_read_through_a_float() {
    let server = Server::with(&[("AMOUNT_LIMITS", "PHP=1000:90000000000000")]);
    let patient = server.customer();
    // ...991.23 and ...991.24 are one and the same double.
    let price = "79999999999991.23";
    let id = server.consultation(&patient, price, "PHP");
    let ask = |amount: &str| {
        let body =
            format!(r#"{{"consultation_id":{id},"amount":{amount},"payment_method":"stripe"}}"#);
        let request = payment(&patient.token).body("application/json", body);
        request.send(&server)
    };
    for near in [
        "79999999999991.24",
        "79999999999991.22",
        "79999999999991.234375",
    ] {
        assert_eq!(ask(near).wrong_fields(), ["amount"], "{near}");
    }
    assert_eq!(ask(price).data(201)["payment"]["amount"], price);
}

#[test]
fn midtrans_takes_whole_rupiah_only() {
    let server = Server::start();
    let patient = server.customer();
    let id = server.consultation(&patient, "1500.50", "IDR");
    let ask = |method: &str| {
        let body = json!({ "consultation_id": id, "amount": "1500.50", "payment_method": method });
        payment(&patient.token).json(&body).send(&server)
    };
    assert_eq!(ask("midtrans").wrong_fields(), ["amount"]);
    assert_eq!(ask("stripe").status, 201);
}
