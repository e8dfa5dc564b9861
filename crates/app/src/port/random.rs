/// Where randomness comes from.
pub trait Random: Send + Sync {
    /// Fills `buffer` with bytes that nobody can guess.
    fn fill(&self, buffer: &mut [u8]);
}
