//! What may stand in the fields of an order that is registered.

use serde_json::{Value, json};

use crate::support::{Answer, Person, Server, post};

const CONSULTATIONS: &str = "/api/v1/consultations";
const ORDERS: &str = "/api/v1/orders";

struct Shop {
    server: Server,
    patient: Person,
}

impl Shop {
    fn open() -> Self {
        let server = Server::start();
        let patient = server.customer();
        Self { server, patient }
    }

    fn consultation(&self) -> Value {
        json!({
            "consultation_id": self.server.fresh(),
            "patient_id": self.patient.id,
            "amount": "5000",
            "currency": "PHP",
            "description": "A consultation",
        })
    }

    fn order(&self) -> Value {
        json!({
            "user_id": self.patient.id,
            "currency": "IDR",
            "items": [
                { "name": "Vitamin C", "quantity": 2, "unit_amount": "25000" },
                { "name": "Masker", "quantity": 1, "unit_amount": 1000.5 },
            ],
            "external_ref": format!("cart-{}", self.server.fresh()),
            "description": "A cart",
        })
    }

    fn send(&self, path: &str, body: &Value) -> Answer {
        let request = post(path).bearer(self.server.service());
        request.json(body).send(&self.server)
    }

    /// Holds every value against one field, which may be one of the first item.
    fn assert_refuses(&self, path: &str, body: &Value, pointer: &str, values: &[Value]) {
        let field = pointer.trim_start_matches('/').replace('/', ".");
        for value in values {
            let mut body = body.clone();
            *body.pointer_mut(pointer).unwrap() = value.clone();
            let answer = self.send(path, &body);
            assert_eq!(answer.wrong_fields(), [field.as_str()], "{value}");
        }
    }

    fn assert_misses(&self, path: &str, body: &Value, field: &str, inside: &str) {
        let mut body = body.clone();
        let object = body.pointer_mut(inside).unwrap().as_object_mut().unwrap();
        assert!(object.remove(field).is_some());
        let place = inside.trim_start_matches('/').replace('/', ".");
        let dot = if place.is_empty() { "" } else { "." };
        let wrong = self.send(path, &body).wrong_fields();
        assert_eq!(wrong, [format!("{place}{dot}{field}")]);
    }
}

fn no_numbers() -> Vec<Value> {
    let huge = json!(u64::MAX);
    vec![
        Value::Null,
        json!(0),
        json!(-1),
        json!(1.0),
        json!(1.5),
        json!(1e3),
        huge,
        json!(""),
        json!("1"),
        json!("01"),
        json!("\u{661}"),
        json!("one"),
        json!(true),
        json!([1]),
        json!({ "id": 1 }),
    ]
}

fn no_texts() -> Vec<Value> {
    vec![
        json!(1),
        json!(1.5),
        json!(false),
        json!(["a"]),
        json!({ "a": 1 }),
        json!(""),
        json!("a\u{0}"),
        json!("a\nb"),
        json!("\u{7f}"),
        json!("\u{85}"),
    ]
}

fn no_amounts() -> Vec<Value> {
    let mut values = vec![
        Value::Null,
        json!(true),
        json!([5000]),
        json!({ "amount": 5000 }),
    ];
    for text in [
        "",
        " ",
        " 5000",
        "5000 ",
        "5,000",
        "5 000",
        "+5000",
        "-5000",
        "5e3",
        "05000",
        "5000.",
        ".5",
        "5000.0.0",
        "0x1388",
        "NaN",
        "٥٠٠٠",
        "5000\n",
        "5000\u{0}",
        "5000.001",
        "99999999999999999999",
    ] {
        values.push(json!(text));
    }
    values
}

fn no_currencies() -> Vec<Value> {
    let texts = ["Php", "PH", "XXX", " PHP", "PHP ", "₱", "PHP\u{0}", ""];
    let mut values: Vec<_> = texts.into_iter().map(Value::from).collect();
    values.extend([
        Value::Null,
        json!(608),
        json!(["PHP"]),
        json!("P".repeat(1000)),
    ]);
    values
}

#[test]
fn every_field_of_a_consultation_is_checked() {
    let shop = Shop::open();
    let body = shop.consultation();
    let refuses = |field: &str, values: &[Value]| {
        shop.assert_refuses(CONSULTATIONS, &body, field, values);
    };
    refuses("/consultation_id", &no_numbers());
    refuses("/patient_id", &no_numbers());
    refuses("/patient_id", &[json!(999_999)]);
    refuses("/amount", &no_amounts());
    refuses("/currency", &no_currencies());
    refuses("/description", &no_texts());
    refuses(
        "/description",
        &[json!("x".repeat(1001)), json!("ä".repeat(1001))],
    );
    for field in ["consultation_id", "patient_id", "amount", "currency"] {
        shop.assert_misses(CONSULTATIONS, &body, field, "");
    }
    // None of them has left anything behind.
    assert_eq!(shop.send(CONSULTATIONS, &body).status, 201);
}

