//! A state machine as the page shows it.

use std::error::Error;
use std::fmt::{Debug, Display, Write as _};

use bayar_domain::Transition;

/// A state machine as the page shows it.
pub struct Machine<T, S: 'static> {
    pub title: &'static str,
    /// What moves it: facts, decisions or another machine.
    pub about: &'static str,
    pub all: &'static [S],
    pub meaning: fn(S) -> &'static str,
    pub live: Option<fn(S) -> bool>,
    pub status: fn(&T) -> S,
    pub samples: Vec<Sample<T>>,
    pub commands: Vec<Command<T>>,
}

pub struct Sample<T> {
    /// What tells it from other samples of its state.
    note: &'static str,
    value: T,
}

pub type Answer<T> = Result<Transition<T>, Box<dyn Error>>;

pub struct Command<T> {
    name: &'static str,
    says: &'static str,
    run: Box<dyn Fn(T) -> Answer<T>>,
}

pub fn sample<T>(value: T) -> Sample<T> {
    Sample { note: "", value }
}

pub fn noted<T>(note: &'static str, value: T) -> Sample<T> {
    Sample { note, value }
}

/// A command that some states refuse.
pub fn command<T, E: Error + 'static>(
    name: &'static str,
    says: &'static str,
    run: impl Fn(T) -> Result<Transition<T>, E> + 'static,
) -> Command<T> {
    Command {
        name,
        says,
        run: Box::new(move |value| run(value).map_err(Into::into)),
    }
}

/// A command that no state refuses.
pub fn always<T>(
    name: &'static str,
    says: &'static str,
    run: impl Fn(T) -> Transition<T> + 'static,
) -> Command<T> {
    Command {
        name,
        says,
        run: Box::new(move |value| Ok(run(value))),
    }
}

impl<T, S> Machine<T, S>
where
    T: Clone + PartialEq + Debug,
    S: Copy + PartialEq + Display,
{
    pub fn write(&self, page: &mut String) {
        self.must_have_every_state();
        writeln!(page, "\n## {}\n\n{}\n", self.title, self.about).unwrap();
        self.write_states(page);
        writeln!(page, "\n| command | says |\n|---|---|").unwrap();
        for command in &self.commands {
            writeln!(page, "| `{}` | {} |", command.name, command.says).unwrap();
        }
        self.write_transitions(page);
    }

    fn must_have_every_state(&self) {
        let mut sampled: Vec<_> = self
            .samples
            .iter()
            .map(|sample| (self.status)(&sample.value))
            .collect();
        sampled.dedup();
        assert!(
            sampled == self.all,
            "{}: there must be samples of every state, in the order of the states",
            self.title
        );
    }

    fn write_states(&self, page: &mut String) {
        match self.live {
            Some(live) => {
                writeln!(page, "| state | live | meaning |\n|---|---|---|").unwrap();
                for &state in self.all {
                    let live = if live(state) { "yes" } else { "no" };
                    let meaning = (self.meaning)(state);
                    writeln!(page, "| `{state}` | {live} | {meaning} |").unwrap();
                }
            }
            None => {
                writeln!(page, "| state | meaning |\n|---|---|").unwrap();
                for &state in self.all {
                    writeln!(page, "| `{state}` | {} |", (self.meaning)(state)).unwrap();
                }
            }
        }
    }

    fn write_transitions(&self, page: &mut String) {
        write!(page, "\n| from |").unwrap();
        for command in &self.commands {
            write!(page, " `{}` |", command.name).unwrap();
        }
        write!(page, "\n|---|{}\n", "---|".repeat(self.commands.len())).unwrap();
        for sample in &self.samples {
            let from = (self.status)(&sample.value);
            write!(page, "| `{from}`{} |", sample.note).unwrap();
            for command in &self.commands {
                write!(page, " {} |", self.cell(&sample.value, command)).unwrap();
            }
            page.push('\n');
        }
    }

    fn cell(&self, before: &T, command: &Command<T>) -> String {
        match (command.run)(before.clone()) {
            Err(_) => "refused".to_owned(),
            Ok(Transition::AlreadyApplied(after)) => {
                assert_eq!(after, *before, "{}: it stays as it is", command.name);
                "stays".to_owned()
            }
            Ok(Transition::Changed(after)) => {
                assert_ne!(after, *before, "{}: it changes", command.name);
                let again = (command.run)(after.clone()).unwrap();
                assert_eq!(
                    again,
                    Transition::AlreadyApplied(after.clone()),
                    "{}: the second time changes nothing",
                    command.name
                );
                let (from, to) = ((self.status)(before), (self.status)(&after));
                if from == to {
                    "updates".to_owned()
                } else {
                    format!("→ `{to}`")
                }
            }
        }
    }
}
