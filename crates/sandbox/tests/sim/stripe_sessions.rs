//! Checkout Sessions.

use bayar_sandbox::sim::{Action, SimConfig};

use crate::client::{Play, session_form};

fn play() -> Play {
    let mut config = SimConfig::default();
    config
        .stripe
        .secret_keys
        .push("sk_live_simulated".to_owned());
    Play::new(config)
}

const PATH: &str = "/v1/checkout/sessions";

/// What the fields of a refusal say: status, code and parameter.
async fn refused(play: &Play, form: &str) -> (u16, String, String) {
    let answer = play.stripe("POST", PATH, form).await;
    assert_eq!(
        answer.at("/error/type"),
        "invalid_request_error",
        "{}",
        answer.body
    );
    (
        answer.status,
        answer.at("/error/code"),
        answer.at("/error/param"),
    )
}

fn refusal(status: u16, code: &str, param: &str) -> (u16, String, String) {
    (status, code.to_owned(), param.to_owned())
}

#[tokio::test]
async fn a_session_is_open_and_unpaid_and_has_no_payment_intent_yet() {
    let play = play();
    let made = play.stripe("POST", PATH, &session_form("A-1")).await.ok();
    assert!(made.at("/id").starts_with("cs_test_"));
    assert_eq!(
        (
            made.at("/status"),
            made.at("/payment_status"),
            made.at("/payment_intent")
        ),
        ("open".to_owned(), "unpaid".to_owned(), String::new())
    );
    assert_eq!(
        (made.at("/amount_total"), made.at("/currency")),
        ("560000".into(), "php".into())
    );
    assert!(made.at("/url").contains("/c/pay/cs_test_"));
    assert_eq!(
        made.at("/success_url"),
        "https://shop.example/ok?sid={CHECKOUT_SESSION_ID}"
    );
    let created: i64 = made.at("/created").parse().unwrap();
    let expires: i64 = made.at("/expires_at").parse().unwrap();
    assert_eq!(expires - created, 24 * 3600);
    let read = play
        .stripe("GET", &format!("{PATH}/{}", made.at("/id")), "")
        .await
        .ok();
    assert_eq!(read.json(), made.json());
}

#[tokio::test]
async fn what_a_session_must_not_have_is_refused_by_name() {
    let play = play();
    let form = session_form("A-1");
    let old = format!("{form}&payment_method_types[0]=card");
    assert_eq!(
        refused(&play, &old).await,
        refusal(400, "parameter_unknown", "payment_method_types")
    );
    assert_eq!(
        refused(&play, &form.replace("mode=payment&", "")).await,
        refusal(400, "parameter_missing", "mode")
    );
    assert_eq!(
        refused(&play, &form.replace("560000", "5600.00")).await,
        refusal(
            400,
            "parameter_invalid_integer",
            "line_items[0][price_data][unit_amount]"
        )
    );
    assert_eq!(
        refused(&play, &form.replace("560000", "49")).await,
        refusal(400, "amount_too_small", "line_items")
    );
    assert_eq!(
        refused(
            &play,
            &form.replace("success_url=https", "success_url=nothing")
        )
        .await,
        refusal(400, "url_invalid", "success_url")
    );
    let two = format!(
        "{form}&line_items[1][quantity]=1&line_items[1][price_data][currency]=usd\
         &line_items[1][price_data][unit_amount]=5000&line_items[1][price_data][product_data][name]=b"
    );
    assert_eq!(refused(&play, &two).await, refusal(400, "", "line_items"));
    let long = format!("{form}&metadata[k]={}", "x".repeat(501));
    assert_eq!(refused(&play, &long).await, refusal(400, "", "metadata[k]"));
}

#[tokio::test]
async fn the_removed_parameter_still_works_in_the_version_before() {
    let play = play();
    let form = format!("{}&payment_method_types[0]=card", session_form("A-1"));
    let version = [("Stripe-Version", "2026-03-25.dahlia")];
    let made = play.stripe_with("POST", PATH, &form, &version).await.ok();
    assert_eq!(made.header("stripe-version"), Some("2026-03-25.dahlia"));
    let bad = [("Stripe-Version", "yesterday")];
    assert_eq!(
        play.stripe_with("POST", PATH, &form, &bad).await.status,
        400
    );
}

#[tokio::test]
async fn a_session_lives_from_half_an_hour_to_a_day() {
    let play = play();
    let now = play.handle.now().unwrap() / 1000;
    let at = |after: i64| format!("{}&expires_at={}", session_form("A-1"), now + after);
    assert_eq!(
        refused(&play, &at(29 * 60)).await,
        refusal(400, "", "expires_at")
    );
    assert_eq!(
        refused(&play, &at(25 * 3600)).await,
        refusal(400, "", "expires_at")
    );
    play.stripe("POST", PATH, &at(31 * 60)).await.ok();
}

