//! Two small macros for types that have one spelling in the API, the tables and the logs.

use thiserror::Error;

/// A name that is not in the closed list it should come from.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{name}` is not a known {what}")]
pub struct UnknownName {
    /// What the name should have been, such as `payment status`.
    pub what: &'static str,
    /// The name that was given.
    pub name: String,
}

/// An identifier or a text that breaks the rules of its type.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the {what} {rule}")]
pub struct InvalidText {
    /// What the text should have been, such as `session reference`.
    pub what: &'static str,
    /// The rule it breaks.
    pub rule: &'static str,
}

/// Declares a fieldless enum whose variants have one name each on the wire.
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: $what:literal {
            $( $(#[$vmeta:meta])* $variant:ident = $wire:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name {
            $( $(#[$vmeta])* $variant, )+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The name in the API, the tables and the logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $wire, )+
                }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::wire::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    $( $wire => Ok(Self::$variant), )+
                    other => Err($crate::wire::UnknownName { what: $what, name: other.to_owned() }),
                }
            }
        }

        $crate::wire::serde_as_text!($name);
    };
}

/// Serializes through `Display` and deserializes through `FromStr`.
macro_rules! serde_as_text {
    ($name:ident) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// Declares a text type: 1 to 255 characters, none of them a control character.
macro_rules! text {
    ($( $(#[$meta:meta])* $name:ident: $what:literal; )+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(String);

            impl $name {
                /// Takes 1 to 255 characters without control characters.
                ///
                /// # Errors
                /// When the text is empty, too long, or holds a control character.
                pub fn new(text: impl Into<String>) -> Result<Self, $crate::wire::InvalidText> {
                    let text = text.into();
                    match $crate::wire::broken_rule(&text) {
                        None => Ok(Self(text)),
                        Some(rule) => Err($crate::wire::InvalidText { what: $what, rule }),
                    }
                }

                /// The text as it was given.
                #[must_use]
                pub fn as_str(&self) -> &str {
                    &self.0
                }
            }

            impl core::fmt::Display for $name {
                fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    f.pad(&self.0)
                }
            }

            impl core::str::FromStr for $name {
                type Err = $crate::wire::InvalidText;

                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    Self::new(text)
                }
            }

            $crate::wire::serde_as_text!($name);
        )+
    };
}

/// The rule of [`text!`] that `text` breaks.
pub(crate) fn broken_rule(text: &str) -> Option<&'static str> {
    const LONGEST: usize = 255;
    if text.is_empty() {
        Some("must not be empty")
    } else if text.chars().count() > LONGEST {
        Some("must not be longer than 255 characters")
    } else if text.chars().any(char::is_control) {
        Some("must not hold control characters")
    } else {
        None
    }
}

pub(crate) use {serde_as_text, text, wire_enum};
