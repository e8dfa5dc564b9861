//! How long the disk takes to keep something: the floor below every commit.

use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use hdrhistogram::Histogram;

use super::Result;
use super::clock::{nanoseconds, now};

/// How often it is measured.
const TIMES: usize = 200;
/// A page of the write-ahead log.
const PAGE: [u8; 8192] = [0x5a; 8192];

/// How long an `fdatasync` takes after a page was written over, in nanoseconds, beside the files of the database.
pub(super) fn sync_times(directory: &Path) -> Result<Histogram<u64>> {
    let path = directory.join(format!("bayar-bench-{}.tmp", std::process::id()));
    let times = measure(&path);
    let removed = fs::remove_file(&path);
    let times = times.map_err(|error| format!("cannot measure the disk: {error}"))?;
    removed?;
    Ok(times)
}

fn measure(path: &Path) -> Result<Histogram<u64>> {
    let mut file = File::create_new(path)?;
    // The log is written into files that have their size already.
    file.write_all(&PAGE)?;
    file.sync_all()?;
    let mut times = Histogram::new(3)?;
    for _ in 0..TIMES {
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&PAGE)?;
        let begun = now();
        file.sync_data()?;
        times.record(nanoseconds(begun.elapsed()))?;
    }
    Ok(times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_measured_and_nothing_is_left_behind() {
        let directory = std::env::temp_dir().join(format!("bayar-disk-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let times = sync_times(&directory).unwrap();
        assert_eq!(times.len(), 200);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
        fs::remove_dir(&directory).unwrap();
        assert!(sync_times(&directory).is_err());
    }
}
