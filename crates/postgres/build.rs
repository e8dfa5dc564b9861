//! Builds the crate again when there is another migration: the macro that embeds them cannot say so.
#![allow(
    clippy::print_stdout,
    reason = "it is how a build script speaks to cargo"
)]

fn main() {
    println!("cargo::rerun-if-changed=../../migrations/postgres");
}
