//! What the auditor says.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::checks::{Case, upkeep};
use crate::finding::Finding;
use crate::timeline::{self, Moment};

/// What an audit came to.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    orders: usize,
    captures: usize,
    findings: Vec<Finding>,
    /// What waits for a person and is nothing wrong.
    for_people: Vec<String>,
    /// What could not be checked, and why.
    unchecked: Vec<String>,
    /// By order: all that happened to each one that is wrong.
    timelines: BTreeMap<String, Vec<Moment>>,
}

impl Report {
    pub(crate) fn of(case: &Case<'_>, findings: Vec<Finding>) -> Self {
        let wrong = findings.iter().filter_map(|it| it.order.as_deref());
        let timelines = timeline::of(case, &wrong.collect());
        Self {
            orders: case.files.len(),
            captures: case.money.all.len(),
            findings,
            for_people: upkeep::for_people(case),
            unchecked: unchecked(case),
            timelines,
        }
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// What is wrong.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many orders there are.
    #[must_use]
    pub const fn orders(&self) -> usize {
        self.orders
    }

    /// What waits for a person and is nothing wrong.
    #[must_use]
    pub fn for_people(&self) -> &[String] {
        &self.for_people
    }

    /// What could not be checked, and why.
    #[must_use]
    pub fn unchecked(&self) -> &[String] {
        &self.unchecked
    }
}

/// Nothing is left out in silence.
fn unchecked(case: &Case<'_>) -> Vec<String> {
    let mut unchecked = Vec::new();
    let covers = &case.book.covers;
    if !covers.every_step {
        unchecked.push(
            "the gateways do not tell which requests came and when each checkout could be paid: \
             one_open_session, keys_known and calls_true"
                .to_owned(),
        );
    }
    if let Some(since) = covers.since {
        unchecked.push(format!(
            "what happened at the gateways before {}",
            since.to_rfc3339()
        ));
    }
    if covers.strangers > 0 {
        unchecked.push(format!(
            "{} payments of the gateways' accounts that carry no mark of this installation",
            covers.strangers
        ));
    }
    let mut others: Vec<_> = case
        .ledger
        .attempts
        .iter()
        .filter(|it| !case.book.tells_of(&it.gateway, &it.account, &it.mode))
        .map(|it| format!("{} account {} in {} mode", it.gateway, it.account, it.mode))
        .collect();
    others.sort();
    others.dedup();
    unchecked.extend(
        others
            .into_iter()
            .map(|account| format!("the money of {account}: its book was not read")),
    );
    if case.clients.is_none() {
        unchecked.push("what clients were told: no log was given (answers_kept)".to_owned());
    }
    unchecked
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_clean() {
            return writeln!(
                f,
                "{} orders, one charge each, nothing missing.",
                self.orders
            );
        }
        let mut by_order: BTreeMap<Option<&str>, Vec<&Finding>> = BTreeMap::new();
        for finding in &self.findings {
            let order = finding.order.as_deref();
            by_order.entry(order).or_default().push(finding);
        }
        let wrong = by_order.keys().flatten().count();
        writeln!(f, "{} orders, {wrong} of them wrong.", self.orders)?;
        for (order, findings) in by_order {
            match order {
                Some(order) => writeln!(f, "\nOrder {order}:")?,
                None => writeln!(f, "\nOf no order:")?,
            }
            for Finding { check, what, .. } in findings {
                writeln!(f, "  {check}: {what}")?;
            }
            let timeline = order.and_then(|order| self.timelines.get(order));
            for Moment { at, who, what } in timeline.into_iter().flatten() {
                let at = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
                writeln!(f, "    {at}  {who:<7}  {what}")?;
            }
        }
        Ok(())
    }
}
