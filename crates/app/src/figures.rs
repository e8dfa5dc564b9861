use metrics::{describe_counter, describe_histogram};

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
        "bayar_facts_put_aside_total",
        "Facts that are not about the order they came for: an operator has to look."
    );
    describe_counter!("bayar_alerts_total", "Alerts: an operator has to look.");
}
