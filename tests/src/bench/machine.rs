//! What the measurement ran on. No names of hosts and no paths: they say nothing about speed.

use std::fs;
use std::thread::available_parallelism;

use tokio::process::Command;

use super::Result;

/// What the measurement ran on.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) processor: String,
    pub(super) cores: usize,
    pub(super) memory_gib: u64,
    pub(super) kernel: String,
    pub(super) rustc: String,
}

impl Machine {
    pub(super) async fn describe() -> Result<Self> {
        Ok(Self {
            processor: field(&fs::read_to_string("/proc/cpuinfo")?, "model name")
                .unwrap_or_else(|| "unknown".to_owned()),
            cores: cores()?,
            memory_gib: memory(&fs::read_to_string("/proc/meminfo")?)
                .ok_or("/proc/meminfo is not understood")?,
            kernel: release(&fs::read_to_string("/proc/sys/kernel/osrelease")?),
            rustc: rustc().await?,
        })
    }
}

/// How many processors there are for us.
pub(super) fn cores() -> Result<usize> {
    Ok(available_parallelism()?.get())
}

fn field(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim().to_owned())
    })
}

/// The first two numbers of a version. What follows tells whose machine it is, and nothing about speed.
fn release(version: &str) -> String {
    version
        .trim()
        .split(['.', '-'])
        .take(2)
        .collect::<Vec<_>>()
        .join(".")
}

/// In GiB, to the nearest.
fn memory(meminfo: &str) -> Option<u64> {
    let total = field(meminfo, "MemTotal")?;
    let kibibytes: u64 = total.strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes.saturating_add(512 * 1024) / (1024 * 1024))
}

async fn rustc() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output().await;
    let output = output.map_err(|error| format!("rustc --version: {error}"))?;
    let version = String::from_utf8(output.stdout)?;
    let number = version.split_whitespace().nth(1);
    Ok(number.ok_or("rustc has no version")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_rounded_to_gibibytes() {
        assert_eq!(
            memory("MemTotal:       24685000 kB\nMemFree: 1 kB"),
            Some(24)
        );
        assert_eq!(memory("MemFree: 1 kB"), None);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let cpuinfo = "model\t\t: 6\nmodel name\t: A B: C\nmodel name\t: D\n";
        assert_eq!(field(cpuinfo, "model name").as_deref(), Some("A B: C"));
        assert_eq!(field(cpuinfo, "name"), None);
    }
}
