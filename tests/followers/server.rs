//! The server goes away, and sessions are ended, while followers catch up. A server of the test's own.

use std::time::Duration;

use kenning::PostgresStore;
use kenning::store::EventStore;
use kenning_tests::meters::{create_seen, fill};

use super::{check, followed, followers};
use crate::adversary::postgres::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p4_trap_23_followers_go_on_after_crashes_and_ended_sessions() {
    let server = Server::start().await;
    let store = PostgresStore::connect(&server.url).await.expect("the database answers");
    store.prepare().await.expect("the store can be prepared");
    create_seen(store.pool()).await;
    fill(&store, 300, 6_000).await.expect("the events are stored");
    let mut followers = followers(&server.url, 2, 50, Duration::from_millis(1_500), Duration::from_millis(1));
    followers.start().await;
    followers.start().await;
    for blow in 0..6 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        match blow {
            1 => server.crash().await,
            4 => server.restart().await,
            _ => {
                let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                           where datname = current_database() and pid <> pg_backend_pid()";
                let ended: Result<i64, _> = sqlx::query_scalar(sql).fetch_one(store.pool()).await;
                // The pool may have met its own end of the connections first.
                drop(ended);
            }
        }
    }
    // This pool has lost its sessions as well.
    let store = PostgresStore::connect(&server.url).await.expect("the database answers");
    followed(store.pool()).await;
    followers.stop().await;
    check(store.pool()).await;
    store.close().await;
}
