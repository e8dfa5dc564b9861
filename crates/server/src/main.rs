//! The program `bayar`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    bayar::cli::run().await
}
