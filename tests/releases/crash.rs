//! P12: two releases as two programs, which are killed in the middle of a rolling deploy and of a rollback. What was done is counted
//! in SQL, without any of the library's code.

use std::time::Duration;

use kenning::store::EventStore;
use kenning::{Kenning, PostgresStore};
use kenning_tests::releases::{create_tables, new, old};
use sqlx::PgPool;

use crate::support::{Processes, database};

/// A guard against hanging, never a measure.
const HANG: Duration = Duration::from_secs(180);

fn processes(url: &str, release: &str) -> Processes {
    let arguments = [url, release, "1500", "60"].map(str::to_owned);
    Processes::new(env!("CARGO_BIN_EXE_release_worker"), arguments.to_vec())
}

async fn until(pool: &PgPool, what: &str, sql: &'static str) {
    let patience = tokio::time::Instant::now() + HANG;
    while !sqlx::query_scalar::<_, bool>(sql).fetch_one(pool).await.expect("the database answers") {
        assert!(tokio::time::Instant::now() < patience, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Everything that can be wrong in the end: each query counts what must not be.
const WRONG: &[(&str, &str)] = &[
    (
        "orders that revenue has not once, by the newer version",
        "select count(*) from (select e.position from kenning.events e \
     left join release_revenue r on r.position = e.position and r.version = 2 where e.name = 'order.placed' \
     group by e.position having count(r.position) <> 1) wrong",
    ),
    ("rows of the older version of revenue", "select count(*) from release_revenue where version = 1"),
    (
        "events that the log has not once",
        "select count(*) from (select e.position from kenning.events e \
     left join release_log l on l.position = e.position group by e.position having count(l.position) <> 1) wrong",
    ),
    (
        "steps of orders that were not done under one key",
        "select count(*) from (select e.stream, w.what from kenning.events e \
     cross join (values ('pack'), ('ship')) w (what) \
     left join release_calls c on 'order-' || c.id = e.stream and c.what = w.what where e.name = 'order.placed' \
     group by e.stream, w.what having count(distinct c.key) <> 1) wrong",
    ),
    (
        "orders that were waved at under two keys",
        "select count(*) from (select id from release_calls where what = 'wave' \
     group by id having count(distinct key) > 1) wrong",
    ),
    (
        "keys of two steps",
        "select count(*) from (select key from release_calls group by key having count(distinct what || id) > 1) wrong",
    ),
    ("parked events", "select count(*) from kenning.parked_events"),
    ("instances that are not completed", "select count(*) from kenning.sagas where status <> 'completed'"),
];

/// The old release is killed in the middle of its work while the new one runs, the new one is killed in the middle and rolled
/// back, and the new one comes again. Fails without `releases.foreign` and `releases.key-names`: see tests/guards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn p12_releases_that_are_killed_in_a_deploy_and_a_rollback_do_everything_once() {
    let url = database().await;
    let store = PostgresStore::connect(&url).await.unwrap();
    store.prepare().await.unwrap();
    let pool = store.pool().clone();
    create_tables(&pool).await;
    let (mut older, mut newer) = (processes(&url, "old"), processes(&url, "new"));
    older.start().await;
    let places = Kenning::builder(store.clone()).aggregate::<old::Order>().build().await.unwrap();
    for id in 1..161 {
        places.execute(old::Place { id }).await.unwrap();
    }
    until(&pool, "the old one works", "select count(*) > 4 from release_calls").await;

    // A rolling deploy, in which the old one is killed.
    newer.start().await;
    let refunds = Kenning::builder(store.clone()).aggregate::<new::Order>().build().await.unwrap();
    for id in 1..11 {
        refunds.execute(new::Refund { id }).await.unwrap();
        refunds.execute(new::Place { id: id + 160 }).await.unwrap();
    }
    until(&pool, "both work", "select count(distinct process) = 2 from release_calls").await;
    // The step that has another name in the new one is under way.
    let packing =
        "select count(*) > 1 from kenning.sagas where version = 1 and step = 'pack' and owner is not null";
    until(&pool, "the old one is in the middle of a step", packing).await;
    older.kill(0).await;
    // An event that the old one does not know stops it, until the new one has passed it.
    let wave = "select (select count(*) > 3 from release_calls where what = 'wave') \
                and (select min(position) from kenning.consumer_partitions where consumer = 'dispatch') \
                >= (select max(position) from kenning.events where name = 'order.refunded') \
                and not exists (select from kenning.sagas where version = 1 and step = 'pack')";
    until(&pool, "the new one has taken over, and does the renamed step once more", wave).await;

    // It is killed in the middle, and rolled back.
    newer.kill(0).await;
    older.start().await;
    for id in 171..181 {
        places.execute(old::Place { id }).await.unwrap();
    }
    let own = "select count(distinct id) = 10 from release_calls where what = 'ship' and id::int > 170";
    until(&pool, "the old one does its own orders", own).await;
    let parked = "select count(*) = 0 from kenning.parked_events";
    until(&pool, "nothing is parked", parked).await;

    // It comes again.
    newer.start().await;
    let done = "select (select count(*) from kenning.sagas where status = 'completed') = 180 \
                and (select count(*) from release_revenue where version = 2) >= 180 \
                and (select count(*) from release_log) >= 190";
    until(&pool, "everything is done", done).await;
    older.stop().await;
    newer.stop().await;
    for (what, sql) in WRONG {
        let wrong: i64 = sqlx::query_scalar(*sql).fetch_one(&pool).await.unwrap();
        assert_eq!(wrong, 0, "{what}");
    }
    store.close().await;
}
