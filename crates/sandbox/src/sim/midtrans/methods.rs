//! The payment methods of Midtrans, and what sets them apart.

use serde_json::{Map, Value, json};

use crate::sim::clock::{DAY, HOUR, MINUTE, Millis};
use crate::sim::world::World;

/// A payment method.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// As `enabled_payments` calls it.
    pub name: &'static str,
    /// As transactions call it.
    pub payment_type: &'static str,
    pub title: &'static str,
    /// How long the buyer has, unless the request says otherwise.
    pub lasts: Millis,
    pub refunds: Refunds,
    /// How long it can be refunded.
    pub window: Millis,
    pub least: i64,
    pub most: i64,
}

/// What can be refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refunds {
    Never,
    Whole,
    Parts,
}

const VA: Method = Method {
    name: "bni_va",
    payment_type: "bank_transfer",
    title: "BNI Virtual Account",
    lasts: DAY,
    refunds: Refunds::Never,
    window: 0,
    least: 1,
    most: 999_999_999,
};

const fn va(name: &'static str, title: &'static str) -> Method {
    Method { name, title, ..VA }
}

const fn wallet(
    name: &'static str,
    title: &'static str,
    refunds: Refunds,
    days: i64,
    most: i64,
) -> Method {
    Method {
        name,
        payment_type: name,
        title,
        lasts: 15 * MINUTE,
        refunds,
        window: days * DAY,
        least: 1,
        most,
    }
}

pub const METHODS: &[Method] = &[
    Method {
        name: "credit_card",
        payment_type: "credit_card",
        title: "Credit or debit card",
        lasts: 15 * MINUTE,
        refunds: Refunds::Parts,
        window: 365 * DAY,
        least: 10_000,
        most: 999_999_999,
    },
    wallet("gopay", "GoPay", Refunds::Parts, 45, 20_000_000),
    Method {
        payment_type: "qris",
        ..wallet("other_qris", "QRIS", Refunds::Parts, 45, 10_000_000)
    },
    wallet("shopeepay", "ShopeePay", Refunds::Whole, 365, 20_000_000),
    wallet("dana", "DANA", Refunds::Parts, 45, 20_000_000),
    wallet("ovo", "OVO", Refunds::Whole, 7, 99_999_999),
    Method {
        least: 10_000,
        ..va("bca_va", "BCA Virtual Account")
    },
    VA,
    va("bri_va", "BRI Virtual Account"),
    va("permata_va", "Permata Virtual Account"),
    va("cimb_va", "CIMB Niaga Virtual Account"),
    va("danamon_va", "Danamon Virtual Account"),
    va("bsi_va", "BSI Virtual Account"),
    va("seabank_va", "SeaBank Virtual Account"),
    va("saqu_va", "Saqu Virtual Account"),
    va("other_va", "Another bank"),
    Method {
        payment_type: "echannel",
        ..va("echannel", "Mandiri Bill Payment")
    },
    Method {
        payment_type: "cstore",
        least: 10_000,
        most: 5_000_000,
        lasts: 24 * HOUR,
        ..va("indomaret", "Indomaret")
    },
    Method {
        payment_type: "cstore",
        most: 5_000_000,
        lasts: 24 * HOUR,
        ..va("alfamart", "Alfamart")
    },
    Method {
        least: 5_000,
        lasts: 2 * HOUR,
        ..wallet("akulaku", "Akulaku", Refunds::Parts, 30, 25_000_000)
    },
    Method {
        lasts: 2 * HOUR,
        ..wallet("kredivo", "Kredivo", Refunds::Parts, 14, 30_000_000)
    },
];

/// The method of a name.
pub fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

/// Whether `enabled_payments` may hold this.
pub fn is_known(name: &str) -> bool {
    find(name).is_some() || ["bank_transfer", "cstore", "qris"].contains(&name)
}

/// The methods a page offers, for an amount.
pub fn offered(enabled: &[String], amount: i64) -> Vec<&'static Method> {
    let wanted = |method: &&Method| {
        let named = |name: &String| {
            name == method.name
                || (name == method.payment_type
                    && ["bank_transfer", "cstore", "qris"].contains(&name.as_str()))
        };
        enabled.is_empty() || enabled.iter().any(named)
    };
    let fits = |method: &&Method| (method.least..=method.most).contains(&amount);
    METHODS.iter().filter(wanted).filter(fits).collect()
}

/// The numbers the buyer is told, in the fields of this method.
pub fn numbers(world: &mut World, method: &Method) -> Map<String, Value> {
    let digits = |world: &mut World, length| world.ids.digits(length);
    let fields = match (method.payment_type, method.name) {
        ("bank_transfer", "permata_va") => {
            json!({ "permata_va_number": digits(world, 16) })
        }
        ("bank_transfer", name) => {
            let bank = name.trim_end_matches("_va");
            let number = digits(world, 15);
            json!({
                "va_numbers": [{ "bank": bank, "va_number": number }], "payment_amounts": [],
            })
        }
        ("echannel", _) => json!({ "biller_code": "70012", "bill_key": digits(world, 12) }),
        ("cstore", name) => json!({ "store": name, "payment_code": digits(world, 14) }),
        ("qris", _) => json!({
            "transaction_type": "on-us", "acquirer": "gopay", "issuer": "gopay",
        }),
        ("gopay", _) => json!({ "payment_option_type": "GOPAY_WALLET" }),
        ("shopeepay", _) => json!({ "shopeepay_reference_number": digits(world, 12) }),
        ("ovo", _) => json!({ "payer_phone_number": "+628123456789" }),
        _ => json!({}),
    };
    match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
