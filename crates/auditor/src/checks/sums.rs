//! The sums of captures, added up again from the proofs.

use super::Desk;
use crate::Amount;
use crate::file::{OrderFile, Sums};
use crate::finding::{Check, Findings};

pub(super) fn check(file: &OrderFile<'_>, found: &mut Findings) {
    let mut desk = Desk::of(file, found);
    for row in &file.captures {
        let id = &row.capture;
        if !file.proofs.captures.contains_key(id) {
            desk.add(Check::SumsTrue, format!("no proof tells of {id}"));
            continue;
        }
        let here = Sums {
            captured: row.captured_minor,
            refunded: row.refunded_minor,
            reserved: row.reserved_minor,
            disputed: row.disputed_minor,
        };
        let (expected, currency) = match file.sums(id) {
            Some((sums, currency)) => (sums, Some(currency)),
            None => (NOTHING, None),
        };
        if here != expected || row.currency != currency || row.loss_minor != expected.loss() {
            desk.add(
                Check::SumsTrue,
                format!(
                    "{id} is written down as {}, and the proofs say {}",
                    told(here, row.loss_minor),
                    told(expected, expected.loss())
                ),
            );
        }
        let currency = row.currency.as_deref().unwrap_or("XXX");
        for (text, minor) in [
            (&row.captured, row.captured_minor),
            (&row.refunded, row.refunded_minor),
        ] {
            if Amount::parse(text, currency).map(|it| it.minor) != Some(minor) {
                desk.add(
                    Check::AmountsReadable,
                    format!("{id}: `{text}` is not {minor} of the smallest unit"),
                );
            }
        }
    }
    for id in file.proofs.captures.keys() {
        if !file.captures.iter().any(|row| row.capture == *id) {
            desk.add(Check::SumsTrue, format!("{id} is proved and has no sums"));
        }
    }
}

const NOTHING: Sums = Sums {
    captured: 0,
    refunded: 0,
    reserved: 0,
    disputed: 0,
};

fn told(sums: Sums, loss: i64) -> String {
    let Sums {
        captured,
        refunded,
        reserved,
        disputed,
    } = sums;
    format!(
        "captured {captured}, refunded {refunded}, reserved {reserved}, disputed {disputed}, loss {loss}"
    )
}
