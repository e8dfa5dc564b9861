//! Lists of payments.

use serde_json::Value;

use crate::support::{Answer, Person, Server, get, post};

fn list(server: &Server, token: &str, query: &str) -> Answer {
    get(&format!("/api/v1/payments{query}"))
        .bearer(token)
        .send(server)
}

fn ids(answer: &Answer) -> Vec<i64> {
    let data = answer.data(200);
    let payments = data.as_array().unwrap().iter();
    payments
        .map(|payment| payment["id"].as_i64().unwrap())
        .collect()
}

fn pay(server: &Server, patient: &Person, count: usize) -> Vec<Value> {
    (0..count).map(|_| server.pay(patient)).collect()
}

fn newest_first(made: &[Value]) -> Vec<i64> {
    let ids = made.iter().rev();
    ids.map(|made| made["payment_id"].as_i64().unwrap())
        .collect()
}

#[test]
fn the_newest_payments_come_first_page_by_page() {
    let server = Server::start();
    let patient = server.customer();
    let made = newest_first(&pay(&server, &patient, 5));
    for (query, expected, page, per_page) in [
        ("", &made[..], 1, 15),
        ("?", &made[..], 1, 15),
        ("?page=1&per_page=2", &made[..2], 1, 2),
        ("?page=2&per_page=2", &made[2..4], 2, 2),
        ("?page=3&per_page=2", &made[4..], 3, 2),
        ("?page=4&per_page=2", &[], 4, 2),
        ("?per_page=100", &made[..], 1, 100),
        ("?per_page=5", &made[..], 1, 5),
        ("?page=1000000&per_page=100", &[], 1_000_000, 100),
    ] {
        let answer = list(&server, &patient.token, query);
        assert_eq!(ids(&answer), expected, "{query}");
        let meta = &answer.json()["meta"];
        assert_eq!(meta["total"], 5);
        assert_eq!(
            (&meta["page"], &meta["per_page"]),
            (&page.into(), &per_page.into())
        );
        assert_eq!(meta.as_object().unwrap().len(), 3);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn a_payment_in_a_list_is_the_payment() {
    let server = Server::start();
    let patient = server.customer();
    let made = server.pay(&patient);
    let answer = list(&server, &patient.token, "");
    assert_eq!(answer.data(200)[0], made["payment"]);
}

#[test]
fn nobody_has_payments_at_the_beginning() {
    let server = Server::start();
    let patient = server.customer();
    let answer = list(&server, &patient.token, "");
    assert_eq!(ids(&answer), Vec::<i64>::new());
    assert_eq!(answer.json()["meta"]["total"], 0);
}

#[test]
fn customers_see_their_own_and_those_who_run_it_see_all() {
    let server = Server::start();
    let (one, other) = (server.customer(), server.customer());
    let of_one = newest_first(&pay(&server, &one, 2));
    let of_other = newest_first(&pay(&server, &other, 1));
    let all = [&of_other[..], &of_one[..]].concat();
    let query = |person: &Person| format!("?user_id={}", person.id);
    assert_eq!(ids(&list(&server, &one.token, "")), of_one);
    assert_eq!(ids(&list(&server, &one.token, &query(&one))), of_one);
    list(&server, &one.token, &query(&other)).problem(403, "forbidden");
    list(&server, &one.token, "?user_id=999999").problem(403, "forbidden");
    let operator = server.operator().token;
    for token in [operator.as_str(), server.service()] {
        assert_eq!(ids(&list(&server, token, "")), all);
        assert_eq!(ids(&list(&server, token, &query(&one))), of_one);
        assert_eq!(ids(&list(&server, token, &query(&other))), of_other);
        assert_eq!(
            ids(&list(&server, token, "?user_id=999999")),
            Vec::<i64>::new()
        );
    }
}

#[test]
fn a_list_holds_payments_of_one_state() {
    let server = Server::start();
    let patient = server.customer();
    let made = newest_first(&pay(&server, &patient, 3));
    let cancel = post(&format!("/api/v1/payments/{}/cancel", made[1]));
    cancel.bearer(&patient.token).send(&server).data(200);
    for (status, expected) in [
        ("pending", vec![made[0], made[2]]),
        ("cancelled", vec![made[1]]),
        ("processing", vec![]),
        ("under_review", vec![]),
        ("completed", vec![]),
        ("partially_refunded", vec![]),
        ("refunded", vec![]),
        ("failed", vec![]),
        ("expired", vec![]),
    ] {
        let answer = list(&server, &patient.token, &format!("?status={status}"));
        assert_eq!(ids(&answer), expected, "{status}");
        assert_eq!(answer.json()["meta"]["total"], expected.len());
    }
}

#[test]
fn a_list_holds_payments_of_some_time() {
    let server = Server::start();
    let patient = server.customer();
    let made = pay(&server, &patient, 3);
    let all = newest_first(&made);
    let middle = made[1]["payment"]["created_at"].as_str().unwrap();
    let today = &middle[..10];
    let ask = |query: &str| ids(&list(&server, &patient.token, query));
    // A payment at the very moment is one of those that come later.
    assert_eq!(ask(&format!("?from={middle}")), all[..2]);
    assert_eq!(ask(&format!("?to={middle}")), all[2..]);
    assert_eq!(
        ask(&format!("?from={middle}&to={middle}")),
        Vec::<i64>::new()
    );
    let elsewhere = middle.replace('Z', "%2B00:00");
    assert_eq!(ask(&format!("?from={elsewhere}")), all[..2]);
    // Yesterday to tomorrow, so that it holds at midnight, too.
    assert_eq!(ask("?from=2020-01-01"), all);
    assert_eq!(ask("?to=2020-01-01"), Vec::<i64>::new());
    assert_eq!(ask("?from=9999-01-01"), Vec::<i64>::new());
    assert_eq!(ask("?to=9999-01-01"), all);
    // A day ends with its last moment: the payments of today are among those up to today.
    let last_day = made[2]["payment"]["created_at"].as_str().unwrap();
    assert_eq!(ask(&format!("?to={}", &last_day[..10])), all);
    assert!(ask(&format!("?from={today}")).contains(&all[0]));
}

#[test]
fn filters_hold_together() {
    let server = Server::start();
    let (one, other) = (server.customer(), server.customer());
    let of_one = newest_first(&pay(&server, &one, 3));
    pay(&server, &other, 1);
    let operator = server.operator().token;
    let query = format!(
        "?user_id={}&status=pending&from=2020-01-01&per_page=2&page=2",
        one.id
    );
    let answer = list(&server, &operator, &query);
    assert_eq!(ids(&answer), of_one[2..]);
    assert_eq!(answer.json()["meta"]["total"], 3);
}

#[test]
fn every_part_of_the_question_is_checked() {
    let server = Server::start();
    let patient = server.customer();
    let none = [
        "0",
        "-1",
        "1.0",
        "1e3",
        "+1",
        "0x1",
        "%201",
        "1%20",
        "one",
        "",
        "%D9%A1",
        "true",
        "null",
        "4294967296",
        "9223372036854775808",
        "1%00",
    ];
    let long = "1".repeat(10_000);
    let no_times = [
        "",
        "today",
        "2026-13-01",
        "2026-02-30",
        "2026-11-21T25:00:00Z",
        "2026-11-21%2010:00",
        "2026-11-21T10:00:00",
        "1763719200",
        "21-11-2026",
        "2026/11/21",
        "%D9%A2",
        "-1",
        &long,
        "2026-11-21T10:00:00Z%00",
        "2026-11-21%0A",
    ];
    let no_states = [
        "",
        "Pending",
        "paid",
        "pending,expired",
        "%20pending",
        "1",
        &long,
    ];
    let mut cases: Vec<(&str, &str)> = Vec::new();
    for value in none {
        cases.extend(["page", "per_page"].map(|name| (name, value)));
        if value != "4294967296" {
            cases.push(("user_id", value));
        }
    }
    cases.extend([
        ("page", "1000001"),
        ("per_page", "101"),
        ("page", long.as_str()),
    ]);
    for value in no_times {
        cases.extend(["from", "to"].map(|name| (name, value)));
    }
    cases.extend(no_states.map(|value| ("status", value)));
    for (name, value) in cases {
        let answer = list(&server, &patient.token, &format!("?{name}={value}"));
        assert_eq!(answer.wrong_fields(), [name], "{name}={value}");
    }
    for query in ["?x=1", "?limit=5", "?Page=1", "?page%20=1"] {
        assert_eq!(
            list(&server, &patient.token, query).wrong_fields().len(),
            1,
            "{query}"
        );
    }
    let answer = list(
        &server,
        &patient.token,
        "?page=0&per_page=x&status=y&from=z&to=&a=b",
    );
    let all = ["a", "from", "page", "per_page", "status", "to"];
    assert_eq!(answer.wrong_fields(), all);
    // Of two values nobody knows which one counts.
    for query in [
        "?page=1&page=1",
        "?status=pending&status=expired",
        "?p%61ge=1&page=2",
    ] {
        list(&server, &patient.token, query).problem(400, "invalid_request");
    }
}
