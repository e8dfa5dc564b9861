//! `bayar payments check-status`: what gateways prove about one order, applied or only told.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::store::{OrderKey, StoredOrder};
use bayar_app::{App, InspectedPayment, Inspection, PayError, Refreshed};
use bayar_domain::{OrderNumber, OrderStatus, PaymentId, PaymentStatus};
use serde::Serialize;
use thiserror::Error;

use super::output::{self, Failure, note};

/// What was or would be fixed: neither all well nor an error.
const SOMETHING_TO_FIX: u8 = 2;

/// What is done about a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "action", content = "detail")]
enum Action {
    /// All agree.
    None,
    /// It was wrong here.
    Fixed,
    /// It is wrong here.
    WouldFix,
    /// A gateway did not say.
    NotKnown(String),
}

/// One payment.
#[derive(Debug, Serialize)]
struct Row {
    payment_id: i64,
    /// Where it stood when the command began.
    previous_payment_status: &'static str,
    /// Where it stands now, or would stand.
    payment_status: &'static str,
    gateway_status: Option<String>,
    #[serde(flatten)]
    action: Action,
}

/// All of an order.
#[derive(Debug, Serialize)]
struct Report<'a> {
    order_number: &'a str,
    previous_order_status: &'static str,
    order_status: &'static str,
    payments: Vec<Row>,
}

/// There is nothing to ask about.
#[derive(Debug, Error)]
#[error("there is no such order")]
struct NoSuchOrder;

/// Asks the gateways about an order.
pub async fn check_status(
    app: &Arc<App>,
    number: &OrderNumber,
    dry_run: bool,
    json: bool,
) -> Result<ExitCode, Failure> {
    let looked = if dry_run {
        app.inspect_order(number).await.map(inspected)
    } else {
        checked(app, number).await
    };
    let (before, after, rows) = looked.map_err(|error| match error {
        PayError::NotFound => Failure::from(NoSuchOrder),
        error => Failure::from(error),
    })?;
    let code = exit_code(before, after, &rows);
    let report = Report {
        order_number: number.as_str(),
        previous_order_status: before.as_str(),
        order_status: after.as_str(),
        payments: rows,
    };
    if json {
        output::json(&report)?;
    } else {
        tell(&report)?;
    }
    Ok(code)
}

fn inspected(inspection: Inspection) -> (OrderStatus, OrderStatus, Vec<Row>) {
    let rows = inspection.payments.into_iter().map(|payment| {
        let InspectedPayment {
            id,
            before,
            after,
            gateway_status,
            learns,
            faults,
        } = payment;
        let action = match faults.first() {
            Some(fault) => Action::NotKnown(fault.to_string()),
            None if learns || before != after => Action::WouldFix,
            None => Action::None,
        };
        row(id, before, after, gateway_status, action)
    });
    (inspection.before, inspection.after, rows.collect())
}

async fn checked(
    app: &Arc<App>,
    number: &OrderNumber,
) -> Result<(OrderStatus, OrderStatus, Vec<Row>), PayError> {
    let order = async || {
        let stored = app.store().order(&OrderKey::Number(number.clone())).await;
        stored.map_err(PayError::from)?.ok_or(PayError::NotFound)
    };
    let before: StoredOrder = order().await?;
    let known = app.store().payments_of(number).await?;
    let outcomes = ask(app, number).await?;
    let after = order().await?;
    let rows = known.iter().zip(outcomes).map(|(stored, outcome)| {
        let id = stored.payment.terms().id;
        let was = stored.payment.status();
        match outcome {
            Ok(refreshed) => {
                let now = refreshed.payment.payment.status();
                let action = match (refreshed.incomplete, refreshed.asked) {
                    (true, _) => Action::NotKnown("a gateway did not say all of it".to_owned()),
                    (false, false) => Action::NotKnown("others ask all the time".to_owned()),
                    (false, true) if refreshed.learned || was != now => Action::Fixed,
                    (false, true) => Action::None,
                };
                row(id, was, now, refreshed.gateway_status, action)
            }
            Err(error) => row(id, was, was, None, Action::NotKnown(error.to_string())),
        }
    });
    let (was, is) = (before.order.status(), after.order.status());
    Ok((was, is, rows.collect()))
}

