//! Callers that are cancelled while a transaction begins.

use std::pin::Pin;

use futures_util::future::FutureExt as _;
use futures_util::poll;
use kenning::PostgresStore;
use kenning::store::{EventStore as _, SagaStore as _, StoreError, TransactionalStore as _};
use sqlx::PgPool;

use super::prepared;
use crate::support::database;

type Cancelled<'a> = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + 'a>>;

/// The session has one connection: what is cancelled and what comes after it use the same.
///
/// sqlx alone returns the connection to its pool within the transaction: the next statement that writes is answered with
/// success, and is rolled back later. Fails without `server.begin`: see tests/guards.
#[tokio::test(flavor = "multi_thread")]
async fn p2_a_begin_that_is_cancelled_leaves_no_transaction_open() {
    let url = database().await;
    let store = prepared(PostgresStore::options().max_connections(1), &url).await;
    let others = PgPool::connect(&url).await.unwrap();
    sqlx::query("create table written (number integer)").execute(store.pool()).await.unwrap();
    let ways: [fn(&PostgresStore) -> Cancelled<'_>; 2] = [
        |store| Box::pin(store.begin().map(|begun| begun.map(drop))),
        // Reads the instance and its log in one transaction.
        |store| Box::pin(store.saga("saga", "id").map(|found| found.map(drop))),
    ];
    let mut written = 0_i64;
    for way in ways {
        // The deeper into the work, the more of these.
        for polls in 0..24 {
            let mut cancelled = way(&store);
            for _ in 0..polls {
                if poll!(&mut cancelled).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            drop(cancelled);
            sqlx::query("insert into written values (1)").execute(store.pool()).await.unwrap();
            written += 1;
            let seen: i64 =
                sqlx::query_scalar("select count(*) from written").fetch_one(&others).await.unwrap();
            assert_eq!(seen, written, "what was answered with success is committed, after {polls} polls");
        }
    }
    others.close().await;
    store.close().await;
}
