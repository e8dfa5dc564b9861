//! The keys that callers name their wishes by.

use bayar_app::port::Source;
use bayar_app::port::store::{Answer, IdempotencyKey, KeyScope, Route};
use bayar_domain::PaymentId;
use diesel::sql_types::{BigInt, Text};
use diesel::{ExpressionMethods, QueryDsl};

use crate::PgStore;
use crate::error::Unreadable;
use crate::schema::idempotency_keys;
use crate::statement::statement;

/// A scope as it is stored.
pub(crate) struct KeyColumns {
    pub(crate) owner: String,
    pub(crate) route: &'static str,
    pub(crate) key: String,
}

impl KeyColumns {
    pub(crate) fn of(scope: &KeyScope) -> Self {
        Self {
            owner: scope.owner.to_string(),
            route: scope.route.as_str(),
            key: scope.key.as_str().to_owned(),
        }
    }
}

statement! {
    /// What is over here is exactly what a survey does not answer any more.
    struct ForgetKey {
        owner: String as Text,
        route: &'static str as Text,
        key: String as Text,
    }
    "DELETE FROM idempotency_keys AS k USING payments AS p
    WHERE k.owner = " owner " AND k.route = " route " AND k.key = " key " AND p.id = k.payment_id
        AND k.kept_until <= bayar_now() AND p.status NOT IN ('pending', 'processing', 'under_review')"
}

statement! {
    /// The oldest first. Keys that somebody else is at are left to them.
    struct ForgetKeys {
        at_most: i64 as BigInt,
    }
    "DELETE FROM idempotency_keys AS k USING (
        SELECT owner, route, key
        FROM idempotency_keys JOIN payments ON payments.id = idempotency_keys.payment_id
        WHERE kept_until <= bayar_now() AND payments.status NOT IN ('pending', 'processing', 'under_review')
        ORDER BY kept_until LIMIT " at_most "
        FOR UPDATE OF idempotency_keys SKIP LOCKED
    ) AS over
    WHERE k.owner = over.owner AND k.route = over.route AND k.key = over.key"
}

impl PgStore {
    pub(crate) async fn forget(&self, scope: &KeyScope) -> Answer<()> {
        let KeyColumns { owner, route, key } = KeyColumns::of(scope);
        self.write(ForgetKey { owner, route, key }).await?;
        Ok(())
    }

    pub(crate) async fn forget_at_most(&self, at_most: u32) -> Answer<u64> {
        let forgotten = self
            .write(ForgetKeys {
                at_most: at_most.into(),
            })
            .await?;
        u64::try_from(forgotten).map_err(crate::error::broken)
    }

    pub(crate) async fn scopes_of(&self, payment: PaymentId) -> Answer<Vec<KeyScope>> {
        let keys = idempotency_keys::table
            .filter(idempotency_keys::payment_id.eq(payment.get()))
            .order((
                idempotency_keys::owner,
                idempotency_keys::route,
                idempotency_keys::key,
            ))
            .select((
                idempotency_keys::owner,
                idempotency_keys::route,
                idempotency_keys::key,
            ));
        let keys: Vec<(String, String, String)> = self.load(keys).await?;
        let scope = |(owner, route, key): (String, String, String)| {
            restore(&owner, &route, key).map_err(Unreadable::of("a key of payment", payment))
        };
        keys.into_iter().map(scope).collect()
    }
}

fn restore(owner: &str, route: &str, key: String) -> Result<KeyScope, Source> {
    if route != Route::CreatePayment.as_str() {
        return Err(format!("`{route}` is no route").into());
    }
    Ok(KeyScope {
        owner: owner.parse()?,
        route: Route::CreatePayment,
        key: IdempotencyKey::new(key)?,
    })
}
