//! Bodies that are no request, whatever stands in their fields.

use serde_json::json;

use crate::support::{Answer, Person, Request, Server, exchange, payment, post};

const LARGEST: usize = 64 * 1024;

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

    /// Every call that takes a body, by somebody who may make it.
    fn calls(&self) -> [Request; 4] {
        let service = self.server.service();
        [
            payment(&self.patient.token),
            post("/api/v1/consultations").bearer(service),
            post("/api/v1/orders").bearer(service),
            post("/api/login"),
        ]
    }

    fn assert_all(&self, body: &[u8], assert: impl Fn(&Answer)) {
        for call in self.calls() {
            assert(&call.body("application/json", body).send(&self.server));
        }
        assert_eq!(self.server.payments_of(&self.patient.token), 0);
    }
}

#[test]
fn what_is_no_object_of_json_cannot_be_read() {
    let shop = Shop::open();
    for body in [
        &b""[..],
        b" ",
        b"null",
        b"5000",
        b"\"text\"",
        b"[]",
        b"[{}]",
        b"{",
        b"{\"amount\"",
        b"{\"amount\":",
        b"{\"amount\":5000",
        b"{\"amount\":5000,",
        b"{\"amount\":5000}}",
        b"{\"amount\":5000} {}",
        b"{\"amount\":05000}",
        b"{\"amount\":+5000}",
        b"{\"amount\":.5}",
        b"{\"amount\":5.}",
        b"{\"amount\":NaN}",
        b"{\"amount\":0x5}",
        b"{'amount':5000}",
        b"{amount:5000}",
        b"{\"amount\":\"5000\x00\"}",
        b"{\"amount\":\"50\n00\"}",
        b"{\"amount\":\"\\ud800\"",
        b"{\"amount\":5000,}",
        b"{\"amount\":5000}//",
        b"\xef\xbb\xbf{\"amount\":5000}",
        b"amount=5000",
        b"<amount>5000</amount>",
    ] {
        shop.assert_all(body, |answer| {
            answer.problem(400, "invalid_request");
        });
    }
}

#[test]
fn what_is_not_utf8_cannot_be_read() {
    let shop = Shop::open();
    for body in [
        &b"\xff"[..],
        b"{\"amount\":\"\xff\"}",
        b"{\"\xc3\x28\":1}",
        b"{\"amount\":\"\xed\xa0\x80\"}",
        b"\xff\xfe{\x00}\x00",
    ] {
        shop.assert_all(body, |answer| {
            answer.problem(400, "invalid_request");
        });
    }
}

#[test]
fn half_a_character_is_no_text() {
    let shop = Shop::open();
    let answer = payment(&shop.patient.token)
        .body(
            "application/json",
            r#"{"consultation_id":1,"amount":5000,"payment_method":"\ud800"}"#,
        )
        .send(&shop.server);
    assert_eq!(answer.wrong_fields(), ["payment_method"]);
}

#[test]
fn a_body_holds_64_kib_and_not_a_byte_more() {
    let shop = Shop::open();
    // Spaces mean nothing in JSON, so that these are requests with all fields missing.
    let fits = format!("{{{}}}", " ".repeat(LARGEST - 2));
    shop.assert_all(fits.as_bytes(), |answer| {
        assert!(!answer.wrong_fields().is_empty());
    });
    let larger = format!("{fits} ");
    shop.assert_all(larger.as_bytes(), |answer| {
        answer.problem(413, "payload_too_large");
    });
}

#[test]
fn a_body_in_chunks_holds_no_more() {
    let shop = Shop::open();
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    for (chunks, too_large) in [(4, false), (5, true)] {
        let head = payment(&shop.patient.token)
            .header("Content-Type", "application/json")
            .header("Transfer-Encoding", "chunked");
        let mut bytes = head.bytes();
        bytes.extend_from_slice(chunk.repeat(chunks).as_bytes());
        bytes.extend_from_slice(b"0\r\n\r\n");
        let answer = exchange(&shop.server, &bytes);
        if too_large {
            answer.problem(413, "payload_too_large");
        } else {
            answer.problem(400, "invalid_request");
        }
    }
}

