//! What a Snap request, or a charge, must look like.

use serde_json::Value;

use super::methods;
use super::model::Expiry;
use crate::sim::calendar::parse_zoned;
use crate::sim::clock::{DAY, HOUR, MINUTE, Millis};

/// The parts every charge has.
#[derive(Debug)]
pub struct Charge {
    pub order_id: String,
    pub gross_amount: i64,
    pub items: Vec<(String, i64, i64)>,
}

fn text<'a>(body: &'a Value, path: &str) -> Option<&'a str> {
    body.pointer(path).and_then(Value::as_str)
}

/// Reads and checks `transaction_details` and `item_details`; what is wrong goes to `wrong`.
pub fn charge(body: &Value, wrong: &mut Vec<String>) -> Charge {
    let order_id = text(body, "/transaction_details/order_id").unwrap_or_default();
    if order_id.is_empty() {
        wrong.push("transaction_details.order_id is required".to_owned());
    } else if order_id.chars().count() > 50 {
        wrong
            .push("transaction_details.order_id is too long (maximum is 50 characters)".to_owned());
    } else if !order_id.bytes().all(is_of_order_id) {
        wrong.push("transaction_details.order_id contains illegal characters".to_owned());
    }
    let gross = body.pointer("/transaction_details/gross_amount");
    let amount = match gross {
        None | Some(Value::Null) => {
            wrong.push("transaction_details.gross_amount is required".to_owned());
            0
        }
        Some(Value::Number(number)) => match number.as_i64() {
            Some(amount) if amount >= 1 => amount,
            Some(_) => {
                wrong.push(
                    "transaction_details.gross_amount must be greater than or equal to 0.01"
                        .to_owned(),
                );
                0
            }
            None => {
                wrong.push("transaction_details.gross_amount must be an integer".to_owned());
                0
            }
        },
        Some(_) => {
            wrong.push("transaction_details.gross_amount is not a number".to_owned());
            0
        }
    };
    let items = items(body, amount, wrong);
    Charge {
        order_id: order_id.to_owned(),
        gross_amount: amount,
        items,
    }
}

fn is_of_order_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte)
}

fn items(body: &Value, amount: i64, wrong: &mut Vec<String>) -> Vec<(String, i64, i64)> {
    let listed = match body.get("item_details") {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(listed)) => listed,
        Some(_) => {
            wrong.push("item_details must be a list".to_owned());
            return Vec::new();
        }
    };
    let mut items = Vec::new();
    for item in listed {
        let name = item.get("name").and_then(Value::as_str).unwrap_or_default();
        let price = item.get("price").and_then(Value::as_i64);
        let quantity = item.get("quantity").and_then(Value::as_i64);
        let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() {
            wrong.push("item_details.name is required".to_owned());
        }
        for (value, what) in [(name, "name"), (id, "id")] {
            if value.chars().count() > 50 {
                wrong.push(format!(
                    "item_details.{what} is too long (maximum is 50 characters)"
                ));
            }
        }
        match (price, quantity) {
            (Some(price), Some(quantity)) if quantity >= 1 => {
                items.push((name.to_owned(), price, quantity));
            }
            (None, _) => wrong.push("item_details.price is required and an integer".to_owned()),
            _ => wrong.push("item_details.quantity must be greater than or equal to 1".to_owned()),
        }
    }
    let sum = items.iter().try_fold(0_i64, |sum, (_, price, quantity)| {
        sum.checked_add(price.checked_mul(*quantity)?)
    });
    if sum != Some(amount) {
        let message = "transaction_details.gross_amount is not equal to the sum of item_details";
        wrong.push(message.to_owned());
    }
    items
}

/// Checks what only Snap has.
pub fn snap(body: &Value, wrong: &mut Vec<String>) {
    for (path, longest) in [
        ("/customer_details/first_name", 255),
        ("/customer_details/last_name", 255),
        ("/customer_details/email", 255),
        ("/customer_details/phone", 255),
        ("/callbacks/finish", 255),
        ("/callbacks/error", 255),
        ("/custom_field1", 255),
        ("/custom_field2", 255),
        ("/custom_field3", 255),
    ] {
        let name = path.trim_start_matches('/').replace('/', ".");
        match body.pointer(path) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.chars().count() <= longest => {}
            Some(Value::String(_)) => {
                wrong.push(format!(
                    "{name} is too long (maximum is {longest} characters)"
                ));
            }
            Some(_) => wrong.push(format!("{name} must be a string")),
        }
    }
    if let Some(email) = text(body, "/customer_details/email")
        && !email.is_empty()
        && !email.contains('@')
    {
        wrong.push("customer_details.email format is invalid".to_owned());
    }
    for name in enabled(body) {
        if !methods::is_known(&name) {
            wrong.push(format!(
                "enabled_payments contains an unknown payment {name}"
            ));
        }
    }
}

/// `enabled_payments`; empty is all.
pub fn enabled(body: &Value) -> Vec<String> {
    let listed = body.get("enabled_payments").and_then(Value::as_array);
    let listed = listed.map(Vec::as_slice).unwrap_or_default();
    let names = listed.iter().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

/// Reads `expiry` or `page_expiry`.
pub fn expiry(body: &Value, name: &str, least: Millis, wrong: &mut Vec<String>) -> Option<Expiry> {
    let given = body.get(name).filter(|given| !given.is_null())?;
    let start = match given.get("start_time").and_then(Value::as_str) {
        None => None,
        Some(text) => match parse_zoned(text) {
            Some(start) => Some(start),
            None => {
                wrong.push(format!(
                    "{name}.start_time format is invalid, it must be yyyy-MM-dd HH:mm:ss Z"
                ));
                return None;
            }
        },
    };
    let unit = given
        .get("unit")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let unit = match unit {
        "minute" | "minutes" => MINUTE,
        "hour" | "hours" => HOUR,
        "day" | "days" => DAY,
        _ => {
            wrong.push(format!("{name}.unit must be one of minute, hour, day"));
            return None;
        }
    };
    let duration = given.get("duration").and_then(Value::as_i64).unwrap_or(0);
    let lasts = duration.saturating_mul(unit);
    if lasts < least || lasts > 7 * DAY {
        wrong.push(format!("{name}.duration is out of range"));
        return None;
    }
    Some(Expiry { start, lasts })
}
