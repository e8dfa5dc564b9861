//! What may stand in the fields of a wish for a payment.

use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, payment};

pub(crate) struct Shop {
    server: Server,
    patient: Person,
    body: Value,
}

impl Shop {
    /// An order of 5000.00 PHP.
    pub(crate) fn open() -> Self {
        let server = Server::start();
        let patient = server.customer();
        let (_, body) = server.wish(&patient);
        Self {
            server,
            patient,
            body,
        }
    }

    fn ask(&self, body: &Value) -> Answer {
        payment(&self.patient.token).json(body).send(&self.server)
    }

    /// The wish with another value in one field, as it would be written in JSON.
    fn ask_written(&self, field: &str, written: &str) -> Answer {
        let mut fields: Vec<_> = self.body.as_object().unwrap().clone().into_iter().collect();
        fields.retain(|(name, _)| name != field);
        let fields = fields
            .iter()
            .map(|(name, value)| format!("{name:?}:{value}"));
        let others: String = fields.map(|field| format!("{field},")).collect();
        let body = format!("{{{others}{field:?}:{written}}}");
        let request = payment(&self.patient.token).body("application/json", body);
        request.send(&self.server)
    }

    pub(crate) fn assert_refuses(&self, field: &str, written: &[&str]) {
        for written in written {
            let answer = self.ask_written(field, written);
            assert_eq!(answer.wrong_fields(), [field], "{written}");
        }
        assert_eq!(self.server.payments_of(&self.patient.token), 0);
    }
}

