//! Signing in.

use bayar_app::AddUser;
use bayar_app::identity::{Email, Role};
use serde_json::{Value, json};

use crate::support::{Answer, Server, get, post};

const EMAIL: &str = "patient@test.com";
const PASSWORD: &str = "correct horse battery staple";

fn with_a_patient(settings: &[(&str, &str)]) -> Server {
    let server = Server::with(settings);
    let wish = AddUser {
        email: Email::new(EMAIL).unwrap(),
        password: PASSWORD.to_owned(),
        role: Role::Customer,
    };
    server.wait(server.app().add_user(wish)).unwrap();
    server
}

fn login(server: &Server, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    post("/api/login").json(&body).send(server)
}

#[test]
fn whoever_signs_in_gets_a_token() {
    let server = with_a_patient(&[("JWT_TTL", "2h")]);
    let encoded = format!(
        "email=patient%40test.com&password={}",
        PASSWORD.replace(' ', "+")
    );
    let form = post("/api/login").body("application/x-www-form-urlencoded", encoded);
    for answer in [
        login(&server, EMAIL, PASSWORD),
        login(&server, "Patient@Test.com", PASSWORD),
        form.send(&server),
    ] {
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("set-cookie"), None);
        let json = answer.json();
        assert_eq!(json["token_type"], "Bearer");
        assert_eq!(json["expires_in"], 7_200);
        assert_eq!(json["user"]["email"], EMAIL);
        assert_eq!(json["user"]["role"], "customer");
        assert_eq!(json.as_object().unwrap().len(), 4, "{json}");
        assert!(!answer.text().contains(PASSWORD));
        let token = json["token"].as_str().unwrap();
        let list = get("/api/v1/payments").bearer(token).send(&server);
        assert_eq!(list.status, 200);
    }
}

#[test]
fn why_somebody_does_not_get_in_is_not_said() {
    let server = with_a_patient(&[]);
    let told = |answer: Answer| {
        let mut problem = answer.problem(401, "invalid_credentials");
        problem["request_id"] = Value::Null;
        problem
    };
    let wrong = told(login(&server, EMAIL, "wrong password"));
    for (email, password) in [
        ("nobody@test.com", PASSWORD),
        (EMAIL, "Correct horse battery staple"),
        (EMAIL, "correct horse battery staple "),
        (EMAIL, "x"),
        ("no address", PASSWORD),
        ("' OR 1=1 --", PASSWORD),
    ] {
        assert_eq!(told(login(&server, email, password)), wrong, "{email}");
    }
    let email = Email::new(EMAIL).unwrap();
    server
        .wait(server.app().set_user_disabled(&email, true))
        .unwrap();
    assert_eq!(told(login(&server, EMAIL, PASSWORD)), wrong);
}

#[test]
fn both_fields_are_texts() {
    let server = Server::start();
    let right = json!({ "email": EMAIL, "password": PASSWORD });
    let (long_address, long_password) = ("a".repeat(255), "p".repeat(1025));
    for (field, values) in [
        ("email", [json!(long_address), json!("a\u{0}@test.com")]),
        ("password", [json!(long_password), json!("a\u{0}b")]),
    ] {
        let others = [
            Value::Null,
            json!(""),
            json!(1),
            json!(true),
            json!([EMAIL]),
            json!({ "$ne": "" }),
        ];
        for value in values.into_iter().chain(others) {
            let mut body = right.clone();
            body[field] = value;
            let answer = post("/api/login").json(&body).send(&server);
            assert_eq!(answer.wrong_fields(), [field], "{body}");
        }
        let mut body = right.clone();
        body.as_object_mut().unwrap().remove(field);
        let answer = post("/api/login").json(&body).send(&server);
        assert_eq!(answer.wrong_fields(), [field]);
    }
    let mut body = right.clone();
    body["remember"] = json!(true);
    let answer = post("/api/login").json(&body).send(&server);
    assert_eq!(answer.wrong_fields(), ["remember"]);
}

