//! Configurations as a whole.

mod defaults;
mod faults;
mod files;
mod gateways;
mod http;
mod identity;
mod refunds;
mod secrets;
mod stores;
mod taxes;

use super::{Config, Environment, Fault, Warning};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const LONG: &str = "a secret of at least thirty-two bytes";

/// What is right, without a warning.
fn load(pairs: &[(&str, &str)]) -> Config {
    let (config, warnings) = load_with_warnings(pairs);
    assert_eq!(warnings, Vec::<String>::new());
    config
}

fn load_with_warnings(pairs: &[(&str, &str)]) -> (Config, Vec<String>) {
    let environment = Environment::from_pairs(pairs.iter().copied());
    let (config, warnings) = Config::load(&environment).unwrap();
    let warnings = warnings.iter().map(Warning::to_string).collect();
    (config, warnings)
}

fn warnings_of(pairs: &[(&str, &str)]) -> Vec<String> {
    load_with_warnings(pairs).1
}

fn faults_of(pairs: &[(&str, &str)]) -> Vec<String> {
    let environment = Environment::from_pairs(pairs.iter().copied());
    let faults = Config::load(&environment).unwrap_err();
    faults.faults().iter().map(Fault::to_string).collect()
}

/// The same settings and more of them, or other values.
fn with<'a>(base: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [base, more].concat()
}
