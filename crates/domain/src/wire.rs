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

#[cfg(test)]
mod tests {
    use super::*;

    wire_enum! {
        /// A light.
        enum Light: "light" {
            /// Stop.
            Red = "red",
            /// Go.
            DarkGreen = "dark_green",
        }
    }

    text! {
        /// A label.
        Label: "label";
    }

    #[test]
    fn each_name_is_written_and_read_back() {
        assert_eq!(Light::ALL, [Light::Red, Light::DarkGreen]);
        assert_eq!(Light::DarkGreen.as_str(), "dark_green");
        assert_eq!(format!("{:>6}", Light::Red), "   red");
        for &light in Light::ALL {
            assert_eq!(light.to_string().parse(), Ok(light));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_by_name() {
        for name in ["Red", "dark-green", ""] {
            let what = "light";
            let unknown = UnknownName {
                what,
                name: name.to_owned(),
            };
            assert_eq!(name.parse::<Light>(), Err(unknown.clone()));
            assert_eq!(
                unknown.to_string(),
                format!("`{name}` is not a known light")
            );
        }
    }

    #[test]
    fn a_text_is_kept_as_it_was_given() {
        let label = Label::new(" Ünï-1 ").unwrap();
        assert_eq!(label.as_str(), " Ünï-1 ");
        assert_eq!(format!("{label:>8}"), "  Ünï-1 ");
        assert_eq!(" Ünï-1 ".parse(), Ok(label));
    }

    #[test]
    fn a_text_has_one_to_255_characters() {
        let label = |length: usize| Label::new("ü".repeat(length));
        assert!(label(1).is_ok());
        assert!(label(255).is_ok());
        let refusal = |length| label(length).unwrap_err().to_string();
        assert_eq!(refusal(0), "the label must not be empty");
        assert_eq!(
            refusal(256),
            "the label must not be longer than 255 characters"
        );
    }

    #[test]
    fn a_text_holds_no_control_characters() {
        for text in ["a\nb", "\0", "tab\t", "\u{7f}"] {
            let refusal = text.parse::<Label>().unwrap_err();
            assert_eq!(
                refusal.to_string(),
                "the label must not hold control characters"
            );
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn names_and_texts_are_strings_in_json() {
        use crate::testing::{assert_json, refusal};

        assert_json(&Light::DarkGreen, r#""dark_green""#);
        assert_eq!(refusal::<Light>(r#""blue""#), "`blue` is not a known light");
        assert_json(&Label::new("one").unwrap(), r#""one""#);
        assert_eq!(refusal::<Label>(r#""""#), "the label must not be empty");
    }
}
