//! What there is to set: the shape of one entry of the table in `table.rs`.

use super::table::GROUPS;

/// One setting.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// The variable.
    pub name: &'static str,
    /// How it is read and shown.
    pub kind: Kind,
    /// The text that counts when nobody sets it.
    pub default: Option<&'static str>,
    /// What it means, one sentence each, each with a blank before it.
    pub about: &'static [&'static str],
}

/// How a setting is read and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is shown, and a wrong value is quoted.
    Plain,
    /// A public key. It may come from a file.
    /// It is not shown, because the secret one is soon pasted in its place.
    Key,
    /// It may come from a file and is never shown.
    Secret,
}

/// Settings that belong together.
#[derive(Debug)]
pub(super) struct Group {
    /// What they are about.
    pub title: &'static str,
    /// The settings.
    pub settings: &'static [&'static Setting],
}

impl Setting {
    /// The variable that names a file with the value, when there may be one.
    pub fn file_name(&self) -> Option<String> {
        match self.kind {
            Kind::Plain => None,
            Kind::Key | Kind::Secret => Some(format!("{}_FILE", self.name)),
        }
    }
}

/// Every setting, in the order of the table.
pub(super) fn all() -> impl Iterator<Item = &'static Setting> {
    GROUPS.iter().flat_map(|group| group.settings).copied()
}

/// Whether a variable has the name of a setting, or names the file of one.
pub(super) fn is_ours(name: &str) -> bool {
    all()
        .any(|setting| setting.name == name || setting.file_name().is_some_and(|file| file == name))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_stands_in_the_table_once() {
        let names: Vec<_> = all().map(|setting| setting.name).collect();
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    #[test]
    fn no_setting_has_the_name_of_the_file_of_another() {
        let files: BTreeSet<_> = all().filter_map(Setting::file_name).collect();
        for setting in all() {
            assert!(!files.contains(setting.name), "{}", setting.name);
        }
    }

    #[test]
    fn no_secret_has_a_default() {
        for setting in all().filter(|setting| setting.kind == Kind::Secret) {
            assert_eq!(setting.default, None, "{}", setting.name);
        }
    }

    #[test]
    fn a_variable_is_ours_by_its_name_or_by_its_file() {
        for name in [
            "LOCK_TTL_MS",
            "JWT_SECRET",
            "JWT_SECRET_FILE",
            "IDP_PUBLIC_KEY_FILE",
        ] {
            assert!(is_ours(name), "{name}");
        }
        for name in ["LOCK_TTL_MS_FILE", "PATH", "JWT"] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
