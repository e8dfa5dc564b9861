//! A request with two faults hears about the one that is checked first.

use serde_json::{Value, json};

use crate::support::{Answer, Person, Request, Server, payment, post};

/// The checks of a new payment, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    /// 401
    NoToken,
    /// 401: genuine, and given out before its owner was shut out
    VoidToken,
    /// 413
    TooLarge,
    /// 422: the form of the request
    WrongForm,
    /// 422: the key was used for another body
    KeyReused,
    /// 404
    NoOrder,
    /// 403
    SomebodyElsesOrder,
    /// 409
    LivePayment,
    /// 409
    NotPayable,
    /// 422: the price
    WrongPrice,
    /// 422: the currency
    WrongCurrency,
    /// 422: the method
    WrongMethod,
}

use Fault::{
    KeyReused, LivePayment, NoOrder, NoToken, NotPayable, SomebodyElsesOrder, TooLarge, VoidToken,
    WrongCurrency, WrongForm, WrongMethod, WrongPrice,
};

const ALL: [Fault; 12] = [
    NoToken,
    VoidToken,
    TooLarge,
    WrongForm,
    KeyReused,
    NoOrder,
    SomebodyElsesOrder,
    LivePayment,
    NotPayable,
    WrongPrice,
    WrongCurrency,
    WrongMethod,
];

/// Those of which an order has one at most: it is not there, somebody else's, being paid, or over.
const ABOUT_THE_ORDER: [Fault; 4] = [NoOrder, SomebodyElsesOrder, LivePayment, NotPayable];

struct Shop {
    server: Server,
    patient: Person,
    /// A token of the patient's that counts no more.
    void_token: String,
    stranger: Person,
    /// The consultation whose payment bound the key `bound`.
    bound: i64,
}

impl Shop {
    fn open() -> Self {
        let server = Server::start();
        let (mut patient, stranger) = (server.customer(), server.customer());
        let void_token = patient.token.clone();
        server.end_tokens_of(&mut patient);
        let (request, body) = server.wish(&patient);
        let request = request.header("Idempotency-Key", "bound").json(&body);
        assert_eq!(request.send(&server).status, 201);
        let bound = body["consultation_id"].as_i64().unwrap();
        Self {
            server,
            patient,
            void_token,
            stranger,
            bound,
        }
    }

    fn consultation(&self, faults: &[Fault]) -> i64 {
        let server = &self.server;
        let owner = if faults.contains(&SomebodyElsesOrder) {
            &self.stranger
        } else {
            &self.patient
        };
        if faults.contains(&NoOrder) {
            return 999_999;
        }
        if faults.contains(&SomebodyElsesOrder) && faults.contains(&LivePayment) {
            return self.live(owner);
        }
        if faults.contains(&LivePayment) {
            return self.bound;
        }
        let id = server.consultation(owner, "5000", "PHP");
        if faults.contains(&NotPayable) {
            let order = server.register(&json!({
                "consultation_id": id, "patient_id": owner.id, "amount": 5000, "currency": "PHP",
            }));
            let number = order.data(200)["order_number"].clone();
            let path = format!("/api/v1/orders/{}/cancel", number.as_str().unwrap());
            let cancelled = post(&path).bearer(server.service()).send(server);
            assert_eq!(cancelled.data(200)["status"], "cancelled");
        }
        id
    }

    fn live(&self, owner: &Person) -> i64 {
        let (request, body) = self.server.wish(owner);
        assert_eq!(request.json(&body).send(&self.server).status, 201);
        body["consultation_id"].as_i64().unwrap()
    }

    fn request(&self, faults: &[Fault]) -> Request {
        let has = |fault| faults.contains(&fault);
        let mut body = json!({
            "consultation_id": self.consultation(faults),
            "amount": if has(WrongPrice) { 5001 } else { 5000 },
            "currency": if has(WrongCurrency) { "IDR" } else { "PHP" },
            "payment_method": if has(WrongMethod) { "midtrans" } else { "stripe" },
        });
        if has(WrongForm) {
            body["unknown"] = json!(1);
        }
        if has(TooLarge) {
            body["padding"] = Value::String("x".repeat(64 * 1024));
        }
        let request = if has(NoToken) {
            post("/api/v1/payments")
        } else if has(VoidToken) {
            payment(&self.void_token)
        } else {
            payment(&self.patient.token)
        };
        let key = if has(KeyReused) { "bound" } else { "free" };
        request.header("Idempotency-Key", key).json(&body)
    }
}

