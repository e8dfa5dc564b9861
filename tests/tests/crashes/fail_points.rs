//! The program is killed at each step that is named in its sources.

use std::collections::BTreeSet;

use bayar_testkit::servers::PrivateRedis;
use bayar_tests::program::{Installation, named_steps};

use crate::shop::{Shop, database};

/// How long the lock of a dead process may stand in the way.
const LOCK_TTL_MS: i64 = 2000;

/// A step of the creation of a payment.
struct Step {
    name: &'static str,
    /// Whether the payment is there by then.
    committed: bool,
    /// Whether the process holds the lock of the order in Redis.
    locked: bool,
}

const fn step(name: &'static str, committed: bool, locked: bool) -> Step {
    Step {
        name,
        committed,
        locked,
    }
}

const CREATING: &[Step] = &[
    step("create.before_cache", false, false),
    step("create.before_lock", false, false),
    step("create.locked", false, true),
    step("create.before_survey", false, true),
    step("create.before_open", false, true),
    step("create.after_open", true, true),
    step("create.before_answer", true, false),
];

/// The steps of a cancellation, and whether it is committed by then.
const SETTLING: &[(&str, bool)] = &[
    ("settle.before_commit", false),
    ("settle.after_commit", true),
];

#[test]
fn every_step_that_is_named_is_tried() {
    let tried = CREATING.iter().map(|step| step.name);
    let tried = tried.chain(SETTLING.iter().map(|(name, _)| *name));
    let tried: BTreeSet<_> = tried.map(ToOwned::to_owned).collect();
    let named = named_steps();
    // Those of paying, of refunds, of webhooks and of due work are tried where those are.
    let paying = [
        "checkout.",
        "call.",
        "read.",
        "refund.",
        "inbox.",
        "job.",
        "schedule.",
    ];
    let is_ours = |name: &String| !paying.iter().any(|part| name.starts_with(part));
    let named: BTreeSet<_> = named.into_iter().filter(is_ours).collect();
    assert_eq!(named, tried);
}

#[tokio::test]
async fn a_server_on_postgres_that_dies_while_it_creates_leaves_all_or_nothing() {
    let redis = PrivateRedis::start().await;
    let database = database().await;
    let installation = Installation::on_postgres(&database.url)
        .with("REDIS_URL", &redis.url())
        .with("LOCK_TTL_MS", &LOCK_TTL_MS.to_string());
    die_while_creating(installation, Some(&redis)).await;
}

#[tokio::test]
async fn a_server_on_a_file_that_dies_while_it_creates_leaves_all_or_nothing() {
    let installation = Installation::on_sqlite();
    installation.migrate();
    die_while_creating(installation, None).await;
}

#[tokio::test]
async fn a_server_on_postgres_that_dies_while_it_cancels_leaves_all_or_nothing() {
    let redis = PrivateRedis::start().await;
    let database = database().await;
    let installation = Installation::on_postgres(&database.url).with("REDIS_URL", &redis.url());
    die_while_cancelling(installation).await;
}

#[tokio::test]
async fn a_server_on_a_file_that_dies_while_it_cancels_leaves_all_or_nothing() {
    let installation = Installation::on_sqlite();
    installation.migrate();
    die_while_cancelling(installation).await;
}

async fn die_while_creating(installation: Installation, redis: Option<&PrivateRedis>) {
    let mut shop = Shop::prepare(installation).await;
    for Step {
        name,
        committed,
        locked,
    } in CREATING
    {
        let server = shop.installation.serve_until(name).await;
        let consultation = shop.order(&server).await;
        let broken = shop.ask(&server, consultation, name).await;
        assert!(broken.is_err(), "{name} was passed: {broken:?}");
        let ended = server.ended().await;
        assert!(ended.is_killed(), "{name}: {ended:?}");
        if let Some(redis) = redis {
            let times = times_of_locks(redis).await;
            let is_locked = times.iter().any(|time| (1..=LOCK_TTL_MS).contains(time));
            assert_eq!(is_locked, *locked, "{name}: {times:?}");
            assert_eq!(times.len(), usize::from(*locked), "{name}: {times:?}");
        }

        let store = shop.installation.store_of_the_dead().await;
        let book = store.of_consultations(&[consultation]).await;
        if *committed {
            book.must_be_whole();
            assert_eq!(book.payments.len(), 1, "{name}: {book:#?}");
        } else {
            assert!(book.has_no_trace_of_payments(), "{name}: {book:#?}");
        }

        let server = shop.installation.serve().await;
        // The lock of the dead ends before those who wait for it give up, which they would say with 409.
        let again = shop.ask(&server, consultation, name).await;
        let again = again.expect("an answer to the same request");
        assert_eq!(again.status, 201, "{name}: {}", again.text);
        let replayed = again.header("Idempotent-Replayed").is_some();
        assert_eq!(replayed, *committed, "{name}");
        shop.must_have_one_payment(&server, consultation, name)
            .await;
        assert_eq!(server.stop().await.status.code(), Some(0));
    }
    let store = shop.installation.store_of_the_dead().await;
    store.all().await.must_be_whole();
}

/// For how many milliseconds more each lock is held.
async fn times_of_locks(redis: &PrivateRedis) -> Vec<i64> {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let locks = redis::cmd("KEYS").arg("*payment:lock:*").to_owned();
    let locks: Vec<String> = locks.query_async(&mut connection).await.unwrap();
    let mut times = Vec::new();
    for lock in locks {
        let time = redis::cmd("PTTL").arg(lock).to_owned();
        times.push(time.query_async(&mut connection).await.unwrap());
    }
    times
}

async fn die_while_cancelling(installation: Installation) {
    let mut shop = Shop::prepare(installation).await;
    for (name, committed) in SETTLING {
        let server = shop.installation.serve_until(name).await;
        let consultation = shop.order(&server).await;
        let created = shop.ask(&server, consultation, name).await.unwrap();
        assert_eq!(created.status, 201, "{}", created.text);
        let payment = created.number("/data/payment_id");
        let broken = shop.cancel(&server, payment).await;
        assert!(broken.is_err(), "{name} was passed: {broken:?}");
        let ended = server.ended().await;
        assert!(ended.is_killed(), "{name}: {ended:?}");

        let store = shop.installation.store_of_the_dead().await;
        let book = store.of_consultations(&[consultation]).await;
        book.must_be_whole();
        let status = if *committed { "cancelled" } else { "pending" };
        assert_eq!(book.payments[0].status, status, "{name}: {book:#?}");

        let server = shop.installation.serve().await;
        let again = shop.cancel(&server, payment).await.unwrap();
        assert_eq!(again.status, 200, "{name}: {}", again.text);
        let replayed = shop.ask(&server, consultation, name).await.unwrap();
        assert_eq!(replayed.status, 201, "{name}: {}", replayed.text);
        assert_eq!(replayed.text, created.text, "{name}");
        let next = shop
            .ask(&server, consultation, &format!("{name}-next"))
            .await;
        let next = next.unwrap();
        assert_eq!(next.status, 201, "{name}: {}", next.text);
        assert_ne!(next.number("/data/payment_id"), payment, "{name}");
        let cancelled = shop.cancel(&server, next.number("/data/payment_id")).await;
        assert_eq!(cancelled.unwrap().status, 200);
        let book = shop.book(consultation).await;
        book.must_be_whole();
        assert_eq!(book.payments.len(), 2, "{name}: {book:#?}");
        assert_eq!(server.stop().await.status.code(), Some(0));
    }
}
