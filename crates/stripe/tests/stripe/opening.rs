//! What opens and closes a checkout, put together.

use bayar_app::port::gateway::{CheckoutRecord, Line, PaymentGateway as _, Request, Unfit};
use bayar_domain::gateway::{Session, SessionRef};
use bayar_domain::{Currency, Money};

use crate::fixtures::{KEY, NOW, Where, Wish, at, form, gateway, key, lines, php};
use crate::server::Server;

async fn to_open(wish: &Wish) -> Result<Request, Unfit> {
    let server = Server::start([]).await;
    let request = gateway(&server).to_open(&wish.checkout(), &key());
    assert_eq!(server.connections(), 0);
    request
}

fn priced(units: Money) -> Wish {
    let line = Line {
        name: "One".to_owned(),
        quantity: 1,
        unit_amount: units,
    };
    Wish {
        amount: units,
        lines: vec![line],
        ..Wish::default()
    }
}

#[tokio::test]
async fn a_checkout_says_all_that_is_needed_and_nothing_else() {
    let wish = Wish::default();
    let request = to_open(&wish).await.unwrap();
    assert_eq!(request.path, "/v1/checkout/sessions");
    assert_eq!(request.good_until, at(23 * 3_600));

    let mut form = form(&request.body);
    let mut take = |name: &str| form.remove(name).unwrap_or_default();
    assert_eq!(take("mode"), "payment");
    assert_eq!(
        take("success_url"),
        "https://shop.example/ok?sid={CHECKOUT_SESSION_ID}&x=1"
    );
    assert_eq!(take("cancel_url"), "https://shop.example/no");
    assert_eq!(take("client_reference_id"), wish.order.to_string());
    assert_eq!(take("expires_at"), (NOW + 3_600).to_string());
    assert_eq!(take("adaptive_pricing[enabled]"), "false");
    for (line, name, quantity, units) in [
        (0, "Consultation & more", "2", "250000"),
        (1, "VAT 12%", "1", "60000"),
    ] {
        let line = format!("line_items[{line}]");
        assert_eq!(take(&format!("{line}[quantity]")), quantity);
        assert_eq!(take(&format!("{line}[price_data][currency]")), "php");
        assert_eq!(take(&format!("{line}[price_data][unit_amount]")), units);
        assert_eq!(
            take(&format!("{line}[price_data][product_data][name]")),
            name
        );
    }
    let order = wish.order.to_string();
    for whose in ["metadata", "payment_intent_data[metadata]"] {
        for (name, value) in [
            ("bayar_installation", "abcdefgh"),
            ("bayar_order", order.as_str()),
            ("bayar_payment", "5"),
            ("bayar_attempt", "7"),
            ("bayar_amount", "5600.00"),
            ("bayar_currency", "PHP"),
            ("bayar_call", KEY),
        ] {
            assert_eq!(take(&format!("{whose}[{name}]")), value, "{whose} {name}");
        }
    }
    assert!(form.is_empty(), "{form:?}");
}

#[tokio::test]
async fn a_session_carries_the_rows_that_it_is_opened_for_and_its_money_does_not() {
    let record = "1;o,".repeat(300);
    let wish = Wish {
        record: CheckoutRecord::new(vec!["x".repeat(100_000), record.clone()]),
        ..Wish::default()
    };
    let form = form(&to_open(&wish).await.unwrap().body);
    let piece = |nth: usize| form[&format!("metadata[bayar_record_{nth}]")].as_str();
    assert_eq!([piece(0), piece(1), piece(2)].concat(), record);
    let of_money = "payment_intent_data[metadata][bayar_record_0]";
    assert!(!form.contains_key(of_money));
}

