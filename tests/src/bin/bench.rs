//! `bayar-bench`: see `docs/PERFORMANCE.md`.

use std::io::{self, Write};
use std::process::ExitCode;

use bayar_tests::bench::{Arguments, Surroundings};
use bayar_tests::repository_root;
use clap::Parser;

fn main() -> ExitCode {
    match Arguments::parse().run(surroundings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be listening.
            let _ = writeln!(io::stderr(), "bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn surroundings() -> Result<Surroundings, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Surroundings {
        postgres_url: variable("BAYAR_TEST_POSTGRES_URL")?,
        postgres_programs: variable("BAYAR_TEST_PG_BIN")?.into(),
        redis_server: variable("BAYAR_TEST_REDIS_SERVER")?.into(),
        document: repository_root().join("docs/PERFORMANCE.md"),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "scripts/with-servers says in the environment where the servers are"
)]
fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| {
        format!("{name} is not set: run it by `make bench`, or by scripts/with-servers")
    })
}
