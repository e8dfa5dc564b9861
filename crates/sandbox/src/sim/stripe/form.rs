//! Form parameters with nested brackets.

use sha2::{Digest, Sha256};

use crate::sim::http::pairs;

/// The parameters of a request, as a tree. A list is a map whose names are numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params {
    fields: Vec<(String, Node)>,
}

/// A value, or what is below a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Text(String),
    Below(Params),
}

impl Params {
    /// Reads `a=1&b[c]=2&d[0]=3&d[]=4`.
    pub fn parse(text: &str) -> Self {
        let mut params = Self::default();
        for (name, value) in pairs(text) {
            let path = split(&name);
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            params.insert(&path, value);
        }
        params
    }

    fn insert(&mut self, path: &[&str], value: String) {
        let Some((first, rest)) = path.split_first() else {
            return;
        };
        let name = if first.is_empty() {
            self.fields.len().to_string()
        } else {
            (*first).to_owned()
        };
        let place = self.fields.iter_mut().find(|(known, _)| *known == name);
        match (place, rest.is_empty()) {
            (Some((_, node)), true) => *node = Node::Text(value),
            (Some((_, Node::Below(below))), false) => below.insert(rest, value),
            (Some((_, node)), false) => {
                let mut below = Self::default();
                below.insert(rest, value);
                *node = Node::Below(below);
            }
            (None, true) => self.fields.push((name, Node::Text(value))),
            (None, false) => {
                let mut below = Self::default();
                below.insert(rest, value);
                self.fields.push((name, Node::Below(below)));
            }
        }
    }

    pub fn fields(&self) -> &[(String, Node)] {
        &self.fields
    }

    pub fn node(&self, name: &str) -> Option<&Node> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, node)| node)
    }

    /// A text that is there and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.node(name) {
            Some(Node::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// An integer. The shape of the request has been checked before.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.text(name).and_then(|text| text.parse().ok())
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text == "true")
    }

    /// What is below a name; nothing at all if it is not there.
    pub fn below(&self, name: &str) -> Option<&Params> {
        match self.node(name) {
            Some(Node::Below(below)) => Some(below),
            _ => None,
        }
    }

    /// The entries of a list, in their order.
    pub fn items(&self) -> Vec<(&str, &Node)> {
        let mut items: Vec<(&str, &Node)> = self
            .fields
            .iter()
            .map(|(name, node)| (name.as_str(), node))
            .collect();
        items.sort_by_key(|(name, _)| name.parse::<u64>().unwrap_or(u64::MAX));
        items
    }

    /// The texts of a list.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let items = self.below(name).map(Self::items).unwrap_or_default();
        let text = |(_, node): (&str, &Node)| match node {
            Node::Text(text) => Some(text.clone()),
            Node::Below(_) => None,
        };
        items.into_iter().filter_map(text).collect()
    }

    fn flatten(&self, prefix: &str, into: &mut Vec<String>) {
        for (name, node) in &self.fields {
            let path = if prefix.is_empty() {
                name.clone()
            } else {
                format!("{prefix}[{name}]")
            };
            match node {
                Node::Text(text) => into.push(format!("{path}={text}")),
                Node::Below(below) => below.flatten(&path, into),
            }
        }
    }

    /// A hash over the parameters that does not depend on their order.
    pub fn digest(&self) -> String {
        let mut flat = Vec::new();
        self.flatten("", &mut flat);
        flat.sort();
        let mut hash = Sha256::new();
        for pair in flat {
            hash.update(pair.as_bytes());
            hash.update([0]);
        }
        hex::encode(hash.finalize())
    }
}

/// `a[b][]` is `a`, `b` and nothing.
fn split(name: &str) -> Vec<String> {
    let (first, rest) = match name.split_once('[') {
        Some((first, rest)) if !first.is_empty() => (first, rest),
        _ => return vec![name.to_owned()],
    };
    let mut parts = vec![first.to_owned()];
    let rest = rest.strip_suffix(']').unwrap_or(rest);
    parts.extend(rest.split("][").map(str::to_owned));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_nest_and_lists_keep_their_order() {
        let params = Params::parse(
            "mode=payment&line_items[1][quantity]=2&line_items%5B0%5D%5Bprice_data%5D%5Bcurrency%5D=php\
             &expand[]=a&expand[]=b.c&metadata[k]=",
        );
        assert_eq!(params.text("mode"), Some("payment"));
        let items = params.below("line_items").unwrap().items();
        assert_eq!(
            items.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["0", "1"]
        );
        assert_eq!(params.texts("expand"), ["a", "b.c"]);
        let metadata = params.below("metadata").unwrap();
        assert_eq!(metadata.node("k"), Some(&Node::Text(String::new())));
        assert_eq!(metadata.text("k"), None);
    }

    #[test]
    fn the_hash_does_not_depend_on_the_order() {
        let digest = |text| Params::parse(text).digest();
        assert_eq!(digest("a=1&b[c]=2"), digest("b%5Bc%5D=2&a=1"));
        assert_ne!(digest("a=1&b[c]=2"), digest("a=1&b[c]=3"));
    }
}
