//! The pages a buyer sees, as a browser without scripts uses them.

use bayar_sandbox::sim::SimConfig;

use crate::client::{Answer, Play};

async fn get(play: &Play, path: &str) -> Answer {
    play.send("GET", path, &[], "").await.unwrap()
}

async fn post(play: &Play, path: &str, form: &str) -> Answer {
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    play.send("POST", path, &headers, form).await.unwrap()
}

fn leads_to(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location").unwrap().to_owned()
}

fn is_plain(page: &Answer) {
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    for outside in ["<script", "src=", "@import", "url("] {
        assert!(!page.body.contains(outside), "{outside}");
    }
}

#[tokio::test]
async fn a_buyer_is_declined_tries_again_shows_who_it_is_and_returns_to_the_shop() {
    let play = Play::new(SimConfig::default());
    let id = play.session("A-1").await;
    let made = play
        .stripe("GET", &format!("/v1/checkout/sessions/{id}"), "")
        .await
        .ok();
    let path = made.at("/url").replace(&play.simulator.url(), "");
    let page = get(&play, &path).await;
    is_plain(&page);
    assert!(page.body.contains("5600.00 PHP") && page.body.contains("Order &amp; 1"));
    let declined = post(&play, &path, "do=card&card=4000+0000+0000+0002").await;
    assert_eq!(declined.status, 402);
    assert!(declined.body.contains("Your card was declined."));
    let secure = leads_to(&post(&play, &path, "do=card&card=4000002760003184").await);
    let bank = get(&play, &secure).await;
    is_plain(&bank);
    assert!(bank.body.contains("Complete authentication"));
    let back = leads_to(&post(&play, &path, "do=secure&passed=yes").await);
    assert_eq!(back, format!("https://shop.example/ok?sid={id}"));
    assert!(get(&play, &path).await.body.contains("complete"));
    assert!(get(&play, "/").await.status == 200);
}

#[tokio::test]
async fn a_buyer_goes_back_and_nothing_has_changed() {
    let play = Play::new(SimConfig::default());
    let id = play.session("A-1").await;
    let back = leads_to(&post(&play, &format!("/c/pay/{id}"), "do=back").await);
    assert_eq!(back, "https://shop.example/back");
    let read = play
        .stripe("GET", &format!("/v1/checkout/sessions/{id}"), "")
        .await
        .ok();
    assert_eq!(read.at("/status"), "open");
}

#[tokio::test]
async fn a_slow_bank_is_decided_on_the_first_page() {
    let play = Play::new(SimConfig::default());
    let id = play.session("A-1").await;
    leads_to(&post(&play, &format!("/c/pay/{id}"), "do=bank").await);
    let home = get(&play, "/").await;
    is_plain(&home);
    assert!(home.body.contains(&format!("/bank/{id}")));
    assert_eq!(
        leads_to(&post(&play, &format!("/bank/{id}"), "came=yes").await),
        "/"
    );
    let read = play
        .stripe("GET", &format!("/v1/checkout/sessions/{id}"), "")
        .await
        .ok();
    assert_eq!(read.at("/payment_status"), "paid");
}

#[tokio::test]
async fn a_buyer_gets_a_number_goes_back_and_pays_it_later() {
    let play = Play::new(SimConfig::default());
    let token = play.page("A-1").await;
    let path = format!("/snap/v4/redirection/{token}");
    let page = get(&play, &path).await;
    is_plain(&page);
    assert!(page.body.contains("Rp 50000.00") && page.body.contains("GoPay"));
    let number = leads_to(&post(&play, &path, "do=choose&method=bca_va").await);
    let shown = get(&play, &number).await;
    is_plain(&shown);
    let va = play.status("A-1").await.at("/va_numbers/0/va_number");
    assert!(shown.body.contains(&va));
    let back = leads_to(&post(&play, &number, "do=later").await);
    assert_eq!(
        back,
        "https://shop.example/finish?order_id=A-1&status_code=201&transaction_status=pending"
    );
    let paid = leads_to(&post(&play, &number, "do=pay").await);
    assert_eq!(
        paid,
        "https://shop.example/finish?order_id=A-1&status_code=200&transaction_status=settlement"
    );
    assert_eq!(post(&play, &number, "do=pay").await.status, 409);
}

#[tokio::test]
async fn a_card_at_snap_asks_for_the_password() {
    let play = Play::new(SimConfig::default());
    let token = play.page("A-1").await;
    let path = format!("/snap/v4/redirection/{token}");
    let secure = leads_to(&post(&play, &path, "do=card&card=4811+1111+1111+1114").await);
    let wrong = post(&play, &secure, "do=password&password=1").await;
    assert_eq!(wrong.status, 402);
    assert!(wrong.body.contains("not authenticated"));
    let secure = leads_to(&post(&play, &path, "do=card&card=4811+1111+1111+1114").await);
    assert!(get(&play, &secure).await.body.contains("112233"));
    let back = leads_to(&post(&play, &secure, "do=password&password=112233").await);
    assert!(back.ends_with("transaction_status=capture"), "{back}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let play = Play::new(SimConfig::default());
    for path in [
        "/c/pay/cs_none",
        "/snap/v4/redirection/none",
        "/snap/pay/none",
        "/receipts/x",
        "/x",
    ] {
        assert_eq!(get(&play, path).await.status, 404, "{path}");
    }
    let (_, intent) = play.paid_session("A-1", "4242424242424242").await;
    let read = play
        .stripe("GET", &format!("/v1/payment_intents/{intent}"), "")
        .await
        .ok();
    let receipt = get(&play, &format!("/receipts/{}", read.at("/latest_charge"))).await;
    assert!(receipt.body.contains("5600.00 PHP"));
}
