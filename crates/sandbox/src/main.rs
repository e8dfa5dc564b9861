//! The program `bayar-sandbox`: see `make run`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match bayar_sandbox::demo::run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            bayar_sandbox::demo::complain(&error);
            ExitCode::FAILURE
        }
    }
}
