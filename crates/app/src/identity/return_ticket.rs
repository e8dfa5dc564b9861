//! The ticket in the address to which a buyer comes back from a gateway.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bayar_domain::PaymentId;

use super::keyring::Keyring;
use super::mac::SigningKeys;

/// The first byte of a ticket, so that another form can come beside this one.
const VERSION: u8 = 1;
/// Version and payment.
const SIGNED_BYTES: usize = 1 + 8;
const SIGNATURE_BYTES: usize = 32;

/// Signs and checks return tickets. Who holds one may see whether its payment is paid, and nothing more:
/// so it has no end, for a buyer may come back late.
#[derive(Debug, Clone)]
pub struct ReturnSigner(SigningKeys);

impl ReturnSigner {
    /// Signs by the newest key of the installation, and takes the tickets of all its keys.
    #[must_use]
    pub fn new(keyring: &Keyring) -> Self {
        Self(keyring.signing_keys("return ticket"))
    }

    /// Writes a ticket: 55 characters that need no quoting in an address.
    #[must_use]
    pub fn issue(&self, payment: PaymentId) -> String {
        let mut ticket = Vec::with_capacity(SIGNED_BYTES + SIGNATURE_BYTES);
        ticket.push(VERSION);
        ticket.extend(payment.get().to_be_bytes());
        let signature = self.0.sign(&ticket);
        ticket.extend(signature);
        URL_SAFE_NO_PAD.encode(ticket)
    }

    /// The payment of a ticket; nothing when no key of ours has made it.
    #[must_use]
    pub fn verify(&self, ticket: &str) -> Option<PaymentId> {
        let mut bytes = [0; SIGNED_BYTES + SIGNATURE_BYTES];
        let length = URL_SAFE_NO_PAD.decode_slice(ticket, &mut bytes).ok()?;
        let (signed, signature) = bytes.get(..length)?.split_first_chunk::<SIGNED_BYTES>()?;
        if !self.0.verifies(signed, signature) {
            return None;
        }
        let (&version, payment) = signed.split_first()?;
        let payment = payment.try_into().ok()?;
        let payment = PaymentId::new(i64::from_be_bytes(payment)).ok()?;
        (version == VERSION).then_some(payment)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(key: u8) -> ReturnSigner {
        ReturnSigner::new(&Keyring::new(vec![[key; 32]]).unwrap())
    }

    #[test]
    fn a_ticket_names_its_payment() {
        let payment = PaymentId::new(100).unwrap();
        let ticket = signer(1).issue(payment);
        assert_eq!(ticket.len(), 55);
        assert_eq!(signer(1).verify(&ticket), Some(payment));
    }

    #[test]
    fn a_ticket_that_no_key_of_ours_made_is_none() {
        let ticket = signer(1).issue(PaymentId::new(100).unwrap());
        assert_eq!(signer(2).verify(&ticket), None);
        for end in 0..ticket.len() {
            assert_eq!(signer(1).verify(&ticket[..end]), None);
        }
        assert_eq!(signer(1).verify(&format!("{ticket}A")), None);
        assert_eq!(signer(1).verify("nothing"), None);
    }

    #[test]
    fn changing_any_character_of_a_ticket_makes_it_none() {
        let ticket = signer(1).issue(PaymentId::new(100).unwrap());
        // The last character holds bits that are not part of the ticket.
        for place in 0..ticket.len() - 1 {
            let mut other = ticket.clone().into_bytes();
            other[place] = if other[place] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(signer(1).verify(&other), None, "{other}");
        }
    }

    #[test]
    fn a_ticket_to_pay_is_no_ticket_to_return() {
        let keyring = Keyring::new(vec![[1; 32]]).unwrap();
        let deadline = "2026-01-01T00:00:00Z".parse().unwrap();
        let ticket = crate::identity::TicketSigner::new(&keyring)
            .issue(PaymentId::new(100).unwrap(), deadline);
        assert_eq!(ReturnSigner::new(&keyring).verify(&ticket), None);
    }
}
