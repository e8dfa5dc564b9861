use super::*;
use crate::identity::testing::{NOW, at, with_one_bit_changed};

const DEADLINE: i64 = NOW + 3600;
/// For payment 100 until the deadline, made in Python from the bytes 0 to 31 as the key.
const TICKET: &str = "AQAAAAAAAABkAAAAAGtJ4BBq8y5FywDWalTh7hAMf4egskJoU3bpYpScVmMzZMAk1A";

fn key() -> [u8; 32] {
    core::array::from_fn(|place| u8::try_from(place).unwrap())
}

fn signer(keys: &[[u8; 32]]) -> TicketSigner {
    TicketSigner::new(&Keyring::new(keys.to_vec()).unwrap())
}

fn payment(id: i64) -> PaymentId {
    PaymentId::new(id).unwrap()
}

#[test]
fn a_ticket_is_what_it_is_elsewhere() {
    let ticket = signer(&[key()]).issue(payment(100), at(DEADLINE));
    assert_eq!(ticket, TICKET);
    assert_eq!(ticket.len(), 66);
}

#[test]
fn a_ticket_is_good_for_its_payment_until_its_deadline() {
    let signer = signer(&[key()]);
    for now in [0, NOW, DEADLINE - 1] {
        assert_eq!(signer.verify(TICKET, at(now)), Ok(payment(100)));
    }
    let just_before = at(DEADLINE) - chrono::TimeDelta::nanoseconds(1);
    assert_eq!(signer.verify(TICKET, just_before), Ok(payment(100)));
    for now in [DEADLINE, DEADLINE + 1, DEADLINE + 1_000_000_000] {
        assert_eq!(signer.verify(TICKET, at(now)), Err(TicketError::Expired));
    }
}

#[test]
fn a_ticket_is_never_good_after_a_deadline_within_a_second() {
    let signer = signer(&[key()]);
    let deadline = at(DEADLINE) + chrono::TimeDelta::milliseconds(500);
    assert_eq!(signer.issue(payment(100), deadline), TICKET);
    assert_eq!(signer.verify(TICKET, deadline), Err(TicketError::Expired));
}

#[test]
fn every_payment_and_deadline_comes_back() {
    let signer = signer(&[key()]);
    for id in [1, 2, i64::MAX] {
        let ticket = signer.issue(payment(id), DateTime::<Utc>::MAX_UTC);
        assert_eq!(signer.verify(&ticket, at(NOW)), Ok(payment(id)));
        let ended = signer.issue(payment(id), DateTime::<Utc>::MIN_UTC);
        assert_eq!(signer.verify(&ended, at(NOW)), Err(TicketError::Expired));
    }
}

#[test]
fn a_ticket_with_one_bit_changed_is_refused() {
    let signer = signer(&[key()]);
    for changed in with_one_bit_changed(TICKET) {
        assert_eq!(
            signer.verify(&changed, at(NOW)),
            Err(TicketError::Forged),
            "{changed}"
        );
    }
}

#[test]
fn texts_that_are_no_ticket_are_refused() {
    let signer = signer(&[key()]);
    let other_key = self::signer(&[[7; 32]]).issue(payment(100), at(DEADLINE));
    let twice = format!("{TICKET}{TICKET}");
    let longer = format!("{TICKET}AA");
    let padded = format!("{TICKET}==");
    let spaced = format!("{TICKET} ");
    let huge = "A".repeat(1_000_000);
    let zeros = "A".repeat(66);
    for text in [
        "",
        "A",
        "100",
        "é",
        &TICKET[1..],
        &TICKET[..65],
        &TICKET[..64],
        &TICKET[..23],
        &other_key,
        &twice,
        &longer,
        &padded,
        &spaced,
        &huge,
        &zeros,
    ] {
        let answer = signer.verify(text, at(NOW));
        assert_eq!(answer, Err(TicketError::Forged), "{text}");
    }
}

#[test]
fn a_signed_ticket_of_another_form_is_refused() {
    let signer = signer(&[key()]);
    for (what, ticket) in [
        (
            "version 2",
            "AgAAAAAAAABkAAAAAGtJ4BBD43jYr0j5-79Q4cGFdrXHngCEgn1NWzavXp5vuO3Sxg",
        ),
        (
            "payment 0",
            "AQAAAAAAAAAAAAAAAGtJ4BDc9cSiTPkyA215l7IeLA4whvoc950ScWkaURL6wnsLkw",
        ),
        (
            "payment -5",
            "Af_________7AAAAAGtJ4BAvNLWK4hRn0zFiKmaa-R-COMoeKN5EGsgkA7cvCJyR7g",
        ),
    ] {
        assert_eq!(
            signer.verify(ticket, at(NOW)),
            Err(TicketError::Forged),
            "{what}"
        );
    }
}

#[test]
fn a_signature_made_for_another_purpose_is_no_ticket() {
    let signed = URL_SAFE_NO_PAD.decode(TICKET).unwrap()[..SIGNED_BYTES].to_vec();
    let keyring = Keyring::new(vec![key()]).unwrap();
    let forge = |purpose| {
        let signature = keyring.signing_keys(purpose).sign(&signed);
        URL_SAFE_NO_PAD.encode([&signed[..], &signature].concat())
    };
    let signer = signer(&[key()]);
    assert_eq!(
        signer.verify(&forge("session"), at(NOW)),
        Err(TicketError::Forged)
    );
    assert_eq!(
        signer.verify(&forge("payment ticket"), at(NOW)),
        Ok(payment(100))
    );
}

#[test]
fn tickets_outlive_a_change_of_keys() {
    let both = signer(&[[7; 32], key()]);
    assert_eq!(both.verify(TICKET, at(NOW)), Ok(payment(100)));
    let of_new = both.issue(payment(5), at(DEADLINE));
    assert_eq!(signer(&[[7; 32]]).verify(&of_new, at(NOW)), Ok(payment(5)));
    let without = signer(&[key()]);
    assert_eq!(without.verify(&of_new, at(NOW)), Err(TicketError::Forged));
}
