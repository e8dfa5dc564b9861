use std::collections::BTreeSet;

/// A case that nobody listed would be run by nobody.
#[test]
fn every_case_is_in_the_list_of_its_suite() {
    let suites = [
        include_str!("cache.rs"),
        include_str!("limits.rs"),
        include_str!("locks.rs"),
        include_str!("store/api_keys.rs"),
        include_str!("store/attempts.rs"),
        include_str!("store/calls.rs"),
        include_str!("store/captures.rs"),
        include_str!("store/facts.rs"),
        include_str!("store/ids.rs"),
        include_str!("store/jobs.rs"),
        include_str!("store/keys.rs"),
        include_str!("store/leases.rs"),
        include_str!("store/lists.rs"),
        include_str!("store/opening.rs"),
        include_str!("store/orders.rs"),
        include_str!("store/prices.rs"),
        include_str!("store/racing.rs"),
        include_str!("store/refund_papers.rs"),
        include_str!("store/refund_records.rs"),
        include_str!("store/refunds.rs"),
        include_str!("store/schedule.rs"),
        include_str!("store/settling.rs"),
        include_str!("store/surveys.rs"),
        include_str!("store/units.rs"),
        include_str!("store/upkeep.rs"),
        include_str!("store/users.rs"),
        include_str!("store/work.rs"),
        include_str!("vault.rs"),
    ];
    for suite in suites {
        let (_, list) = suite.split_once("contract_tests! { $fresh:").unwrap();
        let (list, _) = list.split_once('}').unwrap();
        let listed: Vec<_> = list.split(',').map(str::trim).collect();
        let listed: BTreeSet<_> = listed.into_iter().filter(|case| !case.is_empty()).collect();
        let written = suite
            .lines()
            .filter_map(|line| line.strip_prefix("pub async fn "));
        let written: BTreeSet<_> = written
            .map(|line| line.split('(').next().unwrap())
            .collect();
        assert!(!listed.is_empty());
        assert_eq!(listed, written);
    }
}

/// A suite that nobody expands would be run by nobody.
#[test]
fn every_suite_of_the_store_is_expanded() {
    let all = include_str!("store/mod.rs");
    let modules = all.lines().filter_map(|line| line.strip_prefix("pub mod "));
    let expanded = all.matches("_cases!($fresh);").count();
    assert_eq!(modules.count(), expanded);
}
