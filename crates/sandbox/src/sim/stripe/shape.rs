//! What the parameters of a request may look like. Whatever is not listed is refused.

use super::errors::ApiError;
use super::form::{Node, Params};

/// What a parameter may be.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Any text, at most this long.
    Text(usize),
    Int,
    Bool,
    /// One of these words.
    One(&'static [&'static str]),
    Currency,
    Url,
    /// Fields of its own.
    Hash(&'static [Field]),
    /// A list of these.
    List(&'static Shape),
    Metadata,
    /// A time, or a range of times.
    Range,
    /// Whatever it is: the simulator takes it and does nothing with it.
    Any,
}

/// A parameter: its name, its shape, and whether it must be there.
#[derive(Debug, Clone, Copy)]
pub struct Field(pub &'static str, pub Shape, pub bool);

/// It may be left out.
pub const fn may(name: &'static str, shape: Shape) -> Field {
    Field(name, shape, false)
}

/// It must be there.
pub const fn must(name: &'static str, shape: Shape) -> Field {
    Field(name, shape, true)
}

pub const TEXT: Shape = Shape::Text(5000);

/// Every list takes these.
pub const PAGING: [Field; 3] = [
    may("limit", Shape::Int),
    may("starting_after", TEXT),
    may("ending_before", TEXT),
];

const EXPAND: Field = may("expand", Shape::List(&Shape::Text(500)));

/// Checks all parameters of a request.
pub fn check(params: &Params, fields: &[&[Field]]) -> Result<(), ApiError> {
    let mut all: Vec<Field> = fields
        .iter()
        .flat_map(|some| some.iter().copied())
        .collect();
    all.push(EXPAND);
    let mut unknown = Vec::new();
    hash(params, &all, "", &mut unknown)?;
    refuse_unknown(&unknown)
}

fn refuse_unknown(unknown: &[String]) -> Result<(), ApiError> {
    let Some(first) = unknown.first() else {
        return Ok(());
    };
    let message = if unknown.len() == 1 {
        format!("Received unknown parameter: {first}")
    } else {
        format!("Received unknown parameters: {}", unknown.join(", "))
    };
    Err(ApiError::invalid(Some("parameter_unknown"), message).param(first))
}

fn path(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}[{name}]")
    }
}

fn hash(
    params: &Params,
    fields: &[Field],
    prefix: &str,
    unknown: &mut Vec<String>,
) -> Result<(), ApiError> {
    for (name, node) in params.fields() {
        let path = path(prefix, name);
        match fields.iter().find(|Field(known, ..)| known == name) {
            Some(Field(_, shape, required)) => value(node, shape, *required, &path, unknown)?,
            None => unknown.push(path),
        }
    }
    refuse_unknown(unknown)?;
    let missing = fields
        .iter()
        .find(|Field(name, _, required)| *required && params.node(name).is_none());
    match missing {
        Some(Field(name, ..)) => {
            let path = path(prefix, name);
            let message = format!("Missing required param: {path}.");
            Err(ApiError::invalid(Some("parameter_missing"), message).param(&path))
        }
        None => Ok(()),
    }
}

fn value(
    node: &Node,
    shape: &Shape,
    required: bool,
    path: &str,
    unknown: &mut Vec<String>,
) -> Result<(), ApiError> {
    match (shape, node) {
        (Shape::Any, _) => Ok(()),
        (Shape::Hash(fields), Node::Below(below)) => hash(below, fields, path, unknown),
        (Shape::List(each), Node::Below(below)) => {
            for (name, node) in below.items() {
                let path = format!("{path}[{name}]");
                if name.parse::<u64>().is_err() {
                    return Err(ApiError::invalid(None, "Invalid array").param(&path));
                }
                value(node, each, true, &path, unknown)?;
            }
            Ok(())
        }
        (Shape::Metadata, Node::Below(below)) => metadata(below, path),
        (Shape::Range, Node::Below(below)) => {
            const RANGE: [Field; 4] = [
                may("gt", Shape::Int),
                may("gte", Shape::Int),
                may("lt", Shape::Int),
                may("lte", Shape::Int),
            ];
            hash(below, &RANGE, path, unknown)
        }
        (Shape::Range, Node::Text(text)) => scalar(text, &Shape::Int, required, path),
        (Shape::Hash(_) | Shape::List(_) | Shape::Metadata, Node::Text(text)) => {
            // An empty text unsets.
            if text.is_empty() && !required {
                return Ok(());
            }
            let what = match shape {
                Shape::List(_) => "array",
                _ => "object",
            };
            Err(ApiError::invalid(None, format!("Invalid {what}")).param(path))
        }
        (_, Node::Below(_)) => {
            let message = format!("Invalid string: {path} must not be an object or a list");
            Err(ApiError::invalid(None, message).param(path))
        }
        (_, Node::Text(text)) => scalar(text, shape, required, path),
    }
}

