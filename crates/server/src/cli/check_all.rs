//! `bayar payments check-all`: what gateways prove about every order that is not at its end, applied or only told.

use std::process::ExitCode;
use std::sync::Arc;

use bayar_app::App;
use bayar_app::port::store::{UnresolvedPayment, Which};
use bayar_domain::OrderNumber;
use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::check_status::{self, Action, Report, Verdict, look_at};
use super::output::{self, Failure};
use super::progress::Progress;

/// How many rows are asked for at once.
const PAGE: u32 = 200;

/// How many orders are checked at once.
const AT_ONCE: usize = 8;

/// All of it.
#[derive(Debug, Serialize)]
struct All {
    found: usize,
    orders: Vec<Report>,
}

/// Checks every order with a payment that is not at its end.
pub async fn check_all(app: &Arc<App>, fix: bool, json: bool) -> Result<ExitCode, Failure> {
    let orders = unresolved_orders(app).await?;
    let found = orders.len();
    if !json {
        output::line(format!("Found {found} orders with pending payments:"))?;
    }
    let mut progress = Progress::of(found);
    let checks = orders
        .into_iter()
        .map(|(number, known)| check(app, number, known, fix));
    let mut checks = stream::iter(checks).buffered(AT_ONCE);
    let mut verdict = Verdict::default();
    let mut reports = Vec::with_capacity(found);
    while let Some(report) = checks.next().await {
        verdict.take(&report);
        reports.push(report);
        progress.step();
    }
    drop(progress);
    if json {
        let orders = reports;
        output::json(&All { found, orders })?;
    } else if found > 0 {
        check_status::table(reports.iter())?;
    }
    Ok(verdict.exit_code())
}

/// The orders, oldest payment first, each with those of its payments that are not at their end.
async fn unresolved_orders(
    app: &App,
) -> Result<Vec<(OrderNumber, Vec<UnresolvedPayment>)>, Failure> {
    let mut orders: Vec<(OrderNumber, Vec<UnresolvedPayment>)> = Vec::new();
    let mut places = std::collections::BTreeMap::new();
    let mut after = None;
    loop {
        let page = app.store().unresolved(Which::All, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(orders);
        };
        after = Some(last.payment.payment.terms().id);
        for payment in page {
            let number = payment.payment.order_number.clone();
            let place = *places.entry(number.to_string()).or_insert(orders.len());
            match orders.get_mut(place) {
                Some((_, known)) => known.push(payment),
                None => orders.push((number, vec![payment])),
            }
        }
    }
}

async fn check(
    app: &Arc<App>,
    number: OrderNumber,
    known: Vec<UnresolvedPayment>,
    fix: bool,
) -> Report {
    match look_at(app, &number, fix).await {
        Ok(mut report) => {
            // What was at its end before and is as it was is nothing to tell of.
            report.payments.retain(|row| {
                let is_known = |payment: &UnresolvedPayment| {
                    payment.payment.payment.terms().id.get() == row.payment_id
                };
                row.action != Action::None || known.iter().any(is_known)
            });
            report
        }
        // One order that cannot be checked is no reason not to check the others.
        Err(error) => Report::unknown(&number, &known, &error.to_string()),
    }
}
