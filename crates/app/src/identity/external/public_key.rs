//! Public keys in PEM, taken apart as far as ring wants them.
//!
//! A key that could never verify anything is refused here, at the start, and not token by token.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::key::InvalidKey;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// The algorithm `rsaEncryption` of RFC 8017, in the frame of a `PUBLIC KEY`.
const RSA_ALGORITHM: [u8; 15] = [
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
];
/// All of an Ed25519 `PUBLIC KEY` but the key (RFC 8410).
const ED25519_FRAME: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The PKCS#1 bytes of an RSA key, which ring takes.
pub(super) fn rsa(pem: &str) -> Result<Vec<u8>, InvalidKey> {
    let (label, bytes) = decode(pem)?;
    let key = match label {
        "RSA PUBLIC KEY" => Some(bytes.as_slice()),
        "PUBLIC KEY" => inside_of_frame(&bytes),
        _ => return Err(InvalidKey::Pem),
    };
    let key = key.ok_or(InvalidKey::Kind)?;
    let (modulus, exponent) = rsa_numbers(key).ok_or(InvalidKey::Kind)?;
    if !(2048..=8192).contains(&bits(modulus)) {
        return Err(InvalidKey::RsaSize);
    }
    let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    // What ring takes: an odd exponent from 3 to 2^33 - 1.
    let usual = (2..=33).contains(&bits(exponent)) && odd(exponent);
    if !usual || !odd(modulus) {
        return Err(InvalidKey::Kind);
    }
    Ok(key.to_vec())
}

/// The 32 bytes of an Ed25519 key.
pub(super) fn ed25519(pem: &str) -> Result<Vec<u8>, InvalidKey> {
    match decode(pem)? {
        ("PUBLIC KEY", bytes) => bytes
            .strip_prefix(&ED25519_FRAME)
            .filter(|key| key.len() == 32)
            .map(<[u8]>::to_vec)
            .ok_or(InvalidKey::Kind),
        _ => Err(InvalidKey::Pem),
    }
}

/// The label and the bytes of one PEM block with nothing around it.
fn decode(pem: &str) -> Result<(&str, Vec<u8>), InvalidKey> {
    let split = || {
        let text = pem.trim().strip_prefix("-----BEGIN ")?;
        let (label, text) = text.split_once("-----")?;
        let body = text
            .strip_suffix("-----")?
            .strip_suffix(label)?
            .strip_suffix("-----END ")?;
        let body: String = body.split_ascii_whitespace().collect();
        Some((label, STANDARD.decode(body).ok()?))
    };
    split().ok_or(InvalidKey::Pem)
}

/// What is in the bit string of a `PUBLIC KEY` of the kind RSA.
fn inside_of_frame(bytes: &[u8]) -> Option<&[u8]> {
    let inside = whole(SEQUENCE, bytes)?.strip_prefix(&RSA_ALGORITHM)?;
    // The first byte says how many bits of the last are unused.
    whole(BIT_STRING, inside)?.strip_prefix(&[0])
}

/// Modulus and exponent, without leading zeros.
fn rsa_numbers(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (modulus, exponent) = element(INTEGER, whole(SEQUENCE, key)?)?;
    Some((positive(modulus)?, positive(whole(INTEGER, exponent)?)?))
}

/// A number above zero in its shortest form, without the zero that keeps its sign.
fn positive(number: &[u8]) -> Option<&[u8]> {
    match number {
        [0, 0x80..=0xff, ..] => number.strip_prefix(&[0]),
        [1..=0x7f, ..] => Some(number),
        _ => None,
    }
}

fn bits(number: &[u8]) -> u32 {
    let unused = number.first().map_or(0, |first| first.leading_zeros());
    let all = u32::try_from(number.len()).unwrap_or(u32::MAX);
    all.saturating_mul(u8::BITS).saturating_sub(unused)
}

/// The content of the one DER element that `bytes` are.
fn whole(tag: u8, bytes: &[u8]) -> Option<&[u8]> {
    match element(tag, bytes)? {
        (content, []) => Some(content),
        _ => None,
    }
}

/// The content of the first DER element, and what comes after it. Lengths have their shortest form.
fn element(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes.strip_prefix(&[tag])? {
        [length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        [0x81, length @ 0x80..=0xff, rest @ ..] => (usize::from(*length), rest),
        [0x82, high @ 1..=0xff, low, rest @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests;
