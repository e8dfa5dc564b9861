//! What the log and the metrics say.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bayar_app::port::{Locks, RateLimits, Vault};
use bayar_testkit::servers::PrivateRedis;
use futures_util::future::join_all;
use metrics_exporter_prometheus::PrometheusBuilder;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{QUOTA, TTL, connect, connect_up, eventually, look, token};

#[tokio::test]
async fn going_and_coming_back_are_told_once_each() {
    let log = Log::default();
    let _telling = log.listen();
    let mut server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    assert_eq!(
        (log.count("redis is away"), log.count("redis is there")),
        (0, 1)
    );
    server.stop();
    for _ in 0..100 {
        assert!(helpers.take("order", &token(1), TTL).await.is_err());
    }
    assert_eq!(
        (log.count("redis is away"), log.count("redis is there")),
        (1, 1)
    );
    server.restart().await;
    eventually("redis is found again", async || helpers.is_up()).await;
    helpers.take("order", &token(1), TTL).await.unwrap();
    assert_eq!(
        (log.count("redis is away"), log.count("redis is there")),
        (1, 2)
    );
    assert_eq!((log.count("WARN"), log.count("INFO")), (1, 2));
}

#[tokio::test]
async fn a_redis_that_was_never_there_is_told_once() {
    let log = Log::default();
    let _telling = log.listen();
    let mut server = PrivateRedis::start().await;
    server.stop();
    let helpers = connect(&server.url()).await;
    for _ in 0..100 {
        assert!(helpers.take("order", &token(1), TTL).await.is_err());
    }
    assert_eq!(log.count("redis is away"), 1);
    server.restart().await;
    eventually("redis is found", async || helpers.is_up()).await;
    assert_eq!(
        (log.count("redis is away"), log.count("redis is there")),
        (1, 1)
    );
}

#[tokio::test]
async fn a_loss_that_many_calls_meet_is_told_once() {
    let log = Log::default();
    let _telling = log.listen();
    let mut server = PrivateRedis::start().await;
    let helpers = connect_up(&server.url(), Duration::from_millis(300)).await;
    let (away, there) = (log.count("redis is away"), log.count("redis is there"));
    server.pause().await;
    let holder = token(1);
    let calls = (0..100).map(|_| helpers.take("order", &holder, TTL));
    for answer in join_all(calls).await {
        assert!(answer.is_err());
    }
    // A busy machine may have lost it before that and found it again: each loss is told once.
    let found_again = log.count("redis is there") - there;
    assert_eq!(log.count("redis is away"), away + 1 + found_again);
}

#[tokio::test]
async fn a_refusal_is_told_once_and_says_why() {
    let log = Log::default();
    let _telling = log.listen();
    let server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    let mut redis = look(&server.url()).await;
    let mut set = redis::cmd("CONFIG");
    set.arg("SET").arg("maxmemory").arg(1);
    let () = set.query_async(&mut redis).await.unwrap();
    for _ in 0..100 {
        assert!(helpers.take("order", &token(1), TTL).await.is_err());
    }
    assert_eq!(log.count("redis refuses commands"), 1);
    assert_eq!(log.count("OOM"), 1);
    assert_eq!(log.count("redis is away"), 0);
}

#[tokio::test]
async fn a_password_is_never_told() {
    let log = Log::default();
    let _telling = log.listen();
    let server = PrivateRedis::start().await;
    let url = |password| {
        server
            .url()
            .replace("redis://", &format!("redis://:{password}@"))
    };
    // A server that has none refuses any.
    let refused = connect(&url("rahsia-besar")).await;
    let away = refused.take("order", &token(1), TTL).await.unwrap_err();
    assert!(!format!("{away:?} {away}").contains("rahsia"));
    assert_eq!(log.count("redis is away"), 1);
    assert_eq!(log.count("rahsia"), 0);
}

#[tokio::test]
async fn calls_that_went_without_redis_are_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let mut server = PrivateRedis::start().await;
    let helpers = connect(&server.url()).await;
    assert!(metrics.render().contains("bayar_redis_up 1\n"));
    helpers.take("order", &token(1), TTL).await.unwrap();
    assert!(!metrics.render().contains("bayar_redis_fallbacks_total{"));
    server.stop();
    for _ in 0..3 {
        assert!(helpers.take("order", &token(1), TTL).await.is_err());
    }
    assert!(helpers.spend("caller", QUOTA).await.is_err());
    assert!(Vault::get(&helpers, "kept").await.is_err());
    let rendered = metrics.render();
    for line in [
        "bayar_redis_up 0\n",
        "bayar_redis_fallbacks_total{operation=\"lock_take\"} 3\n",
        "bayar_redis_fallbacks_total{operation=\"limit_spend\"} 1\n",
        "bayar_redis_fallbacks_total{operation=\"vault_get\"} 1\n",
    ] {
        assert!(rendered.contains(line), "{line} is not in\n{rendered}");
    }
    server.restart().await;
    eventually("redis is found again", async || {
        metrics.render().contains("bayar_redis_up 1\n")
    })
    .await;
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_target(true)
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// How many lines of ours hold `text`.
    fn count(&self, text: &str) -> usize {
        let log = self.0.lock().unwrap();
        let log = str::from_utf8(&log).unwrap();
        let ours = log.lines().filter(|line| line.contains("bayar_redis"));
        ours.filter(|line| line.contains(text)).count()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
