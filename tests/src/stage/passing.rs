//! Time passes: what only time would bring about is written into the tables.

use super::Stage;

impl Stage {
    /// Lets the time pass in which a call belongs to a process that is dead.
    pub async fn let_leases_end(&self) {
        // Whoever held one is dead: nothing of it is on its way any more.
        self.store
            .run("UPDATE gateway_calls SET leased_until = NULL WHERE leased_until IS NOT NULL")
            .await;
    }

    /// Lets so much time pass that no gateway knows a key again.
    pub async fn let_keys_be_forgotten(&self) {
        let (off, on) = if self.is_shared() {
            (
                "ALTER TABLE gateway_calls DISABLE TRIGGER gateway_calls_say_the_same",
                "ALTER TABLE gateway_calls ENABLE TRIGGER gateway_calls_say_the_same",
            )
        } else {
            (
                "DROP TRIGGER IF EXISTS gateway_calls_say_the_same",
                "SELECT 1",
            )
        };
        let long_ago = "UPDATE gateway_calls SET good_until = '2026-01-01T00:00:00.000000Z'";
        self.store.run(&format!("{off}; {long_ago}; {on}")).await;
    }

    /// Lets so much time pass that no payment may be paid any more.
    pub async fn let_payments_be_overdue(&self) {
        self.store
            .run("UPDATE payments SET deadline = updated_at")
            .await;
    }
}
