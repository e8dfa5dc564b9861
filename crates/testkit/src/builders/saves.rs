use bayar_app::port::store::{Actor, Records, Save};
use bayar_domain::Settlement;
use bayar_domain::settlement::{Changes, Step};

/// What a unit writes when Bayar itself changes something, and nothing goes with it.
#[must_use]
pub const fn a_save<'a>(settlement: &'a Settlement, changes: &'a Changes) -> Save<'a> {
    Save {
        settlement,
        changes,
        facts: &[],
        decisions: &[],
        calls: &[],
        outcomes: &[],
        proved: &[],
        papers: &[],
        announcements: &[],
        records: Records::none(),
        by: Actor::System,
        note: None,
    }
}

/// What a unit writes when Bayar itself makes a step, and nothing goes with it.
#[must_use]
pub fn a_save_of(step: &Step) -> Save<'_> {
    Save {
        facts: &step.facts,
        decisions: &step.decisions,
        ..a_save(&step.settlement, &step.changes)
    }
}
