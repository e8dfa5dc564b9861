//! Lists of payments.

use bayar_app::port::store::{Answer, Page, PageOf, PaymentFilter, StoredPayment};
use diesel::pg::Pg;
use diesel::{ExpressionMethods, QueryDsl, SelectableHelper};

use crate::PgStore;
use crate::error::broken;
use crate::rows::PaymentRow;
use crate::schema::{orders, payments};

type Filtered = payments::BoxedQuery<'static, Pg>;

/// The payments that pass a filter. A text for each set of conditions, so that each is planned for its index.
fn filtered(filter: &PaymentFilter) -> Filtered {
    let mut payments = payments::table.into_boxed();
    if let Some(user) = filter.user {
        payments = payments.filter(payments::user_id.eq(user.get()));
    }
    if let Some(status) = filter.status {
        payments = payments.filter(payments::status.eq(status.as_str()));
    }
    if let Some(from) = filter.from {
        payments = payments.filter(payments::created_at.ge(from));
    }
    if let Some(to) = filter.to {
        payments = payments.filter(payments::created_at.lt(to));
    }
    payments
}

impl PgStore {
    pub(crate) async fn list(
        &self,
        filter: &PaymentFilter,
        page: Page,
    ) -> Answer<PageOf<StoredPayment>> {
        let skipped = i64::from(page.number.saturating_sub(1)).saturating_mul(page.size.into());
        let newest_first = || (payments::created_at.desc(), payments::id.desc());
        let filter = *filter;
        let listed = move || {
            // The ids come out of an index alone: rows that are skipped are not read.
            let ids = filtered(&filter)
                .select(payments::id)
                .order(newest_first())
                .limit(page.size.into())
                .offset(skipped);
            payments::table
                .inner_join(orders::table)
                .filter(payments::id.eq_any(ids))
                .order(newest_first())
                .select((PaymentRow::as_select(), orders::order_number))
        };
        let rows: Vec<(PaymentRow, String)> = self.load_made(listed).await?;
        let entries = rows.into_iter().map(|(row, number)| row.stored(&number));
        let entries = entries.collect::<Answer<_>>()?;
        let counts: Vec<i64> = self.load_made(move || filtered(&filter).count()).await?;
        let total = counts.into_iter().sum::<i64>();
        Ok(PageOf {
            entries,
            total: u64::try_from(total).map_err(broken)?,
        })
    }
}
