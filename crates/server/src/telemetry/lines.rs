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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use tracing_subscriber::fmt::format::FmtSpan;

    use super::*;

    /// Where lines end up, and how many writes it took. A write waits for a permit where there are permits.
    #[derive(Clone, Default)]
    struct Sink {
        written: Arc<Mutex<String>>,
        writes: Arc<AtomicUsize>,
        permits: Option<Arc<Mutex<mpsc::Receiver<()>>>>,
    }

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(permits) = &self.permits {
                // Without the other end everything may be written.
                let _ = permits.lock().unwrap().recv();
            }
            let text = std::str::from_utf8(bytes).unwrap();
            self.written.lock().unwrap().push_str(text);
            self.writes.fetch_add(1, Ordering::SeqCst);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Sink {
        fn text(&self) -> String {
            self.written.lock().unwrap().clone()
        }

        fn until(&self, full: impl Fn(&str) -> bool) {
            let (_never, wait) = mpsc::channel::<()>();
            for _ in 0..5000 {
                if full(&self.text()) {
                    return;
                }
                let _ = wait.recv_timeout(Duration::from_millis(1));
            }
            panic!("it is not written: {}", self.text());
        }
    }

    /// Logs to `lines` while `work` runs.
    fn logging(lines: &Lines, work: impl FnOnce()) {
        let log = tracing_subscriber::fmt()
            .with_writer(lines.clone())
            .with_span_events(FmtSpan::NONE)
            .without_time()
            .with_target(false)
            .with_ansi(false)
            .finish();
        tracing::subscriber::with_default(log, work);
    }

    #[test]
    fn lines_are_written_soon_without_anybody_asking() {
        let sink = Sink::default();
        let lines = Lines::to(sink.clone()).unwrap();
        logging(&lines, || tracing::info!("one"));
        sink.until(|text| text == " INFO one\n");
        logging(&lines, || tracing::info!("two"));
        sink.until(|text| text == " INFO one\n INFO two\n");
    }

    #[test]
    fn no_line_is_lost_and_each_thread_keeps_its_order() {
        const EACH: usize = 5_000;
        let sink = Sink::default();
        let lines = Lines::to(sink.clone()).unwrap();
        thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let lines = &lines;
                scope.spawn(move || {
                    logging(lines, || {
                        for number in 0..EACH {
                            tracing::info!("{name} {number}");
                        }
                    });
                });
            }
        });
        lines.finish();
        let text = sink.text();
        for name in ["a", "b", "c", "d"] {
            let start = format!(" INFO {name} ");
            let numbers = text.lines().filter_map(|line| line.strip_prefix(&start));
            let numbers = numbers.map(|number| number.parse::<usize>().unwrap());
            assert!(numbers.eq(0..EACH), "{name}");
        }
        assert_eq!(text.lines().count(), 4 * EACH);
        let writes = sink.writes.load(Ordering::SeqCst);
        assert!(writes < EACH, "{writes} writes");
    }

    #[test]
    fn trouble_is_written_before_whoever_tells_it_goes_on() {
        let sink = Sink::default();
        let lines = Lines::to(sink.clone()).unwrap();
        logging(&lines, || {
            for round in 0..100 {
                tracing::info!("before {round}");
                tracing::warn!("trouble {round}");
                assert!(
                    sink.text()
                        .ends_with(&format!(" INFO before {round}\n WARN trouble {round}\n"))
                );
                tracing::error!("fault {round}");
                assert!(sink.text().ends_with(&format!("ERROR fault {round}\n")));
            }
        });
    }

    #[test]
    fn after_the_end_every_line_is_written_at_once() {
        let sink = Sink::default();
        let lines = Lines::to(sink.clone()).unwrap();
        logging(&lines, || {
            tracing::info!("waits");
            lines.finish();
            assert_eq!(sink.text(), " INFO waits\n");
            tracing::info!("does not");
            assert_eq!(sink.text(), " INFO waits\n INFO does not\n");
        });
    }

    #[test]
    fn whoever_logs_waits_while_there_is_no_room_and_loses_nothing() {
        let (permit, permits) = mpsc::channel();
        let sink = Sink {
            permits: Some(Arc::new(Mutex::new(permits))),
            ..Sink::default()
        };
        let lines = Lines::to(sink.clone()).unwrap();
        let line = "x".repeat(1023) + "\n";
        let count = 3 * ROOM / line.len();
        let put = Arc::new(AtomicUsize::new(0));
        let putting = {
            let (lines, put, line) = (lines.clone(), Arc::clone(&put), line.clone());
            thread::spawn(move || {
                for _ in 0..count {
                    lines.put(line.as_bytes(), false);
                    put.fetch_add(1, Ordering::SeqCst);
                }
            })
        };
        // What is being written and what waits: there is no room for more.
        let most = 2 * ROOM / line.len() + 2;
        let (_never, wait) = mpsc::channel::<()>();
        for _ in 0..50 {
            let _ = wait.recv_timeout(Duration::from_millis(2));
            let put = put.load(Ordering::SeqCst);
            assert!(put <= most, "{put} lines");
        }
        assert!(!putting.is_finished());
        drop(permit);
        putting.join().unwrap();
        lines.finish();
        assert_eq!(sink.text(), line.repeat(count));
    }
}