/// What is neither a text nor a number.
pub(crate) const OTHER_KINDS: [&str; 6] =
    ["null", "true", "false", "[]", "[5000]", r#"{"value":5000}"#];

const NO_NUMBERS: [&str; 22] = [
    "0",
    "-0",
    "-1",
    "-5000",
    "1.0",
    "5000.0",
    "1e3",
    "5E3",
    "9223372036854775808",
    "18446744073709551616",
    "1000000000000000000000000000000000000000000",
    r#""""#,
    r#""5000""#,
    r#""05""#,
    r#"" 5""#,
    r#""5 ""#,
    r#""0x5""#,
    r#""NaN""#,
    r#""\u0665""#,
    r#""five""#,
    r#""5\u0000""#,
    r#""5\n""#,
];

#[test]
fn a_consultation_is_a_whole_number() {
    let shop = Shop::open();
    shop.assert_refuses("consultation_id", &NO_NUMBERS);
    shop.assert_refuses("consultation_id", &OTHER_KINDS);
}

#[test]
fn a_user_is_a_whole_number() {
    let shop = Shop::open();
    shop.assert_refuses("user_id", &NO_NUMBERS);
    shop.assert_refuses("user_id", &OTHER_KINDS[1..]);
}

#[test]
fn a_currency_is_a_code() {
    let shop = Shop::open();
    shop.assert_refuses(
        "currency",
        &[
            r#""""#,
            r#""Php""#,
            r#""pHP""#,
            r#""PH""#,
            r#""PHPP""#,
            r#"" PHP""#,
            r#""PHP ""#,
            r#""XXX""#,
            r#""₱""#,
            r#""PHP\u0000""#,
            "608",
        ],
    );
    shop.assert_refuses("currency", &OTHER_KINDS[1..]);
    // One that the order does not have.
    shop.assert_refuses("currency", &[r#""IDR""#, r#""USD""#, r#""JPY""#]);
    let long = format!("\"{}\"", "P".repeat(10_000));
    shop.assert_refuses("currency", &[&long]);
}

#[test]
fn a_currency_may_be_written_small() {
    let shop = Shop::open();
    let made = shop.ask_written("currency", r#""php""#).data(201);
    assert_eq!(made["payment"]["currency"], "PHP");
}

#[test]
fn a_method_is_a_gateway_that_takes_the_currency() {
    let shop = Shop::open();
    shop.assert_refuses(
        "payment_method",
        &[
            r#""""#,
            r#""Stripe""#,
            r#"" stripe""#,
            r#""stripe ""#,
            r#""paypal""#,
            r#""stripe\u0000""#,
            "1",
        ],
    );
    shop.assert_refuses("payment_method", &OTHER_KINDS);
    // Midtrans takes rupiah and nothing else.
    shop.assert_refuses("payment_method", &[r#""midtrans""#]);
}

#[test]
fn an_order_number_is_one_of_ours() {
    let shop = Shop::open();
    let mut body = shop.body.clone();
    body.as_object_mut().unwrap().remove("consultation_id");
    let long = "INV".repeat(200);
    for number in [
        json!(""),
        json!("5"),
        json!("INV"),
        json!("INV202507180407"),
        json!("INV202507180407-3c2a"),
        json!("inv202507180407-3C2A"),
        json!("INV202513180407-3C2A"),
        json!(" INV202507180407-3C2A"),
        json!("INV202507180407-3C2A "),
        json!("INV202507180407-3C2A\u{0}"),
        json!("INV٢٠٢٥٠٧١٨٠٤٠٧-3C2A"),
        json!("INV202507180407-3C2A' OR '1'='1"),
        json!(long),
        json!(5),
        json!(true),
        json!(["INV202507180407-3C2A"]),
        json!({ "number": "INV202507180407-3C2A" }),
    ] {
        body["order_number"] = number.clone();
        assert_eq!(shop.ask(&body).wrong_fields(), ["order_number"], "{number}");
    }
    body["order_number"] = json!("INV202507180407-3C2A");
    shop.ask(&body).problem(404, "order_not_found");
}

#[test]
fn every_field_that_is_needed_is_missed() {
    let shop = Shop::open();
    for field in ["consultation_id", "amount", "payment_method"] {
        let mut body = shop.body.clone();
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(shop.ask(&body).wrong_fields(), [field]);
    }
    let answer = shop.ask(&json!({}));
    let needed = ["amount", "consultation_id", "payment_method"];
    assert_eq!(answer.wrong_fields(), needed);
    // An application says who pays.
    let request = payment(shop.server.service()).json(&shop.body);
    assert_eq!(request.send(&shop.server).wrong_fields(), ["user_id"]);
}

#[test]
fn an_order_is_named_once() {
    let shop = Shop::open();
    let mut body = shop.body.clone();
    body["order_number"] = json!("INV202507180407-3C2A");
    let wrong = shop.ask(&body).wrong_fields();
    assert!(wrong.contains(&"order_number".to_owned()), "{wrong:?}");
    // Null is as good as nothing.
    body["order_number"] = Value::Null;
    assert_eq!(shop.ask(&body).status, 201);
}

#[test]
fn unknown_fields_are_refused() {
    let shop = Shop::open();
    let long = "x".repeat(1000);
    for name in [
        "x",
        "Amount",
        "amount ",
        "status",
        "id",
        "__proto__",
        "",
        "payment-method",
    ] {
        let mut body = shop.body.clone();
        body[name] = json!("1");
        assert_eq!(shop.ask(&body).wrong_fields(), [name]);
        // Not even as null.
        body[name] = Value::Null;
        assert_eq!(shop.ask(&body).wrong_fields(), [name]);
    }
    // Whoever sends a long name does not get it back.
    let mut body = shop.body.clone();
    body[&long] = json!(1);
    assert_eq!(shop.ask(&body).wrong_fields(), [&long[..64]]);
    assert_eq!(shop.server.payments_of(&shop.patient.token), 0);
}

#[test]
fn a_field_that_comes_twice_is_refused() {
    let shop = Shop::open();
    let id = &shop.body["consultation_id"];
    for twice in [
        format!(
            r#"{{"amount":5000,"amount":5000,"consultation_id":{id},"payment_method":"stripe"}}"#
        ),
        format!(
            r#"{{"amount":5000,"consultation_id":{id},"payment_method":"stripe","\u0061mount":1}}"#
        ),
        format!(
            r#"{{"amount":5000,"consultation_id":{id},"payment_method":"stripe","x":1,"x":1}}"#
        ),
    ] {
        let request = payment(&shop.patient.token).body("application/json", twice);
        request.send(&shop.server).problem(400, "invalid_request");
    }
    assert_eq!(shop.server.payments_of(&shop.patient.token), 0);
}

#[test]
fn the_answer_says_what_is_wrong_in_words() {
    let shop = Shop::open();
    let mut body = shop.body.clone();
    for (field, value, words) in [
        (
            "amount",
            json!("5000.001"),
            "An amount in PHP has at most 2 decimal places",
        ),
        (
            "amount",
            json!("999.99"),
            "The amount must be at least 1000.00 PHP",
        ),
        (
            "amount",
            json!("10000000.01"),
            "The amount must be at most 10000000.00 PHP",
        ),
        (
            "amount",
            json!("5001"),
            "The amount is not the price of the order",
        ),
        (
            "currency",
            json!("IDR"),
            "The currency is not that of the order",
        ),
        (
            "payment_method",
            json!("midtrans"),
            "This payment method does not take PHP",
        ),
    ] {
        let right = body[field].clone();
        body[field] = value;
        let request = payment(&shop.patient.token).header("Accept-Language", "en");
        let problem = request.json(&body).send(&shop.server);
        let problem = problem.problem(422, "validation_failed");
        assert_eq!(problem["errors"], json!({ field: [words] }));
        assert_eq!(problem["detail"], format!("{field}: {words}"));
        body[field] = right;
        if field == "currency" {
            body.as_object_mut().unwrap().remove(field);
        }
    }
}

#[test]
fn a_gateway_that_is_not_set_up_is_not_available() {
    let server = Server::with(&[("STRIPE_SECRET_KEY", "")]);
    let patient = server.customer();
    let (request, body) = server.wish(&patient);
    assert_eq!(
        request.json(&body).send(&server).wrong_fields(),
        ["payment_method"]
    );
}
