use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Tells whoever counts what the figures of the use cases are.
pub fn describe_figures() {
    describe_counter!(
        "bayar_payment_requests_total",
        "Requests for a payment, by what came of them."
    );
    describe_counter!(
        "bayar_payments_created_total",
        "Payments that were opened, by payment method."
    );
    describe_counter!(
        "bayar_payment_moves_total",
        "Payments that moved, by where to and by payment method."
    );
    describe_counter!(
        "bayar_checkouts_total",
        "Wishes to pay, by what came of them: a checkout that is open, or not."
    );
    describe_counter!(
        "bayar_cache_lookups_total",
        "Looks for a key in the idempotency cache, by what was found."
    );
    describe_histogram!(
        "bayar_lock_wait_seconds",
        "How long somebody waited for the lock of an order, in seconds."
    );
    describe_histogram!(
        "bayar_gateway_seconds",
        "How long a gateway took, in seconds, by gateway and operation."
    );
    describe_counter!(
        "bayar_gateway_errors_total",
        "Calls that a gateway did not do, by gateway, operation and kind of fault."
    );
    describe_counter!(
        "bayar_events_found_total",
        "Payments of which a gateway's list told what no webhook did, by gateway."
    );
    describe_counter!(
        "bayar_payments_lost_total",
        "Times that a gateway showed money with our mark that is not written down here, by gateway: payments rebuild brings it back."
    );
    describe_counter!(
        "bayar_facts_put_aside_total",
        "Facts that are not about the order they came for: an operator has to look."
    );
    describe_counter!(
        "bayar_refund_requests_total",
        "Wishes for money to go back, by what came of them."
    );
    describe_counter!(
        "bayar_refund_moves_total",
        "Refunds that moved, by where to and by who wanted them."
    );
    describe_counter!(
        "bayar_webhooks_total",
        "Webhooks, by gateway and by what became of them."
    );
    describe_counter!(
        "bayar_webhooks_refused_total",
        "Webhooks that were not believed, by gateway and reason."
    );
    describe_gauge!(
        "bayar_webhooks_open",
        "Webhooks that are not at a good end, by gateway and status."
    );
    describe_gauge!(
        "bayar_webhooks_success_percent",
        "How many of a hundred webhooks that came to an end were processed, by gateway."
    );
    describe_counter!(
        "bayar_jobs_total",
        "Jobs that were served, by kind and by what came of them."
    );
    describe_counter!(
        "bayar_jobs_repaired_total",
        "Jobs that were missing and were opened again, by kind: a fault of ours."
    );
    describe_counter!(
        "bayar_reconciler_fixes_total",
        "Payments that moved because due work asked, by where to."
    );
    describe_counter!(
        "bayar_schedule_runs_total",
        "Runs of the schedule, by name and by what came of them."
    );
    describe_counter!("bayar_alerts_total", "Alerts: an operator has to look.");
}
