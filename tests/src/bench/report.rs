//! What is said about a run, in Markdown.

use std::fmt::Write as _;

use super::Result;
use super::clock::unix_seconds;
use super::figures::Spread;

mod parts;

pub(super) use parts::splice_parts;

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self {
            head: head.map(str::to_owned).to_vec(),
            rows: Vec::new(),
        }
    }

    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    fn write(&self, out: &mut String) {
        let mut line = |cells: &[String]| {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        };
        line(&self.head);
        // The first column says what, the others are figures.
        let rules = (0..self.head.len()).map(|column| if column == 0 { "---" } else { "---:" });
        line(&rules.map(str::to_owned).collect::<Vec<_>>());
        for row in &self.rows {
            line(row);
        }
    }
}

/// One line of the summary.
#[derive(Debug, Clone)]
struct Goal {
    what: String,
    wanted: String,
    measured: String,
    met: bool,
}

/// Everything there is to say.
#[derive(Debug, Default)]
pub(super) struct Report {
    goals: Vec<Goal>,
    sections: String,
    /// The share of the processors that others used, in each comparison.
    disturbed: Vec<f64>,
}

impl Report {
    /// A ratio that has to be large enough.
    pub(super) fn ratio(&mut self, what: &str, least: f64, measured: Spread) {
        self.goals.push(Goal {
            what: what.to_owned(),
            wanted: format!("≥ {least:.2}"),
            measured: ratio(measured),
            met: measured.median >= least,
        });
    }

    /// A ratio that must not be too large.
    pub(super) fn ratio_at_most(&mut self, what: &str, most: f64, measured: Spread) {
        self.goals.push(Goal {
            what: what.to_owned(),
            wanted: format!("≤ {most:.2}"),
            measured: ratio(measured),
            met: measured.median <= most,
        });
    }

    /// A time that must not be too long.
    pub(super) fn time(&mut self, what: &str, most: f64, milliseconds: f64) {
        self.goals.push(Goal {
            what: what.to_owned(),
            wanted: format!("≤ {most:.0} ms"),
            measured: self::milliseconds(milliseconds),
            met: milliseconds <= most,
        });
    }

    pub(super) fn heading(&mut self, heading: &str) {
        let _ = writeln!(self.sections, "### {heading}\n");
    }

    pub(super) fn table(&mut self, table: &Table) {
        table.write(&mut self.sections);
        self.sections.push('\n');
    }

    /// Notes which share of the processors others used.
    pub(super) fn disturbed(&mut self, share: f64) {
        self.disturbed.push(share);
    }

    /// The whole of it.
    pub(super) fn markdown(&self) -> String {
        let mut out = String::new();
        if !self.goals.is_empty() {
            out.push_str("### Targets\n\n");
            self.targets().write(&mut out);
            out.push('\n');
        }
        if let Some(notice) = self.notice() {
            let _ = writeln!(out, "{notice}\n");
        }
        out.push_str(&self.sections);
        out
    }

    fn targets(&self) -> Table {
        let mut table = Table::new(["", "wanted", "measured", "verdict"]);
        for goal in &self.goals {
            let verdict = if goal.met { "met" } else { "**missed**" };
            table.row([
                goal.what.clone(),
                goal.wanted.clone(),
                goal.measured.clone(),
                verdict.to_owned(),
            ]);
        }
        table
    }

    /// What whoever reads the figures has to know, when others used the machine meanwhile.
    fn notice(&self) -> Option<String> {
        if let Some(shares) = Spread::of(self.disturbed.iter().copied())
            && shares.median > QUIET
        {
            return Some(format!(
                "**The machine was not quiet.** \
                 In the median comparison {:.0} % of the processors were used by others, in the worst {:.0} %: \
                 the rates are too low and the latencies too high.",
                shares.median * 100.0,
                shares.most * 100.0
            ));
        }
        None
    }
}

/// Up to here it is the kernel's own work, for the disk above all.
const QUIET: f64 = 0.10;

/// A ratio with how far it strayed.
pub(super) fn ratio(spread: Spread) -> String {
    let Spread {
        median,
        least,
        most,
    } = spread;
    format!("{median:.2} ({least:.2} to {most:.2})")
}

/// A time with three digits that mean something.
pub(super) fn milliseconds(milliseconds: f64) -> String {
    if milliseconds < 10.0 {
        format!("{milliseconds:.2} ms")
    } else {
        format!("{milliseconds:.0} ms")
    }
}

const BEGIN: &str =
    "<!-- measured: begin. `make bench` writes what stands from here to the end mark. -->";
const END: &str = "<!-- measured: end -->";
const MARKS: &str = "the document has lost the marks of its measured part";

/// The document with another measured part.
pub(super) fn splice(document: &str, measured: &str) -> Result<String> {
    let (before, rest) = document.split_once(BEGIN).ok_or(MARKS)?;
    let (_, after) = rest.split_once(END).ok_or(MARKS)?;
    Ok(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        measured.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_falls_short_is_said_to() {
        let mut report = Report::default();
        let measured = Spread::of([0.7, 0.74, 0.9]).unwrap();
        report.ratio("create", 0.75, measured);
        report.ratio_at_most("reading", 3.0, Spread::of([2.0, 3.1, 4.0]).unwrap());
        report.time("one client", 65.0, 1.234);
        let text = report.markdown();
        assert!(
            text.contains("| create | ≥ 0.75 | 0.74 (0.70 to 0.90) | **missed** |"),
            "{text}"
        );
        assert!(
            text.contains("| reading | ≤ 3.00 | 3.10 (2.00 to 4.00) | **missed** |"),
            "{text}"
        );
        assert!(
            text.contains("| one client | ≤ 65 ms | 1.23 ms | met |"),
            "{text}"
        );
    }

    #[test]
    fn only_the_measured_part_of_the_document_changes() {
        let document = format!("above\n{BEGIN}\nold\n{END}\nbelow\n");
        let spliced = splice(&document, "\nnew\n").unwrap();
        assert_eq!(spliced, format!("above\n{BEGIN}\n\nnew\n\n{END}\nbelow\n"));
        assert_eq!(splice(&spliced, "new").unwrap(), spliced);
        assert!(splice("nothing", "new").is_err());
    }

    #[test]
    fn a_busy_machine_is_reported() {
        let mut report = Report::default();
        report.disturbed(0.05);
        assert!(!report.markdown().contains("not quiet"));
        report.disturbed(0.50);
        let text = report.markdown();
        assert!(
            text.contains("not quiet") && text.contains("28 %") && text.contains("50 %"),
            "{text}"
        );
    }

    #[test]
    fn a_table_has_a_rule_below_its_head() {
        let mut report = Report::default();
        let mut table = Table::new(["a", "b"]);
        table.row(["1".to_owned(), "2".to_owned()]);
        report.table(&table);
        assert_eq!(
            report.markdown(),
            "| a | b |\n| --- | ---: |\n| 1 | 2 |\n\n"
        );
    }
}
