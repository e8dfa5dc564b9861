//! A new migration changes this crate, though none of its files.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations/sqlite");
}
