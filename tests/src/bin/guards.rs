//! `bayar-guards`: see `docs/TESTING.md`.

use std::io::{self, Write};
use std::process::ExitCode;

use bayar_tests::guards::Arguments;
use clap::Parser;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match Arguments::parse().run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody may be listening.
            let _ = writeln!(io::stderr(), "guards: {error}");
            ExitCode::FAILURE
        }
    }
}
