//! The part of the report that says what was measured on what.

use super::Result;
use super::clock::unix_seconds;
use super::disk::sync_times;
use super::figures::whole;
use super::machine::Machine;
use super::report::{Report, Table};
use super::stage::{POOL, Stage};

pub(super) async fn describe(stage: &Stage<'_>, report: &mut Report) -> Result<()> {
    let machine = Machine::describe().await?;
    let syncs = sync_times(&stage.database.directory().await?)?;
    let microseconds = |share| syncs.value_at_quantile(share) as f64 / 1e3;
    let today = chrono::DateTime::from_timestamp(unix_seconds(), 0).unwrap_or_default();
    let build = if cfg!(debug_assertions) {
        "debug: these figures mean nothing"
    } else {
        "release"
    };
    report.heading("Machine");
    let mut table = Table::new(["", ""]);
    let mut row = |name: &str, value: String| table.row([name.to_owned(), value]);
    row("day", today.date_naive().to_string());
    row(
        "processor",
        format!("{}, {} cores", machine.processor, machine.cores),
    );
    row("memory", format!("{} GiB", machine.memory_gib));
    row("kernel", format!("Linux {}", machine.kernel));
    row("Postgres", stage.database.show("server_version").await?);
    row("Redis", stage.redis.version().await?);
    row("build", format!("{build}, rustc {}", machine.rustc));
    row(
        "fdatasync of 8 KiB beside the database, median (99 %) of 200",
        format!(
            "{} µs ({} µs)",
            whole(microseconds(0.5)),
            whole(microseconds(0.99))
        ),
    );
    row(
        "flushes of the write-ahead log for each payment of one client",
        format!("{:.2}", stage.flushes),
    );
    for setting in ["shared_buffers", "max_wal_size", "wal_sync_method"] {
        row(setting, stage.database.show(setting).await?);
    }
    row("threads that serve", stage.setup.workers.to_string());
    row("connections to Postgres", POOL.to_string());
    report.table(&table);
    Ok(())
}
