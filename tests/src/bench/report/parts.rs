//! Some parts of a document, measured by themselves.

use super::super::Result;
use super::{BEGIN, END, MARKS};
use super::{Report, Table, splice, unix_seconds};

const TARGETS: &str = "### Targets";

/// The document with what was measured now in place of what it said of that, and all the rest as it is.
///
/// Each part says by itself when that was: the others are of another run.
pub(in crate::bench) fn splice_parts(document: &str, report: &Report) -> Result<String> {
    let today = chrono::DateTime::from_timestamp(unix_seconds(), 0).unwrap_or_default();
    let today = today.date_naive().to_string();
    let (_, rest) = document.split_once(BEGIN).ok_or(MARKS)?;
    let (measured, _) = rest.split_once(END).ok_or(MARKS)?;
    let mut sections = sections(measured);
    for new in self::sections(&report.sections) {
        let new = alone(&new, &today, report.notice().as_deref());
        match sections
            .iter_mut()
            .find(|old| heading(old) == heading(&new))
        {
            Some(old) => *old = new,
            None => sections.push(new),
        }
    }
    let targets = sections.iter_mut().find(|old| heading(old) == TARGETS);
    let targets = targets.ok_or("the document has lost its table of targets")?;
    *targets = self::targets(targets, &report.targets());
    splice(document, &sections.join("\n\n"))
}

/// The text in pieces that begin with a heading, without the lines between them that are blank.
fn sections(text: &str) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in text.trim().lines() {
        match sections.last_mut() {
            Some(section) if !line.starts_with("### ") => {
                section.push('\n');
                section.push_str(line);
            }
            _ => sections.push(line.to_owned()),
        }
    }
    for section in &mut sections {
        section.truncate(section.trim_end().len());
    }
    sections
}

fn heading(section: &str) -> &str {
    section.lines().next().unwrap_or_default()
}

/// A section that says that it was measured by itself.
fn alone(section: &str, today: &str, notice: Option<&str>) -> String {
    let (heading, rest) = section.split_once('\n').unwrap_or((section, ""));
    let notice = notice.map_or_else(String::new, |notice| format!("\n{notice}"));
    format!(
        "{heading}\n\nMeasured by itself, on {today}.{notice}\n\n{}",
        rest.trim_start()
    )
}

/// The old table with the new rows in place of those that say the same of other counts.
fn targets(old: &str, new: &Table) -> String {
    let mut rows = String::new();
    new.write(&mut rows);
    // Without the head and the rule below it.
    let new: Vec<&str> = rows.lines().skip(2).collect();
    let subject = |row: &str| -> String {
        let what = row.split(" | ").next().unwrap_or_default();
        what.chars().filter(|c| !c.is_ascii_digit()).collect()
    };
    let is_new = |row: &str| new.iter().any(|new| subject(new) == subject(row));
    let mut lines: Vec<&str> = Vec::new();
    let mut place = None;
    for line in old.lines() {
        if line.starts_with("| ") && is_new(line) {
            place.get_or_insert(lines.len());
        } else {
            lines.push(line);
        }
    }
    let last_row = lines.iter().rposition(|line| line.starts_with('|'));
    let end = last_row.map_or(lines.len(), |row| row.saturating_add(1));
    let place = place.unwrap_or(end);
    lines.splice(place..place, new.iter().copied());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::super::figures::Spread;
    use super::*;

    fn one(value: f64) -> Spread {
        Spread::of([value]).unwrap()
    }

    #[test]
    fn a_part_takes_the_place_of_what_was_said_of_it_and_nothing_else_changes() {
        let mut whole = Report::default();
        for clients in [8, 32] {
            whole.ratio(&format!("a, {clients} clients"), 0.75, one(0.1));
        }
        whole.ratio("b", 0.75, one(0.2));
        whole.heading("A");
        whole.table(&Table::new(["old a"]));
        whole.heading("B");
        whole.table(&Table::new(["old b"]));
        let empty = format!("above\n{BEGIN}\n{END}\nbelow\n");
        let document = splice(&empty, &whole.markdown()).unwrap();

        let mut part = Report::default();
        part.ratio("a, 16 clients", 0.75, one(0.9));
        part.heading("A");
        part.table(&Table::new(["new a"]));
        let spliced = splice_parts(&document, &part).unwrap();
        assert!(
            spliced.starts_with("above\n") && spliced.ends_with("\nbelow\n"),
            "{spliced}"
        );
        assert!(
            !spliced.contains("old a") && spliced.contains("### A\n\nMeasured by itself, on 2")
        );
        assert!(
            spliced.contains("\n\n| new a |\n| --- |\n\n### B\n\n| old b |"),
            "{spliced}"
        );
        let rows: Vec<_> = spliced
            .lines()
            .filter(|line| line.contains(" ≥ "))
            .collect();
        assert_eq!(rows.len(), 2, "{spliced}");
        assert!(
            rows[0].starts_with("| a, 16 clients | ≥ 0.75 | 0.90"),
            "{spliced}"
        );
        assert!(rows[1].starts_with("| b | "), "{spliced}");
        // Once more changes nothing more.
        assert_eq!(splice_parts(&spliced, &part).unwrap(), spliced);
    }

    #[test]
    fn a_part_that_is_new_comes_last() {
        let mut whole = Report::default();
        whole.ratio("a", 0.75, one(0.1));
        whole.heading("A");
        let document = splice(&format!("{BEGIN}\n{END}"), &whole.markdown()).unwrap();
        let mut part = Report::default();
        part.ratio("c", 0.75, one(0.9));
        part.heading("C");
        part.disturbed(0.5);
        let spliced = splice_parts(&document, &part).unwrap();
        let place = |text: &str| {
            spliced
                .find(text)
                .unwrap_or_else(|| panic!("{text}: {spliced}"))
        };
        assert!(place("| a |") < place("| c |") && place("| c |") < place("### A"));
        assert!(place("### A") < place("### C") && place("### C") < place("not quiet"));
    }
}
