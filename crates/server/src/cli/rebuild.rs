//! `bayar payments rebuild`: after a restored backup, brings back what the gateways know.

use std::process::ExitCode;
use std::sync::Arc;

use bayar_app::{App, BroughtBack, Rebuild, Rebuilt, RebuiltPayment};
use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::audit::time;
use super::output::{self, Failure, note};

/// Something was or would be brought back.
const SOMETHING_FOUND: u8 = 2;

#[derive(Debug, Args)]
pub struct RebuildCommand {
    /// When the copy was made that was restored: a date, or a time such as 2026-11-20T08:00:00Z
    #[arg(long, value_parser = time)]
    since: DateTime<Utc>,
    /// Change nothing: say what would be brought back
    #[arg(long)]
    dry_run: bool,
    /// After so many unknown names in a row, none are looked for at a gateway without lists
    #[arg(long, value_name = "N", default_value_t = 500)]
    gap: u32,
    /// How many ids of each kind are passed over, so that none is given out again
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    skip_ids: u32,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Serialize)]
struct Report {
    checkouts: u64,
    names_tried: u64,
    payments: Vec<Row>,
    payments_read: u64,
    payments_with_news: u64,
    troubles: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    order_number: Option<String>,
    payment_id: Option<i64>,
    attempt_id: i64,
    gateway: &'static str,
    gateway_status: String,
    amount: Option<String>,
    currency: Option<&'static str>,
    action: &'static str,
    detail: Option<String>,
    left_out: Vec<&'static str>,
}

pub async fn run(app: &Arc<App>, command: &RebuildCommand) -> Result<ExitCode, Failure> {
    let wish = Rebuild {
        since: command.since,
        dry_run: command.dry_run,
        gap: command.gap,
        skip_ids: command.skip_ids,
    };
    let rebuilt = app.rebuild(wish, note).await?;
    let code = exit_code(&rebuilt);
    let report = report(rebuilt);
    if command.json {
        output::json(&report)?;
    } else {
        tell(&report)?;
    }
    Ok(code)
}

fn exit_code(rebuilt: &Rebuilt) -> ExitCode {
    match (rebuilt.has_failed(), rebuilt.has_found()) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::from(SOMETHING_FOUND),
        (false, false) => ExitCode::SUCCESS,
    }
}

fn report(rebuilt: Rebuilt) -> Report {
    Report {
        checkouts: rebuilt.checkouts,
        names_tried: rebuilt.probed,
        payments: rebuilt.payments.into_iter().map(row).collect(),
        payments_read: rebuilt.read,
        payments_with_news: rebuilt.learned,
        troubles: rebuilt.troubles,
    }
}

fn row(payment: RebuiltPayment) -> Row {
    let (action, detail) = match payment.outcome {
        BroughtBack::Rows => ("brought_back", None),
        BroughtBack::Money => ("money_found", None),
        BroughtBack::Would => ("would_bring_back", None),
        BroughtBack::Not(why) => ("not_back", Some(why)),
    };
    Row {
        order_number: payment.order_number,
        payment_id: payment.payment,
        attempt_id: payment.attempt.get(),
        gateway: payment.gateway.as_str(),
        gateway_status: payment.gateway_status,
        amount: payment.taken.map(|money| money.to_string()),
        currency: payment.taken.map(|money| money.currency().code()),
        action,
        detail,
        left_out: payment.left_out,
    }
}

fn tell(report: &Report) -> std::io::Result<()> {
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let cells = report.payments.iter().map(|row| {
        let paid = match (&row.amount, row.currency) {
            (Some(amount), Some(currency)) => format!("{amount} {currency}"),
            _ => "-".to_owned(),
        };
        let mut action = row.action.replace('_', " ");
        if let Some(detail) = &row.detail {
            action.push_str(&format!(": {detail}"));
        }
        if !row.left_out.is_empty() {
            action.push_str(&format!(" (without {})", row.left_out.join(", ")));
        }
        [
            text(&row.order_number),
            row.gateway.to_owned(),
            row.gateway_status.clone(),
            paid,
            action,
        ]
    });
    let is_well = report.payments_with_news == 0 && report.troubles.is_empty();
    if report.payments.is_empty() && is_well {
        output::line("Nothing was lost.")?;
    } else if !report.payments.is_empty() {
        output::table(
            [
                "Order Number",
                "Gateway",
                "Gateway Status",
                "Paid",
                "Action",
            ],
            cells.collect(),
        )?;
    }
    output::line(format!(
        "{} checkouts of this installation, {} names tried; {} payments read, {} of them with news.",
        report.checkouts, report.names_tried, report.payments_read, report.payments_with_news
    ))?;
    report
        .troubles
        .iter()
        .try_for_each(|trouble| output::line(format!("Not known: {trouble}")))
}
