//! What every helper MUST do when it cannot be reached, or hangs: say so, soon.
//!
//! An adapter calls these with each kind of trouble that it knows: nobody listens, somebody listens and is silent.

use std::time::Duration;

use bayar_app::port::store::{
    IdempotencyKey, Installation, KeyOwner, KeyScope, RequestHash, Route, StoredAnswer,
};
use bayar_app::port::{
    Away, CacheKey, IdempotencyCache, LockToken, Locks, Quota, RateLimits, Vault,
};
use bayar_domain::PaymentId;
use tokio::time::timeout;

use crate::random::SeededRandom;

/// No request waits longer than this for something that only makes it faster.
const BOUND: Duration = Duration::from_secs(2);

const TTL: Duration = Duration::from_secs(5);

/// Every operation says in time that the locks are away.
pub async fn locks_are_away(locks: &dyn Locks) {
    let token = LockToken::draw(&SeededRandom::new(1));
    says_so("take", locks.take("order", &token, TTL)).await;
    says_so("release", locks.release("order", &token)).await;
}

/// Every operation says in time that the cache is away.
pub async fn the_cache_is_away(cache: &dyn IdempotencyCache) {
    let scope = KeyScope {
        owner: KeyOwner::User(7.try_into().unwrap()),
        route: Route::CreatePayment,
        key: IdempotencyKey::new("wish").unwrap(),
    };
    let key = CacheKey::new(&Installation::new("installation1").unwrap(), &scope);
    let answer = StoredAnswer {
        request: RequestHash::of(&[]),
        payment: PaymentId::new(1).unwrap(),
        body: b"{}".to_vec(),
    };
    says_so("get", cache.get(&key)).await;
    says_so("put", cache.put(&key, &answer, TTL)).await;
    says_so("forget", cache.forget(&[key])).await;
}

/// Every operation says in time that the counters are away.
pub async fn the_limits_are_away(limits: &dyn RateLimits) {
    let quota = Quota {
        limit: 1,
        window: TTL,
    };
    says_so("spend", limits.spend("caller", quota)).await;
    says_so("give_back", limits.give_back("caller", quota)).await;
}

/// Every operation says in time that the vault is away.
pub async fn the_vault_is_away(vault: &dyn Vault) {
    says_so("put", vault.put("order", b"sealed", TTL)).await;
    says_so("get", vault.get("order")).await;
    says_so("remove", vault.remove("order")).await;
}

async fn says_so<T>(operation: &str, answer: impl Future<Output = Result<T, Away>>) {
    let answer = timeout(BOUND, answer).await;
    let answer = answer.unwrap_or_else(|_| panic!("{operation} did not answer in {BOUND:?}"));
    assert!(answer.is_err(), "{operation} is not away");
}