#[tokio::test]
async fn an_amount_is_sent_as_stripe_counts_it() {
    for (minor, currency, units) in [
        (5_000_000, Currency::Idr, "5000000"),
        (501, Currency::Jpy, "501"),
        (500, Currency::Isk, "50000"),
        (500, Currency::Ugx, "50000"),
        (50_000, Currency::Mga, "500"),
        (5_120, Currency::Kwd, "5120"),
    ] {
        let request = to_open(&priced(Money::new(minor, currency))).await.unwrap();
        let form = form(&request.body);
        assert_eq!(
            form["line_items[0][price_data][unit_amount]"], units,
            "{currency}"
        );
        let code = currency.code().to_lowercase();
        assert_eq!(form["line_items[0][price_data][currency]"], code);
    }
}

#[tokio::test]
async fn an_amount_that_stripe_cannot_take_exactly_is_refused() {
    for (minor, currency) in [
        (50_001, Currency::Mga),
        (5_124, Currency::Kwd),
        (i64::MAX, Currency::Isk),
        (0, Currency::Php),
        (-1, Currency::Php),
    ] {
        let money = Money::new(minor, currency);
        assert!(to_open(&priced(money)).await.is_err(), "{money} {currency}");
    }
    // The sum can be taken, and its parts cannot.
    let halves = vec![
        Line {
            name: "Half".to_owned(),
            quantity: 1,
            unit_amount: Money::new(5, Currency::Kwd),
        };
        2
    ];
    let wish = Wish {
        amount: Money::new(10, Currency::Kwd),
        lines: halves,
        ..Wish::default()
    };
    assert!(to_open(&wish).await.is_err());
}

#[tokio::test]
async fn lines_that_are_not_the_amount_are_refused() {
    let line = |name: &str, quantity, unit_amount| Line {
        name: name.to_owned(),
        quantity,
        unit_amount,
    };
    for lines in [
        vec![],
        vec![line("Less", 1, php(559_999))],
        vec![line("More", 1, php(560_001))],
        vec![line("Foreign", 1, Money::new(560_000, Currency::Usd))],
        vec![line("Huge", u32::MAX, php(i64::MAX))],
        vec![
            line("All", 1, php(600_000)),
            line("Discount", 1, php(-40_000)),
        ],
        vec![line("All", 1, php(560_000)), line("None", 0, php(1))],
        vec![line(" ", 1, php(560_000))],
        vec![line("Small", 1, php(5_600)); 101],
    ] {
        let wish = Wish {
            lines,
            ..Wish::default()
        };
        assert!(to_open(&wish).await.is_err(), "{:?}", wish.lines);
    }
    let hundred = Wish {
        lines: vec![line("Small", 1, php(5_600)); 100],
        ..Wish::default()
    };
    assert!(to_open(&hundred).await.is_ok());
}

#[tokio::test]
async fn a_session_never_outlives_our_deadline_or_what_stripe_allows() {
    for (ours, told) in [
        (1_800, Some(1_800)),
        (23 * 3_600, Some(23 * 3_600)),
        (7 * 86_400, Some(23 * 3_600)),
        (1_799, None),
        (0, None),
        (-60, None),
    ] {
        let wish = Wish {
            lines: lines(),
            expires_at: at(ours),
            ..Wish::default()
        };
        let request = to_open(&wish).await.ok();
        let expires_at = request.map(|request| form(&request.body)["expires_at"].clone());
        assert_eq!(
            expires_at,
            told.map(|seconds: i64| (NOW + seconds).to_string()),
            "{ours}"
        );
    }
}

#[tokio::test]
async fn a_known_session_is_closed_by_its_name() {
    let server = Server::start([]).await;
    let gateway = gateway(&server);
    let known = Where::known();
    let request = gateway.to_close(&known.place()).unwrap();
    assert_eq!(request.path, "/v1/checkout/sessions/cs_test_1/expire");
    assert_eq!(request.body, "");
    assert_eq!(request.good_until, at(60 + 23 * 3_600));

    assert!(gateway.to_close(&Where::unknown().place()).is_err());
    let session = Session {
        reference: SessionRef::new("../refunds").unwrap(),
        ..known.session.clone().unwrap()
    };
    let strange = Where {
        session: Some(session),
        ..Where::known()
    };
    assert!(gateway.to_close(&strange.place()).is_err());
}
