use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::{Away, LockToken, Locks};
use redis::{Value, cmd};

use crate::fault::Fault;
use crate::helpers::RedisHelpers;
use crate::millis::millis;
use crate::script::Script;

/// Asking who holds it and deleting it afterwards would free the lock of whoever came in between.
static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.pcall('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0",
    )
});

#[async_trait]
impl Locks for RedisHelpers {
    async fn take(&self, name: &str, token: &LockToken, ttl: Duration) -> Result<bool, Away> {
        let mut set = cmd("SET");
        set.arg(name)
            .arg(token.as_str())
            .arg("NX")
            .arg("PX")
            .arg(millis(ttl));
        let taken = match self.line.ask(&set).await {
            Ok(Value::Okay) => Ok(true),
            Ok(Value::Nil) => Ok(false),
            Ok(_) => Err(Fault::Odd),
            Err(fault) => Err(fault),
        };
        taken.map_err(|fault| fault.away("lock_take"))
    }

    async fn release(&self, name: &str, token: &LockToken) -> Result<bool, Away> {
        let freed = match self.line.run(&RELEASE, name, token.as_str()).await {
            Ok(Value::Int(freed)) => Ok(freed == 1),
            Ok(_) => Err(Fault::Odd),
            Err(fault) => Err(fault),
        };
        freed.map_err(|fault| fault.away("lock_release"))
    }
}
