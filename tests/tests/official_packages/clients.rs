//! The official clients of both gateways, unchanged but for the address, at the simulated gateways.

use bayar_sandbox::sim::{SimConfig, Simulator};
use bayar_tests::npm;

#[test]
fn the_official_clients_work_with_the_simulated_gateways() {
    let simulator = Simulator::start(SimConfig::default()).unwrap();
    let said = npm::run("drive.mjs", &[&simulator.url()], "");
    // What was done is in the book: nothing of it was made up by the clients.
    let book = simulator.handle().book();
    let captures = book.all_captures();
    assert!(captures.len() > 3, "{captures:?}\n{said}");
    assert!(captures.iter().any(|capture| capture.refunded > 0));
}
