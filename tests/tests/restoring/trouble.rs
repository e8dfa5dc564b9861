//! What cannot be found out is said, and holds up nothing else.

use bayar_tests::stage::{STRIPE_KEY, Stage, on_both_stores};
use chrono::TimeDelta;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::acts::{captures, completed, opened, rebuild, rebuilt};
use crate::copies::Copy;

on_both_stores! {
    an_order_that_cannot_be_read_holds_up_no_other,
    events_that_a_gateway_has_forgotten_are_told_of,
    an_id_that_somebody_wrote_into_a_mark_is_not_believed,
    what_others_do_with_the_account_is_not_kept,
}

fn troubles(told: &Value) -> Vec<&str> {
    let troubles = told["troubles"].as_array().unwrap().iter();
    troubles.map(|trouble| trouble.as_str().unwrap()).collect()
}

async fn an_order_that_cannot_be_read_holds_up_no_other(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    let broken = opened(&mut stage, "stripe").await;
    let begun = stage.time();
    let copy = Copy::of(&stage);
    stage.pay_stripe(&broken);
    stage.must_become(broken.payment, "completed").await;
    for gateway in ["stripe", "midtrans"] {
        completed(&mut stage, gateway).await;
    }
    stage
        .stop_for(async |installation| copy.restore(installation).await)
        .await;
    let of_it = format!("payment_id = {}", broken.payment);
    let state = format!("SELECT state AS json FROM attempts WHERE {of_it}");
    let state = stage.store.texts(&state).await;
    let write = async |state: &str| {
        let written = format!("UPDATE attempts SET state = '{state}' WHERE {of_it}");
        stage.store.run(&written).await;
    };
    write("{}").await;
    let (code, told) = rebuilt(&stage, begun, &[]);
    assert_eq!(code, Some(1), "{told:#}");
    assert!(!troubles(&told).is_empty(), "{told:#}");
    let (taken, known) = captures(&stage).await;
    assert_eq!(taken.len(), known.len() + 1, "{told:#}");
    // What it could not read it reads when that is mended.
    write(&state[0]).await;
    let (code, told) = rebuilt(&stage, begun, &[]);
    assert_eq!(code, Some(2), "{told:#}");
    let (taken, known) = captures(&stage).await;
    assert_eq!(taken, known, "{told:#}");
    stage.forgot_since(begun);
}

async fn events_that_a_gateway_has_forgotten_are_told_of(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    completed(&mut stage, "stripe").await;
    let now = stage.time();
    let known = rebuild(&stage, now - TimeDelta::days(20), &[]);
    assert_eq!(known.code, Some(0), "{}", known.text);
    assert!(known.text.contains("Nothing was lost."), "{}", known.text);
    let forgotten = rebuild(&stage, now - TimeDelta::days(40), &[]);
    assert_eq!(forgotten.code, Some(1), "{}", forgotten.text);
    let said = "Not known: stripe has forgotten";
    assert!(forgotten.text.contains(said), "{}", forgotten.text);
    let all_is_well = forgotten.text.contains("Nothing was lost.");
    assert!(!all_is_well, "{}", forgotten.text);
}

/// Somebody who may change the metadata of a checkout writes into it.
async fn write_mark(stage: &Stage, session: &str, name: &str, value: i64) {
    let url = stage.simulator.url();
    let address = url.strip_prefix("http://").unwrap();
    let body = format!("metadata%5B{name}%5D={value}");
    let request = format!(
        "POST /v1/checkout/sessions/{session} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
        Authorization: Bearer {STRIPE_KEY}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
        Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

async fn an_id_that_somebody_wrote_into_a_mark_is_not_believed(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    let begun = stage.time();
    for name in ["bayar_attempt", "bayar_payment"] {
        let order = completed(&mut stage, "stripe").await;
        let session = &stage.book().sessions(&order.number)[0].session.clone();
        write_mark(&stage, session, name, 9_000_000_000_000_000_000).await;
        let (code, told) = rebuilt(&stage, begun, &[]);
        assert_eq!(code, Some(1), "{told:#}");
        let said = troubles(&told);
        assert!(
            said.iter().any(|said| said.contains(&order.number)),
            "{told:#}"
        );
    }
    // Ids go on where they were.
    let new = completed(&mut stage, "midtrans").await;
    assert!(new.payment < 1_000_000, "{}", new.payment);
}

async fn what_others_do_with_the_account_is_not_kept(mut stage: Stage) {
    stage.installation.set("WORK_GATEWAY_RATE", "off");
    let begun = stage.time();
    let copy = Copy::of(&stage);
    for _ in 0..3 {
        completed(&mut stage, "stripe").await;
    }
    stage
        .stop_for(async |installation| copy.restore(installation).await)
        .await;
    let ours = rebuild(&stage, begun, &["--dry-run"]);
    assert_eq!(ours.code, Some(2), "{}", ours.text);
    assert!(!ours.text.contains("stripe: 0 events"), "{}", ours.text);
    let word = "SELECT word AS json FROM installation";
    let word = stage.store.texts(word).await;
    let call = async |word: &str| {
        let named = format!("UPDATE installation SET word = '{word}'");
        stage.store.run(&named).await;
    };
    call("anotherone1").await;
    let theirs = rebuild(&stage, begun, &["--dry-run"]);
    assert_eq!(theirs.code, Some(0), "{}", theirs.text);
    assert!(theirs.text.contains("stripe: 0 events"), "{}", theirs.text);
    call(&word[0]).await;
    let (code, told) = rebuilt(&stage, begun, &[]);
    assert_eq!(code, Some(2), "{told:#}");
    let (taken, known) = captures(&stage).await;
    assert_eq!(taken, known, "{told:#}");
    stage.forgot_since(begun);
}
