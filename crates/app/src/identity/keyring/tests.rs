use super::*;
use crate::identity::testing::Counting;

const PURPOSE: &str = "payment data";
const NAME: &str = "payment_data_1_7";
const TEXT: &[u8] = b"order 7, 10000 IDR";
/// Made by libsodium, with a key by HKDF in Python.
const SEALED: &str = "01010101010101010101010101010101010101010101010101bcf65af6ad416563b45a9b890c43978270c039528dcd21e5ec58a8444158744fe33a";

fn first_key() -> [u8; 32] {
    core::array::from_fn(|place| u8::try_from(place).unwrap())
}

fn ring(keys: &[[u8; 32]]) -> Keyring {
    Keyring::new(keys.to_vec()).unwrap()
}

#[test]
fn a_text_is_sealed_as_libsodium_seals_it() {
    let ring = ring(&[first_key()]);
    let sealed = ring.seal(PURPOSE, NAME, TEXT, &Counting::default());
    assert_eq!(hex::encode(&sealed), SEALED);
    assert_eq!(ring.open(PURPOSE, NAME, &sealed).unwrap(), TEXT);
}

#[test]
fn a_subkey_is_what_hkdf_gives_elsewhere() {
    let subkey = ring(&[first_key()]).subkey("session");
    assert_eq!(
        hex::encode(*subkey),
        "af563cdc3dac36e710fc2b89b7e40a15af9237c3b543b00653e9b285bc4fdf15"
    );
}

#[test]
fn the_same_text_is_never_sealed_the_same_way() {
    let (ring, random) = (ring(&[first_key()]), Counting::default());
    let once = ring.seal(PURPOSE, NAME, TEXT, &random);
    let again = ring.seal(PURPOSE, NAME, TEXT, &random);
    assert_ne!(once, again);
    assert_eq!(ring.open(PURPOSE, NAME, &again).unwrap(), TEXT);
}

#[test]
fn an_empty_text_and_an_empty_name_can_be_sealed() {
    let ring = ring(&[first_key()]);
    let sealed = ring.seal(PURPOSE, "", b"", &Counting::default());
    assert_eq!(ring.open(PURPOSE, "", &sealed).unwrap(), b"");
    assert_eq!(ring.open(PURPOSE, " ", &sealed), Err(OpenError));
}

#[test]
fn a_changed_cut_or_longer_text_does_not_open() {
    let ring = ring(&[first_key()]);
    let sealed = hex::decode(SEALED).unwrap();
    for place in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[place] ^= 1 << bit;
            assert_eq!(ring.open(PURPOSE, NAME, &changed), Err(OpenError));
        }
        assert_eq!(ring.open(PURPOSE, NAME, &sealed[..place]), Err(OpenError));
    }
    let longer = [&sealed[..], &[0]].concat();
    assert_eq!(ring.open(PURPOSE, NAME, &longer), Err(OpenError));
    assert_eq!(ring.open(PURPOSE, NAME, &sealed).unwrap(), TEXT);
}

#[test]
fn a_text_opens_only_for_its_purpose_and_under_its_name() {
    let ring = ring(&[first_key()]);
    let sealed = hex::decode(SEALED).unwrap();
    for (purpose, name) in [
        ("session", NAME),
        ("payment data/", NAME),
        (PURPOSE, "payment_data_1_8"),
        (PURPOSE, "payment_data_2_7"),
        (PURPOSE, ""),
    ] {
        assert_eq!(ring.open(purpose, name, &sealed), Err(OpenError));
    }
}

#[test]
fn the_first_key_seals_and_all_keys_open() {
    let (old, new) = (first_key(), [7; 32]);
    let both = ring(&[new, old]);
    let sealed = both.seal(PURPOSE, NAME, TEXT, &Counting::default());
    assert_eq!(ring(&[new]).open(PURPOSE, NAME, &sealed).unwrap(), TEXT);
    assert_eq!(ring(&[old]).open(PURPOSE, NAME, &sealed), Err(OpenError));
    let of_old = hex::decode(SEALED).unwrap();
    assert_eq!(both.open(PURPOSE, NAME, &of_old).unwrap(), TEXT);
    assert_eq!(ring(&[new]).open(PURPOSE, NAME, &of_old), Err(OpenError));
    assert_eq!(both.subkey(PURPOSE), ring(&[new]).subkey(PURPOSE));
}

#[test]
fn signatures_of_older_keys_go_on_counting_for_their_purpose() {
    let (old, new) = (first_key(), [7; 32]);
    let both = ring(&[new, old]).signing_keys("session");
    let of_old = ring(&[old]).signing_keys("session").sign(TEXT);
    let of_new = ring(&[new]).signing_keys("session").sign(TEXT);
    assert!(both.verifies(TEXT, &of_old) && both.verifies(TEXT, &of_new));
    assert_eq!(both.sign(TEXT), of_new);
    let elsewhere = ring(&[new, old]).signing_keys("form");
    assert!(!elsewhere.verifies(TEXT, &of_old) && !elsewhere.verifies(TEXT, &of_new));
}

#[test]
fn each_key_and_purpose_has_its_own_subkey() {
    let key = |key: [u8; 32], purpose| *ring(&[key]).subkey(purpose);
    let subkeys = [
        key(first_key(), "session"),
        key(first_key(), "form"),
        key(first_key(), ""),
        key([7; 32], "session"),
        *derive(&first_key(), "seal", "session"),
        first_key(),
    ];
    for (place, one) in subkeys.iter().enumerate() {
        assert!(!subkeys[..place].contains(one));
    }
}

#[test]
fn a_ring_needs_a_key() {
    assert_eq!(Keyring::new(Vec::new()).unwrap_err(), NoKeys);
}

#[test]
fn keys_are_not_shown_by_debug() {
    assert_eq!(format!("{:?}", ring(&[[7; 32]])), "Keyring(..)");
    let signing = ring(&[[7; 32]]).signing_keys("session");
    assert_eq!(format!("{signing:?}"), "SigningKeys(..)");
}
