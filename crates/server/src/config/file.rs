//! Reads the small files that a setting names.

use std::fs::File;
use std::io::{self, Read};

/// Far above any key and any list of tax rules: a wrong path shall not fill the memory.
const LARGEST: u64 = 1024 * 1024;

/// The text of a file of at most one mebibyte.
pub(super) fn read_text(path: &str) -> io::Result<String> {
    let mut text = String::new();
    let file = File::open(path)?;
    file.take(LARGEST.saturating_add(1))
        .read_to_string(&mut text)?;
    if u64::try_from(text.len()).is_ok_and(|length| length <= LARGEST) {
        Ok(text)
    } else {
        Err(io::Error::other("it is larger than 1 MiB"))
    }
}
