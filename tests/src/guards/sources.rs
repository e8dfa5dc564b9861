//! The guards that stand in the sources: conditions of a statement, and what is refused when one does not hold.

use super::guard::{Guard, Patch, Store};

/// Each of them, with the tests that must miss it.
#[rustfmt::skip] // a table
pub(super) fn guards() -> Vec<Guard> {
    let on_both = |guard: Guard, postgres: Patch, sqlite: Patch, witnesses: &'static [&'static str]| {
        guard
            .in_source(Store::Postgres, postgres, witnesses)
            .in_source(Store::Sqlite, sqlite, witnesses)
    };
    vec![
        on_both(Guard::new("C1", "an opening takes a place that is free: the condition"),
            patch("place", "crates/postgres/src/opening.rs",
                "AND live_payment_id IS NULL", "AND (live_payment_id IS NULL OR $SQL)"),
            patch("place", "crates/embedded/src/sqlite/opening.rs",
                ".filter(orders::live_payment_id.is_null())", ".filter(orders::live_payment_id.is_null().or($DIESEL))"),
            &["contract::opening::an_order_whose_place_is_taken_is_not_opened"]),

        on_both(Guard::new("C2", "a key that is bound undoes the opening: the clash"),
            patch("clash", "crates/postgres/src/opening.rs",
                "bayar_now() + \" kept_for \"\n        FROM opened",
                "bayar_now() + \" kept_for \"\n        FROM opened WHERE NOT ($SQL AND EXISTS (SELECT FROM idempotency_keys \
                 WHERE idempotency_keys.owner = \" owner \" AND idempotency_keys.route = \" route \" \
                 AND idempotency_keys.key = \" key \"))"),
            patch("clash", "crates/embedded/src/sqlite/opening.rs",
                "    diesel::insert_into(idempotency_keys::table)\n",
                "    let is_bound = idempotency_keys::table\
                 .find((scope.owner.to_string(), scope.route.as_str(), scope.key.as_str()))\
                 .count().get_result::<i64>(connection)? > 0;\n    if is_bound && $RUST { return Ok(()); }\n    \
                 diesel::insert_into(idempotency_keys::table)\n"),
            &["contract::opening::an_opening_under_a_bound_key_leaves_nothing"]),

        on_both(Guard::new("C4", "a fact that counts already is no new one: the refusal"),
            patch("known", "crates/postgres/src/unit/facts.rs",
                "return Err(wrong(\"counts already\"));", "if !($RUST) { return Err(wrong(\"counts already\")); }"),
            patch("known", "crates/embedded/src/sqlite/save/facts.rs",
                "_ => Err(wrong(\"counts already\")),", "_ if $RUST => Ok(()),\n        _ => Err(wrong(\"counts already\")),"),
            &["contract::facts::a_fact_counts_once"]),

        Guard::new("C5", "money does not pay an order beside other money: the refusal")
            .in_source(Store::Postgres, patch("primary", "crates/postgres/src/unit/facts.rs",
                "!= 1 {\n            let fault = \"is not the only money", "!= 1 && !($RUST) {\n            let fault = \"is not the only money"),
                &["unit::tests::money_does_not_pay_an_order_beside_other_money"])
            .in_source(Store::Sqlite, patch("primary", "crates/embedded/src/sqlite/save/facts.rs",
                "!= 1 {\n        let why = format!(\"capture {capture} is not the only money",
                "!= 1 && !($RUST) {\n        let why = format!(\"capture {capture} is not the only money"),
                &["sqlite::save::tests::money_does_not_pay_an_order_beside_other_money"]),

        on_both(Guard::new("C6", "a webhook is worked on by one at a time: the lease"),
            patch("webhook_lease", "crates/postgres/src/inbox.rs",
                "leased_until <= bayar_now())", "leased_until <= bayar_now() OR $SQL)"),
            patch("webhook_lease", "crates/embedded/src/sqlite/inbox.rs",
                ".or(inbox::leased_until.le(now))", ".or(inbox::leased_until.le(now)).or($DIESEL)"),
            &["contract::inbox::a_webhook_is_taken_by_one_at_a_time"]),
        on_both(Guard::new("C6", "what became of a webhook is of the last taker: the epoch"),
            patch("webhook_epoch", "crates/postgres/src/inbox.rs",
                "AND epoch = \" epoch \"", "AND (epoch = \" epoch \" OR $SQL)"),
            patch("webhook_epoch", "crates/embedded/src/sqlite/inbox.rs",
                ".filter(inbox::epoch.eq(outcome.epoch))", ".filter(inbox::epoch.eq(outcome.epoch).or($DIESEL))"),
            &["contract::inbox::a_worker_that_was_overtaken_writes_nothing"]),
        on_both(Guard::new("C6", "a webhook is given back once: the condition"),
            patch("webhook_back", "crates/postgres/src/inbox.rs",
                "AND leased_until IS NOT NULL\"", "AND (leased_until IS NOT NULL OR $SQL)\""),
            patch("webhook_back", "crates/embedded/src/sqlite/inbox.rs",
                ".filter(inbox::leased_until.is_not_null())", ".filter(inbox::leased_until.is_not_null().or($DIESEL))"),
            &["contract::inbox::a_webhook_is_given_back_once"]),

        Guard::new("C7", "an order is written over the version that was loaded: the condition")
            .in_source(Store::Postgres, patch("order", "crates/postgres/src/unit/save.rs",
                ".and(orders::version.eq(self.order_version))", ".and(orders::version.eq(self.order_version).or($DIESEL))"),
                &["unit::tests::an_order_of_another_version_is_not_written_over"])
            .in_source(Store::Sqlite, patch("order", "crates/embedded/src/sqlite/save.rs",
                ".filter(orders::version.eq(seen.order_version))", ".filter(orders::version.eq(seen.order_version).or($DIESEL))"),
                &["sqlite::save::tests::an_order_of_another_version_is_not_written_over"]),
        Guard::new("C7", "a payment is written over the version that was loaded: the condition")
            .in_source(Store::Postgres, patch("payment", "crates/postgres/src/unit/save.rs",
                "payments::version.eq(seen.version)", "payments::version.eq(seen.version).or($DIESEL)"),
                &["units::a_unit_writes_nothing_over_a_row_that_is_not_as_it_was_loaded"])
            .in_source(Store::Sqlite, patch("payment", "crates/embedded/src/sqlite/save.rs",
                "payments::version.eq(before.version)", "payments::version.eq(before.version).or($DIESEL)"),
                &["sqlite::save::tests::a_payment_of_another_version_is_not_written_over"]),
        Guard::new("C7", "an attempt is written over the version that was loaded: the condition")
            .in_source(Store::Postgres, patch("attempt", "crates/postgres/src/unit/attempts.rs",
                ".and(attempts::version.eq(version))", ".and(attempts::version.eq(version).or($DIESEL))"),
                &["gateways::nothing_is_written_over_money_or_an_attempt_that_is_not_as_it_was_loaded"])
            .in_source(Store::Sqlite, patch("attempt", "crates/embedded/src/sqlite/save/attempts.rs",
                ".filter(attempts::version.eq(version))", ".filter(attempts::version.eq(version).or($DIESEL))"),
                &["sqlite::save::tests::an_attempt_of_another_version_is_not_written_over"]),

        Guard::new("C7", "a refund is written over the version that was loaded: the condition")
            .in_source(Store::Postgres, patch("refund", "crates/postgres/src/unit/refunds.rs",
                "AND version = \" version \"", "AND (version = \" version \" OR $SQL)"),
                &["unit::tests::a_refund_of_another_version_is_not_written_over"])
            .in_source(Store::Sqlite, patch("refund", "crates/embedded/src/sqlite/save/refunds.rs",
                ".filter(refunds::version.eq(version))", ".filter(refunds::version.eq(version).or($DIESEL))"),
                &["sqlite::save::tests::a_refund_of_another_version_is_not_written_over"]),

        on_both(Guard::new("C8", "no more is reserved than is left: the condition"),
            patch("reserved", "crates/postgres/src/unit/facts.rs",
                "<= captured_minor, true)", "<= captured_minor OR $SQL, true)"),
            patch("reserved", "crates/embedded/src/sqlite/save/facts.rs",
                "(!is_ours || added <= 0)", "(!is_ours || added <= 0 || $RUST)"),
            &["contract::refund_records::nothing_is_reserved_beyond_what_is_there"]),
        on_both(Guard::new("C8", "nobody gives back more than their day allows: the condition"),
            patch("day", "crates/postgres/src/unit/records.rs",
                "AND used_minor + \" amount \" <= \" limit", "AND (used_minor + \" amount \" <= \" limit \" OR $SQL)\""),
            patch("day", "crates/embedded/src/sqlite/save/records.rs",
                ".le(limit.minor());", ".le(limit.minor()).or($DIESEL);"),
            &["contract::refund_records::what_goes_back_at_once_never_exceeds_a_day"]),

        on_both(Guard::new("C9", "a job is taken by one at a time: the lease"),
            patch("job_lease", "crates/postgres/src/work.rs",
                "leased_until <= bayar_now())", "leased_until <= bayar_now() OR $SQL)"),
            patch("job_lease", "crates/embedded/src/sqlite/work.rs",
                "leased_until <= ?1)", "leased_until <= ?1 OR $SQLITE)"),
            &["contract::work::a_job_is_taken_by_one_at_a_time"]),
        on_both(Guard::new("C9", "a job is put off by its last taker: the epoch"),
            patch("job_epoch", "crates/postgres/src/work.rs",
                "leased_until = NULL\n    WHERE kind = \" kind \" AND subject_id = \" subject \" AND epoch = \" epoch \"",
                "leased_until = NULL\n    WHERE kind = \" kind \" AND subject_id = \" subject \" AND (epoch = \" epoch \" OR $SQL)"),
            patch("job_epoch", "crates/embedded/src/sqlite/work.rs",
                "    jobs::table\n        .find((kind, subject))\n        .filter(jobs::epoch.eq(epoch))",
                "    let most: i64 = if $RUST { i64::MAX } else { epoch };\n    \
                 jobs::table\n        .find((kind, subject))\n        .filter(jobs::epoch.le(most))"),
            &["contract::work::whoever_lost_a_job_changes_nothing"]),
        on_both(Guard::new("C9", "what is due at its hour is run by one at a time: the lease"),
            patch("run_lease", "crates/postgres/src/schedule.rs",
                "leased_until <= bayar_now())", "leased_until <= bayar_now() OR $SQL)"),
            patch("run_lease", "crates/embedded/src/sqlite/schedule.rs",
                ".or(schedule::leased_until.le(&now_text))", ".or(schedule::leased_until.le(&now_text)).or($DIESEL)"),
            &["contract::schedule::of_many_that_take_a_run_at_once_one_has_it"]),
        on_both(Guard::new("C9", "a run is ended by its last taker: the epoch"),
            patch("run_epoch", "crates/postgres/src/schedule.rs",
                "due_at = \" next \"\n    WHERE name = \" name \" AND epoch = \" epoch \"",
                "due_at = \" next \"\n    WHERE name = \" name \" AND (epoch = \" epoch \" OR $SQL)"),
            patch("run_epoch", "crates/embedded/src/sqlite/schedule.rs",
                "    schedule::table\n        .find(name)\n        .filter(schedule::epoch.eq(epoch))",
                "    let most: i64 = if $RUST { i64::MAX } else { epoch };\n    \
                 schedule::table\n        .find(name)\n        .filter(schedule::epoch.le(most))"),
            &["contract::schedule::whoever_lost_a_run_changes_nothing"]),

        on_both(Guard::new("C10", "an outcome is of the last taker: the epoch"),
            patch("epoch", "crates/postgres/src/unit/calls.rs",
                "AND epoch = \" epoch \"", "AND (epoch = \" epoch \" OR $SQL)"),
            patch("epoch", "crates/embedded/src/sqlite/save/calls.rs",
                "gateway_calls::epoch.eq(outcome.epoch)", "gateway_calls::epoch.eq(outcome.epoch).or($DIESEL)"),
            &["contract::calls::an_outcome_of_an_older_taker_is_refused"]),
        on_both(Guard::new("C10", "a call that is over stays so: the condition"),
            patch("over", "crates/postgres/src/unit/calls.rs",
                "AND status IN ('planned', 'sent')", "AND (status IN ('planned', 'sent') OR $SQL)"),
            patch("over", "crates/embedded/src/sqlite/save/calls.rs",
                "gateway_calls::status.eq_any(planned_or_sent)", "gateway_calls::status.eq_any(planned_or_sent).or($DIESEL)"),
            &["contract::calls::an_outcome_of_a_call_that_is_over_is_refused"]),
        on_both(Guard::new("C10", "a call is taken by one at a time: the lease"),
            patch("lease", "crates/postgres/src/calls.rs",
                "leased_until <= bayar_now())", "leased_until <= bayar_now() OR $SQL)"),
            patch("lease", "crates/embedded/src/sqlite/calls.rs",
                ".or(gateway_calls::leased_until.le(&now_text))", ".or(gateway_calls::leased_until.le(&now_text)).or($DIESEL)"),
            &["contract::leases::a_call_is_taken_by_one_at_a_time"]),

        on_both(Guard::new("C11", "credits move from the balance that was loaded: the condition"),
            patch("balance", "crates/postgres/src/unit/records.rs",
                "credit_accounts::balance.eq(before.ok_or_else(|| wrong(NOT_AS_LOADED))?)",
                "credit_accounts::balance.eq(before.ok_or_else(|| wrong(NOT_AS_LOADED))?).or($DIESEL)"),
            patch("balance", "crates/embedded/src/sqlite/save/records.rs",
                "credit_accounts::balance.eq(before)", "credit_accounts::balance.eq(before).or($DIESEL)"),
            &["contract::refund_papers::credits_that_are_not_as_they_were_loaded_are_refused"]),
    ]
}

const fn patch(
    word: &'static str,
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Patch {
    Patch {
        word,
        file,
        from,
        to,
    }
}
