use super::*;
use crate::config::Environment;

const EVERY_STEP: &[&str] = &["0001_orders_and_payments", "0002_refunds"];
const A_LATER_STEP: &[&str] = &["0002_refunds"];

fn database(settings: &[(&str, &str)]) -> Database {
    let environment = Environment::from_pairs(settings.iter().copied());
    Config::load(&environment).unwrap().0.database
}

fn file() -> Database {
    database(&[])
}

fn server() -> Database {
    let key = "5a".repeat(32);
    database(&[
        ("DATABASE_URL", "postgres://bayar@localhost/bayar"),
        ("APP_KEY", &key),
        ("JWT_SECRET", &key),
    ])
}

fn behind(missing: &[&str]) -> SchemaState {
    SchemaState::Behind(missing.iter().map(ToString::to_string).collect())
}

#[track_caller]
fn assert_refused(outcome: Result<bool, WiringError>, missing: &[&str]) {
    match outcome {
        Err(WiringError::Behind(steps)) => assert_eq!(steps, missing),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_command_leaves_the_tables_of_a_file_to_its_server() {
    let command = |missing| {
        let schema = behind(missing);
        must_migrate(schema, &file(), Purpose::Command, Tables::MustFit)
    };
    assert_refused(command(A_LATER_STEP), A_LATER_STEP);
    // A file without tables has no server yet.
    assert!(command(EVERY_STEP).unwrap());
}

#[test]
fn whoever_serves_a_file_brings_its_tables_up_to_date() {
    for missing in [EVERY_STEP, A_LATER_STEP] {
        let schema = behind(missing);
        assert!(must_migrate(schema, &file(), Purpose::Serve, Tables::MustFit).unwrap());
    }
}

#[test]
fn the_tables_of_a_server_are_changed_only_by_who_says_so() {
    for purpose in [Purpose::Serve, Purpose::Command] {
        for missing in [EVERY_STEP, A_LATER_STEP] {
            let outcome = must_migrate(behind(missing), &server(), purpose, Tables::MustFit);
            assert_refused(outcome, missing);
            for database in [server(), file()] {
                let outcome = must_migrate(behind(missing), &database, purpose, Tables::Migrate);
                assert!(outcome.unwrap());
            }
        }
    }
}

#[test]
fn tables_that_fit_are_left_alone_and_newer_ones_refused() {
    for purpose in [Purpose::Serve, Purpose::Command] {
        for tables in [Tables::MustFit, Tables::Migrate] {
            for database in [server(), file()] {
                let current = must_migrate(SchemaState::Current, &database, purpose, tables);
                assert!(!current.unwrap());
                let ahead = SchemaState::Ahead(vec!["9999_later".to_owned()]);
                let refused = must_migrate(ahead, &database, purpose, tables);
                assert!(matches!(refused, Err(WiringError::Ahead(_))), "{refused:?}");
            }
        }
    }
}
