//! What an API key may be used for.

use core::fmt;
use core::str::FromStr;
use std::collections::BTreeSet;

use bayar_domain::UnknownName;
use serde::{Deserialize, Serialize};

/// One thing that an API key may be allowed. None of them includes another.
// The names sort as the variants do: sets are written in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Register, cancel and complete orders.
    Orders,
    /// Create and cancel payments.
    Payments,
    /// Read everything the role may see.
    Read,
    /// Give money back.
    Refunds,
}

impl Scope {
    /// Every scope, sorted by name.
    pub const ALL: &'static [Self] = &[Self::Orders, Self::Payments, Self::Read, Self::Refunds];

    /// The name in the API, the tables and the logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Payments => "payments",
            Self::Read => "read",
            Self::Refunds => "refunds",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut known = Self::ALL.iter().copied();
        known
            .find(|scope| scope.as_str() == name)
            .ok_or_else(|| UnknownName {
                what: "scope",
                name: name.to_owned(),
            })
    }
}

/// Everything that an API key is allowed: at least one scope, or all of them.
///
/// Written as `all`, or as sorted names with one space between: `orders read`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scopes(Allowed);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Allowed {
    /// Every scope, and those that come later.
    #[default]
    All,
    /// These and no other. Never empty.
    Only(BTreeSet<Scope>),
}

impl Scopes {
    /// Every scope there is, and those that come later.
    #[must_use]
    pub const fn all() -> Self {
        Self(Allowed::All)
    }

    /// Whether the key may be used for this.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        match &self.0 {
            Allowed::All => true,
            Allowed::Only(scopes) => scopes.contains(&scope),
        }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Allowed::All => f.pad("all"),
            Allowed::Only(scopes) => {
                let names: Vec<_> = scopes.iter().map(|scope| scope.as_str()).collect();
                f.pad(&names.join(" "))
            }
        }
    }
}

impl FromStr for Scopes {
    type Err = UnknownName;

    /// Takes `all`, or names in any order with spaces between. `all` stands alone, and no name at all is refused.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim() == "all" {
            return Ok(Self::all());
        }
        let scopes: BTreeSet<Scope> = text
            .split_whitespace()
            .map(str::parse)
            .collect::<Result<_, _>>()?;
        if scopes.is_empty() {
            return Err(UnknownName {
                what: "scope",
                name: String::new(),
            });
        }
        Ok(Self(Allowed::Only(scopes)))
    }
}

impl TryFrom<String> for Scopes {
    type Error = UnknownName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Scopes> for String {
    fn from(scopes: Scopes) -> Self {
        scopes.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        text.parse().unwrap()
    }

    #[test]
    fn each_scope_has_one_name_and_they_sort_by_it() {
        let names: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        assert_eq!(names, ["orders", "payments", "read", "refunds"]);
        assert!(Scope::ALL.is_sorted() && names.is_sorted());
        for &scope in Scope::ALL {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
    }

    #[test]
    fn a_key_may_do_everything_unless_it_is_told_otherwise() {
        assert_eq!(Scopes::default(), Scopes::all());
        assert_eq!(Scopes::all().to_string(), "all");
        assert_eq!(scopes(" all "), Scopes::all());
        for &scope in Scope::ALL {
            assert!(Scopes::all().allows(scope));
        }
    }

    #[test]
    fn a_key_may_do_what_it_was_given_and_nothing_else() {
        for &given in Scope::ALL {
            for &wanted in Scope::ALL {
                assert_eq!(scopes(given.as_str()).allows(wanted), given == wanted);
            }
        }
    }

    #[test]
    fn naming_every_scope_is_not_the_same_as_all() {
        let every = scopes("orders payments read refunds");
        assert_ne!(every, Scopes::all());
        assert_eq!(every.to_string(), "orders payments read refunds");
    }

    #[test]
    fn scopes_are_read_in_any_order_and_written_sorted() {
        for text in ["read orders", "orders read", " read  orders read "] {
            assert_eq!(scopes(text).to_string(), "orders read");
        }
    }

    #[test]
    fn unknown_and_missing_scopes_are_refused() {
        for (text, name) in [
            ("", ""),
            ("  ", ""),
            ("ALL", "ALL"),
            ("Read", "Read"),
            ("read,orders", "read,orders"),
            ("read all", "all"),
            ("all read", "all"),
            ("orders write", "write"),
        ] {
            let refusal = text.parse::<Scopes>().unwrap_err().to_string();
            assert_eq!(refusal, format!("`{name}` is not a known scope"));
        }
    }

    #[test]
    fn scopes_are_one_string_in_json() {
        let json = serde_json::to_string(&scopes("read orders")).unwrap();
        assert_eq!(json, r#""orders read""#);
        assert_eq!(
            serde_json::from_str::<Scopes>(&json).unwrap(),
            scopes("orders read")
        );
        assert!(serde_json::from_str::<Scopes>(r#""everything""#).is_err());
    }
}
