//! A server that cannot be used: the error says which, why, and what to do.

use std::error::Error as _;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use kenning::PostgresStore;
use kenning::store::{Append, EventStore as _, Expect, StoreError, StreamQuery};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};

use super::super::{event, prepared, stream};
use crate::support::database;
use crate::support::proxy::Proxy;

async fn refused(url: &str) -> StoreError {
    PostgresStore::connect(url).await.expect_err("this cannot be connected to")
}

fn whole(error: &StoreError) -> String {
    let mut text = format!("{error:?} {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Fails without `server.connect`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p2_a_server_that_is_down_is_named_at_once_with_the_reason() {
    // Nobody listens on a port that was just given back.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let began = Instant::now();
    let error = refused(&format!("postgres://someone:s3cret@{address}/shop")).await;
    assert!(matches!(error, StoreError::Unavailable(_)) && error.is_retryable(), "{error:?}");
    let text = whole(&error);
    assert!(text.contains(&address.to_string()) && text.contains("refused"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
    assert!(began.elapsed() < PostgresStoreDefaults::ACQUIRE, "it does not wait for a pool");
}

struct PostgresStoreDefaults;

impl PostgresStoreDefaults {
    const ACQUIRE: Duration = Duration::from_secs(10);
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_url_of_something_else_is_named() {
    for (url, named) in [
        ("mysql://app:s3cret@localhost/shop", "`mysql://`"),
        ("http://localhost", "`http://`"),
        ("localhost:5432/shop", "no scheme"),
        ("app:s3cret@host://x", "no scheme"),
        ("", "no scheme"),
    ] {
        let error = refused(url).await;
        let text = whole(&error);
        assert!(matches!(error, StoreError::Unsuitable(_)) && !error.is_retryable(), "{error:?}");
        assert!(text.contains(named) && text.contains("postgres://"), "{url}: {text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_missing_database_or_role_is_named_and_not_retried() {
    let url = database().await;
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let name = options.get_database().unwrap();
    for (wrong, named) in [
        (url.replace(name, "no_such_shop"), "no_such_shop"),
        (url.replace("//postgres", "//no_such_role"), "no_such_role"),
    ] {
        let error = refused(&wrong).await;
        assert!(matches!(error, StoreError::Unsuitable(_)) && !error.is_retryable(), "{error:?}");
        let text = whole(&error);
        assert!(text.contains(named) && text.contains("create the"), "{text}");
        assert!(!text.contains("at line"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_a_missing_right_is_named_with_what_to_grant() {
    let url = database().await;
    let owner = prepared(PostgresStore::options(), &url).await;
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let role = format!("{}_reader", options.get_database().unwrap());
    let admin = &mut options.connect().await.unwrap();
    admin.execute(AssertSqlSafe(format!("create role {role} login"))).await.unwrap();
    let limited = url.replace("//postgres", &format!("//{role}"));
    // Without a right on the database, no schema of its own.
    let error = prepare(&limited, "elsewhere").await;
    let text = whole(&error);
    assert!(matches!(error, StoreError::Unsuitable(_)) && text.contains("create on database"), "{text}");
    // Without a right on the schema that exists.
    let error = prepare(&limited, "kenning").await;
    let text = whole(&error);
    assert!(matches!(error, StoreError::Unsuitable(_)) && text.contains("grant"), "{text}");
    // In use: on tables.
    let grant = format!("grant usage on schema kenning to {role}");
    admin.execute(AssertSqlSafe(grant)).await.unwrap();
    let store = PostgresStore::connect(&limited).await.unwrap();
    let error = store.find_command(uuid::Uuid::now_v7()).await.unwrap_err();
    let text = whole(&error);
    assert!(matches!(error, StoreError::Unsuitable(_)) && !error.is_retryable(), "{error:?}");
    assert!(text.contains("permission denied for table") && text.contains("grant select"), "{text}");
    assert!(!text.contains("at line"), "{text}");
    drop(owner);
    admin.execute(AssertSqlSafe(format!("drop owned by {role}"))).await.unwrap();
    admin.execute(AssertSqlSafe(format!("drop role {role}"))).await.unwrap();
}

/// The sequence is compared with the events by sessions that may append. Fails without the look at the
/// privilege, on PostgreSQL 17 and newer: the position is null there for others.
#[tokio::test(flavor = "multi_thread")]
async fn p13_a_role_that_only_reads_is_not_taken_for_one_with_a_sequence_behind() {
    let url = database().await;
    let owner = prepared(PostgresStore::options(), &url).await;
    owner.append(Append::to(stream("read"), Expect::New, vec![event()])).await.unwrap();
    let options: sqlx::postgres::PgConnectOptions = url.parse().unwrap();
    let role = format!("{}_looker", options.get_database().unwrap());
    let admin = &mut options.connect().await.unwrap();
    for sql in [
        format!("create role {role} login"),
        format!("grant usage on schema kenning to {role}"),
        format!("grant select on all tables in schema kenning to {role}"),
    ] {
        admin.execute(AssertSqlSafe(sql)).await.unwrap();
    }
    let reader = PostgresStore::connect(&url.replace("//postgres", &format!("//{role}"))).await.unwrap();
    let events: Vec<_> =
        reader.read_stream(StreamQuery::forwards(stream("read"))).try_collect().await.unwrap();
    assert_eq!(events.len(), 1);
    reader.close().await;
    admin.execute(AssertSqlSafe(format!("drop owned by {role}"))).await.unwrap();
    admin.execute(AssertSqlSafe(format!("drop role {role}"))).await.unwrap();
}

async fn prepare(url: &str, schema: &str) -> StoreError {
    let store = PostgresStore::options().schema(schema).connect(url).await.unwrap();
    store.prepare().await.expect_err("the role may not do that")
}

/// Once the application runs, the pool waits for the server to come back. Then it says what is wrong.
#[tokio::test(flavor = "multi_thread")]
async fn p2_a_read_during_an_outage_names_the_server_and_the_reason() {
    let url = database().await;
    let proxy = Proxy::before(&url).await;
    let options = PostgresStore::options().acquire_timeout(Duration::from_millis(500));
    let store = prepared(options, &proxy.url(&url)).await;
    proxy.refuse(true);
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid()";
    let mut admin = url.parse::<sqlx::postgres::PgConnectOptions>().unwrap().connect().await.unwrap();
    admin.execute(end).await.unwrap();
    let error = store.find_command(uuid::Uuid::now_v7()).await.unwrap_err();
    let text = whole(&error);
    assert!(matches!(error, StoreError::Unavailable(_)), "{text}");
    assert!(text.contains("127.0.0.1:"), "{text}");
    proxy.refuse(false);
    store.find_command(uuid::Uuid::now_v7()).await.expect("the server is back");
}

/// Every pooled session in use is another reason than a server that is away.
#[tokio::test(flavor = "multi_thread")]
async fn p2_a_pool_that_is_in_use_says_so() {
    let options = PostgresStore::options().max_connections(1).acquire_timeout(Duration::from_millis(200));
    let store = prepared(options, &database().await).await;
    let _taken = store.pool().acquire().await.unwrap();
    let error = store.find_command(uuid::Uuid::now_v7()).await.unwrap_err();
    assert!(whole(&error).contains("all connections of the pool were in use"), "{}", whole(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn p2_no_debug_text_has_the_password() {
    let url = database().await.replacen("//postgres@", "//postgres:s3cret@", 1);
    let store = prepared(PostgresStore::options(), &url).await;
    assert!(!format!("{store:?}").contains("s3cret"), "{store:?}");
}
