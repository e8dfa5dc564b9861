use super::*;
use crate::identity::external::tests::samples::{
    EC, ED25519, RSA_1024, RSA_E3, RSA_PKCS1, RSA_PSS, RSA_SPKI, X25519,
};

fn pem(label: &str, bytes: &[u8]) -> String {
    let body = STANDARD.encode(bytes);
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let length = match length {
        0..0x80 => vec![low],
        0x80..0x100 => vec![0x81, low],
        _ => vec![0x82, high, low],
    };
    [vec![tag], length, content.to_vec()].concat()
}

/// An odd number of exactly so many bits, as an INTEGER.
fn number(bits: usize) -> Vec<u8> {
    let mut bytes = vec![0; bits / 8 + 1];
    bytes[0] = 1 << (bits % 8) >> 1;
    if bits.is_multiple_of(8) {
        bytes[1] = 0x80;
    }
    *bytes.last_mut().unwrap() |= 1;
    der(INTEGER, &bytes)
}

fn rsa_of(modulus: &[u8], exponent: &[u8]) -> Result<Vec<u8>, InvalidKey> {
    let key = der(SEQUENCE, &[modulus, exponent].concat());
    rsa(&pem("RSA PUBLIC KEY", &key))
}

#[test]
fn both_forms_of_an_rsa_key_hold_the_same_key() {
    let key = rsa(RSA_SPKI).unwrap();
    assert_eq!(rsa(RSA_PKCS1).unwrap(), key);
    assert_eq!(key.len(), 270);
    assert!(rsa(RSA_E3).is_ok());
}

#[test]
fn an_ed25519_key_has_32_bytes() {
    // RFC 8037, appendix A.
    assert_eq!(
        hex::encode(ed25519(ED25519).unwrap()),
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    );
}

#[test]
fn keys_of_another_kind_are_refused() {
    for key in [EC, ED25519, X25519, RSA_PSS] {
        assert_eq!(rsa(key), Err(InvalidKey::Kind), "{key}");
    }
    for key in [EC, X25519, RSA_PSS, RSA_SPKI] {
        assert_eq!(ed25519(key), Err(InvalidKey::Kind), "{key}");
    }
    assert_eq!(ed25519(RSA_PKCS1), Err(InvalidKey::Pem));
}

#[test]
fn an_rsa_key_has_2048_to_8192_bits() {
    assert_eq!(rsa(RSA_1024), Err(InvalidKey::RsaSize));
    for bits in [2, 512, 1024, 2040, 2047, 8193, 16_384] {
        let answer = rsa_of(&number(bits), &number(17));
        assert_eq!(answer, Err(InvalidKey::RsaSize), "{bits}");
    }
    for bits in [2048, 2049, 3072, 4096, 8192] {
        assert!(rsa_of(&number(bits), &number(17)).is_ok(), "{bits}");
    }
}

#[test]
fn numbers_that_make_no_rsa_key_are_refused() {
    let (modulus, exponent) = (number(2048), number(17));
    let mut even = modulus.clone();
    *even.last_mut().unwrap() ^= 1;
    let negative = der(INTEGER, &[0x80; 256]);
    let long = der(INTEGER, &[&[0, 0], &[0xff; 256][..]].concat());
    for (what, modulus, exponent) in [
        ("even modulus", &even, &exponent),
        ("negative modulus", &negative, &exponent),
        ("long form of the modulus", &long, &exponent),
        ("empty modulus", &der(INTEGER, &[]), &exponent),
        ("zero modulus", &der(INTEGER, &[0]), &exponent),
        ("other tag", &der(BIT_STRING, &[1; 256]), &exponent),
        ("exponent 0", &modulus, &der(INTEGER, &[0])),
        ("exponent 1", &modulus, &number(1)),
        ("exponent 2", &modulus, &der(INTEGER, &[2])),
        ("even exponent", &modulus, &der(INTEGER, &[1, 0, 0])),
        ("negative exponent", &modulus, &der(INTEGER, &[0x81])),
        ("exponent of 34 bits", &modulus, &number(34)),
        ("no exponent", &modulus, &Vec::new()),
        ("third number", &modulus, &[number(17), number(17)].concat()),
    ] {
        assert_eq!(rsa_of(modulus, exponent), Err(InvalidKey::Kind), "{what}");
    }
    assert!(rsa_of(&modulus, &number(2)).is_ok());
    assert!(rsa_of(&modulus, &number(33)).is_ok());
}

#[test]
fn a_cut_or_longer_key_is_refused() {
    let (_, whole) = decode(RSA_SPKI).unwrap();
    for length in 0..whole.len() {
        let answer = rsa(&pem("PUBLIC KEY", &whole[..length]));
        assert_eq!(answer, Err(InvalidKey::Kind), "{length}");
    }
    let longer = [&whole[..], &[0]].concat();
    assert_eq!(rsa(&pem("PUBLIC KEY", &longer)), Err(InvalidKey::Kind));
    let (_, whole) = decode(ED25519).unwrap();
    for length in 0..whole.len() {
        let answer = ed25519(&pem("PUBLIC KEY", &whole[..length]));
        assert_eq!(answer, Err(InvalidKey::Kind), "{length}");
    }
    let longer = [&whole[..], &[0]].concat();
    assert_eq!(ed25519(&pem("PUBLIC KEY", &longer)), Err(InvalidKey::Kind));
}

#[test]
fn lengths_in_their_long_form_are_refused() {
    for bytes in [
        &[SEQUENCE, 0x81, 0x01, 0x05][..],
        &[&[SEQUENCE, 0x82, 0x00, 0x80], &[0; 128][..]].concat(),
        &[SEQUENCE, 0x80, 0x00, 0x00],
        &[SEQUENCE, 0x83, 0x00, 0x00, 0x01, 0x05],
        &[SEQUENCE],
        &[],
    ] {
        assert_eq!(element(SEQUENCE, bytes), None, "{bytes:?}");
    }
}

#[test]
fn a_key_is_one_pem_block_and_nothing_else() {
    let crlf = RSA_SPKI.replace('\n', "\r\n");
    let indented = format!("\n\n  {}\n\n", RSA_SPKI.trim());
    for text in [&crlf, &indented, &RSA_SPKI.trim().to_owned()] {
        assert_eq!(rsa(text), rsa(RSA_SPKI));
    }
    for text in [
        String::new(),
        "-----BEGIN PUBLIC KEY-----".to_owned(),
        "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----".to_owned() + "x",
        format!("{RSA_SPKI}{RSA_SPKI}"),
        format!("subject=me\n{RSA_SPKI}"),
        format!("{RSA_SPKI}\nmore"),
        RSA_SPKI.replace("END PUBLIC", "END RSA PUBLIC"),
        RSA_SPKI.replace("PUBLIC", "PRIVATE"),
        RSA_SPKI.replace("PUBLIC KEY", "CERTIFICATE"),
        RSA_SPKI.replace('A', "*"),
        RSA_SPKI.replace('\n', "\\n"),
    ] {
        assert_eq!(rsa(&text), Err(InvalidKey::Pem), "{text}");
        assert_eq!(ed25519(&text), Err(InvalidKey::Pem), "{text}");
    }
}
