use std::slice;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::store::StoredAnswer;
use bayar_app::port::{Away, CacheKey, IdempotencyCache};
use redis::{Value, cmd};

use crate::entry;
use crate::fault::Fault;
use crate::helpers::RedisHelpers;
use crate::millis::millis;

#[async_trait]
impl IdempotencyCache for RedisHelpers {
    async fn get(&self, key: &CacheKey) -> Result<Option<StoredAnswer>, Away> {
        let mut get = cmd("GET");
        get.arg(key.as_str());
        let read = match self.line.ask(&get).await {
            Ok(Value::Nil) => return Ok(None),
            Ok(Value::BulkString(bytes)) => entry::read(&bytes),
            Err(Fault::WrongType) => None,
            Ok(_) => return Err(Fault::Odd.away("cache_get")),
            Err(fault) => return Err(fault.away("cache_get")),
        };
        if read.is_none() {
            let mut unlink = cmd("UNLINK");
            unlink.arg(key.as_str());
            self.line.tell(unlink).await;
        }
        Ok(read)
    }

    async fn put(&self, key: &CacheKey, answer: &StoredAnswer, ttl: Duration) -> Result<(), Away> {
        if ttl.is_zero() {
            return self.forget(slice::from_ref(key)).await;
        }
        let mut set = cmd("SET");
        set.arg(key.as_str())
            .arg(entry::write(answer))
            .arg("PX")
            .arg(millis(ttl));
        match self.line.ask(&set).await {
            Ok(_) => Ok(()),
            Err(fault) => Err(fault.away("cache_put")),
        }
    }

    async fn forget(&self, keys: &[CacheKey]) -> Result<(), Away> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut unlink = cmd("UNLINK");
        for key in keys {
            unlink.arg(key.as_str());
        }
        match self.line.ask(&unlink).await {
            Ok(_) => Ok(()),
            Err(fault) => Err(fault.away("cache_forget")),
        }
    }
}
