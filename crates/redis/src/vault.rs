use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::{Away, Vault};
use redis::{Value, cmd};

use crate::fault::Fault;
use crate::helpers::RedisHelpers;
use crate::millis::millis;

#[async_trait]
impl Vault for RedisHelpers {
    async fn put(&self, name: &str, sealed: &[u8], ttl: Duration) -> Result<(), Away> {
        if ttl.is_zero() {
            return self.remove(name).await;
        }
        let mut set = cmd("SET");
        set.arg(name).arg(sealed).arg("PX").arg(millis(ttl));
        match self.line.ask(&set).await {
            Ok(_) => Ok(()),
            Err(fault) => Err(fault.away("vault_put")),
        }
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, Away> {
        let mut get = cmd("GET");
        get.arg(name);
        match self.line.ask(&get).await {
            Ok(Value::BulkString(sealed)) => Ok(Some(sealed)),
            Ok(Value::Nil) | Err(Fault::WrongType) => Ok(None),
            Ok(_) => Err(Fault::Odd.away("vault_get")),
            Err(fault) => Err(fault.away("vault_get")),
        }
    }

    async fn remove(&self, name: &str) -> Result<(), Away> {
        let mut delete = cmd("DEL");
        delete.arg(name);
        match self.line.ask(&delete).await {
            Ok(_) => Ok(()),
            Err(fault) => Err(fault.away("vault_remove")),
        }
    }
}
