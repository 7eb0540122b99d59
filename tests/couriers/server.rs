//! The server crashes, restarts and ends sessions while sagas run. A server of the test's own.

use std::time::Duration;

use kenning::PostgresStore;
use kenning_tests::parcels::Parcel;

use super::{again, check, couriers, ended, office};
use crate::adversary::postgres::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p5_p6_trap_23_sagas_go_on_after_crashes_restarts_and_ended_sessions() {
    let server = Server::start().await;
    let (app, pool) = office(&server.url).await;
    // Effects outside survive a crash of the store's server as the acknowledged commits that they are.
    sqlx::query("alter database postgres set synchronous_commit = on").execute(&pool).await.unwrap();
    const PARCELS: u64 = 60;
    for id in 1..=PARCELS {
        app.start(Parcel { id }).await.unwrap();
    }
    let mut processes = couriers(&server.url, Duration::from_millis(2_000), Duration::from_millis(120), 10);
    processes.start().await;
    processes.start().await;
    for blow in 0..5 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        match blow {
            1 => server.crash().await,
            3 => server.restart().await,
            _ => {
                let sql = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
                           where datname = current_database() and pid <> pg_backend_pid()";
                let ended: Result<i64, _> = sqlx::query_scalar(sql).fetch_one(&pool).await;
                // The pool may have met its own end of the connections first.
                drop(ended);
            }
        }
    }
    // This pool has lost its sessions as well.
    let store = PostgresStore::connect(&server.url).await.expect("the database answers");
    let pool = store.pool().clone();
    let app = again(store).await;
    for id in 1..=PARCELS {
        let whole = ended(&app, id).await;
        assert_eq!(check(&pool, &whole).await, Vec::<String>::new(), "{whole:#?}");
    }
    processes.stop().await;
    app.close().await;
}
