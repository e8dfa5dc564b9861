//! What proves who is asking, and what does not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bayar_app::identity::{Email, Role};
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{JWT_SECRET, Person, Request, SERVICE_KEY_NAME, Server, get, payment, post};

const LIST: &str = "/api/v1/payments";

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let signed = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(claims.to_string())
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let signature = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}

fn header() -> Value {
    json!({ "alg": "HS256", "typ": "JWT" })
}

/// What stands in a token that is good.
fn claims_of(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    let claims = URL_SAFE_NO_PAD.decode(claims).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

fn assert_refused(server: &Server, request: Request, what: &str) {
    let answer = request.send(server);
    assert_eq!(answer.status, 401, "{what}");
    answer.problem(401, "unauthorized");
}

fn assert_in(server: &Server, token: &str) {
    let answer = get(LIST).bearer(token).send(server);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn what_is_no_proof_is_refused() {
    let server = Server::start();
    let Person { token, .. } = server.customer();
    assert_refused(&server, get(LIST), "nothing");
    for value in [
        String::new(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer{token}"),
        format!("Basic {token}"),
        "Basic cGF0aWVudDpwYXNzd29yZA==".to_owned(),
        format!("Token {token}"),
        format!("Bearer Bearer {token}"),
        format!("Bearer {token}, Bearer {token}"),
        format!("Bearer {token} {token}"),
        format!("Bearer \"{token}\""),
        token.clone(),
        "Bearer null".to_owned(),
        "Bearer ..".to_owned(),
        format!("Bearer {}", "a".repeat(5_000)),
    ] {
        assert_refused(&server, get(LIST).header("Authorization", &value), &value);
    }
    let bytes = get(LIST).header("Authorization", b"Bearer \xff\xfe");
    assert_refused(&server, bytes, "bytes");
    // Of two proofs nobody knows which one counts.
    let twice = get(LIST).bearer(&token).bearer(&token);
    assert_refused(&server, twice, "two headers");
    let two = get(LIST).bearer(server.service()).bearer(&token);
    assert_refused(&server, two, "two callers");
    // Never a cookie, never a part of the address.
    let cookie = get(LIST).header(
        "Cookie",
        format!("token={token}; Authorization=Bearer {token}"),
    );
    assert_refused(&server, cookie, "a cookie");
    let address = get(&format!("{LIST}?access_token={token}&token={token}"));
    assert_refused(&server, address, "the address");
}

#[test]
fn the_scheme_is_written_in_any_letters() {
    let server = Server::start();
    let Person { token, .. } = server.customer();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let request = get(LIST).header("Authorization", format!("{scheme} {token}"));
        assert_eq!(request.send(&server).status, 200, "{scheme}");
    }
}

#[test]
fn a_forged_token_is_refused() {
    let server = Server::start();
    let person = server.customer();
    let claims = claims_of(&person.token);
    let parts: Vec<_> = person.token.split('.').collect();
    let (now, none) = (
        claims["iat"].as_i64().unwrap(),
        json!({ "alg": "none", "typ": "JWT" }),
    );
    let good = |claims: &Value| signed(&header(), claims, JWT_SECRET);
    assert_in(&server, &good(&claims));

    let mut without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        good(&claims)
    };
    let without = ["iss", "aud", "sub", "role", "epoch", "exp"].map(&mut without);
    let raised = encode(with(&claims, "role", json!("operator")).to_string());
    for token in [
        format!("{}.{}.", encode(none.to_string()), parts[1]),
        format!("{}.{}", encode(none.to_string()), parts[1]),
        signed(&none, &claims, JWT_SECRET),
        signed(
            &json!({ "alg": "HS384", "typ": "JWT" }),
            &claims,
            JWT_SECRET,
        ),
        signed(
            &json!({ "alg": "RS256", "typ": "JWT" }),
            &claims,
            JWT_SECRET,
        ),
        signed(
            &json!({ "alg": "hs256", "typ": "JWT" }),
            &claims,
            JWT_SECRET,
        ),
        signed(
            &header(),
            &claims,
            "a secret that somebody else has chosen well",
        ),
        signed(&header(), &claims, ""),
        good(&with(&claims, "exp", json!(now))),
        good(&with(&claims, "exp", json!(now - 1))),
        good(&with(&claims, "exp", json!("9999999999"))),
        good(&with(&claims, "exp", json!(1e300))),
        good(&with(&claims, "iat", json!(now + 3_600))),
        good(&with(&claims, "nbf", json!(now + 3_600))),
        good(&with(&claims, "aud", json!("somebody else"))),
        good(&with(&claims, "aud", json!(["bayar"]))),
        good(&with(&claims, "iss", json!("somebody else"))),
        good(&with(&claims, "sub", json!("999999"))),
        good(&with(&claims, "sub", json!("0"))),
        good(&with(&claims, "sub", json!(person.id))),
        good(&with(
            &claims,
            "epoch",
            json!(claims["epoch"].as_i64().unwrap() + 1),
        )),
        good(&with(&claims, "role", json!("god"))),
        person.token[..person.token.len() - 1].to_owned(),
        person.token[1..].to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{raised}.{}", parts[0], parts[2]),
        format!("{}=", person.token),
        format!("{}.x", person.token),
        person.token.to_uppercase(),
    ] {
        assert_refused(&server, get(LIST).bearer(&token), &token);
    }
    for token in without {
        assert_refused(&server, get(LIST).bearer(&token), &token);
    }
}

#[test]
fn the_role_in_a_token_raises_nobody() {
    let server = Server::start();
    let person = server.customer();
    let raised = with(&claims_of(&person.token), "role", json!("operator"));
    let raised = signed(&header(), &raised, JWT_SECRET);
    // Signed by the right secret it proves who is asking; what they may do is stored.
    let other = server.customer();
    let asked = get(&format!("{LIST}?user_id={}", other.id)).bearer(raised);
    asked.send(&server).problem(403, "forbidden");
}

#[test]
fn the_role_in_a_token_keeps_nobody_from_paying_and_lets_nobody() {
    let server = Server::start();
    let (person, operator) = (server.customer(), server.operator());
    // An operator pays for nobody, and a customer for themselves, whatever their tokens say.
    for (payer, said, status) in [(&person, "operator", 201), (&operator, "customer", 403)] {
        let token = with(&claims_of(&payer.token), "role", json!(said));
        let token = signed(&header(), &token, JWT_SECRET);
        let (_, body) = server.wish(payer);
        for _ in 0..2 {
            let asked = payment(&token).header("Idempotency-Key", "k-1").json(&body);
            assert_eq!(asked.send(&server).status, status, "{said}");
        }
    }
}

#[test]
fn every_secret_verifies_and_the_first_one_signs() {
    let newest = "another secret that is used from today on";
    let secrets = format!("{newest},{JWT_SECRET}");
    let server = Server::with(&[("JWT_SECRET", &secrets)]);
    let person = server.customer();
    assert_in(&server, &person.token);
    assert_in(
        &server,
        &signed(&header(), &claims_of(&person.token), newest),
    );
}

#[test]
fn whoever_is_shut_out_is_so_at_the_next_request() {
    let server = Server::start();
    let (person, other) = (server.customer(), server.customer());
    assert_in(&server, &person.token);
    let email = Email::new(&person.email).unwrap();
    server
        .wait(server.app().set_user_disabled(&email, true))
        .unwrap();
    assert_refused(&server, get(LIST).bearer(&person.token), "disabled");
    assert_in(&server, &other.token);
    server
        .wait(server.app().set_user_disabled(&email, false))
        .unwrap();
    // The old token stays void.
    assert_refused(&server, get(LIST).bearer(&person.token), "enabled again");
}

#[test]
fn a_void_token_opens_no_payment_and_hears_of_none() {
    let server = Server::start();
    let mut person = server.customer();
    let (request, body) = server.wish(&person);
    let opened = request.clone().header("Idempotency-Key", "before");
    let opened = opened.json(&body);
    assert_eq!(opened.send(&server).status, 201);
    let of_that_order = request.header("Idempotency-Key", "other").json(&body);
    let (request, body) = server.wish(&person);
    let new = request.header("Idempotency-Key", "new").json(&body);
    let stranger = server.customer();
    let (_, body) = server.wish(&stranger);
    let of_somebody_else = payment(&person.token).json(&body);
    let old = person.token.clone();
    server.end_tokens_of(&mut person);
    for (request, what) in [
        (&opened, "what was answered before"),
        (&of_that_order, "an order with a payment"),
        (&new, "an order without one"),
        (&of_somebody_else, "somebody else's order"),
    ] {
        let answer = request.send(&server);
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
        answer.problem(401, "unauthorized");
    }
    assert_eq!(server.payments_of(&person.token), 1);
    // It is the token alone that was in the way.
    let (_, body) = server.wish(&person);
    assert_eq!(payment(&old).json(&body).send(&server).status, 401);
    let opened = payment(&person.token).json(&body).send(&server);
    assert_eq!(opened.status, 201);
}

#[test]
fn a_void_token_uses_up_nothing_of_its_owners() {
    let server = Server::with(&[("RATE_LIMIT_API", "3/min")]);
    let mut person = server.customer();
    let old = person.token.clone();
    server.end_tokens_of(&mut person);
    let (_, body) = server.wish(&person);
    for status in [401, 401, 401, 429] {
        assert_eq!(payment(&old).json(&body).send(&server).status, status);
    }
    for status in [201, 409, 409, 429] {
        let answer = payment(&person.token).json(&body).send(&server);
        assert_eq!(answer.status, status, "{}", answer.text());
    }
}

#[test]
fn another_password_ends_every_token() {
    let server = Server::start();
    let person = server.customer();
    assert_in(&server, &person.token);
    let email = Email::new(&person.email).unwrap();
    let changed = server
        .app()
        .set_user_password(&email, "another password".to_owned());
    server.wait(changed).unwrap();
    assert_refused(&server, get(LIST).bearer(&person.token), "old password");
}

#[test]
fn a_lower_role_counts_at_the_next_request() {
    let server = Server::start();
    let person = server.operator();
    assert_in(&server, &person.token);
    let email = Email::new(&person.email).unwrap();
    let lowered = server
        .wait(server.app().set_user_role(&email, Role::Customer))
        .unwrap();
    assert_refused(&server, get(LIST).bearer(&person.token), "old role");
    let other = server.customer();
    let list = get(&format!("{LIST}?user_id={}", other.id)).bearer(server.token(lowered.id));
    list.send(&server).problem(403, "forbidden");
}

#[test]
fn a_revoked_key_is_refused_at_the_next_request() {
    let server = Server::start();
    assert_in(&server, server.service());
    let other = server.key("other", Role::Service, "all");
    server
        .wait(server.app().revoke_api_key(SERVICE_KEY_NAME))
        .unwrap();
    assert_refused(&server, get(LIST).bearer(server.service()), "revoked");
    assert_in(&server, &other);
}

#[test]
fn what_only_looks_like_a_key_is_refused() {
    let server = Server::start();
    let key = server.service();
    let (start, last) = key.split_at(key.len() - 1);
    let other_last = if last == "0" { "1" } else { "0" };
    for forged in [
        start.to_owned(),
        format!("{start}{other_last}"),
        format!("{key}0"),
        key.to_uppercase(),
        key.trim_start_matches("bk_").to_owned(),
        "bk_".to_owned(),
        format!("bk_{}", "0".repeat(key.len() - 3)),
    ] {
        assert_refused(&server, get(LIST).bearer(&forged), &forged);
    }
}

#[test]
fn a_token_of_the_identity_provider_is_taken() {
    let secret = "a secret that the provider and we share";
    let server = Server::with(&[
        ("IDP_ISSUER", "https://id.example.com"),
        ("IDP_AUDIENCE", "shop"),
        ("IDP_ALGORITHM", "HS256"),
        ("IDP_SECRET", secret),
        ("IDP_USER_CLAIM", "customer_number"),
        ("IDP_ROLE_CLAIM", "groups"),
        ("IDP_ROLE_MAP", "staff=operator"),
    ]);
    let now = server.wait(server.app().store().now()).unwrap().timestamp();
    let claims = json!({
        "iss": "https://id.example.com", "aud": "shop", "customer_number": 42, "exp": now + 600,
    });
    let good = |claims: &Value| signed(&header(), claims, secret);
    let customer = good(&claims);
    assert_in(&server, &customer);
    let other = format!("{LIST}?user_id=7");
    get(&other)
        .bearer(&customer)
        .send(&server)
        .problem(403, "forbidden");
    let staff = good(&with(&claims, "groups", json!(["staff"])));
    assert_eq!(get(&other).bearer(staff).send(&server).status, 200);

    for token in [
        good(&with(&claims, "aud", json!("another shop"))),
        good(&with(&claims, "iss", json!("https://id.example.org"))),
        good(&with(&claims, "exp", json!(now - 120))),
        good(&with(&claims, "customer_number", json!("42x"))),
        signed(&header(), &claims, JWT_SECRET),
    ] {
        assert_refused(&server, get(LIST).bearer(&token), &token);
    }
}

#[test]
fn a_token_that_has_ended_keeps_nobody_from_signing_in() {
    let server = Server::start();
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.AAAA";
    let count = get("/api/cart/count").bearer(token).send(&server);
    assert_eq!(count.status, 200);
    let body = json!({ "email": "nobody@test.com", "password": "password" });
    let login = post("/api/login").bearer(token).json(&body).send(&server);
    login.problem(401, "invalid_credentials");
}