/// Asks until nobody else has just asked.
async fn ask(
    app: &Arc<App>,
    number: &OrderNumber,
) -> Result<Vec<Result<Refreshed, PayError>>, PayError> {
    const PAUSE: Duration = Duration::from_secs(3);
    const MOST: u32 = 3;
    let mut outcomes = app.check_order(number).await?;
    for _ in 0..MOST {
        let all_asked = outcomes
            .iter()
            .all(|outcome| outcome.as_ref().map_or(true, |refreshed| refreshed.asked));
        if all_asked {
            break;
        }
        note("somebody has just asked the gateway; asking again in 3 seconds");
        tokio::time::sleep(PAUSE).await;
        outcomes = app.check_order(number).await?;
    }
    Ok(outcomes)
}

fn row(
    id: PaymentId,
    before: PaymentStatus,
    after: PaymentStatus,
    gateway_status: Option<String>,
    action: Action,
) -> Row {
    Row {
        payment_id: id.get(),
        previous_payment_status: before.as_str(),
        payment_status: after.as_str(),
        gateway_status,
        action,
    }
}

fn exit_code(before: OrderStatus, after: OrderStatus, rows: &[Row]) -> ExitCode {
    let not_known = |row: &Row| matches!(row.action, Action::NotKnown(_));
    if rows.iter().any(not_known) {
        ExitCode::FAILURE
    } else if before != after || rows.iter().any(|row| row.action != Action::None) {
        ExitCode::from(SOMETHING_TO_FIX)
    } else {
        ExitCode::SUCCESS
    }
}

fn tell(report: &Report<'_>) -> std::io::Result<()> {
    if report.payments.is_empty() {
        return output::line(format!(
            "Nobody has tried to pay order {}, which is {}.",
            report.order_number, report.order_status
        ));
    }
    let rows = report.payments.iter().map(|row| {
        let change = if row.previous_payment_status == row.payment_status {
            "what the gateway proves was not written down".to_owned()
        } else {
            format!("{} -> {}", row.previous_payment_status, row.payment_status)
        };
        [
            report.order_number.to_owned(),
            report.previous_order_status.to_owned(),
            row.previous_payment_status.to_owned(),
            row.gateway_status.clone().unwrap_or_else(|| "-".to_owned()),
            match &row.action {
                Action::None => "-".to_owned(),
                Action::Fixed => format!("Fixed: {change}"),
                Action::WouldFix => format!("Would fix: {change}"),
                Action::NotKnown(why) => format!("Not known: {why}"),
            },
        ]
    });
    output::table(
        [
            "Order Number",
            "Order Status",
            "Payment Status",
            "Gateway Status",
            "Action",
        ],
        rows.collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_with(action: Action) -> Row {
        let id = PaymentId::new(7).unwrap();
        let (was, is) = (PaymentStatus::Processing, PaymentStatus::Completed);
        row(id, was, is, Some("paid".to_owned()), action)
    }

    fn code(actions: &[Action]) -> ExitCode {
        let rows: Vec<_> = actions.iter().cloned().map(row_with).collect();
        exit_code(OrderStatus::Pending, OrderStatus::Pending, &rows)
    }

    #[test]
    fn it_leaves_with_what_a_script_needs_to_know() {
        let not_known = Action::NotKnown("connection".to_owned());
        assert_eq!(code(&[]), ExitCode::SUCCESS);
        assert_eq!(code(&[Action::None]), ExitCode::SUCCESS);
        assert_eq!(code(&[Action::None, Action::Fixed]), ExitCode::from(2));
        assert_eq!(code(&[Action::WouldFix]), ExitCode::from(2));
        assert_eq!(code(&[Action::Fixed, not_known]), ExitCode::FAILURE);
        let moved = exit_code(OrderStatus::Pending, OrderStatus::Processing, &[]);
        assert_eq!(moved, ExitCode::from(2));
    }

    #[test]
    fn a_row_is_flat_in_json() {
        let json = serde_json::to_value(row_with(Action::Fixed)).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "payment_id": 7,
                "previous_payment_status": "processing",
                "payment_status": "completed",
                "gateway_status": "paid",
                "action": "fixed",
            })
        );
        let not_known = Action::NotKnown("connection".to_owned());
        let json = serde_json::to_value(row_with(not_known)).unwrap();
        assert_eq!(json["action"], "not_known");
        assert_eq!(json["detail"], "connection");
    }
}
