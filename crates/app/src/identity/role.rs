//! What a caller may be.

use core::fmt;
use core::str::FromStr;

use bayar_domain::UnknownName;
use serde::{Deserialize, Serialize};

/// What a caller is to this service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A person who pays, and sees what is theirs.
    Customer,
    /// A person who runs the payment desk.
    Operator,
    /// The back end of an application, by an API key: acts for any user.
    Service,
}

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] = &[Self::Customer, Self::Operator, Self::Service];

    /// The name in the API, the tables and the logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Operator => "operator",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut known = Self::ALL.iter().copied();
        known
            .find(|role| role.as_str() == name)
            .ok_or_else(|| UnknownName {
                what: "role",
                name: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_one_name() {
        let names: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
        assert_eq!(names, ["customer", "operator", "service"]);
        for &role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
            let json = serde_json::to_string(&role).unwrap();
            assert_eq!(json, format!("\"{role}\""));
            assert_eq!(serde_json::from_str::<Role>(&json).unwrap(), role);
        }
    }

    #[test]
    fn an_unknown_role_is_refused() {
        for name in ["", "Customer", "admin", " operator", "operator "] {
            let refusal = name.parse::<Role>().unwrap_err();
            assert_eq!(refusal.to_string(), format!("`{name}` is not a known role"));
            assert!(serde_json::from_value::<Role>(name.into()).is_err());
        }
    }
}