#[test]
fn a_form_is_read_as_strictly() {
    let server = Server::start();
    let send = |form: &str| {
        let request = post("/api/login").body("application/x-www-form-urlencoded", form);
        request.send(&server)
    };
    assert_eq!(send("").wrong_fields(), ["email", "password"]);
    assert_eq!(
        send("email=&password=").wrong_fields(),
        ["email", "password"]
    );
    assert_eq!(send("email=a&password=b&x=1").wrong_fields(), ["x"]);
    assert_eq!(send("email=a%00&password=b").wrong_fields(), ["email"]);
    send("email=a&email=b&password=c").problem(400, "invalid_request");
    send("email=a&password=b&email=a").problem(400, "invalid_request");
    let bytes = post("/api/login").body("application/x-www-form-urlencoded", b"email=\xff");
    bytes.send(&server).problem(400, "invalid_request");
}

#[test]
fn tries_to_sign_in_are_limited() {
    let server = with_a_patient(&[("RATE_LIMIT_LOGIN", "3/min"), ("RATE_LIMIT_API", "100/min")]);
    for left in ["2", "1", "0"] {
        let answer = login(&server, EMAIL, "wrong password");
        answer.problem(401, "invalid_credentials");
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some(left));
    }
    // Not even the right password, nor another account: it is the place that is limited.
    for answer in [
        login(&server, EMAIL, PASSWORD),
        login(&server, "nobody@test.com", PASSWORD),
    ] {
        answer.problem(429, "rate_limited");
        assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
        assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(
            answer.header("x-ratelimit-reset"),
            answer.header("retry-after")
        );
    }
    // Everything else goes on.
    assert_eq!(get("/api/cart/count").send(&server).status, 200);
    let form = json!({ "email": EMAIL });
    assert_eq!(post("/api/login").json(&form).send(&server).status, 422);
}

#[test]
fn the_right_password_says_how_many_tries_are_left() {
    let server = with_a_patient(&[("RATE_LIMIT_LOGIN", "3/min"), ("RATE_LIMIT_API", "100/min")]);
    let answer = login(&server, EMAIL, PASSWORD);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-ratelimit-limit"), Some("3"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("2"));
}

/// Somebody at one of many places, whose proxy we trust.
fn login_from(server: &Server, place: usize, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    let request = post("/api/login").header("X-Forwarded-For", format!("192.0.2.{place}"));
    request.json(&body).send(server)
}

const ONE_TRY_EACH: &[(&str, &str)] = &[
    ("RATE_LIMIT_LOGIN", "1/min"),
    ("TRUSTED_PROXIES", "127.0.0.1"),
];

#[test]
fn guessing_one_account_from_many_places_is_limited_however_its_address_is_spelled() {
    let server = with_a_patient(ONE_TRY_EACH);
    let guess = |place, email: &str| login_from(&server, place, email, "wrong password");
    let spellings = [
        EMAIL,
        "PATIENT@test.com",
        " patient@test.com",
        "Patient@Test.Com  ",
    ];
    for (place, email) in (0..10).zip(spellings.into_iter().cycle()) {
        guess(place, email).problem(401, "invalid_credentials");
    }
    for (place, email) in (10..).zip(spellings) {
        guess(place, email).problem(429, "rate_limited");
    }
    guess(20, "somebody@test.com").problem(401, "invalid_credentials");
}

#[test]
fn tries_above_the_limit_of_their_place_shut_nobody_out_of_an_account() {
    let server = with_a_patient(ONE_TRY_EACH);
    let guess = || login_from(&server, 0, EMAIL, "wrong password");
    guess().problem(401, "invalid_credentials");
    for _ in 0..30 {
        guess().problem(429, "rate_limited");
    }
    let elsewhere = login_from(&server, 1, EMAIL, PASSWORD);
    assert_eq!(elsewhere.status, 200, "{}", elsewhere.text());
}
