//! What a server wants to find before it serves.

use bayar_testkit::servers::FreshDatabase;
use bayar_tests::program::Installation;

#[tokio::test]
async fn a_database_that_is_too_old_is_refused_until_it_is_migrated() {
    let database = FreshDatabase::new("nothing at all", async |_| {}).await;
    let installation = Installation::on_postgres(&database.url);
    let refused = installation.try_serve(&[], &[]).await.unwrap_err();
    assert_eq!(refused.status.code(), Some(1), "{}", refused.log);
    let advice =
        "the database is older than this program: run `bayar migrate`, or `bayar serve --migrate`";
    assert!(refused.log.contains(advice), "{}", refused.log);

    let server = installation.try_serve(&["--migrate"], &[]).await.unwrap();
    let ready = server.anybody().get("/readyz").await.unwrap();
    assert_eq!(ready.status, 200, "{}", ready.text);
    assert_eq!(server.stop().await.status.code(), Some(0));
    let server = installation.serve().await;
    assert_eq!(server.stop().await.status.code(), Some(0));
}

#[tokio::test]
async fn a_file_has_one_server_at_a_time() {
    let installation = Installation::on_sqlite();
    let first = installation.serve().await;
    let second = installation.try_serve(&[], &[]).await.unwrap_err();
    assert_eq!(second.status.code(), Some(1), "{}", second.log);
    let reason = "another server has the database open";
    assert!(second.log.contains(reason), "{}", second.log);

    let ready = first.anybody().get("/readyz").await.unwrap();
    assert_eq!(
        ready.status, 200,
        "the first one was disturbed: {}",
        ready.text
    );
    // Not even a death leaves the file closed to the next one.
    assert!(first.kill().await.is_killed());
    let next = installation.serve().await;
    assert_eq!(next.stop().await.status.code(), Some(0));
}
