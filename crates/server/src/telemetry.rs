//! Logs and figures.

mod lines;

use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{LogFormat, Logging};
use lines::Lines;

/// The log. Dropped, it writes what waits, and every line after that at once.
#[must_use]
pub struct Log(Lines);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.finish();
    }
}

/// Starts the log on standard error: for people in a terminal, as JSON elsewhere, unless it is said.
///
/// # Errors
/// When there can be no thread that writes it.
pub fn start_log(logging: &Logging) -> io::Result<Log> {
    let lines = Lines::to(io::stderr())?;
    let for_people = match logging.format {
        LogFormat::Auto => io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let builder = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_env_filter(filter(logging.level.as_str()))
        .with_span_events(FmtSpan::NONE)
        .with_target(false);
    // A second start, in tests, changes nothing.
    let _ = if for_people {
        builder.with_ansi(io::stderr().is_terminal()).try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init()
    };
    Ok(Log(lines))
}

/// What of the log is written. Libraries speak of trouble only, at every level:
/// what some of them would tell beside it are the parameters of statements, and those hold secrets.
fn filter(level: &str) -> EnvFilter {
    let others = if level == "error" { "error" } else { "warn" };
    let ours = [
        "",
        "_app",
        "_domain",
        "_embedded",
        "_postgres",
        "_redis",
        "_sandbox",
    ];
    let ours = ours.map(|part| format!("bayar{part}={level}"));
    // What it tells as an error is that somebody sent no HTTP.
    EnvFilter::new(format!("{others},actix_http=off,{}", ours.join(",")))
}

/// Writes the figures down.
pub type Figures = Arc<dyn Fn() -> String + Send + Sync>;

/// Tells whoever counts what the figures of the server are.
fn describe_figures() {
    metrics::describe_counter!(
        "bayar_http_requests_total",
        "Requests, by method, route and status."
    );
    metrics::describe_histogram!(
        "bayar_http_request_seconds",
        "How long an answer took, in seconds, by method and route."
    );
    metrics::describe_gauge!(
        "bayar_clock_skew_milliseconds",
        "How far this clock is ahead of that of the database, in milliseconds."
    );
    metrics::describe_gauge!(
        "bayar_oldest_unresolved_payment_seconds",
        "How old the oldest payment is that is not at its end, in seconds."
    );
}

/// Starts to count. A process counts once, however many servers it runs.
///
/// # Errors
/// When something else counts in this process already.
pub fn start_metrics() -> Result<(PrometheusHandle, Figures), BuildError> {
    const SECONDS: &[f64] = &[
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0,
    ];
    static COUNTING: Mutex<Option<PrometheusHandle>> = Mutex::new(None);
    let mut counting = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let handle = match &*counting {
        Some(handle) => handle.clone(),
        None => {
            let builder = PrometheusBuilder::new().set_buckets(SECONDS)?;
            let handle = builder.install_recorder()?;
            describe_figures();
            bayar_app::describe_figures();
            counting.insert(handle).clone()
        }
    };
    let figures = handle.clone();
    Ok((handle, Arc::new(move || figures.render())))
}
