//! The table of the cells, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crate::cells::{Cell, FAULTS, GATEWAYS, OPERATIONS, POINTS, all};

const BEGIN: &str = "<!-- The crash matrix, written by make crash: begin -->\n";
const END: &str = "<!-- The crash matrix: end -->";

/// What became of cells: nothing where one held, and why where it did not.
pub type Outcomes = BTreeMap<Cell, Option<String>>;

/// The table with its count. A cell that was not run says so.
pub fn render(outcomes: &Outcomes) -> String {
    let mut text = String::from("| operation | point |");
    for fault in FAULTS {
        for gateway in GATEWAYS {
            write!(text, " {}, {} |", fault.name(), gateway.name()).unwrap();
        }
    }
    text.push_str("\n|---|---|---|---|---|---|---|---|\n");
    for operation in OPERATIONS {
        for point in POINTS {
            write!(text, "| {} | {} |", operation.name(), point.name()).unwrap();
            for fault in FAULTS {
                for gateway in GATEWAYS {
                    let cell = Cell {
                        fault,
                        operation,
                        point,
                        gateway,
                    };
                    let became = match outcomes.get(&cell) {
                        Some(None) => "held",
                        Some(Some(_)) => "**broken**",
                        None => "not run",
                    };
                    write!(text, " {became} |").unwrap();
                }
            }
            text.push('\n');
        }
    }
    let held = outcomes.values().filter(|why| why.is_none()).count();
    writeln!(text, "\n{held} of {} cells held.", all().len()).unwrap();
    text
}

fn file() -> PathBuf {
    bayar_tests::repository_root().join("docs/TESTING.md")
}

fn parts(text: &str) -> (&str, &str, &str) {
    let (before, rest) = text.split_once(BEGIN).expect("the table begins somewhere");
    let (table, after) = rest.split_once(END).expect("the table ends somewhere");
    (before, table, after)
}

/// Writes the table into the documentation.
pub fn write_down(table: &str) {
    let text = fs::read_to_string(file()).unwrap();
    let (before, _, after) = parts(&text);
    fs::write(file(), format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
}

#[test]
fn the_documentation_shows_every_cell_as_it_was_when_all_held() {
    let text = fs::read_to_string(file()).unwrap();
    let (_, table, _) = parts(&text);
    let all_held = all().into_iter().map(|cell| (cell, None)).collect();
    assert_eq!(table, render(&all_held), "make crash writes it anew");
}

#[test]
fn a_cell_that_broke_or_was_not_run_is_shown_as_such() {
    let mut cells = all();
    let left_out = cells.pop().unwrap();
    let mut outcomes: Outcomes = cells.iter().map(|cell| (*cell, None)).collect();
    outcomes.insert(cells[0], Some("charged twice".to_owned()));
    let table = render(&outcomes);
    assert_eq!(table.matches(" held |").count(), 178, "{table}");
    assert_eq!(table.matches(" **broken** |").count(), 1, "{table}");
    assert_eq!(
        table.matches(" not run |").count(),
        1,
        "{left_out}: {table}"
    );
    assert!(table.ends_with("178 of 180 cells held.\n"), "{table}");
}
