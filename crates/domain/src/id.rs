//! Identifiers typed by what they identify: an order's id is never taken for a payment's.

use thiserror::Error;

/// A number that cannot be an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an id is a whole number from 1 up, not {0}")]
pub struct InvalidId(pub i64);

macro_rules! ids {
    ($( $(#[$meta:meta])* $name:ident; )+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
            #[cfg_attr(feature = "serde", serde(try_from = "i64", into = "i64"))]
            pub struct $name(i64);

            impl $name {
                /// Takes a number from 1 up.
                ///
                /// # Errors
                /// When the number is zero or negative.
                pub const fn new(id: i64) -> Result<Self, InvalidId> {
                    if id > 0 { Ok(Self(id)) } else { Err(InvalidId(id)) }
                }

                /// The number, for storing and showing.
                #[must_use]
                pub const fn get(self) -> i64 {
                    self.0
                }
            }

            impl TryFrom<i64> for $name {
                type Error = InvalidId;

                fn try_from(id: i64) -> Result<Self, Self::Error> {
                    Self::new(id)
                }
            }

            impl From<$name> for i64 {
                fn from(id: $name) -> Self {
                    id.0
                }
            }

            impl core::fmt::Display for $name {
                fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                    core::fmt::Display::fmt(&self.0, f)
                }
            }

            impl core::str::FromStr for $name {
                type Err = crate::wire::InvalidText;

                /// One id has one spelling: `7`, and neither `007` nor `+7`.
                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    text.parse()
                        .ok()
                        .and_then(|id| Self::new(id).ok())
                        .filter(|id| id.to_string() == text)
                        .ok_or(crate::wire::InvalidText {
                            what: stringify!($name),
                            rule: "must be a whole number from 1 up",
                        })
                }
            }
        )+
    };
}

ids! {
    /// A person or a company that pays.
    UserId;
    /// A consultation that an application asks a fee for.
    ConsultationId;
    /// What is paid for.
    OrderId;
    /// One try to settle one order.
    PaymentId;
    /// One checkout session of a payment at one gateway.
    AttemptId;
    /// The invoice of a payment.
    InvoiceId;
    /// One tax on a payment.
    TaxRecordId;
    /// Money going back by our doing.
    RefundId;
    /// The paper of a refund.
    CreditNoteId;
    /// One change of a credit balance.
    CreditEntryId;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::InvalidText;

    #[test]
    fn an_id_is_a_number_from_one_up() {
        for id in [1, i64::MAX] {
            assert_eq!(OrderId::new(id).unwrap().get(), id);
            assert_eq!(i64::from(OrderId::try_from(id).unwrap()), id);
        }
        for id in [0, -1, i64::MIN] {
            assert_eq!(OrderId::new(id), Err(InvalidId(id)));
            assert_eq!(OrderId::try_from(id), Err(InvalidId(id)));
        }
        assert_eq!(
            InvalidId(0).to_string(),
            "an id is a whole number from 1 up, not 0"
        );
    }

    #[test]
    fn an_id_is_written_as_its_number() {
        let id = PaymentId::new(100).unwrap();
        assert_eq!(id.to_string(), "100");
        assert_eq!(format!("{id:06}"), "000100");
    }

    #[test]
    fn an_id_is_read_from_its_number() {
        assert_eq!("100".parse(), PaymentId::new(100).map_err(|_| invalid()));
        for text in ["", "0", "-1", "1.0", " 1", "one", "9223372036854775808"] {
            assert_eq!(text.parse::<PaymentId>(), Err(invalid()), "{text}");
        }
        assert_eq!(
            invalid().to_string(),
            "the PaymentId must be a whole number from 1 up"
        );
    }

    fn invalid() -> InvalidText {
        InvalidText {
            what: "PaymentId",
            rule: "must be a whole number from 1 up",
        }
    }

    #[cfg(feature = "serde")]
    #[test]
    fn an_id_is_a_number_in_json() {
        use crate::testing::{assert_json, refusal};

        assert_json(&RefundId::new(5).unwrap(), "5");
        assert_eq!(refusal::<RefundId>("0"), InvalidId(0).to_string());
        assert_eq!(refusal::<RefundId>("-1"), InvalidId(-1).to_string());
    }
}
