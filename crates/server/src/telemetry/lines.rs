//! Lines of the log on their way out, many in one write.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits for others. Each write wakes whoever reads.
const GATHERING: Duration = Duration::from_millis(2);

/// How many bytes may wait. Whoever logs beyond that waits too, as when it wrote by itself: no line is dropped.
const ROOM: usize = 256 * 1024;

/// Where lines are put. A thread of its own writes them out, in their order.
///
/// What tells of trouble is written before whoever tells it goes on.
#[derive(Clone)]
pub(super) struct Lines(Arc<Shared>);

struct Shared {
    out: Mutex<Box<dyn Write + Send>>,
    waiting: Mutex<Waiting>,
    came: Condvar,
    went: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Nobody comes to write them: every line is written by whoever put it there.
    finished: bool,
}

/// One line, and whether it is written at once.
pub(super) struct Line<'a> {
    lines: &'a Lines,
    at_once: bool,
}

impl Lines {
    /// Lines that end in `out`.
    ///
    /// # Errors
    /// When there can be no other thread.
    pub(super) fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let lines = Self(Arc::new(Shared {
            out: Mutex::new(Box::new(out)),
            waiting: Mutex::default(),
            came: Condvar::new(),
            went: Condvar::new(),
        }));
        let written = lines.clone();
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || written.keep_writing())?;
        Ok(lines)
    }

    /// Writes what waits, and from now on every line at once: soon there is no other thread any more.
    pub(super) fn finish(&self) {
        self.waiting().finished = true;
        self.write_out();
    }

    fn keep_writing(&self) {
        loop {
            let waiting = self.waiting();
            let waiting = self
                .0
                .came
                .wait_while(waiting, |waiting| waiting.lines.is_empty());
            drop(waiting);
            // Nobody unparks it, and an early end of the pause does no harm.
            thread::park_timeout(GATHERING);
            self.write_out();
        }
    }

    fn put(&self, line: &[u8], at_once: bool) {
        let waiting = self.waiting();
        let full = |waiting: &mut Waiting| waiting.lines.len() >= ROOM;
        let waiting = self.0.went.wait_while(waiting, full);
        let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        let at_once = at_once || waiting.finished;
        drop(waiting);
        if at_once {
            self.write_out();
        } else if first {
            self.0.came.notify_one();
        }
    }

    /// Takes what waits and writes it. The turn to write comes before the lines, so that they keep their order.
    fn write_out(&self) {
        let mut out = self.0.out.lock().unwrap_or_else(PoisonError::into_inner);
        let lines = mem::take(&mut self.waiting().lines);
        self.0.went.notify_all();
        // Where the log cannot be written there is nobody to tell.
        let _ = out.write_all(&lines).and_then(|()| out.flush());
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line {
            lines: self,
            at_once: true,
        }
    }

    fn make_writer_for(&'a self, about: &Metadata<'_>) -> Self::Writer {
        Line {
            lines: self,
            at_once: *about.level() <= Level::WARN,
        }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.put(line, self.at_once);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.write_out();
        Ok(())
    }
}