fn assert_hears_of(fault: Fault, answer: &Answer) {
    match fault {
        NoToken | VoidToken => drop(answer.problem(401, "unauthorized")),
        TooLarge => drop(answer.problem(413, "payload_too_large")),
        WrongForm => assert_eq!(answer.wrong_fields(), ["unknown"]),
        KeyReused => drop(answer.problem(422, "idempotency_key_reused")),
        NoOrder => drop(answer.problem(404, "order_not_found")),
        SomebodyElsesOrder => drop(answer.problem(403, "forbidden")),
        LivePayment => {
            assert_eq!(answer.status, 409, "{}", answer.text());
            let json = answer.json();
            assert_eq!(json["code"], "duplicate_payment");
            assert_eq!(json["data"]["same_key"], false);
        }
        NotPayable => drop(answer.problem(409, "order_not_payable")),
        WrongPrice => assert_eq!(answer.wrong_fields(), ["amount"]),
        WrongCurrency => assert_eq!(answer.wrong_fields(), ["currency"]),
        WrongMethod => assert_eq!(answer.wrong_fields(), ["payment_method"]),
    }
}

#[test]
fn each_fault_alone_is_told() {
    let shop = Shop::open();
    for fault in ALL {
        assert_hears_of(fault, &shop.request(&[fault]).send(&shop.server));
    }
}

#[test]
fn of_two_faults_the_earlier_one_is_told() {
    let shop = Shop::open();
    let mut pairs = 0;
    for (index, earlier) in ALL.into_iter().enumerate() {
        for later in ALL.into_iter().skip(index + 1) {
            let both_of_the_order =
                ABOUT_THE_ORDER.contains(&earlier) && ABOUT_THE_ORDER.contains(&later);
            // An order that is not there is nobody's, and one that is over is not being paid.
            let possible = earlier == SomebodyElsesOrder;
            if both_of_the_order && !possible {
                continue;
            }
            // Price and currency are one thing: whichever is told first.
            if (earlier, later) == (WrongPrice, WrongCurrency) {
                continue;
            }
            let answer = shop.request(&[earlier, later]).send(&shop.server);
            assert_hears_of(earlier, &answer);
            pairs += 1;
        }
    }
    assert_eq!(pairs, 61);
}

#[test]
fn all_faults_of_the_form_are_told_at_once() {
    let shop = Shop::open();
    let body = json!({
        "consultation_id": 0, "amount": "-1", "currency": 5, "payment_method": "", "x": 1, "y": 2,
        "user_id": "1", "idempotency_key": "",
    });
    let answer = payment(&shop.patient.token).json(&body).send(&shop.server);
    assert_eq!(
        answer.wrong_fields(),
        [
            "amount",
            "consultation_id",
            "currency",
            "idempotency_key",
            "payment_method",
            "user_id",
            "x",
            "y"
        ]
    );
}

#[test]
fn the_same_key_comes_before_everything_that_has_changed_since() {
    let shop = Shop::open();
    let server = &shop.server;
    let (request, body) = server.wish(&shop.patient);
    let request = request.header("Idempotency-Key", "k-1").json(&body);
    let first = request.send(server).data(201);
    let cancel = format!("/api/v1/payments/{}/cancel", first["payment_id"]);
    post(&cancel)
        .bearer(&shop.patient.token)
        .send(server)
        .data(200);
    let number = first["payment"]["order_number"].as_str().unwrap();
    let cancel = format!("/api/v1/orders/{number}/cancel");
    post(&cancel)
        .bearer(server.service())
        .send(server)
        .data(200);
    // The order takes no payment any more, and the key is answered all the same.
    assert_eq!(request.send(server).data(201), first);
}
