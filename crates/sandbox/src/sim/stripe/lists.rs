//! Lists: newest first, cut by cursors.

use serde_json::{Value, json};

use super::errors::ApiError;
use super::form::{Node, Params};
use super::model::{Charge, Dispute, Endpoint, Event, Intent, Line, Refund, Session};
use super::{Answer, Job};

/// What can stand in a list.
pub trait Listed {
    fn id(&self) -> &str;
    fn created(&self) -> i64;
}

macro_rules! listed {
    ($($kind:ty),*) => {$(
        impl Listed for $kind {
            fn id(&self) -> &str {
                &self.id
            }

            fn created(&self) -> i64 {
                self.created
            }
        }
    )*};
}

listed!(Session, Intent, Charge, Refund, Dispute, Event, Endpoint);

impl Listed for Line {
    fn id(&self) -> &str {
        &self.id
    }

    fn created(&self) -> i64 {
        0
    }
}

/// How many entries a page has.
pub fn limit(params: &Params) -> Result<usize, ApiError> {
    let limit = params.int("limit").unwrap_or(10);
    match usize::try_from(limit) {
        Ok(limit) if (1..=100).contains(&limit) => Ok(limit),
        _ => {
            let message = "Limit must be between 1 and 100.".to_owned();
            Err(ApiError::invalid(None, message).param("limit"))
        }
    }
}

/// Whether a time is in the range `created` asks for.
pub fn created_in(params: &Params, created: i64) -> bool {
    match params.node("created") {
        None => true,
        Some(Node::Text(text)) => text.parse::<i64>() == Ok(created),
        Some(Node::Below(range)) => {
            let holds = |name: &str, test: fn(i64, i64) -> bool| {
                range.int(name).is_none_or(|bound| test(created, bound))
            };
            holds("gt", |time, bound| time > bound)
                && holds("gte", |time, bound| time >= bound)
                && holds("lt", |time, bound| time < bound)
                && holds("lte", |time, bound| time <= bound)
        }
    }
}

/// One page of those entries that are wanted. All of them come newest first; a cursor may stand
/// at one that is not wanted.
pub fn page<'a, T: Listed + 'a>(
    job: &Job,
    url: &str,
    entries: impl Iterator<Item = &'a T>,
    wanted: impl Fn(&'a T) -> bool,
    render: impl Fn(&'a T) -> Value,
) -> Answer {
    let params = &job.params;
    let entries: Vec<&'a T> = entries.collect();
    let limit = limit(params)?;
    let (after, before) = (params.text("starting_after"), params.text("ending_before"));
    if after.is_some() && before.is_some() {
        let message =
            "You can only specify one of these parameters: ending_before, starting_after.";
        return Err(ApiError::invalid(Some("parameters_exclusive"), message));
    }
    let place = |id: &str, param: &str| {
        let place = entries.iter().position(|entry| entry.id() == id);
        place.ok_or_else(|| {
            let mut error = ApiError::missing_object("object", id, param);
            error.status = 400;
            error
        })
    };
    let (start, end) = match (after, before) {
        (Some(id), _) => (place(id, "starting_after")? + 1, entries.len()),
        (None, Some(id)) => (0, place(id, "ending_before")?),
        (None, None) => (0, entries.len()),
    };
    let range = entries.iter().take(end).skip(start);
    let fits = |entry: &&'a T| created_in(params, entry.created()) && wanted(entry);
    let fitting: Vec<&'a T> = range.copied().filter(fits).collect();
    let more = fitting.len() > limit;
    // With `ending_before` the page holds those just newer than the cursor.
    let skip = match before {
        Some(_) => fitting.len().saturating_sub(limit),
        None => 0,
    };
    let shown = fitting.into_iter().skip(skip).take(limit);
    let data: Vec<Value> = shown.map(render).collect();
    Ok(json!({ "object": "list", "url": url, "has_more": more, "data": data }))
}
