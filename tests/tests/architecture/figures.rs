//! What is counted, and whether whoever reads the figures is told what it is.

use std::collections::BTreeSet;

use proc_macro2::{LexError, TokenStream, TokenTree};

use crate::sources::Source;

const COUNTING: [&str; 3] = ["counter", "gauge", "histogram"];
const DESCRIBING: [&str; 3] = ["describe_counter", "describe_gauge", "describe_histogram"];

/// Figures that some source counts and none describes.
pub fn undescribed(sources: &[Source]) -> Result<Vec<String>, LexError> {
    let described: BTreeSet<_> = named(sources, &DESCRIBING)?
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    let counted = named(sources, &COUNTING)?.into_iter();
    Ok(counted
        .filter(|(_, name)| !described.contains(name))
        .map(|(path, name)| format!("{path} counts {name}, and nobody describes it"))
        .collect())
}

/// What comes first in each use of one of `macros`, with the file that uses it: the name of a figure, or of a constant.
fn named<'a>(
    sources: &'a [Source],
    macros: &[&str],
) -> Result<BTreeSet<(&'a str, String)>, LexError> {
    let mut found = BTreeSet::new();
    for source in sources {
        let mut names = Vec::new();
        collect(source.text.parse()?, macros, &mut names);
        found.extend(names.into_iter().map(|name| (source.path.as_str(), name)));
    }
    Ok(found)
}

fn collect(tokens: TokenStream, macros: &[&str], found: &mut Vec<String>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    for three in tokens.windows(3) {
        if let [
            TokenTree::Ident(name),
            TokenTree::Punct(bang),
            TokenTree::Group(group),
        ] = three
            && bang.as_char() == '!'
            && macros.contains(&name.to_string().as_str())
        {
            let first = group.stream().into_iter().next();
            found.extend(first.map(|first| first.to_string()));
        }
    }
    for token in tokens {
        if let TokenTree::Group(group) = token {
            collect(group.stream(), macros, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(texts: &[&str]) -> Vec<String> {
        let sources: Vec<_> = texts
            .iter()
            .map(|text| Source {
                path: "paying.rs".to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        undescribed(&sources).unwrap()
    }

    #[test]
    fn what_is_counted_and_described_is_accepted() {
        for (counts, describes) in [
            (
                "fn pay() { metrics::counter!(\"paid\", \"by\" => who).increment(1); }",
                "fn tell() { metrics::describe_counter!(\"paid\", \"Payments.\"); }",
            ),
            (
                "fn pay() { if up { metrics::gauge!(UP).set(1.0) } }",
                "fn tell() { describe_gauge!(UP, \"Whether it is up.\"); }",
            ),
        ] {
            assert_eq!(told(&[counts, describes]), Vec::<String>::new());
        }
    }

    #[test]
    fn what_nobody_describes_is_named() {
        for counts in [
            "fn pay() { metrics::counter!(\"paid\").increment(1); }",
            "fn pay() { let paid = || metrics::histogram!(\n\"paid\", &labels).record(took); }",
            "fn pay() { gauge!(\"paid\").set(1.0); describe_gauge!(\"lost\", \"Paid.\"); }",
        ] {
            let expected = ["paying.rs counts \"paid\", and nobody describes it"];
            assert_eq!(told(&[counts]), expected, "{counts}");
        }
    }
}
