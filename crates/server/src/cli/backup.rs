use std::path::Path;

use super::output::{Failure, note};
use crate::config::Config;
use crate::wiring;

pub async fn back_up(config: &Config, file: &Path, force: bool) -> Result<(), Failure> {
    wiring::back_up(config, file, force).await?;
    note(&format!("the database is copied to {}", file.display()));
    Ok(())
}
