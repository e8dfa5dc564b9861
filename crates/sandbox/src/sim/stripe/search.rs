//! The search for PaymentIntents, which is behind when it is told to be.

use serde_json::{Value, json};

use super::errors::ApiError;
use super::model::Intent;
use super::shape::{TEXT, check, may, must};
use super::{Answer, Job, lists, render};
use crate::sim::clock::{SECOND, millis};
use crate::sim::world::World;

/// One condition of a query.
#[derive(Debug, PartialEq, Eq)]
struct Condition {
    negated: bool,
    field: String,
    operator: String,
    value: String,
}

pub fn intents(world: &World, job: &Job) -> Answer {
    let fields = [
        must("query", TEXT),
        may("limit", super::shape::Shape::Int),
        may("page", TEXT),
    ];
    check(&job.params, &[&fields])?;
    let query = job.params.text("query").unwrap_or_default();
    let Some((conditions, all)) = parse(query) else {
        let message = format!("We were unable to parse your search query: {query}");
        return Err(ApiError::invalid(None, message).param("query"));
    };
    let limit = lists::limit(&job.params)?;
    let page = job
        .params
        .text("page")
        .map_or(Some(0), |page| page.parse().ok());
    let Some(skip) = page else {
        return Err(ApiError::invalid(None, "Invalid page").param("page"));
    };
    let newest = (world.now() - millis(world.config.stripe.search_lag)).div_euclid(SECOND);
    let fits = |intent: &&Intent| {
        let mut each = conditions.iter().map(|condition| holds(condition, intent));
        let fits = if all {
            each.all(|fits| fits)
        } else {
            each.any(|fits| fits)
        };
        fits && intent.livemode == job.livemode && intent.created <= newest
    };
    let found: Vec<&Intent> = world.state.stripe.intents.newest().filter(fits).collect();
    let data: Vec<Value> = found
        .iter()
        .skip(skip)
        .take(limit)
        .map(|intent| render::intent(intent))
        .collect();
    let more = found.len() > skip + limit;
    let next = more.then(|| (skip + limit).to_string());
    Ok(json!({
        "object": "search_result", "url": "/v1/payment_intents/search",
        "has_more": more, "next_page": next, "data": data,
    }))
}

/// Reads `metadata['k']:'v' AND status:'succeeded'`; whether all must hold, or any.
fn parse(query: &str) -> Option<(Vec<Condition>, bool)> {
    let and = query.contains(" AND ");
    let or = query.contains(" OR ");
    if and && or {
        return None;
    }
    let pieces = query.split(if or { " OR " } else { " AND " });
    let conditions: Option<Vec<Condition>> = pieces.map(|piece| condition(piece.trim())).collect();
    Some((conditions?, !or))
}

fn condition(text: &str) -> Option<Condition> {
    let (negated, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let at = text.find([':', '=', '~', '<', '>'])?;
    let (field, rest) = text.split_at(at);
    let operator = [">=", "<=", ":", "=", "~", ">", "<"];
    let operator = operator
        .into_iter()
        .find(|operator| rest.starts_with(operator))?;
    let value = rest.strip_prefix(operator)?.trim();
    let quoted = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    let value = quoted('\'').or_else(|| quoted('"')).unwrap_or(value);
    let known = ["amount", "created", "currency", "customer", "status"].contains(&field)
        || field.starts_with("metadata[");
    known.then(|| Condition {
        negated,
        field: field.to_owned(),
        operator: operator.to_owned(),
        value: value.to_owned(),
    })
}

fn holds(condition: &Condition, intent: &Intent) -> bool {
    let number = |known: i64| {
        let Ok(wanted) = condition.value.parse::<i64>() else {
            return false;
        };
        match condition.operator.as_str() {
            ">" => known > wanted,
            "<" => known < wanted,
            ">=" => known >= wanted,
            "<=" => known <= wanted,
            _ => known == wanted,
        }
    };
    let text = |known: &str| match condition.operator.as_str() {
        "~" => known.contains(&condition.value),
        _ => known == condition.value,
    };
    let fits = match condition.field.as_str() {
        "amount" => number(intent.amount),
        "created" => number(intent.created),
        "currency" => text(&intent.currency),
        "status" => text(intent.status.name()),
        "customer" => intent.customer.as_deref().is_some_and(text),
        metadata => {
            let key = metadata
                .trim_start_matches("metadata[")
                .trim_end_matches(']');
            let key = key.trim_matches(['\'', '"']);
            intent.metadata.get(key).is_some_and(|value| text(value))
        }
    };
    fits != condition.negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_conditions_that_all_hold_or_of_which_one_does() {
        let (conditions, all) =
            parse("metadata['order_id']:'A-1' AND -status:'succeeded'").unwrap();
        assert!(all);
        let negated: Vec<bool> = conditions
            .iter()
            .map(|condition| condition.negated)
            .collect();
        assert_eq!(negated, [false, true]);
        assert_eq!(conditions.first().unwrap().value, "A-1");
        assert!(!parse("amount>=500 OR amount<10").unwrap().1);
        assert!(parse("amount>1 AND amount<9 OR status:'x'").is_none());
        assert!(parse("colour:'blue'").is_none());
    }
}
