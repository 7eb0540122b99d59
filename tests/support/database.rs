//! A database for each test.

use std::env;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kenning::PostgresStore;
use kenning::store::EventStore as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

/// After that long no test is still running, and what it left on a server that was not thrown away is removed.
const FORGOTTEN: Duration = Duration::from_secs(3_600);

/// The URL of a new, empty database on the server at `DATABASE_URL`.
///
/// # Panics
/// When there is no server: a test is never skipped.
pub async fn database() -> String {
    static TIDIED: OnceCell<()> = OnceCell::const_new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let url = env::var("DATABASE_URL").unwrap_or_else(|_| {
        panic!("DATABASE_URL is not set: run `tests/run`, or name a PostgreSQL server whose user may create databases")
    });
    let server: PgConnectOptions = url.parse().expect("DATABASE_URL is the URL of a PostgreSQL server");
    let mut admin = server.connect().await.expect("the server at DATABASE_URL answers");
    TIDIED.get_or_init(|| remove_forgotten(&mut admin)).await;
    let name = format!("kenning_test_{}_{}_{}", now(), process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    // The name is of digits and our own words.
    admin
        .execute(AssertSqlSafe(format!("create database {name}")))
        .await
        .expect("the user may create databases");
    admin.close().await.expect("the connection closes");
    server.database(&name).to_url_lossy().to_string()
}

/// The URL of a new database that has the tables of a store. It is a copy: the migrations run once in a process.
///
/// # Panics
/// As [`database`].
pub async fn prepared_database() -> String {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let template = TEMPLATE.get_or_init(|| async {
        let url = database().await;
        let store = PostgresStore::connect(&url).await.expect("the database answers");
        store.prepare().await.expect("the database is migrated");
        store.close().await;
        url
    });
    let template: PgConnectOptions = template.await.parse().expect("it is a URL");
    let from = template.get_database().expect("it names a database").to_owned();
    let name = format!("{from}_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let server: PgConnectOptions =
        env::var("DATABASE_URL").expect("it was read before").parse().expect("a URL");
    let mut admin = server.connect().await.expect("the server at DATABASE_URL answers");
    // The sessions of whoever has prepared it end a moment after they were closed.
    let mut tries = 0;
    while let Err(error) =
        admin.execute(AssertSqlSafe(format!("create database {name} template {from}"))).await
    {
        tries += 1;
        assert!(tries < 200, "{from} cannot be copied: {error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    admin.close().await.expect("the connection closes");
    template.database(&name).to_url_lossy().to_string()
}

async fn remove_forgotten(admin: &mut PgConnection) {
    let found: Vec<String> =
        sqlx::query_scalar("select datname from pg_database where datname like 'kenning\\_test\\_%'")
            .fetch_all(&mut *admin)
            .await
            .expect("databases can be listed");
    for name in found {
        let made: u64 = name.split('_').nth(2).and_then(|seconds| seconds.parse().ok()).unwrap_or(u64::MAX);
        if made.saturating_add(FORGOTTEN.as_secs()) < now()
            && let Err(error) = admin.execute(AssertSqlSafe(format!("drop database if exists {name}"))).await
        {
            eprintln!("{name} of an earlier run is left where it is: {error}");
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right").as_secs()
}
