//! Where nothing is wrong, nothing is said.

use bayar_tests::program::note;

use crate::play::{Play, Tally};

/// How many runs there are when nobody says otherwise.
const RUNS: u64 = 20;

/// What must have happened at least once, or the runs show nothing.
const MUST_HAPPEN: [&str; 17] = [
    "a payment",
    "a checkout",
    "stripe pays",
    "midtrans pays",
    "a card is declined",
    "money comes late",
    "a payment is cancelled",
    "a refund at the dashboard",
    "a fault",
    "all is given back",
    "a part is given back",
    "a refund is asked for again",
    "a transfer is needed",
    "a transfer by hand",
    "credits are used",
    "a webhook is processed",
    "due work is done",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_run_raises_no_alarm() {
    let mut tally = Tally::new();
    let mut alarms = Vec::new();
    let runs = runs();
    for seed in 1..=runs {
        let mut play = Play::new(seed).await;
        let report = play.play().await;
        if !report.is_clean() {
            alarms.push(format!("seed {seed}: {report}"));
        }
        for (what, times) in &play.tally {
            *tally.entry(what).or_default() += times;
        }
    }
    note(format_args!("{runs} clean runs: {tally:?}"));
    assert!(
        alarms.is_empty(),
        "{} alarms:\n{}",
        alarms.len(),
        alarms.join("\n")
    );
    for what in MUST_HAPPEN {
        assert!(tally.contains_key(what), "never: {what}");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long to try is no setting of the program"
)]
fn runs() -> u64 {
    let told = std::env::var("AUDIT_RUNS").ok();
    told.map_or(RUNS, |told| told.parse().expect("AUDIT_RUNS is a number"))
}
