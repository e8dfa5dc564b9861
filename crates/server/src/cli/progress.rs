//! How far a long command has come, for whoever sits before it.

use std::io::{self, IsTerminal, Write};

/// A bar on standard error. Where nobody sees it, it is not there.
pub struct Progress {
    total: usize,
    done: usize,
    is_shown: bool,
}

impl Progress {
    /// Nothing is done yet.
    pub fn of(total: usize) -> Self {
        Self {
            total,
            done: 0,
            is_shown: io::stderr().is_terminal(),
        }
    }

    /// One more is done.
    pub fn step(&mut self) {
        self.done = self.done.saturating_add(1);
        if self.is_shown {
            // Nobody may be listening.
            let _ = write!(io::stderr().lock(), "\r{}", bar(self.done, self.total));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown && self.done > 0 {
            let _ = writeln!(io::stderr().lock());
        }
    }
}

fn bar(done: usize, total: usize) -> String {
    const WIDTH: usize = 40;
    let full = done
        .saturating_mul(WIDTH)
        .checked_div(total)
        .unwrap_or(WIDTH);
    let full = full.min(WIDTH);
    let (full_part, rest) = ("#".repeat(full), "-".repeat(WIDTH.saturating_sub(full)));
    format!("[{full_part}{rest}] {done}/{total}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_as_work_is_done() {
        assert_eq!(bar(0, 4), format!("[{}] 0/4", "-".repeat(40)));
        assert_eq!(
            bar(1, 4),
            format!("[{}{}] 1/4", "#".repeat(10), "-".repeat(30))
        );
        assert_eq!(bar(4, 4), format!("[{}] 4/4", "#".repeat(40)));
        assert_eq!(bar(5, 4), format!("[{}] 5/4", "#".repeat(40)));
        assert_eq!(bar(0, 0), format!("[{}] 0/0", "#".repeat(40)));
    }
}
