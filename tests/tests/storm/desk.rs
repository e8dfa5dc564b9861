//! The payment desk: people who give money back, and press again when nobody answers.

use serde_json::{Value, json};

use bayar_tests::program::Answer;

use crate::buyer::Story;
use crate::person::Person;
use crate::plan::Refunding;

/// A wish for money to go back.
struct Wish {
    key: String,
    body: Value,
}

/// Has the money of a payment go back, wholly or in parts.
pub async fn give_back(person: &Person<'_>, story: &mut Story, payment: i64, refunding: Refunding) {
    story.asked_back = true;
    let wish = |name: &str, amount: Option<u64>| Wish {
        key: format!("{}-{name}", person.number),
        body: match amount {
            Some(amount) => json!({ "reason": "the doctor was ill", "amount": amount.to_string() }),
            None => json!({ "reason": "the doctor was ill" }),
        },
    };
    let part = || Some(1_000 + person.below(100_000));
    match refunding {
        Refunding::All => press(person, story, payment, &wish("all", None)).await,
        Refunding::InParts => {
            for name in ["a", "b"] {
                press(person, story, payment, &wish(name, part())).await;
            }
        }
        Refunding::AllTwice => {
            let path = path(payment);
            let wish = wish("all", None);
            let (one, two) = tokio::join!(send(person, &path, &wish), send(person, &path, &wish));
            for answer in [one, two].into_iter().flatten() {
                hear(story, &wish, &answer);
            }
            press(person, story, payment, &wish).await;
        }
    }
}

fn path(payment: i64) -> String {
    format!("/api/v1/payments/{payment}/refund")
}

/// Presses until something final is told.
async fn press(person: &Person<'_>, story: &mut Story, payment: i64, wish: &Wish) {
    let path = path(payment);
    let mut heard = Vec::new();
    let told = person
        .until(async || {
            let answer = send(person, &path, wish).await?;
            let is_final = is_final(&answer);
            heard.push(answer);
            is_final.then_some(())
        })
        .await;
    story.asked_again += heard.len().saturating_sub(1);
    story.gave_up += usize::from(told.is_none());
    for answer in &heard {
        hear(story, wish, answer);
    }
}

async fn send(person: &Person<'_>, path: &str, wish: &Wish) -> Option<Answer> {
    let headers = [("Idempotency-Key", wish.key.as_str())];
    let operator = &person.scene.operator;
    person.post_as(operator, path, &headers, &wish.body).await
}

fn is_final(answer: &Answer) -> bool {
    match (answer.status, answer.code().as_deref()) {
        (200, _) => true,
        // It is on its way: the schedule brings it to its end.
        (202, _) => true,
        (409, Some("payment_in_progress")) | (503, _) => false,
        (409, Some("refund_exceeds_payment" | "payment_not_refundable" | "refund_failed")) => true,
        _ => panic!("this answer is not expected: {answer:?}"),
    }
}

fn hear(story: &mut Story, wish: &Wish, answer: &Answer) {
    story.note(&wish.key, answer);
    let told = answer.json();
    let refund = told.pointer("/data/refund/id").or(told.get("refund_id"));
    story.refunds.extend(refund.and_then(Value::as_i64));
}
