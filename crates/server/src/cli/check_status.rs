//! `bayar payments check-status`: what gateways prove about one order, applied or only told.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use bayar_app::port::store::{OrderKey, StoredOrder, UnresolvedPayment};
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
pub(super) enum Action {
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
pub(super) struct Row {
    pub payment_id: i64,
    /// Where it stood when the command began.
    previous_payment_status: &'static str,
    /// Where it stands now, or would stand.
    payment_status: &'static str,
    gateway_status: Option<String>,
    #[serde(flatten)]
    pub action: Action,
}

/// All of an order.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    order_number: String,
    previous_order_status: &'static str,
    order_status: &'static str,
    pub payments: Vec<Row>,
}

impl Report {
    /// Of an order about which nothing could be found out.
    pub fn unknown(number: &OrderNumber, known: &[UnresolvedPayment], why: &str) -> Self {
        let rows = known.iter().map(|known| {
            let payment = &known.payment.payment;
            let (id, status) = (payment.terms().id, payment.status());
            row(id, status, status, None, Action::NotKnown(why.to_owned()))
        });
        let status = known
            .first()
            .map_or("-", |known| known.order_status.as_str());
        Self {
            order_number: number.to_string(),
            previous_order_status: status,
            order_status: status,
            payments: rows.collect(),
        }
    }
}

/// What all that was looked at comes to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Verdict {
    is_unknown: bool,
    is_wrong: bool,
}

impl Verdict {
    /// Looks at one more order.
    pub fn take(&mut self, report: &Report) {
        self.is_wrong |= report.previous_order_status != report.order_status;
        for row in &report.payments {
            match row.action {
                Action::None => {}
                Action::Fixed | Action::WouldFix => self.is_wrong = true,
                Action::NotKnown(_) => self.is_unknown = true,
            }
        }
    }

    /// What a script needs to know.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self {
                is_unknown: true, ..
            } => ExitCode::FAILURE,
            Self { is_wrong: true, .. } => ExitCode::from(SOMETHING_TO_FIX),
            Self { .. } => ExitCode::SUCCESS,
        }
    }
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
    let looked = look_at(app, number, !dry_run).await;
    let report = looked.map_err(|error| match error {
        PayError::NotFound => Failure::from(NoSuchOrder),
        error => Failure::from(error),
    })?;
    let mut verdict = Verdict::default();
    verdict.take(&report);
    if json {
        output::json(&report)?;
    } else {
        tell(&report)?;
    }
    Ok(verdict.exit_code())
}

/// Asks the gateways about an order, and applies what they prove or only tells it.
pub(super) async fn look_at(
    app: &Arc<App>,
    number: &OrderNumber,
    fix: bool,
) -> Result<Report, PayError> {
    let (before, after, payments) = if fix {
        checked(app, number).await?
    } else {
        inspected(app.inspect_order(number).await?)
    };
    Ok(Report {
        order_number: number.to_string(),
        previous_order_status: before.as_str(),
        order_status: after.as_str(),
        payments,
    })
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

fn tell(report: &Report) -> std::io::Result<()> {
    if report.payments.is_empty() {
        return output::line(format!(
            "Nobody has tried to pay order {}, which is {}.",
            report.order_number, report.order_status
        ));
    }
    table([report])
}

/// Writes a row for each payment of each order.
pub(super) fn table<'a>(reports: impl IntoIterator<Item = &'a Report>) -> std::io::Result<()> {
    let rows = reports.into_iter().flat_map(|report| {
        let rows = report.payments.iter();
        rows.map(move |row| cells(report, row))
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

fn cells(report: &Report, row: &Row) -> [String; 5] {
    let change = if row.previous_payment_status == row.payment_status {
        "what the gateway proves was not written down".to_owned()
    } else {
        format!("{} -> {}", row.previous_payment_status, row.payment_status)
    };
    [
        report.order_number.clone(),
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
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row_with(action: Action) -> Row {
        let id = PaymentId::new(7).unwrap();
        let (was, is) = (PaymentStatus::Processing, PaymentStatus::Completed);
        row(id, was, is, Some("paid".to_owned()), action)
    }

    fn code_of(after: OrderStatus, actions: &[Action]) -> ExitCode {
        let mut verdict = Verdict::default();
        verdict.take(&Report {
            order_number: "INV202507180407-3C2A".to_owned(),
            previous_order_status: OrderStatus::Pending.as_str(),
            order_status: after.as_str(),
            payments: actions.iter().cloned().map(row_with).collect(),
        });
        verdict.exit_code()
    }

    fn code(actions: &[Action]) -> ExitCode {
        code_of(OrderStatus::Pending, actions)
    }

    #[test]
    fn it_leaves_with_what_a_script_needs_to_know() {
        let not_known = Action::NotKnown("connection".to_owned());
        assert_eq!(code(&[]), ExitCode::SUCCESS);
        assert_eq!(code(&[Action::None]), ExitCode::SUCCESS);
        assert_eq!(code(&[Action::None, Action::Fixed]), ExitCode::from(2));
        assert_eq!(code(&[Action::WouldFix]), ExitCode::from(2));
        assert_eq!(code(&[Action::Fixed, not_known]), ExitCode::FAILURE);
        let moved = code_of(OrderStatus::Processing, &[]);
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
