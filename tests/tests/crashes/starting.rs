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

/// Two versions of the program meet during a deployment: the old one keeps away from what it does not know.
#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let database = crate::shop::database().await;
    let on_sqlite = Installation::on_sqlite();
    on_sqlite.migrate();
    for installation in [Installation::on_postgres(&database.url), on_sqlite] {
        let store = installation.store().await;
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')";
        store.run(newer).await;
        for arguments in [&[][..], &["--migrate"]] {
            let refused = installation.try_serve(arguments, &[]).await.unwrap_err();
            assert_eq!(refused.status.code(), Some(1), "{}", refused.log);
            let reason = "the database is newer than this program: it knows nothing of 9999";
            assert!(refused.log.contains(reason), "{}", refused.log);
        }
        let (status, told) = installation.ran(&["payments", "check-all", "--fix"]);
        assert_eq!(status.code(), Some(1), "{told}");
        let steps = "SELECT CAST(count(*) AS text) AS json FROM __diesel_schema_migrations";
        let before = store.texts(steps).await;
        let (status, told) = installation.ran(&["migrate"]);
        assert_eq!(store.texts(steps).await, before, "{status:?}: {told}");
    }
}
