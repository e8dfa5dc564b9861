//! Reads the text of a `.env` file, and says in which line it is broken.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// The line, counted from 1, at which something begins that is not `NAME=value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BrokenLine(pub usize);

/// Each variable in the order of the text, or the line that is broken.
///
/// The text of a broken line is kept back: it may hold a secret.
pub(super) fn read(text: &str) -> Vec<Result<(String, String), BrokenLine>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // Without an end of line, blanks at the end of the last one would count as broken.
    let text = format!("{text}\n");
    let handed_out = Rc::new(Cell::new(0));
    let entries = dotenvy::from_read_iter(Lines {
        rest: text.as_bytes(),
        handed_out: Rc::clone(&handed_out),
    });
    entries
        .map(|entry| entry.map_err(|error| broken_line(&error, handed_out.get())))
        .collect()
}

/// An entry in quotes can go over several lines: the one it begins with is named.
fn broken_line(error: &dotenvy::Error, last_line: usize) -> BrokenLine {
    let lines_before_the_last = match error {
        dotenvy::Error::LineParse(entry, _) => {
            let entry = entry.strip_suffix('\n').unwrap_or(entry);
            entry.bytes().filter(|byte| *byte == b'\n').count()
        }
        _ => 0,
    };
    BrokenLine(last_line.saturating_sub(lines_before_the_last))
}

/// Hands out at most one line at each read, so that nothing is buffered ahead
/// and the count is the line that is being parsed.
struct Lines<'a> {
    rest: &'a [u8],
    handed_out: Rc<Cell<usize>>,
}

impl Read for Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut line = self
            .rest
            .split_inclusive(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let count = line.read(buffer)?;
        self.rest = self.rest.get(count..).unwrap_or_default();
        if count > 0 && line.is_empty() {
            self.handed_out.set(self.handed_out.get().saturating_add(1));
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> Result<(String, String), BrokenLine> {
        Ok((name.to_owned(), value.to_owned()))
    }

    #[test]
    fn names_and_values_are_read_in_order() {
        let text =
            "\u{feff}# a comment\nA=1\n\nexport B='two # $x \\ \"'\nC=\"three\\nlines\"\nD= \n";
        let read = read(text);
        assert_eq!(
            read,
            [
                pair("A", "1"),
                pair("B", "two # $x \\ \""),
                pair("C", "three\nlines"),
                pair("D", ""),
            ]
        );
    }

    #[test]
    fn blanks_at_the_end_of_the_text_do_no_harm() {
        assert_eq!(read("A=1 "), [pair("A", "1")]);
    }

    #[test]
    fn every_broken_line_is_named_and_the_others_are_read() {
        let long = "x".repeat(20_000);
        let text = format!("A=1\nnonsense\n# fine\nL={long}\n B C=2\r\n\nD=a b\nE=5");
        assert_eq!(
            read(&text),
            [
                pair("A", "1"),
                Err(BrokenLine(2)),
                pair("L", &long),
                Err(BrokenLine(5)),
                Err(BrokenLine(7)),
                pair("E", "5"),
            ]
        );
    }

    #[test]
    fn an_entry_over_several_lines_is_named_by_its_first() {
        assert_eq!(
            read("A=1\nB='x\ny' z\nC=3\n"),
            [pair("A", "1"), Err(BrokenLine(2)), pair("C", "3")]
        );
    }

    #[test]
    fn a_quote_without_an_end_is_named_by_the_line_it_begins_in() {
        assert_eq!(
            read("A=1\n\nB='secret\nC=3\n\n"),
            [pair("A", "1"), Err(BrokenLine(3))]
        );
    }
}
