//! Looking into a file past the store.

use std::path::Path;

use bayar_app::port::Store;
use bayar_app::port::store::{OrderKey, StoredPayment};
use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

/// A connection of somebody else.
pub fn connect(path: &Path) -> SqliteConnection {
    let mut connection = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    connection
        .batch_execute("PRAGMA busy_timeout = 30000")
        .unwrap();
    connection
}

/// The texts that a query finds.
pub fn texts(path: &Path, query: &str) -> Vec<String> {
    sql::<Text>(query).load(&mut connect(path)).unwrap()
}

/// The number that a query finds.
pub fn number(path: &Path, query: &str) -> i64 {
    sql::<BigInt>(query).get_result(&mut connect(path)).unwrap()
}

/// Fails when a page of the file or a reference between its rows is broken.
pub fn assert_sound(path: &Path) {
    assert_eq!(texts(path, "PRAGMA integrity_check"), ["ok"]);
    let broken = "SELECT count(*) FROM pragma_foreign_key_check";
    assert_eq!(number(path, broken), 0);
}

/// Fails when a payment, pending since it was opened, lacks anything that was written with it.
pub async fn assert_whole(store: &dyn Store, path: &Path, payment: &StoredPayment) {
    let id = payment.payment.terms().id;
    assert!(store.invoice(id).await.unwrap().is_some());
    assert_eq!(store.taxes(id).await.unwrap().len(), 2);
    assert_eq!(store.events(id).await.unwrap().len(), 1);
    assert_eq!(store.keys_of(id).await.unwrap().len(), 1);
    let order = OrderKey::Id(payment.payment.terms().order);
    let order = store.order(&order).await.unwrap().unwrap();
    assert_eq!(order.live_payment, Some(id));
    let told = format!("SELECT kind FROM outbox WHERE aggregate = 'payment:{id}'");
    assert_eq!(texts(path, &told), ["payment.created"]);
    let job = format!("SELECT kind FROM jobs WHERE subject_id = {id} AND done_at IS NULL");
    assert_eq!(texts(path, &job), ["expire_payment"]);
}
