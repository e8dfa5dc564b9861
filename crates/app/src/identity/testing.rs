//! What the tests of several files need: randomness that repeats itself, and tokens as anybody may write them.

use std::sync::atomic::{AtomicU8, Ordering};

use chrono::{DateTime, Utc};

use super::jws::encode;
use super::mac::MacKey;
use crate::port::Random;

/// Fills every buffer with the next number: the first with ones, the second with twos.
#[derive(Default)]
pub(super) struct Counting(AtomicU8);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let last = self.0.fetch_add(1, Ordering::Relaxed);
        buffer.fill(last.wrapping_add(1));
    }
}

/// The present of every test.
pub(super) const NOW: i64 = 1_800_000_000;

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

/// A token with any header and any payload, signed by HMAC-SHA256.
pub(super) fn signed(secret: &[u8], header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let signature = MacKey::new(secret).sign(signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}

/// Every text that differs from `text` in one bit.
pub(super) fn with_one_bit_changed(text: &str) -> impl Iterator<Item = String> {
    let changed = |place: usize, bit: u32| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[place] ^= 1 << bit;
        // The eighth bit is left alone, so that ASCII stays ASCII.
        String::from_utf8(bytes).unwrap()
    };
    (0..text.len()).flat_map(move |place| (0..7).map(move |bit| changed(place, bit)))
}
