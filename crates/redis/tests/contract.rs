//! The contracts of the ports, on a Redis of each case's own.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bayar_app::port::{IdempotencyCache, Locks, RateLimits, Vault};
use bayar_redis::{RedisConfig, RedisHelpers};
use bayar_testkit::contract::Fixture;
use bayar_testkit::servers::PrivateRedis;
use bayar_testkit::{cache_contract, limits_contract, locks_contract, vault_contract};

locks_contract!(fresh);
cache_contract!(fresh);
limits_contract!(fresh);
vault_contract!(fresh);

struct Helpers {
    port: Arc<RedisHelpers>,
    _server: PrivateRedis,
}

async fn fresh() -> Helpers {
    let server = PrivateRedis::start().await;
    let config = RedisConfig {
        // Nobody waits this long. A machine that is busy with other tests does not make Redis count as away.
        command_timeout: Duration::from_secs(10),
        ..RedisConfig::new(server.url())
    };
    let port = RedisHelpers::connect(&config).await.unwrap();
    Helpers {
        port: Arc::new(port),
        _server: server,
    }
}

macro_rules! fixture {
    ($($port:ident)+) => { $(
        #[async_trait]
        impl Fixture<dyn $port> for Helpers {
            fn port(&self) -> Arc<dyn $port> {
                Arc::clone(&self.port) as Arc<dyn $port>
            }

            async fn pass(&self, time: Duration) {
                tokio::time::sleep(time).await;
            }
        }
    )+ };
}

fixture!(Locks IdempotencyCache RateLimits Vault);