#[test]
fn every_field_of_an_order_is_checked() {
    let shop = Shop::open();
    let body = shop.order();
    let refuses = |field: &str, values: &[Value]| {
        shop.assert_refuses(ORDERS, &body, field, values);
    };
    refuses("/user_id", &no_numbers());
    refuses("/user_id", &[json!(999_999)]);
    refuses("/currency", &no_currencies());
    refuses("/external_ref", &no_texts());
    refuses("/external_ref", &[Value::Null, json!("x".repeat(256))]);
    refuses("/description", &no_texts());
    refuses("/description", &[json!("x".repeat(1001))]);
    let item = json!({ "name": "a", "quantity": 1, "unit_amount": 1 });
    refuses(
        "/items",
        &[
            Value::Null,
            json!([]),
            json!("a"),
            json!(1),
            item.clone(),
            json!([1]),
            json!([null]),
            json!([item, "a"]),
            json!([[item]]),
            json!(vec![item; 101]),
        ],
    );
    refuses("/items/0/name", &no_texts());
    refuses("/items/0/name", &[Value::Null, json!("x".repeat(256))]);
    refuses("/items/0/quantity", &no_numbers());
    refuses("/items/0/quantity", &[json!(1_000_001), json!(u32::MAX)]);
    refuses("/items/0/unit_amount", &no_amounts());
    for field in ["user_id", "currency", "items", "external_ref"] {
        shop.assert_misses(ORDERS, &body, field, "");
    }
    for field in ["name", "quantity", "unit_amount"] {
        shop.assert_misses(ORDERS, &body, field, "/items/1");
    }
    let made = shop.send(ORDERS, &body).data(201);
    assert_eq!(made["amount"], "51000.50");
}

#[test]
fn a_price_keeps_within_the_limits() {
    let shop = Shop::open();
    let currencies = [
        ("PHP", "0", "1000", "10000000"),
        ("IDR", "0.01", "1000.00", "10000000.00"),
    ];
    for (currency, nothing, least, most) in currencies {
        for (amount, status) in [
            (nothing, 422),
            ("999.99", 422),
            (least, 201),
            (most, 201),
            ("10000000.01", 422),
            ("90000000000000000", 422),
        ] {
            let mut body = shop.consultation();
            body["amount"] = json!(amount);
            body["currency"] = json!(currency);
            let answer = shop.send(CONSULTATIONS, &body);
            assert_eq!(answer.status, status, "{amount} {currency}");
            if status == 422 {
                assert_eq!(answer.wrong_fields(), ["amount"]);
            }
        }
    }
    // A currency that has no limits is not taken.
    let mut body = shop.consultation();
    body["currency"] = json!("USD");
    assert_eq!(shop.send(CONSULTATIONS, &body).wrong_fields(), ["amount"]);
}

#[test]
fn the_lines_of_an_order_add_up_to_what_is_taken() {
    let shop = Shop::open();
    for (quantity, unit_amount, status) in [
        (1, "999.99", 422),
        (3, "333.33", 422),
        (3, "333.34", 201),
        (1_000_000, "10", 201),
        (1_000_000, "10.01", 422),
        (1_000_000, "90000000000000000", 422),
        (1, "0", 422),
    ] {
        let mut body = shop.order();
        let item = json!({ "name": "a", "quantity": quantity, "unit_amount": unit_amount });
        body["items"] = json!([item]);
        let answer = shop.send(ORDERS, &body);
        assert_eq!(
            answer.status,
            status,
            "{quantity} x {unit_amount}: {}",
            answer.text()
        );
        if status == 422 {
            assert_eq!(answer.wrong_fields(), ["items"]);
        }
    }
    // Each line is small enough, their sum is not.
    let mut body = shop.order();
    let item = json!({ "name": "a", "quantity": 1_000_000, "unit_amount": "90000000000" });
    body["items"] = json!(vec![item; 100]);
    assert_eq!(shop.send(ORDERS, &body).wrong_fields(), ["items"]);
}

#[test]
fn the_longest_texts_are_kept_as_they_are() {
    let shop = Shop::open();
    let mut body = shop.order();
    body["external_ref"] = json!("r".repeat(255));
    body["description"] = json!("ä".repeat(1000));
    body["items"][0]["name"] = json!("薬".repeat(255));
    let item = body["items"][0].clone();
    body["items"] = json!(vec![item; 20]);
    let made = shop.send(ORDERS, &body).data(201);
    for field in ["external_ref", "description"] {
        assert_eq!(made[field], body[field]);
    }
    assert_eq!(made["items"].as_array().unwrap().len(), 20);
    assert_eq!(made["items"][19]["name"], body["items"][0]["name"]);
}

#[test]
fn unknown_fields_of_an_order_are_refused() {
    let shop = Shop::open();
    for (path, mut body) in [(CONSULTATIONS, shop.consultation()), (ORDERS, shop.order())] {
        body["status"] = json!("completed");
        assert_eq!(shop.send(path, &body).wrong_fields(), ["status"]);
    }
    let mut body = shop.order();
    body["items"][1]["price"] = json!(1);
    assert_eq!(shop.send(ORDERS, &body).wrong_fields(), ["items.1.price"]);
    let twice = shop
        .order()
        .to_string()
        .replace(r#""name":"Masker""#, r#""name":"a","name":"b""#);
    let request = post(ORDERS).bearer(shop.server.service());
    let answer = request.body("application/json", twice).send(&shop.server);
    assert!([400, 422].contains(&answer.status), "{}", answer.text());
}
