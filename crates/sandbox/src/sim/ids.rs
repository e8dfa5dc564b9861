//! Random words from a seed.

use sha2::{Digest, Sha256};

const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Draws ids and chances. `epoch` grows with every start on one book, so that no id returns.
#[derive(Debug)]
pub struct Ids {
    seed: u64,
    epoch: u64,
    drawn: u64,
}

impl Ids {
    pub fn new(seed: u64, epoch: u64) -> Self {
        Self {
            seed,
            epoch,
            drawn: 0,
        }
    }

    fn block(&mut self) -> [u8; 32] {
        self.drawn += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.epoch.to_be_bytes());
        hash.update(self.drawn.to_be_bytes());
        hash.finalize().into()
    }

    /// Letters and digits, at most 32 of them.
    pub fn word(&mut self, length: usize) -> String {
        let block = self.block();
        let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len());
        let letters = block.iter().take(length).filter_map(letter);
        letters.map(|byte| char::from(*byte)).collect()
    }

    /// `{prefix}_{24 letters}`.
    pub fn object(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.word(24))
    }

    /// Digits, at most 32 of them.
    pub fn digits(&mut self, length: usize) -> String {
        let block = self.block();
        let digits = block.iter().take(length);
        digits.map(|byte| char::from(b'0' + byte % 10)).collect()
    }

    pub fn uuid(&mut self) -> String {
        let mut block = self.block();
        if let Some(version) = block.get_mut(6) {
            *version = 0x40 | (*version & 0x0f);
        }
        if let Some(variant) = block.get_mut(8) {
            *variant = 0x80 | (*variant & 0x3f);
        }
        let text = hex::encode(block);
        let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        format!(
            "{}-{}-{}-{}-{}",
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32)
        )
    }

    /// A number below `limit`, which must not be zero.
    pub fn below(&mut self, limit: u64) -> u64 {
        let block = self.block();
        let first = block.iter().take(8);
        let number = first.fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        number.checked_rem(limit).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_start_draw_the_same_words_and_another_start_draws_others() {
        let draw = |seed, epoch| {
            let mut ids = Ids::new(seed, epoch);
            (ids.object("cs_test"), ids.uuid(), ids.below(1000))
        };
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 1), draw(7, 2));
        assert_ne!(draw(7, 1), draw(8, 1));
        let mut ids = Ids::new(7, 1);
        assert_ne!(ids.word(10), ids.word(10));
    }
}
