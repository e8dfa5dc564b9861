//! The body of one of Stripe's notifications.
#![no_main]

use bayar_app::port::Webhooks;
use bayar_app::port::webhook::Trail;
use bayar_domain::Mode;
use bayar_stripe::webhook::StripeWebhooks;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let reader = StripeWebhooks::new(vec!["whsec_5f0c1e".into()], Mode::Test);
    let Some(news) = reader.read(body) else {
        return;
    };
    // What is passed over may be beyond what this reader holds.
    let Ok(event) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);

    // It is the event that it says it is, and no other.
    assert_eq!(text(&event["id"]).as_ref(), Some(&news.key));
    assert_eq!(text(&event["type"]).as_ref(), Some(&news.kind));
    assert_eq!(
        event["livemode"].as_bool(),
        Some(news.mode == Mode::Live),
        "play money is never taken for money"
    );
    let account = news.account.as_ref().map(ToString::to_string);
    assert_eq!(text(&event["account"]), account);

    // Written by another program, it says the same.
    assert_eq!(
        reader.read(event.to_string().as_bytes()).as_ref(),
        Some(&news)
    );

    // Only a type that says so makes us believe that money is in, and then it is looked at.
    let object = &event["data"]["object"];
    if news.says_paid {
        assert!(news.matters);
        let paid = match news.kind.as_str() {
            "checkout.session.completed" => object["payment_status"] == "paid",
            "checkout.session.async_payment_succeeded" | "payment_intent.succeeded" => true,
            _ => false,
        };
        assert!(paid, "{}", news.kind);
    }

    // A trail is a word of the object, never one that was put together.
    for trail in &news.trails {
        match trail {
            Trail::Attempt {
                installation,
                attempt,
            } => {
                assert_eq!(
                    object["metadata"]["bayar_installation"],
                    installation.as_str()
                );
                let told = text(&object["metadata"]["bayar_attempt"]).expect("a text");
                assert_eq!(told.parse().ok(), Some(*attempt));
            }
            Trail::Call(key) => assert_eq!(object["metadata"]["bayar_call"], key.as_str()),
            Trail::Capture(capture) => {
                let intent = &object["payment_intent"];
                let places = [&object["id"], intent, &intent["id"]];
                assert!(places.into_iter().any(|place| place == capture.as_str()));
            }
        }
    }

    // A log gets short plain words.
    for (_, word) in &news.shown {
        assert!(word.len() <= 100);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        assert!(!word.is_empty() && word.bytes().all(plain), "{word}");
    }
});