fn scalar(text: &str, shape: &Shape, required: bool, path: &str) -> Result<(), ApiError> {
    let wrong = |code, message: String| Err(ApiError::invalid(code, message).param(path));
    if text.is_empty() {
        if !required {
            return Ok(());
        }
        let message = format!(
            "You passed an empty string for '{path}'. We assume empty values are an attempt to unset a parameter; however '{path}' cannot be unset."
        );
        return wrong(Some("parameter_invalid_empty"), message);
    }
    match shape {
        Shape::Text(longest) if text.chars().count() > *longest => {
            let message = format!("Invalid string: must be at most {longest} characters");
            wrong(None, message)
        }
        Shape::Int if text.parse::<i64>().is_err() => wrong(
            Some("parameter_invalid_integer"),
            format!("Invalid integer: {text}"),
        ),
        Shape::Bool if text != "true" && text != "false" => {
            wrong(None, format!("Invalid boolean: {text}"))
        }
        Shape::One(words) if !words.contains(&text) => wrong(
            None,
            format!("Invalid {path}: must be one of {}", words.join(", ")),
        ),
        Shape::Currency if !is_currency(text) => wrong(None, format!("Invalid currency: {text}.")),
        Shape::Url if !(text.starts_with("http://") || text.starts_with("https://")) => {
            wrong(Some("url_invalid"), "Not a valid URL".to_owned())
        }
        _ => Ok(()),
    }
}

fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn metadata(below: &Params, path: &str) -> Result<(), ApiError> {
    if below.fields().len() > 50 {
        return Err(ApiError::invalid(None, "Metadata can have at most 50 keys").param(path));
    }
    for (name, node) in below.fields() {
        let path = format!("{path}[{name}]");
        let Node::Text(text) = node else {
            let message = "Metadata values must be strings";
            return Err(ApiError::invalid(None, message).param(&path));
        };
        if name.chars().count() > 40 {
            let message = "Metadata keys must be at most 40 characters long";
            return Err(ApiError::invalid(None, message).param(&path));
        }
        if text.chars().count() > 500 {
            let message = "Metadata values must be at most 500 characters long";
            return Err(ApiError::invalid(None, message).param(&path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: [Field; 4] = [
        must("mode", Shape::One(&["payment"])),
        may("metadata", Shape::Metadata),
        may("amount", Shape::Int),
        may(
            "items",
            Shape::List(&Shape::Hash(&[must("quantity", Shape::Int)])),
        ),
    ];

    fn refusal(text: &str) -> (Option<&'static str>, String) {
        let error = check(&Params::parse(text), &[&FIELDS]).unwrap_err();
        (error.code, error.param.unwrap_or_default())
    }

    #[test]
    fn what_is_not_listed_or_not_well_formed_is_refused_by_name() {
        assert!(
            check(
                &Params::parse("mode=payment&amount=5&metadata[a]=&expand[]=x"),
                &[&FIELDS]
            )
            .is_ok()
        );
        assert_eq!(
            refusal("mode=payment&nope=1"),
            (Some("parameter_unknown"), "nope".to_owned())
        );
        assert_eq!(
            refusal("mode=payment&items[0][quantity]=1&items[0][x]=1"),
            (Some("parameter_unknown"), "items[0][x]".to_owned())
        );
        assert_eq!(
            refusal("amount=1"),
            (Some("parameter_missing"), "mode".to_owned())
        );
        assert_eq!(
            refusal("mode=payment&amount=1.5"),
            (Some("parameter_invalid_integer"), "amount".to_owned())
        );
        assert_eq!(
            refusal("mode="),
            (Some("parameter_invalid_empty"), "mode".to_owned())
        );
        assert_eq!(refusal("mode=setup").1, "mode");
        assert_eq!(refusal("mode=payment&items=5").1, "items");
    }
}