#[test]
fn a_body_that_says_it_is_too_large_is_refused_unread() {
    let shop = Shop::open();
    let head = payment(&shop.patient.token)
        .header("Content-Type", "application/json")
        .header("Content-Length", "10000000000");
    exchange(&shop.server, &head.bytes()).problem(413, "payload_too_large");
}

#[test]
fn brackets_in_brackets_do_no_harm() {
    let shop = Shop::open();
    let nested = |depth: usize, open: &str, close: &str| {
        let (open, close) = (open.repeat(depth), close.repeat(depth));
        format!("{open}1{close}")
    };
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let depth = 60_000 / (open.len() + close.len());
        let deep = nested(depth, open, close);
        for field in [
            "amount",
            "consultation_id",
            "payment_method",
            "x",
            "items",
            "email",
        ] {
            let body = format!("{{{field:?}:{deep}}}");
            shop.assert_all(body.as_bytes(), |answer| {
                answer.problem(422, "validation_failed");
            });
        }
        // Never closed.
        let body = format!(r#"{{"items":{}"#, open.repeat(60_000 / open.len()));
        shop.assert_all(body.as_bytes(), |answer| {
            answer.problem(400, "invalid_request");
        });
    }
    shop.assert_all("[".repeat(60_000).as_bytes(), |answer| {
        answer.problem(400, "invalid_request");
    });
    let body = "[".repeat(100_000);
    shop.assert_all(body.as_bytes(), |answer| {
        answer.problem(413, "payload_too_large");
    });
}

#[test]
fn very_many_fields_do_no_harm() {
    let shop = Shop::open();
    let fields: Vec<_> = (0..6_000).map(|number| format!("\"{number}\":0")).collect();
    let body = format!("{{{}}}", fields.join(","));
    assert!(body.len() < LARGEST);
    shop.assert_all(body.as_bytes(), |answer| {
        let wrong = answer.wrong_fields();
        assert!(wrong.len() >= 6_000, "{}", wrong.len());
    });
}

#[test]
fn another_format_is_refused() {
    let shop = Shop::open();
    let (_, body) = shop.server.wish(&shop.patient);
    for content_type in [
        "text/plain",
        "text/json",
        "application/xml",
        "application/jsonp",
        "application/json-patch+json",
        "application/problem+json",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "json",
        "",
        "*/*",
    ] {
        for call in shop.calls() {
            let answer = call.body(content_type, body.to_string()).send(&shop.server);
            answer.problem(415, "unsupported_media_type");
        }
    }
    for call in shop.calls() {
        let answer = call.bare_body(body.to_string()).send(&shop.server);
        answer.problem(415, "unsupported_media_type");
    }
    assert_eq!(shop.server.payments_of(&shop.patient.token), 0);
}

#[test]
fn a_form_is_taken_for_signing_in_only() {
    let shop = Shop::open();
    for (index, call) in shop.calls().into_iter().enumerate() {
        let form = "amount=5000&consultation_id=1&payment_method=stripe";
        let answer = call.body("application/x-www-form-urlencoded", form);
        let answer = answer.send(&shop.server);
        if index == 3 {
            let wrong = answer.wrong_fields();
            assert_eq!(
                wrong,
                [
                    "amount",
                    "consultation_id",
                    "email",
                    "password",
                    "payment_method"
                ]
            );
        } else {
            answer.problem(415, "unsupported_media_type");
        }
    }
}

#[test]
fn json_may_name_its_letters() {
    let shop = Shop::open();
    for content_type in [
        "application/json; charset=utf-8",
        "Application/JSON",
        "application/json ; charset=UTF-8",
    ] {
        let (request, body) = shop.server.wish(&shop.patient);
        let answer = request.body(content_type, body.to_string());
        assert_eq!(answer.send(&shop.server).status, 201, "{content_type}");
    }
}

#[test]
fn a_body_that_never_ends_is_not_waited_for() {
    let server = Server::with(&[("REQUEST_TIMEOUT", "200ms"), ("LOCK_TRIES", "1")]);
    let patient = server.customer();
    let body = json!({ "consultation_id": 1, "amount": 5000, "payment_method": "stripe" });
    let whole = payment(&patient.token).json(&body).bytes();
    let answer = exchange(&server, &whole[..whole.len() - 1]);
    answer.problem(503, "request_timeout");
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(server.payments_of(&patient.token), 0);
}
