//! The time of the processors, from `/proc`: who of the processes that take part used how much of it.

use std::fs;
use std::time::{Duration, Instant};

use super::Result;
use super::clock::now;

/// Linux counts the time of a process in hundredths of a second, whatever the kernel's own clock does.
const fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks.saturating_mul(10))
}

/// The processes that are looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    parts: Vec<(&'static str, Processes)>,
}

/// The processes of one part.
#[derive(Debug, Clone, Copy)]
pub(super) enum Processes {
    /// This one.
    One(u32),
    /// This one and its children that have ended.
    WithEnded(u32),
    /// This one and its children, also those that have ended.
    WithChildren(u32),
}

/// A measurement that runs.
pub(super) struct Metering<'a> {
    meter: &'a Meter,
    since: Instant,
    before: Sample,
}

/// What was used between two moments.
#[derive(Debug, Clone, Default)]
pub(super) struct Spent {
    /// By each part.
    pub(super) parts: Vec<(&'static str, Duration)>,
    /// By everything else on the machine.
    pub(super) others: Duration,
    /// How long it was.
    pub(super) elapsed: Duration,
}

struct Sample {
    parts: Vec<Duration>,
    machine: Duration,
}

impl Meter {
    pub(super) fn with(mut self, name: &'static str, processes: Processes) -> Self {
        self.parts.push((name, processes));
        self
    }

    pub(super) fn begin(&self) -> Result<Metering<'_>> {
        Ok(Metering {
            meter: self,
            since: now(),
            before: self.sample()?,
        })
    }

    fn sample(&self) -> Result<Sample> {
        let parts = self.parts.iter().map(|(_, processes)| processes.used());
        Ok(Sample {
            parts: parts.collect::<Result<_>>()?,
            machine: machine(&fs::read_to_string("/proc/stat")?)
                .ok_or("/proc/stat is not understood")?,
        })
    }
}

impl Metering<'_> {
    pub(super) fn end(self) -> Result<Spent> {
        let after = self.meter.sample()?;
        let used = after.parts.iter().zip(&self.before.parts);
        let used: Vec<Duration> = used
            .map(|(after, before)| after.saturating_sub(*before))
            .collect();
        let all = after.machine.saturating_sub(self.before.machine);
        let names = self.meter.parts.iter().map(|(name, _)| *name);
        Ok(Spent {
            others: all.saturating_sub(used.iter().sum()),
            parts: names.zip(used).collect(),
            elapsed: self.since.elapsed(),
        })
    }
}

impl Processes {
    fn used(self) -> Result<Duration> {
        match self {
            Self::One(id) => Ok(Process::read(id)?.own),
            Self::WithEnded(id) => {
                let parent = Process::read(id)?;
                Ok(parent.own.saturating_add(parent.ended_children))
            }
            Self::WithChildren(id) => loop {
                let parent = Process::read(id)?;
                let children = children(id)?;
                // A child that ends is counted with its parent from then on: nothing may be lost between the two.
                if Process::read(id)?.ended_children == parent.ended_children {
                    return Ok(parent.own + parent.ended_children + children);
                }
            },
        }
    }
}

/// What the children that run have used.
fn children(parent: u32) -> Result<Duration> {
    let mut used = Duration::ZERO;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // It may have ended since the directory was read.
        if let Ok(child) = Process::read(id)
            && child.parent == parent
        {
            used += child.own;
        }
    }
    Ok(used)
}

#[derive(Debug, PartialEq, Eq)]
struct Process {
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

impl Process {
    fn read(id: u32) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{id}/stat"))?;
        Self::parse(&text).ok_or_else(|| format!("/proc/{id}/stat is not understood").into())
    }

    /// The second field is a name, in brackets, with whatever in it.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let number = |field: usize| fields.get(field)?.parse::<u64>().ok();
        Some(Self {
            parent: u32::try_from(number(1)?).ok()?,
            own: ticks(number(11)?.checked_add(number(12)?)?),
            ended_children: ticks(number(13)?.checked_add(number(14)?)?),
        })
    }
}

/// What all processors did but for idling and waiting for the disk. Time stolen by a hypervisor counts.
fn machine(stat: &str) -> Option<Duration> {
    let all = stat.lines().next()?.strip_prefix("cpu ")?;
    let counted: Vec<u64> = all
        .split_whitespace()
        .map(str::parse)
        .collect::<std::result::Result<_, _>>()
        .ok()?;
    // user, nice, system, irq, softirq, steal
    let busy = [0, 1, 2, 5, 6, 7].into_iter();
    let busy: Option<Vec<u64>> = busy.map(|field| counted.get(field).copied()).collect();
    Some(ticks(busy?.iter().sum()))
}

/// The memory of a process that is in use, in bytes.
pub(super) fn resident_memory(id: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let kibibytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse::<u64>().ok())
        .ok_or("a process without VmRSS")?;
    Ok(kibibytes.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_blanks_confuses_nobody() {
        let stat = "7 (a ) b) S 3 7 7 0 -1 4194560 1 2 3 4 150 50 20 5 20 0 1 0 99";
        let expected = Process {
            parent: 3,
            own: Duration::from_secs(2),
            ended_children: Duration::from_millis(250),
        };
        assert_eq!(Process::parse(stat), Some(expected));
        assert_eq!(Process::parse("7 (a) S 3"), None);
    }

    #[test]
    fn idling_and_waiting_for_the_disk_is_no_work() {
        let stat = "cpu  100 20 30 99999 88888 4 5 6 7 8\ncpu0 1 2 3\n";
        assert_eq!(machine(stat), Some(ticks(165)));
        assert_eq!(machine("nonsense"), None);
    }

    #[test]
    fn work_of_this_process_is_seen() {
        let me = std::process::id();
        let meter = Meter::default().with("me", Processes::One(me));
        let metering = meter.begin().unwrap();
        let mut last = 1_u64;
        while metering.since.elapsed() < ticks(5)
            || Processes::One(me).used().unwrap() - metering.before.parts[0] < ticks(3)
        {
            last = std::hint::black_box(last.wrapping_mul(6_364_136_223_846_793_005));
        }
        let spent = metering.end().unwrap();
        let (name, used) = spent.parts[0];
        assert_eq!(name, "me");
        assert!(used >= ticks(3));
        assert!(spent.elapsed >= ticks(5));
        assert!(resident_memory(me).unwrap() > 1024 * 1024);
    }

    #[test]
    fn a_child_that_has_ended_still_counts_with_its_parent() {
        let me = std::process::id();
        let used = || {
            let all = Processes::WithChildren(me).used().unwrap();
            assert!(Processes::WithEnded(me).used().unwrap() >= all);
            all
        };
        let before = used();
        let ended = std::process::Command::new("sh")
            .args(["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"])
            .status()
            .unwrap();
        assert!(ended.success());
        assert!(used() > before);
    }
}
