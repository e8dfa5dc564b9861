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

                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    text.parse::<i64>().ok().and_then(|id| Self::new(id).ok()).ok_or(
                        crate::wire::InvalidText {
                            what: stringify!($name),
                            rule: "must be a whole number from 1 up",
                        },
                    )
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
