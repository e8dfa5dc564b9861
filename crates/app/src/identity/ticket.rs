//! The ticket that lets a browser go on paying one payment.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bayar_domain::PaymentId;
use chrono::{DateTime, Utc};
use thiserror::Error;

use super::keyring::Keyring;
use super::mac::SigningKeys;

/// The first byte of a ticket, so that another form can come beside this one.
const VERSION: u8 = 1;
/// Version, payment and deadline.
const SIGNED_BYTES: usize = 1 + 8 + 8;
const SIGNATURE_BYTES: usize = 32;

/// Why a ticket does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TicketError {
    /// No key of ours has made it.
    #[error("the ticket is not ours, or was changed")]
    Forged,
    /// Its deadline has passed.
    #[error("the ticket is no longer good")]
    Expired,
}

/// Signs and checks tickets. A ticket is good for going on with one payment until a deadline, and for nothing else.
#[derive(Debug, Clone)]
pub struct TicketSigner(SigningKeys);

impl TicketSigner {
    /// Signs by the newest key of the installation, and takes the tickets of all its keys.
    #[must_use]
    pub fn new(keyring: &Keyring) -> Self {
        Self(keyring.signing_keys("payment ticket"))
    }

    /// Writes a ticket: 66 characters that need no quoting in an address.
    /// It ends with the last whole second before the deadline.
    #[must_use]
    pub fn issue(&self, payment: PaymentId, deadline: DateTime<Utc>) -> String {
        let mut ticket = Vec::with_capacity(SIGNED_BYTES + SIGNATURE_BYTES);
        ticket.push(VERSION);
        ticket.extend(payment.get().to_be_bytes());
        ticket.extend(deadline.timestamp().to_be_bytes());
        let signature = self.0.sign(&ticket);
        ticket.extend(signature);
        URL_SAFE_NO_PAD.encode(ticket)
    }

    /// The payment that a ticket is good for now.
    ///
    /// # Errors
    /// When the ticket is not ours, or its deadline has passed.
    pub fn verify(&self, ticket: &str, now: DateTime<Utc>) -> Result<PaymentId, TicketError> {
        let (payment, deadline) = self.read(ticket).ok_or(TicketError::Forged)?;
        if now.timestamp() < deadline {
            Ok(payment)
        } else {
            Err(TicketError::Expired)
        }
    }

    fn read(&self, ticket: &str) -> Option<(PaymentId, i64)> {
        let mut bytes = [0; SIGNED_BYTES + SIGNATURE_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(ticket, &mut bytes).ok()?;
        let (signed, signature) = bytes.get(..length)?.split_first_chunk::<SIGNED_BYTES>()?;
        if !self.0.verifies(signed, signature) {
            return None;
        }
        let (&version, rest) = signed.split_first()?;
        let (&payment, rest) = rest.split_first_chunk()?;
        let (&deadline, _) = rest.split_first_chunk()?;
        let payment = PaymentId::new(i64::from_be_bytes(payment)).ok()?;
        (version == VERSION).then_some((payment, i64::from_be_bytes(deadline)))
    }
}

#[cfg(test)]
mod tests;
