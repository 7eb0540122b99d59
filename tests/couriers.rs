//! Sagas in processes of their own, which are killed, stopped and cut off, and what has become of their parcels.

mod check;
mod killed;
mod server;
mod stopped;
mod storm;

use std::time::Duration;

use kenning::store::{EventStore as _, SagaStatus, SagaWhole};
use kenning::{Kenning, PostgresStore};
use kenning_tests::parcels::{Parcel, Post, create_post};
use sqlx::PgPool;

use self::check::check;
use crate::support::Processes;

/// A guard against hanging, never a measure.
const HANG: Duration = Duration::from_secs(180);

/// A process of its own starts parcels and looks at them, and runs none.
async fn office(url: &str) -> (Kenning, PgPool) {
    let store = PostgresStore::connect(url).await.expect("the database answers");
    store.prepare().await.expect("the store can be prepared");
    let pool = store.pool().clone();
    create_post(&pool).await;
    (again(store).await, pool)
}

async fn again(store: PostgresStore) -> Kenning {
    let post = Post { pool: store.pool().clone(), pause: Duration::ZERO, flaky: 0 };
    Kenning::builder(store).saga::<Parcel>(post).build().await.expect("it fits together")
}

fn couriers(url: &str, lease: Duration, pause: Duration, flaky: u8) -> Processes {
    let arguments =
        [url.to_owned(), lease.as_millis().to_string(), pause.as_millis().to_string(), flaky.to_string()];
    Processes::new(env!("CARGO_BIN_EXE_courier"), arguments.to_vec())
}

/// Waits until a parcel has come to its end.
async fn ended(app: &Kenning, id: u64) -> SagaWhole {
    let patience = tokio::time::Instant::now() + HANG;
    loop {
        let whole = app.sagas().instance("parcel", id.to_string()).show().await.expect("it can be asked");
        match whole {
            Some(whole) if whole.record.status.is_end() || whole.record.status == SagaStatus::Parked => {
                return whole;
            }
            whole => assert!(tokio::time::Instant::now() < patience, "never at its end: {whole:#?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until so many rows are there.
async fn until(pool: &PgPool, what: &str, sql: &'static str) {
    let patience = tokio::time::Instant::now() + HANG;
    while !sqlx::query_scalar::<_, bool>(sql).fetch_one(pool).await.expect("the database answers") {
        assert!(tokio::time::Instant::now() < patience, "waited for {what} in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
