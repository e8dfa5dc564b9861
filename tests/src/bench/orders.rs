//! Orders that wait for their payment. Each can be paid once, so a run needs many.

use std::ops::Range;
use std::time::Duration;

use super::database::Database;
use super::{Result, progress};

/// The orders of one customer.
pub(super) struct Orders {
    user: i64,
    unpaid: Range<u64>,
    /// How many are made at once.
    batch: u64,
    /// How many payments a second no run has come near to.
    most_per_second: u64,
}

impl Orders {
    pub(super) async fn add(database: &Database, user: i64, batch: u64) -> Result<Self> {
        const MOST_PER_SECOND: u64 = 20_000;
        let mut orders = Self {
            user,
            unpaid: 0..0,
            batch,
            most_per_second: MOST_PER_SECOND,
        };
        orders.refill(database).await?;
        Ok(orders)
    }

    async fn refill(&mut self, database: &Database) -> Result<()> {
        progress(format_args!("{} orders are made", self.batch));
        self.unpaid = database.add_orders(self.user, self.batch).await?;
        database.tidy().await
    }

    /// More unpaid orders than a run of this length can use. What it did use is told to [`Orders::used`].
    pub(super) async fn for_run(
        &mut self,
        database: &Database,
        time: Duration,
    ) -> Result<Range<u64>> {
        let seconds = time.as_secs().saturating_add(1);
        let needed = self.most_per_second.saturating_mul(seconds);
        let left = self.unpaid.end.saturating_sub(self.unpaid.start);
        if left < needed {
            self.batch = self.batch.max(needed);
            self.refill(database).await?;
        }
        Ok(self.unpaid.start..self.unpaid.start.saturating_add(needed))
    }

    /// Exactly so many unpaid orders, which count as used.
    pub(super) async fn take(&mut self, database: &Database, count: u64) -> Result<Range<u64>> {
        let left = self.unpaid.end.saturating_sub(self.unpaid.start);
        if left < count {
            self.batch = self.batch.max(count);
            self.refill(database).await?;
        }
        let taken = self.unpaid.start..self.unpaid.start.saturating_add(count);
        self.unpaid.start = taken.end;
        Ok(taken)
    }

    /// Orders before `next` are not given out again. `rate` is how many were paid a second.
    pub(super) fn used(&mut self, next: u64, rate: f64) {
        self.unpaid.start = next.max(self.unpaid.start);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a rough figure of a positive rate"
        )]
        let ample = (rate * 3.0) as u64;
        self.most_per_second = ample.max(self.most_per_second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_given_out_once() {
        let mut orders = Orders {
            user: 1,
            unpaid: 10..100,
            batch: 1,
            most_per_second: 5,
        };
        orders.used(40, 1.0);
        assert_eq!(orders.unpaid, 40..100);
        orders.used(30, 100.0);
        assert_eq!(orders.unpaid, 40..100);
        assert_eq!(orders.most_per_second, 300);
    }
}
