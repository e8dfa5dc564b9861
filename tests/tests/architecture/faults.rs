//! Every fault that `docs/TESTING.md` lists names tests, and each of these stands where its name says.

use crate::sources::Source;

/// Where the list stands.
pub const DOCUMENT: &str = "docs/TESTING.md";
/// Where tests stand.
pub const SOURCES: [&str; 11] = [
    "tests/tests",
    "crates/app/src",
    "crates/domain/src",
    "crates/embedded/tests",
    "crates/midtrans/tests",
    "crates/postgres/src",
    "crates/postgres/tests",
    "crates/redis/tests",
    "crates/sandbox/tests",
    "crates/server/tests",
    "crates/testkit/src",
];

const BEGIN: &str = "<!-- Faults and who shows them: begin -->";
const END: &str = "<!-- Faults and who shows them: end -->";
/// What the row of a fault says against which nothing is built.
const NOBODY: &str = "nobody yet: ";

/// Rows without a test, and tests that are not there.
pub fn violations(document: &str, sources: &[Source]) -> Vec<String> {
    let list = document
        .split_once(BEGIN)
        .and_then(|(_, rest)| rest.split_once(END));
    let Some((list, _)) = list else {
        return vec![format!("{DOCUMENT} has no list of faults")];
    };
    let mut found = Vec::new();
    let rows = list.lines().filter(|line| line.starts_with("| "));
    for row in rows.filter(|row| !row.starts_with("| fault")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [fault, shown] = cells.as_slice() else {
            found.push(format!("this row has not two cells: {row}"));
            continue;
        };
        let tests: Vec<_> = shown.split('`').skip(1).step_by(2).collect();
        if tests.is_empty() && !shown.starts_with(NOBODY) {
            found.push(format!("nobody shows that this does no harm: {fault}"));
        }
        let missing = tests.into_iter().filter(|test| !stands(test, sources));
        found.extend(missing.map(|test| format!("there is no test {test}, for: {fault}")));
    }
    found
}

/// Whether a file whose path ends with the modules of a name has a function of that name.
fn stands(test: &str, sources: &[Source]) -> bool {
    let Some((modules, name)) = test.rsplit_once("::") else {
        return false;
    };
    let path = format!("/{}.rs", modules.replace("::", "/"));
    let function = format!("fn {name}(");
    let mut files = sources.iter().filter(|source| source.path.ends_with(&path));
    files.any(|source| source.text.contains(&function))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: &str) -> Vec<String> {
        let document =
            format!("words\n{BEGIN}\n| fault | shown by |\n|---|---|\n{rows}\n{END}\nwords");
        let source = Source {
            path: "tests/tests/webhooks/in_time.rs".to_owned(),
            text: "async fn they_come_twice(mut stage: Stage) {}".to_owned(),
        };
        violations(&document, &[source])
    }

    #[test]
    fn a_fault_with_its_tests_is_accepted() {
        for row in [
            "| twice | `webhooks::in_time::they_come_twice` |",
            "| twice | `in_time::they_come_twice`: on both stores |",
            "| nobody listens | nobody yet: nothing is sent |",
        ] {
            assert_eq!(found(row), Vec::<String>::new(), "{row}");
        }
    }

    #[test]
    fn a_fault_that_nobody_shows_is_named() {
        for (row, complaint) in [
            (
                "| twice | all is well |",
                "nobody shows that this does no harm: twice",
            ),
            (
                "| twice | `webhooks::in_time::they_come` |",
                "there is no test webhooks::in_time::they_come, for: twice",
            ),
            (
                "| twice | `webhooks::killed::they_come_twice` |",
                "there is no test webhooks::killed::they_come_twice, for: twice",
            ),
            (
                "| twice | `they_come_twice` |",
                "there is no test they_come_twice, for: twice",
            ),
            ("| twice |", "this row has not two cells: | twice |"),
        ] {
            assert_eq!(found(row), [complaint], "{row}");
        }
        assert_eq!(
            violations("nothing", &[]),
            ["docs/TESTING.md has no list of faults"]
        );
    }
}
