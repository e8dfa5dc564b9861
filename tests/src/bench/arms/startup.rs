//! How long it takes from the start of the program to its first answers.

use crate::bench::clock::now;
use crate::bench::cpu::resident_memory;
use crate::bench::figures::Spread;
use crate::bench::report::{Report, Table, milliseconds};
use crate::bench::stage::Stage;
use crate::bench::{Result, progress};

pub(in crate::bench) async fn measure(stage: &mut Stage<'_>, report: &mut Report) -> Result<()> {
    let starts = stage.extent.starts;
    progress(format_args!("{starts} starts"));
    let (mut alive, mut ready, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..starts {
        let begun = now();
        let mut server = stage.setup.launch()?;
        server.until_it_answers("/healthz").await?;
        alive.push(begun.elapsed().as_secs_f64() * 1e3);
        server.until_it_answers("/readyz").await?;
        ready.push(begun.elapsed().as_secs_f64() * 1e3);
        memory.push(resident_memory(server.id())? as f64 / (1024.0 * 1024.0));
        server.stop().await?;
    }
    report.heading("Start");
    let mut table = Table::new(["", "median", "least", "most"]);
    for (what, times) in [
        ("from the start to the first 200 of `/healthz`", alive),
        ("from the start to the first 200 of `/readyz`", ready),
    ] {
        if let Some(times) = Spread::of(times) {
            table.row([
                what.to_owned(),
                milliseconds(times.median),
                milliseconds(times.least),
                milliseconds(times.most),
            ]);
        }
    }
    if let Some(memory) = Spread::of(memory) {
        let mebibytes = |figure: f64| format!("{figure:.1} MiB");
        table.row([
            "memory when ready (resident)".to_owned(),
            mebibytes(memory.median),
            mebibytes(memory.least),
            mebibytes(memory.most),
        ]);
    }
    report.table(&table);
    Ok(())
}
