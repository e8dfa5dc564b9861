//! What is wrong with a configuration, and what only looks wrong.

use std::fmt;

use thiserror::Error;

/// Something that must be put right before the program can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The variable or the file.
    pub name: String,
    /// What is wrong with it and what would be right. It never holds a secret.
    pub message: String,
}

/// Something that does not stop the program and is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The variable or the file.
    pub name: String,
    /// What is strange about it. It never holds a secret.
    pub message: String,
}

/// Everything that is wrong with a configuration, found at once.
///
/// `Display` writes one fault a line.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct Faults {
    faults: Vec<Fault>,
    warnings: Vec<Warning>,
}

impl Fault {
    pub(super) fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            message: message.into(),
        }
    }
}

impl Warning {
    pub(super) fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            message: message.into(),
        }
    }
}

impl Faults {
    pub(super) const fn new(faults: Vec<Fault>, warnings: Vec<Warning>) -> Self {
        Self { faults, warnings }
    }

    /// The faults, in the order of the settings.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The warnings beside them: a misspelt name explains many a fault.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}
