//! Reads settings one by one and collects what is wrong with them.

use std::fmt::Display;

use serde::Serialize;

use super::file::read_text;
use super::setting::{self, Kind, Setting};
use super::{Environment, Fault, Faults, Origin, Warning};

/// A value, or what its text is instead, as the end of a sentence: "is not a whole number".
pub(super) type Parsed<T> = Result<T, String>;

/// A setting as `bayar config check` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingValue {
    /// The variable.
    pub name: &'static str,
    /// Its value; of a secret, only whether it is set.
    pub value: String,
    /// Where the value comes from.
    pub from: Origin,
}

/// Reads settings from an environment.
///
/// A method answers with nothing when the setting is not set, or when it is wrong, which it has noted then.
/// So everything is read first, and a configuration is made only when no fault was noted.
pub(super) struct Reader<'a> {
    environment: &'a Environment,
    faults: Vec<Fault>,
    warnings: Vec<Warning>,
    shown: Vec<SettingValue>,
}

/// The text of a setting.
struct Found {
    text: String,
    /// The variable that a person has to change when the text is wrong.
    variable: String,
}

impl<'a> Reader<'a> {
    pub fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            faults: environment.faults().to_vec(),
            warnings: environment.warnings().to_vec(),
            shown: Vec::new(),
        }
    }

    /// One value.
    pub fn value<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl Fn(&str) -> Parsed<T>,
    ) -> Option<T> {
        let found = self.find(setting)?;
        let parsed = parse(&found.text);
        parsed
            .map_err(|rest| {
                let subject = quoted(setting, &found.text).unwrap_or("the value".to_owned());
                self.note(found.variable, &subject, &rest);
            })
            .ok()
    }

    /// The values between the commas. Each one that is wrong is noted.
    pub fn list<T>(
        &mut self,
        setting: &'static Setting,
        parse: impl Fn(&str) -> Parsed<T>,
    ) -> Option<Vec<T>> {
        let found = self.find(setting)?;
        let mut values = Some(Vec::new());
        for (item, number) in found.text.split(',').map(str::trim).zip(1_usize..) {
            let parsed = match item {
                "" => Err("is empty".to_owned()),
                item => parse(item),
            };
            match parsed {
                Ok(value) => {
                    if let Some(values) = &mut values {
                        values.push(value);
                    }
                }
                Err(rest) => {
                    let subject = quoted(setting, item).unwrap_or(format!("entry {number}"));
                    self.note(found.variable.clone(), &subject, &rest);
                    values = None;
                }
            }
        }
        values
    }

    /// Whether somebody set it, rightly or not.
    pub fn is_given(&self, setting: &Setting) -> bool {
        let is_set = |name: &str| self.environment.get(name).is_some();
        is_set(setting.name) || setting.file_name().is_some_and(|file| is_set(&file))
    }

    /// Whether somebody set it to something other than its default.
    pub fn is_changed(&self, setting: &Setting) -> bool {
        let is_default = |text: &str| setting.default == Some(text.trim());
        let given = self.environment.get(setting.name);
        self.is_given(setting) && !given.is_some_and(|(text, _)| is_default(text))
    }

    /// Notes a fault that only shows beside other settings.
    pub fn fault(&mut self, setting: &Setting, message: impl Into<String>) {
        self.faults.push(Fault::new(setting.name, message));
    }

    /// Notes something that is probably not meant.
    pub fn warn(&mut self, setting: &Setting, message: impl Into<String>) {
        self.warnings.push(Warning::new(setting.name, message));
    }

    /// Notes a warning about a variable that is no setting.
    pub fn add_warning(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    /// Warns of each of these settings that somebody set for nothing.
    pub fn warn_of_no_effect(&mut self, settings: &[&Setting], why: &str) {
        for setting in settings {
            if self.is_changed(setting) {
                self.warn(setting, format!("has no effect {why}"));
            }
        }
    }

    /// Shows what counts where nobody set anything and the table has no text for it.
    pub fn show_default(&mut self, setting: &Setting, value: impl Display) {
        let mut shown = self.shown.iter_mut();
        if let Some(shown) = shown.find(|shown| shown.name == setting.name)
            && shown.from == Origin::Default
        {
            shown.value = value.to_string();
        }
    }

    /// Everything that was noted, in the order of the table.
    pub fn finish(mut self) -> (Faults, Vec<SettingValue>) {
        let place = |name: &str| setting::all().position(|setting| setting.name == name);
        self.shown.sort_by_key(|shown| place(shown.name));
        (Faults::new(self.faults, self.warnings), self.shown)
    }

    fn find(&mut self, setting: &'static Setting) -> Option<Found> {
        let file_name = setting.file_name();
        let file = file_name
            .as_deref()
            .and_then(|name| Some((name, self.environment.get(name)?.0)));
        match (self.environment.get(setting.name), file) {
            (Some(_), Some((variable, _))) => {
                let message = format!("is set, and so is {variable}; keep one of the two");
                self.faults.push(Fault::new(setting.name, message));
                None
            }
            (Some((text, origin)), None) => {
                // Blanks are part of a secret, unless what reads it says otherwise.
                let text = match setting.kind {
                    Kind::Plain | Kind::Key => text.trim(),
                    Kind::Secret => text,
                };
                self.show(setting, text, origin);
                Some(Found {
                    text: text.to_owned(),
                    variable: setting.name.to_owned(),
                })
            }
            (None, Some((variable, path))) => match secret_in(path) {
                Ok(text) => {
                    self.show(setting, &text, Origin::File);
                    let variable = variable.to_owned();
                    Some(Found { text, variable })
                }
                Err(message) => {
                    self.faults.push(Fault::new(variable, message));
                    None
                }
            },
            (None, None) => {
                match setting.default {
                    Some(text) => self.show(setting, text, Origin::Default),
                    None => self.shown.push(SettingValue {
                        name: setting.name,
                        value: "(not set)".to_owned(),
                        from: Origin::Default,
                    }),
                }
                setting.default.map(|text| Found {
                    text: text.to_owned(),
                    variable: setting.name.to_owned(),
                })
            }
        }
    }

    fn show(&mut self, setting: &'static Setting, text: &str, from: Origin) {
        let value = match setting.kind {
            Kind::Plain => text.to_owned(),
            Kind::Key => "(set)".to_owned(),
            Kind::Secret => "(secret, set)".to_owned(),
        };
        let name = setting.name;
        self.shown.push(SettingValue { name, value, from });
    }

    fn note(&mut self, variable: String, subject: &str, rest: &str) {
        self.faults
            .push(Fault::new(variable, format!("{subject} {rest}")));
    }
}

/// The text of a secret in a file, without the end of its line.
///
/// The path is in no message: the secret itself is soon given in its place.
fn secret_in(path: &str) -> Result<String, String> {
    let text =
        read_text(path.trim()).map_err(|error| format!("the file cannot be read: {error}"))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.trim().is_empty() {
        return Err("the file is empty".to_owned());
    }
    Ok(line.to_owned())
}

/// The text in quotes, when it can be shown.
fn quoted(setting: &Setting, text: &str) -> Option<String> {
    // An address with a user in it has a password in it too.
    let may_hold_a_password = text.contains("://") && text.contains('@');
    let can_be_shown = match setting.kind {
        Kind::Plain => !text.is_empty() && !may_hold_a_password,
        Kind::Key | Kind::Secret => false,
    };
    can_be_shown.then(|| format!("{text:?}"))
}
