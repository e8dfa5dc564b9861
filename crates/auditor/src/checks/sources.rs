//! Accounts and modes are never mixed.

use super::Desk;
use crate::file::OrderFile;
use crate::finding::{Check, Findings};

pub(super) fn check(file: &OrderFile<'_>, found: &mut Findings) {
    let mut desk = Desk::of(file, found);
    let of_attempt = |id: i64| {
        let attempt = file.attempts.iter().find(|attempt| attempt.id == id)?;
        Some((
            attempt.gateway.as_str(),
            attempt.account.as_str(),
            attempt.mode.as_str(),
        ))
    };
    for fact in &file.facts {
        let row = fact.row;
        let own = (
            row.gateway.as_str(),
            row.account.as_str(),
            row.mode.as_str(),
        );
        let what = format!("the proof that {} was {}", row.object, row.kind);
        if of_attempt(row.attempt_id) != Some(own) {
            desk.add(
                Check::AccountsApart,
                format!("{what} comes from another account than its checkout, or from none"),
            );
        }
        let Some(says) = &fact.says else {
            desk.add(Check::AccountsApart, format!("{what} cannot be read"));
            continue;
        };
        let told = (
            says.source.gateway.as_str(),
            says.source.account.as_str(),
            says.source.mode.as_str(),
        );
        if told != own || says.kind != row.kind || says.attempt != row.attempt_id {
            desk.add(
                Check::AccountsApart,
                format!("{what} says something else than it is filed under"),
            );
        }
    }
    for row in &file.captures {
        let own = (
            row.gateway.as_str(),
            row.account.as_str(),
            row.mode.as_str(),
        );
        if of_attempt(row.attempt_id) != Some(own) {
            let id = &row.capture;
            desk.add(
                Check::AccountsApart,
                format!("{id} is counted for another account than its checkout, or for none"),
            );
        }
    }
}
