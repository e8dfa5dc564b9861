//! `bayar payments cleanup-expired`: ends the payments whose time is over.

use std::process::ExitCode;
use std::sync::Arc;

use bayar_app::App;
use bayar_app::port::store::{StoredPayment, Which};
use serde::Serialize;

use super::output::{self, Failure};

/// How many rows are asked for at once.
const PAGE: u32 = 200;

/// A payment whose time is over.
#[derive(Debug, Serialize)]
struct Row {
    payment_id: i64,
    order_number: String,
    payment_status: &'static str,
    deadline: String,
    action: &'static str,
}

/// All of them.
#[derive(Debug, Serialize)]
struct All {
    found: usize,
    payments: Vec<Row>,
}

/// Ends them, or only tells which there are.
pub async fn cleanup_expired(
    app: &Arc<App>,
    dry_run: bool,
    json: bool,
) -> Result<ExitCode, Failure> {
    let mut rows = Vec::new();
    if dry_run {
        let mut after = None;
        loop {
            let page = app.store().unresolved(Which::Overdue, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.payment.payment.terms().id);
            let told = page.iter().map(|found| row(&found.payment, "would expire"));
            rows.extend(told);
        }
    } else {
        let told = |ended: &StoredPayment| rows.push(row(ended, action(ended)));
        app.expire_all_overdue(told).await?;
    }
    if json {
        let found = rows.len();
        output::json(&All {
            found,
            payments: rows,
        })?;
    } else {
        tell(rows)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn action(ended: &StoredPayment) -> &'static str {
    use bayar_domain::PaymentStatus as Status;
    match ended.payment.status() {
        Status::Expired => "expired",
        Status::Pending | Status::Processing => "waits for its gateway",
        Status::UnderReview
        | Status::Completed
        | Status::PartiallyRefunded
        | Status::Refunded
        | Status::Failed
        | Status::Cancelled => "had ended",
    }
}

fn row(stored: &StoredPayment, action: &'static str) -> Row {
    let terms = stored.payment.terms();
    Row {
        payment_id: terms.id.get(),
        order_number: stored.order_number.to_string(),
        payment_status: stored.payment.status().as_str(),
        deadline: terms.deadline.to_rfc3339(),
        action,
    }
}

fn tell(rows: Vec<Row>) -> std::io::Result<()> {
    output::line(format!("Found {} payments whose time is over.", rows.len()))?;
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(|row| {
        [
            row.order_number,
            row.payment_id.to_string(),
            row.payment_status.to_owned(),
            row.deadline,
            row.action.to_owned(),
        ]
    });
    output::table(
        [
            "Order Number",
            "Payment",
            "Payment Status",
            "Deadline",
            "Action",
        ],
        rows.collect(),
    )
}