#[tokio::test]
async fn nobody_gets_in_without_a_good_key_and_modes_are_kept_apart() {
    let play = play();
    let get = |authorization: &'static str| {
        let play = &play;
        async move {
            let headers = [("Authorization", authorization)];
            play.send("GET", "/v1/balance", &headers, "").await.unwrap()
        }
    };
    assert_eq!(get("Bearer sk_test_wrong").await.status, 401);
    assert_eq!(
        play.send("GET", "/v1/balance", &[], "")
            .await
            .unwrap()
            .status,
        401
    );
    // sk_test_simulated: with an empty password
    assert_eq!(get("Basic c2tfdGVzdF9zaW11bGF0ZWQ6").await.status, 200);
    assert_eq!(
        get("Bearer sk_live_simulated").await.at("/livemode"),
        "true"
    );
    let id = play.session("A-1").await;
    let live = [("Authorization", "Bearer sk_live_simulated")];
    let seen = play
        .send("GET", &format!("{PATH}/{id}"), &live, "")
        .await
        .unwrap();
    assert_eq!(
        (seen.status, seen.at("/error/code")),
        (404, "resource_missing".to_owned())
    );
    assert!(seen.header("request-id").unwrap().starts_with("req_"));
}

#[tokio::test]
async fn only_an_open_session_expires() {
    let play = play();
    let id = play.session("A-1").await;
    let path = format!("{PATH}/{id}/expire");
    let expired = play.stripe("POST", &path, "").await.ok();
    assert_eq!(
        (expired.at("/status"), expired.at("/url")),
        ("expired".into(), String::new())
    );
    assert_eq!(play.stripe("POST", &path, "").await.status, 400);
    let card = "4242424242424242".to_owned();
    let late = play.handle.act(Action::StripePayCard { session: id, card });
    assert!(late.is_err(), "{late:?}");
    let (paid, _) = play.paid_session("A-2", "4242424242424242").await;
    let refused = play
        .stripe("POST", &format!("{PATH}/{paid}/expire"), "")
        .await;
    assert_eq!(
        (refused.status, refused.at("/error/type")),
        (400, "invalid_request_error".into())
    );
}

#[tokio::test]
async fn sessions_are_listed_newest_first_by_payment_intent_and_by_status() {
    let play = play();
    let first = play.session("A-1").await;
    let (second, intent) = play.paid_session("A-2", "4242424242424242").await;
    let third = play.session("A-3").await;
    let ids = |answer: crate::client::Answer| -> Vec<String> {
        let list = answer.ok().json();
        let data = list["data"].as_array().unwrap().clone();
        data.iter()
            .map(|each| each["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let list = |query: String| {
        let play = &play;
        async move { play.stripe("GET", &format!("{PATH}?{query}"), "").await }
    };
    assert_eq!(
        ids(list(String::new()).await),
        [&third, &second, &first].map(String::clone)
    );
    assert_eq!(
        ids(list(format!("payment_intent={intent}")).await),
        std::slice::from_ref(&second)
    );
    assert_eq!(
        ids(list("status=open".to_owned()).await),
        [third.clone(), first.clone()]
    );
    let page = list("limit=2".to_owned()).await.ok();
    assert_eq!(page.at("/has_more"), "true");
    assert_eq!(
        ids(list(format!("starting_after={second}")).await),
        std::slice::from_ref(&first)
    );
    assert_eq!(ids(list(format!("ending_before={second}")).await), [third]);
    assert_eq!(list("limit=101".to_owned()).await.status, 400);
    let lines = play
        .stripe("GET", &format!("{PATH}/{first}/line_items"), "")
        .await
        .ok();
    assert_eq!(lines.at("/data/0/description"), "Order & 1");
    assert_eq!(lines.at("/data/0/amount_total"), "560000");
}

#[tokio::test]
async fn ids_are_expanded_on_demand_and_only_where_there_are_some() {
    let play = play();
    let (id, intent) = play.paid_session("A-1", "4242424242424242").await;
    let get = |query: &'static str| {
        let (play, path) = (&play, format!("{PATH}/{id}?{query}"));
        async move { play.stripe("GET", &path, "").await }
    };
    assert_eq!(get("").await.at("/payment_intent"), intent);
    let deep = get("expand[]=payment_intent.latest_charge&expand[]=line_items")
        .await
        .ok();
    assert_eq!(deep.at("/payment_intent/latest_charge/object"), "charge");
    assert_eq!(deep.at("/line_items/data/0/quantity"), "1");
    assert_eq!(get("expand[0]=nothing").await.status, 400);
    assert_eq!(get("expand[]=a.b.c.d.e").await.status, 400);
}

#[tokio::test]
async fn a_free_session_needs_no_payment() {
    let play = play();
    let form = session_form("A-1").replace("560000", "0");
    let made = play.stripe("POST", PATH, &form).await.ok();
    assert_eq!(made.at("/payment_status"), "no_payment_required");
}
